package vulkan

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// A driver's compiler can end the process. So that the next start does not meet the same end,
// what is done for the first time on a device leaves a mark in Config.Dir before, which is
// taken away behind it. A mark of a process that is no more names what ended it.

// attemptFormat is that of marks and of the list of what ended processes.
const attemptFormat = 1

// attempt is a mark's contents.
type attempt struct {
	Format  int    `json:"format"`
	Shaders string `json:"shaders"`
	What    string `json:"what"`
	PID     int    `json:"pid"`
}

// endings are what ended processes on a device, as it is stored.
type endings struct {
	Format  int    `json:"format"`
	Shaders string `json:"shaders"`
	// Ended are Variants as they are written, and what else attempts are named by.
	Ended []string `json:"ended"`
}

// What attempts are named by that are not of a variant.
const (
	attemptSaved   = "what was kept of an earlier start"
	attemptHeaders = "headers"
)

func attemptPeak(path string) string { return "peak " + path }

// fatalToPath is how many variants of a path may end the process before the others of it are
// left out too: somebody has to start the program again each time.
const fatalToPath = 2

const endingsEnd, markEnd = ".ended.json", ".trying"

// attempting does what may end the process, with a mark while it does. A context that ends
// takes the mark away: who stops the program while a compiler takes its time is not to find
// that a variant is left out.
func (c Config) attempting(ctx context.Context, d Device, what string, do func() error) error {
	if c.Dir == "" {
		return do()
	}
	name, err := c.mark(d, what)
	if err != nil {
		c.log().Debug("nothing will be known of this should it end the process", "device", d.Name, "what", what, "error", err)
		return do()
	}
	remove := func() { _ = os.Remove(name) } // Left behind, it warns of nothing worse than that.
	defer remove()
	defer context.AfterFunc(ctx, remove)()
	return do()
}

// mark writes a mark, to the disk: a driver can end more than the process.
func (c Config) mark(d Device, what string) (name string, err error) {
	text, err := json.Marshal(attempt{attemptFormat, shadersKey(), what, os.Getpid()})
	if err == nil {
		err = os.MkdirAll(c.Dir, 0o755)
	}
	if err != nil {
		return "", err
	}
	f, err := os.CreateTemp(c.Dir, "vulkan-"+d.Key+".*"+markEnd)
	if err != nil {
		return "", err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return f.Name(), err
}

// loadEndings is what has ended processes on a device with these shaders, the last one's end
// included. What was kept for the device is dropped if that did it.
func (c Config) loadEndings(d Device) endings {
	all := endings{Format: attemptFormat, Shaders: shadersKey()}
	if c.Dir == "" {
		return all
	}
	var was endings
	if json.Unmarshal(c.load(d, endingsEnd), &was) == nil && was.Format == all.Format && was.Shaders == all.Shaders {
		all.Ended = was.Ended
	}
	before := len(all.Ended)
	for _, what := range c.takeMarks(d) {
		if what == attemptSaved {
			c.log().Warn("the last start ended while what was kept of an earlier one was used: it is made anew", "device", d.Name)
			for _, end := range []string{".json", cacheEnd} {
				_ = os.Remove(c.file(d, end)) // What cannot be removed will be written anew.
			}
		} else if !slices.Contains(all.Ended, what) {
			all.Ended = append(all.Ended, what)
		}
	}
	if len(all.Ended) > before {
		if text, err := json.MarshalIndent(all, "", "  "); err == nil {
			c.save(d, endingsEnd, append(text, '\n'))
		}
	}
	if len(all.Ended) > 0 {
		c.log().Warn("left out, as the driver ended the process over it: delete the file to have it tried again",
			"device", d.Name, "driver", d.Driver, "left_out", strings.Join(all.Ended, ", "), "file", c.file(d, endingsEnd))
	}
	return all
}

// takeMarks removes the marks of processes that are no more, and returns what they name.
func (c Config) takeMarks(d Device) (ended []string) {
	entries, err := os.ReadDir(c.Dir)
	if err != nil {
		return nil // There is none yet.
	}
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), "vulkan-"+d.Key+".") || !strings.HasSuffix(entry.Name(), markEnd) {
			continue
		}
		name := filepath.Join(c.Dir, entry.Name())
		text, err := os.ReadFile(name)
		if err != nil {
			continue // Another process has taken it.
		}
		info, err := os.Stat(name)
		if err != nil {
			continue
		}
		var a attempt
		broken := json.Unmarshal(text, &a) != nil || a.Format != attemptFormat
		if !broken && alive(a.PID, info.ModTime()) {
			continue
		}
		if os.Remove(name) == nil && !broken && a.Shaders == shadersKey() {
			ended = append(ended, a.What)
		}
	}
	return ended
}

// started is about when this process did.
var started = time.Now()

// alive reports whether the process runs that had a number at some time. In containers
// the next one often has the number of the last.
func alive(pid int, at time.Time) bool {
	if pid == os.Getpid() {
		return !at.Before(started.Add(-time.Second))
	}
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	defer func() { _ = p.Release() }()
	if runtime.GOOS == "windows" {
		return true // It was found.
	}
	err = p.Signal(syscall.Signal(0))
	return err == nil || os.IsPermission(err)
}

// why says why a variant is left out; empty if it is not.
func (e endings) why(v Variant) string {
	of := 0
	for _, what := range e.Ended {
		if what == v.String() {
			return "the driver ended the process over it"
		}
		if strings.HasPrefix(what, v.Path+" ") {
			of++
		}
	}
	if of >= fatalToPath {
		return fmt.Sprintf("the driver ended the process over %d others of its path", of)
	}
	return ""
}

// has reports whether something else than a variant ended the process.
func (e endings) has(what string) bool { return slices.Contains(e.Ended, what) }
