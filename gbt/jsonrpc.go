package gbt

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/bytom-solo/bytom-solo/mining"
)

// JSON-RPC as Bitcoin's tools speak it, posted to "/" or, by those that name a wallet, to
// "/wallet/NAME". Statuses, codes and the reading of versions are Bitcoin Core's, since
// clients distinguish errors by them: some by the status alone.

// rpcCall is one request.
type rpcCall struct {
	Version json.RawMessage `json:"jsonrpc"`
	Method  json.RawMessage `json:"method"`
	Params  json.RawMessage `json:"params"`
	ID      json.RawMessage `json:"id"`
}

// second reports whether a call is of JSON-RPC 2.0. Anything else is of 1.x: clients write
// "1.0", 1.0, 1 or nothing.
func (c rpcCall) second() bool { return string(c.Version) == `"2.0"` }

// notification reports whether nothing is to be answered: 1.x knows those by a null id,
// which in practice is an id left out by clients that want an answer.
func (c rpcCall) notification() bool { return c.second() && c.ID == nil }

// rpcAnswer has a result or an error. Version 1 clients want both fields and no version.
type rpcAnswer struct {
	Second bool // of JSON-RPC 2.0
	Result any
	Error  *rpcError
	ID     json.RawMessage
}

// MarshalJSON satisfies json.Marshaler.
func (a rpcAnswer) MarshalJSON() ([]byte, error) {
	id := a.ID
	if id == nil {
		id = nullData
	}
	switch {
	case !a.Second:
		return json.Marshal(map[string]any{"result": a.Result, "error": a.Error, "id": id})
	case a.Error != nil:
		return json.Marshal(map[string]any{"jsonrpc": "2.0", "error": a.Error, "id": id})
	}
	return json.Marshal(map[string]any{"jsonrpc": "2.0", "result": a.Result, "id": id})
}

// status is HTTP's: JSON-RPC 2.0 says errors in the body alone.
func (a rpcAnswer) status() int {
	switch {
	case a.Error == nil:
		return http.StatusOK
	case a.Error.Code == rpcInvalidRequest:
		return http.StatusBadRequest
	case a.Second:
		return http.StatusOK
	case a.Error.Code == rpcNoMethod:
		return http.StatusNotFound
	}
	return http.StatusInternalServerError
}

type rpcError struct {
	Code    int      `json:"code"`
	Message string   `json:"message"`
	Data    *refusal `json:"data,omitempty"`
}

// JSON-RPC's codes, and Bitcoin's, which those tools look for.
const (
	rpcParse          = -32700
	rpcInvalidRequest = -32600
	rpcNoMethod       = -32601
	rpcMisc           = -1 // An argument that is missing, too; pools ask for this one.
	rpcType           = -3
	rpcAddress        = -5 // Of a block, too.
	rpcParameter      = -8
	rpcNotConnected   = -9
	rpcInitialSync    = -10
	rpcDeserialize    = -22
)

// rpcFault is an error with a code.
type rpcFault struct {
	code int
	err  error
}

// Error satisfies error.
func (f rpcFault) Error() string { return f.err.Error() }

// Unwrap returns the error.
func (f rpcFault) Unwrap() error { return f.err }

func fault(code int, format string, args ...any) error {
	return rpcFault{code, fmt.Errorf(format, args...)}
}

// maxBatch bounds the calls of one request.
const maxBatch = 100

func (h *Handler) serveJSONRPC(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if err != nil {
		write(w, http.StatusRequestEntityTooLarge, rpcFailure(rpcCall{}, fault(rpcParse, "the body is larger than %d bytes", MaxBody)))
		return
	}
	if trimmed := bytes.TrimSpace(body); len(trimmed) > 0 && trimmed[0] == '[' {
		h.serveBatch(w, r, trimmed)
		return
	}
	c, err := readCall(body)
	if err != nil {
		a := rpcFailure(rpcCall{}, fault(rpcParse, "the body is not a JSON-RPC call: %w", err))
		write(w, a.status(), a)
		return
	}
	a := h.callRPC(withCaller(r), c)
	if c.notification() {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	write(w, a.status(), a)
}

// readCall reads a call, whatever its fields hold.
func readCall(raw []byte) (c rpcCall, err error) {
	if err = json.Unmarshal(raw, &c); err == nil && bytes.TrimSpace(raw)[0] != '{' {
		err = errors.New("found null, expected an object") // which is nothing to Unmarshal
	}
	return c, plainError(err)
}

func (h *Handler) serveBatch(w http.ResponseWriter, r *http.Request, body []byte) {
	var calls []json.RawMessage
	if err := json.Unmarshal(body, &calls); err != nil {
		a := rpcFailure(rpcCall{}, fault(rpcParse, "the batch: %w", err))
		write(w, a.status(), a)
		return
	}
	if len(calls) == 0 || len(calls) > maxBatch {
		a := rpcFailure(rpcCall{}, fault(rpcInvalidRequest, "the batch: %d calls, expected 1 to %d", len(calls), maxBatch))
		write(w, a.status(), a)
		return
	}
	answers := []rpcAnswer{}
	for _, raw := range calls {
		c, err := readCall(raw)
		if err != nil {
			answers = append(answers, rpcFailure(rpcCall{}, fault(rpcInvalidRequest, "not a call: %w", err)))
			continue
		}
		if a := h.callRPC(withCaller(r), c); !c.notification() {
			answers = append(answers, a)
		}
	}
	if len(answers) == 0 {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	write(w, http.StatusOK, answers)
}

// rpcFailure answers a call with an error.
func rpcFailure(c rpcCall, err error) rpcAnswer {
	e := &rpcError{Code: codeOf(err), Message: err.Error()}
	var kind mining.ErrorKind
	if errors.As(err, &kind) {
		e.Data = &refusal{Reason: string(kind), Debug: err.Error()}
	}
	return rpcAnswer{Second: c.second(), Error: e, ID: c.ID}
}

func codeOf(err error) int {
	var f rpcFault
	var input inputError
	switch {
	case errors.As(err, &f):
		return f.code
	case errors.As(err, &input):
		return rpcParameter
	case errors.Is(err, mining.ErrNotReady):
		return rpcInitialSync
	case errors.Is(err, mining.ErrStopped):
		return rpcNotConnected
	}
	return rpcMisc
}

// callRPC answers one call.
func (h *Handler) callRPC(ctx context.Context, c rpcCall) rpcAnswer {
	var name string
	if len(c.Method) == 0 || json.Unmarshal(c.Method, &name) != nil || name == "" {
		return rpcFailure(c, fault(rpcInvalidRequest, "method: value %.40q: expected a string, the name of a method", c.Method))
	}
	method := h.methods[name]
	if method == nil {
		// Pools compare these words.
		a := rpcFailure(c, fault(rpcNoMethod, "Method not found"))
		a.Error.Data = &refusal{Reason: "unknown-method", Debug: fmt.Sprintf("method %.40q is not known; help lists those that are", name)}
		return a
	}
	args, err := method.read(c.Params)
	if err != nil {
		return rpcFailure(c, err)
	}
	result, err := method.call(ctx, args)
	if err != nil {
		return rpcFailure(c, err)
	}
	return rpcAnswer{Second: c.second(), Result: result, ID: c.ID}
}
