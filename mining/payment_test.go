package mining

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom/bytom/consensus"
)

var otherPayee = Payee{Address: "sm1qother", Program: append([]byte{0, 20}, bytes.Repeat([]byte{7}, 20)...)}

// TestPaymentIsWhatJobsHash decodes coinbases of many heights, payees and tags.
func TestPaymentIsWhatJobsHash(t *testing.T) {
	r := random()
	for range 200 {
		payee, tag := otherPayee, make([]byte, r.IntN(MaxTag+1))
		if r.IntN(2) == 0 {
			payee.Program = append([]byte{0, 32}, bytes.Repeat([]byte{byte(r.Uint32())}, 32)...)
		}
		tip := Tip{Height: r.Uint64() >> r.IntN(64), Bits: easyBits}
		template, err := newTemplate(tip, randomCandidates(r, r.IntN(9)), payee, tag, timeAt(1), NewParent)
		if err != nil {
			t.Fatal(err)
		}
		p, err := template.Payment()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(p.Program, payee.Program) || p.Amount != template.Value {
			t.Errorf("the coinbase pays %x %d, expected %x %d", p.Program, p.Amount, payee.Program, template.Value)
		}
		text, arbitrary, err := NewJob(template, 0).Coinbase()
		if err != nil || hex.EncodeToString(p.Raw) != string(text) || !bytes.Equal(p.Arbitrary, arbitrary) {
			t.Errorf("decoded of %s, %x, expected %s, %x, error %v", hex.EncodeToString(p.Raw), p.Arbitrary, text, arbitrary, err)
		}
		if template.intact() {
			t.Error("a template is intact before it is proven")
		}
		if err := template.prove(payee.Program); err != nil || !template.intact() {
			t.Errorf("not proven: %v", err)
		}
	}
}

// sabotages are ways in which a coinbase can pay wrongly, or other than it says.
var sabotages = map[string]func(c *coinbase){
	"another program": func(c *coinbase) { c.program = otherPayee.Program },
	"less":            func(c *coinbase) { c.amount-- },
	"more":            func(c *coinbase) { c.amount++ },
	"another program in what is hashed alone": func(c *coinbase) {
		c.layers[2].Suffix = bytes.Replace(c.layers[2].Suffix, testPayee.Program, otherPayee.Program, 1)
	},
	"another amount in what is hashed alone": func(c *coinbase) {
		c.layers[1].Suffix = clone(c.layers[1].Suffix)
		c.layers[1].Suffix[32]++
	},
	"a second output in what is hashed alone": func(c *coinbase) { c.layers[3].Prefix[len(c.layers[3].Prefix)-1] = 2 },
	"no room for an extranonce":               func(c *coinbase) { c.arbitrary = c.arbitrary[:extranonceSize-1] },
	"program and hash of another payee": func(c *coinbase) {
		other, _ := newCoinbase(11, c.amount, otherPayee, []byte("tag"))
		*c = *other
	},
	"amount and hash of another amount": func(c *coinbase) {
		other, _ := newCoinbase(11, c.amount-1, testPayee, []byte("tag"))
		*c = *other
	},
	// The payee's own bytes are changed in place: whoever has them sees the change.
	"in place": func(c *coinbase) { c.program[5] = 99; c.layers[2].Suffix[len(c.layers[2].Suffix)-17] = 99 },
}

// sabotaged is a generator whose coinbases are built by a saboteur while it is switched on.
func sabotaged(c *fakeChain, harm func(*coinbase)) (g *Generator, on *atomic.Bool) {
	on = new(atomic.Bool)
	payee := func() Payee { return Payee{testPayee.Address, clone(testPayee.Program)} }
	g = NewGenerator(GeneratorConfig{
		Source:   c,
		Payee:    func() (Payee, []byte, error) { return payee(), []byte("tag"), nil },
		Expected: func() ([]byte, error) { return payee().Program, nil },
	})
	g.coinbase = func(height, amount uint64, payee Payee, tag []byte) (*coinbase, error) {
		built, err := newCoinbase(height, amount, payee, tag)
		if err == nil && on.Load() {
			harm(built)
		}
		return built, err
	}
	return g, on
}

