package node

import (
	"crypto/sha3"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/payout"
	"github.com/bytom-solo/bytom-solo/payout/transaction"
)

// payoutOf is a batch that spends some coinbases of a program.
func payoutOf(t testing.TB, inputs, keys, quorum int, program []byte) payout.Batch {
	t.Helper()
	var from []transaction.Input
	for i := range inputs {
		from = append(from, transaction.Input{
			SourceID: bc.NewHash(sha3.Sum256([]byte{byte(i)})), Amount: 41_250_000_000, Program: program, Keys: keys, Quorum: quorum,
		})
	}
	due := transaction.Payment{Owner: "bm1", Program: append([]byte{0, 20}, make([]byte, 20)...), Amount: uint64(inputs)*41_250_000_000 - 100_000_000}
	terms := transaction.Terms{TimeRange: 1000, Change: program, Keys: keys, Quorum: quorum}
	all, err := transaction.Plan(from, []transaction.Payment{due}, terms)
	if err != nil || len(all) != 1 {
		t.Fatalf("%d transactions, %v", len(all), err)
	}
	raw, err := payout.RawTx(all[0].Tx)
	if err != nil {
		t.Fatal(err)
	}
	return payout.Batch{ID: all[0].Tx.ID, Unsigned: raw, Fee: all[0].Fee, TimeRange: 1000, Height: 500}
}

// payoutWalletOf is a node's wallet with a password.
func payoutWalletOf(n *wholeNode, password string) *payoutWallet {
	return &payoutWallet{n.bytom.accounts, n.bytom.hsm, func() (string, error) { return password, nil }}
}

// programOf is the program of an address.
func programOf(t *testing.T, address string) []byte {
	t.Helper()
	payee, err := parsePayee(address)
	if err != nil {
		t.Fatal(err)
	}
	return payee.Program
}

// TestTheWalletSignsAPayout: 21 inputs, by the node's key store, as Bytom's own rules take it.
func TestTheWalletSignsAPayout(t *testing.T) {
	n := walletNode(t, func(*Config) {})
	batch := payoutOf(t, 21, 0, 0, programOf(t, n.newAddress(t)))
	signed, err := payoutWalletOf(n, "p").Sign(t.Context(), batch)
	if err != nil {
		t.Fatal(err)
	}
	if signed.ID != batch.ID {
		t.Errorf("signed %x, expected %x", signed.ID.Bytes(), batch.ID.Bytes())
	}
	signed.SetInputArguments(20, [][]byte{make([]byte, 64), signed.Inputs[20].Arguments()[1]})
	if _, err := checkSigned(batch, signed); err == nil {
		t.Error("a wrong signature is taken")
	}
	signed.SetInputArguments(20, nil)
	if _, err := checkSigned(batch, signed); err == nil || !strings.Contains(err.Error(), "input 20 of 21 is not signed") {
		t.Errorf("a signature that is not there: %v", err)
	}
}

