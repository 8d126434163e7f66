package node

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gorilla/mux"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// TestOpenAPI holds the description to the router: what is served is in it, and the
// other way round.
func TestOpenAPI(t *testing.T) {
	n := &Node{station: station{config: NewConfig(), metrics: newMetrics()}, solonet: &solonet{tools: true}}
	router := newRouter(nil, nil, n.routes()...)
	var served []string
	err := router.Walk(func(r *mux.Route, _ *mux.Router, _ []*mux.Route) error {
		path, err := r.GetPathTemplate()
		if err != nil {
			return err
		}
		pattern, err := r.GetPathRegexp()
		if err != nil {
			return err
		}
		path = strings.Replace(path, ":.*}", "}", 1) // A pattern, of which OpenAPI knows none.
		methods, _ := r.GetMethods()                 // Its error says that any will do.
		switch {
		case !strings.HasSuffix(pattern, "$"): // A prefix: the stock node's.
		case path == "/" && slices.Contains(methods, http.MethodGet): // To the dashboard.
		case strings.HasPrefix(path+"/", PageRoute) && !strings.HasPrefix(path+"/", APIRoute): // The page for people.
		case path == APIRoute: // The same page with a slash, which tools warn of.
		case path == MetricsRoute || slices.Contains(methods, http.MethodGet):
			served = append(served, "get "+path)
		default:
			served = append(served, "post "+path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := openAPI()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]map[string]any
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	var described []string
	for path, methods := range doc.Paths {
		for method := range methods {
			described = append(described, method+" "+path)
		}
	}
	for _, s := range served {
		if !slices.Contains(described, s) {
			t.Errorf("%s is served, but openapi.yaml does not describe it", s)
		}
	}
	for _, d := range described {
		if !slices.Contains(served, d) {
			t.Errorf("%s is described in openapi.yaml, but not served", d)
		}
	}
	for path, want := range map[string]string{APIRoute: "/explain-template</code>", "/mining/api": "/explain-template</code>", OpenAPIRoute: `"openapi": "3.1.0"`} {
		w := httptest.NewRecorder()
		router.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) || strings.Contains(w.Body.String(), "src=") {
			t.Errorf("%s: %d, expected %s in\n%.500s", path, w.Code, want, w.Body)
		}
	}
}

// TestExamplesAreInTheirPlaces has the description show each request and answer that there
// is an example of, and no empty ones.
func TestExamplesAreInTheirPlaces(t *testing.T) {
	var examples map[string]struct{ Request, Answer json.RawMessage }
	if err := json.Unmarshal(openAPIExamples, &examples); err != nil {
		t.Fatal(err)
	}
	doc, err := openAPIDoc()
	if err != nil {
		t.Fatal(err)
	}
	shown := func(raw json.RawMessage) string { return compact(raw) }
	for path, e := range examples {
		op, ok := doc.Paths[path]["post"]
		if strings.HasPrefix(path, statsPrefix) {
			op, ok = doc.Paths[path]["get"]
		}
		if !ok {
			t.Errorf("no %s", path)
			continue
		}
		if op.RequestBody != nil {
			if got := op.RequestBody.Content["application/json"].Example; shown(got) != shown(e.Request) || string(got) == "null" {
				t.Errorf("%s: the request is %s, expected %s", path, got, e.Request)
			}
		}
		if got := op.Responses["200"].Content["application/json"].Example; shown(got) != shown(e.Answer) || string(got) == "null" {
			t.Errorf("%s: the answer is %s, expected %s", path, got, e.Answer)
		}
	}
}

// openAPISchema is the OpenAPI Initiative's own schema of descriptions, from
// https://spec.openapis.org/oas/3.1/schema/2025-11-23 (Apache 2.0). It leaves the schemas
// in them open; ours are JSON Schema's latest.
const openAPISchema = `{
	"$ref": "https://spec.openapis.org/oas/3.1/schema/2025-11-23",
	"$defs": {"schema": {"$dynamicAnchor": "meta", "$ref": "https://json-schema.org/draft/2020-12/schema"}}
}`

// TestOpenAPIIsValid holds the description to the schema of such, and shows that this
// finds faults.
func TestOpenAPIIsValid(t *testing.T) {
	official, err := os.ReadFile("testdata/openapi-3.1.json")
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	for url, text := range map[string][]byte{"https://spec.openapis.org/oas/3.1/schema/2025-11-23": official, "file:///ours.json": []byte(openAPISchema)} {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err == nil {
			err = compiler.AddResource(url, doc)
		}
		if err != nil {
			t.Fatalf("%s: %v", url, err)
		}
	}
	schema, err := compiler.Compile("file:///ours.json")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := openAPI()
	if err != nil {
		t.Fatal(err)
	}
	validate := func(text []byte) error {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(doc); err != nil {
			return err
		}
		return refsResolve(doc, doc)
	}
	if err := validate(raw); err != nil {
		t.Error(err)
	}
	for good, bad := range map[string]string{
		`"openapi": "3.1.0"`: `"openapi": "3.0.0"`, `"title": "bytom-solo"`: `"titel": "bytom-solo"`, `"get": {`: `"got": {`,
		`"responses": {`: `"answers": {`, `"summary": "A header to solve"`: `"summary": 5`, `"type": "object"`: `"type": "objekt"`,
		`"required": true`: `"required": "yes"`, `"$ref": "#/components/schemas/Work"`: `"$ref": "#/components/schemas/Wrok"`,
	} {
		if !bytes.Contains(raw, []byte(good)) {
			t.Errorf("no %s in the description", good)
		}
		if validate(bytes.Replace(raw, []byte(good), []byte(bad), 1)) == nil {
			t.Errorf("%s in the stead of %s is not found", bad, good)
		}
	}
}

// refsResolve finds what the references of a document name.
func refsResolve(doc, v any) error {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			if err := refsResolve(doc, item); err != nil {
				return err
			}
		}
	case map[string]any:
		for key, item := range v {
			if ref, ok := item.(string); ok && key == "$ref" {
				at := doc
				for _, name := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
					inner, _ := at.(map[string]any)
					at = inner[name]
				}
				if at == nil {
					return fmt.Errorf("%s names nothing", ref)
				}
			}
			if err := refsResolve(doc, item); err != nil {
				return err
			}
		}
	}
	return nil
}
