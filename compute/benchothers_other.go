//go:build !linux

package compute

import "time"

// processorsBusy is not known here.
func processorsBusy() (busy time.Duration, known bool) { return 0, false }
