package node

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
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

// openAPI is the description as JSON, which has no anchors and no dialects.
var openAPI = sync.OnceValues(func() ([]byte, error) {
	var doc any
	if err := yaml.Unmarshal(openAPIText, &doc); err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	return json.MarshalIndent(doc, "", " ")
})

// apiPage is what it takes to list the routes.
var apiPage = template.Must(template.New("api").Parse(`<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>{{.Info.Title}}: API</title>
<style>body{font:16px sans-serif;max-width:60em;margin:2em auto;padding:0 1em}dt{margin-top:.8em}code{font-size:1.05em}</style>
<h1>{{.Info.Title}}: API</h1>
<p style="white-space:pre-line">{{.Info.Description}}</p>
<p>Requests and answers are described in <a href="openapi.json">openapi.json</a>, which tools for OpenAPI 3.1 read.</p>
<dl>{{range $path, $methods := .Paths}}{{range $method, $op := $methods}}
<dt><code>{{$method}} {{$path}}</code><dd>{{$op.Summary}}.{{with $op.Description}} {{.}}{{end}}{{end}}{{end}}
</dl></html>
`))

func registerOpenAPI(r *mux.Router) {
	r.Path(OpenAPIRoute).Methods(http.MethodGet, http.MethodHead).HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		raw, err := openAPI()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = w.Write(raw) // The client went away; nobody is left to tell.
	})
	r.Path(APIRoute).Methods(http.MethodGet, http.MethodHead).HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		var doc struct {
			Info  struct{ Title, Description string }
			Paths map[string]map[string]struct{ Summary, Description string }
		}
		raw, err := openAPI()
		if err == nil {
			err = json.Unmarshal(raw, &doc)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = apiPage.Execute(w, doc) // As above.
	})
}
