package input_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/gbt/input"
	"github.com/bytom-solo/bytom-solo/gbt/wire"
)

type inner struct {
	Height *wire.Number `json:"height"`
	Deep   *int         `json:"deep"`
}

type thing struct {
	On      *bool    `json:"is_mining"`
	Threads *int     `json:"threads,omitempty"`
	Name    string   `json:"name"`
	List    []string `json:"list"`
	Days    float64
	Height  uint64       `json:"height"`
	Number  *wire.Number `json:"number"`
	Hash    bc.Hash      `json:"hash"`
	Inner   *inner       `json:"inner"`
}

func TestObject(t *testing.T) {
	on, threads, deep := true, -4, 5
	for body, want := range map[string]thing{
		`{}`: {}, ` null `: {}, `{"is_mining":null,"inner":null,"list":null}`: {},
		`{"is_mining":true,"threads":-4,"name":"x","list":["a","b"],"days":1.5,"height":18446744073709551615}`: {
			On: &on, Threads: &threads, Name: "x", List: []string{"a", "b"}, Days: 1.5, Height: 1<<64 - 1,
		},
		`{"IS_MINING":true,"Name":"y"}`:          {On: &on, Name: "y"},
		`{"number":"7","inner":{"deep":5}}`:      {Number: wire.NewNumber(7), Inner: &inner{Deep: &deep}},
		`{"inner":{"deep":5,"deeper":6}}`:        {Inner: &inner{Deep: &deep}}, // What is within is its reader's.
		`{"maxversion":2,"name":"z","target":0}`: {Name: "z"},
	} {
		var got thing
		if err := input.Object(strings.NewReader(body), &got, "maxversion", "target"); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v, expected %+v", body, got, err, want)
		}
	}
}

func TestErrorsNameFieldValueAndWhatWasExpected(t *testing.T) {
	for body, want := range map[string][]string{
		``:                                 {"empty", "object"},
		"\n":                               {"empty", "object"},
		`[]`:                               {"array", "an object"},
		`5`:                                {"number", "an object"},
		`{"threads":1} x`:                  {"not JSON"},
		`{"threads":1}{}`:                  {"not JSON"},
		`{"threads"`:                       {"not JSON"},
		`{"is_mining":"yes"}`:              {"is_mining", `"yes"`, "true or false"},
		`{"is_mining":1}`:                  {"is_mining", "1", "true or false"},
		`{"threads":"4"}`:                  {"threads", `"4"`, "a whole number"},
		`{"threads":1.5}`:                  {"threads", "1.5", "a whole number"},
		`{"threads":9223372036854775808}`:  {"threads", "9223372036854775808", "a whole number"},
		`{"threads":{}}`:                   {"threads", "{}", "a whole number"},
		`{"height":-1}`:                    {"height", "-1", "0 to 2^64-1"},
		`{"height":18446744073709551616}`:  {"height", "18446744073709551616", "0 to 2^64-1"},
		`{"name":5}`:                       {"name", "5", "a string"},
		`{"list":"a"}`:                     {"list", `"a"`, "a list of strings"},
		`{"list":[1]}`:                     {"list", "[1]", "a list of strings"},
		`{"days":"7"}`:                     {"days", `"7"`, "a number"},
		`{"hash":"zz"}`:                    {"hash", `"zz"`},
		`{"inner":5}`:                      {"inner", "number", "an object"},
		`{"inner":{"deep":"x"}}`:           {"inner.deep", `"x"`, "a whole number"},
		`{"is_minin":true}`:                {`"is_minin"`, `did you mean "is_mining"?`, "threads"},
		`{"thread":1,"is_mining":true}`:    {`"thread"`, `did you mean "threads"?`},
		`{"hight":1}`:                      {`"hight"`, `did you mean "height"?`},
		`{"zz":1,"aa":2}`:                  {`"aa"`},
		strings.Repeat(" ", 100) + `{"a":`: {"larger than 100 bytes"},
	} {
		var got thing
		err := input.Object(http.MaxBytesReader(httptest.NewRecorder(), http.NoBody, 0), &got)
		if !errors.Is(err, input.ErrEmpty) {
			t.Errorf("no body: %v", err)
		}
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		err = input.Object(http.MaxBytesReader(httptest.NewRecorder(), r.Body, 100), &got)
		if err == nil {
			t.Errorf("%.40s: no error, expected one that says %q", body, want)
			continue
		}
		for _, part := range want {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%.40s: %v, expected an error that says %q", body, err, part)
			}
		}
	}
}

// TestUnknownFieldsSpareTheRest reads an object whose reader may go on.
func TestUnknownFieldsSpareTheRest(t *testing.T) {
	var got thing
	err := input.Object(strings.NewReader(`{"aaa":1,"name":"x","worker":"w"}`), &got)
	var unknown *input.Unknown
	if !errors.As(err, &unknown) || len(unknown.Names) != 2 || got.Name != "x" {
		t.Errorf("%v, %+v", err, got)
	}
	var none struct{}
	if err := input.Object(strings.NewReader(`{"a":1}`), &none); err == nil || !strings.Contains(err.Error(), "there are none") {
		t.Errorf("an object without fields: %v", err)
	}
}

func TestValue(t *testing.T) {
	var n int
	if err := input.Value([]byte("7"), &n); err != nil || n != 7 {
		t.Errorf("%d, %v", n, err)
	}
	if err := input.Value([]byte(`"7"`), &n); err == nil || err.Error() != `value "7": expected a whole number of 64 bits` {
		t.Error(err)
	}
	var o thing
	if err := input.Value([]byte(`{"name":"x"}`), &o); err != nil || o.Name != "x" {
		t.Errorf("%+v, %v", o, err)
	}
}
