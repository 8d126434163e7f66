package rig

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/bytom/bytom/protocol/bc/types"

	gbtwire "github.com/bytom-solo/bytom-solo/gbt/wire"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// TestWorkOfANode has a target below 2^224, as no node of a private network has it: a hash
// whose top 32 bits are zero is neither a block nor, without a pool, a share.
func TestWorkOfANode(t *testing.T) {
	w := newWork(types.BlockHeader{Version: 1, Bits: 0x18<<56 | 1<<40}, [32]byte{}, newNonces(allNonces, 0))
	var near, block [32]byte
	near[27], block[25] = 1, 1 // little-endian
	for _, test := range []struct {
		name      string
		share     wire.Target
		result    [32]byte
		ok, block bool
	}{
		{"a block", 0, block, true, true},
		{"no block", 0, near, false, false},
		{"a share", 1, near, true, false},
		{"a block of a pool's", 1, block, true, true},
	} {
		w.share = test.share
		if ok, block := w.met(test.result); ok != test.ok || block != test.block {
			t.Errorf("%s: %v, %v", test.name, ok, block)
		}
	}
	w.share = 0
	if d := w.difficulty(); d < 1<<33 || d != w.network.Difficulty() {
		t.Errorf("a solution takes %v hashes, a block %v", d, w.network.Difficulty())
	}
	if w.share = wire.TargetFor(100); math.Abs(w.difficulty()-100) > 0.01 {
		t.Errorf("a share takes %v hashes", w.difficulty())
	}
}

// TestTemplatesThatAreNone can't be worked on; the error says why.
func TestTemplatesThatAreNone(t *testing.T) {
	zero := strings.Repeat("00", 32)
	for _, test := range []struct {
		name   string
		change func(*gbtwire.Template)
		want   string // of the error, empty if there is none
	}{
		{"the shortest extranonce", func(*gbtwire.Template) {}, ""},
		{"the longest", func(t *gbtwire.Template) { t.CoinbaseBuild.Extranonce.Size = 8 }, ""},
		{"no extranonce", func(t *gbtwire.Template) { t.CoinbaseBuild.Extranonce.Size = 0 }, "0 bytes of extranonce"},
		{"a longer one", func(t *gbtwire.Template) { t.CoinbaseBuild.Extranonce.Size = 9 }, "9 bytes of extranonce"},
		{"a short tip", func(t *gbtwire.Template) { t.PreviousBlockHash = zero[2:] }, "previousblockhash is"},
		{"no tip", func(t *gbtwire.Template) { t.PreviousBlockHash = "" }, "previousblockhash is"},
		{"a long commitment", func(t *gbtwire.Template) { t.StatusCommitment += "00" }, "default_status_commitment is"},
		{"a seed that is no hash", func(t *gbtwire.Template) { t.Seed = strings.Repeat("xy", 32) }, "seed is"},
		{"bits that are a number", func(t *gbtwire.Template) { t.Bits = "1234567" }, "bits are"},
		{"short bits", func(t *gbtwire.Template) { t.Bits = "1d00ffff" }, "bits are"},
	} {
		template := gbtwire.Template{
			Version: 1, Height: 7, CurTime: 1000, PreviousBlockHash: zero, Seed: zero, StatusCommitment: zero, Bits: "1d00000000047a1d",
			CoinbaseBuild: gbtwire.CoinbaseBuild{Extranonce: gbtwire.Extranonce{Size: 1}, Layers: []gbtwire.Layer{{Tag: "t"}}},
		}
		test.change(&template)
		w, err := templateWork(&template)
		if test.want != "" {
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s: %v, expected %q", test.name, err, test.want)
			}
			continue
		}
		if err != nil || len(w.extranonce) != template.CoinbaseBuild.Extranonce.Size || w.header.Height != 7 || w.header.Timestamp != 1000 || w.header.Bits != 0x1d00000000047a1d {
			t.Errorf("%s: %+v, %v", test.name, w, err)
		}
	}
}

// TestOutcomesHaveNames, and what is none a number.
func TestOutcomesHaveNames(t *testing.T) {
	var names []string
	for o := Outcome(-1); o <= outcomes; o++ {
		names = append(names, o.String())
	}
	if got := strings.Join(names, " "); got != "Outcome(-1) accepted stale duplicate low rejected lost unanswered Outcome(7)" {
		t.Error(got)
	}
}

// TestStreak counts refusals at several speeds: a round is full with the eighth, and not
// before five seconds.
func TestStreak(t *testing.T) {
	for _, test := range []struct {
		each time.Duration
		full int // the refusal that fills a round
	}{
		{time.Minute, streakLength}, {time.Second, streakLength}, {streakTime / (streakLength - 1), streakLength + 1}, // 4.99… s
		{500 * time.Millisecond, 11}, {100 * time.Millisecond, 51},
	} {
		now := time.Now()
		var s refusalStreak
		for round := range 3 {
			for i := 1; i <= test.full; i++ {
				if full := s.refused(now); full != (i == test.full) || s.rounds != round && !full {
					t.Errorf("one each %v: full %v after %d, of round %d", test.each, full, i, s.rounds)
				}
				now = now.Add(test.each)
			}
		}
		if s.rounds != 3 || !s.taken() || s != (refusalStreak{}) || s.taken() {
			t.Errorf("one each %v: %+v", test.each, s)
		}
	}
}
