//go:build cgo

package cpu

/*
#include "tensority_impl.h"
*/
import "C"

import (
	"crypto/sha3"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
	"unsafe"

	"github.com/bytom-solo/bytom-solo/compute"
)

const (
	// trialRounds is how many rounds of a seed each expansion does when it is tried.
	trialRounds = 8
	// trialDigest is the SHA3-256 of what the seed of zero bytes gives in them.
	trialDigest = "96b873742a99166c843d9aa06fa3bf91fc62b6213d1e0a806e628f77fd66623e"
	roundSize   = 2 * compute.Size * compute.Size // bytes of a round's matrices
)

// seedState is the state of ROMix.
type seedState [C.TENSORITY_STATE]uint32

// beginning is the state that a seed's expansion begins with.
func beginning(seed [32]byte) (state seedState) {
	extended := compute.ExtendSeed(seed)
	for i := range state {
		state[i] = binary.LittleEndian.Uint32(extended[4*i:])
	}
	return state
}

// expand does the rounds from first to before end, which go on from the state.
func expand(expansion int, matrices unsafe.Pointer, state *seedState, first, end int) {
	C.tensority_seed_expand(C.enum_tensority_expansion(expansion), matrices, (*C.uint32_t)(&state[0]), C.int(first), C.int(end))
}

// trial is what is known of an expansion.
type trial struct {
	name   string
	reason error         // why it is not usable; nil if it is
	wrong  bool          // that is the reason
	round  time.Duration // the shortest
}

// trials are those of this process.
var trials = sync.OnceValue(newTrials)

func newTrials() []trial {
	all := make([]trial, len(expansionNames))
	for i, name := range expansionNames {
		all[i] = trial{name: name, reason: expansionReason(name, C.tensority_expansion_support(C.enum_tensority_expansion(i)))}
	}
	tryAll(all, func(i int, matrices []byte, state *seedState) { expand(i, unsafe.Pointer(&matrices[0]), state, 0, 1) })
	return all
}

func expansionReason(name string, verdict C.enum_tensority_verdict) error {
	switch verdict {
	case C.TENSORITY_USABLE:
		return nil
	case C.TENSORITY_OTHER_ARCHITECTURE:
		return fmt.Errorf("%s is written for amd64", name)
	default:
		return errors.New(reason(name, verdict))
	}
}

// tryAll has all expansions that can run here expand the beginning of the same seed, round
// by round in turns, so that a change of the clock or a neighbour hits all alike. A round
// takes fractions of a millisecond, of which the shortest counts.
func tryAll(all []trial, mix func(i int, matrices []byte, state *seedState)) {
	matrices := make([]byte, roundSize)
	states, digests := make([]seedState, len(all)), make([]*sha3.SHA3, len(all))
	for i := range all {
		states[i], digests[i] = beginning([32]byte{}), sha3.New256()
	}
	for range trialRounds {
		for i := range all {
			if all[i].reason != nil {
				continue
			}
			clear(matrices)
			start := C.tensority_clock()
			mix(i, matrices, &states[i])
			if took := time.Duration(C.tensority_clock() - start); all[i].round == 0 || took < all[i].round {
				all[i].round = took
			}
			digests[i].Write(matrices)
		}
	}
	for i := range all {
		if got := hex.EncodeToString(digests[i].Sum(nil)); all[i].reason == nil && got != trialDigest {
			all[i].wrong = true
			all[i].reason = fmt.Errorf("cpu: expansion %s failed its self-test: %d rounds of the zero seed are %s, expected %s",
				all[i].name, trialRounds, got, trialDigest)
		}
	}
}

// chooseExpansion finds the expansion that is named, or the fastest that computes right.
func chooseExpansion(config Config, all []trial) (int, error) {
	named, err := namedExpansion(config)
	if err != nil {
		return 0, err
	}
	if named >= 0 {
		if why := all[named].reason; why != nil {
			return 0, fmt.Errorf("cpu: expansion %s cannot run here: %w", all[named].name, why)
		}
		return named, nil
	}
	best := -1
	var failed error
	for i, t := range all {
		switch {
		case t.wrong:
			logger(config).Error("expansion is not used", "expansion", t.name, "error", t.reason)
			failed = errors.Join(failed, t.reason)
		case t.reason == nil && (best < 0 || t.round < all[best].round):
			best = i
		}
	}
	if best < 0 {
		return 0, failed
	}
	return best, nil
}

func logger(config Config) *slog.Logger {
	if config.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return config.Log
}

// Expansions lists the ways to expand a seed, and tries them once in a process.
func Expansions() []Expansion {
	all := make([]Expansion, len(expansionNames))
	for i, t := range trials() {
		all[i] = Expansion{Name: t.name, Usable: t.reason == nil, Round: t.round}
		if t.reason != nil {
			all[i].Reason = t.reason.Error()
		}
	}
	return all
}

// BenchExpansions tries the ways to expand a seed that run here, for compute.Bench. Those
// that have been wrong before are left out; one that is now is an error.
func BenchExpansions() (all []compute.BenchExpansion, err error) {
	used, err := chooseExpansion(Config{}, trials())
	if err != nil {
		return nil, err
	}
	cycle := shortestCycle()
	for i, t := range newTrials() {
		switch {
		case trials()[i].reason != nil:
		case t.reason != nil:
			return nil, t.reason
		default:
			e := compute.BenchExpansion{Name: t.name, Used: i == used, Milliseconds: C.TENSORITY_ROUNDS * t.round.Seconds() * 1000}
			if cycle > 0 {
				e.Cycles = t.round.Seconds() / salsasARound / cycle
			}
			all = append(all, e)
		}
	}
	return all, nil
}

// salsasARound is how many Salsa20/8 are in a round: two in each of its steps.
const salsasARound = 4 * C.TENSORITY_BLOCKS

// shortestCycle is how many seconds an addition takes that waits for the one before; 0 if
// this architecture has no way to tell.
func shortestCycle() (seconds float64) {
	const additions = 1_000_000 // a fraction of a millisecond
	for range 4 * trialRounds {
		start := time.Now()
		if made := float64(C.tensority_additions(additions)); made > 0 {
			if took := time.Since(start).Seconds() / made; seconds == 0 || took < seconds {
				seconds = took
			}
		}
	}
	return seconds
}
