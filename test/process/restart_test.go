package process_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/gbt/client"
	"github.com/bytom-solo/bytom-solo/gbt/wire"
	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/rig"
	stratumclient "github.com/bytom-solo/bytom-solo/stratum/client"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// TestWorkOutlivesARestart has a node hand out work in each of the ways, stops it or kills
// it, and brings what was found of it to the next run: the tip is the same, so it is the
// next block.
func TestWorkOutlivesARestart(t *testing.T) {
	r := harness.NewSimulatedSolver(t)
	front := harness.RigAddress(t)
	options := testnet.NodeOptions{Simulated: true, Args: []string{"--stratum.listen", front}}
	n := testnet.Start(t, options)
	options.Home = n.Home
	harness.MakeAccount(t, n)
	ways := []struct {
		name string
		take func(*formerWork) func() error
	}{{"stratum", (*formerWork).stratum}, {"get-work", (*formerWork).getWork}, {"template", (*formerWork).template}}
	for _, kill := range []bool{false, true} {
		for _, way := range ways {
			w := &formerWork{t: t, rig: r, node: n, front: front}
			submit := way.take(w)
			if kill {
				for try := 0; !w.written(); try++ { // Work on the tip before is not kept.
					if submit = way.take(w); try == 10 {
						t.Fatalf("%s: work %s is not written down", way.name, w.key)
					}
				}
				n.Kill()
			} else {
				n.Stop()
			}
			n = testnet.Start(t, options)
			w.node = n
			before, err := n.Height()
			if err != nil {
				t.Fatal(err)
			}
			if err := submit(); err != nil {
				t.Errorf("%s, killed %v: %v", way.name, kill, err)
			}
			testnet.Wait(t, time.Minute, func() error {
				if after, err := n.Height(); err != nil || after != before+1 {
					return fmt.Errorf("height %d after %d: %w", after, before, err)
				}
				return nil
			})
		}
	}
}

// formerWork is work of a node that is about to end.
type formerWork struct {
	t     *testing.T
	rig   *harness.Solver
	node  *testnet.Node
	front string
	key   string // what it is in the file by
}

// written reports whether the work is written down, which it is a moment after it was handed
// out.
func (w *formerWork) written() bool {
	return nil == testnet.Poll(w.t.Context(), 6*time.Second, func() error {
		text, err := os.ReadFile(filepath.Join(w.node.Home, "mining", "handouts.jsonl"))
		if err == nil && !bytes.Contains(text, []byte(`"key":"`+w.key+`"`)) {
			err = fmt.Errorf("no work %s in %s", w.key, text)
		}
		return err
	})
}

// solve is the first nonce from one on that meets the network's target.
func (w *formerWork) solve(bits, nonce uint64, seed [32]byte, header func(nonce uint64) [32]byte) uint64 {
	for ; ; nonce++ {
		result, err := w.rig.Verifier.Hash(w.t.Context(), header(nonce), seed)
		if err != nil {
			w.t.Fatal(err)
		}
		if mining.TargetFromBits(bits).Met(result) {
			return nonce
		}
	}
}

func (w *formerWork) client() *client.Client {
	c, err := client.New(w.node.URL, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *formerWork) login() *stratumclient.Client {
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	c, err := stratumclient.Dial(ctx, stratumclient.Config{Address: w.front, Login: "shed.1"})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *formerWork) stratum() func() error {
	c := w.login()
	job := <-c.Jobs()
	w.key = job.ID
	return func() error {
		_ = c.Close() // It has ended.
		nonce := w.solve(job.Bits, job.Nonce, job.Seed, job.HeaderHash)
		next := w.login()
		defer next.Close()
		return next.Submit(w.t.Context(), job, nonce)
	}
}

func (w *formerWork) getWork() func() error {
	work, err := w.client().GetWork(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	header := work.BlockHeader
	w.key = header.TransactionsMerkleRoot.String()
	return func() error {
		headers := mining.NewHeaders(header)
		header.Nonce = w.solve(header.Bits, 0, work.Seed.Byte32(), headers.Hash)
		return w.client().SubmitWork(w.t.Context(), header)
	}
}

func (w *formerWork) template() func() error {
	t, err := w.client().GetBlockTemplate(w.t.Context(), wire.TemplateRequest{Capabilities: []string{"workid"}})
	if err != nil {
		w.t.Fatal(err)
	}
	w.key = t.WorkID
	extranonce := make([]byte, t.CoinbaseBuild.Extranonce.Size)
	extranonce[0] = 7
	header, seed, err := rig.TemplateHeader(t, extranonce)
	if err != nil {
		w.t.Fatal(err)
	}
	return func() error {
		headers := mining.NewHeaders(&header)
		nonce := w.solve(header.Bits, 0, seed, headers.Hash)
		return w.client().SubmitSolution(w.t.Context(), t.WorkID, header.Timestamp, nonce, extranonce)
	}
}
