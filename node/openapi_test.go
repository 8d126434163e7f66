package node

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/gorilla/mux"
)

// TestOpenAPI holds the description to the router: what is served is in it, and the
// other way round.
func TestOpenAPI(t *testing.T) {
	n := &Node{metrics: newMetrics(), solonet: &solonet{tools: true}}
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
		methods, _ := r.GetMethods() // Its error says that any will do.
		switch {
		case !strings.HasSuffix(pattern, "$"): // A prefix: the stock node's.
		case path == "/" && slices.Contains(methods, http.MethodGet): // To the dashboard.
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
	for path, want := range map[string]string{APIRoute: "/explain-template</code>", OpenAPIRoute: `"openapi": "3.1.0"`} {
		w := httptest.NewRecorder()
		router.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) || strings.Contains(w.Body.String(), "src=") {
			t.Errorf("%s: %d, expected %s in\n%.500s", path, w.Code, want, w.Body)
		}
	}
}
