package gbt

import (
	"crypto/sha3"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/mining"
)

// TestCallersAreWrittenDown has a block found by each way over HTTP: the journal says by
// which, and from where.
func TestCallersAreWrittenDown(t *testing.T) {
	c, r := server(t)
	journal, err := mining.OpenJournal(filepath.Join(t.TempDir(), "j.db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = journal.Close() })
	v := compute.NewVerifier(computetest.SHA3{})
	t.Cleanup(v.Close)
	c.handler.cfg.Submitter = mining.NewSubmitter(mining.SubmitterConfig{Sink: c, Source: c, Verifier: v, Journal: journal})
	check := func(id bc.Hash, kind mining.FinderKind) {
		t.Helper()
		// httptest's requests come from 192.0.2.1.
		if f, ok, err := journal.Fate(id); err != nil || !ok || f.By != (mining.Finder{Kind: kind, Address: "192.0.2.1"}) {
			t.Errorf("%s: %v, found by %+v, %v", kind, ok, f.By, err)
		}
	}
	work := getWork(t, r)
	solve(work, true)
	post(r, "/submit-work", submitBody(t, work))
	check(work.Hash(), mining.FoundByGetWork)

	a := getTemplate(t, r, "{}")
	target := mining.TargetFromBits(c.tip.Bits)
	extranonce := strings.Repeat("01", a.CoinbaseBuild.Extranonce.Size)
	for nonce := uint64(0); ; nonce++ {
		id, _ := roll(a, extranonce, a.CurTime, nonce)
		if !target.Met(sha3.Sum256(id[:])) {
			continue
		}
		_, answer := post(r, "/submit-solution", fmt.Sprintf(`{"workid":%q,"timestamp":%d,"nonce":%d,"extranonce":%q}`, a.WorkID, a.CurTime, nonce, extranonce))
		if !strings.Contains(answer, "success") {
			t.Fatal(answer)
		}
		check(bc.NewHash(id), mining.FoundByTemplate)
		break
	}

	// A whole block, by both forms.
	for _, form := range []string{`{"raw_block":%q}`, `{"id":1,"method":"submitblock","params":[%q]}`} {
		block := *c.made
		solve(&block.BlockHeader, true)
		for known := true; known; {
			block.Timestamp++
			solve(&block.BlockHeader, true)
			known = journal.Has(block.Hash())
		}
		raw, err := block.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		route := map[bool]string{true: "/submit-block", false: "/"}[strings.Contains(form, "raw_block")]
		if status, answer := post(r, route, fmt.Sprintf(form, raw)); status != 200 {
			t.Fatalf("%d %s", status, answer)
		}
		check(block.Hash(), mining.FoundByBlock)
	}
}
