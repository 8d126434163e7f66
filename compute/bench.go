package compute

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Contestant is one of the backends that Bench compares.
type Contestant struct {
	// Name is what the report calls it; backends may share one Info().Name.
	Name    string
	Backend Backend
	// Peaks are the limits that the backend is held to.
	Peaks []Peak
}

// Peak is a limit that a backend is held to: how fast an instruction multiplies.
type Peak struct {
	// Name is the instruction's.
	Name string
	// Run executes it on one core, on registers alone, for some tenths of a second
	// and returns how many multiply-adds it did. It may be called on several cores at
	// a time. An accelerator's returns how many a second, 0 if it cannot.
	Run func() float64
}

// BenchConfig says what Bench is to measure.
type BenchConfig struct {
	Contestants []Contestant
	// Baseline is the Name of the contestant that ratios are taken to; empty
	// means no ratios.
	Baseline string
	// Threads are the numbers of Hashers to run at a time; none stands for 1. A
	// backend that can keep only one busy runs no more than that.
	Threads []int
	// Rounds is how often every contestant has its turn; 0 stands for 5.
	Rounds int
	// Turn is how long a turn takes at least with each number of Hashers; 0 stands
	// for one second. A turn is at least one batch a Hasher.
	Turn time.Duration
	// Expansions measures each way that a CPU has to expand a seed, and fails if one is
	// wrong. It is called once a round, and always returns as many. It may be nil.
	Expansions func() ([]BenchExpansion, error)
	// Progress is called before each turn; it may be nil.
	Progress func(BenchTurn)
}

// BenchTurn is a turn that is about to be taken.
type BenchTurn struct {
	// Name is the contestant's, Round the number of the round, from 1 on.
	Name  string
	Round int
	// Turn is the number of the turn, from 1 on, and Turns how many there are in all.
	Turn, Turns int
}

// BenchReport is the outcome of Bench. All figures are medians over the rounds, and
// ratios are medians of the rounds' ratios.
type BenchReport struct {
	// Clock is "cpu" if times of one core are processor time of the whole process,
	// and "wall" on systems that do not report that.
	Clock    string        `json:"clock"`
	Rounds   int           `json:"rounds"`
	Baseline string        `json:"baseline,omitempty"`
	Results  []BenchResult `json:"results"`
	// Expansions are the ways of the CPU to expand a seed.
	Expansions []BenchExpansion `json:"expansions,omitempty"`
}

// SalsaFloor is how many cycles a Salsa20/8 takes at the least where an operation has a
// latency of one: 32 steps of three operations that wait for one another, and one at either
// end.
const SalsaFloor = 32*3 + 2

// BenchExpansion is how fast a CPU expands a seed in one way.
type BenchExpansion struct {
	Name string `json:"name"`
	// Used means that the backends use it, if they have not been told otherwise.
	Used bool `json:"used,omitempty"`
	// Milliseconds are those of a seed's chain alone, without the pages that it takes and
	// what the kernel makes of it; the shortest parts of it count.
	Milliseconds float64 `json:"milliseconds"`
	// Cycles is how many of them one of its 2^19 Salsa20/8 took, counted by additions that
	// wait for one another, in the same turns; 0 if that is not known.
	Cycles float64 `json:"cycles_a_salsa,omitempty"`
	// Part is SalsaFloor as a part of Cycles.
	Part float64 `json:"part_of_floor,omitempty"`
}

// BenchResult is what Bench found out about one contestant. Ratios are to the
// baseline, above 1 if the contestant is better, and 0 without one.
type BenchResult struct {
	Name   string `json:"name"`
	Kernel string `json:"kernel"`
	// HashesPerSecond is for one core: hashes per second of processor time. Accelerators
	// have no cores: theirs, and their peaks, are of the whole device, by the clock on the
	// wall.
	HashesPerSecond float64 `json:"hashes_per_second"`
	Ratio           float64 `json:"ratio,omitempty"`
	// MultiplyAdds is how many of them a second the hashes of one core take.
	MultiplyAdds float64       `json:"multiply_adds_per_second"`
	Peaks        []BenchPeak   `json:"peaks,omitempty"`
	Threads      []BenchThread `json:"threads"`
	// SeedMilliseconds is the processor time that expanding a new seed takes.
	SeedMilliseconds float64 `json:"seed_milliseconds,omitempty"`
	SeedRatio        float64 `json:"seed_ratio,omitempty"`
	// VerifyMilliseconds is the time until one hash under a new seed is verified on
	// all cores, by the clock on the wall.
	VerifyMilliseconds float64 `json:"verify_milliseconds"`
	VerifyRatio        float64 `json:"verify_ratio,omitempty"`
	// Accelerator means that it is no kernel of the CPU, and HostMicroseconds how much
	// processor time a hash takes all the same, header hash and nonce included; 0 where
	// that is not known.
	Accelerator      bool    `json:"accelerator,omitempty"`
	HostMicroseconds float64 `json:"host_microseconds,omitempty"`
	// Hashes is how many were computed, and Verified that each of them was compared with
	// its known answer. In an accelerator's large batches that is so for some; the others
	// are of nonces that no other hash has, as when it mines.
	Hashes   int  `json:"hashes"`
	Verified bool `json:"verified"`
}

