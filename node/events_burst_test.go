package node

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestABurstOutrunsNobody has a farm of thousands of rigs go at once: who reads within the time that a reader may take misses
// nothing of it, and later no more is kept than in quiet.
func TestABurstOutrunsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEvents(eventSources{})
		const burst = 5 * keptEvents
		for range burst {
			e.publish("rig", []byte("{}"))
		}
		time.Sleep(readWithin)
		e.publish("rig", []byte("{}"))
		texts, last, _, kept := e.since(0)
		if !kept || len(texts) != burst+1 || last != burst+1 || !strings.HasPrefix(string(texts[0]), "id: "+e.boot+"-1\n") {
			t.Errorf("%d of %d events, kept %v", len(texts), burst+1, kept)
		}
		time.Sleep(time.Second)
		e.publish("rig", []byte("{}"))
		if _, _, _, kept := e.since(0); kept || len(e.kept) != keptEvents {
			t.Errorf("%d events are kept later on, expected %d", len(e.kept), keptEvents)
		}
		if texts, last, _, kept := e.since(burst + 2 - keptEvents); !kept || len(texts) != keptEvents || string(texts[keptEvents-1]) != string(e.format(last, "rig", []byte("{}"))) {
			t.Errorf("%d events, the last is %d, kept %v", len(texts), last, kept)
		}
	})
}
