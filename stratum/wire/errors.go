package wire

import (
	"encoding/json"
	"fmt"
	"strings"
)

// The codes of errors, as servers of the dialect send them.
const (
	CodeOther        = 20
	CodeJobNotFound  = 21 // the job is unknown, or stale
	CodeDuplicate    = 22
	CodeLow          = 23 // the share misses the target
	CodeUnauthorized = 24
	CodeParams       = 27 // the request can't be read
	CodeNonce        = 32 // the nonce is out of range
)

// Error is why a server refuses a request. With errors.Is it is of the kind that Kind
// returns.
type Error struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// Error satisfies error.
func (e *Error) Error() string { return fmt.Sprintf("%s (code %d)", e.Message, e.Code) }

// UnmarshalJSON takes an object, and what other pools send: [code, message, …], a
// string or a number.
func (e *Error) UnmarshalJSON(text []byte) error {
	type plain Error
	var p plain
	if json.Unmarshal(text, &p) == nil {
		*e = Error(p)
		return nil
	}
	*e = Error{}
	var list []json.RawMessage
	switch {
	case json.Unmarshal(text, &list) == nil && len(list) >= 2:
		_ = json.Unmarshal(list[0], &e.Code)
		_ = json.Unmarshal(list[1], &e.Message)
	case json.Unmarshal(text, &e.Code) == nil, json.Unmarshal(text, &e.Message) == nil:
	}
	if e.Message == "" {
		e.Message = Excerpt(text)
	}
	return nil
}

// Refusal is the kind of a server's *Error, for errors.Is.
type Refusal string

// Error satisfies error.
func (r Refusal) Error() string { return string(r) }

// Why a server refuses. What is none of these has no kind.
const (
	// RefusedStale means a share of a block that is no longer the tip.
	RefusedStale = Refusal("stale share")
	// RefusedUnknownJob means that the server does not know the job, or no longer.
	RefusedUnknownJob = Refusal("unknown job")
	// RefusedDuplicate means that the share has come before.
	RefusedDuplicate = Refusal("duplicate share")
	// RefusedLow means that the share misses the job's target.
	RefusedLow = Refusal("low difficulty share")
	// RefusedLogin means that the login is none, or no longer.
	RefusedLogin = Refusal("unauthorized")
	// RefusedParams means that the server can't read the request.
	RefusedParams = Refusal("illegal params")
	// RefusedNonce means a nonce outside of what the job leaves to the rig.
	RefusedNonce = Refusal("invalid nonce")
	// RefusedNoWork means that the server has no work now that a share could be for.
	RefusedNoWork = Refusal("no work")
	// RefusedBusy means that the server has not looked at the share, as there are too many.
	RefusedBusy = Refusal("too many shares")
)

// codes are the kinds of the dialect's codes. CodeJobNotFound has two.
var codes = map[int]Refusal{
	CodeDuplicate: RefusedDuplicate, CodeLow: RefusedLow, CodeUnauthorized: RefusedLogin,
	CodeParams: RefusedParams, CodeNonce: RefusedNonce,
}

// words are what messages of other pools, and of CodeJobNotFound, are recognized by; the
// first that fits counts.
var words = []struct {
	word string
	kind Refusal
}{
	{"no work", RefusedNoWork}, {"too many shares", RefusedBusy},
	{"stale", RefusedStale}, {"expired", RefusedStale}, {"outdated", RefusedStale}, {"duplicate", RefusedDuplicate},
	{"low diff", RefusedLow}, {"above target", RefusedLow}, {"not found", RefusedUnknownJob}, {"unknown job", RefusedUnknownJob},
	{"unauthorized", RefusedLogin}, {"unauthorised", RefusedLogin}, {"unauthenticated", RefusedLogin}, {"not authorized", RefusedLogin},
	{"not authenticated", RefusedLogin}, {"not logged in", RefusedLogin}, {"not subscribed", RefusedLogin}, {"login first", RefusedLogin},
	{"nonce", RefusedNonce},
}

// Kind returns the kind of the refusal by its code and words, empty if it is of none of the
// kinds.
func (e *Error) Kind() Refusal {
	if kind, ok := codes[e.Code]; ok {
		return kind
	}
	text := strings.ToLower(e.Message)
	for _, w := range words {
		if strings.Contains(text, w.word) {
			return w.kind
		}
	}
	if e.Code == CodeJobNotFound {
		return RefusedUnknownJob
	}
	return ""
}

// Is reports whether the refusal is of a kind.
func (e *Error) Is(target error) bool {
	kind, ok := target.(Refusal)
	return ok && kind == e.Kind()
}
