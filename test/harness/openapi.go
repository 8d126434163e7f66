package harness

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// Described is a node with the description, in OpenAPI, that it serves of itself.
type Described struct {
	Node *testnet.Node
	// Doc is the description as encoding/json reads it.
	Doc map[string]any
	// Called has each path that answered with what it is there for.
	Called map[string]bool
	// Raw is the last answer.
	Raw []byte

	t        *testing.T
	compiler *jsonschema.Compiler
}

// NewDescribed reads the description of a node.
func NewDescribed(t *testing.T, n *testnet.Node) *Described {
	t.Helper()
	resp, err := http.Get(n.URL + node.OpenAPIRoute)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	doc, err := jsonschema.UnmarshalJSON(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	d := &Described{t: t, Node: n, Doc: doc.(map[string]any), compiler: jsonschema.NewCompiler(), Called: make(map[string]bool)}
	d.compiler.AssertFormat()
	if err := d.compiler.AddResource("openapi.json", doc); err != nil {
		t.Fatal(err)
	}
	return d
}

// check holds a JSON text to a schema of the description, named by its place.
func (d *Described) check(what string, text []byte, place ...string) {
	d.t.Helper()
	schema, err := d.compiler.Compile("openapi.json#/" + d.resolve(append([]string{"paths"}, place...)) + "/content/application~1json/schema")
	if err != nil {
		d.t.Errorf("%s: %v", what, err)
		return
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err == nil {
		err = schema.Validate(v)
	}
	if err != nil {
		d.t.Errorf("%s is not as described: %v:\n%.600s", what, err, text)
	}
}

// resolve is a place in the description as a JSON pointer, or where the reference there
// leads.
func (d *Described) resolve(place []string) string {
	at := d.Doc
	for i, p := range place {
		at, _ = at[p].(map[string]any)
		place[i] = strings.ReplaceAll(p, "/", "~1")
	}
	if ref, ok := at["$ref"].(string); ok {
		return strings.TrimPrefix(ref, "#/")
	}
	return strings.Join(place, "/")
}

// Get makes a call by GET, with a query or without, and holds its answer to the description.
func (d *Described) Get(route string, status int) json.RawMessage {
	d.t.Helper()
	resp, err := http.Get(d.Node.URL + route)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	if d.Raw, err = io.ReadAll(resp.Body); err != nil {
		d.t.Fatal(err)
	}
	path, _, _ := strings.Cut(route, "?")
	if strings.HasPrefix(path, node.OwnerStatsPrefix) {
		path = node.OwnerStatsPrefix + "{address}"
	}
	if resp.StatusCode != status {
		d.t.Errorf("%s: %d, expected %d: %.300s", route, resp.StatusCode, status, d.Raw)
	}
	d.check("the answer to "+route, d.Raw, path, "get", "responses", fmt.Sprint(resp.StatusCode))
	d.Called[path] = d.Called[path] || status == http.StatusOK
	return d.Raw
}

// Snapshot opens the stream of events, and holds what it begins with to the description of
// the routes that have the same figures.
func (d *Described) Snapshot() {
	d.t.Helper()
	resp, err := http.Get(d.Node.URL + node.EventsRoute)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	event := ""
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "data: ") {
		event = strings.TrimPrefix(lines.Text(), "event: ")
	}
	var first struct{ Status, Rigs, Blocks json.RawMessage }
	if err := json.Unmarshal([]byte(strings.TrimPrefix(lines.Text(), "data: ")), &first); err != nil || event != "snapshot" {
		d.t.Errorf("the stream begins with %q, %v: %.300s", event, err, lines.Text())
		return
	}
	const now = "2026-01-03T14:03:11Z"
	for route, text := range map[string]string{
		node.StatusRoute:      string(first.Status),
		node.StatsRigsRoute:   fmt.Sprintf(`{"at":%q,"from":%q,"step_seconds":1800,"rigs":%s}`, now, now, first.Rigs),
		node.StatsBlocksRoute: fmt.Sprintf(`{"total":1,"blocks":%s}`, first.Blocks),
	} {
		d.check("the snapshot's part of "+route, []byte(text), route, "get", "responses", "200")
	}
}

// Call makes a call, holds its answer to the description, and its request too where
// it is meant to succeed. It returns the answer's data.
func (d *Described) Call(route, request string, good bool) (data json.RawMessage) {
	d.t.Helper()
	resp, err := http.Post(d.Node.URL+route, "application/json", strings.NewReader(request))
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	what := fmt.Sprintf("%s %.80s", route, request)
	path := route
	if strings.HasPrefix(route, "/wallet/") {
		path = "/wallet/{name}"
	}
	d.check("the answer to "+what, raw, path, "post", "responses", fmt.Sprint(resp.StatusCode))
	var a struct {
		Status string
		Data   json.RawMessage
		Result json.RawMessage
	}
	if d.Raw = raw; route != "/" && !strings.HasPrefix(route, "/wallet/") {
		if err := json.Unmarshal(raw, &a); err != nil || (a.Status == "success") != good {
			d.t.Errorf("%s: expected success %v: %.300s", what, good, raw)
		}
	}
	if good {
		d.Called[path] = true
		if request != "" {
			d.check("the request "+what, []byte(request), path, "post", "requestBody")
		}
	}
	return a.Data
}
