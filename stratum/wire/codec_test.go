package wire

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

func readAll(r io.Reader) (lines []string, err error) {
	reader := NewReader(r)
	for {
		line, err := reader.ReadLine()
		if err != nil {
			return lines, err
		}
		lines = append(lines, string(line))
	}
}

func TestReadLine(t *testing.T) {
	long := strings.Repeat("x", MaxLine-1)
	for _, c := range []struct {
		name, in string
		want     []string
		err      error
	}{
		{"newline", "a\nb\n", []string{"a", "b"}, io.EOF},
		{"carriage return", "a\r\nb\r\n", []string{"a", "b"}, io.EOF},
		{"two ends", "a\r\n\r\nb\r\n\r\n", []string{"a", "b"}, io.EOF},
		{"empty lines", "\n\n  \r\na\n\n", []string{"a"}, io.EOF},
		{"no end", "a\nb", []string{"a", "b"}, io.EOF},
		{"nothing", "", nil, io.EOF},
		{"longest", long + "\na\n", []string{long, "a"}, io.EOF},
		{"too long", "a\n" + long + "x\nb\n", []string{"a"}, ErrLineTooLong},
		{"endless empty lines", "a\n" + strings.Repeat("\r\n", MaxLine), []string{"a"}, ErrLineTooLong},
	} {
		for segments, wrap := range map[string]func(io.Reader) io.Reader{
			"joined":   func(r io.Reader) io.Reader { return r },
			"split":    iotest.OneByteReader,
			"with EOF": iotest.DataErrReader,
		} {
			got, err := readAll(wrap(strings.NewReader(c.in)))
			if strings.Join(got, "|") != strings.Join(c.want, "|") || !errors.Is(err, c.err) {
				t.Errorf("%s, %s: %.60q and %v, expected %.60q and %v", c.name, segments, got, err, c.want, c.err)
			}
		}
	}
}

type recorder struct {
	bytes.Buffer
	writes   int
	deadline time.Time
}

func (r *recorder) Write(b []byte) (int, error) { r.writes++; return r.Buffer.Write(b) }

func (r *recorder) SetWriteDeadline(t time.Time) error { r.deadline = t; return nil }

func TestWriterWritesAMessageAtATime(t *testing.T) {
	var r recorder
	w := NewWriter(&r, time.Minute)
	for range 3 {
		before := r.writes
		if err := w.Send(Response{ID: []byte("1"), Result: StatusResult{StatusOK}}); err != nil {
			t.Fatal(err)
		}
		if r.writes != before+1 || time.Until(r.deadline) < 50*time.Second {
			t.Fatalf("%d writes for a message, deadline %v", r.writes-before, r.deadline)
		}
	}
	line := `{"id":1,"jsonrpc":"2.0","result":{"status":"OK"},"error":null}` + "\n"
	if got := r.String(); got != strings.Repeat(line, 3) {
		t.Errorf("wrote %q", got)
	}
}

func FuzzReadLine(f *testing.F) {
	f.Add([]byte("a\r\n\r\nb"), uint8(1))
	f.Add([]byte(strings.Repeat("\n", 5000)), uint8(7))
	f.Fuzz(func(t *testing.T, in []byte, size uint8) {
		whole, err := readAll(bytes.NewReader(in))
		parts, err2 := readAll(&chunks{in, int(size)%64 + 1})
		if strings.Join(whole, "\n") != strings.Join(parts, "\n") || errors.Is(err, io.EOF) != errors.Is(err2, io.EOF) {
			t.Fatalf("%q (%v) in one segment, %q (%v) in many", whole, err, parts, err2)
		}
		for _, line := range whole {
			if line == "" || len(line) > MaxLine || strings.Contains(line, "\n") {
				t.Fatalf("line %q", line)
			}
		}
	})
}

// chunks reads a few bytes at a time.
type chunks struct {
	rest []byte
	size int
}

func (c *chunks) Read(b []byte) (int, error) {
	if len(c.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(len(b), c.size)], c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// TestAWaitingReaderHoldsNoBuffer while nothing comes, and loses no line by that.
func TestAWaitingReaderHoldsNoBuffer(t *testing.T) {
	segments := []string{"a\nb\n", "c\n", "d\r\n"}
	var came strings.Reader
	var r *Reader
	r = NewWaitingReader(&came, func() error {
		if r.in != nil {
			t.Error("it holds a buffer while it waits")
		}
		if len(segments) == 0 {
			return io.EOF
		}
		came.Reset(segments[0])
		segments = segments[1:]
		return nil
	})
	var lines []string
	for r.Wait() == nil {
		for more := true; more; more = r.Pending() {
			line, err := r.ReadLine()
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, string(line))
		}
	}
	if got := strings.Join(lines, "|"); got != "a|b|c|d" || len(segments) > 0 {
		t.Errorf("read %q", got)
	}
}
