package node

import (
	"bytes"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/mining"
)

// answers is an http.RoundTripper that answers anything.
type answers struct {
	status int
	body   []byte
}

func (a answers) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: a.status, Status: http.StatusText(a.status), Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(a.body))}, nil
}

// FuzzFoundBlockAnswers has a node that a found block is brought to, by another node or by a front, answer
// anything: what of it goes into the log is short, and a verdict is one that a journal knows.
func FuzzFoundBlockAnswers(f *testing.F) {
	zeros := strings.Repeat("0", 64)
	for _, seed := range []string{
		`{"status":"success"}`, `{"status":"fail","error_detail":"` + strings.Repeat("x", 5000) + `"}`, `{"status":5}`, `<html>`, ``, `null`, `{"detail":"no token"}`,
		`{"status":"success","data":{"hash":"` + zeros + `","outcome":1,"main":true,"winner":"` + zeros + `","best":5}}`,
		`{"status":"success","data":{"hash":"` + zeros + `","outcome":-1,"winner":"` + zeros + `","error":"` + strings.Repeat("y", 1000) + `"}}`,
	} {
		f.Add(http.StatusOK, []byte(seed))
		f.Add(http.StatusUnauthorized, []byte(seed))
	}
	rpc := &url.URL{Scheme: "http", Host: "node", User: url.UserPassword("front", "5ec2e7")}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		client := &http.Client{Timeout: time.Minute, Transport: answers{status, body}}
		said, err := "", error(nil)
		err = postJSON(t.Context(), client, rpc.String(), nil, func(resp *http.Response) (err error) {
			said, err = readSubmitAnswer(resp)
			return err
		})
		checkBrief(t, body, said, err)
		v, err := frontCourier(client, rpc)(t.Context(), []byte("sealed"))
		checkBrief(t, body, v.Error+v.Detail, err)
		if known := mining.Outcome(v.Outcome); err == nil && known.String() == "unknown" {
			t.Errorf("%q: a verdict of outcome %d", body, v.Outcome)
		}
	})
}

// checkBrief holds what goes into a log to a few lines without a secret.
func checkBrief(t *testing.T, body []byte, said string, err error) {
	t.Helper()
	if err != nil {
		said += err.Error()
	}
	if len(said) > 2000 || strings.Contains(said, "5ec2e7") && !bytes.Contains(body, []byte("5ec2e7")) {
		t.Errorf("%.100q: %d bytes are said: %.300q", body, len(said), said)
	}
}

// FuzzSignedByHand reads anything as a transaction that was signed elsewhere: it is the batch's, with its
// inputs signed, or refused.
func FuzzSignedByHand(f *testing.F) {
	batch := payoutOf(f, 2, 0, 0, append([]byte{0, 20}, make([]byte, 20)...))
	for _, seed := range []string{"", "{}", `{"data":{}}`, "zz", "07", `{"raw_transaction":null}`, `{"raw_transaction":"07"}`, "Sign Template:\n{\"transaction\":{}}"} {
		f.Add([]byte(seed))
	}
	raw := hex.EncodeToString(batch.Unsigned)
	f.Add([]byte(raw))
	f.Add([]byte(`{"status":"success","data":{"transaction":{"raw_transaction":"` + raw + `"}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		tx, err := signedByHand(batch, text)
		if err == nil && (tx.ID != batch.ID || len(tx.Inputs[0].Arguments()) == 0) {
			t.Errorf("%q is taken for batch %x: %x", text, batch.ID, tx.ID)
		}
	})
}
