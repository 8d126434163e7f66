package console

import (
	"io"
	"os"
	"strings"
	"testing"
)

// drawn is what a Terminal that can draw writes, with or without colours.
func drawn(t *testing.T, colour bool, test func(*Terminal)) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	term := Open(w, func(string) string { return "" })
	term.drawn, term.colour = true, colour
	test(term)
	if err := term.Close(); err != nil {
		t.Error(err)
	}
	w.Close()
	raw, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// TestColoursOfTheLog are of slog's lines alone, and leave their text as it is.
func TestColoursOfTheLog(t *testing.T) {
	for line, want := range map[string]string{
		`time=T level=INFO msg=status height=1`:                   faint + "time=T" + plain + " " + faint + "level=INFO" + plain + " " + bold + "msg=status" + plain + " height=1",
		`time=T level=INFO msg="share accepted" a="b c"`:          faint + "time=T" + plain + " " + faint + "level=INFO" + plain + " " + bold + green + `msg="share accepted"` + plain + ` a="b c"`,
		`time=T level=WARN msg="say \"accepted\"" error=x`:        faint + "time=T" + plain + " " + yellow + "level=WARN" + plain + " " + bold + yellow + `msg="say \"accepted\""` + plain + " error=x",
		`time=T level=ERROR msg=bad`:                              faint + "time=T" + plain + " " + red + "level=ERROR" + plain + " " + bold + red + "msg=bad" + plain,
		`error: no node at http://h:1`:                            red + "error:" + plain + " no node at http://h:1",
		`{"time":"T","level":"WARN","msg":"x"}`:                   `{"time":"T","level":"WARN","msg":"x"}`,
		`round 1 of 2, turn 1 of 4: avx2`:                         `round 1 of 2, turn 1 of 4: avx2`,
		"a pool's text \x1b[31m, \u009b and \r, is made harmless": "a pool's text ?[31m, ? and ?, is made harmless",
	} {
		for _, colour := range []bool{true, false} {
			got := drawn(t, colour, func(term *Terminal) { _, _ = io.WriteString(term, line+"\n") })
			if !colour {
				want = strings.NewReplacer(faint, "", plain, "", bold, "", green, "", yellow, "", red, "").Replace(want)
			}
			if got != want+"\n" {
				t.Errorf("%q, colours %v: %q, expected %q", line, colour, got, want)
			}
		}
	}
}

// TestWhoGetsColours: a pipe gets none, whatever the environment says, nor does a file, and the
// lines of both stay free of control characters.
func TestWhoGetsColours(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	term := Open(w, func(name string) string { return map[string]string{"TERM": "xterm"}[name] })
	if term.screen || term.drawn || term.colour || term.Attended() || term.HasKeys() || IsTerminal(term) {
		t.Errorf("a pipe is taken for a terminal: %+v", term)
	}
	term.Show(Progress{What: "work", Done: 1, Total: 2}) // nothing, as nobody sees it
	if err := term.Close(); err != nil {
		t.Error(err)
	}
	other := Of(io.Discard)
	other.Show(Progress{What: "work"})
	other.Keys(t.Context(), func(rune) { t.Error("a key was read") })
	other.Hide()
}

// TestLinesGoAboveTheBar: each is written in place of the bar, which follows it.
func TestLinesGoAboveTheBar(t *testing.T) {
	got := drawn(t, false, func(term *Terminal) {
		done := make(chan struct{})
		term.frames <- []byte("work [=>--]\n")
		for len(term.frames) > 0 {
			continue
		}
		_, _ = io.WriteString(term, "one\n")
		_, _ = io.WriteString(term, "two\n")
		term.orders <- order{wiped: done}
		<-done
		_, _ = io.WriteString(term, "three\n")
		term.frames <- []byte{} // with which mpb ends
		for len(term.frames) > 0 {
			continue
		}
		_, _ = io.WriteString(term, "four\n")
	})
	const bar = unwrapped + "work [=>--]" + wrapped
	if want := bar + wipe + "one\n" + bar + wipe + "two\n" + bar + wipe + "three\nfour\n"; got != want {
		t.Errorf("%q, expected %q", got, want)
	}
}
