package gbt

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/bytom-solo/bytom-solo/gbt/wire"
)

// rpcMethod is one of JSON-RPC's methods.
type rpcMethod struct {
	name, about string
	params      []rpcParam
	call        func(context.Context, rpcArgs) (any, error)
}

// rpcParam is a parameter of a method.
type rpcParam struct {
	// name is its name, and behind bars the others that Bitcoin's tools use.
	name string
	kind rpcKind
	// required has it given, and not as null.
	required bool
	about    string
}

// rpcKind is what a parameter must be in JSON.
type rpcKind string

const (
	rpcText   rpcKind = "string"
	rpcNumber rpcKind = "number" // or a decimal string
	rpcObject rpcKind = "object"
	rpcAny    rpcKind = "value"
)

// addMethods takes methods up.
func (h *Handler) addMethods(list []*rpcMethod) {
	if h.methods == nil {
		h.methods = make(map[string]*rpcMethod)
	}
	for _, m := range list {
		h.methods[m.name] = m
	}
}

// usage is a method's call, in the form of Bitcoin's help.
func (m *rpcMethod) usage() string {
	var b strings.Builder
	b.WriteString(m.name)
	for _, p := range m.params {
		text := p.first()
		switch p.kind {
		case rpcText:
			text = `"` + text + `"`
		case rpcObject:
			text = "{" + text + "}"
		}
		if !p.required {
			text = "( " + text + " )"
		}
		b.WriteString(" " + text)
	}
	return b.String()
}

// help is a page about a method.
func (m *rpcMethod) help() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n%s\n", m.usage(), m.about)
	for i, p := range m.params {
		need := "optional"
		if p.required {
			need = "required"
		}
		if i == 0 {
			b.WriteString("\nArguments:\n")
		}
		fmt.Fprintf(&b, "%d. %s (%s, %s) %s\n", i+1, p.first(), p.kind, need, p.about)
	}
	return b.String()
}

func (p rpcParam) first() string {
	name, _, _ := strings.Cut(p.name, "|")
	return name
}

// read puts the arguments of a call, which are in an array or an object, in order, and
// checks their kinds.
func (m *rpcMethod) read(raw json.RawMessage) (args rpcArgs, err error) {
	args = rpcArgs{m, make([]json.RawMessage, len(m.params))}
	switch raw = bytes.TrimSpace(raw); {
	case len(raw) == 0 || raw[0] == 'n': // null
	case raw[0] == '[':
		err = args.fill(raw)
	case raw[0] == '{':
		err = args.name(raw)
	default:
		err = fault(rpcInvalidRequest, "params: value %.40s: expected an array or an object", raw)
	}
	if err != nil {
		return args, err
	}
	for i, p := range m.params {
		if err := p.check(args.values[i]); err != nil {
			if p.required && !args.given(i) {
				err = fault(rpcMisc, "%w\n\n%s", err, m.help())
			}
			return args, err
		}
	}
	return args, nil
}

func (p rpcParam) check(raw json.RawMessage) error {
	kind := kindOf(raw)
	switch {
	case kind == "null" && p.required:
		return fault(rpcType, "parameter %s: missing, expected a JSON %s: %s", p.first(), p.kind, p.about)
	case kind == "null", p.kind == rpcAny, kind == string(p.kind), p.kind == rpcNumber && kind == "string":
		return nil
	}
	return fault(rpcType, "parameter %s: value %.40s: found a JSON %s, expected a JSON %s", p.first(), raw, kind, p.kind)
}

// kindOf is JSON's word for a value; one that is not there is null.
func kindOf(raw json.RawMessage) string {
	if len(raw) == 0 {
		return "null"
	}
	switch raw[0] {
	case 'n':
		return "null"
	case '"':
		return "string"
	case '{':
		return "object"
	case '[':
		return "array"
	case 't', 'f':
		return "boolean"
	}
	return "number"
}

// rpcArgs are a call's arguments, one for each of the method's parameters.
type rpcArgs struct {
	method *rpcMethod
	values []json.RawMessage
}

// fill takes arguments in order.
func (a rpcArgs) fill(raw json.RawMessage) error {
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		return fault(rpcInvalidRequest, "params: %w", err)
	}
	if len(list) > len(a.values) {
		return fault(rpcMisc, "%s: %d arguments, expected at most %d\n\n%s", a.method.name, len(list), len(a.values), a.method.help())
	}
	copy(a.values, list)
	return nil
}

// name takes arguments by their names. Those under args are in order: bitcoin-cli -named
// puts there what was given without a name.
func (a rpcArgs) name(raw json.RawMessage) error {
	var named map[string]json.RawMessage
	if err := json.Unmarshal(raw, &named); err != nil {
		return fault(rpcInvalidRequest, "params: %w", err)
	}
	if list, ok := named["args"]; ok {
		delete(named, "args")
		if kind := kindOf(list); kind != "array" {
			return fault(rpcParameter, "parameter args: found a JSON %s, expected an array of the arguments without a name", kind)
		}
		if err := a.fill(list); err != nil {
			return err
		}
	}
	names := make([]string, 0, len(named))
	for name := range named {
		names = append(names, name)
	}
	slices.Sort(names) // The first error is the same each time.
	for _, name := range names {
		i := slices.IndexFunc(a.method.params, func(p rpcParam) bool { return slices.Contains(strings.Split(p.name, "|"), name) })
		if i < 0 {
			return fault(rpcParameter, "Unknown named parameter %.40s: expected: %s", name, a.method.usage())
		}
		if a.given(i) {
			return fault(rpcParameter, "parameter %s: given twice", a.method.params[i].first())
		}
		a.values[i] = named[name]
	}
	return nil
}

// given reports whether an argument is there, and not null.
func (a rpcArgs) given(i int) bool { return kindOf(a.values[i]) != "null" }

// number is a whole number; def where it is not given.
func (a rpcArgs) number(i int, def int64) (int64, error) {
	if !a.given(i) {
		return def, nil
	}
	var n wire.Number
	_ = n.UnmarshalJSON(a.values[i]) // It takes anything.
	name := a.method.params[i].first()
	v, err := n.Signed(name, def)
	if err != nil {
		return 0, fault(rpcParameter, "parameter %s: value %.40s: expected a whole number of 64 bits, or one as a string", name, a.values[i])
	}
	return v, nil
}

// text is a string; nil where it is not given.
func (a rpcArgs) text(i int) *string {
	var s *string
	if a.given(i) {
		_ = json.Unmarshal(a.values[i], &s) // Its kind was checked.
	}
	return s
}

// object reads an object; what is not given stays as it is.
func (a rpcArgs) object(i int, into any) error {
	if !a.given(i) {
		return nil
	}
	if err := decode(bytes.NewReader(a.values[i]), into); err != nil {
		return fault(rpcType, "parameter %s: %w", a.method.params[i].first(), err)
	}
	return nil
}
