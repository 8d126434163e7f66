package node

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/mux"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node/chain/chaintest"
)

// withFoundBlocks serves the fixture's journal.
func withFoundBlocks(t *testing.T, f *chaintest.Fixture) (*mining.Journal, http.Handler) {
	t.Helper()
	j, err := mining.OpenJournal(filepath.Join(t.TempDir(), "j.db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	f.Submitter = mining.NewSubmitter(mining.SubmitterConfig{Sink: f.Chain, Source: f.Chain, Verifier: f.Solver, Journal: j})
	r := mux.NewRouter()
	(&foundBlocks{j, f.Chain, f.Submitter}).register(r)
	return j, r
}

// ask posts to a route and reads the answer's data.
func ask(t *testing.T, h http.Handler, route, body string, out any) (detail string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, route, strings.NewReader(body)))
	var answer struct {
		Status      string
		ErrorDetail string `json:"error_detail"`
		Data        json.RawMessage
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatalf("%s: %v: %s", route, err, w.Body)
	}
	if answer.Status != "success" {
		return answer.ErrorDetail
	}
	if answer.Data == nil { // Some of the stock node's answers have none.
		return ""
	}
	if err := json.Unmarshal(answer.Data, out); err != nil {
		t.Fatalf("%s: %v: %s", route, err, answer.Data)
	}
	return ""
}

