package node

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// askAs posts to a route from the LAN with an access token, and gives the answer.
func (n *wholeNode) askAs(token, route, body string) string {
	r := httptest.NewRequest(http.MethodPost, route, strings.NewReader(body))
	r.RemoteAddr, r.Host = "192.168.1.9:5000", "127.0.0.1:9888"
	name, secret, _ := strings.Cut(token, ":")
	r.SetBasicAuth(name, secret)
	w := httptest.NewRecorder()
	n.server.Handler.ServeHTTP(w, r)
	return w.Body.String()
}

// TestEveryChangeLeavesALine changes all that can be changed over RPC, and reads the log.
func TestEveryChangeLeavesALine(t *testing.T) {
	n := newToolsNode(t)
	token, err := n.bytom.tokens.Create("alice", "client")
	if err != nil {
		t.Fatal(err)
	}
	one, two, tx := addressOf(t, 1), addressOf(t, 2), strings.Repeat("ab", 32)
	const by = `by="192.168.1.9:5000 with token alice"`
	for _, test := range []struct{ route, body, want string }{
		{"/set-mining-address", `{"mining_address":"` + one + `"}`, `level=WARN msg="payee changed over RPC" old="" new=` + one},
		{"/set-mining-address", `{"mining_address":"` + one + `"}`, ""},
		{"/set-mining-address", `{"mining_address":"` + two + `"}`, `level=WARN msg="payee changed over RPC" old=` + one + " new=" + two},
		{"/set-mining", `{"is_mining":true}`, `level=INFO msg="changed over RPC" what=mining old=off new=on`},
		{"/set-mining", `{"threads":3}`, `level=INFO msg="changed over RPC" what=threads old=0 new=3`},
		{"/set-mining", `{"devices":"cpu"}`, `level=INFO msg="changed over RPC" what=devices old="" new=cpu`},
		{"/set-mining", `{"is_mining":false}`, `what=mining old=on new=off`},
		{"/set-mining", `{}`, ""},
		{"/set-coinbase-arbitrary", `{"arbitrary":"00ff"}`, `level=INFO msg="changed over RPC" what="coinbase's tag" old="" new=00ff`},
		{"/prioritise-transaction", `{"tx_id":"` + tx + `","fee_delta":5}`, `level=INFO msg="changed over RPC" what="fee delta of ` + tx + `" old=0 new=5`},
		{"/", `{"id":1,"method":"prioritisetransaction","params":["` + tx + `",0,2]}`, `what="fee delta of ` + tx + `" old=5 new=7`},
		{"/exclude-transaction", `{"tx_id":"` + tx + `","exclude":true}`, `what="exclusion of ` + tx + `" old=false new=true`},
		{"/exclude-transaction", `{"tx_id":"` + tx + `","exclude":true}`, ""},
		{"/get-mining-address", `{}`, ""},
	} {
		before := len(n.log.String())
		answer := n.askAs(token.Token, test.route, test.body)
		log := n.log.String()[before:]
		if got := strings.Count(log, "changed over RPC"); test.want == "" && got > 0 || test.want != "" && (got != 1 || !strings.Contains(log, test.want+" "+by)) {
			t.Errorf("%s %s: %s\nthe log: %s\nexpected: %s %s", test.route, test.body, answer, log, test.want, by)
		}
	}
}

// TestAChangedPayeeIsNotified changes it, with a webhook.
func TestAChangedPayeeIsNotified(t *testing.T) {
	n := newToolsNode(t)
	n.notifier.url, n.notifier.do = "http://127.0.0.1:1/", n.notifier.postTo
	one, two := addressOf(t, 1), addressOf(t, 2)
	for _, address := range []string{one, one, two} {
		n.ask(t, "/set-mining-address", `{"mining_address":"`+address+`"}`, new(miningAddress))
	}
	n.ask(t, "/set-mining-address", `{"mining_address":"x"}`, new(json.RawMessage))
	for _, want := range []PayeeChange{{New: one, By: "127.0.0.1:5000"}, {Old: one, New: two, By: "127.0.0.1:5000"}} {
		note := <-n.notifier.queue
		if note.Event != "payee.changed" || note.Payee == nil || *note.Payee != want || note.Network != "solonet" || !strings.Contains(note.Detail, want.New) {
			t.Errorf("%+v, expected %+v", note, want)
		}
	}
	if left := len(n.notifier.queue); left > 0 {
		t.Errorf("%d more notifications", left)
	}
}

// TestAGivenAddressStays asks for another payee than the configuration gives.
func TestAGivenAddressStays(t *testing.T) {
	for _, allowed := range []bool{false, true} {
		config := soloConfig(home(t))
		_, closeIt := newWholeNode(t, config) // It sets the network that addresses are of.
		one, two := addressOf(t, 1), addressOf(t, 2)
		closeIt()
		config = soloConfig(home(t))
		config.Mining.Address, config.Mining.AddressOverRPC = one, allowed
		n, _ := newWholeNode(t, config)
		var got miningAddress
		if detail := n.ask(t, "/set-mining-address", `{"mining_address":"`+one+`"}`, &got); detail != "" {
			t.Errorf("the same address: %s", detail)
		}
		for range 2 { // To have asked for what is there is no permission.
			detail := n.ask(t, "/set-mining-address", `{"mining_address":"`+two+`"}`, &got)
			if (detail == "") != allowed || !allowed && (!strings.Contains(detail, "--mining.address-over-rpc") || !strings.Contains(detail, one)) {
				t.Errorf("allowed %v: %s", allowed, detail)
			}
		}
		want := map[bool]string{false: one, true: two}[allowed]
		if now, err := n.payees.address(); now != want || err != nil {
			t.Errorf("allowed %v: %s is paid, %v, expected %s", allowed, now, err, want)
		}
	}
}
