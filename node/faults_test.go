package node

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/stratum"
	"github.com/bytom-solo/bytom-solo/watch"
)

// TestEachInjectedFaultIsListed brings each kind of fault about in a real node: within 60 s of
// its looks it is listed, with what to do, and counted by the metric; where it is mended, it
// goes within two minutes.
func TestEachInjectedFaultIsListed(t *testing.T) {
	for _, k := range (&Node{}).faultKinds() {
		t.Run(k.id, func(t *testing.T) {
			in, ok := injections[k.id]
			if !ok {
				t.Fatal("nobody injects this fault")
			}
			config := soloConfig(home(t))
			in.before(t, config)
			var n *wholeNode
			if k.id == "payee-lost" {
				n = walletNode(t, func(*Config) {})
				n.payees.update()
			} else {
				n, _ = newWholeNode(t, config)
			}
			now := time.Now()
			look := func(most time.Duration, until func(bool) bool) bool {
				for end := now.Add(most); now.Before(end); now = now.Add(faultPeriod) {
					n.faults.look(now)
					if until(slices.ContainsFunc(n.faults.now(), func(f Fault) bool { return f.ID == k.id })) {
						return true
					}
				}
				return false
			}
			var mend func()
			if in.inject != nil {
				if look(5*time.Second, func(on bool) bool { return on }) {
					t.Fatalf("listed before it is injected: %+v", n.faults.now())
				}
				mend = in.inject(t, n)
			}
			if !look(time.Minute, func(on bool) bool { return on }) {
				t.Fatalf("not listed after a minute: %+v", n.faults.now())
			}
			for _, f := range n.stats().Faults {
				if f.ID == k.id && (f.Serious != k.serious || f.Do != k.do || !strings.HasPrefix(f.What, k.what) || f.Since.IsZero()) {
					t.Errorf("%+v", f)
				}
			}
			if mend == nil {
				return
			}
			mend()
			if !look(2*time.Minute, func(on bool) bool { return !on }) {
				t.Errorf("mended, and listed two minutes later: %+v", n.faults.now())
			}
		})
	}
}

// TestAnOrderlyNodeHasNoFault looks for two minutes at a node where nothing is wrong.
func TestAnOrderlyNodeHasNoFault(t *testing.T) {
	config := soloConfig(home(t))
	withPayee(t, config)
	n, _ := newWholeNode(t, config)
	n.journal.Probe()
	for i := range 120 {
		n.faults.look(time.Now().Add(time.Duration(i) * time.Second))
		if list := n.faults.now(); len(list) > 0 {
			t.Fatalf("after %d s: %+v", i, list)
		}
	}
}

// fakeKind is a fault that is there while on says so.
func fakeKind(id string, serious bool, on *bool) faultKind {
	return faultKind{
		id: id, what: id + " is wrong", do: "mend it", serious: serious, after: 5 * time.Second, clear: 10 * time.Second,
		check: func(time.Time) (string, bool) { return "", *on },
	}
}

// TestFaultsAreDebounced has one come and go: it raises one alarm, and one when it is over.
// Where it is only the consequence of another, it raises none.
func TestFaultsAreDebounced(t *testing.T) {
	var minor, major, after bool
	var events []string
	follows := fakeKind("after", true, &after)
	follows.unless = []string{"major"}
	w := newFaultWatch([]faultKind{fakeKind("minor", false, &minor), fakeKind("major", true, &major), follows}, func(n Notification) {
		events = append(events, n.Event+" "+n.Fault.ID)
	})
	now := time.Now()
	look := func(seconds int) {
		for range seconds {
			now = now.Add(time.Second)
			w.look(now)
		}
	}
	expect := func(what string, list []string, sent ...string) {
		t.Helper()
		var ids []string
		for _, f := range w.now() {
			ids = append(ids, f.ID)
		}
		if !slices.Equal(ids, list) || !slices.Equal(events, sent) {
			t.Errorf("%s: listed %v, expected %v; sent %v, expected %v", what, ids, list, events, sent)
		}
		events = nil
	}
	for range 3 {
		minor = true
		look(5)
		minor = false
		look(1)
	}
	expect("for less than 5 s at a time", nil)
	minor = true
	look(6)
	expect("for 5 s", []string{"minor"}, "fault.raised minor")
	began := now.Add(-5 * time.Second)
	if since := w.now()[0].Since; !since.Equal(began.UTC()) {
		t.Errorf("since %v, expected %v", since, began.UTC())
	}
	for range 20 {
		minor = !minor
		look(5)
	}
	expect("flapping", []string{"minor"})
	minor, major, after = true, true, true
	look(6)
	expect("a worse one", []string{"major", "minor"}, "fault.raised major")
	minor, major, after = false, false, false
	look(10)
	expect("over", nil, "fault.over minor", "fault.over major")
	others := []Fault{{ID: "others-ahead", Serious: true}}
	w.add(func() []Fault { return others })
	look(2)
	expect("from elsewhere", []string{"others-ahead"})
	others = nil
	look(2)
	expect("over elsewhere", nil)
}

