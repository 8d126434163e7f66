package gbt

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/gbt/wire"
	"github.com/bytom-solo/bytom-solo/mining"
)

// TestRenderingsAreThePlainAnswers compares answers from a rendering of another's work with
// what encoding/json makes of each, byte for byte.
func TestRenderingsAreThePlainAnswers(t *testing.T) {
	for _, n := range []int{0, 1, 63} {
		c, r := server(t)
		c.somePool(n)
		c.generator.Force()
		for a := getTemplate(t, r, "{}"); n > 0 && string(a.Transactions) == "[]"; {
			a = getTemplate(t, r, "{}")
		}
		base, err := c.generator.Current()
		if err != nil {
			t.Fatal(err)
		}
		for i, in := range []wire.TemplateRequest{
			{}, {Payee: "payee-of-twenty-0001"}, {Payee: `"~own~<&>~id~\` + "\u2028~~~", CoinbaseTag: new(strings.Repeat("00", mining.MaxTag))}, {CoinbaseTag: new("")},
		} {
			of, asked, err := c.handler.forPayee(base, in)
			if err != nil {
				t.Fatal(err)
			}
			for size := 1; size <= rollSize; size++ {
				for _, key := range []renderingKey{{asked, size, false, true}, {asked, size, true, false}} {
					c.comparePlain(t, of, key, fmt.Sprintf("%d transactions, request %d, %+v", n, i, key))
				}
			}
		}
	}
}

// comparePlain renders one work, and compares its answers to others.
func (c *chain) comparePlain(t *testing.T, of *mining.Template, key renderingKey, what string) {
	t.Helper()
	var f *rendering
	for _, at := range []answerTimes{{}, {1, 1<<64 - 1}, {1_800_000_000, 1_800_003_600}} {
		w, err := c.handler.templates.make(mining.NewJob(of, c.handler.cfg.Extranonces.Lease().First()), key.size, key.asked)
		if err != nil {
			t.Fatal(err)
		}
		a, err := c.handler.describe(w, key, at)
		if err != nil {
			t.Fatal(err)
		}
		if f == nil {
			if f, err = newRendering(w, a); err != nil {
				t.Fatal(err)
			}
		}
		plain, got := httptest.NewRecorder(), httptest.NewRecorder()
		write(plain, 200, success(a))
		respond(got, success(templateAnswer{rendering: f, work: w, at: at}))
		if text := mustJSON(t, templateAnswer{rendering: f, work: w, at: at}); string(text) != string(mustJSON(t, a)) {
			t.Fatalf("%s: in another answer\n%.3000s\nexpected\n%.3000s", what, text, mustJSON(t, a))
		}
		if got.Body.String() != plain.Body.String() || fmt.Sprint(got.Header()) != fmt.Sprint(plain.Header()) {
			t.Fatalf("%s:\n%.3000s\nexpected\n%.3000s", what, got.Body, plain.Body)
		}
	}
}

// TestRenderingsAreOfTheirTemplate asks for renderings of templates as they follow each other.
func TestRenderingsAreOfTheirTemplate(t *testing.T) {
	var s renderings
	c, _ := server(t)
	older, err := c.generator.Current()
	if err != nil {
		t.Fatal(err)
	}
	newer := *older
	newer.Built = older.Built.Add(1)
	made := 0
	get := func(base *mining.Template, key renderingKey) *rendering {
		f, err := s.of(base, key, func() (*rendering, error) { made++; return &rendering{}, nil })
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	first := get(older, renderingKey{size: 1})
	if get(older, renderingKey{size: 1}) != first || get(older, renderingKey{size: 2}) == first || made != 2 {
		t.Errorf("%d renderings were made, expected one for each key", made)
	}
	second := get(&newer, renderingKey{size: 1})
	if second == first || get(older, renderingKey{size: 1}) == first || get(&newer, renderingKey{size: 1}) != second {
		t.Error("a rendering of another template was given")
	}
	for i := range 2 * keptRenderings {
		get(&newer, renderingKey{size: i})
	}
	if len(s.cached) != keptRenderings {
		t.Errorf("%d renderings are kept, expected %d", len(s.cached), keptRenderings)
	}
}

// TestWorkIsThePlainAnswer compares a get-work with what encoding/json makes of it.
func TestWorkIsThePlainAnswer(t *testing.T) {
	_, r := server(t)
	_, text := post(r, "/get-work", "")
	var reply struct{ Data wire.Work }
	if err := json.Unmarshal([]byte(text), &reply); err != nil {
		t.Fatal(err)
	}
	if plain := mustJSON(t, success(reply.Data)); text != string(plain) {
		t.Errorf("%s, expected\n%s", text, plain)
	}
}

// TestWorksOfASlowCaller has callers come with the former tip's template when others
// have the new one's: none of the works may be forgotten.
func TestWorksOfASlowCaller(t *testing.T) {
	h := issuedWork[int, int]{limit: 1000}
	tips := []bc.Hash{{V0: 1}, {V0: 2}}
	var callers sync.WaitGroup
	for i := range 500 {
		callers.Go(func() { h.issue(tips[i%2], i, i, nil) })
	}
	callers.Wait()
	for i := range 500 {
		if w, ok := h.find(i); !ok || w != i {
			t.Fatalf("work %d was forgotten", i)
		}
	}
	h.issue(bc.Hash{V0: 3}, -1, -1, nil)
	h.issue(bc.Hash{V0: 4}, -2, -2, nil)
	if _, ok := h.find(1); ok {
		t.Error("work of two tips before is still there")
	}
}
