package node

import (
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/bytom-solo/bytom-solo/watch"
)

// urlList is a flag of URLs, separated by commas, that may be given more than once. Values
// are looked at later: the error about one here would repeat its secrets.
type urlList struct{ urls []string }

// String satisfies pflag.Value.
func (l *urlList) String() string { return strings.Join(l.urls, ",") }

// Type satisfies pflag.Value.
func (l *urlList) Type() string { return "string" }

// Set satisfies pflag.Value.
func (l *urlList) Set(text string) error {
	l.urls = append(l.urls, strings.Split(text, ",")...)
	return nil
}

// sources are what the operator wants watched.
func (l *urlList) sources() ([]watch.Source, error) {
	sources, err := watch.ParseSources(l.urls)
	if err != nil {
		return nil, fmt.Errorf("key watch: %w", err)
	}
	return sources, nil
}

// openWatch creates the watcher of others.
func (n *Node) openWatch(chain watch.Chain) error {
	sources, err := n.config.Watch.sources()
	if err != nil {
		return err
	}
	n.watch = watch.New(watch.Config{Sources: sources, Chain: chain, Changed: n.reportOthers, Log: n.log})
	return nil
}

// reportOthers notifies the operator that others differ from this node, or no longer do.
func (n *Node) reportOthers(a watch.Alarm, over bool) {
	note := Notification{Event: "watch.alarm", At: time.Now(), Detail: a.Kind.String() + ": " + a.What}
	if over {
		note.Event = "watch.right"
	}
	n.notify(note)
}

// othersFaults are the watcher's alarms. Where others are right, what is mined here is worth
// nothing.
func (n *Node) othersFaults() []Fault {
	var list []Fault
	for _, a := range n.watch.Alarms() {
		list = append(list, Fault{ID: a.Kind.String(), Since: a.Since.UTC(), What: a.What, Do: a.Do, Serious: true})
	}
	return list
}

// watchMetrics reads the watcher.
type watchMetrics struct {
	watcher          *watch.Watcher
	up, ahead, alarm *prometheus.Desc
}

func newWatchMetrics(w *watch.Watcher) *watchMetrics {
	desc := func(name, help, label string) *prometheus.Desc {
		return prometheus.NewDesc("bytom_solo_watch_"+name, help, []string{label}, nil)
	}
	return &watchMetrics{
		watcher: w,
		up:      desc("up", "1 while the watched pool or node sends work.", "source"),
		ahead:   desc("ahead_blocks", "By how many blocks its chain is longer than this node's; negative where it is shorter.", "source"),
		alarm:   desc("alarm", "1 while a watched pool or node differs from this node.", "alarm"),
	}
}

// Describe satisfies prometheus.Collector.
func (m *watchMetrics) Describe(c chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.up, m.ahead, m.alarm} {
		c <- d
	}
}

// Collect satisfies prometheus.Collector.
func (m *watchMetrics) Collect(c chan<- prometheus.Metric) {
	sources := m.watcher.Sources()
	for _, s := range sources {
		c <- prometheus.MustNewConstMetric(m.up, prometheus.GaugeValue, oneIf(s.Up), s.Source)
		if s.Ahead != nil {
			c <- prometheus.MustNewConstMetric(m.ahead, prometheus.GaugeValue, float64(*s.Ahead), s.Source)
		}
	}
	if len(sources) == 0 {
		return
	}
	on := make(map[watch.Kind]bool)
	for _, a := range m.watcher.Alarms() {
		on[a.Kind] = true
	}
	for _, k := range watch.Kinds() {
		c <- prometheus.MustNewConstMetric(m.alarm, prometheus.GaugeValue, oneIf(on[k]), k.String())
	}
}

func oneIf(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