// BenchPeak is how a contestant does against a Peak of the same run.
type BenchPeak struct {
	Name         string  `json:"name"`
	MultiplyAdds float64 `json:"multiply_adds_per_second"`
	// Part is the multiply-adds of one core's hashes as a part of the peak.
	Part float64 `json:"part"`
}

// BenchThread is the speed of a number of Hashers at a time.
type BenchThread struct {
	Threads int `json:"threads"`
	// HashesPerSecond is all Hashers' together, by the clock on the wall.
	HashesPerSecond float64 `json:"hashes_per_second"`
	// Scaling is the speed of each Hasher as a part of a single one's, and PeakScaling the
	// same of the contestant's first Peak, which is what the machine itself allows; 0 if
	// no single one was measured, or there is no such Peak.
	Scaling     float64 `json:"scaling,omitempty"`
	PeakScaling float64 `json:"peak_scaling,omitempty"`
	// CoreScaling is as Scaling, but by processor time: what the Hashers cost each other,
	// whatever else the processors do. PeakCoreScaling is the Peak's.
	CoreScaling     float64 `json:"core_scaling,omitempty"`
	PeakCoreScaling float64 `json:"peak_core_scaling,omitempty"`
	// Cores is how many processors the Hashers had, on average, and Others how many others
	// had meanwhile, the host of a virtual machine among them; nil where the system does
	// not say.
	Cores  float64  `json:"cores"`
	Others *float64 `json:"others,omitempty"`
}

// Bench compares backends. Machines are noisy, so the contestants take turns, round
// after round, and what counts is their ratio within one run. Nothing else should be
// busy in the process meanwhile. Every hash is compared with an answer that others
// have published, or, under a new seed, with the first contestant's; a wrong one ends
// Bench with an error, a WrongHashError in the first case.
func Bench(ctx context.Context, config BenchConfig) (BenchReport, error) {
	if config.Rounds <= 0 {
		config.Rounds = 5
	}
	if config.Turn <= 0 {
		config.Turn = time.Second
	}
	if len(config.Threads) == 0 {
		config.Threads = []int{1}
	}
	if err := checkBaseline(config); err != nil {
		return BenchReport{}, err
	}

	runs := make([]benchRun, len(config.Contestants))
	var expansions [][]BenchExpansion
	for round := range config.Rounds {
		if config.Expansions != nil {
			all, err := config.Expansions()
			if err != nil {
				return BenchReport{}, err
			}
			expansions = append(expansions, all)
		}
		fresh := newFreshHash(round)
		for i, c := range config.Contestants {
			if config.Progress != nil {
				n := len(config.Contestants)
				config.Progress(BenchTurn{Name: c.Name, Round: round + 1, Turn: round*n + i + 1, Turns: config.Rounds * n})
			}
			if err := runs[i].turn(ctx, c, config, fresh); err != nil {
				return BenchReport{}, fmt.Errorf("benchmark of %s: %w", c.Name, err)
			}
		}
	}
	report := benchReport(config, runs)
	report.Expansions = benchExpansions(expansions)
	return report, nil
}

func checkBaseline(config BenchConfig) error {
	if len(config.Contestants) == 0 {
		return errors.New("compute: nothing to benchmark")
	}
	if config.Baseline == "" {
		return nil
	}
	for _, c := range config.Contestants {
		if c.Name == config.Baseline {
			return nil
		}
	}
	return fmt.Errorf("compute: baseline %q is not among the contestants", config.Baseline)
}
