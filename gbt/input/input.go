// Package input decodes the JSON of requests. Its errors are for the callers: they name the
// field, the value and what was expected, in JSON's terms.
package input

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Unknown is the error about fields of an object that its reader does not know. A reader
// may ignore it.
type Unknown struct {
	// Names are the unknown fields', sorted; Known are the fields that there are.
	Names, Known []string
}

// Error names the first of them, and the known one that looks most like it.
func (u *Unknown) Error() string {
	name := u.Names[0]
	if len(u.Known) == 0 {
		return fmt.Sprintf("field %.60q is unknown: there are none", name)
	}
	return fmt.Sprintf("field %.60q is unknown: did you mean %q? The fields are %s", name, Nearest(name, u.Known), strings.Join(u.Known, ", "))
}

// ErrEmpty is the error of no body at all.
var ErrEmpty = errors.New("the body is empty, expected a JSON object")

// Object reads one JSON object into a struct, as encoding/json does, but field by field.
// null is an object without fields. Where all is well but for fields that v lacks and
// that are not among the ignored ones, v is complete and the error is an *Unknown.
func Object(r io.Reader, v any, ignored ...string) error {
	raw, err := io.ReadAll(r)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return fmt.Errorf("the body is larger than %d bytes", tooLarge.Limit)
	case err != nil:
		return fmt.Errorf("the body can't be read: %w", err)
	case len(bytes.TrimSpace(raw)) == 0:
		return ErrEmpty
	}
	return object("", raw, reflect.ValueOf(v).Elem(), ignored)
}

// Value reads one JSON value.
func Value(raw []byte, v any) error {
	target := reflect.ValueOf(v).Elem()
	if isObject(target) {
		return object("", raw, target, nil)
	}
	return value("", raw, target)
}

// object reads an object into a struct. prefix is what stands before its fields' names.
func object(prefix string, raw []byte, into reflect.Value, ignored []string) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
			what := "the body"
			if prefix != "" {
				what = "field " + strings.TrimSuffix(prefix, ".")
			}
			return fmt.Errorf("%s is a JSON %s, expected an object", what, wrong.Value)
		}
		return fmt.Errorf("the body is not JSON: %w", err)
	}
	known := names(into.Type())
	var unknown []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		i := slices.IndexFunc(known, func(k string) bool { return strings.EqualFold(k, name) })
		if i < 0 {
			if !slices.Contains(ignored, name) {
				unknown = append(unknown, prefix+name)
			}
			continue
		}
		err := value(prefix+known[i], fields[name], into.Field(i))
		if more := (*Unknown)(nil); errors.As(err, &more) {
			continue // What is within is for whoever wants it: headers come with more.
		} else if err != nil {
			return err
		}
	}
	if unknown != nil {
		return &Unknown{Names: unknown, Known: known}
	}
	return nil
}

// value reads the value of a field.
func value(field string, raw []byte, into reflect.Value) error {
	if string(raw) != "null" && isObject(into) {
		if into.Kind() == reflect.Pointer {
			into.Set(reflect.New(into.Type().Elem()))
			into = into.Elem()
		}
		return object(field+".", raw, into, nil)
	}
	if err := json.Unmarshal(raw, into.Addr().Interface()); err != nil {
		return fmt.Errorf("%svalue %.60s: expected %s", place(field), raw, expected(into.Type(), err))
	}
	return nil
}

func place(field string) string {
	if field == "" {
		return ""
	}
	return "field " + field + ": "
}

// isObject reports whether a value is a struct of fields, and does not read itself.
func isObject(v reflect.Value) bool {
	t := v.Type()
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	p := reflect.PointerTo(t)
	return t.Kind() == reflect.Struct && !p.Implements(reflect.TypeFor[json.Unmarshaler]()) && !p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// names are those of a struct's fields in JSON, in the struct's order.
func names(t reflect.Type) []string {
	list := make([]string, t.NumField())
	for i := range list {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name == "" {
			name = strings.ToLower(t.Field(i).Name)
		}
		list[i] = name
	}
	return list
}

// expected is what a type takes.
func expected(t reflect.Type, err error) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a string"
	case reflect.Int, reflect.Int64:
		return "a whole number of 64 bits"
	case reflect.Uint64:
		return "a whole number from 0 to 2^64-1"
	case reflect.Float64:
		return "a number"
	case reflect.Slice:
		return "a list of " + strings.TrimPrefix(strings.TrimPrefix(expected(t.Elem(), err), "a "), "an ") + "s"
	}
	return fmt.Sprintf("something else: %v", err)
}

// Nearest is the name in a list that is the fewest edits away from a name, of which the
// first 100 bytes count.
// The list must not be empty.
func Nearest(name string, known []string) string {
	name = name[:min(len(name), 100)] // A caller's name may be as long as a request.
	return slices.MinFunc(known, func(a, b string) int {
		return levenshtein.ComputeDistance(name, a) - levenshtein.ComputeDistance(name, b)
	})
}
