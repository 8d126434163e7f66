package browser_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// object is a JSON object.
type object = map[string]any

// fakePayouts stands before a node, and answers in its place what has to do with payouts: so
// there can be at once on a page what takes weeks to come about. It is safe for concurrent use.
type fakePayouts struct {
	mu     sync.Mutex
	stats  object
	owners map[string]object
	asked  map[string]int // by path
}

// before starts the server, whose page is the node's.
func (f *fakePayouts) before(t *testing.T, n *shownNode) *shownNode {
	t.Helper()
	f.asked = make(map[string]int)
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: n.address})
	proxy.ModifyResponse = func(r *http.Response) error {
		if strings.HasPrefix(r.Header.Get("Content-Type"), "text/event-stream") {
			r.Body = withPayouts(r.Body)
		}
		return nil
	}
	mux := http.NewServeMux()
	mux.Handle("/", proxy)
	mux.HandleFunc("GET /mining/api/v1/payouts", func(w http.ResponseWriter, r *http.Request) { f.answer(w, r, f.stats) })
	mux.HandleFunc("GET /mining/api/v1/owner/{address}", func(w http.ResponseWriter, r *http.Request) { f.answer(w, r, f.owners[r.PathValue("address")]) })
	server := httptest.NewServer(mux)
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	shown := *n
	shown.address = server.Listener.Addr().String()
	return &shown
}

// answer says what is there; 404 if it is nil.
func (f *fakePayouts) answer(w http.ResponseWriter, r *http.Request, o object) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked[r.URL.Path]++
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if o == nil {
		w.WriteHeader(http.StatusNotFound)
		o = object{"detail": "not known"}
	}
	_ = json.NewEncoder(w).Encode(o)
}

// change changes what is answered from now on.
func (f *fakePayouts) change(how func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	how()
}

func (f *fakePayouts) times(path string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked[path]
}

// closing reads from one and closes another.
type closing struct {
	io.Reader
	io.Closer
}

// withPayouts has the snapshot of a node without payouts say that there are payouts.
func withPayouts(stream io.ReadCloser) io.ReadCloser {
	return rewritten(stream, strings.NewReplacer(`"payouts":false`, `"payouts":true`))
}

// rewritten is a stream with other words.
func rewritten(stream io.ReadCloser, words *strings.Replacer) io.ReadCloser {
	in, out := io.Pipe()
	go func() {
		lines := bufio.NewReader(stream)
		for {
			line, err := lines.ReadString('\n')
			if _, broken := words.WriteString(out, line); err != nil || broken != nil {
				out.CloseWithError(err)
				return
			}
		}
	}()
	return closing{in, stream}
}

const neu = 100_000_000

// hostile is text that would do harm if it were taken for HTML.
const hostile = ` <img src=x onerror="window.harm=1"><script>window.harm=1</script>&amp;`

// fakeAddress looks like an address of a solonet.
func fakeAddress(i int) string {
	random := rand.New(rand.NewPCG(9, uint64(i)))
	address := []byte("sm1q")
	for range 38 {
		address = append(address, "qpzry9x8gf2tvdw0s3jn54khce6mua7l"[random.IntN(32)])
	}
	return string(address)
}