// TestSabotagedCoinbaseGoesToNobody has coinbases built wrongly, from the start or later: no
// template of them is published, made for a caller or sent to a subscriber, and the reason
// says so. When the saboteur is gone, work goes on.
func TestSabotagedCoinbaseGoesToNobody(t *testing.T) {
	for name, harm := range sabotages {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newFakeChain()
				g, on := sabotaged(c, harm)
				sub, cancel := g.Subscribe()
				defer cancel()
				on.Store(true)
				runGenerator(t, g)
				for range 3 {
					time.Sleep(5 * time.Second)
					synctest.Wait()
					if template, err := g.Current(); template != nil || !errors.Is(err, ErrPayeeMismatch) {
						t.Fatalf("template %v, error %v", template, err)
					}
					if template, err := g.Fresh(t.Context()); template != nil || !errors.Is(err, ErrPayeeMismatch) {
						t.Fatalf("fresh template %v, error %v", template, err)
					}
					if template, err := g.Make(t.Context(), Request{}); template != nil || !errors.Is(err, ErrPayeeMismatch) {
						t.Fatalf("made template %v, error %v", template, err)
					}
					select {
					case template := <-sub:
						if template != nil {
							t.Fatal("a subscriber was sent a template")
						}
					default:
					}
				}
				if m := g.Mismatch(); m == nil || !errors.Is(m.Err, ErrPayeeMismatch) {
					t.Errorf("the mismatch is %v", m)
				}
				on.Store(false)
				time.Sleep(2 * time.Second)
				synctest.Wait()
				if template := <-sub; template == nil || !template.intact() {
					t.Error("no template after the saboteur has gone")
				}
				on.Store(true)
				c.connect(9)
				g.TipChanged()
				time.Sleep(time.Second)
				if template, err := g.Current(); template != nil || !errors.Is(err, ErrPayeeMismatch) {
					t.Errorf("after the next block: template %v, error %v", template, err)
				}
			})
		})
	}
}

// TestTemplateThatChangesGoesToNobody changes the coinbase of a template that was published:
// nobody gets another job of it, and the next template is right.
func TestTemplateThatChangesGoesToNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newTestGenerator(newFakeChain())
		runGenerator(t, g)
		synctest.Wait()
		old, err := g.Current()
		if err != nil || g.Mismatch() != nil {
			t.Fatalf("error %v, mismatch %v", err, g.Mismatch())
		}
		sub, cancel := g.Subscribe()
		defer cancel()
		old.coinbase.layers[2].Suffix[45] ^= 1
		w := &worker{miner: NewMiner(MinerConfig{Generator: g}), lease: NewExtranonces().Lease(), templates: sub}
		if w.accept(<-sub); w.job != nil {
			t.Error("a device was given a job of it")
		}
		if template, err := g.Current(); template != nil || !errors.Is(err, ErrPayeeMismatch) {
			t.Errorf("template %v, error %v", template, err)
		}
		if template, _ := g.Watch(); template != nil {
			t.Error("it is watched")
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if template, err := g.Current(); err != nil || template == old {
			t.Errorf("afterwards the old one is still there, or error %v", err)
		}
		if g.Mismatch() == nil {
			t.Error("nobody knows of the mismatch any more")
		}
	})
}

// TestPayeeChangesAreNoMismatch changes the payee at every moment of a build: the alarm
// keeps silent, and the last template pays the last payee.
func TestPayeeChangesAreNoMismatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFakeChain()
		var now atomic.Uint64
		current := func() (Payee, []byte, error) {
			program := append([]byte{0, 20}, make([]byte, 20)...)
			binary.BigEndian.PutUint64(program[2:], now.Load())
			return Payee{"sm1q", program}, nil, nil
		}
		g := NewGenerator(GeneratorConfig{Source: c, Payee: current, TxInterval: time.Nanosecond})
		runGenerator(t, g)
		r := random()
		for range 2000 {
			switch r.IntN(4) {
			case 0, 1:
				now.Add(1)
				if r.IntN(2) == 0 {
					time.Sleep(time.Duration(r.IntN(3))) // The change is under way.
				}
				g.PayeeChanged()
			case 2:
				g.Force()
			case 3:
				if template, err := g.Make(t.Context(), Request{}); err != nil || !template.intact() {
					t.Fatalf("made template: %v", err)
				}
			}
			if r.IntN(3) == 0 {
				time.Sleep(time.Duration(r.IntN(5)))
			}
		}
		if err := g.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		payee, _, _ := current()
		if template, err := g.Current(); err != nil || !bytes.Equal(template.Payee.Program, payee.Program) {
			t.Errorf("the last template does not pay the last payee, or error %v", err)
		}
		if m := g.Mismatch(); m != nil {
			t.Errorf("false alarm: %v", m.Err)
		}
	})
}

