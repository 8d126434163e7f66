package fleet

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/fxamacker/cbor/v2"
)

// FuzzOpen gives Open what anybody on the engine may send.
func FuzzOpen(f *testing.F) {
	key := exampleKey()
	for kind, body := range examples() {
		f.Add(seal(f, key, kind, body))
	}
	f.Add([]byte{0x86, 0x01})
	f.Add([]byte{0x86, 0x01, 0x7b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Open(data, network, anybody)
		if err != nil {
			return
		}
		sameAgain(t, m)
	})
}

// FuzzBody gives Open bodies of each kind that are signed by one whom it knows.
func FuzzBody(f *testing.F) {
	key := exampleKey()
	for kind, body := range examples() {
		raw, err := cbor.Marshal(body)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(kind), raw)
	}
	f.Add(uint8(KindBatch), []byte{0x86, 0, 0, 0, 0x80, 0x41, 0, 0x80})
	f.Fuzz(func(t *testing.T, kind uint8, body []byte) {
		from := key.Public()
		e := envelope{Version: Version, Network: network, Kind: Kind(kind), From: from[:], Body: body}
		e.Signature = key.sign(&e)
		data, err := cbor.Marshal(&e)
		if err != nil {
			t.Fatal(err)
		}
		m, err := Open(data, network, anybody)
		if err != nil {
			return
		}
		sameAgain(t, m)
		if w, ok := m.Body.(*Work); ok {
			serveWork(w)
		}
	})
}

// sameAgain has what was decoded come again as it is.
func sameAgain(t *testing.T, m Message) {
	t.Helper()
	raw, err := cbor.Marshal(m.Body)
	if err != nil {
		t.Fatalf("%+v is not encoded: %v", m.Body, err)
	}
	again := newBody(m.Kind)
	if err := decoding.Unmarshal(raw, again); err != nil {
		t.Fatalf("%+v is not decoded: %v", m.Body, err)
	}
	twice, err := cbor.Marshal(again)
	if err != nil {
		t.Fatal(err)
	}
	if _, isWork := again.(*Work); !isWork && !bytes.Equal(raw, twice) { // A map is in any order.
		t.Errorf("%+v came again as %+v", m.Body, again)
	}
	if !reflect.DeepEqual(normal(m.Body), normal(again)) {
		t.Errorf("%+v came again as %+v", m.Body, again)
	}
}

// normal leaves out what only reflect.DeepEqual tells apart.
func normal(body any) any {
	if b, ok := body.(*Batch); ok && len(b.Entries) == 0 {
		return Batch{Epoch: b.Epoch, Number: b.Number, Oldest: b.Oldest}
	}
	return body
}

// serveWork has a front take work that its own node has signed.
func serveWork(w *Work) {
	key, c := exampleKey().Public(), FeedConfig{}
	if c.Nodes = []PublicKey{key}; w.Parts != nil {
		c.Program = w.Parts.Payee.Program
	}
	f := NewFeed(c)
	f.Body(key, &Body{Boot: w.Boot, Sequence: w.Sequence, Of: 1, Txs: w.Txs})
	_ = f.Work(key, w)
	f.Beat(key, &Beat{Boot: w.Boot, Sequence: w.Sequence})
	_, _ = f.Current()
}
