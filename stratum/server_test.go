package stratum

import (
	"math/bits"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// TestABlockOfARig is the whole way: login, job, share, block, the next job.
func TestABlockOfARig(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, easyBits, nil)
		defer f.close()
		r := f.dial().login("bm1qabc.rig1")
		defer r.close()
		if j := r.job; j.Height != 11 || j.Bits != easyBits || bits.ReverseBytes64(j.Nonce) != j.Nonce || j.Nonce>>63 != 0 {
			t.Errorf("job %+v", j)
		}
		first := r.job
		if err := r.submit(first.ID, wire.FormatNonce(find(&first, 0, isShare(&first)))); err != nil {
			t.Errorf("share refused: %v", err)
		}
		if err := r.submit(first.ID, wire.FormatNonce(find(&first, 0, isBlock(&first)))); err != nil {
			t.Errorf("block refused: %v", err)
		}
		for r.job.Height != 12 {
			r.message()
		}
		if err := r.submit(first.ID, wire.FormatNonce(find(&first, 0, isShare(&first)))); code(err) != wire.CodeJobNotFound || err.Message != "Block expired" {
			t.Errorf("a stale share: %v", err)
		}
		if p, a := f.chain.blocks(); p != 1 || a != 1 {
			t.Errorf("%d blocks processed, %d announced", p, a)
		}
		st := f.ledger.Rigs(time.Now())[0]
		if st.Rig != "bm1qabc.rig1" || st.Accepted != 2 || st.Blocks != 1 || st.Stale != 1 || st.Agent != "test/1" ||
			st.Address != "10.0.0.1" || st.Work <= 0 || st.Best < 16 {
			t.Errorf("rig %+v", st)
		}
		if now := f.server.Rigs()[0]; now.Name != st.Rig || now.Sessions != 1 || now.Difficulty < 1 {
			t.Errorf("rig %+v", now)
		}
		time.Sleep(time.Second)
	})
}
