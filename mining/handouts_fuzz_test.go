package mining

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
)

// FuzzHandouts has any file of what was handed out: what is taken of it makes jobs whose blocks can
// be written, and is the same after more work, which is known then too; the rest is logged by the
// file's name.
func FuzzHandouts(f *testing.F) {
	r := newHandoutRuns(f)
	jobs := r.jobs()
	h := r.open("solonet")
	r.keep(h, jobs[:4])
	closed(f, h)
	whole, err := os.ReadFile(r.path)
	if err != nil {
		f.Fatal(err)
	}
	lines := bytes.SplitAfter(whole, []byte("\n"))
	f.Add(whole)
	f.Add(bytes.Join(lines[:len(lines)/2], nil))
	f.Add([]byte(strings.ReplaceAll(string(lines[0]), "solonet", "mainnet")))
	f.Add(append(bytes.Clone(lines[0]), `{"work":{"by":"a","key":"b","template":0,"extranonce":1}}`...))
	fresh := jobs[6] // of a template that the file has not
	f.Fuzz(func(t *testing.T, raw []byte) {
		r.t = t
		if err := os.WriteFile(r.path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		h := r.open("solonet")
		was := restoredTexts(t, h)
		if log := r.log.String(); strings.Contains(log, "not known") && !strings.Contains(log, r.path) {
			t.Errorf("the log does not name the file: %s", log)
		}
		h.Keep(Handout{By: "new", Key: "1", Template: fresh.Template, Extranonce: fresh.Extranonce})
		closed(t, h)
		again := restoredTexts(t, r.open("solonet"))
		if text := blockText(t, fresh); !strings.HasPrefix(again["new 1"], text) {
			t.Errorf("%.300q: what was kept, %.300s, is known as %.300s: %s", raw, text, again["new 1"], r.log.String())
		}
		delete(again, "new 1")
		delete(was, "new 1")
		if a, b := fmt.Sprint(was), fmt.Sprint(again); a != b {
			t.Errorf("%.300q: %.300s came again as %.300s", raw, a, b)
		}
	})
}

// restoredTexts are the works that are known of a former run, with their blocks.
func restoredTexts(t *testing.T, h *Handouts) map[string]string {
	t.Helper()
	texts := make(map[string]string)
	for key, work := range h.restored {
		texts[key] = fmt.Sprintf("%s %x %s", blockText(t, work.Job()), work.Extranonce, work.Note)
	}
	return texts
}
