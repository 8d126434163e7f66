package rig

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/gbt/client"
	"github.com/bytom-solo/bytom-solo/gbt/wire"
)

// nodeCalls runs a source on a handler for a time, and gives when it was called.
func nodeCalls(t *testing.T, templates bool, length time.Duration, h http.HandlerFunc) (times []time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		way := &called{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			times = append(times, time.Since(start))
			h(w, r)
		})}
		c, err := client.New("http://node:1", &http.Client{Transport: way})
		if err != nil {
			t.Fatal(err)
		}
		source := &node{client: c, templates: templates, log: slog.New(slog.DiscardHandler)}
		ctx, cancel := context.WithTimeout(t.Context(), length)
		defer cancel()
		if err := source.run(ctx, New(Config{Source: source})); err != nil {
			t.Error(err)
		}
	})
	return times
}

// TestNodeIsAskedInTime has nodes that hold a longpoll for long, shortly and not at all:
// none is asked for the same more than once a second, and one that holds it is asked
// again at once.
func TestNodeIsAskedInTime(t *testing.T) {
	const s, tenth = time.Second, time.Second / 10
	for _, test := range []struct {
		name      string
		templates bool
		hold      time.Duration // before each answer
		others    bool          // each answer is another
		want      []time.Duration
	}{
		{"get-work", false, tenth, false, []time.Duration{0, 11 * tenth, 22 * tenth, 33 * tenth, 44 * tenth}},
		{"a node that holds no longpoll", true, tenth, false, []time.Duration{0, tenth, 12 * tenth, 23 * tenth, 34 * tenth, 45 * tenth}},
		{"one that does for a second", true, s, false, []time.Duration{0, s, 2 * s, 3 * s, 4 * s}},
		{"and for two", true, 2 * s, false, []time.Duration{0, 2 * s, 4 * s}},
		{"one whose templates change", true, tenth * 9, true, []time.Duration{0, 9 * tenth, 18 * tenth, 27 * tenth, 36 * tenth, 45 * tenth}},
	} {
		n := &fakeNode{}
		n.header.Version, n.header.Bits = 1, noneMeets
		calls := 0
		got := nodeCalls(t, test.templates, 5*s-tenth/2, func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(test.hold)
			if calls++; test.others {
				n.longpoll = fmt.Sprint(calls)
			}
			n.ServeHTTP(w, r)
		})
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: asked at %v, expected %v", test.name, got, test.want)
		}
	}
}

// TestNodeIsToldOfTheLastTemplate by its id; after a failure, when there may be none that
// the node knows, by none, so that it answers at once.
func TestNodeIsToldOfTheLastTemplate(t *testing.T) {
	n := &fakeNode{}
	n.header.Version, n.header.Bits = 1, noneMeets
	var ids []string
	nodeCalls(t, true, 10*time.Second, func(w http.ResponseWriter, r *http.Request) {
		var request wire.TemplateRequest
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
			t.Error(err)
		}
		ids = append(ids, request.LongpollID)
		time.Sleep(2 * time.Second)
		if n.longpoll = fmt.Sprint(len(ids)); len(ids) == 3 {
			says(500, "x").ServeHTTP(w, r)
			return
		}
		n.ServeHTTP(w, r)
	})
	if want := []string{"", "1", "2", "", "4"}; !slices.Equal(ids, want) {
		t.Errorf("ids %q, expected %q", ids, want)
	}
}

// TestNodesNewWork goes over to work where that is worth it, and stays otherwise.
func TestNodesNewWork(t *testing.T) {
	const refresh = uint64(refreshEach / time.Second)
	of := func(tip byte, timestamp uint64, workID string) *work {
		h := types.BlockHeader{Version: 1, Bits: noneMeets, Timestamp: timestamp, PreviousBlockHash: bc.NewHash([32]byte{tip})}
		w := newWork(h, [32]byte{}, newNonces(allNonces, 0))
		w.node, w.asked = true, time.Now()
		if workID != "" {
			w.template = &wire.Template{WorkID: workID}
		}
		return w
	}
	for _, test := range []struct {
		name     string
		old, new *work
		want     bool
	}{
		{"the first", nil, of(1, 1000, ""), true},
		{"the same again", of(1, 1000, ""), of(1, 1000, ""), false},
		{"a bit later", of(1, 1000, ""), of(1, 1000+refresh-1, ""), false},
		{"later", of(1, 1000, ""), of(1, 1000+refresh, ""), true},
		{"earlier", of(1, 1000, ""), of(1, 1, ""), false},
		{"another tip", of(1, 1000, ""), of(2, 1000, ""), true},
		{"another tip, earlier", of(1, 1000, ""), of(2, 1, ""), true},
		{"the same template", of(1, 1000, "a"), of(1, 1000+refresh, "a"), false},
		{"other transactions", of(1, 1000, "a"), of(1, 1000, "b"), true},
	} {
		r, n := New(Config{}), &node{}
		if test.old != nil {
			n.offer(r, test.old)
		}
		n.offer(r, test.new)
		if got := r.state.Load().work == test.new; got != test.want {
			t.Errorf("%s: taken %v, expected %v", test.name, got, test.want)
		}
	}
}
