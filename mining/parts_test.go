package mining

import (
	"errors"
	"slices"
	"testing"

	"github.com/bytom/bytom/protocol/bc/types"
)

// TestJobsOfPartsAreThoseOfTheTemplate cuts jobs of random templates here, and elsewhere of
// their parts alone: root, header hash and block are the same to the byte.
func TestJobsOfPartsAreThoseOfTheTemplate(t *testing.T) {
	r := random()
	for range 100 {
		tip := Tip{Height: r.Uint64() >> (2 + r.IntN(62)), Bits: easyBits}
		here, err := newTemplate(tip, randomCandidates(r, r.IntN(20)), testPayee, make([]byte, r.IntN(MaxTag+1)), timeAt(1), NewTxs)
		if err != nil {
			t.Fatal(err)
		}
		here.Sequence = r.Uint64()
		there, err := NewTemplateOf(here.Parts(), func() ([]*types.Tx, error) { return here.Txs, nil })
		if err != nil {
			t.Fatal(err)
		}
		if !there.intact() || !there.SameWork(here) || there.Sequence != here.Sequence || there.Value != here.Value || there.Target != here.Target {
			t.Fatalf("the template is %+v there, expected %+v", there, here)
		}
		extranonce, timestamp, nonce := r.Uint64(), here.Timestamp+5, r.Uint64()>>1
		a, b := NewJob(here, extranonce), NewJob(there, extranonce)
		if a.HeaderHash(timestamp, nonce) != b.HeaderHash(timestamp, nonce) {
			t.Fatal("a job of the parts has another header")
		}
		if x, y := textAt(t, a, timestamp, nonce), textAt(t, b, timestamp, nonce); x != y {
			t.Fatalf("block %s there, expected %s", y, x)
		}
	}
}

func textAt(t *testing.T, j *Job, timestamp, nonce uint64) string {
	t.Helper()
	block, err := j.Block(timestamp, nonce)
	if err != nil {
		t.Fatal(err)
	}
	text, err := block.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestOtherTransactionsMakeNoBlock: what came over the network may be of another template.
func TestOtherTransactionsMakeNoBlock(t *testing.T) {
	r := random()
	here, err := newTemplate(Tip{Bits: easyBits}, randomCandidates(r, 5), testPayee, nil, timeAt(1), NewTxs)
	if err != nil {
		t.Fatal(err)
	}
	late := errors.New("not there yet")
	swapped := slices.Clone(here.Txs)
	swapped[1], swapped[2] = swapped[2], swapped[1]
	for name, txs := range map[string][]*types.Tx{"too few": here.Txs[:4], "another order": swapped, "none": nil} {
		there, err := NewTemplateOf(here.Parts(), func() ([]*types.Tx, error) { return txs, nil })
		if err != nil {
			t.Fatal(err)
		}
		if _, err := NewJob(there, 1).Block(there.Timestamp, 1); !errors.Is(err, errOtherTxs) {
			t.Errorf("%s: %v, expected %v", name, err, errOtherTxs)
		}
	}
	there, err := NewTemplateOf(here.Parts(), func() ([]*types.Tx, error) { return nil, late })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewJob(there, 1).Block(there.Timestamp, 1); !errors.Is(err, late) {
		t.Errorf("%v, expected %v", err, late)
	}
}

func TestPartsThatMakeNoTemplate(t *testing.T) {
	good, err := newTemplate(Tip{Bits: easyBits}, randomCandidates(random(), 5), testPayee, nil, timeAt(1), NewTxs)
	if err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Parts){
		"a branch too short": func(p *Parts) { p.Branch = p.Branch[:1] },
		"a negative count":   func(p *Parts) { p.Count, p.Branch = -1, nil },
		"a tag too long":     func(p *Parts) { p.Tag = make([]byte, 200) },
		"nobody to pay":      func(p *Parts) { p.Payee = Payee{} },
	} {
		p := good.Parts()
		spoil(&p)
		if _, err := NewTemplateOf(p, nil); err == nil {
			t.Errorf("%s: a template was made of it", name)
		}
	}
}
