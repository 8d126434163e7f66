package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/bytom-solo/bytom-solo/cmd/bytom-solo/console"
	"github.com/bytom-solo/bytom-solo/node"
)

const (
	// syncBehind is by how many blocks a chain is behind that is not merely between two looks.
	syncBehind = 16
	// syncLook is how often the height is looked at, syncLine how often a log that is no
	// terminal has a line, and syncWindow what the speed is taken over.
	syncLook, syncLine, syncWindow = 500 * time.Millisecond, 10 * time.Second, 30 * time.Second
)

// followed is what catches up with what is ahead of it, and how that is told.
type followed struct {
	what, doing, done string
	alone             string    // said while nothing is ahead, such as a peer that went
	now               *progress // nil while it is not behind
}

// progress is how far it is.
type progress struct {
	own, highest uint64
	ahead        bool // there is something
	began, said  time.Time
	from         uint64
	looks        []lookedAt // of the last syncWindow
}

// lookedAt is the height at a time.
type lookedAt struct {
	at     time.Time
	height uint64
}

// followChain shows how the chain catches up with its peers', and the wallet with the chain, until
// ctx ends: as a bar on a terminal, else by a line of the log now and then.
func followChain(ctx context.Context, heights func() node.Heights, terminal io.Writer, log *slog.Logger) {
	t := console.Of(terminal)
	defer t.Hide()
	chain := followed{what: "sync", doing: "syncing", done: "caught up", alone: ", no peer"}
	wallet := followed{what: "wallet", doing: "the wallet reads the chain", done: "the wallet has read the chain"}
	tick := time.NewTicker(syncLook)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			h := heights()
			if !chain.follow(now, h.Own, h.Highest, t, log) {
				wallet.follow(now, h.Wallet, h.Own, t, log)
			}
		}
	}
}

// follow takes the heights of now, the highest 0 where there is none, and shows them. It reports
// whether own is behind.
func (f *followed) follow(now time.Time, own, highest uint64, t *console.Terminal, log *slog.Logger) bool {
	switch {
	case f.now == nil && highest <= own+syncBehind:
		return false
	case f.now == nil:
		f.now = &progress{began: now, said: now, from: own}
	case highest > 0 && own+1 >= highest:
		t.Hide()
		log.Info(f.done, "height", own, "blocks", own-min(own, f.now.from), "took", duration(now.Sub(f.now.began)))
		f.now = nil
		return false
	}
	f.now.look(now, own, highest)
	f.show(now, t, log)
	return true
}

// look takes the heights of now.
func (p *progress) look(now time.Time, own, highest uint64) {
	p.own, p.ahead = own, highest > 0
	if p.ahead {
		p.highest = highest
	}
	p.looks = append(p.looks, lookedAt{now, own})
	for now.Sub(p.looks[0].at) > syncWindow {
		p.looks = p.looks[1:]
	}
}

// speed is in blocks a second; it is not known at first.
func (p *progress) speed() (speed float64, known bool) {
	first, last := p.looks[0], p.looks[len(p.looks)-1]
	took := last.at.Sub(first.at)
	if took < time.Second || last.height < first.height {
		return 0, false
	}
	return float64(last.height-first.height) / took.Seconds(), true
}

// left is how long it still takes at the present speed.
func (p *progress) left() (left time.Duration, known bool) {
	speed, known := p.speed()
	if !known || speed <= 0 || p.highest < p.own {
		return 0, false
	}
	return time.Duration(float64(p.highest-p.own) / speed * float64(time.Second)), true
}

func (f *followed) show(now time.Time, t *console.Terminal, log *slog.Logger) {
	p := f.now
	speed, known := p.speed()
	left, ends := p.left()
	if t.Attended() {
		note := fmt.Sprintf("%d of %d", p.own, p.highest)
		if !p.ahead {
			note += f.alone
		}
		if known {
			note += fmt.Sprintf(", %.0f blocks/s", speed)
		}
		if ends {
			note += ", " + duration(left) + " left"
		}
		t.Show(console.Progress{What: f.what, Done: int64(p.own), Total: int64(p.highest), Note: note})
		return
	}
	t.Hide()
	if now.Sub(p.said) < syncLine || known && speed == 0 { // What stands still for long is a fault, not progress.
		return
	}
	p.said = now
	args := []any{"height", p.own, "of", p.highest, "percent", fmt.Sprintf("%.1f", 100*float64(p.own)/float64(p.highest))}
	if known {
		args = append(args, "blocks_a_second", fmt.Sprintf("%.1f", speed))
	}
	if ends {
		args = append(args, "left", duration(left))
	}
	log.Info(f.doing, args...)
}