// fakeStats is a full page of payouts, as of now; text is in what people write.
func fakeStats(text string) object {
	ago := func(hours int) string {
		return time.Now().Add(-time.Duration(hours) * time.Hour).UTC().Format(time.RFC3339)
	}
	var owners, blocks, batches []object
	for i := range 12 {
		owner := object{"owner": fakeAddress(i), "first": ago(900), "provisional": (12-i)*10*neu + 12345678, "payable": (12 - i) * neu / 3, "in_transit": i % 2 * 7 * neu, "paid": 1234*neu + i}
		switch i {
		case 1:
			owner["held"] = "its program can't be paid to" + text
		case 2:
			owner["overpaid"] = 3*neu + 1
		}
		owners = append(owners, owner)
	}
	for i, stage := range []string{"provisional", "provisional", "payable", "in transit", "paid", "withdrawn", "reversed", "paid"} {
		blocks = append(blocks, object{
			"height": 412345 - 49*i, "hash": fmt.Sprintf("%064x", 1000+i), "found": ago(2 * (i + 1)), "scheme": []string{"pplns", "dgm"}[i/6],
			"stage": stage, "reward": 41250000000 + i, "fee": 412500000, "rest": i % 2 * 123456789, "own": i / 4 * 250000001, "owners": 12 - i, "full": i < 4, "note": []string{"", "the finder's share was lost: it stands behind the last one" + text}[i/7],
		})
	}
	for i, state := range []string{"stored", "signed", "mined", "paid", "given up", "conflict", "paid"} {
		b := object{"id": fmt.Sprintf("%064x", 77000+i), "at": ago(24*i + 1), "state": state, "owners": 5 + i, "amount": 300*neu + 1 + i, "fee": 450000, "change": 112*neu + i, "time_range": 412945}
		if state == "mined" || state == "paid" {
			b["height"], b["block"] = 412301-i*300+600, fmt.Sprintf("%064x", 5)
		}
		batches = append(batches, b)
	}
	return object{
		"off": false, "by_hand": true, "every": 576, "next_at": 412416, "owners": owners, "blocks": blocks, "batches": batches,
		"status": object{
			"policy": object{"id": 2, "scheme": "pplns", "fee_bp": 150, "least": neu}, "stopped": "an input was spent by hand" + text, "uncovered": 17*neu + 3,
			"immature": 825 * neu, "spendable": 42*neu + 5, "provisional": 781*neu + 48148136, "payable": 26 * neu, "in_transit": 42 * neu, "paid": 14808*neu + 66, "owners": 12, "due": 9, "held": 1,
			"fees": 99*neu + 9, "reserve": -5*neu - 1, "tx_fees": 450001, "losses": 0, "ruin_probability": 0.0123,
			"notes": []object{{"at": ago(30), "text": "the first note" + text}, {"at": ago(2), "text": "payouts are stopped"}},
		},
	}
}

// fakeOwner is an owner of much, as of now; text is in what people write.
func fakeOwner(address, text string) object {
	ago := func(hours int) string {
		return time.Now().Add(-time.Duration(hours) * time.Hour).UTC().Format(time.RFC3339)
	}
	rate := func(v float64) object { return object{"1m": v, "1h": v, "24h": v * 0.9} }
	var credits, payments []object
	for i, stage := range []string{"provisional", "provisional", "payable", "in transit", "paid", "paid", "reversed", "paid", "paid", "paid"} {
		credits = append(credits, object{
			"height": 412345 - 49*i, "hash": fmt.Sprintf("%064x", 1000+i), "found": ago(2 * (i + 1)), "scheme": "pplns", "amount": 103*neu + 12345670 + i, "reward": 41250000000, "fee": 412500000,
			"blocks": 2.0032 / float64(i+1), "of_work": 0.2504 / float64(i+1), "stage": stage,
		})
	}
	for i, state := range []string{"signed", "mined", "paid", "given up", "paid"} {
		p := object{"id": fmt.Sprintf("%064x", 77000+i), "at": ago(24*i + 1), "amount": 206*neu + i, "state": state}
		if state == "mined" || state == "paid" {
			p["height"] = 412301 - 300*(i-1)
		}
		payments = append(payments, p)
	}
	return object{
		"owner":  object{"owner": address, "first": ago(900), "provisional": 206*neu + 24691341, "payable": 103*neu + 12345672, "in_transit": 412*neu + 1, "paid": 1234*neu + 1},
		"scheme": "pplns", "fee_bp": 150, "least": neu, "height": 412350, "every": 576, "next_at": 412416, "credits": credits, "payments": payments,
		"rigs": []object{
			{"name": address + ".shed", "online": true, "hashrate": rate(612.4), "last_share": time.Now().UTC().Format(time.RFC3339)},
			{"name": address + ".attic" + text, "online": false, "hashrate": rate(0), "last_share": ago(30)},
			{"name": address + ".new", "online": true, "hashrate": object{"1m": nil, "1h": nil, "24h": nil}, "last_share": nil},
		},
	}
}
