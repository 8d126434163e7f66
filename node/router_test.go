package node

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/bytom/bytom/accesstoken"
	dbm "github.com/bytom/bytom/database/leveldb"
)

// TestAuthenticationIsTheStockNodes asks from loopback and from elsewhere, with and
// without a token, for a route of ours.
func TestAuthenticationIsTheStockNodes(t *testing.T) {
	tokens := accesstoken.NewStore(dbm.NewMemDB())
	token, err := tokens.Create("rig", "client")
	if err != nil {
		t.Fatal(err)
	}
	user, password, _ := strings.Cut(token.Token, ":")
	route := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	for _, test := range []struct {
		name, from     string
		user, password string
		disabled       bool
		want           int
	}{
		{"loopback", "127.0.0.1:5000", "", "", false, 200},
		{"IPv6 loopback", "[::1]:5000", "", "", false, 200},
		{"LAN without a token", "192.168.1.2:5000", "", "", false, 401},
		{"LAN with a wrong token", "192.168.1.2:5000", user, "00", false, 401},
		{"LAN with a token", "192.168.1.2:5000", user, password, false, 200},
		{"LAN, disabled", "192.168.1.2:5000", "", "", true, 200},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(route, tokens, test.disabled, slog.New(slog.DiscardHandler))
			req := httptest.NewRequest(http.MethodPost, "/get-work", nil)
			req.RemoteAddr = test.from
			if test.user != "" {
				req.SetBasicAuth(test.user, test.password)
			}
			w := httptest.NewRecorder()
			s.Handler.ServeHTTP(w, req)
			if w.Code != test.want {
				t.Errorf("status %d, expected %d: %s", w.Code, test.want, w.Body)
			}
		})
	}
}

func TestAPanicIsAnAnswer(t *testing.T) {
	h := recovered(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("ouch") }), slog.New(slog.DiscardHandler))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/x", nil))
	var reply struct {
		Status      string
		ErrorDetail string `json:"error_detail"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &reply); err != nil || w.Code != 400 || reply.Status != "fail" || !strings.Contains(reply.ErrorDetail, "ouch") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
