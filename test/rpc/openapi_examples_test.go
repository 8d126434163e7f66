package rpc_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"html"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

var updateExamples = flag.Bool("update-examples", false, "write node/openapi_examples.json anew from a real node")

const examplesPath = "../../node/openapi_examples.json"

// example is what the description shows of a route.
type example struct {
	Request json.RawMessage `json:"request,omitempty"`
	Answer  json.RawMessage `json:"answer"`
}

// TestExamplesAreTrue makes each call of the description's examples, with what only this
// node knows in the places of its like, and holds the answer to the example's: the same
// fields, of the same kinds.
func TestExamplesAreTrue(t *testing.T) {
	d, address, front := startSplitting(t)
	d.hash(front, d.muchKnown)
	r := harness.NewSimulatedSolver(t)
	requests := d.exampleRequests(t, r, &caller{t: t, rig: r, node: d.Node}, address)
	made := make(map[string]example)
	for _, call := range requests {
		path := call.path
		if isFigures(path) {
			d.Get(strings.ReplaceAll(path, "{address}", rigsOwner), http.StatusOK)
		} else {
			d.Call(strings.ReplaceAll(path, "{name}", "main"), call.request(), path != node.FrontBlockRoute) // This node serves none.
		}
		e := example{Answer: latestOf(t, d.Raw)}
		if call.body != nil {
			e.Request = json.RawMessage(call.request())
		}
		made[path] = e
		if *updateExamples {
			continue
		}
		shown := exampleOf(t, d.Doc, path)
		if err := sameShape(shown.Request, e.Request); err != nil {
			t.Errorf("the request of %s: %v", path, err)
		}
		if err := sameShape(shown.Answer, e.Answer); err != nil {
			t.Errorf("the answer of %s: %v\n%.600s", path, err, e.Answer)
		}
	}
	if *updateExamples {
		var text bytes.Buffer
		encoder := json.NewEncoder(&text)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", " ")
		if err := encoder.Encode(made); err != nil {
			t.Fatal(err)
		}
		plain := bytes.ReplaceAll(text.Bytes(), []byte(d.Node.Home), []byte("/home/miner/.bytom"))
		if err := os.WriteFile(examplesPath, plain, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for path, methods := range d.Doc["paths"].(map[string]any) {
		if _, posted := methods.(map[string]any)["post"]; (posted || isFigures(path)) && made[path].Answer == nil {
			t.Errorf("%s has no example", path)
		}
	}
}

// muchKnown is nil once the node shows the fields that it leaves out at first: it has counted
// for a moment, its rig too, and that has found a block that isn't payable yet.
func (d *described) muchKnown() error {
	var s node.Stats
	if err := json.Unmarshal(d.Get(node.StatusRoute, http.StatusOK), &s); err != nil || s.Hashrate.Now.Band == nil {
		return fmt.Errorf("no hashrate of rigs yet: %w", err)
	}
	if d.payouts().Status.PayableAt == 0 {
		return errors.New("no block of rigs yet that becomes payable")
	}
	return nil
}

// latestOf is an answer with the last four of each long list, as many as an example needs.
func latestOf(t *testing.T, raw json.RawMessage) json.RawMessage {
	t.Helper()
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	cut := func(v any) any {
		if list, ok := v.([]any); ok && len(list) > 8 {
			return list[len(list)-4:]
		}
		return v
	}
	if object, ok := v.(map[string]any); ok {
		for name, value := range object {
			object[name] = cut(value)
		}
	}
	short, err := json.Marshal(cut(v))
	if err != nil {
		t.Fatal(err)
	}
	return short
}

// exampleCall is a call that becomes an example.
type exampleCall struct {
	path string
	body func() string // nil where there is none
}

func (c exampleCall) request() string {
	if c.body == nil {
		return ""
	}
	return c.body()
}

// exampleRequests are the calls in an order in which each succeeds.
func (d *described) exampleRequests(t *testing.T, r *harness.Solver, c *caller, address string) []exampleCall {
	same := func(text string) func() string { return func() string { return text } }
	tx := `{"tx_id":"` + strings.Repeat("5f", 32) + `"`
	calls := []exampleCall{
		{"/get-work", nil}, {"/get-work-json", nil},
		{"/submit-work", same(`{"block_header":"` + c.text(c.header(true)) + `"}`)},
	}
	once := func(f func() string) func() string {
		var text string
		return func() string {
			if text == "" {
				text = f()
			}
			return text
		}
	}
	found := once(func() string {
		var list []node.FoundBlock
		if err := json.Unmarshal(d.Call("/list-found-blocks", "", true), &list); err != nil || len(list) == 0 {
			t.Fatalf("no found blocks: %v", err)
		}
		return `{"hash":"` + list[0].Hash + `"}`
	})
	rpc := same(`{"jsonrpc":"2.0","id":1,"method":"getblocktemplate","params":[{"rules":[]}]}`)
	return append(calls, []exampleCall{
		{"/submit-work-json", once(func() string { return `{"block_header":` + c.json(c.header(true)) + `}` })},
		{"/get-block-template", same(`{"capabilities":["coinbasetxn","workid","longpoll"],"rules":["!tensority"]}`)}, {"/getblocktemplate", same(`{"transactions":"ids"}`)},
		{"/submit-solution", once(func() string {
			t, header, extranonce := d.solve(r, 1)
			return fmt.Sprintf(`{"workid":%q,"nonce":"%d","timestamp":%d,"extranonce":"%x"}`, t.WorkID, header.Nonce, header.Timestamp, extranonce)
		})},
		{"/submit-block", once(func() string { return d.solvedBlock(r) })},
		{"/mining-info", nil}, {"/is-mining", nil}, {"/set-mining", same(`{"is_mining":false}`)},
		{"/get-mining-address", nil}, {"/set-mining-address", same(`{"mining_address":"` + address + `"}`)},
		{"/get-coinbase-arbitrary", nil}, {"/set-coinbase-arbitrary", same(`{"arbitrary":"68656c6c6f"}`)},
		{"/prioritise-transaction", same(tx + `,"fee_delta":1000000}`)}, {"/exclude-transaction", same(tx + `,"exclude":false}`)},
		{"/list-overrides", nil}, {"/explain-template", same(tx + `}`)},
		{"/list-found-blocks", nil}, {"/get-found-block", found}, {"/resubmit-found-block", found},
		{node.FrontBlockRoute, same(`{"message":"AAAA"}`)}, {"/list-rigs", same(`{"days":7}`)}, {"/net-info", nil}, {"/home-info", nil}, {node.BackupRoute, nil},
		{"/", rpc}, {"/wallet/{name}", same(`{"method":"getblockcount","params":[]}`)},
		{"/solonet-mine", same(`{"blocks":1}`)}, {"/solonet-auto", same(`{"every":"5s"}`)}, {"/solonet-clock", same(`{}`)},
		{node.PayoutStatsRoute, nil}, {node.OwnerStatsPrefix + "{address}", nil}, {node.PayoutOwnersRoute, nil}, {node.ExplainPayoutRoute, once(d.splitBlock)},
		{node.VerifyPayoutsRoute, nil}, {node.ExportPayoutsRoute, same(`{"format":"csv"}`)}, {node.PreviewPayoutsRoute, nil}, {node.PayPayoutsRoute, nil},
		{node.UnsignedPayoutsRoute, nil}, {node.SignPayoutRoute, once(d.signed)}, {node.ResumePayoutsRoute, nil},
		{node.StatusRoute, nil}, {node.StatsRigsRoute, nil}, {node.StatsBlocksRoute, nil}, {node.SeriesRoute, nil}, {node.WidgetRoute, nil},
	}...)
}

// exampleOf is what the description shows of a route.
func exampleOf(t *testing.T, doc map[string]any, path string) (e example) {
	t.Helper()
	at := func(names ...string) json.RawMessage {
		var v any = doc
		method := "post"
		if isFigures(path) {
			method = "get"
		}
		for _, name := range append([]string{"paths", path, method}, append(names, "content", "application/json", "example")...) {
			object, _ := v.(map[string]any)
			v = object[name]
		}
		if v == nil {
			return nil
		}
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	return example{Request: at("requestBody"), Answer: at("responses", "200")}
}

// sameShape reports where two JSON texts differ in more than values: in fields, or in what
// is in them. Of arrays the first elements are compared, where both have one.
func sameShape(a, b json.RawMessage) error {
	if len(a) == 0 || len(b) == 0 {
		if len(a) != len(b) {
			return fmt.Errorf("%d and %d bytes", len(a), len(b))
		}
		return nil
	}
	var x, y any
	if err := json.Unmarshal(a, &x); err != nil {
		return err
	}
	if err := json.Unmarshal(b, &y); err != nil {
		return err
	}
	return sameKind("it", x, y)
}

func sameKind(where string, x, y any) error {
	if fmt.Sprintf("%T", x) != fmt.Sprintf("%T", y) {
		return fmt.Errorf("%s is %T in the example, and %T", where, x, y)
	}
	switch x := x.(type) {
	case []any:
		if y := y.([]any); len(x) > 0 && len(y) > 0 {
			return sameKind(where+"[0]", x[0], y[0])
		}
	case map[string]any:
		y := y.(map[string]any)
		if a, b := slices.Sorted(maps.Keys(x)), slices.Sorted(maps.Keys(y)); !slices.Equal(a, b) {
			return fmt.Errorf("%s has %v in the example, and %v", where, a, b)
		}
		for name := range x {
			if err := sameKind(where+"."+name, x[name], y[name]); err != nil {
				return err
			}
		}
	}
	return nil
}

// TestShapesAreTold finds what differs.
func TestShapesAreTold(t *testing.T) {
	for _, test := range []struct {
		a, b string
		same bool
	}{
		{`{"a":[1,"x"]}`, `{"a":[2]}`, true}, {`{"a":[]}`, `{"a":[{}]}`, true}, {`1`, `"1"`, false}, {`{"a":1}`, `{"a":null}`, false},
		{`{"a":[{"b":1}]}`, `{"a":[{"c":1}]}`, false}, {``, `1`, false}, {``, ``, true}, {`{"a":1}`, `{"a":1,"b":2}`, false},
	} {
		if err := sameShape(json.RawMessage(test.a), json.RawMessage(test.b)); (err == nil) != test.same {
			t.Errorf("%s and %s: %v", test.a, test.b, err)
		}
	}
}

// TestThePagesLinesWork runs each line for curl that the page shows, as it is.
func TestThePagesLinesWork(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not there to run what the page shows")
	}
	n := testnet.Start(t, testnet.NodeOptions{Args: []string{"--solonet.tools"}})
	harness.MakeAccount(t, n)
	resp, err := http.Get(n.URL + node.APIRoute)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if at := regexp.MustCompile(`(src|href)="(https?:)?//|@import|url\(|<script`).Find(page); at != nil {
		t.Errorf("the page takes something from elsewhere: %s", at)
	}
	lines := regexp.MustCompile(`<pre class="curl">([^<]+)</pre>`).FindAllSubmatch(page, -1)
	if len(lines) < 30 {
		t.Fatalf("%d lines", len(lines))
	}
	for _, line := range lines {
		command := html.UnescapeString(string(line[1]))
		if strings.HasSuffix(command, node.EventsRoute) {
			checkStreamLine(t, command)
			continue
		}
		out, err := exec.CommandContext(t.Context(), "sh", "-c", command+" --silent --show-error --fail-with-body").CombinedOutput()
		isJSON := json.Valid(out) || strings.HasSuffix(command, "/metrics") || strings.HasSuffix(command, "/mining/api")
		if ofPayouts := strings.Contains(command, node.PayoutStatsRoute) || strings.Contains(command, node.OwnerStatsPrefix); ofPayouts {
			err = nil // This node has none, and answers 404 with the reason.
			isJSON = strings.Contains(string(out), "payout.scheme")
		}
		if err != nil || !isJSON {
			t.Errorf("%s: %v: %.300s", command, err, out)
		}
	}
}

// checkStreamLine runs a line that has no end, for three seconds, and looks at what came first.
func checkStreamLine(t *testing.T, command string) {
	t.Helper()
	out, _ := exec.CommandContext(t.Context(), "sh", "-c", command+" --silent --no-buffer --max-time 3").CombinedOutput()
	if !regexp.MustCompile(`(?s)^retry: 1000\n\nid: \S+\nevent: snapshot\ndata: \{.*\}\n\n`).Match(out) {
		t.Errorf("%s: %.300s", command, out)
	}
}
