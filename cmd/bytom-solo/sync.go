package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/bytom-solo/bytom-solo/cmd/bytom-solo/console"
)

const (
	// syncBehind is by how many blocks a chain is behind that is not merely between two looks.
	syncBehind = 16
	// syncLook is how often the height is looked at, syncLine how often a log that is no
	// terminal has a line, and syncWindow what the speed is taken over.
	syncLook, syncLine, syncWindow = 500 * time.Millisecond, 10 * time.Second, 30 * time.Second
)

// syncProgress is how a chain catches up with its peers'.
type syncProgress struct {
	own, highest uint64
	peers        bool
	began, said  time.Time
	from         uint64
	looks        []syncHeight // of the last syncWindow
}

// syncHeight is the height at a time.
type syncHeight struct {
	at     time.Time
	height uint64
}

// followSync shows how a chain catches up with its peers', until ctx ends: as a bar on a
// terminal, else by a line of the log now and then. height is that of the chain, and of the
// best peer's, 0 where there is none.
func followSync(ctx context.Context, height func() (own, highest uint64), terminal io.Writer, log *slog.Logger) {
	t := console.Of(terminal)
	defer t.Hide()
	tick := time.NewTicker(syncLook)
	defer tick.Stop()
	var p *syncProgress // nil while the chain is the peers'
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			own, highest := height()
			switch {
			case p == nil && highest <= own+syncBehind:
				continue
			case p == nil:
				p = &syncProgress{began: now, said: now, from: own}
			case highest > 0 && own+1 >= highest:
				t.Hide()
				log.Info("caught up", "height", own, "blocks", own-min(own, p.from), "took", duration(now.Sub(p.began)))
				p = nil
				continue
			}
			p.look(now, own, highest)
			p.show(now, t, log)
		}
	}
}

// look takes the heights of now.
func (p *syncProgress) look(now time.Time, own, highest uint64) {
	p.own, p.peers = own, highest > 0
	if p.peers {
		p.highest = highest
	}
	p.looks = append(p.looks, syncHeight{now, own})
	for now.Sub(p.looks[0].at) > syncWindow {
		p.looks = p.looks[1:]
	}
}

// speed is in blocks a second; it is not known at first.
func (p *syncProgress) speed() (speed float64, known bool) {
	first, last := p.looks[0], p.looks[len(p.looks)-1]
	took := last.at.Sub(first.at)
	if took < 2*time.Second || last.height < first.height {
		return 0, false
	}
	return float64(last.height-first.height) / took.Seconds(), true
}

// left is how long it still takes at the present speed.
func (p *syncProgress) left() (left time.Duration, known bool) {
	speed, known := p.speed()
	if !known || speed <= 0 || p.highest < p.own {
		return 0, false
	}
	return time.Duration(float64(p.highest-p.own) / speed * float64(time.Second)), true
}

func (p *syncProgress) show(now time.Time, t *console.Terminal, log *slog.Logger) {
	speed, known := p.speed()
	left, ends := p.left()
	if t.Attended() {
		note := fmt.Sprintf("%d of %d", p.own, p.highest)
		if !p.peers {
			note += ", no peer"
		}
		if known {
			note += fmt.Sprintf(", %.0f blocks/s", speed)
		}
		if ends {
			note += ", " + duration(left) + " left"
		}
		t.Show(console.Progress{What: "sync", Done: int64(p.own), Total: int64(p.highest), Note: note})
		return
	}
	t.Hide()
	if now.Sub(p.said) < syncLine {
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
	log.Info("syncing", args...)
}
