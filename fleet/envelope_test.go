package fleet

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/bytom-solo/bytom-solo/ledger"
)

const network = "mainnet"

var update = flag.Bool("update", false, "write testdata/messages.txt anew; raise Version with it")

// exampleKey is the same in each run.
func exampleKey() Key { return Key{ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, ed25519.SeedSize))} }

func anybody(PublicKey) bool { return true }

func seal(t testing.TB, k Key, kind Kind, body any) []byte {
	t.Helper()
	sealed, err := k.Seal(network, kind, body)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

// TestMessagesComeAsTheyWere has a message of each kind, with a value in each field, come as it
// was sent, and be encoded as it was in the first program of this Version.
func TestMessagesComeAsTheyWere(t *testing.T) {
	key, all := exampleKey(), examples()
	var lines []string
	for kind := KindWork; kind <= KindSolved; kind++ {
		noField(t, reflect.ValueOf(all[kind]).Elem(), fmt.Sprintf("%T", all[kind]))
		if w, ok := all[kind].(*Work); ok {
			noField(t, reflect.ValueOf(w.Parts).Elem(), "Parts")
			noField(t, reflect.ValueOf(w.Parts.Tip), "Tip")
		}
		sealed := seal(t, key, kind, all[kind])
		lines = append(lines, hex.EncodeToString(sealed))
		m, err := Open(sealed, network, anybody)
		if err != nil {
			t.Fatalf("kind %d: %v", kind, err)
		}
		if m.Kind != kind || m.From != key.Public() || !reflect.DeepEqual(m.Body, all[kind]) {
			t.Errorf("kind %d of %v: came as kind %d of %v\n%+v\nexpected\n%+v", kind, key.Public(), m.Kind, m.From, m.Body, all[kind])
		}
	}
	path, text := filepath.Join("testdata", "messages.txt"), strings.Join(lines, "\n")+"\n"
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(old) != text {
		t.Errorf("messages are encoded in another way than %s says, which fronts of version %d misread", path, Version)
	}
}

// noField fails for a field of an example that would come as well if it were left out.
func noField(t *testing.T, v reflect.Value, path string) {
	t.Helper()
	for i := range v.NumField() {
		name, field := path+"."+v.Type().Field(i).Name, v.Field(i)
		if v.Type().Field(i).Name == "_" || name == "*fleet.Work.Why" {
			continue
		}
		if field.IsZero() {
			t.Errorf("%s of the example has no value", name)
		}
	}
}

func TestOpenRefusesEachChangedBit(t *testing.T) {
	key := exampleKey()
	sealed := seal(t, key, KindAck, examples()[KindAck])
	for bit := range 8 * len(sealed) {
		changed := bytes.Clone(sealed)
		changed[bit/8] ^= 1 << (bit % 8)
		if m, err := Open(changed, network, func(k PublicKey) bool { return k == key.Public() }); err == nil {
			t.Errorf("with bit %d of byte %d changed it is taken as %+v", bit%8, bit/8, m)
		}
	}
	for n := range sealed {
		if _, err := Open(sealed[:n], network, anybody); !errors.Is(err, ErrMalformed) {
			t.Errorf("the first %d bytes: %v, expected %v", n, err, ErrMalformed)
		}
	}
	if _, err := Open(append(bytes.Clone(sealed), 0), network, anybody); !errors.Is(err, ErrMalformed) {
		t.Errorf("a byte more: %v, expected %v", err, ErrMalformed)
	}
}

// encoded is the CBOR of an envelope with changes, signed anew where sign says so.
func encoded(t *testing.T, k Key, sign bool, change func(*envelope)) []byte {
	t.Helper()
	from := k.Public()
	e := envelope{Version: Version, Network: network, Kind: KindRefused, From: from[:], Body: []byte{0x81, 0x60}}
	e.Signature = k.sign(&e)
	if change(&e); sign {
		e.Signature = k.sign(&e)
	}
	raw, err := cbor.Marshal(&e)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	key, other := exampleKey(), NewKey()
	known := func(k PublicKey) bool { return k == key.Public() }
	later, err := cbor.Marshal([]any{uint64(Version + 1), "of", "another", "form"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		data  []byte
		is    error
		words []string
	}{
		{"nothing", nil, ErrMalformed, []string{"0 bytes"}},
		{"text", []byte("hello"), ErrMalformed, []string{"5 bytes"}},
		{"later form", later, ErrVersion, []string{"3", "expected 2"}},
		{"version", encoded(t, key, true, func(e *envelope) { e.Version = 3 }), ErrVersion, []string{"3", "expected 2"}},
		{"network", encoded(t, key, true, func(e *envelope) { e.Network = "solonet" }), ErrNetwork, []string{`"solonet"`, `expected "mainnet"`}},
		{"endless network", encoded(t, key, true, func(e *envelope) { e.Network = strings.Repeat("x", 1e6) }), ErrNetwork, []string{`expected "mainnet"`}},
		{"stranger", encoded(t, other, true, func(*envelope) {}), ErrUnknownSender, []string{other.Public().String()}},
		{"stranger without signature", encoded(t, other, false, func(e *envelope) { e.Signature = nil }), ErrUnknownSender, []string{other.Public().String()}},
		{"stranger who is another", encoded(t, other, true, func(e *envelope) { e.From = bytes.Clone(e.From); copy(e.From, known32(key)) }), ErrSignature, []string{key.Public().String()}},
		{"unsigned", encoded(t, key, false, func(e *envelope) { e.Signature = nil }), ErrMalformed, []string{"signature of 0 bytes", "expected 64"}},
		{"short key", encoded(t, key, true, func(e *envelope) { e.From = e.From[:31] }), ErrMalformed, []string{"key of 31 bytes", "expected 32"}},
		{"another kind", encoded(t, key, false, func(e *envelope) { e.Kind = KindBeat }), ErrSignature, nil},
		{"unknown kind", encoded(t, key, true, func(e *envelope) { e.Kind = 99 }), ErrMalformed, []string{"kind 99", "expected 1 to 11"}},
		{"body of another kind", encoded(t, key, true, func(e *envelope) { e.Kind = KindBeat }), ErrMalformed, []string{"kind 3"}},
		{"bytes behind the body", encoded(t, key, true, func(e *envelope) { e.Body = append(e.Body, 0) }), ErrMalformed, []string{"kind 6"}},
		{"too long", make([]byte, MostMessage+1), ErrMalformed, []string{"8388609 bytes", "8388608"}},
	} {
		m, err := Open(c.data, network, known)
		if !errors.Is(err, c.is) {
			t.Errorf("%s: %v, expected %v", c.name, err, c.is)
			continue
		}
		for _, words := range c.words {
			if !strings.Contains(err.Error(), words) {
				t.Errorf("%s: %q does not say %q", c.name, err, words)
			}
		}
		if len(err.Error()) > 300 {
			t.Errorf("%s: an error of %d bytes", c.name, len(err.Error()))
		}
		if c.is == ErrUnknownSender && m.From != other.Public() {
			t.Errorf("%s: of %v, expected %v", c.name, m.From, other.Public())
		}
	}
	if _, err := key.Seal(network, KindBlock, &Block{Raw: make([]byte, MostMessage)}); !errors.Is(err, ErrTooLong) {
		t.Errorf("seal of a message that is too long: %v, expected %v", err, ErrTooLong)
	}
}

func known32(k Key) []byte { p := k.Public(); return p[:] }

// TestBatchRefusesWhatSpoilsALedger: what is added to a sum as NaN stays there.
func TestBatchRefusesWhatSpoilsALedger(t *testing.T) {
	key := exampleKey()
	for name, change := range map[string]func(*ledger.Entry){
		"NaN":      func(e *ledger.Entry) { e.Effective = math.NaN() },
		"infinite": func(e *ledger.Entry) { e.Network = math.Inf(1) },
		"negative": func(e *ledger.Entry) { e.Difficulty = -1 },
		"kind":     func(e *ledger.Entry) { e.Kind = ledger.LoggedIn + 1 },
	} {
		b := examples()[KindBatch].(*Batch)
		change(&b.Entries[1])
		if _, err := Open(seal(t, key, KindBatch, b), network, anybody); !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), "entry 1") {
			t.Errorf("%s: %v, expected %v", name, err, ErrMalformed)
		}
	}
	if _, err := key.Seal(network, KindBatch, &Batch{Entries: make([]ledger.Entry, MostEntries+1)}); !errors.Is(err, ErrTooLong) {
		t.Errorf("seal of a batch that is too long: %v, expected %v", err, ErrTooLong)
	}
	names := &Batch{Entries: []ledger.Entry{{At: time.Unix(1, 0), Rig: "\xff\xfe"}}}
	if m, err := Open(seal(t, key, KindBatch, names), network, anybody); err != nil || !reflect.DeepEqual(m.Body, names) {
		t.Errorf("a name that is no text: %+v, %v", m.Body, err)
	}
}

