package wire

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// MaxLine is the longest line that a Reader takes, in bytes, its end included. The
// longest message of the dialect is well under 1 KiB.
const MaxLine = 4096

// ErrLineTooLong means a line of more than MaxLine bytes, or as many bytes of empty
// lines in a row. What follows can't be read.
var ErrLineTooLong = errors.New("line too long")

// Reader reads lines. It belongs to one goroutine, and holds MaxLine bytes from its first read on,
// or where it can wait without them, until what came is read.
type Reader struct {
	from io.Reader
	wait func() error  // nil where only a read can
	in   *bufio.Reader // nil while it holds no bytes
}

// NewReader reads lines from r.
func NewReader(r io.Reader) *Reader { return &Reader{from: r} }

// NewWaitingReader reads lines from r, of which wait returns when there is something to read, or
// the error that a read would give.
func NewWaitingReader(r io.Reader, wait func() error) *Reader { return &Reader{from: r, wait: wait} }

// buffers are those of Readers that have nothing to read.
var buffers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, MaxLine) }}

// Wait returns when there is something to read, or the error that a read would give.
func (r *Reader) Wait() error {
	if r.Pending() {
		return nil
	}
	if r.wait == nil {
		_, err := r.Peek()
		return err
	}
	if r.in != nil {
		r.in.Reset(nil)
		buffers.Put(r.in)
		r.in = nil
	}
	return r.wait()
}

// Pending reports whether something has come that is not read.
func (r *Reader) Pending() bool { return r.in != nil && r.in.Buffered() > 0 }

// buffer is what came and is not read, and then r.
func (r *Reader) buffer() *bufio.Reader {
	if r.in == nil {
		r.in = buffers.Get().(*bufio.Reader)
		r.in.Reset(r.from)
	}
	return r.in
}

// ReadLine returns the next line that is not empty, without its end and the white space
// around it; it is valid until the next call. A line ends with \n, however many \r
// come before it, and may come in any number of segments; the last one of a
// connection needs no end. The error is ErrLineTooLong or the connection's.
func (r *Reader) ReadLine() ([]byte, error) {
	for empty := 0; empty <= MaxLine; {
		line, err := r.buffer().ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return nil, fmt.Errorf("%w: over %d bytes without an end", ErrLineTooLong, MaxLine)
		}
		if text := bytes.TrimSpace(line); len(text) > 0 {
			return text, nil // An error comes again with the next call.
		}
		if err != nil {
			return nil, err
		}
		empty += len(line)
	}
	return nil, fmt.Errorf("%w: over %d bytes of empty lines", ErrLineTooLong, MaxLine)
}

// Peek returns the first byte that ReadLine has not read, which stays unread.
func (r *Reader) Peek() (byte, error) {
	b, err := r.buffer().Peek(1)
	if err != nil {
		return 0, err
	}
	return b[0], nil
}

// Rest reads on where ReadLine ended: what is in the Reader's buffer, then the connection.
func (r *Reader) Rest() io.Reader { return r.buffer() }

// deadlineWriter is what a Writer needs of a net.Conn.
type deadlineWriter interface {
	io.Writer
	SetWriteDeadline(time.Time) error
}

// Writer writes messages, each of them with a Write of its own: there are rigs that
// take what one read yields for one message. It belongs to one goroutine.
type Writer struct {
	out     deadlineWriter
	timeout time.Duration
	buf     []byte
}

// NewWriter writes messages to c, each within timeout.
func NewWriter(c deadlineWriter, timeout time.Duration) *Writer {
	return &Writer{out: c, timeout: timeout}
}

// Send writes v, a message of this package, as JSON.
func (w *Writer) Send(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode a message: %w", err)
	}
	return w.SendLine(text)
}

// SendLine writes one message that is JSON already, and ends its line. text is not
// kept.
func (w *Writer) SendLine(text []byte) error {
	w.buf = append(append(w.buf[:0], text...), '\n')
	if err := w.out.SetWriteDeadline(time.Now().Add(w.timeout)); err != nil {
		return err
	}
	_, err := w.out.Write(w.buf)
	return err
}
