package rpc_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/gbt/client"
	"github.com/bytom-solo/bytom-solo/gbt/wire"
	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/rig"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// described is a node with its description, which has some of its work solved.
type described struct {
	*harness.Described
	t *testing.T
}

func newDescribed(t *testing.T, n *testnet.Node) *described {
	t.Helper()
	return &described{harness.NewDescribed(t, n), t}
}

// TestAnswersAreAsDescribed makes calls of all routes of a real node, and holds the
// requests and the answers to the description that it serves.
func TestAnswersAreAsDescribed(t *testing.T) {
	d, address, _ := startSplitting(t)
	d.payoutCalls()
	r := harness.NewSimulatedSolver(t)
	c := &caller{t: t, rig: r, node: d.Node}
	tx := strings.Repeat("ab", 32)

	for _, route := range []string{
		"/get-work", "/get-work-json", "/mining-info", "/is-mining", "/get-mining-address", "/get-coinbase-arbitrary", "/list-overrides",
		"/list-found-blocks", "/net-info", "/home-info", "/backup",
	} {
		d.Call(route, "", true)
	}
	d.Call("/submit-work", `{"block_header":"`+c.text(c.header(true))+`"}`, true)
	d.Call("/submit-work-json", `{"block_header":`+c.json(c.header(true))+`}`, true)
	for _, good := range []struct{ route, request string }{
		{"/list-rigs", `{"days":7}`},
		{"/set-mining-address", `{"mining_address":"` + address + `"}`}, {"/set-coinbase-arbitrary", `{"arbitrary":"00ff"}`},
		{"/set-mining", `{"is_mining":false,"threads":1,"devices":"auto"}`}, {"/prioritise-transaction", `{"tx_id":"` + tx + `","fee_delta":"5"}`},
		{"/exclude-transaction", `{"tx_id":"` + tx + `","exclude":true}`}, {"/explain-template", `{"tx_id":"` + tx + `"}`}, {"/list-overrides", ""},
		{"/get-block-template", `{"transactions":"ids","payee":"` + address + `","coinbase_tag":"00","extranonce_size":2}`}, {"/getblocktemplate", `{}`},
		{"/solonet-mine", `{"blocks":2}`}, {"/solonet-auto", `{"every":"off"}`}, {"/solonet-clock", `{}`}, {"/list-found-blocks", ""}, {"/mining-info", ""},
		{"/", `{"jsonrpc":"2.0","id":1,"method":"getmininginfo"}`}, {"/", `{"id":1,"method":"getblocktemplate","params":[{}]}`},
		{"/", `{"jsonrpc":1,"method":"getnetworkhashps","params":{"nblocks":5}}`}, {"/wallet/main", `{"id":1,"method":"help"}`},
		{"/", `[{"jsonrpc":"2.0","id":1,"method":"getnetworkhashps","params":[]},{"jsonrpc":"2.0","id":1,"method":"submitblock","params":[]}]`},
	} {
		d.Call(good.route, good.request, true)
	}
	d.foundBlocks()
	d.solutions(r)
	for _, bad := range []struct{ route, request string }{
		{"/submit-work", `{}`}, {"/submit-work", `{"block_header":"0"}`}, {"/submit-work", `{"block_header":"` + c.text(c.former) + `"}`},
		{"/submit-work-json", `[]`}, {"/submit-block", `{"raw_block":"00"}`}, {"/submit-solution", `{"workid":"x","nonce":1,"timestamp":1}`},
		{"/get-block-template", `{"mode":"x"}`}, {"/get-block-template", `{"mode":"proposal","data":"00"}`}, {"/set-mining", `{"is_mining":5}`},
		{"/explain-template", `{"tx_id":"x"}`}, {"/get-found-block", `{"hash":"x"}`}, {"/list-rigs", `{"days":-1}`}, {node.FrontBlockRoute, `{"message":"AAAA"}`}, {"/solonet-mine", `{"blocks":0}`},
	} {
		d.Call(bad.route, bad.request, false)
	}
	d.figures()
	d.Snapshot()
	for path, methods := range d.Doc["paths"].(map[string]any) {
		_, posted := methods.(map[string]any)["post"]
		if (posted || isFigures(path)) && !d.Called[path] && path != node.FrontBlockRoute { // It refuses all: no front is let in here.
			t.Errorf("%s was not called", path)
		}
	}
}

