package node

import (
	"net/http"
	"regexp"

	"github.com/gorilla/mux"
)

// OwnerPagePrefix and an address are the page on which the owner of some rigs sees what they
// earned.
const OwnerPagePrefix = PageRoute + "owner/"

// addressPattern is what an address may look like: enough for those of all networks, and
// nothing that means something in a path or in a page.
const addressPattern = "[a-z0-9]{1,100}"

// ownerFiles are the files that an owner's page asks for. They lie beside it, so that a proxy
// which shows that page has to let through nothing else of the node's page.
var ownerFiles = []string{"owner.js", "page.css", "licences.txt"}

// readByOwners are the paths that owners need, to the letter: there is nothing in them that
// could be written in another way.
var readByOwners = func() *regexp.Regexp {
	files := ""
	for _, name := range ownerFiles {
		files += "|" + regexp.QuoteMeta(name)
	}
	return regexp.MustCompile("^(?:" + OwnerPagePrefix + "(?:" + addressPattern + files + ")|" + statsPrefix + "owner/" + addressPattern + ")$")
}()

func registerOwnerPage(r *mux.Router) {
	get := func(route string, h http.Handler) { r.Path(route).Methods(http.MethodGet, http.MethodHead).Handler(h) }
	get(OwnerPagePrefix+"{address:"+addressPattern+"}", servePage("owner.html"))
	for _, name := range ownerFiles {
		get(OwnerPagePrefix+name, servePage(name))
	}
}

// isOwners reports whether a request reads what owners may, who have no token.
func isOwners(r *http.Request) bool {
	// RawPath is set where the path was sent with codes that it does not need.
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && r.URL.RawPath == "" && readByOwners.MatchString(r.URL.Path)
}
