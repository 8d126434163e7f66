package testnet

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// supported is nil where local networks run.
func supported() error { return nil }

// suspend and proceed are the signals of watched.Pause and Resume.
const suspend, proceed = syscall.SIGSTOP, syscall.SIGCONT

// detach makes a program the leader of its own session, so that it outlives this
// one and its terminal, or, with dies, not even this process.
func detach(cmd *exec.Cmd, dies bool) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if dies {
		cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	}
}

// startTime is when a process was started, in ticks since the system's start. It is
// an error of kind os.ErrNotExist if the process has ended, be its exit read or not.
func startTime(pid int) (uint64, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if errors.Is(err, syscall.ESRCH) {
		return 0, os.ErrNotExist // It ended while it was read.
	}
	if err != nil {
		return 0, err
	}
	// The name stands in parentheses and may itself contain any character.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	const state, start = 0, 19
	if len(fields) <= start {
		return 0, fmt.Errorf("/proc/%d/stat has %d fields after the name", pid, len(fields))
	}
	if fields[state] == "Z" || fields[state] == "X" {
		return 0, os.ErrNotExist
	}
	return strconv.ParseUint(fields[start], 10, 64)
}

// processesOf are the processes with such command lines.
func processesOf(runs func(args []string) bool) ([]process, error) {
	paths, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return nil, err
	}
	var found []process
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil || !runs(strings.Split(string(raw), "\x00")) {
			continue // Another's, or ended meanwhile.
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil {
			return nil, err
		}
		if started, err := startTime(pid); err == nil {
			found = append(found, process{pid, started})
		}
	}
	return found, nil
}

// tryLock takes a file's lock, and reports whether it was free. The lock lasts as long
// as anybody has this open file, children that it was handed down to included.
func tryLock(f *os.File) (bool, error) {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}
