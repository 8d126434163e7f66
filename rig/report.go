package rig

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/bytom-solo/bytom-solo/mining"
)

// report logs the status every so often, and which devices hang.
func (r *Rig) report(ctx context.Context) {
	tick := time.NewTicker(r.cfg.Every)
	defer tick.Stop()
	stuck := make(map[string]bool)
	for {
		select {
		case <-tick.C:
			s := r.Status()
			r.log.Info("status", statusArgs(s)...)
			r.tellStuck(s.Devices, stuck)
		case <-ctx.Done():
			return
		}
	}
}

// tellStuck logs which devices do not return from their work, and which have; told are those of which it was said.
func (r *Rig) tellStuck(all []DeviceStatus, told map[string]bool) {
	for _, d := range all {
		switch {
		case d.Trouble != "" && !told[d.Name]:
			r.log.Warn("a device does not return from its work", "device", d.Name, "trouble", d.Trouble)
		case d.Trouble == "" && told[d.Name] && d.Failed == "":
			r.log.Info("a device has returned to work", "device", d.Name)
		}
		told[d.Name] = d.Trouble != ""
	}
}

// statusArgs are what a status line says.
func statusArgs(s Status) []any {
	args := []any{"hashrate", formatRate(s.Hashrate), "accepted", s.Shares.Accepted, "rejected", s.Shares.refused()}
	if s.Paused {
		args = append([]any{"paused", true}, args...)
	}
	for _, c := range []struct {
		name  string
		count uint64
	}{
		{"stale", s.Shares.Stale}, {"duplicate", s.Shares.Duplicate}, {"low", s.Shares.Low},
		{"lost", s.Shares.Lost}, {"unanswered", s.Shares.Unanswered}, {"blocks", s.Blocks},
	} {
		if c.count > 0 {
			args = append(args, c.name, c.count)
		}
	}
	if s.Work != nil {
		args = append(args, "height", s.Work.Height, "hashes_a_block", fmt.Sprintf("%.0f", s.Work.NetworkDifficulty))
		if s.Work.Difficulty < s.Work.NetworkDifficulty {
			args = append(args, "hashes_a_share", fmt.Sprintf("%.0f", s.Work.Difficulty))
		}
	}
	if s.Source.Kind == kindStratum {
		args = append(args, "server", s.Source.Server)
	}
	for _, d := range s.Devices {
		switch {
		case d.Failed != "":
			args = append(args, d.Name, "stopped")
		case d.Trouble != "":
			args = append(args, d.Name, "stuck")
		case len(s.Devices) > 1:
			args = append(args, d.Name, formatRate(d.Hashrate))
		}
	}
	return args
}

// formatRate is a speed over 10 s, a minute and a quarter of an hour.
func formatRate(h mining.Hashrate) string {
	return fmt.Sprintf("%.1f/%.1f/%.1f H/s", h.Ten, h.Minute, h.Quarter)
}

// logOutcome logs what became of a solution. A block is always logged, unless it is one more
// of many that were refused: again.
func (r *Rig) logOutcome(s solution, o Outcome, err error, took time.Duration, again bool) {
	h, total := s.header(), r.Status().Shares
	id := h.Hash()
	args := []any{"height", h.Height, "device", s.device.info.Name}
	if s.block {
		args = append(args, "hash", id.String())
	} else {
		args = append(args, "difficulty", fmt.Sprintf("%.0f", s.work.difficulty()))
	}
	if err != nil {
		args = append(args, "outcome", o, "error", err)
	}
	args = append(args, "took", took.Round(time.Millisecond), "accepted", total.Accepted, "rejected", total.refused())
	what, level := "share", r.cfg.Shares
	if s.block {
		what, level = "block", slog.LevelInfo
	}
	switch {
	case o == Accepted:
		r.log.Log(context.Background(), level, what+" accepted", args...)
	case o == Lost:
		r.log.Info("block lost its race", args...)
	case s.block && !again:
		r.log.Warn("solution rejected", args...)
	case s.block:
		r.log.Log(context.Background(), r.cfg.Shares, "solution rejected", args...)
	default:
		r.log.Log(context.Background(), level, "share rejected", args...)
	}
}

// logRival logs a block that was not submitted, because of another of ours.
func (r *Rig) logRival(s solution) {
	h := s.header()
	id := h.Hash()
	r.log.Debug("block not submitted: another of ours was first on its tip", "height", h.Height, "device", s.device.info.Name, "hash", id.String())
}

// logWork logs new work, where it differs from the last in what counts.
func (r *Rig) logWork(w, last *work) {
	if last == nil || !w.sameTip(last) || w.share != last.share {
		r.log.Log(context.Background(), r.cfg.Shares, "new work", "height", w.header.Height, "difficulty", fmt.Sprintf("%.0f", w.difficulty()))
	}
}
