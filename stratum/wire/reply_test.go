package wire

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// replies reads testdata/replies.txt: replies, and whether they say yes.
func replies(t testing.TB) map[string]bool {
	t.Helper()
	raw, err := os.ReadFile("testdata/replies.txt")
	if err != nil {
		t.Fatal(err)
	}
	yes := make(map[string]bool)
	for line := range strings.Lines(string(raw)) {
		verdict, reply, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		yes[strings.TrimLeft(reply, " ")] = verdict == "yes"
	}
	return yes
}

// TestReplies: each of the replies that servers send says yes or no.
func TestReplies(t *testing.T) {
	all := replies(t)
	if len(all) < 180 {
		t.Fatalf("%d replies", len(all))
	}
	for reply, yes := range all {
		m, err := ParseMessage([]byte(`{"id":2,` + reply + "}"))
		if err != nil || yes != (m.Error == nil && !m.Refused()) {
			t.Errorf("%s: %+v, %v, expected yes=%v", reply, m, err, yes)
		}
	}
}

// FuzzVerdict holds each reply to one meaning: an error that is kept has something to say,
// and one that is dropped has nothing.
func FuzzVerdict(f *testing.F) {
	for reply := range replies(f) {
		result, why, _ := strings.Cut(strings.TrimPrefix(reply, `"result":`), `,"error":`)
		f.Add(result, why)
	}
	f.Fuzz(func(t *testing.T, result, why string) {
		m, err := ParseMessage(fmt.Appendf(nil, `{"id":1,"result":%s,"error":%s}`, result, why))
		if err != nil {
			return
		}
		if m.Error != nil && m.Error.Error() == "" {
			t.Errorf("an error without words of %q", why)
		}
		if m.Error == nil && affirms(m.Result) && refused(m.Result) {
			t.Errorf("result %s says yes and no", m.Result)
		}
	})
}
