package process_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/pin"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// BenchmarkSync syncs a chain from one node to another, above the checkpoints, of which a
// solonet has none: 200 blocks, and 3,000 by the long form, whose chain takes some minutes of
// all cores to mine. What they reach of the hashes that all cores make right before and after,
// in this process, is the part, and by processor time, which other work matters less to, the
// core-part; both nodes are on those cores. A program in the environment's BYTOM_SOLO_OLD syncs
// in turns with this build's, from this build's.
func BenchmarkSync(b *testing.B) {
	blocks := uint64(200)
	if computetest.Long() {
		blocks = 3000
	}
	solver := harness.NewSolver(b)
	server := startSource(b, blocks)
	programs := map[string]string{"new": "", "old": os.Getenv("BYTOM_SOLO_OLD")}
	stolen := computetest.Stolen(b)
	all := map[string][]synced{}
	b.ResetTimer()
	for range b.N {
		for _, name := range []string{"new", "old"} {
			if name == "old" && programs[name] == "" {
				continue
			}
			s := syncOnce(b, solver, server, programs[name], blocks)
			b.Logf("%s: %+v", name, s)
			all[name] = append(all[name], s)
		}
	}
	stolen()
	for name, runs := range all {
		for _, f := range syncFigures {
			b.ReportMetric(median(runs, f.of), name+"-"+f.unit)
		}
	}
}

// startSource starts a node that has so many blocks. A home in the environment's
// BYTOM_SOLO_SYNC_HOME is kept, and what it has is not mined again.
func startSource(b *testing.B, blocks uint64) *testnet.Node {
	server := testnet.Start(b, testnet.NodeOptions{Home: os.Getenv("BYTOM_SOLO_SYNC_HOME"), Args: []string{
		"--wallet.disable", "--solonet.tools", "--mining.address", "sm1q3cuzlxhzhqnse2w2v2mdkls9873am2cy46c6z7",
	}})
	for {
		height, err := server.Height()
		if err != nil {
			b.Fatal(err)
		}
		if height >= blocks {
			return server
		}
		if err := server.Call("/solonet-mine", map[string]any{"blocks": min(20, blocks-height)}, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// synced is what became of a sync.
type synced struct {
	blocks, hashes         float64 // a second
	core, hashCore, served float64 // ms of a core: a block of the syncing node, a hash, a block of the serving one
}

// syncFigures are what is reported of syncs, as medians.
var syncFigures = []struct {
	unit string
	of   func(synced) float64
}{
	{"blocks/s", func(s synced) float64 { return s.blocks }},
	{"hashes/s", func(s synced) float64 { return s.hashes }},
	{"part", func(s synced) float64 { return s.blocks / s.hashes }},
	{"core-part", func(s synced) float64 { return s.hashCore / s.core }},
	{"core-ms/block", func(s synced) float64 { return s.core }},
	{"core-ms/hash", func(s synced) float64 { return s.hashCore }},
	{"core-ms/block-served", func(s synced) float64 { return s.served }},
}

func median(runs []synced, of func(synced) float64) float64 {
	var values []float64
	for _, r := range runs {
		values = append(values, of(r))
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// syncOnce has a new node of a program sync.
func syncOnce(b *testing.B, solver *harness.Solver, server *testnet.Node, program string, blocks uint64) (s synced) {
	client := testnet.Start(b, testnet.NodeOptions{Program: program, Args: []string{"--wallet.disable"}})
	before, hashCore := hashesASecond(b, solver.Verifier)
	start, own, served := time.Now(), processorTimeOf(b, client), processorTimeOf(b, server)
	client.Connect(server)
	client.WaitHeight(blocks, 10*time.Minute)
	took := time.Since(start).Seconds()
	s.core = (processorTimeOf(b, client) - own).Seconds() * 1000 / float64(blocks)
	s.served = (processorTimeOf(b, server) - served).Seconds() * 1000 / float64(blocks)
	testnet.WaitSameTip(client, server, time.Minute)
	client.Stop()
	after, _ := hashesASecond(b, solver.Verifier)
	s.blocks, s.hashes, s.hashCore = float64(blocks)/took, (before+after)/2, hashCore
	return s
}

// hashesASecond is what all cores make in two seconds, and how many ms of a core a hash takes.
func hashesASecond(b *testing.B, v *compute.Verifier) (rate, core float64) {
	ctx, cancel := context.WithTimeout(b.Context(), 2*time.Second)
	defer cancel()
	var made atomic.Uint64
	var all sync.WaitGroup
	start, used := time.Now(), processorTimeOfPID(b, os.Getpid())
	for n := range pin.Cores() {
		all.Go(func() {
			for i := uint64(0); ; i++ {
				header := [32]byte{byte(n)} // none that was there before: results are remembered
				binary.LittleEndian.PutUint64(header[8:], uint64(start.UnixNano()))
				binary.LittleEndian.PutUint64(header[16:], i)
				if _, err := v.Hash(ctx, header, [32]byte{}); err != nil {
					return
				}
				made.Add(1)
			}
		})
	}
	all.Wait()
	used = processorTimeOfPID(b, os.Getpid()) - used
	hashes := float64(made.Load())
	return hashes / time.Since(start).Seconds(), used.Seconds() * 1000 / hashes
}

func processorTimeOf(b *testing.B, n *testnet.Node) time.Duration {
	return processorTimeOfPID(b, n.Process.PID)
}

// processorTimeOfPID is what a process has had of the processors, in steps of 10 ms.
func processorTimeOfPID(b *testing.B, pid int) time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	const user, system, tick = 11, 12, 10 * time.Millisecond
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	var sum time.Duration
	for _, i := range []int{user, system} {
		ticks, err := strconv.Atoi(fields[i])
		if err != nil {
			b.Fatal(err)
		}
		sum += time.Duration(ticks) * tick
	}
	return sum
}
