package node

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestFewLargeBodiesAtATime sends many large bodies and small ones at once: of the large ones few are
// read at a time, the others when those are done, and who waits too long is told so.
func TestFewLargeBodiesAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reading, most, refused, done atomic.Int64
		h := newBodies().before(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			text, err := io.ReadAll(r.Body)
			if errors.Is(err, errLargeBodies) {
				refused.Add(1)
				return
			}
			if err != nil {
				t.Error(err)
			}
			if len(text) > smallBody {
				most.Store(max(most.Load(), reading.Add(1)))
				defer reading.Add(-1)
			}
			done.Add(1)
			time.Sleep(20 * time.Second)
		}))
		send := func(size, times int) {
			for range times {
				go h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/x", strings.NewReader(strings.Repeat("x", size))))
			}
		}
		send(2*smallBody, 3*largeBodies)
		synctest.Wait()
		send(smallBody, 10)
		synctest.Wait()
		if n := done.Load(); n != largeBodies+10 {
			t.Errorf("%d bodies were read at once, expected %d large ones and 10 small ones", n, largeBodies)
		}
		time.Sleep(time.Minute)
		if most.Load() != largeBodies || refused.Load() != largeBodies || done.Load() != 2*largeBodies+10 {
			t.Errorf("at most %d at a time, %d refused and %d read; expected %d, %d and %d",
				most.Load(), refused.Load(), done.Load(), largeBodies, largeBodies, 2*largeBodies+10)
		}
		send(2*smallBody, 1)
		synctest.Wait()
		if done.Load() != 2*largeBodies+11 {
			t.Error("there is no place again")
		}
		time.Sleep(time.Minute)
	})
}
