package node

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/mux"

	"github.com/bytom/bytom/dashboard/dashboard"

	"github.com/bytom-solo/bytom-solo/web"
)

// PageRoute is the page that shows people what the node does.
const PageRoute = "/mining/"

// pagePolicy lets the page take nothing but its own files and figures, and nobody show it
// in a frame.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// pageTypes are the files' kinds by their endings: the system's own table may differ.
var pageTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
	".txt": "text/plain; charset=utf-8",
}

// pageFile is a file of the page, ready to be sent.
type pageFile struct {
	kind         string
	plain, small []byte // small is compressed
	tag          string // of the plain one
}

// pageFiles are those of the page by their names, compressed when one is first asked for.
var pageFiles = sync.OnceValues(func() (map[string]pageFile, error) {
	files := make(map[string]pageFile)
	bundle := web.Bundle()
	entries, err := fs.ReadDir(bundle, ".")
	if err != nil {
		return nil, fmt.Errorf("read the page: %w", err)
	}
	for _, entry := range entries {
		name := entry.Name()
		plain, err := fs.ReadFile(bundle, name)
		if err != nil {
			return nil, fmt.Errorf("read the page: %w", err)
		}
		if files[name], err = newPageFile(name, plain); err != nil {
			return nil, fmt.Errorf("compress %s: %w", name, err)
		}
	}
	return files, nil
})

func newPageFile(name string, plain []byte) (pageFile, error) {
	var small bytes.Buffer
	z, err := gzip.NewWriterLevel(&small, gzip.BestCompression)
	if err != nil {
		return pageFile{}, err
	}
	if _, err := z.Write(plain); err != nil {
		return pageFile{}, err
	}
	if err := z.Close(); err != nil {
		return pageFile{}, err
	}
	hash := sha256.Sum256(plain)
	return pageFile{pageTypes[name[strings.LastIndexByte(name, '.'):]], plain, small.Bytes(), hex.EncodeToString(hash[:8])}, nil
}

func registerPage(r *mux.Router) {
	get := func(route string, h http.Handler) { r.Path(route).Methods(http.MethodGet, http.MethodHead).Handler(h) }
	get(strings.TrimSuffix(PageRoute, "/"), http.RedirectHandler(PageRoute, http.StatusFound))
	get(PageRoute, servePage("index.html"))
	for _, name := range []string{"page.js", "worker.js", "page.css", "licences.txt"} {
		get(PageRoute+name, servePage(name))
	}
}

// servePage serves a file of the page.
func servePage(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		files, err := pageFiles()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		file := files[name]
		h := w.Header()
		h.Set("Content-Type", file.kind)
		h.Set("Content-Security-Policy", pagePolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-cache") // Ask each time: the answer is mostly 304.
		h.Set("Vary", "Accept-Encoding")
		body, tag := file.plain, `"`+file.tag+`"`
		if takesGzip(r) {
			body, tag = file.small, `"`+file.tag+`-gzip"`
			h.Set("Content-Encoding", "gzip")
			h.Set("Content-Length", strconv.Itoa(len(body)))
		}
		h.Set("ETag", tag)
		r.Header.Del("Range") // Of which bytes, compressed or not, would be a riddle.
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	})
}

// takesGzip reports whether a client takes compressed answers.
func takesGzip(r *http.Request) bool {
	for coding := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, q, weighed := strings.Cut(coding, ";")
		if strings.TrimSpace(name) != "gzip" {
			continue
		}
		weight, err := strconv.ParseFloat(strings.TrimPrefix(strings.TrimSpace(q), "q="), 64)
		return !weighed || err == nil && weight > 0
	}
	return false
}

// pageLink is how one gets from Bytom's dashboard to the page. It stands beside the
// dashboard's own root, whose content its script replaces.
const pageLink = `<a href="` + PageRoute + `" style="position:fixed;right:16px;bottom:16px;z-index:9999;padding:6px 14px;border-radius:8px;` +
	`background:#1261ab;color:#fff;font:14px/1.5 system-ui,sans-serif;text-decoration:none">Mining</a>`

// linked serves the stock dashboard with a link to the page. What is no file of the dashboard's
// is its start page, as the stock node has it.
func linked(stock http.Handler) http.Handler {
	start := []byte(strings.Replace(dashboard.Files["index.html"], "</body>", pageLink+"</body>", 1))
	others := make([]string, 0, len(dashboard.Files))
	for name := range dashboard.Files {
		if name != "index.html" {
			others = append(others, "/dashboard/"+name)
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if slices.Contains(others, r.URL.Path) {
			stock.ServeHTTP(w, r)
			return
		}
		w.Header().Set("X-Frame-Options", "SAMEORIGIN")
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(start))
	})
}
