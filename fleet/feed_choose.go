package fleet

import (
	"fmt"
	"time"

	"github.com/bytom-solo/bytom-solo/mining"
)

// lagPatience is how long a node may be behind another before that one's work is served.
const lagPatience = 5 * time.Second

// choose serves the work of the best liked node that there is news of, and that is not behind
// another. The caller holds mu.
func (f *Feed) choose() {
	now := f.cfg.Clock()
	height, last := uint64(0), time.Duration(-1)
	for _, n := range f.nodes {
		if n.heard {
			last = max(last, n.news)
		}
		if n.fresh(now, f.cfg.Quiet) {
			height = max(height, n.template.Height)
		}
	}
	f.tellSilence(last >= 0 && now-last >= f.cfg.Silent, now-last)
	var chosen *feedNode
	for _, n := range f.nodes {
		if !n.fresh(now, f.cfg.Quiet) {
			continue
		}
		if n.template.Height == height {
			n.lags = now
		}
		if n.template.Height == height || now-n.lags < lagPatience {
			chosen = n
			break
		}
	}
	switch {
	case chosen != nil:
		f.serve(&served{template: chosen.template, node: chosen.key, at: chosen.came, tip: chosen.template.Tip.Hash})
		f.use(chosen)
	case last < 0:
	case now-last >= f.cfg.MaxAge:
		if f.current.Load().template != nil {
			f.log.Warn("no news of any node: rigs have no work any more", "for", (now - last).Truncate(time.Second))
		}
		f.serve(&served{err: fmt.Errorf("%w: no news of the node for %v", mining.ErrNotReady, (now - last).Truncate(time.Second))})
	default:
		f.serveWhy(now)
	}
}

// fresh reports whether a node has work, and was heard of a moment ago.
func (n *feedNode) fresh(now, quiet time.Duration) bool {
	return n.heard && n.template != nil && now-n.news < quiet
}

// serveWhy serves why there is no work, where a node that is heard of says so. Where none is, the
// rigs keep what they have. The caller holds mu.
func (f *Feed) serveWhy(now time.Duration) {
	for _, n := range f.nodes {
		if n.heard && n.template == nil && now-n.news < f.cfg.Quiet {
			f.serve(&served{err: fmt.Errorf("%w: %s", mining.ErrNotReady, n.why), node: n.key, tip: f.current.Load().tip})
			return
		}
	}
}

// tellSilence logs once that there is no news. The caller holds mu.
func (f *Feed) tellSilence(silent bool, since time.Duration) {
	if silent == f.silent {
		return
	}
	f.silent = silent
	if silent {
		f.log.Warn("no news of any node: rigs go on with the work that they have", "for", since.Truncate(time.Second), "at_most", f.cfg.MaxAge)
		return
	}
	f.log.Info("news of a node again")
}