// TestWhatTheWalletCannotSign, and what the operator is told.
func TestWhatTheWalletCannotSign(t *testing.T) {
	n := walletNode(t, func(*Config) {})
	own := programOf(t, n.newAddress(t))
	var second struct{ XPub string }
	n.mustAsk(t, "/create-key", `{"alias":"k2","password":"p"}`, &second)
	first := n.xpub()
	n.mustAsk(t, "/create-account", `{"alias":"two","quorum":2,"root_xpubs":["`+first+`","`+second.XPub+`"]}`, new(any))
	var receiver struct{ Address string }
	n.mustAsk(t, "/create-account-receiver", `{"account_alias":"two"}`, &receiver)
	shared := programOf(t, receiver.Address)
	wallet := payoutWalletOf(n, "p")
	if keys, quorum, err := wallet.script(shared); keys != 2 || quorum != 2 || err != nil {
		t.Errorf("a script of %d keys, %d to sign: %v", keys, quorum, err)
	}
	none := payoutWalletOf(n, "")
	none.password = payoutPassword("")
	for name, c := range map[string]struct {
		wallet *payoutWallet
		batch  payout.Batch
		kind   error
		want   string
	}{
		"wrong password":     {payoutWalletOf(n, "q"), payoutOf(t, 1, 0, 0, own), errPayoutPassword, "password is wrong"},
		"no password":        {none, payoutOf(t, 1, 0, 0, own), errSignByHand, payoutPasswordVariable},
		"another's address":  {wallet, payoutOf(t, 1, 0, 0, programOf(t, addressOf(t, 9))), errSignByHand, "of no account of this node's wallet"},
		"several signatures": {wallet, payoutOf(t, 1, 2, 2, shared), errSignByHand, "takes 2 signatures of 2 keys"},
	} {
		_, err := c.wallet.Sign(t.Context(), c.batch)
		if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	n.mustAsk(t, "/delete-key", `{"xpub":"`+first+`","password":"p"}`, new(any))
	if _, err := wallet.Sign(t.Context(), payoutOf(t, 1, 0, 0, own)); !errors.Is(err, errSignByHand) || !strings.Contains(err.Error(), first) {
		t.Errorf("a key that is elsewhere: %v", err)
	}
}

// TestSignedByHand: the stock route signs what the node exports, and all that people may bring
// back is taken; two of two keys sign one after the other.
func TestSignedByHand(t *testing.T) {
	n := walletNode(t, func(*Config) {})
	var second struct{ XPub string }
	n.mustAsk(t, "/create-key", `{"alias":"k2","password":"p2"}`, &second)
	n.mustAsk(t, "/create-account", `{"alias":"two","quorum":2,"root_xpubs":["`+n.xpub()+`","`+second.XPub+`"]}`, new(any))
	var receiver struct{ Address string }
	n.mustAsk(t, "/create-account-receiver", `{"account_alias":"two"}`, &receiver)
	wallet := payoutWalletOf(n, "")
	sign := func(template []byte, password string) (answer struct {
		Transaction json.RawMessage
		Complete    bool `json:"sign_complete"`
	}) {
		n.mustAsk(t, "/sign-transaction", `{"password":"`+password+`","transaction":`+string(template)+`}`, &answer)
		return answer
	}
	for _, c := range []struct {
		keys, quorum int
		address      string
		passwords    []string
	}{{0, 0, n.newAddress(t), []string{"p"}}, {2, 2, receiver.Address, []string{"p", "p2"}}} {
		batch := payoutOf(t, 3, c.keys, c.quorum, programOf(t, c.address))
		template, err := wallet.unsignedTemplate(batch)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := signedByHand(batch, template); err == nil || !strings.Contains(err.Error(), "is not signed") {
			t.Errorf("unsigned: %v", err)
		}
		for i, password := range c.passwords {
			last := i == len(c.passwords)-1
			answer := sign(template, password)
			if template = answer.Transaction; answer.Complete != last {
				t.Fatalf("after %d passwords complete: %v", i+1, answer.Complete)
			}
			if _, err := signedByHand(batch, template); (err == nil) != last {
				t.Errorf("after %d of %d passwords: %v", i+1, len(c.passwords), err)
			}
		}
		var raw struct {
			Raw string `json:"raw_transaction"`
		}
		if err := json.Unmarshal(template, &raw); err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{
			raw.Raw, "\n" + raw.Raw + "\n", `"` + raw.Raw + `"`, string(template), `{"transaction":` + string(template) + `,"sign_complete":true}`,
			`{"status":"success","data":{"transaction":` + string(template) + `}}`,
			"\n\n\nSign Template:\n" + `{"sign_complete":true,"transaction":` + string(template) + "}\n", // as bytomcli prints it
		} {
			if tx, err := signedByHand(batch, []byte(text)); err != nil || tx.ID != batch.ID {
				t.Errorf("%.40s…: %v", text, err)
			}
		}
		other := payoutOf(t, 2, c.keys, c.quorum, programOf(t, c.address))
		if _, err := signedByHand(other, []byte(raw.Raw)); err == nil || !strings.Contains(err.Error(), "expected batch") {
			t.Errorf("another batch's: %v", err)
		}
	}
	for _, text := range []string{"", "{}", `{"data":{}}`, "zz", "0", `{"raw_transaction":null}`, `{"raw_transaction":7}`, "[]"} {
		if _, err := signedByHand(payoutOf(t, 1, 0, 0, programOf(t, n.newAddress(t))), []byte(text)); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

// TestPayoutPassword: of a file, without its line's end, if nobody else can read it.
func TestPayoutPassword(t *testing.T) {
	path := filepath.Join(t.TempDir(), "password")
	read := payoutPassword(path)
	t.Setenv(payoutPasswordVariable, "of the environment")
	if _, err := read(); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("no file: %v", err)
	}
	for text, want := range map[string]string{"a b": "a b", "a\n": "a", " a \r\n": " a ", "a\n\n": "", "": "", "\n": "", "a\nb": ""} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := read(); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	if runtime.GOOS != "windows" {
		if err := os.Chmod(path, 0o640); err != nil {
			t.Fatal(err)
		}
		if _, err := read(); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("a file that others read: %v", err)
		}
		checkCredential(t, path, read)
	}
	if got, err := payoutPassword("")(); got != "of the environment" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

// checkCredential: of a service manager, whose folder nobody else can enter, a file may have
// the bit of an access list, and no other.
func checkCredential(t *testing.T, path string, read func() (string, error)) {
	t.Helper()
	for _, c := range []struct {
		dir   string
		mode  os.FileMode
		taken bool
	}{
		{filepath.Dir(path), 0o440, true},
		{filepath.Dir(path) + "/", 0o400, true},
		{filepath.Dir(path), 0o444, false},
		{filepath.Dir(path), 0o460, false},
		{filepath.Dir(filepath.Dir(path)), 0o440, false},
		{"", 0o440, false},
	} {
		t.Setenv("CREDENTIALS_DIRECTORY", c.dir)
		if err := errors.Join(os.Chmod(path, 0o600), os.WriteFile(path, []byte("secret"), 0o600), os.Chmod(path, c.mode)); err != nil {
			t.Fatal(err)
		}
		if got, err := read(); (err == nil) != c.taken || c.taken && got != "secret" {
			t.Errorf("mode %s in a folder of credentials %q: %q, %v", c.mode, c.dir, got, err)
		}
	}
}
