package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/bytom-solo/bytom-solo/mining"
)

// disk is the room for the databases. What finds none waits for it: a write that LevelDB
// fails at makes Bytom panic, in goroutines where nobody can recover it. It is safe for
// concurrent use.
type disk struct {
	dir   string
	log   *slog.Logger
	alarm func(Notification)
	pause time.Duration // between two tries

	mu      sync.Mutex
	waiting int // writes that found no room
	since   time.Time
	wrong   error         // why a database can't be used
	failed  chan struct{} // closed then
}

// newDisk returns the disk of a directory.
func newDisk(dir string, log *slog.Logger, alarm func(Notification)) *disk {
	return &disk{dir: dir, log: log, alarm: alarm, pause: time.Second, failed: make(chan struct{})}
}

// fail has the node stop, as a database can't be used.
func (d *disk) fail(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.wrong == nil {
		d.wrong = err
		close(d.failed)
	}
}

// failure is why a database can't be used, if that is so.
func (d *disk) failure() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.wrong
}

// orFailure does something until that ends, or a database can't be used: then it waits a moment
// longer, as what needs that database may never end.
func (d *disk) orFailure(do func() error) error {
	ended := make(chan error, 1)
	go func() {
		err := errors.New("ended by a database that can't be used") // It ends the goroutine: see levelDB.must.
		defer func() { ended <- err }()
		err = do()
	}()
	var err error
	select {
	case err = <-ended:
	case <-d.failed:
		select {
		case <-ended:
		case <-time.After(stopLimit):
		}
	}
	if wrong := d.failure(); wrong != nil {
		return wrong
	}
	return err
}

// orFull does something until that ends, or last does while a write waits for room: what waits may never end, and is left
// as a kill leaves it, so that all else comes to its end. The error is then why ctx ended.
func (d *disk) orFull(ctx, last context.Context, do func() error) error {
	ended := make(chan error, 1)
	go func() { ended <- do() }()
	select {
	case err := <-ended:
		return err
	case <-last.Done():
	}
	each := time.NewTicker(d.pause)
	defer each.Stop()
	for d.ready() == nil {
		select {
		case err := <-ended:
			return err
		case <-each.C:
		}
	}
	d.log.Error("the node stops, and the disk is full: what waits for room is left")
	return context.Cause(ctx)
}

// write does what writes until it finds room.
func (d *disk) write(what func() error) error {
	err := what()
	if !isFull(err) {
		return err
	}
	d.begin(err)
	defer d.end()
	for isFull(err) {
		time.Sleep(d.pause)
		err = what()
	}
	return err
}

// isFull reports whether an error is that there is no room, on the disk or for this user.
func isFull(err error) bool {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return true
	}
	var code syscall.Errno
	const handleDiskFull, diskFull = 39, 112 // Windows's
	return runtime.GOOS == "windows" && errors.As(err, &code) && (code == handleDiskFull || code == diskFull)
}

// begin counts a write that waits, and reports the first.
func (d *disk) begin(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.waiting++; d.waiting > 1 {
		return
	}
	d.since = time.Now()
	detail := fmt.Sprintf("no room in %s: the node waits until there is, nothing is mined meanwhile, and a found block goes on the chain then", d.dir)
	d.log.Error("the disk is full", "detail", detail, "error", err)
	d.alarm(Notification{Event: "disk.full", At: d.since, Detail: detail})
}

// end counts a write that is done, and reports the last.
func (d *disk) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.waiting--; d.waiting > 0 {
		return
	}
	d.log.Info("there is room on the disk again", "waited", time.Since(d.since).Round(time.Second))
	d.alarm(Notification{Event: "disk.right", At: time.Now()})
}

// ready is nil unless the chain waits for room: nothing that is found on the tip of now
// could be more than the next block after it, which is found already.
func (d *disk) ready() error {
	if d == nil {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.waiting == 0 {
		return nil
	}
	return fmt.Errorf("%w: the disk of %s is full", mining.ErrNotReady, d.dir)
}