// TestPayeeThatMovesInABuild changes the payee between a build's first and second look, first
// without and then with word of it. Where the two never agree, it is a mismatch.
func TestPayeeThatMovesInABuild(t *testing.T) {
	c := newFakeChain()
	asked, announce := 0, false
	var g *Generator
	g = NewGenerator(GeneratorConfig{
		Source: c,
		Payee:  func() (Payee, []byte, error) { return testPayee, nil, nil },
		Expected: func() ([]byte, error) {
			if asked++; asked <= 3 {
				if announce {
					g.PayeeChanged()
				}
				return otherPayee.Program, nil
			}
			return testPayee.Program, nil
		},
	})
	if template, err := g.Make(t.Context(), Request{}); err != nil || asked != 4 || !template.intact() {
		t.Errorf("asked %d times, expected 4, error %v", asked, err)
	}
	asked, announce = 0, true
	if template, err := g.Make(t.Context(), Request{}); err != nil || asked != 1 || !template.intact() {
		t.Errorf("with word of the change: asked %d times, expected once, error %v", asked, err)
	}
	if m := g.Mismatch(); m != nil {
		t.Errorf("false alarm: %v", m.Err)
	}
	asked, announce = -1_000_000, false
	if _, err := g.Make(t.Context(), Request{}); !errors.Is(err, ErrPayeeMismatch) {
		t.Errorf("where the two never agree: %v, expected %v", err, ErrPayeeMismatch)
	}
}

// TestTemplateForAnotherPayee is proven by whom the caller asked for.
func TestTemplateForAnotherPayee(t *testing.T) {
	g := newTestGenerator(newFakeChain())
	for _, request := range []Request{{Payee: &otherPayee}, {Payee: &otherPayee, Parent: &g.cfg.Source.(*fakeChain).tip.Hash}} {
		template, err := g.Make(t.Context(), request)
		if err != nil || !template.intact() {
			t.Fatalf("made: %v", err)
		}
		if p, err := template.Payment(); err != nil || !bytes.Equal(p.Program, otherPayee.Program) {
			t.Errorf("pays %x, expected %x, error %v", p.Program, otherPayee.Program, err)
		}
		back, err := template.For(testPayee, nil)
		if err != nil || !back.intact() || !bytes.Equal(back.proven.program, testPayee.Program) || !bytes.Equal(template.proven.program, otherPayee.Program) {
			t.Errorf("for the payee again: %v", err)
		}
	}
}

// TestDecodePaymentRefuses takes apart what is no coinbase of ours.
func TestDecodePaymentRefuses(t *testing.T) {
	template, err := newTemplate(Tip{Height: 5, Bits: easyBits}, randomCandidates(random(), 1), testPayee, nil, timeAt(1), NewParent)
	if err != nil {
		t.Fatal(err)
	}
	text, _, err := NewJob(template, 1).Coinbase()
	if err != nil {
		t.Fatal(err)
	}
	usual, err := template.Txs[0].MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	asset := hex.EncodeToString(consensus.BTMAssetID.Bytes())
	for name, bad := range map[string]string{
		"nothing": "", "no hexadecimal": "zz", "cut off": string(text[:len(text)-2]), "too long": string(text) + "00",
		"another asset": strings.Replace(string(text), asset, strings.Repeat("ab", 32), 1), "no coinbase": string(usual),
	} {
		if p, _, err := decodePayment([]byte(bad)); err == nil {
			t.Errorf("%s: decoded as %+v", name, p)
		}
	}
}

// BenchmarkVouch is what each job costs more, BenchmarkProve what each template does.
func BenchmarkVouch(b *testing.B) {
	g := newTestGenerator(newFakeChain())
	template, err := g.Make(context.Background(), Request{})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if g.vouch(template) != nil {
			b.Fatal("not intact")
		}
	}
}

func BenchmarkProve(b *testing.B) {
	g := newTestGenerator(newFakeChain())
	template, err := g.Make(context.Background(), Request{})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := template.prove(testPayee.Program); err != nil {
			b.Fatal(err)
		}
	}
}