// TestFoundBlockStates brings two rivals and two blocks on top to a chain, one that it
// never sees, and one that it refuses.
func TestFoundBlockStates(t *testing.T) {
	f := chaintest.NewQuick(t)
	j, served := withFoundBlocks(t, f)
	winner, loser, unseen, refused := f.Block(t, 1), f.Block(t, 2), f.Block(t, 3), f.Block(t, 4)
	by := mining.Finder{Kind: mining.FoundByRig, Name: "shed.rig1", Address: "192.168.1.7"}
	for _, b := range []*types.Block{winner, loser} {
		if _, err := f.Submitter.SubmitBlock(t.Context(), b, by); err != nil {
			t.Fatal(err)
		}
	}
	grow := func() {
		if _, err := f.Gate.Process(t.Context(), f.Block(t, 5)); err != nil {
			t.Fatal(err)
		}
	}
	for range mining.ConfirmedAt - 2 {
		grow()
	}
	now := time.Unix(1_700_000_000, 0)
	for _, b := range []*types.Block{unseen, refused} {
		if err := j.Record(b, now, mining.Finder{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Resolve(refused.Hash(), "no good", mining.Event{State: mining.StateRefused, Detail: "no good"}); err != nil {
		t.Fatal(err)
	}
	var found []FoundBlock
	if detail := ask(t, served, FoundBlocksRoute, "", &found); detail != "" || len(found) != 4 {
		t.Fatalf("%d found, %s", len(found), detail)
	}
	won := winner.Hash()
	want := map[bc.Hash]FoundBlock{
		won:            {State: "main", Confirmations: mining.ConfirmedAt - 1, FoundBy: by, Reward: 41250000000},
		loser.Hash():   {State: "lost", Winner: won.String(), LostToOwn: true, FoundBy: by},
		unseen.Hash():  {State: "pending", Reward: 41250000000},
		refused.Hash(): {State: "refused", Reason: "no good"},
	}
	for _, got := range found {
		id, err := ParseBlockID("hash", got.Hash)
		if err != nil {
			t.Fatal(err)
		}
		w := want[id]
		w.Height, w.Hash, w.Found, w.Events = 1, got.Hash, got.Found, got.Events
		if !reflect.DeepEqual(got, w) || len(got.Events) == 0 {
			t.Errorf("got %+v, expected %+v", got, w)
		}
	}
	grow()
	var one FoundBlock
	if detail := ask(t, served, FoundBlockRoute, `{"hash":"`+won.String()+`"}`, &one); detail != "" || one.State != "confirmed" || one.Confirmations != mining.ConfirmedAt {
		t.Errorf("%+v, %s", one, detail)
	}
}

// undecided is a chain that has a block, and has yet to say where it stands.
type undecided struct{ mining.Source }

func (undecided) Place(bc.Hash, uint64) mining.Place { return mining.Place{Known: true, Best: 9} }

// TestAnUndecidedBlockIsNotLost looks at a block while the chain takes it.
func TestAnUndecidedBlockIsNotLost(t *testing.T) {
	f := &foundBlocks{source: undecided{}}
	if b := f.describe(mining.Fate{Height: 10, Reward: 7, Events: []mining.Event{{State: mining.StateFound}}}); b.State != statePending || b.Reward != 7 {
		t.Errorf("%+v", b)
	}
}

// TestStatesAreThoseOfTheEvents has the journal alone, which the webhook and a node that is
// down tell by, say the same as the chain: a block is confirmed when it is told to be.
func TestStatesAreThoseOfTheEvents(t *testing.T) {
	rival := bc.Hash{V0: 9}
	own := func(id bc.Hash) bool { return id == rival }
	fate := mining.Fate{Height: 10, Reward: 7}
	for _, step := range []struct {
		event         mining.Event
		confirmations uint64
		reward        uint64
		state         mining.FateState
	}{
		{mining.Event{State: mining.StateMain, Best: 10}, 1, 7, mining.StateMain},
		{mining.Event{State: mining.StateConfirmed, Best: 15}, 6, 7, mining.StateConfirmed},
		{mining.Event{State: mining.StateLost, Best: 16, Winner: &rival}, 0, 0, mining.StateLost},
		{mining.Event{State: mining.StateSubmitted}, 0, 0, mining.StateLost}, // Again: what the chain has said holds.
		{mining.Event{State: mining.StateMain, Best: 17}, 8, 7, mining.StateConfirmed},
		{mining.Event{State: mining.StateMatured, Best: 109}, 100, 7, mining.StateMatured},
	} {
		fate.Events = append(fate.Events, step.event)
		b := describeFate(fate, own)
		lost := step.state == mining.StateLost
		if b.State != string(step.state) || b.Confirmations != step.confirmations || b.Reward != step.reward || b.LostToOwn != lost || (b.Winner != "") != lost {
			t.Errorf("after %+v: %+v", step.event, b)
		}
	}
}

// TestAFoundBlockIsGivenBackAndResubmitted has a node that never submitted one.
func TestAFoundBlockIsGivenBackAndResubmitted(t *testing.T) {
	f := chaintest.NewQuick(t)
	j, served := withFoundBlocks(t, f)
	b := f.Block(t, 1)
	if err := j.Record(b, time.Now(), mining.Finder{}); err != nil {
		t.Fatal(err)
	}
	id := b.Hash()
	body := `{"hash":"` + id.String() + `"}`
	var one FoundBlock
	if detail := ask(t, served, FoundBlockRoute, body, &one); detail != "" || one.State != "pending" {
		t.Fatalf("%+v, %s", one, detail)
	}
	back := &types.Block{}
	if err := back.UnmarshalText([]byte(one.RawBlock)); err != nil || back.Hash() != id {
		t.Errorf("raw block %v, %v", back, err)
	}
	for _, want := range []string{"main chain", "duplicate"} {
		var again Resubmitted
		if detail := ask(t, served, ResubmitFoundRoute, body, &again); detail != "" || again.Outcome != want || again.Winner != id.String() {
			t.Errorf("%+v, %s, expected %s", again, detail, want)
		}
	}
	for _, bad := range []string{"", "{}", `{"hash":"xy"}`, `{"hash":7}`, `{"hash":"` + strings.Repeat("0", 64) + `"}`} {
		for _, route := range []string{FoundBlockRoute, ResubmitFoundRoute} {
			if ask(t, served, route, bad, &one) == "" {
				t.Errorf("%s took %q", route, bad)
			}
		}
	}
}

// TestAReorganisationShowsInTheLife has a block of ours win, lose to a longer branch,
// and win again.
func TestAReorganisationShowsInTheLife(t *testing.T) {
	ours, rival := chaintest.NewQuick(t), chaintest.NewQuick(t)
	j, served := withFoundBlocks(t, ours)
	w := mining.NewFateWatcher(mining.FateWatcherConfig{Journal: j, Source: ours.Chain})
	ours.OnTip = w.TipChanged
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go w.Run(ctx)
	mine := func(f *chaintest.Fixture, extranonce uint64) *types.Block {
		t.Helper()
		b := f.Block(t, extranonce)
		if _, err := f.Gate.Process(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		return b
	}
	b := ours.Block(t, 1)
	if _, err := ours.Submitter.SubmitBlock(t.Context(), b, mining.Finder{}); err != nil {
		t.Fatal(err)
	}
	expect := func(want ...mining.FateState) {
		t.Helper()
		var got []mining.FateState
		for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
			fate, _, err := j.Fate(b.Hash())
			if err != nil {
				t.Fatal(err)
			}
			got = nil
			for _, e := range fate.Events {
				got = append(got, e.State)
			}
			if reflect.DeepEqual(got, want) {
				return
			}
		}
		t.Fatalf("life %v, expected %v", got, want)
	}
	life := []mining.FateState{mining.StateFound, mining.StateJournaled, mining.StateSubmitted, mining.StateMain}
	expect(life...)
	branch := []*types.Block{mine(rival, 101), mine(rival, 102)}
	for _, r := range branch {
		if _, err := ours.Gate.Process(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	life = append(life, mining.StateLost)
	expect(life...)
	var one FoundBlock
	id := b.Hash()
	ask(t, served, FoundBlockRoute, `{"hash":"`+id.String()+`"}`, &one)
	if first := branch[0].Hash(); one.State != "lost" || one.Winner != first.String() || *one.Events[4].Winner != first {
		t.Errorf("lost to %s: %+v", first.String(), one)
	}
	// A third chain goes on from our block, to a greater height.
	third := chaintest.NewQuick(t)
	if _, err := third.Gate.Process(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		if _, err := ours.Gate.Process(t.Context(), mine(third, uint64(201+i))); err != nil {
			t.Fatal(err)
		}
	}
	expect(append(life, mining.StateMain)...)
}
