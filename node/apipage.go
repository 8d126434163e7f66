package node

import (
	"bytes"
	"encoding/json"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// The page about the routes, for people. It takes nothing from elsewhere and runs no
// script.

// pageGroup is the routes of a tag.
type pageGroup struct {
	Name, Anchor, Description string
	Routes                    []pageRoute
}

// pageRoute is a route as the page shows it.
type pageRoute struct {
	Method, Path, Anchor, Summary, Description string
	// Request and Answer are indented JSON; empty where there is none.
	Request, Answer string
	Curl            string
}

var apiPage = template.Must(template.New("api").Parse(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Doc.Info.Title}}: API</title>
<style>
:root{color-scheme:light dark;--soft:#f4f5f7;--line:#d8dce2;--dim:#5b6470;--mark:#0a5fb4;--tag:#e3eefb}
@media(prefers-color-scheme:dark){:root{--soft:#1d2127;--line:#3a414b;--dim:#a0a9b5;--mark:#7ab8ff;--tag:#1f3348}}
body{font:16px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem}
h1{margin-bottom:.2rem}h2{margin:3rem 0 .2rem;padding-bottom:.2rem;border-bottom:2px solid var(--line)}
h3{margin:0;font-size:1rem;font-weight:600}
a{color:var(--mark);text-decoration:none}a:hover{text-decoration:underline}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.86rem}
pre{background:var(--soft);border:1px solid var(--line);border-radius:.4rem;padding:.6rem .8rem;margin:.2rem 0 .6rem;overflow:auto;max-height:22rem}
nav{columns:3 14rem;padding:0;margin:1rem 0}nav div{break-inside:avoid;margin-bottom:.8rem}nav ul{list-style:none;margin:0;padding:0}
pre.curl{white-space:pre-wrap;overflow-wrap:anywhere}section{margin:1.4rem 0 2rem}.verb{background:var(--tag);color:var(--mark);border-radius:.3rem;padding:.05rem .4rem;margin-right:.4rem}
.dim,.label{color:var(--dim)}.label{font-size:.82rem;margin-top:.5rem}p{margin:.3rem 0}.intro{white-space:pre-line}
</style>
</head>
<body>
<h1>{{.Doc.Info.Title}}: API</h1>
<p class="intro">{{.Doc.Info.Description}}</p>
<p>From another machine each call needs an access token: <code>curl -u NAME:SECRET …</code>. Tools read
<a href="{{.JSON}}">openapi.json</a> (OpenAPI 3.1).</p>
<nav>{{range .Groups}}<div><a href="#{{.Anchor}}"><b>{{.Name}}</b></a><ul>{{range .Routes}}
<li><a href="#{{.Anchor}}"><code>{{.Path}}</code></a></li>{{end}}</ul></div>{{end}}</nav>
{{range .Groups}}
<h2 id="{{.Anchor}}">{{.Name}}</h2>
<p class="dim">{{.Description}}</p>
{{range .Routes}}<section id="{{.Anchor}}">
<h3><code class="verb">{{.Method}}</code><code>{{.Path}}</code></h3>
<p>{{.Summary}}.{{with .Description}} {{.}}{{end}}</p>
{{with .Request}}<div class="label">Request</div><pre class="request">{{.}}</pre>{{end}}
{{with .Answer}}<div class="label">Answer</div><pre class="answer">{{.}}</pre>{{end}}
<div class="label">curl</div><pre class="curl">{{.Curl}}</pre>
</section>
{{end}}{{end}}
</body>
</html>
`))

func serveAPIPage(w http.ResponseWriter, r *http.Request) {
	doc, err := openAPIDoc()
	var page bytes.Buffer
	if err == nil {
		err = apiPage.Execute(&page, map[string]any{"Doc": doc, "JSON": OpenAPIRoute, "Groups": pageGroups(doc, r)})
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(page.Bytes()) // The client went away; nobody is left to answer.
}

// pageGroups are the routes by tags, for who reads the page by a request.
func pageGroups(doc apiDoc, r *http.Request) []pageGroup {
	base := "http://" + r.Host
	if r.TLS != nil {
		base = "https://" + r.Host
	}
	var groups []pageGroup
	for _, tag := range doc.Tags {
		g := pageGroup{Name: tag.Name, Anchor: anchor(tag.Name), Description: tag.Description}
		for _, path := range slices.Sorted(maps.Keys(doc.Paths)) {
			for _, method := range slices.Sorted(maps.Keys(doc.Paths[path])) {
				if op := doc.Paths[path][method]; slices.Contains(op.Tags, tag.Name) {
					g.Routes = append(g.Routes, newPageRoute(base, path, method, op))
				}
			}
		}
		groups = append(groups, g)
	}
	return groups
}

func newPageRoute(base, path, method string, op operation) pageRoute {
	p := pageRoute{
		Method: strings.ToUpper(method), Path: path, Anchor: anchor(method + path), Summary: op.Summary, Description: op.Description,
		Answer: indented(op.Responses["200"].Content["application/json"].Example),
	}
	url := base + strings.NewReplacer("{name}", "main", "{address}", "ADDRESS").Replace(path)
	switch {
	case op.RequestBody != nil:
		request := op.RequestBody.Content["application/json"].Example
		p.Request = indented(request)
		p.Curl = "curl -d " + shellQuoted(compact(request)) + " " + url
	case method == "post":
		p.Curl = "curl -X POST " + url
	default:
		p.Curl = "curl " + url
	}
	return p
}

// anchor is a name without what a fragment of a URL would need escapes for.
func anchor(name string) string {
	return strings.Trim(strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' {
			return c
		}
		return '-'
	}, name), "-")
}

// shellQuoted is a word of a shell's command line.
func shellQuoted(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }

func indented(raw json.RawMessage) string {
	var b bytes.Buffer
	if len(raw) == 0 || json.Indent(&b, raw, "", "  ") != nil {
		return ""
	}
	return b.String()
}

func compact(raw json.RawMessage) string {
	var b bytes.Buffer
	if len(raw) == 0 || json.Compact(&b, raw) != nil {
		return "{}"
	}
	return b.String()
}