// runbook is docs/runbook.md by its headings below the two parts, as links name them.
func runbook(t *testing.T) (sections map[string]string) {
	t.Helper()
	raw, err := os.ReadFile("../docs/runbook.md")
	if err != nil {
		t.Fatal(err)
	}
	sections = make(map[string]string)
	for _, section := range strings.Split(string(raw), "\n### ")[1:] {
		name, text, _ := strings.Cut(section, "\n")
		if _, twice := sections[name]; twice {
			t.Errorf("docs/runbook.md has the heading %s twice", name)
		}
		text, _, _ = strings.Cut(text, "\n## ")
		sections[name] = text
	}
	return sections
}

// TestFaultsAreInTheRunbook compares its headings with the code.
func TestFaultsAreInTheRunbook(t *testing.T) {
	sections := runbook(t)
	kinds := (&Node{}).faultKinds()
	for _, k := range (&Front{}).faultKinds() {
		if !slices.ContainsFunc(kinds, func(o faultKind) bool { return o.id == k.id && o.what == k.what && o.do == k.do }) {
			kinds = append(kinds, k)
		}
	}
	if len(kinds) < 12 {
		t.Errorf("only %d kinds of faults", len(kinds))
	}
	names := make(map[string]bool)
	for _, k := range kinds {
		want := "\n" + map[bool]string{true: "Serious. "}[k.serious] + k.what + ".\n\n**Do:** " + k.do + ".\n"
		if !strings.HasPrefix(sections[k.id], want) {
			t.Errorf("docs/runbook.md has under %s\n%s\nexpected it to begin\n%s", k.id, sections[k.id], want)
		}
		if names[k.id] {
			t.Errorf("two faults have the name %s", k.id)
		}
		names[k.id] = true
	}
	for _, k := range watch.Kinds() {
		if text := sections[k.String()]; !strings.HasPrefix(text, "\nSerious. ") || !strings.Contains(text, "**Do:** "+k.Do()+".") {
			t.Errorf("docs/runbook.md has under %s\n%s\nexpected it to say %q", k, text, k.Do())
		}
	}
}

// TestWrongSharesAreOverOnceTheyStop has a rig send wrong shares alone and then none: the
// fault is there at once, and not until the window that is counted ends.
func TestWrongSharesAreOverOnceTheyStop(t *testing.T) {
	shares := map[string]uint64{}
	w := wrongShares{stats: func() (stratum.Stats, bool) { return stratum.Stats{Shares: shares}, true }}
	start := time.Now()
	listed := func(second int) bool {
		_, on := w.check(start.Add(time.Duration(second) * time.Second))
		return on
	}
	for i := range 60 {
		if on := listed(i); on != (shares["low"] >= fewestWrong) {
			t.Fatalf("after %d wrong shares: %v", shares["low"], on)
		}
		shares["low"]++
	}
	for i := 60; i < 200; i++ {
		if on := listed(i); on != (i < 60+int(wrongShown/time.Second)) {
			t.Fatalf("%d s after the last wrong share: %v", i-60, on)
		}
	}
}
