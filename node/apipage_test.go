package node

import (
	"crypto/tls"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
)

// TestPageRoutes: what the page shows of a route can be copied to a shell and be called.
func TestPageRoutes(t *testing.T) {
	op := func(text string) (op operation) {
		t.Helper()
		if err := json.Unmarshal([]byte(text), &op); err != nil {
			t.Fatal(err)
		}
		return op
	}
	const asked = `"requestBody":{"content":{"application/json":{"example":{"a": "it's", "b": 1}}}}`
	const answered = `"responses":{"200":{"content":{"application/json":{"example":[5, 6]}}}}`
	for _, c := range []struct{ method, path, op, request, answer, curl string }{
		{"get", "/a", `{}`, "", "", "curl http://h:1/a"},
		{"get", "/profiles/{name}", `{` + answered + `}`, "", "[\n  5,\n  6\n]", "curl http://h:1/profiles/main"},
		{"post", "/a", `{` + answered + `}`, "", "[\n  5,\n  6\n]", "curl -X POST http://h:1/a"},
		{"post", "/a", `{` + asked + `}`, "{\n  \"a\": \"it's\",\n  \"b\": 1\n}", "", `curl -d '{"a":"it'\''s","b":1}' http://h:1/a`},
		{"post", "/a", `{"requestBody":{}}`, "", "", "curl -d '{}' http://h:1/a"},
	} {
		got := newPageRoute("http://h:1", c.path, c.method, op(c.op))
		if got.Request != c.request || got.Answer != c.answer || got.Curl != c.curl {
			t.Errorf("%s %s of %s: %+v", c.method, c.path, c.op, got)
		}
	}
}

// TestPageIsOfItsReader: the commands call the node by the name and the scheme that the
// page was read by, and each route stands under its tag.
func TestPageIsOfItsReader(t *testing.T) {
	doc := apiDoc{Paths: map[string]map[string]operation{
		"/b": {"get": {Tags: []string{"B"}}}, "/a": {"post": {Tags: []string{"A", "B"}}, "get": {Tags: []string{"B"}}},
	}}
	for _, name := range []string{"A", "B", "C"} {
		doc.Tags = append(doc.Tags, struct{ Name, Description string }{Name: name})
	}
	for _, c := range []struct {
		tls  *tls.ConnectionState
		base string
	}{{nil, "http://miner.lan:9888"}, {&tls.ConnectionState{}, "https://miner.lan:9888"}} {
		r := httptest.NewRequest(http.MethodGet, APIRoute, nil)
		r.Host, r.TLS = "miner.lan:9888", c.tls
		var got []string
		for _, g := range pageGroups(doc, r) {
			got = append(got, g.Name)
			for _, route := range g.Routes {
				got = append(got, route.Curl)
			}
		}
		want := []string{"A", "curl -X POST " + c.base + "/a", "B", "curl " + c.base + "/a", "curl -X POST " + c.base + "/a", "curl " + c.base + "/b", "C"}
		if !slices.Equal(got, want) {
			t.Errorf("the page shows %q, expected %q", got, want)
		}
	}
}

func TestAnchor(t *testing.T) {
	for name, want := range map[string]string{
		"azAZ09": "azAZ09", "a`b{c@d[e/f:g": "a-b-c-d-e-f-g", "get/mining/api/": "get-mining-api", "Blöcke": "Bl-cke",
	} {
		if got := anchor(name); got != want {
			t.Errorf("%q is %q, expected %q", name, got, want)
		}
	}
}
