package fleet

import "time"

// tellings decide what is worth a line in the log: each reason once a minute, and no more reasons than
// most. It is not safe for concurrent use.
type tellings struct {
	most int
	told map[string]time.Time
}

// mostOwn is how many reasons of our own are told in a minute, mostStrange how many that messages give which
// anybody can have sent: of those there are as many as somebody can think of.
const mostOwn, mostStrange = 100, 10

func newTellings(most int) *tellings { return &tellings{most, make(map[string]time.Time)} }

// worth reports whether a reason is to be told now, and counts it as told.
func (t *tellings) worth(reason string, now time.Time) bool {
	if last, told := t.told[reason]; told && now.Sub(last) < time.Minute {
		return false
	}
	if len(t.told) >= t.most {
		for old, last := range t.told {
			if now.Sub(last) >= time.Minute {
				delete(t.told, old)
			}
		}
	}
	if len(t.told) >= t.most {
		return false
	}
	t.told[reason] = now
	return true
}
