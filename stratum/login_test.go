package stratum

import (
	"strings"
	"testing"
)

// TestRigsOfOtherCoins are told which algorithm this is, and get no job: xmrig shows the
// words that it is refused with, and says nothing of a job that it can't read.
func TestRigsOfOtherCoins(t *testing.T) {
	inBubble(t, hardBits, nil, func(t *testing.T, f *front) {
		for _, c := range []struct {
			algo string
			good bool
		}{
			{`["cn/1","cn/2","rx/0","rx/wow","argon2/chukwa"]`, false}, {`["` + strings.Repeat("x", 2000) + `"]`, false}, {`[""]`, false},
			{`["rx/0","Tensority"]`, true}, {`["tensority"]`, true}, {`[]`, true}, {`null`, true}, {`"rx/0"`, true}, {`{"a":1}`, true}, {`[1]`, true},
		} {
			r := f.dial()
			r.write(`{"id":1,"jsonrpc":"2.0","method":"login","params":{"login":"a.b","pass":"x","agent":"XMRig/6.26.0","algo":` + c.algo + "}}\n")
			m := r.reply()
			switch {
			case c.good && (m.Error != nil || r.job.ID == ""):
				t.Errorf("algo %s: %v", c.algo, m.Error)
			case !c.good && (m.Error == nil || !strings.Contains(m.Error.Message, "tensority") || string(m.ID) != "1" || r.line() != ""):
				t.Errorf("algo %.80s: %+v", c.algo, m)
			}
			r.close()
		}
		if st := f.server.Stats(); st.Logins != 7 {
			t.Errorf("%d logins, expected 7", st.Logins)
		}
	})
}
