package wire

import (
	"encoding/json"
	"slices"
	"strings"
)

// Servers say in many ways that all is well: the result may be true, a text, an object or
// null, and the error be there with nothing in it.

// fine are texts that report no error, and results that say yes; in lower case.
var fine = []string{"ok", "success", "true", "accepted"}

func isFine(text string) bool {
	return slices.Contains(fine, strings.ToLower(strings.TrimSpace(text)))
}

// noError reports whether the error of a message is one in name only: null, false, zero, an
// empty text, list or object, or one of nothing but those. A code of 0 with some text is
// none either where the result says yes.
func noError(text, result json.RawMessage) bool {
	var v any
	if json.Unmarshal(text, &v) != nil {
		return false
	}
	if empty(v) {
		return true
	}
	o, ok := v.(map[string]any)
	return ok && o["code"] == 0.0 && affirms(result)
}

// empty reports whether a JSON value says nothing, or that there is no error.
func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case float64:
		return v == 0
	case string:
		text := strings.ToLower(strings.TrimSpace(v))
		return text == "" || text == "null" || text == "none" || isFine(text)
	case []any:
		return !slices.ContainsFunc(v, func(e any) bool { return !empty(e) })
	case map[string]any:
		for _, e := range v {
			if !empty(e) {
				return false
			}
		}
		return true
	}
	return false
}

// statusOf is the status in a result that is an object; nil where there is none.
func statusOf(result json.RawMessage) any {
	var s struct{ Status any }
	if json.Unmarshal(result, &s) != nil {
		return nil
	}
	return s.Status
}

// affirms reports whether a result says yes by itself.
func affirms(result json.RawMessage) bool {
	var v any
	if len(result) == 0 || json.Unmarshal(result, &v) != nil {
		return false
	}
	if _, ok := v.(map[string]any); ok {
		if jobIn(result) != nil {
			return !refused(result)
		}
		v = statusOf(result)
	}
	text, ok := v.(string)
	return v == true || ok && isFine(text)
}

// Refused reports whether a message without an Error says no all the same: its result is
// missing or false, or an object whose status is neither true nor OK. A result of null is
// what methods without a result have.
func (m Message) Refused() bool { return refused(m.Result) }

// JobText returns the JSON text of the job in the message's result: its member job, or the
// result itself. It is nil where there is none.
func (m Message) JobText() json.RawMessage { return jobIn(m.Result) }

// refused reports whether a result says no without an error: it is missing or false, or an
// object whose status is neither true nor OK. One of null is what methods without a
// result have.
func refused(result json.RawMessage) bool {
	var v any
	if len(result) == 0 || json.Unmarshal(result, &v) != nil {
		return true
	}
	if text, ok := v.(string); ok {
		return strings.EqualFold(text, "false")
	}
	if v == false {
		return true
	}
	switch status := statusOf(result).(type) {
	case bool:
		return !status
	case string:
		return !isFine(status)
	}
	return false
}

// jobIn is the job in a result: under that name, or the result itself. It is nil where
// there is none.
func jobIn(result json.RawMessage) json.RawMessage {
	var wrapped struct {
		Job   json.RawMessage `json:"job"`
		JobID json.RawMessage `json:"job_id"`
	}
	switch {
	case len(result) == 0 || json.Unmarshal(result, &wrapped) != nil:
		return nil
	case len(wrapped.Job) > 0 && wrapped.Job[0] == '{':
		return wrapped.Job
	case len(wrapped.JobID) > 0:
		return result
	}
	return nil
}
