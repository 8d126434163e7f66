package watch

import "time"

// event is an alarm that was raised or is over.
type event struct {
	alarm Alarm
	over  bool
}

// look compares all sources with the chain.
func (w *Watcher) look(now time.Time) {
	for _, e := range w.compare(now) {
		if e.over {
			w.log.Info("others no longer differ", "alarm", e.alarm.Kind, "source", e.alarm.Source, "what", e.alarm.What,
				"lasted", now.Sub(e.alarm.Since).Round(time.Second))
		} else {
			w.log.Warn("others differ", "alarm", e.alarm.Kind, "source", e.alarm.Source, "what", e.alarm.What, "do", e.alarm.Do)
		}
		w.changed(e.alarm, e.over)
	}
}

func (w *Watcher) compare(now time.Time) (events []event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.sources {
		if !s.up && s.view != nil && now.Sub(s.heard) > forget {
			s.view, s.branch = nil, branch{}
		}
		events = append(events, s.look(now)...)
	}
	return events
}

// demand is what a condition is looked at with.
type demand struct {
	grade  int
	better bool
	after  time.Duration
}

// look compares the source with the chain. The caller holds mu.
func (s *watched) look(now time.Time) (events []event) {
	s.found = nil
	var demands [kinds]demand
	if s.view != nil {
		f, err := compare(s.w.chain, *s.view)
		switch {
		case err != nil:
			s.view = nil
			s.fail(err)
		default:
			s.found = &f
			s.branch.follow(s.w.chain, *s.view, f)
			demands = s.demands(now, *s.view, f)
		}
	}
	for _, k := range Kinds() {
		c, d := &s.conditions[k], demands[k]
		if d.grade > 0 && !s.up && !c.on && now.Sub(s.heard) > lookEach {
			// Nobody knows what it works on by now. What came since the look before counts: a pool may end each
			// session right behind its first job.
			c.pause(now, d.better)
			continue
		}
		change := c.look(now, d.grade, d.better, d.after)
		if d.grade > 0 {
			s.what[k] = k.describe(s.Name, *s.view, *s.found, s.branch)
		}
		switch a := (Alarm{Kind: k, Source: s.Name, Since: c.raised, What: s.what[k], Do: k.Do()}); change {
		case raised:
			events = append(events, event{alarm: a})
		case over:
			a.What, a.Do = s.Name+" agrees with this node again", ""
			if s.view == nil {
				a.What = s.Name + " can't be read any more"
			}
			events = append(events, event{a, true})
		}
	}
	return events
}

// demands are what a source's work demands of the conditions.
func (s *watched) demands(now time.Time, v view, f finding) (d [kinds]demand) {
	if f.known && v.bits != f.next.Bits {
		d[Bits] = demand{grade: 1, after: otherRules}
	}
	if f.known && v.seed != f.next.Seed {
		d[Seed] = demand{grade: 1, after: otherRules}
	}
	switch {
	case s.branch.moved(v) && f.ahead >= -forkBehind:
		d[Fork] = demand{grade: 2, after: forkByMore}
	case s.branch.set && f.ahead == 0:
		d[Fork] = demand{grade: 1, after: forkByOne}
	}
	if f.ahead <= 0 || now.Sub(s.w.started) < settling {
		s.least = 0
		return d
	}
	d[Ahead] = demand{grade: 1, better: s.least > 0 && f.ahead < s.least, after: aheadByOne}
	if f.ahead > 1 {
		d[Ahead].grade, d[Ahead].after = 2, aheadByMore
	}
	if s.least == 0 || f.ahead < s.least {
		s.least = f.ahead
	}
	return d
}
