package gbt

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"sync"

	"github.com/bytom-solo/bytom-solo/gbt/input"
	"github.com/bytom-solo/bytom-solo/gbt/wire"
	"github.com/bytom-solo/bytom-solo/mining"
)

// MaxBody is the largest request that is read, in bytes. The largest sensible one
// is a block in hexadecimal, and peers cap messages with those at 22 MB and answers
// at half of that.
const MaxBody = 16 << 20

// envelope is the form that every answer has.
type envelope = wire.Envelope[any]

// refusal is the data of a failed submit.
type refusal = wire.Refusal

// nullData stands for a result of null, which omitempty would leave out.
var nullData = json.RawMessage("null")

// inputError is an error of a request that could not be read: the stock node answers
// those with HTTP's status 400.
type inputError struct{ error }

// Unwrap returns the error.
func (e inputError) Unwrap() error { return e.error }

// badField is an error of a field of a route of ours. (Where the stock node has the
// route too, what it refuses by status 200 gets that here as well.)
func badField(format string, args ...any) error {
	return inputError{fmt.Errorf("field "+format, args...)}
}

// codeInput is Bytom's code of those.
const codeInput = "BTM002"

func success(data any) envelope { return envelope{Status: "success", Data: data} }

// failure answers an error in the stock node's form. Errors of a kind carry it as
// the machine-readable reason.
func failure(err error) envelope {
	e := envelope{Status: "fail", Code: "BTM000", Msg: "Bytom API Error", ErrorDetail: err.Error()}
	var input inputError
	if errors.As(err, &input) {
		e.Code, e.Msg = codeInput, "Invalid request body"
		return e
	}
	var kind mining.ErrorKind
	if errors.As(err, &kind) {
		e.Data = refusal{Reason: string(kind), Debug: err.Error()}
	}
	return e
}

// write sends an answer as JSON.
func write(w http.ResponseWriter, status int, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"status":"fail","msg":"the answer could not be written as JSON"}`)
	}
	writeText(w, status, append(text, '\n'))
}

// writeText sends an answer of known length, in pieces.
func writeText(w http.ResponseWriter, status int, pieces ...[]byte) {
	size := 0
	for _, p := range pieces {
		size += len(p)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(size))
	w.WriteHeader(status)
	for _, p := range pieces {
		if _, err := w.Write(p); err != nil {
			return // The client went away.
		}
	}
}

// preencoded is data that encodes itself, for answers that are sent at thousands a second.
type preencoded interface {
	// pieces appends the data as JSON to buf, and returns all of that in pieces: parts that
	// answers share need no copy.
	pieces(buf []byte) [][]byte
}

// buffers are those of preencoded answers: a new one for each would keep the garbage
// collector busy.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// respondPreencoded sends a successful answer, as respond does.
func respondPreencoded(w http.ResponseWriter, data preencoded) {
	buf := buffers.Get().(*[]byte)
	pieces := data.pieces(append((*buf)[:0], `{"status":"success","data":`...))
	writeText(w, http.StatusOK, append(pieces, []byte("}\n"))...)
	*buf = pieces[0] // It may have grown.
	buffers.Put(buf)
	if f, ok := w.(http.Flusher); ok {
		f.Flush()
	}
	if r, ok := data.(waveWaiter); ok {
		r.awaitWave()
	}
}

// waveWaiter is data that, once its answer is sent, waits for the other longpolls of its
// wave before the client's next request is read.
type waveWaiter interface{ awaitWave() }

// respond answers with an envelope, in the form that its code asks for.
func respond(w http.ResponseWriter, e envelope) {
	if data, ok := e.Data.(preencoded); ok {
		respondPreencoded(w, data)
		return
	}
	if e.Code == codeInput {
		write(w, http.StatusBadRequest, wire.BadRequest{Code: e.Code, Msg: e.Msg, Status: e.Status, Detail: e.ErrorDetail})
		return
	}
	write(w, http.StatusOK, e)
}

// call returns a handler that calls a function without input; the body is not read.
func call(f func(*http.Request) envelope) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { respond(w, f(r)) }
}

// callStrict returns a handler that calls a function with the request's body: a field
// without a meaning here is an error, unless it is ignored.
func callStrict[T any](f func(*http.Request, T) envelope, ignored ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in T
		if err := input.Object(http.MaxBytesReader(w, r.Body, MaxBody), &in, ignored...); err != nil {
			respond(w, failure(inputError{err}))
			return
		}
		respond(w, f(r, in))
	}
}

// callSolved is callStrict for a request that carries a solution: fields without a meaning
// do not have it refused, and are named only if it is refused for another reason.
func callSolved[T any](f func(*http.Request, T) envelope) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in T
		err := input.Object(http.MaxBytesReader(w, r.Body, MaxBody), &in)
		unknown := (*input.Unknown)(nil)
		if err != nil && !errors.As(err, &unknown) {
			respond(w, failure(inputError{err}))
			return
		}
		e := f(r, in)
		if unknown != nil && e.ErrorDetail != "" {
			e.ErrorDetail += "; " + unknown.Error()
		}
		respond(w, e)
	}
}

// callWith returns a handler that calls a function with the request's body, read as the
// stock node does: unknown fields are no error.
func callWith[T any](f func(*http.Request, T) envelope) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in T
		if err := decode(http.MaxBytesReader(w, r.Body, MaxBody), &in); err != nil {
			respond(w, failure(inputError{err}))
			return
		}
		respond(w, f(r, in))
	}
}

// decode reads one JSON value. Its errors name the field, what was found and what
// was expected.
func decode(r io.Reader, v any) error { return plainError(json.NewDecoder(r).Decode(v)) }

// plainError rewrites an error of encoding/json in the caller's terms: its field, what was
// found there and what was expected.
func plainError(err error) error {
	var wrongType *json.UnmarshalTypeError
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &wrongType):
		field := wrongType.Field
		if field == "" {
			field = "the body"
		}
		return fmt.Errorf("field %s: found a JSON %s, expected %s", field, wrongType.Value, jsonWord(wrongType.Type))
	case errors.As(err, &tooLarge):
		return fmt.Errorf("the body is larger than %d bytes", tooLarge.Limit)
	case errors.Is(err, io.EOF):
		return errors.New("the body is empty, expected a JSON object")
	}
	return fmt.Errorf("the body is not JSON of the expected form: %w", err)
}

// jsonWord is JSON's word for what a type is read from. Package input's words are others: it
// names what an array holds, and the range of a number.
func jsonWord(t reflect.Type) string {
	if reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return "a string"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return jsonWord(t.Elem())
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "an array"
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Float32, reflect.Float64:
		return "a number"
	}
	return "a whole number of " + strconv.Itoa(t.Bits()) + " bits"
}
