package console

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"
)

// Progress is how far long work is.
type Progress struct {
	// What names the work, Note is what more there is to say.
	What, Note string
	// Done of Total is done; a Total of 0 is not known.
	Done, Total int64
}

// bar shows a Progress below the log.
type bar struct {
	container *mpb.Progress
	line      *mpb.Bar
	now       atomic.Pointer[Progress]
	total     bool // it is known
}

// Attended reports whether a bar can be drawn: on a terminal whose foreground the program is
// in, as somebody types into it otherwise.
func (t *Terminal) Attended() bool { return t.drawn && foreground(int(t.file.Fd())) }

// Show draws a bar below the log, in place of the one that is there. It does nothing where the
// terminal is not attended.
func (t *Terminal) Show(p Progress) {
	if !t.Attended() {
		t.Hide()
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.bar != nil && t.bar.total != (p.Total > 0) {
		t.hide()
	}
	if t.bar == nil {
		t.bar = t.newBar(p)
	}
	t.bar.now.Store(&p)
	t.bar.line.SetTotal(p.Total, false)
	t.bar.line.SetCurrent(p.Done)
}

// Hide wipes the bar. It returns when that is done, after a second at the latest: what is
// written to the same terminal by another way comes below the log then.
func (t *Terminal) Hide() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.hide()
}

func (t *Terminal) hide() {
	if t.bar == nil {
		return
	}
	t.bar.line.Abort(true)
	t.bar.container.Wait()
	t.bar = nil
	select {
	case <-t.frames:
	default:
	}
	wiped := make(chan struct{})
	limit := time.After(time.Second)
	select {
	case t.orders <- order{wiped: wiped}:
	case <-limit:
		return
	}
	select {
	case <-wiped:
	case <-limit:
	}
}

// endless is more than a total that is ever reached: mpb ends a bar where that is.
const endless = math.MaxInt64

func (t *Terminal) newBar(p Progress) *bar {
	b := &bar{total: p.Total > 0}
	b.now.Store(&p)
	text := func(f func(Progress) string) decor.Decorator {
		return decor.Any(func(decor.Statistics) string { return f(*b.now.Load()) })
	}
	what := mpb.PrependDecorators(text(func(p Progress) string { return p.What }))
	note := text(func(p Progress) string { return p.Note })
	b.container = mpb.New(mpb.WithConsoleWriter(&frames{terminal: t}), mpb.WithRefreshRate(200*time.Millisecond))
	if !b.total {
		b.line = b.container.New(endless, mpb.SpinnerStyle("|", "/", "-", `\`).PositionLeft(), what, mpb.AppendDecorators(note))
		return b
	}
	part := text(func(p Progress) string { return fmt.Sprintf("%5.1f %% ", 100*float64(p.Done)/float64(p.Total)) })
	b.line = b.container.New(endless, mpb.BarStyle(), what, mpb.AppendDecorators(part, note))
	return b
}

// frames takes frames from mpb and hands them to the goroutine that writes. mpb would write
// them itself, and lines of the log at the next frame only; here nothing waits for a terminal
// that stands still but that goroutine, and a line that was written when a bar ended is not
// lost.
type frames struct {
	bytes.Buffer
	terminal *Terminal
}

var _ mpb.ConsoleWriter = (*frames)(nil)

// ReadFrom satisfies mpb.ConsoleWriter.
func (c *frames) ReadFrom(r io.Reader) (int64, error) { return c.Buffer.ReadFrom(r) }

// IsTerminal satisfies mpb.ConsoleWriter.
func (c *frames) IsTerminal() bool { return true }

// GetTermSize satisfies mpb.ConsoleWriter. The last column stays free: consoles differ in what
// follows a line that fills it.
func (c *frames) GetTermSize() (width, height int, err error) {
	width, height, err = term.GetSize(int(c.terminal.file.Fd()))
	if err != nil || width < 2 {
		width, height = 80, 24
	}
	return width - 1, max(height, 2), nil
}

// Flush satisfies mpb.ConsoleWriter. Only the newest frame is of use.
func (c *frames) Flush(int) error {
	frame := bytes.Clone(c.Bytes())
	c.Reset()
	select {
	case <-c.terminal.frames:
	default:
	}
	select {
	case c.terminal.frames <- frame:
	default:
	}
	return nil
}
