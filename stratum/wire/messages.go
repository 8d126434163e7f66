package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The methods of the dialect.
const (
	MethodLogin  = "login"  // rig to server; the reply has the first job
	MethodSubmit = "submit" // rig to server
	MethodGetJob = "getjob" // rig to server, asks for the current job
	MethodJob    = "job"    // server to rig, without id and reply
)

// version is the jsonrpc member of all that a server sends.
const version = "2.0"

// Request is what a rig sends.
type Request struct {
	Method string          `json:"method"`
	Params json.RawMessage `json:"params,omitempty"`
	// ID is any JSON value. The reply has the very same text: there are clients that
	// die of a number where they sent a string.
	ID json.RawMessage `json:"id"`
}

// ParseRequest reads a line. Members of other names are ignored, as are the
// differences of case. With an error, the ID is still what could be read of it.
func ParseRequest(line []byte) (Request, error) {
	var raw struct {
		Method json.RawMessage `json:"method"`
		Params json.RawMessage `json:"params"`
		ID     json.RawMessage `json:"id"`
	}
	if err := json.Unmarshal(line, &raw); err != nil {
		return Request{}, fmt.Errorf("not a JSON object: %w", err)
	}
	r := Request{Params: raw.Params, ID: raw.ID}
	if err := json.Unmarshal(raw.Method, &r.Method); err != nil || r.Method == "" {
		return r, fmt.Errorf("method is %s, expected a string", Excerpt(raw.Method))
	}
	return r, nil
}

// LoginParams are the params of login.
type LoginParams struct {
	// Login is address.rig or name.rig.
	Login string `json:"login"`
	Pass  string `json:"pass"`
	// Agent is the rig's program, as in bmminer/2.0.0.
	Agent string `json:"agent"`
	// Algo are the proofs of work that the rig can do, where it says so; programs that mine
	// several coins do.
	Algo []string `json:"algo,omitempty"`
}

// Algorithm is Bytom's proof of work, as a login's Algo has it.
const Algorithm = "tensority"

// Mines reports whether the rig can do Bytom's proof of work, as far as it says.
func (p *LoginParams) Mines() bool {
	return len(p.Algo) == 0 || slices.ContainsFunc(p.Algo, func(a string) bool { return strings.EqualFold(a, Algorithm) })
}

// UnmarshalJSON takes an object, or the array [login, pass, agent] of old clients.
// Members other than the login may have any type, and be missing.
func (p *LoginParams) UnmarshalJSON(text []byte) error {
	var raw struct{ Login, Pass, Agent, Algo json.RawMessage }
	if list := []json.RawMessage(nil); json.Unmarshal(text, &list) == nil {
		list = append(list, nil, nil, nil)
		raw.Login, raw.Pass, raw.Agent = list[0], list[1], list[2]
	} else if err := json.Unmarshal(text, &raw); err != nil {
		return fmt.Errorf("params are %s, expected an object", Excerpt(text))
	}
	*p = LoginParams{}
	if err := json.Unmarshal(raw.Login, &p.Login); err != nil || p.Login == "" {
		return fmt.Errorf("params.login is %s, expected a name", Excerpt(raw.Login))
	}
	// A password or agent that is no string is as good as none.
	_ = json.Unmarshal(raw.Pass, &p.Pass)
	_ = json.Unmarshal(raw.Agent, &p.Agent)
	if json.Unmarshal(raw.Algo, &p.Algo) != nil {
		p.Algo = nil
	}
	return nil
}

// SubmitParams are the params of submit.
type SubmitParams struct {
	// ID is the login, as the rig gave it.
	ID string `json:"id"`
	// JobID is that of the job as it was sent.
	JobID string `json:"job_id"`
	// Nonce is for ParseNonce.
	Nonce string `json:"nonce"`
}

// UnmarshalJSON takes an object. The job's id may be a number; what is not needed is
// not looked at.
func (p *SubmitParams) UnmarshalJSON(text []byte) error {
	var raw struct {
		ID    json.RawMessage `json:"id"`
		JobID json.RawMessage `json:"job_id"`
		Nonce json.RawMessage `json:"nonce"`
	}
	if err := json.Unmarshal(text, &raw); err != nil {
		return fmt.Errorf("params are %s, expected an object", Excerpt(text))
	}
	*p = SubmitParams{}
	_ = json.Unmarshal(raw.ID, &p.ID) // It says nothing that the session does not know.
	var ok bool
	if p.JobID, ok = stringOrNumber(raw.JobID); !ok {
		return fmt.Errorf("params.job_id is %s, expected a string", Excerpt(raw.JobID))
	}
	if err := json.Unmarshal(raw.Nonce, &p.Nonce); err != nil || raw.Nonce[0] != '"' {
		return fmt.Errorf("params.nonce is %s, expected a string of up to 16 hexadecimal digits", Excerpt(raw.Nonce))
	}
	return nil
}

