package chaos_test

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"
)

// usage is what a process takes.
type usage struct {
	memory     float64 // in MiB, resident
	goroutines float64 // 0 of a stock node, which does not say
}

// The bounds of what a process may have at any moment, above what it has before the first fault.
const (
	moreMemory     = 160
	moreGoroutines = 150
	// What it may have more when all is healed again.
	leftGoroutines = 40
)

var asking = http.Client{Timeout: time.Second}

// usageOf asks a process; without an answer it is zero.
func usageOf(p *process) (u usage) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.pid()))
	if err != nil {
		return u
	}
	for line := range strings.Lines(string(status)) {
		if _, err := fmt.Sscanf(line, "VmRSS: %f kB", &u.memory); err == nil {
			u.memory /= 1024
		}
	}
	if p.stock {
		return u
	}
	resp, err := asking.Get(p.url + "/metrics")
	if err != nil {
		return u
	}
	defer resp.Body.Close()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		_, _ = fmt.Sscanf(lines.Text(), "go_goroutines %f", &u.goroutines)
	}
	return u
}

// look notes what each process takes that nothing befalls. The first look is that of before.
func (c *campaign) look() {
	for _, p := range c.all {
		if c.busy[p.name] || !p.Running() {
			continue
		}
		u := usageOf(p)
		if p.before == (usage{}) {
			p.before = u
		}
		p.most.memory = max(p.most.memory, u.memory)
		p.most.goroutines = max(p.most.goroutines, u.goroutines)
	}
}

// flat has no process take much more than before the first fault: not at any moment, and not now.
func (c *campaign) flat() {
	c.t.Helper()
	for _, p := range c.all {
		now := usageOf(p)
		c.t.Logf("%s: %.0f MiB and %.0f goroutines before, %.0f and %.0f at most, %.0f and %.0f now", p.name,
			p.before.memory, p.before.goroutines, p.most.memory, p.most.goroutines, now.memory, now.goroutines)
		if p.most.memory > p.before.memory+moreMemory {
			c.t.Errorf("%s had %.0f MiB, expected %.0f at most", p.name, p.most.memory, p.before.memory+moreMemory)
		}
		if p.most.goroutines > p.before.goroutines+moreGoroutines {
			c.t.Errorf("%s had %.0f goroutines, expected %.0f at most", p.name, p.most.goroutines, p.before.goroutines+moreGoroutines)
		}
		if now.goroutines > p.before.goroutines+leftGoroutines {
			c.t.Errorf("%s has %.0f goroutines, expected %.0f at most", p.name, now.goroutines, p.before.goroutines+leftGoroutines)
		}
	}
}
