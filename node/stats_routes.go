package node

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/gorilla/mux"

	"github.com/bytom-solo/bytom-solo/history"
	"github.com/bytom-solo/bytom-solo/mining"
)

// The routes of what the node and its rigs did. They are for GET, answer plain JSON without
// Bytom's envelope, and errors by HTTP's status. A change that breaks a client makes a v2.
const (
	statsPrefix      = APIRoute + "v1/"
	StatusRoute      = statsPrefix + "status"
	StatsRigsRoute   = statsPrefix + "rigs"
	StatsBlocksRoute = statsPrefix + "blocks"
	SeriesRoute      = statsPrefix + "series"
	WidgetRoute      = statsPrefix + "widget"
)

// statsError is an error with its HTTP status.
type statsError struct {
	status int
	error
}

func badQuery(format string, args ...any) error {
	return statsError{http.StatusBadRequest, fmt.Errorf(format, args...)}
}

func (n *station) registerStats(r *mux.Router) {
	for route, answer := range map[string]func(*http.Request) (any, error){
		StatusRoute:      func(*http.Request) (any, error) { return n.figures(), nil },
		StatsRigsRoute:   func(*http.Request) (any, error) { return n.rigStats(time.Now()) },
		StatsBlocksRoute: n.answerBlocks,
		SeriesRoute:      n.answerSeries,
		WidgetRoute:      func(*http.Request) (any, error) { return newWidget(n.figures()), nil },
	} {
		r.Path(route).Methods(http.MethodGet, http.MethodHead).HandlerFunc(statsHandler(answer))
	}
}

// statsHandler answers in plain JSON.
func statsHandler(answer func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		data, err := answer(r)
		if own := (statsError{}); errors.As(err, &own) {
			writeJSON(w, own.status, map[string]string{"error": err.Error()})
		} else if err != nil {
			writeJSON(w, http.StatusInternalServerError, map[string]string{"error": err.Error()})
		} else {
			writeJSON(w, http.StatusOK, data)
		}
	}
}

// FoundStats is a found block with the work that it took.
type FoundStats struct {
	Block FoundBlock `json:"block"`
	// Effort is the work since the block before, by what one takes on average; null where
	// it is not known.
	Effort *float64 `json:"effort"`
}

// FoundStatsList is the latest found blocks, the latest first, of Total in the journal.
type FoundStatsList struct {
	Total  int          `json:"total"`
	Blocks []FoundStats `json:"blocks"`
}

const (
	usualBlocks = 100
	mostBlocks  = 1000
)

func (n *station) answerBlocks(r *http.Request) (any, error) {
	last, err := strconv.Atoi(cmp.Or(r.URL.Query().Get("last"), strconv.Itoa(usualBlocks)))
	if err != nil || last < 1 || last > mostBlocks {
		return nil, badQuery("query last: value %q: expected 1 to %d", r.URL.Query().Get("last"), mostBlocks)
	}
	list := FoundStatsList{Blocks: []FoundStats{}}
	if n.journal == nil {
		return list, nil
	}
	fates, err := n.journal.Fates()
	if err != nil {
		return nil, err
	}
	list.Total, list.Blocks = len(fates), n.foundStats(latest(fates, last))
	return list, nil
}

// latest are the last of a journal's fates, the latest first.
func latest(fates []mining.Fate, most int) []mining.Fate {
	fates = slices.Clone(fates[max(0, len(fates)-most):])
	slices.Reverse(fates)
	return fates
}

// foundStats are found blocks with the work that each took.
func (n *station) foundStats(fates []mining.Fate) []FoundStats {
	efforts := make(map[string]*float64)
	known, _ := n.history.Blocks()
	for _, b := range known {
		efforts[b.Hash] = newBlockStats(b).Effort
	}
	all := make([]FoundStats, 0, len(fates))
	for _, fate := range fates {
		found := n.found.describe(fate)
		if found.Events == nil {
			found.Events = []mining.Event{}
		}
		all = append(all, FoundStats{Block: found, Effort: efforts[found.Hash]})
	}
	return all
}

// newEvents makes the stream of this node's figures.
func (n *station) newEvents() *events {
	return newEvents(eventSources{
		status: func() any { return n.figures() }, rigs: n.rigStats, describe: n.foundStats, tip: func() mining.Tip { return n.found.source.Tip() }, log: n.log,
		fates: func(last int) ([]mining.Fate, error) {
			if n.journal == nil {
				return nil, nil
			}
			fates, err := n.journal.Fates()
			return latest(fates, last), err
		},
	})
}

func (n *station) answerSeries(r *http.Request) (any, error) {
	q := r.URL.Query()
	rig := q.Get("rig")
	usual := history.Day
	if rig != "" {
		usual = history.Week
	}
	span, err := history.ParseSpan(cmp.Or(q.Get("span"), usual.String()))
	if err != nil {
		return nil, badQuery("query span: value %w", err)
	}
	if rig == "" {
		return n.series(span), nil
	}
	if span != history.Week {
		return nil, badQuery("query span: value %q: expected %s, which is what is kept of a rig", span, history.Week)
	}
	s, known, err := n.rigSeries(rig)
	if err == nil && !known {
		err = statsError{http.StatusNotFound, fmt.Errorf("query rig: value %q: no such rig was here in the last week", rig)}
	}
	return s, err
}
