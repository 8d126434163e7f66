package node

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Widget is four figures in the form that umbrelOS shows, and dashboards that know it.
type Widget struct {
	Type    string       `json:"type"`
	Refresh string       `json:"refresh"`
	Link    string       `json:"link"`
	Items   []WidgetItem `json:"items"`
}

// WidgetItem is a figure with its name and unit; "–" where it is not known yet.
type WidgetItem struct {
	Title   string `json:"title"`
	Text    string `json:"text"`
	Subtext string `json:"subtext"`
}

func newWidget(s Stats) Widget {
	item := func(title string, known bool, text, subtext string) WidgetItem {
		if !known {
			text, subtext = "–", "not known yet"
		}
		return WidgetItem{Title: title, Text: text, Subtext: subtext}
	}
	rate, unit, wait, per := "", "", "", ""
	if now := s.Hashrate.Now.Hashrate; now != nil {
		rate, unit = scaled(*now)
	}
	if s.Odds != nil {
		wait, per = roughly(s.Odds.Expected), fmt.Sprintf("%.3g %% a day", 100*s.Odds.Day)
	}
	effort := ""
	if s.Effort != nil {
		effort = fmt.Sprintf("%.3g %%", 100*s.Effort.Value)
	}
	return Widget{Type: "four-stats", Refresh: "10s", Items: []WidgetItem{
		item("Hashrate", rate != "", rate, unit+"H/s"),
		item("A block in", wait != "", wait, per),
		item("Effort", effort != "", effort, "since the last block"),
		item("Blocks found", true, strconv.FormatUint(s.Blocks.Found, 10), "height "+strconv.FormatUint(s.Height, 10)),
	}}
}

// scaled is a number in three digits, with a prefix apart: 1234567 is 1.23 and M.
func scaled(v float64) (text, prefix string) {
	prefixes := []string{"", "k", "M", "G", "T", "P", "E", "Z"}
	i := 0
	for ; v >= 999.5 && i < len(prefixes)-1; i++ {
		v /= 1000
	}
	return strconv.FormatFloat(v, 'f', max(0, 2-int(math.Log10(max(1, v)))), 64), prefixes[i]
}

// roughly is a time of so many seconds in its largest unit: "3.2 days".
func roughly(seconds float64) string {
	for _, unit := range []struct {
		name    string
		seconds float64
	}{{"years", 365 * 86400}, {"days", 86400}, {"hours", 3600}, {"minutes", 60}} {
		if seconds >= 2*unit.seconds {
			return fmt.Sprintf("%.3g %s", seconds/unit.seconds, unit.name)
		}
	}
	return time.Duration(seconds * float64(time.Second)).Round(time.Second).String()
}
