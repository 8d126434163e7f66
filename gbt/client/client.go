// Package client calls the mining routes of a Bytom node: those that every node has
// (GetWork, SubmitWork, SubmitBlock), and those of bytom-solo.
package client

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/gbt/wire"
	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/redact"
)

// maxAnswer is the largest answer that is read, in bytes: a template of a full block in
// hexadecimal, twice.
const maxAnswer = 64 << 20

// Client calls a node. It is safe for concurrent use.
type Client struct {
	base *url.URL
	http *http.Client
}

// New returns a client of the node at an address such as http://127.0.0.1:9888. A user and
// a password in it, http://name:secret@host:port, are the node's access token. c sends
// the requests; nil is http.DefaultClient. Calls end with their context, or where c says.
func New(address string, c *http.Client) (*Client, error) {
	base, err := url.Parse(address)
	if err == nil && (base.Scheme != "http" && base.Scheme != "https" || base.Host == "") {
		err = errors.New("expected http://host:port")
	}
	if err != nil {
		return nil, fmt.Errorf("address of the node: %q: %w", redact.URL(address), redact.Error(err))
	}
	if c == nil {
		c = http.DefaultClient
	}
	own := *c
	if own.CheckRedirect == nil {
		own.CheckRedirect = AsItIs
	}
	return &Client{base: base, http: &own}, nil
}

// AsItIs is an http.Client's CheckRedirect that follows redirects that keep a post as it is. What most others make of it is a GET
// of nothing: any page answers that, a node with work, and nobody has got what was posted.
func AsItIs(next *http.Request, sent []*http.Request) error {
	if next.Method != sent[0].Method || len(sent) >= 10 {
		return http.ErrUseLastResponse
	}
	return nil
}

// Address is the node's, without the access token.
func (c *Client) Address() string { return redact.URL(c.base.String()) }

// Error is a node's refusal. A failure of the connection is none.
type Error struct {
	// Route is what was called, Status HTTP's.
	Route  string
	Status int
	// Reason is BIP 22's, or one of package mining's kinds; empty where the node sends
	// none, as the stock node.
	Reason string
	// Debug is a sentence.
	Debug string
	// Code is Bytom's, BTM000 and so on.
	Code string
	// JSON means that the answer was JSON, as a node's is.
	JSON bool
}

// Error satisfies error.
func (e *Error) Error() string {
	text := e.Debug
	if text == "" {
		text = http.StatusText(e.Status)
	}
	if e.Code != "" {
		text += " (" + e.Code + ")"
	}
	return e.Route + ": " + text
}

// Is reports whether the reason is a kind of package mining.
func (e *Error) Is(target error) bool {
	kind, ok := target.(mining.ErrorKind)
	return ok && e.Reason == string(kind)
}

// Call posts in to any of the node's routes, and reads the answer's data into out unless
// that is nil.
func (c *Client) Call(ctx context.Context, route string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("%s: %w", route, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base.JoinPath(route).String(), bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%s: %w", route, err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		return redact.Error(err) // It says whom, and what of.
	}
	defer resp.Body.Close()
	if where, err := resp.Location(); err == nil && resp.StatusCode/100 == 3 {
		return &Error{Route: route, Status: resp.StatusCode, Debug: "it redirects to " + redact.URL(where.String())}
	}
	raw, err := readAnswer(route, resp.Body, maxAnswer)
	if err != nil {
		return err
	}
	return parse(route, resp.StatusCode, raw, out)
}

// readAnswer reads an answer of so many bytes at the most.
func readAnswer(route string, from io.Reader, most int64) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(from, most+1))
	if err == nil && int64(len(raw)) > most {
		err = fmt.Errorf("it is longer than %d bytes", most)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: read the answer: %w", route, err)
	}
	return raw, nil
}

// beginning quotes the beginning of an answer, and shows where it was cut.
func beginning(raw []byte) string {
	const most = 200
	if len(raw) <= most {
		return fmt.Sprintf("%q", raw)
	}
	return fmt.Sprintf("%q…", raw[:most])
}