// stringOrNumber is the text of either.
func stringOrNumber(text json.RawMessage) (string, bool) {
	var s string
	if json.Unmarshal(text, &s) == nil && text[0] == '"' {
		return s, true
	}
	var n json.Number
	if json.Unmarshal(text, &n) != nil || text[0] == 'n' {
		return "", false
	}
	return n.String(), true
}

// Excerpt returns text for an error message: quoted, in ASCII, and cut where it is long.
func Excerpt(text []byte) string {
	const most = 80
	switch {
	case len(text) == 0:
		return "missing"
	case len(text) > most:
		return strconv.QuoteToASCII(string(text[:most])) + "…"
	}
	return strconv.QuoteToASCII(string(text))
}

// LoginResult is what a login is answered with.
type LoginResult struct {
	ID     string `json:"id"`
	Job    Job    `json:"job"`
	Status string `json:"status"`
}

// StatusResult is what an accepted share is answered with.
type StatusResult struct {
	Status string `json:"status"`
}

// StatusOK is the Status of whatever went well.
const StatusOK = "OK"

// Response is a server's answer to a request: it has a Result or an Error.
type Response struct {
	ID     json.RawMessage // as the request had it; nil is null
	Result any
	Error  *Error
}

// MarshalJSON returns what AppendJSON writes.
func (r Response) MarshalJSON() ([]byte, error) { return r.AppendJSON(nil), nil }

// AppendJSON appends the response's JSON text to b, in the member order of the pools:
// both Result and Error are there, and the id is the request's byte for byte.
func (r Response) AppendJSON(b []byte) []byte {
	b = appendOr(append(b, `{"id":`...), r.ID)
	b = append(b, `,"jsonrpc":"`+version+`","result":`...)
	switch result := r.Result.(type) {
	case *Job:
		b = result.AppendJSON(b)
	case *LoginResult:
		b = appendString(append(b, `{"id":`...), result.ID)
		b = result.Job.AppendJSON(append(b, `,"job":`...))
		b = append(appendString(append(b, `,"status":`...), result.Status), '}')
	default:
		b = appendValue(b, result)
	}
	b = append(b, `,"error":`...)
	if r.Error == nil {
		return append(b, `null}`...)
	}
	return append(appendValue(b, r.Error), '}')
}

// appendOr appends JSON text, or null.
func appendOr(b, text []byte) []byte {
	if len(text) == 0 {
		text = []byte("null")
	}
	return append(b, text...)
}

// appendValue appends a value of this package as JSON.
func appendValue(b []byte, v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // They are of strings and numbers.
	}
	return append(b, text...)
}

// Message is what a server sends: a push where it has a Method, else the answer to the
// request of its ID.
type Message struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *Error          `json:"error"`
}

// UnmarshalJSON takes an object. The Error is nil where it is one in name only.
func (m *Message) UnmarshalJSON(text []byte) error {
	type plain Message
	raw := struct {
		*plain
		Error json.RawMessage `json:"error"`
	}{plain: new(plain)}
	if err := json.Unmarshal(text, &raw); err != nil {
		return errors.New("expected an object with a reply or a job")
	}
	*m = Message(*raw.plain)
	switch {
	case len(raw.Error) == 0:
	case noError(raw.Error, m.Result):
		if m.Result == nil {
			m.Result = json.RawMessage("null")
		}
	default:
		m.Error = new(Error)
		return json.Unmarshal(raw.Error, m.Error)
	}
	return nil
}

// ParseMessage reads a line of a server.
func ParseMessage(line []byte) (Message, error) {
	var m Message
	if err := json.Unmarshal(line, &m); err != nil {
		return m, fmt.Errorf("server sent %s: %w", Excerpt(line), err)
	}
	return m, nil
}

// OK reports whether a submit was accepted: a result with the status OK, or true as
// some pools have it.
func (m Message) OK() bool {
	var s StatusResult
	if m.Error != nil {
		return false
	}
	return bytes.Equal(m.Result, []byte("true")) || json.Unmarshal(m.Result, &s) == nil && s.Status == StatusOK
}
