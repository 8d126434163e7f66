//go:build linux || darwin

package outbox

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/boltcheck/filetest"
	"github.com/bytom-solo/bytom-solo/fleet"
)

const killedChild = "BYTOM_SOLO_TEST_OUTBOX"

// addForEver is the child of TestOutboxKilled: three sides add, and a fourth books. It prints what
// is said to be safe, and each batch before it is booked; a line that is whole ends with a point.
func addForEver(t *testing.T, path string, from uint64) {
	o, err := Open(Config{Path: path, Pause: time.Millisecond})
	must(t, err)
	var printing sync.Mutex
	say := func(text string) {
		printing.Lock()
		defer printing.Unlock()
		fmt.Println(text + ".")
	}
	for side := range uint64(3) {
		go func() {
			for i := uint64(0); ; i++ {
				done := make(chan struct{})
				n := from + side*100_000 + i
				o.Add(entry(n), func(err error) {
					if err == nil {
						say(fmt.Sprint("safe ", n))
					}
					close(done)
				})
				if i%20 == 19 {
					<-done
				}
			}
		}()
	}
	go func() {
		for {
			h, ok := o.head()
			if !ok || h.epoch == o.Epoch() && h.newest-h.oldest < 5 {
				time.Sleep(time.Millisecond)
				continue
			}
			b, err := o.batch(h.epoch, h.oldest)
			must(t, err)
			text := fmt.Sprint("booked ", b.Epoch, " ", b.Number)
			for _, e := range b.Entries {
				text += fmt.Sprint(" ", e.Work)
			}
			say(text)
			o.Booked(h.epoch, h.oldest)
		}
	}()
	_ = o.Run(context.Background())
}

// killedRun is what a child said until it was killed.
type killedRun struct {
	safe   []uint64
	booked map[[2]uint64][]uint64
}

func runAndKill(t *testing.T, path string, from uint64, after time.Duration) killedRun {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestOutboxKilled$")
	cmd.Env = append(os.Environ(), killedChild+"="+fmt.Sprint(from, " ", path))
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	said := killedRun{booked: make(map[[2]uint64][]uint64)}
	reader := bufio.NewReader(out)
	for armed := false; ; {
		line, err := reader.ReadString('\n')
		text, whole := strings.CutSuffix(line, ".\n")
		if whole {
			said.take(t, text)
		}
		if !armed && len(said.booked) > 0 { // It goes on meanwhile.
			armed = true
			time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
		}
		if err != nil {
			break
		}
	}
	_ = cmd.Wait()
	return said
}

func (k *killedRun) take(t *testing.T, line string) {
	t.Helper()
	what, rest, _ := strings.Cut(line, " ")
	var n []uint64
	for _, field := range strings.Fields(rest) {
		var v uint64
		_, err := fmt.Sscan(field, &v)
		must(t, err)
		n = append(n, v)
	}
	switch what {
	case "safe":
		k.safe = append(k.safe, n[0])
	case "booked":
		k.booked[[2]uint64{n[0], n[1]}] = n[2:]
	default:
		t.Fatalf("it says %q", line)
	}
}

// TestOutboxKilled kills a process that adds and books, at any time, again and again. Whatever it
// said to be safe is kept or booked, once.
func TestOutboxKilled(t *testing.T) {
	if arg := os.Getenv(killedChild); arg != "" {
		from, path, _ := strings.Cut(arg, " ")
		var n uint64
		_, err := fmt.Sscan(from, &n)
		must(t, err)
		addForEver(t, path, n)
		return
	}
	t.Parallel()
	rounds := uint64(5)
	if os.Getenv("BYTOM_SOLO_LONG") != "" {
		rounds = 200
	}
	random := rand.New(rand.NewPCG(1, 2))
	path := filepath.Join(t.TempDir(), "outbox.db")
	booked := make(map[[2]uint64][]uint64)
	safe := make(map[uint64]bool)
	for round := range rounds {
		said := runAndKill(t, path, round*1_000_000, time.Duration(random.IntN(60_000))*time.Microsecond)
		for _, n := range said.safe {
			safe[n] = true
		}
		for id, entries := range said.booked {
			booked[id] = entries
		}
		o, err := Open(Config{Path: path})
		must(t, err)
		ledger := maps.Clone(booked)
		for _, b := range kept(t, o) {
			id, entries := [2]uint64{b.Epoch, b.Number}, numbers([]*fleet.Batch{b})
			if before, ok := ledger[id]; ok && !slices.Equal(before, entries) {
				t.Fatalf("batch %v was booked as %v, and is %v", id, before, entries)
			}
			ledger[id] = entries
		}
		counted := make(map[uint64]int)
		for _, entries := range ledger {
			for _, n := range entries {
				counted[n]++
			}
		}
		for n, times := range counted {
			if times != 1 {
				t.Fatalf("round %d: entry %d counts %d times", round, n, times)
			}
		}
		for n := range safe {
			if counted[n] != 1 {
				t.Fatalf("round %d: entry %d was said to be safe, and is not there", round, n)
			}
		}
		must(t, o.Close())
	}
	t.Logf("%d entries safe, %d batches booked", len(safe), len(booked))
	if len(safe) < 100 || len(booked) < 3 {
		t.Errorf("%d entries safe and %d batches booked are too few", len(safe), len(booked))
	}
}

// TestOutboxOnAFullDisk: nobody is told anything while nothing can be written, one line says why,
// and then all is written in order. What is booked can be deleted meanwhile, which makes room.
func TestOutboxOnAFullDisk(t *testing.T) {
	if !filetest.Alone(t) {
		return
	}
	path := filepath.Join(t.TempDir(), "outbox.db")
	var log bytes.Buffer
	o, err := Open(Config{Path: path, Log: slog.New(slog.NewTextHandler(&log, nil))})
	must(t, err)
	var told []uint64
	next := uint64(0)
	add := func() {
		for range 500 {
			n := next
			o.Add(entry(n), func(err error) { must(t, err); told = append(told, n) })
			next++
		}
	}
	for range 20 {
		add()
		must(t, o.write())
	}
	free := filetest.FillDiskAt(t, path)
	for add(); o.write() == nil; add() {
		if next > 1_000_000 {
			t.Fatal("the file has not grown beyond its limit")
		}
	}
	before := len(told)
	for range 8 {
		add()
		if err := o.write(); err == nil || !strings.Contains(err.Error(), syscall.EFBIG.Error()) || o.Failing() == nil {
			t.Errorf("on a full disk: %v", err)
		}
	}
	if s := o.Status(); len(told) != before || s.Entries != before || s.Waiting != int(next)-before || strings.Count(log.String(), "level=ERROR") != 1 {
		t.Errorf("%d told, before it was full %d; %+v; the log: %s", len(told), before, s, &log)
	}
	h, _ := o.head()
	o.Booked(h.epoch, h.newest)
	must(t, o.write()) // In the room that this makes.
	if !slices.Equal(told, upTo(next)) || o.Failing() != nil || strings.Count(log.String(), "written again") != 1 {
		t.Errorf("%d of %d told in order, %v; the log: %s", len(told), next, o.Failing(), &log)
	}
	free()
	must(t, o.Close())
	o, err = Open(Config{Path: path})
	must(t, err)
	if got := numbers(kept(t, o)); !slices.Equal(got, upTo(next)[before:]) {
		t.Errorf("%d are kept, expected %d to %d", len(got), before, next)
	}
	must(t, o.Close())
}
