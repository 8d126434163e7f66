package mining

import (
	"fmt"

	"github.com/bytom-solo/bytom-solo/pin"
)

// MinerSettings are what can be changed while a Miner runs.
type MinerSettings struct {
	// On switches it on; Paused has it rest all the same.
	On, Paused bool
	// Devices are the names of those to mine on.
	Devices []string
	// Threads caps the workers on a device; 0 is as many as it has, and a negative
	// number leaves that many of them out, but for one.
	Threads int
	// Percent is the part of the time that a worker hashes; it rests between batches.
	// 0 is all of it.
	Percent int
}

// Mines reports whether a miner with these settings mines.
func (s MinerSettings) Mines() bool { return s.On && !s.Paused }

// CheckThreads refuses a setting of threads that leaves more out than there are. The error
// says what is expected.
func CheckThreads(threads int) error {
	// On a single processor, one left out is forgiven.
	if most := max(2, pin.Cores()); threads <= -most {
		return fmt.Errorf("more than %d: there are %d processors, and one must be left", -most, pin.Cores())
	}
	return nil
}
