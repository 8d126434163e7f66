package console

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

// screen is a terminal, as far as a log with a bar needs one: endless downwards.
type screen struct {
	width      int
	rows       []screenRow
	row, col   int
	savedRow   int
	savedCol   int
	noWrapping bool
}

// screenRow is a row, and whether the line that it is of goes on in the next.
type screenRow struct {
	text []rune
	goes bool
}

func (s *screen) at(row int) *screenRow {
	for len(s.rows) <= row {
		s.rows = append(s.rows, screenRow{})
	}
	return &s.rows[row]
}

// write draws text. What it does not know is an error.
func (s *screen) write(t *testing.T, text string) {
	t.Helper()
	for len(text) > 0 {
		known := false
		for sequence, do := range map[string]func(){
			"\r":       func() { s.col = 0 },
			"\n":       func() { s.row, s.col = s.row+1, 0 }, // as the system's driver has it
			"\x1b7":    func() { s.savedRow, s.savedCol = s.row, s.col },
			"\x1b8":    func() { s.row, s.col = s.savedRow, s.savedCol },
			"\x1b[B":   func() { s.row++ },
			"\x1b[K":   func() { s.erase(s.row) },
			"\x1b[J":   func() { s.erase(s.row); s.rows = s.rows[:s.row+1] },
			unwrapped:  func() { s.noWrapping = true },
			"\x1b[?7h": func() { s.noWrapping = false },
		} {
			if rest, ok := strings.CutPrefix(text, sequence); ok {
				do()
				text, known = rest, true
				break
			}
		}
		if known {
			continue
		}
		if text[0] < ' ' {
			t.Fatalf("unknown: %q", text)
		}
		s.put([]rune(text)[0])
		text = text[len(string([]rune(text)[0])):]
	}
}

func (s *screen) erase(row int) {
	r := s.at(row)
	r.text, r.goes = r.text[:min(s.col, len(r.text))], false
}

func (s *screen) put(r rune) {
	switch {
	case s.col == s.width && s.noWrapping:
		s.col--
	case s.col == s.width:
		s.at(s.row).goes = true
		s.row, s.col = s.row+1, 0
	}
	row := s.at(s.row)
	for len(row.text) <= s.col {
		row.text = append(row.text, ' ')
	}
	row.text[s.col] = r
	s.col++
}

// resize gives the window another width. Some terminals break their lines anew, the cursor
// staying where it is in its line, others cut them.
func (s *screen) resize(width int, breaks bool) {
	s.width = width
	if !breaks {
		for i, r := range s.rows {
			s.rows[i].text = r.text[:min(width, len(r.text))]
		}
		s.col = min(s.col, width-1)
		return
	}
	s.at(s.row)
	old := s.rows
	s.rows = nil
	row, col := 0, 0
	var line []rune
	at := -1 // the cursor in this line
	for i, r := range old {
		if i == s.row {
			at = len(line) + s.col
		}
		line = append(line, r.text...)
		if r.goes {
			continue
		}
		first := len(s.rows)
		for part := range slices.Chunk(line, width) {
			s.rows = append(s.rows, screenRow{part, true})
		}
		if len(line) == 0 {
			s.rows = append(s.rows, screenRow{})
		}
		s.rows[len(s.rows)-1].goes = false
		if at >= 0 {
			row, col = first+at/width, at%width
		}
		line, at = nil, -1
	}
	s.row, s.col = row, col
}

func (s *screen) String() string {
	var b strings.Builder
	for _, r := range s.rows {
		b.WriteString(string(r.text))
		if !r.goes {
			b.WriteByte('\n')
		}
	}
	return strings.TrimRight(b.String(), "\n")
}

// TestAWindowThatChangesItsWidth leaves no piece of a bar, whatever the terminal does with lines
// that are too long: the log is whole, the bar below it alone.
func TestAWindowThatChangesItsWidth(t *testing.T) {
	frame := func(n, width int) string { return fmt.Sprintf("work %d [%s]\n", n, strings.Repeat("=", width-10)) }
	for _, breaks := range []bool{true, false} {
		s := &screen{width: 80}
		var log []string
		shown := 0
		text := drawn(t, false, func(term *Terminal) {
			for i, width := range []int{79, 79, 39, 39, 24, 59, 19, 79, 30} {
				term.frames <- []byte(frame(i, width))
				for len(term.frames) > 0 {
					continue
				}
				_, _ = io.WriteString(term, fmt.Sprintln("line", i))
				log = append(log, fmt.Sprint("line ", i))
			}
			done := make(chan struct{})
			term.orders <- order{wiped: done}
			<-done
		})
		// Each line is in a piece with the bar that it wipes; the window changes between the
		// bar's making and the next piece, to a width that no bar was made for.
		for i, piece := range strings.SplitAfter(text, wrapped) {
			if i > 0 {
				s.resize([]int{80, 30, 80, 25, 60, 20, 70, 13}[i%8], breaks)
			}
			s.write(t, piece)
			shown++
			lines := strings.Split(s.String(), "\n")
			bar := len(lines) - 1
			if strings.HasSuffix(piece, wrapped) && (strings.Count(s.String(), "work") != 1 || !strings.HasPrefix(lines[bar], "work") || !slices.Equal(lines[:bar], log[:bar])) {
				t.Fatalf("breaks %v, after %q:\n%s", breaks, piece, s)
			}
		}
		if want := strings.Join(log, "\n"); s.String() != want || shown < 10 {
			t.Errorf("breaks %v, after %d pieces:\n%s\nexpected:\n%s", breaks, shown, s, want)
		}
	}
}
