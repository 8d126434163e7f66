package node

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/gorilla/mux"
	"go.yaml.in/yaml/v3"
)

// The description of our routes: for people, and for programs.
const (
	APIRoute     = "/mining/api/"
	OpenAPIRoute = APIRoute + "openapi.json"
)

//go:embed openapi.yaml
var openAPIText []byte

// openAPIExamples has by path a request and an answer, of a real node.
//
//go:embed openapi_examples.json
var openAPIExamples []byte

// openAPI is the description as JSON, which has no anchors and no dialects, with the
// examples in their places.
var openAPI = sync.OnceValues(func() ([]byte, error) {
	var doc any
	if err := yaml.Unmarshal(openAPIText, &doc); err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	var examples map[string]struct{ Request, Answer json.RawMessage }
	if err := json.Unmarshal(openAPIExamples, &examples); err != nil {
		return nil, fmt.Errorf("openapi_examples.json: %w", err)
	}
	for path, e := range examples {
		post := member(doc, "paths", path, "post")
		if post == nil {
			post = member(doc, "paths", path, "get")
		}
		if media := member(post, "requestBody", "content", "application/json"); media != nil && e.Request != nil {
			media["example"] = e.Request
		}
		if media := member(post, "responses", "200", "content", "application/json"); media != nil && e.Answer != nil {
			media["example"] = e.Answer
		}
	}
	return json.MarshalIndent(doc, "", " ")
})

// member finds an object in others; nil is none.
func member(v any, names ...string) map[string]any {
	object, _ := v.(map[string]any)
	for _, name := range names {
		object, _ = object[name].(map[string]any)
	}
	return object
}

// apiDoc is what the page about the routes takes from their description.
type apiDoc struct {
	Info  struct{ Title, Description string }
	Tags  []struct{ Name, Description string }
	Paths map[string]map[string]operation
}

// operation is one route's.
type operation struct {
	Summary, Description string
	Tags                 []string
	RequestBody          *struct {
		Required bool
		Content  map[string]struct{ Example json.RawMessage }
	}
	Responses map[string]struct {
		Content map[string]struct{ Example json.RawMessage }
	}
}

// openAPIDoc is the description, read.
var openAPIDoc = sync.OnceValues(func() (doc apiDoc, err error) {
	raw, err := openAPI()
	if err != nil {
		return doc, err
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return doc, fmt.Errorf("read the description of the routes: %w", err)
	}
	return doc, nil
})

func registerOpenAPI(r *mux.Router) {
	r.Path(OpenAPIRoute).Methods(http.MethodGet, http.MethodHead).HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		raw, err := openAPI()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = w.Write(raw) // The client went away; nobody is left to answer.
	})
	for _, route := range []string{APIRoute, strings.TrimSuffix(APIRoute, "/")} {
		r.Path(route).Methods(http.MethodGet, http.MethodHead).HandlerFunc(serveAPIPage)
	}
}
