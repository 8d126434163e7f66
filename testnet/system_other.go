//go:build !linux

package testnet

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
)

// supported is nil where local networks run.
func supported() error {
	return fmt.Errorf("local networks need Linux, this is %s: each node has a loopback address of its own, and processes are told apart by /proc: %w",
		runtime.GOOS, errors.ErrUnsupported)
}

func detach(*exec.Cmd, bool)                             {}
func startTime(int) (uint64, error)                      { return 0, supported() }
func processesOf(func([]string) bool) ([]process, error) { return nil, supported() }
func tryLock(*os.File) (locked bool, err error)          { return false, supported() }

var suspend, proceed os.Signal
