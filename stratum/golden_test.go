package stratum

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

var updateGolden = flag.Bool("update", false, "write the golden files anew")

// TestGoldenSessions plays the recorded sessions byte by byte. Lines with > are what the
// client sends, with all its \r and \n but for the last one; lines with < what has to
// come, in a write each; = waits; ! does something to the chain.
//
// Roots hold a random extranonce, and are replaced by what they are of: ROOT1 is the first.
func TestGoldenSessions(t *testing.T) {
	files, err := filepath.Glob("testdata/*.session")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden sessions: %v", err)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".session"), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) {
				got := replay(t, string(text))
				if *updateGolden {
					if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
						t.Fatal(err)
					}
				} else if got != string(text) {
					t.Errorf("played:\n%s\nrecorded:\n%s", got, text)
				}
			})
		})
	}
}

// replay plays a session against a front and gives what it was in fact.
func replay(t *testing.T, text string) string {
	f := start(t, easyBits, func(f *front, cfg *Config) {
		f.chain.tip = exampleTip()
		f.ahead.Store(int64(time.Until(time.Unix(1526348364, 0))))
		cfg.StartDifficulty = 4
	})
	defer f.close()
	f.server.jobID.Store(171566)
	f.server.prefix.Store(0x7836)
	synctest.Wait()
	r := f.dialRaw()
	defer r.close()
	var out strings.Builder
	roots := strings.NewReplacer()
	known := []string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		verb, rest, _ := strings.Cut(line, " ")
		switch verb {
		case ">":
			out.WriteString(line + "\n")
			r.write(escapes.Replace(f.fill(r, rest)))
			synctest.Wait()
		case "<":
			got := r.line()
			r.note(got)
			if _, after, ok := strings.Cut(got, `"transactions_merkle_root":"`); ok && len(after) > 64 {
				known = append(known, after[:64], "ROOT"+string(rune('1'+len(known)/2)))
				roots = strings.NewReplacer(known...)
			}
			out.WriteString("< " + roots.Replace(unescapes.Replace(got)) + "\n")
		case "=":
			out.WriteString(line + "\n")
			d, err := time.ParseDuration(rest)
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(d)
		case "!":
			out.WriteString(line + "\n")
			f.connect(rest[0])
			synctest.Wait()
		default:
			out.WriteString(line + "\n") // A comment.
		}
	}
	return out.String()
}

var (
	escapes   = strings.NewReplacer(`\r`, "\r", `\n`, "\n")
	unescapes = strings.NewReplacer("\r", `\r`, "\n", `\n`)
)

// exampleTip is the tip under the example's block, on an easier network.
func exampleTip() (tip mining.Tip) {
	known := wire.KnownAnswer()
	tip.Hash, tip.Seed = bc.NewHash(known.PreviousBlockHash), bc.NewHash(known.Seed)
	tip.Height, tip.Bits, tip.MedianTime = 17547, easyBits, 1526348363
	return tip
}

// fill puts a nonce in the place of SHARE, LOW and BLOCK.
func (f *front) fill(r *testRig, text string) string {
	j := r.job
	low := func(h [32]byte) bool { return !j.Target.Met(h) }
	for word, test := range map[string]func([32]byte) bool{"SHARE": isShare(&j), "LOW": low, "BLOCK": isBlock(&j)} {
		if before, after, ok := strings.Cut(text, word); ok {
			text = before + wire.FormatNonce(find(&j, 0, test)) + after
		}
	}
	return text
}

// tipOf is a tip with a byte of its own in its hash.
func tipOf(b byte) mining.Tip { return mining.Tip{Hash: bc.NewHash([32]byte{b})} }