// parse reads an answer.
func parse(route string, status int, raw []byte, out any) error {
	var a struct {
		wire.Envelope[json.RawMessage]
		Detail string `json:"detail"` // of a wire.BadRequest
	}
	if err := json.Unmarshal(raw, &a); err != nil {
		if status != http.StatusOK {
			return &Error{Route: route, Status: status, Debug: fmt.Sprintf("HTTP %d: %s", status, beginning(raw))}
		}
		return fmt.Errorf("%s: the answer is not JSON: %w: %s", route, err, beginning(raw))
	}
	if a.Status == "success" {
		if out == nil {
			return nil
		}
		if err := json.Unmarshal(a.Data, out); err != nil {
			return fmt.Errorf("%s: read the answer: %w: %s", route, err, beginning(a.Data))
		}
		return nil
	}
	e := &Error{Route: route, Status: status, Debug: a.ErrorDetail + a.Detail, Code: a.Code, JSON: true}
	var refusal wire.Refusal
	if json.Unmarshal(a.Data, &refusal) == nil {
		e.Reason = refusal.Reason
	}
	if e.Debug == "" {
		e.Debug = a.Msg
	}
	return e
}

// GetWork asks for a header to solve. The stock node sends all its callers the same one,
// bytom-solo a new one with each call.
func (c *Client) GetWork(ctx context.Context) (*wire.Work, error) {
	var w wire.Work
	if err := c.Call(ctx, "/get-work", nil, &w); err != nil {
		return nil, err
	}
	if w.BlockHeader == nil || w.Seed == nil {
		return nil, errors.New("/get-work: the answer lacks block_header or seed")
	}
	return &w, nil
}

// SubmitWork submits a header of GetWork; only its nonce and timestamp may have
// changed. nil means that it became the best block.
func (c *Client) SubmitWork(ctx context.Context, header *types.BlockHeader) error {
	text, err := header.MarshalText()
	if err != nil {
		return fmt.Errorf("serialise the header: %w", err)
	}
	s := string(text)
	return c.Call(ctx, "/submit-work", wire.SubmitWork{BlockHeader: &s}, nil)
}

// GetBlockTemplate asks for a template. With a LongpollID the answer waits for other
// work than that template's, about a minute at the most.
func (c *Client) GetBlockTemplate(ctx context.Context, request wire.TemplateRequest) (*wire.Template, error) {
	var t wire.Template
	if err := c.Call(ctx, "/get-block-template", request, &t); err != nil {
		return nil, err
	}
	return &t, nil
}

// Propose asks the node to check a block that lacks its proof of work. nil means that it
// would be valid.
func (c *Client) Propose(ctx context.Context, block *types.Block) error {
	text, err := blockText(block)
	if err != nil {
		return err
	}
	return c.Call(ctx, "/get-block-template", wire.TemplateRequest{Mode: "proposal", Data: text}, nil)
}

// SubmitSolution submits the solution of a template, of which the node has the rest of the
// block. nil means that
// it became the best block. An extranonce of nil is the one that the template has.
func (c *Client) SubmitSolution(ctx context.Context, workID string, timestamp, nonce uint64, extranonce []byte) error {
	s := wire.Solution{WorkID: workID, Nonce: wire.NewNumber(nonce), Timestamp: wire.NewNumber(timestamp)}
	if extranonce != nil {
		text := hex.EncodeToString(extranonce)
		s.Extranonce = &text
	}
	return c.Call(ctx, "/submit-solution", s, nil)
}

// SubmitBlock submits a whole block. nil means that it became the best one.
func (c *Client) SubmitBlock(ctx context.Context, block *types.Block) error {
	text, err := blockText(block)
	if err != nil {
		return err
	}
	return c.Call(ctx, "/submit-block", wire.SubmitBlock{Block: text}, nil)
}

// MiningInfo asks what the node is doing.
func (c *Client) MiningInfo(ctx context.Context) (*wire.MiningInfo, error) {
	var info wire.MiningInfo
	if err := c.Call(ctx, "/mining-info", nil, &info); err != nil {
		return nil, err
	}
	return &info, nil
}

func blockText(block *types.Block) (*string, error) {
	text, err := block.MarshalText()
	if err != nil {
		return nil, fmt.Errorf("serialise the block: %w", err)
	}
	s := string(text)
	return &s, nil
}