// TestAShareIsSmall holds the size of a batch to what docs/design/fleet-messages.md says.
func TestAShareIsSmall(t *testing.T) {
	key, b := exampleKey(), rigsBatch(1000)
	if each := len(seal(t, key, KindBatch, b)) / len(b.Entries); each > 60 {
		t.Errorf("%d bytes a share, expected at most 60", each)
	}
	if full := len(seal(t, key, KindBatch, rigsBatch(MostEntries))); full > 1<<20 {
		t.Errorf("a full batch has %d bytes, more than engines take by default", full)
	}
}

// rigsBatch is a batch of so many shares of 100 rigs.
func rigsBatch(n int) *Batch {
	b := &Batch{Epoch: 1 << 62, Number: 1000, Oldest: 990}
	for i := range n {
		rig := fmt.Sprintf("bm1qxuw9qtvzr7k2v0f0qmpz7v8fq0c3x3n8s5ezxl.rig%02d", i%100)
		b.Entries = append(b.Entries, ledger.Entry{
			At: time.Unix(1700000000, int64(i)*1e6), Rig: rig, Address: fmt.Sprintf("192.168.1.%d", i%100), Agent: "rig/1.2.3", Owner: rig[:42],
			Effective: 4321.5, Network: 1.25e9, Difficulty: 5000.25 + float64(i), Work: 4321,
		})
	}
	return b
}

func BenchmarkBatch(b *testing.B) {
	key, batch := exampleKey(), rigsBatch(1000)
	sealed := seal(b, key, KindBatch, batch)
	report := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(batch.Entries)), "ns/share")
		b.ReportMetric(float64(len(sealed))/float64(len(batch.Entries)), "B/share")
	}
	b.Run("seal", func(b *testing.B) {
		for b.Loop() {
			seal(b, key, KindBatch, batch)
		}
		report(b)
	})
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			m, err := Open(sealed, network, anybody)
			if err != nil || len(m.Body.(*Batch).Entries) != len(batch.Entries) {
				b.Fatal(err)
			}
		}
		report(b)
	})
	b.Run("decode", func(b *testing.B) {
		raw, err := batch.MarshalCBOR()
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if err := new(Batch).UnmarshalCBOR(raw); err != nil {
				b.Fatal(err)
			}
		}
		report(b)
	})
	b.Run("stranger", func(b *testing.B) {
		for b.Loop() {
			if _, err := Open(sealed, network, func(PublicKey) bool { return false }); !errors.Is(err, ErrUnknownSender) {
				b.Fatal(err)
			}
		}
	})
}
