package gbt

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/bytom-solo/bytom-solo/gbt/wire"
	"github.com/bytom-solo/bytom-solo/mining"
)

// The JSON-RPC 2.0 form of the mining calls, posted to "/" as Bitcoin's tools do, with
// the arguments and results of BIP 22 and 23.

// rpcCall is one request. A missing id makes it a notification, which is not answered.
type rpcCall struct {
	Version string          `json:"jsonrpc"`
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params"`
	ID      json.RawMessage `json:"id"`
}

// rpcAnswer has a result or an error. Version 1 clients, which leave jsonrpc out, want
// both fields and no version.
type rpcAnswer struct {
	Version string
	Result  any
	Error   *rpcError
	ID      json.RawMessage
}

// MarshalJSON satisfies json.Marshaler.
func (a rpcAnswer) MarshalJSON() ([]byte, error) {
	id := a.ID
	if id == nil {
		id = nullData
	}
	switch {
	case a.Version != "2.0":
		return json.Marshal(map[string]any{"result": a.Result, "error": a.Error, "id": id})
	case a.Error != nil:
		return json.Marshal(map[string]any{"jsonrpc": "2.0", "error": a.Error, "id": id})
	}
	return json.Marshal(map[string]any{"jsonrpc": "2.0", "result": a.Result, "id": id})
}

type rpcError struct {
	Code    int      `json:"code"`
	Message string   `json:"message"`
	Data    *refusal `json:"data,omitempty"`
}

// JSON-RPC's codes, and Bitcoin's where those tools look for them.
const (
	rpcParse          = -32700
	rpcInvalidRequest = -32600
	rpcNoMethod       = -32601
	rpcInvalidParams  = -32602
	rpcMisc           = -1
	rpcNotConnected   = -9
	rpcInitialSync    = -10
)

// maxBatch bounds the calls of one request.
const maxBatch = 100

func (h *Handler) serveJSONRPC(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if err != nil {
		write(w, http.StatusRequestEntityTooLarge, rpcFailure(rpcCall{Version: "2.0"}, rpcParse, fmt.Errorf("the body is larger than %d bytes", MaxBody)))
		return
	}
	if trimmed := bytes.TrimSpace(body); len(trimmed) > 0 && trimmed[0] == '[' {
		h.serveBatch(w, r, trimmed)
		return
	}
	var c rpcCall
	if err := json.Unmarshal(body, &c); err != nil {
		write(w, http.StatusOK, rpcFailure(rpcCall{Version: "2.0"}, rpcParse, fmt.Errorf("the body is not a JSON-RPC call: %w", err)))
		return
	}
	a := h.callRPC(withCaller(r), c)
	if c.ID == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	write(w, http.StatusOK, a)
}

func (h *Handler) serveBatch(w http.ResponseWriter, r *http.Request, body []byte) {
	var calls []json.RawMessage
	err := json.Unmarshal(body, &calls)
	if err == nil && (len(calls) == 0 || len(calls) > maxBatch) {
		err = fmt.Errorf("%d calls, expected 1 to %d", len(calls), maxBatch)
	}
	if err != nil {
		write(w, http.StatusOK, rpcFailure(rpcCall{Version: "2.0"}, rpcInvalidRequest, fmt.Errorf("the batch: %w", err)))
		return
	}
	answers := []rpcAnswer{}
	for _, raw := range calls {
		var c rpcCall
		if err := json.Unmarshal(raw, &c); err != nil {
			answers = append(answers, rpcFailure(rpcCall{Version: "2.0"}, rpcInvalidRequest, fmt.Errorf("not a call: %w", err)))
			continue
		}
		if a := h.callRPC(withCaller(r), c); c.ID != nil {
			answers = append(answers, a)
		}
	}
	if len(answers) == 0 {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	write(w, http.StatusOK, answers)
}

func rpcFailure(c rpcCall, code int, err error) rpcAnswer {
	e := &rpcError{Code: code, Message: err.Error()}
	var kind mining.ErrorKind
	if errors.As(err, &kind) {
		e.Data = &refusal{Reason: string(kind), Debug: err.Error()}
	}
	return rpcAnswer{Version: c.Version, Error: e, ID: c.ID}
}

// errParams marks an error of a call's arguments.
var errParams = errors.New("params")

// callRPC answers one call.
func (h *Handler) callRPC(ctx context.Context, c rpcCall) rpcAnswer {
	methods := map[string]func(context.Context, json.RawMessage) (any, error){
		"getblocktemplate":      h.rpcTemplate,
		"submitblock":           h.rpcSubmitBlock,
		"getmininginfo":         func(context.Context, json.RawMessage) (any, error) { return h.info(), nil },
		"getnetworkhashps":      h.rpcHashrate,
		"prioritisetransaction": h.rpcPrioritise,
	}
	method := methods[c.Method]
	if method == nil {
		return rpcFailure(c, rpcNoMethod, fmt.Errorf("method %.40q is not known", c.Method))
	}
	result, err := method(ctx, c.Params)
	var input inputError
	switch {
	case err == nil:
		return rpcAnswer{Version: c.Version, Result: result, ID: c.ID}
	case errors.Is(err, errParams), errors.As(err, &input):
		return rpcFailure(c, rpcInvalidParams, err)
	case errors.Is(err, mining.ErrNotReady):
		return rpcFailure(c, rpcInitialSync, err)
	case errors.Is(err, mining.ErrStopped):
		return rpcFailure(c, rpcNotConnected, err)
	}
	return rpcFailure(c, rpcMisc, err)
}

// params reads positional arguments into pointers; what is missing stays as it is.
func params(raw json.RawMessage, required int, into ...any) error {
	var list []json.RawMessage
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &list); err != nil {
			return fmt.Errorf("%w: %w, expected an array", errParams, err)
		}
	}
	if len(list) < required || len(list) > len(into) {
		return fmt.Errorf("%w: %d arguments, expected %d to %d", errParams, len(list), required, len(into))
	}
	for i, arg := range list {
		if err := decode(bytes.NewReader(arg), into[i]); err != nil {
			return fmt.Errorf("%w: argument %d: %w", errParams, i+1, err)
		}
	}
	return nil
}

