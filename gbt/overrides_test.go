package gbt

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/bytom/bytom/protocol/bc"
)

type fakeOverrides struct {
	deltas   map[bc.Hash]int64
	excluded map[bc.Hash]bool
}

func (o *fakeOverrides) Prioritise(_ context.Context, tx bc.Hash, delta int64) (int64, error) {
	if delta > 1e6 {
		return 0, errors.New("too much")
	}
	o.deltas[tx] += delta
	return o.deltas[tx], nil
}
func (o *fakeOverrides) Exclude(_ context.Context, tx bc.Hash, on bool) error {
	o.excluded[tx] = on
	return nil
}
func (o *fakeOverrides) List() []Override {
	all := []Override{}
	for id, d := range o.deltas {
		all = append(all, Override{TxID: id.String(), FeeDelta: d, Excluded: o.excluded[id], Explanation: o.Explain(id)})
	}
	return all
}
func (o *fakeOverrides) Explain(bc.Hash) Explanation {
	return Explanation{State: "no-room", Fee: 7, Gas: 8}
}

func TestOverrideRoutes(t *testing.T) {
	_, r := server(t)
	id := strings.Repeat("ab", 32)
	for _, test := range []struct{ route, body, want string }{
		{"/list-overrides", ``, `{"status":"success","data":[]}`},
		{"/prioritise-transaction", `{"tx_id":"` + id + `","fee_delta":5}`, `{"status":"success","data":{"fee_delta":5,"tx_id":"` + id + `"}}`},
		{"/prioritise-transaction", `{"tx_id":"` + id + `","fee_delta":"-2"}`, `{"status":"success","data":{"fee_delta":3,"tx_id":"` + id + `"}}`},
		{"/exclude-transaction", `{"tx_id":"` + id + `","exclude":true}`, `{"status":"success","data":{"excluded":true,"tx_id":"` + id + `"}}`},
		{"/list-overrides", ``, `{"status":"success","data":[{"tx_id":"` + id + `","fee_delta":3,"excluded":true,"state":"no-room","fee":7,"gas":8}]}`},
		{"/explain-template", `{"tx_id":"` + id + `"}`, `{"status":"success","data":{"state":"no-room","fee":7,"gas":8}}`},
	} {
		if status, body := post(r, test.route, test.body); status != 200 || body != test.want {
			t.Errorf("%s %s: %d %s, expected %s", test.route, test.body, status, body, test.want)
		}
	}
	for _, bad := range []struct{ route, body, want string }{
		{"/prioritise-transaction", `{"tx_id":"ab","fee_delta":5}`, "tx_id"},
		{"/prioritise-transaction", `{"tx_id":"` + id + `"}`, "fee_delta"},
		{"/prioritise-transaction", `{"tx_id":"` + id + `","fee_delta":1.5}`, "whole number"},
		{"/prioritise-transaction", `{"tx_id":"` + id + `","fee_delta":"x"}`, "whole number"},
		{"/prioritise-transaction", `{"tx_id":"` + id + `","fee_delta":99999999}`, "too much"},
		{"/exclude-transaction", `{"tx_id":"` + id + `"}`, "exclude"},
		{"/exclude-transaction", `{"exclude":true}`, "tx_id"},
		{"/explain-template", `{}`, "tx_id"},
	} {
		status, body := post(r, bad.route, bad.body)
		if !strings.Contains(body, `"status":"fail"`) || !strings.Contains(body, bad.want) || (status == 400) == (bad.want == "too much") {
			t.Errorf("%s %s: %d %s, expected an error about %s", bad.route, bad.body, status, body, bad.want)
		}
	}
}

func TestSetMiningChangesThreadsAndDevices(t *testing.T) {
	_, r := server(t)
	for _, test := range []struct{ body, want string }{
		{`{"is_mining":true,"threads":2}`, `"success"`},
		{`{"is_mining":true,"threads":-1}`, `"success"`},
		{`{"is_mining":true,"threads":-10000}`, "field threads: value -10000"},
		{`{"is_mining":true,"devices":"none"}`, `"success"`},
		{`{"is_mining":true,"devices":"toaster"}`, "field devices"},
		{`{"is_mining":false}`, `"success"`},
	} {
		if _, body := post(r, "/set-mining", test.body); !strings.Contains(body, test.want) {
			t.Errorf("%s: %s, expected %s", test.body, body, test.want)
		}
	}
}

// TestAnOverrideIsInTheNextTemplate takes a transaction out, and asks for a template as soon
// as that is answered, by each route that overrides.
func TestAnOverrideIsInTheNextTemplate(t *testing.T) {
	id := strings.Repeat("ab", 32)
	for route, body := range map[string]string{
		"/exclude-transaction":    `{"tx_id":"` + id + `","exclude":true}`,
		"/prioritise-transaction": `{"tx_id":"` + id + `","fee_delta":-5}`,
		"/":                       `{"jsonrpc":"2.0","id":1,"method":"prioritisetransaction","params":["` + id + `",0,-5]}`,
	} {
		c, r := server(t)
		for n := range 30 {
			// The selection goes by what the operator says; here the pool does.
			c.somePool(n % 2)
			if _, answer := post(r, route, body); strings.Contains(answer, "fail") {
				t.Fatal(answer)
			}
			if a := getTemplate(t, r, `{"transactions":"ids"}`); strings.Contains(string(a.Transactions), `"`) != (n%2 == 1) {
				t.Errorf("%s: a template of before", route)
			}
		}
	}
}