// isFigures tells whether a route is one of what the node and its rigs did.
func isFigures(path string) bool {
	return strings.HasPrefix(path, node.APIRoute+"v1/") && path != node.EventsRoute // Which is no JSON: see Snapshot.
}

// figures calls the routes of what the node and its rigs did.
func (d *described) figures() {
	d.t.Helper()
	for _, route := range []string{
		node.StatusRoute, node.StatsRigsRoute, node.StatsBlocksRoute, node.StatsBlocksRoute + "?last=2", node.SeriesRoute,
		node.SeriesRoute + "?span=1h", node.SeriesRoute + "?span=7d", node.SeriesRoute + "?span=400d", node.WidgetRoute,
	} {
		d.Get(route, http.StatusOK)
	}
	for _, route := range []string{
		node.StatsBlocksRoute + "?last=x", node.StatsBlocksRoute + "?last=0", node.StatsBlocksRoute + "?last=1001", node.SeriesRoute + "?span=2h",
		node.SeriesRoute + "?rig=a&span=24h",
	} {
		d.Get(route, http.StatusBadRequest)
	}
	d.Get(node.SeriesRoute+"?rig=nobody", http.StatusNotFound)
}

// foundBlocks calls the routes of blocks that the node found, of which there are some.
func (d *described) foundBlocks() {
	d.t.Helper()
	var found []node.FoundBlock
	if err := json.Unmarshal(d.Call("/list-found-blocks", "", true), &found); err != nil || len(found) == 0 {
		d.t.Fatalf("%d blocks found, %v", len(found), err)
	}
	request := `{"hash":"` + found[0].Hash + `"}`
	d.Call("/resubmit-found-block", request, true)
	var whole node.FoundBlock
	if err := json.Unmarshal(d.Call("/get-found-block", request, true), &whole); err != nil {
		d.t.Fatal(err)
	}
	d.Call("/get-block-template", `{"mode":"proposal","data":"`+whole.RawBlock+`"}`, false)
}

// solutions solves a template each for two of the routes.
func (d *described) solutions(r *harness.Solver) {
	d.t.Helper()
	t, header, extranonce := d.solve(r, 1)
	d.Call("/submit-solution", fmt.Sprintf(`{"workid":%q,"nonce":%d,"timestamp":"%d","extranonce":"%x"}`,
		t.WorkID, header.Nonce, header.Timestamp, extranonce), true)

	d.Call("/submit-block", d.solvedBlock(r), true)
}

// solvedBlock is a request that submits a block.
func (d *described) solvedBlock(r *harness.Solver) string {
	d.t.Helper()
	t, header, _ := d.solve(r, 0) // The extranonce that the template has.
	block := types.Block{BlockHeader: header, Transactions: []*types.Tx{{}}}
	if err := block.Transactions[0].UnmarshalText([]byte(t.CoinbaseTxn.Data)); err != nil {
		d.t.Fatal(err)
	}
	text, err := block.MarshalText()
	if err != nil {
		d.t.Fatal(err)
	}
	return `{"raw_block":"` + string(text) + `"}`
}

// solve solves a template with an extranonce whose last byte is given.
func (d *described) solve(r *harness.Solver, last byte) (t *wire.Template, header types.BlockHeader, extranonce []byte) {
	d.t.Helper()
	c, err := client.New(d.Node.URL, nil)
	if err != nil {
		d.t.Fatal(err)
	}
	if t, err = c.GetBlockTemplate(d.t.Context(), wire.TemplateRequest{Transactions: "ids", Capabilities: []string{"workid"}}); err != nil {
		d.t.Fatal(err)
	}
	extranonce = make([]byte, t.CoinbaseBuild.Extranonce.Size)
	extranonce[len(extranonce)-1] = last
	header, seed, err := rig.TemplateHeader(t, extranonce)
	if err != nil {
		d.t.Fatal(err)
	}
	for ; ; header.Nonce++ {
		result, err := r.Verifier.Hash(d.t.Context(), header.Hash().Byte32(), seed)
		if err != nil {
			d.t.Fatal(err)
		}
		if mining.TargetFromBits(header.Bits).Met(result) {
			return t, header, extranonce
		}
	}
}
