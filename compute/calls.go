package compute

import (
	"fmt"
	"sync"
	"time"
)

// Calls are those of a device's workers that its driver has not returned from. The zero value has none. It is safe for
// concurrent use.
type Calls struct {
	began sync.Map // times, by worker
}

// Do makes a worker's call to the driver, and returns what that does. A worker, which is any comparable value, has one at a time.
func (c *Calls) Do(worker any, call func() error) error {
	c.began.Store(worker, time.Now())
	defer c.began.Delete(worker)
	return call()
}

// callTakes is how long a device may take for a batch or a seed. One whose driver says that it hangs, or that
// takes its time to open, has said so long before.
const callTakes = 3 * time.Minute

// Trouble says that the driver has not returned from a call for long; empty while it does.
func (c *Calls) Trouble(now time.Time) string {
	longest := time.Duration(0)
	c.began.Range(func(_, began any) bool {
		longest = max(longest, now.Sub(began.(time.Time)))
		return true
	})
	if longest < callTakes {
		return ""
	}
	return fmt.Sprintf("it has not returned from its work for %v: does its driver hang?", longest.Round(time.Second))
}