func (h *Handler) rpcTemplate(ctx context.Context, raw json.RawMessage) (any, error) {
	var in wire.TemplateRequest
	if err := params(raw, 0, &in); err != nil {
		return nil, err
	}
	switch in.Mode {
	case "", "template":
		return h.makeTemplate(ctx, in)
	case "proposal":
		reason, err := h.propose(ctx, in.Data)
		return verdictResult(reason, err)
	}
	return nil, fmt.Errorf("%w: field mode: value %q: expected template or proposal", errParams, in.Mode)
}

// verdictResult is BIP 22's: null for accepted, else the reason as a string.
func verdictResult(reason string, err error) (any, error) {
	switch {
	case reason != "":
		return reason, nil
	case err != nil:
		return nil, fmt.Errorf("%w: %w", errParams, err)
	}
	return nullData, nil
}

func (h *Handler) rpcSubmitBlock(ctx context.Context, raw json.RawMessage) (any, error) {
	var data *string
	var options any // BIP 22's, of which nothing is needed.
	if err := params(raw, 1, &data, &options); err != nil {
		return nil, err
	}
	block, err := parseBlock("argument 1", data)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errParams, err)
	}
	v, err := h.cfg.Submitter.SubmitBlock(ctx, block, finder(ctx, mining.FoundByBlock))
	if err != nil {
		var kind mining.ErrorKind
		if !errors.As(err, &kind) {
			return nil, err
		}
		return verdictResult(string(kind), nil)
	}
	return verdictResult(reasonOfVerdict(v), nil)
}

func (h *Handler) rpcHashrate(_ context.Context, raw json.RawMessage) (any, error) {
	var first, second *wire.Number
	if err := params(raw, 0, &first, &second); err != nil {
		return nil, err
	}
	blocks, err := first.Signed("nblocks", 120)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errParams, err)
	}
	height, err := second.Signed("height", -1)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errParams, err)
	}
	// Bitcoin's -1 blocks are those since the last retarget.
	rate, err := h.cfg.Network.Hashrate(int(min(max(blocks, 0), 1<<31)), height)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errParams, err)
	}
	return rate, nil
}

func (h *Handler) rpcPrioritise(ctx context.Context, raw json.RawMessage) (any, error) {
	var tx string
	var dummy any
	var last *wire.Number
	if err := params(raw, 3, &tx, &dummy, &last); err != nil {
		return nil, err
	}
	id, err := parseTxID(tx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errParams, err)
	}
	delta, err := last.Signed("fee_delta", 0)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errParams, err)
	}
	if _, err := h.cfg.Overrides.Prioritise(id, delta); err != nil {
		return nil, err
	}
	h.cfg.Generator.Force()
	h.settle(ctx)
	return true, nil
}
