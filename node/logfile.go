package node

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// logFiles writes a log file a day into a directory, and keeps those of a
// week before.
// Where it can't write, lines are lost, which is logged where the log goes besides. It is
// safe for concurrent use.
type logFiles struct {
	dir string
	now func() time.Time
	// log takes what happens to the files themselves.
	log *slog.Logger

	reopening atomic.Bool // before the next line

	mu      sync.Mutex
	file    *os.File // nil where it could not be opened
	day     string
	checked time.Time // when the file was last looked at
	lost    int       // lines, since the last that was written
	warned  time.Time // when that was last logged
}

const (
	logDay = "20060102"
	// keptLogs is how many files are kept, the day's among them.
	keptLogs = 8
	// logCheckPeriod is how often a file that was moved or removed is noticed, and one that
	// can't be opened tried again.
	logCheckPeriod = time.Second
	// logWarnPeriod is how often lost lines are logged.
	logWarnPeriod = 10 * time.Minute
)

// openLogFiles opens the day's file. It creates the directory if there is none.
func openLogFiles(dir string, now func() time.Time, log *slog.Logger) (*logFiles, error) {
	l := &logFiles{dir: dir, now: now, log: log}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l, l.open(now())
}

// Write writes lines of the log. It does not fail: its callers have nobody to report to.
func (l *logFiles) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.write(line); err != nil {
		l.countLost(err)
	} else if l.lost > 0 {
		l.log.Warn("the log file is written to again", "log_file", l.dir, "lines_lost", l.lost)
		l.lost, l.warned = 0, time.Time{}
	}
	return len(line), nil
}

// write writes to the file that the time asks for. The caller holds mu.
func (l *logFiles) write(line []byte) error {
	now := l.now()
	stale := l.file == nil || now.Format(logDay) != l.day || l.reopening.Swap(false)
	if since := now.Sub(l.checked); since >= logCheckPeriod || since < 0 {
		l.checked = now
		stale = stale || !l.isOpenAs()
	} else if l.file == nil {
		return errors.New("it can't be opened")
	}
	if stale {
		if err := l.open(now); err != nil {
			return err
		}
	}
	_, err := l.file.Write(line)
	return err
}

// isOpenAs reports whether the open file is the one of that name. The caller holds mu.
func (l *logFiles) isOpenAs() bool {
	open, err := l.file.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(l.file.Name())
	return err == nil && os.SameFile(open, there)
}

// countLost counts a line that could not be written, and logs so from time to time. The
// caller holds mu.
func (l *logFiles) countLost(err error) {
	l.lost++
	if now := l.now(); now.Sub(l.warned) >= logWarnPeriod {
		l.warned = now
		l.log.Warn("the log file can't be written to, its lines are lost", "log_file", l.dir, "lines_lost", l.lost, "error", err)
	}
}

// reopen has the file closed and opened again before the next line, as a program wants that has moved it. It
// does not wait for a disk that hangs.
func (l *logFiles) reopen() { l.reopening.Store(true) }

// open opens the file of a day in place of the one that is open, and removes the
// oldest. The caller holds mu.
func (l *logFiles) open(now time.Time) error {
	if l.file != nil {
		_ = l.file.Close() // There is no line in it that is not written.
		l.file = nil
	}
	if err := os.MkdirAll(l.dir, 0o700); err != nil {
		return err
	}
	l.day = now.Format(logDay)
	file, err := os.OpenFile(filepath.Join(l.dir, "bytom-solo."+l.day+".log"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	l.file = file
	l.expire()
	return nil
}

// expire removes the oldest files. It counts files, not days: a clock that is wrong for
// a moment must not cost them all. The caller holds mu.
func (l *logFiles) expire() {
	names, err := filepath.Glob(filepath.Join(l.dir, "bytom-solo.*.log"))
	if err != nil {
		return // The directory's name is a bad pattern.
	}
	names = slices.DeleteFunc(names, func(name string) bool {
		_, err := time.Parse("bytom-solo."+logDay+".log", filepath.Base(name))
		return err != nil || name == l.file.Name()
	})
	slices.Sort(names)
	for _, name := range names[:max(0, len(names)-keptLogs+1)] {
		_ = os.Remove(name) // The next day tries again.
	}
}

// teeWriter writes to two places, whatever becomes of either.
type teeWriter struct{ a, b io.Writer }

// Write satisfies io.Writer.
func (w teeWriter) Write(line []byte) (int, error) {
	_, errA := w.a.Write(line)
	_, errB := w.b.Write(line)
	if errA != nil && errB != nil {
		return 0, fmt.Errorf("write the log: %w", errors.Join(errA, errB))
	}
	return len(line), nil
}
