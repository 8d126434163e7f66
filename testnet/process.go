package testnet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"
)

// process is a running program, of this process or of one that ended long ago.
type process struct {
	PID int `json:"pid"`
	// Started distinguishes it from a later process of the same number.
	Started uint64 `json:"started"`
}

// alive reports whether it still runs.
func (p process) alive() bool {
	if p.PID == 0 {
		return false
	}
	started, err := startTime(p.PID)
	return err == nil && started == p.Started
}

// signal sends a signal, unless the process has ended.
func (p process) signal(s os.Signal) error {
	if !p.alive() {
		return nil
	}
	found, err := os.FindProcess(p.PID)
	if err == nil {
		err = found.Signal(s)
	}
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

// end asks the process to stop, and kills it if it still runs after grace.
func (p process) end(ctx context.Context, grace time.Duration) error {
	if err := p.signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop process %d: %w", p.PID, err)
	}
	if p.gone(ctx, grace) == nil {
		return nil
	}
	return p.kill()
}

// kill ends the process at once.
func (p process) kill() error {
	if err := p.signal(syscall.SIGKILL); err != nil {
		return fmt.Errorf("kill process %d: %w", p.PID, err)
	}
	return p.gone(context.Background(), 10*time.Second)
}

// gone waits for the end of the process.
func (p process) gone(ctx context.Context, limit time.Duration) error {
	return poll(ctx, limit, 5*time.Millisecond, func() error {
		if p.alive() {
			return fmt.Errorf("process %d still runs", p.PID)
		}
		return nil
	})
}

// runsDaemon reports whether a command line runs a node or a front in one of these homes; others
// may well look into them.
func runsDaemon(args, homes []string) bool {
	i := slices.Index(args, "--home")
	return i > 0 && i+1 < len(args) && (args[i-1] == "node" || args[i-1] == "front") && slices.Contains(homes, args[i+1])
}

// runsRigs reports whether a command line runs rigs of the network in a directory.
func runsRigs(args []string, dir string) bool {
	i := slices.Index(args, "--dir")
	return i > 0 && i+3 < len(args) && args[i-1] == "testnet" && args[i+1] == dir && args[i+2] == "rigs" && args[i+3] == "serve"
}

// starter is a thread that ends with this process alone. Linux ends the children that
// are to die with their parent when the thread ends that started them.
var starter = sync.OnceValue(func() chan<- func() {
	work := make(chan func())
	go func() {
		runtime.LockOSThread()
		for f := range work {
			f()
		}
	}()
	return work
})

// spawn starts a command that outlives this process or, with dies, dies with it.
func spawn(cmd *exec.Cmd, dies bool) (process, error) {
	if err := supported(); err != nil {
		return process{}, err
	}
	detach(cmd, dies)
	done := make(chan error)
	starter() <- func() { done <- cmd.Start() }
	if err := <-done; err != nil {
		return process{}, err
	}
	started, err := startTime(cmd.Process.Pid)
	if errors.Is(err, os.ErrNotExist) {
		err = nil // It ended at once; who waits for it will see.
	}
	return process{cmd.Process.Pid, started}, err
}
