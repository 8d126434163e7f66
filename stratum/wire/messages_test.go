package wire

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestParseRequest(t *testing.T) {
	for _, c := range []struct{ line, method, id, err string }{
		{`{"method":"login","params":{},"id":1}`, "login", `1`, ""},
		{`{"METHOD":"login","Params":{},"Id":"a.b"}`, "login", `"a.b"`, ""},
		{`{"method":"submit","id":null,"worker":"x","jsonrpc":2}`, "submit", `null`, ""},
		{`{"method":"submit"}`, "submit", ``, ""},
		{`{"method":"submit","id":1.50}`, "submit", `1.50`, ""},
		{`{"method":7,"id":9}`, "", `9`, "method is \"7\", expected a string"},
		{`{"id":9}`, "", `9`, "method is missing"},
		{`GET / HTTP/1.1`, "", ``, "not a JSON object"},
		{`["login"]`, "", ``, "not a JSON object"},
		{`{"method":"login"`, "", ``, "not a JSON object"},
	} {
		r, err := ParseRequest([]byte(c.line))
		if r.Method != c.method || string(r.ID) != c.id || !says(err, c.err) {
			t.Errorf("%s: %q, id %q, %v", c.line, r.Method, r.ID, err)
		}
	}
}

// says reports whether an error has a text; "" is no error.
func says(err error, text string) bool {
	if err == nil || text == "" {
		return err == nil && text == ""
	}
	return strings.Contains(err.Error(), text)
}

func TestLoginParams(t *testing.T) {
	for _, c := range []struct {
		text string
		want LoginParams
		err  string
	}{
		{`{"login":"bm1q.rig1","pass":"x","agent":"bmminer/2.0.0"}`, LoginParams{Login: "bm1q.rig1", Pass: "x", Agent: "bmminer/2.0.0"}, ""},
		{`{"Login":"a","PASS":"b"}`, LoginParams{Login: "a", Pass: "b"}, ""},
		{`["a","b","c"]`, LoginParams{Login: "a", Pass: "b", Agent: "c"}, ""},
		{`["a"]`, LoginParams{Login: "a"}, ""},
		{`{"login":"a","pass":123,"agent":null}`, LoginParams{Login: "a"}, ""},
		{`{"login":"a","algo":["cn/1","rx/0"]}`, LoginParams{Login: "a", Algo: []string{"cn/1", "rx/0"}}, ""},
		{`{"login":"a","algo":["cn/1",5]}`, LoginParams{Login: "a"}, ""},
		{`{"login":5}`, LoginParams{}, `params.login is "5", expected a name`},
		{`{"pass":"x"}`, LoginParams{}, `params.login is missing`},
		{`[]`, LoginParams{}, `params.login is missing`},
		{`"a"`, LoginParams{}, `expected an object`},
	} {
		var p LoginParams
		if err := json.Unmarshal([]byte(c.text), &p); !says(err, c.err) || err == nil && !reflect.DeepEqual(p, c.want) {
			t.Errorf("%s: %+v, %v", c.text, p, err)
		}
	}
}

func TestSubmitParams(t *testing.T) {
	for _, c := range []struct {
		text string
		want SubmitParams
		err  string
	}{
		{`{"id":"a.b","job_id":"171567","nonce":"0000783700000039"}`, SubmitParams{"a.b", "171567", "0000783700000039"}, ""},
		{`{"id":4,"job_id":171567,"nonce":"39","result":"ff"}`, SubmitParams{"", "171567", "39"}, ""},
		{`{"ID":"x","Job_Id":"1","Nonce":"0XAB"}`, SubmitParams{"x", "1", "0XAB"}, ""},
		{`{"job_id":null,"nonce":"1"}`, SubmitParams{}, `params.job_id is "null", expected a string`},
		{`{"nonce":"1"}`, SubmitParams{}, `params.job_id is missing`},
		{`{"job_id":"1"}`, SubmitParams{}, `params.nonce is missing`},
		{`{"job_id":"1","nonce":12}`, SubmitParams{}, `params.nonce is "12", expected`},
		{`["1","2"]`, SubmitParams{}, `expected an object`},
	} {
		var p SubmitParams
		if err := json.Unmarshal([]byte(c.text), &p); !says(err, c.err) || err == nil && p != c.want {
			t.Errorf("%s: %+v, %v", c.text, p, err)
		}
	}
}

func TestErrorsOfOtherServers(t *testing.T) {
	for text, want := range map[string]Error{
		`{"code":23,"message":"Low difficulty share"}`: {23, "Low difficulty share"},
		`[21,"Job not found",null]`:                    {21, "Job not found"},
		`"no"`:                                         {0, "no"},
		`{"code":"x"}`:                                 {0, `"{\"code\":\"x\"}"`},
		`24`:                                           {24, `"24"`},
	} {
		m, err := ParseMessage([]byte(`{"id":1,"result":null,"error":` + text + `}`))
		if err != nil || m.Error == nil || *m.Error != want || m.OK() {
			t.Errorf("%s: %+v, %v", text, m.Error, err)
		}
	}
	for text, want := range map[string]bool{`true`: true, `false`: false, `{"status":"OK"}`: true, `null`: false, `{"status":"no"}`: false} {
		if m, err := ParseMessage([]byte(`{"id":1,"result":` + text + `,"error":null}`)); err != nil || m.OK() != want {
			t.Errorf("result %s: OK is %v, %v", text, m.OK(), err)
		}
	}
}

func TestRefusalOnTheWire(t *testing.T) {
	text, err := json.Marshal(Response{ID: []byte(`"a.b"`), Error: &Error{CodeLow, "Low difficulty share"}})
	want := `{"id":"a.b","jsonrpc":"2.0","result":null,"error":{"code":23,"message":"Low difficulty share"}}`
	if err != nil || string(text) != want {
		t.Errorf("%s, %v", text, err)
	}
	if text, err = json.Marshal(Response{}); err != nil || string(text) != `{"id":null,"jsonrpc":"2.0","result":null,"error":null}` {
		t.Errorf("without an id: %s, %v", text, err)
	}
}
