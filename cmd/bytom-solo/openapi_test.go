package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/gbt/client"
	"github.com/bytom-solo/bytom-solo/gbt/wire"
	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/rig"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// described is a node with the description that it serves of itself.
type described struct {
	t        *testing.T
	node     *testnet.Node
	doc      map[string]any
	compiler *jsonschema.Compiler
	// called has each path that answered with what it is there for.
	called map[string]bool
	raw    []byte // the last answer
}

func newDescribed(t *testing.T, n *testnet.Node) *described {
	t.Helper()
	resp, err := http.Get(n.URL + node.OpenAPIRoute)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	doc, err := jsonschema.UnmarshalJSON(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	d := &described{t: t, node: n, doc: doc.(map[string]any), compiler: jsonschema.NewCompiler(), called: make(map[string]bool)}
	d.compiler.AssertFormat()
	if err := d.compiler.AddResource("openapi.json", doc); err != nil {
		t.Fatal(err)
	}
	return d
}

// check holds a JSON text to a schema of the description, named by its place.
func (d *described) check(what string, text []byte, place ...string) {
	d.t.Helper()
	schema, err := d.compiler.Compile("openapi.json#/" + d.resolve(append([]string{"paths"}, place...)) + "/content/application~1json/schema")
	if err != nil {
		d.t.Errorf("%s: %v", what, err)
		return
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err == nil {
		err = schema.Validate(v)
	}
	if err != nil {
		d.t.Errorf("%s is not as described: %v:\n%.600s", what, err, text)
	}
}

// resolve is a place in the description as a JSON pointer, or where the reference there
// leads.
func (d *described) resolve(place []string) string {
	at := d.doc
	for i, p := range place {
		at, _ = at[p].(map[string]any)
		place[i] = strings.ReplaceAll(p, "/", "~1")
	}
	if ref, ok := at["$ref"].(string); ok {
		return strings.TrimPrefix(ref, "#/")
	}
	return strings.Join(place, "/")
}

// call makes a call, holds its answer to the description, and its request too where
// it is meant to succeed. It returns the answer's data.
func (d *described) call(route, request string, good bool) (data json.RawMessage) {
	d.t.Helper()
	resp, err := http.Post(d.node.URL+route, "application/json", strings.NewReader(request))
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	what := fmt.Sprintf("%s %.80s", route, request)
	path := route
	if strings.HasPrefix(route, "/wallet/") {
		path = "/wallet/{name}"
	}
	d.check("the answer to "+what, raw, path, "post", "responses", fmt.Sprint(resp.StatusCode))
	var a struct {
		Status string
		Data   json.RawMessage
		Result json.RawMessage
	}
	if d.raw = raw; route != "/" && !strings.HasPrefix(route, "/wallet/") {
		if err := json.Unmarshal(raw, &a); err != nil || (a.Status == "success") != good {
			d.t.Errorf("%s: expected success %v: %.300s", what, good, raw)
		}
	}
	if good {
		d.called[path] = true
		if request != "" {
			d.check("the request "+what, []byte(request), path, "post", "requestBody")
		}
	}
	return a.Data
}

// TestAnswersAreAsDescribed makes calls of all routes of a real node, and holds the
// requests and the answers to the description that it serves.
func TestAnswersAreAsDescribed(t *testing.T) {
	n := testnet.Start(t, testnet.NodeOptions{Args: []string{"--solonet.tools"}})
	address := makeAccount(t, n)
	d := newDescribed(t, n)
	r := newRig(t)
	c := &caller{t: t, rig: r, node: n}
	tx := strings.Repeat("ab", 32)

	for _, route := range []string{
		"/get-work", "/get-work-json", "/mining-info", "/is-mining", "/get-mining-address", "/get-coinbase-arbitrary", "/list-overrides",
		"/list-found-blocks", "/net-info", "/home-info",
	} {
		d.call(route, "", true)
	}
	d.call("/submit-work", `{"block_header":"`+c.text(c.header(true))+`"}`, true)
	d.call("/submit-work-json", `{"block_header":`+c.json(c.header(true))+`}`, true)
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
		d.call(good.route, good.request, true)
	}
	d.foundBlocks()
	d.solutions(r)
	for _, bad := range []struct{ route, request string }{
		{"/submit-work", `{}`}, {"/submit-work", `{"block_header":"0"}`}, {"/submit-work", `{"block_header":"` + c.text(c.former) + `"}`},
		{"/submit-work-json", `[]`}, {"/submit-block", `{"raw_block":"00"}`}, {"/submit-solution", `{"workid":"x","nonce":1,"timestamp":1}`},
		{"/get-block-template", `{"mode":"x"}`}, {"/get-block-template", `{"mode":"proposal","data":"00"}`}, {"/set-mining", `{"is_mining":5}`},
		{"/explain-template", `{"tx_id":"x"}`}, {"/get-found-block", `{"hash":"x"}`}, {"/list-rigs", `{"days":-1}`}, {"/solonet-mine", `{"blocks":0}`},
	} {
		d.call(bad.route, bad.request, false)
	}
	for path, methods := range d.doc["paths"].(map[string]any) {
		if _, posted := methods.(map[string]any)["post"]; posted && !d.called[path] {
			t.Errorf("%s was not called", path)
		}
	}
}

// foundBlocks calls the routes of blocks that the node found, of which there are some.
func (d *described) foundBlocks() {
	d.t.Helper()
	var found []node.FoundBlock
	if err := json.Unmarshal(d.call("/list-found-blocks", "", true), &found); err != nil || len(found) == 0 {
		d.t.Fatalf("%d blocks found, %v", len(found), err)
	}
	request := `{"hash":"` + found[0].Hash + `"}`
	d.call("/resubmit-found-block", request, true)
	var whole node.FoundBlock
	if err := json.Unmarshal(d.call("/get-found-block", request, true), &whole); err != nil {
		d.t.Fatal(err)
	}
	d.call("/get-block-template", `{"mode":"proposal","data":"`+whole.RawBlock+`"}`, false)
}

// solutions solves a template each for two of the routes.
func (d *described) solutions(r *solver) {
	d.t.Helper()
	t, header, extranonce := d.solve(r, 1)
	d.call("/submit-solution", fmt.Sprintf(`{"workid":%q,"nonce":%d,"timestamp":"%d","extranonce":"%x"}`,
		t.WorkID, header.Nonce, header.Timestamp, extranonce), true)

	d.call("/submit-block", d.solvedBlock(r), true)
}

// solvedBlock is a request that submits a block.
func (d *described) solvedBlock(r *solver) string {
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
func (d *described) solve(r *solver, last byte) (t *wire.Template, header types.BlockHeader, extranonce []byte) {
	d.t.Helper()
	c, err := client.New(d.node.URL, nil)
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
		result, err := r.verifier.Hash(d.t.Context(), header.Hash().Byte32(), seed)
		if err != nil {
			d.t.Fatal(err)
		}
		if mining.TargetFromBits(header.Bits).Met(result) {
			return t, header, extranonce
		}
	}
}
