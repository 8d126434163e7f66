package stratum

import (
	"strings"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// TestRigsOfOtherCoins get an error that names the algorithm, and no job: xmrig shows the
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

func TestPassword(t *testing.T) {
	inBubble(t, hardBits, func(_ *front, cfg *Config) { cfg.Password = "se,cret" }, func(t *testing.T, f *front) {
		for _, pass := range []string{"", "x", "se", "se,cret,", "d=5"} {
			r := f.dial()
			began := time.Now()
			r.write(`{"method":"login","params":{"login":"a","pass":"` + pass + `"},"id":1}` + "\n")
			if m := r.reply(); code(m.Error) != wire.CodeUnauthorized || time.Since(began) != time.Second || r.line() != "" {
				t.Errorf("%q: %+v after %v", pass, m, time.Since(began))
			}
			r.close()
		}
		for _, pass := range []string{"se,cret", "d=64,se,cret"} {
			r := f.dial()
			r.write(`{"method":"login","params":{"login":"a","pass":"` + pass + `"},"id":1}` + "\n")
			if m := r.reply(); m.Error != nil {
				t.Errorf("%q: %+v", pass, m)
			}
			r.close()
		}
		if st := f.server.Stats(); st.Unauthorized != 5 || st.Logins != 2 {
			t.Errorf("%+v", st)
		}
	})
}

func TestParseLogin(t *testing.T) {
	for _, c := range []struct {
		login, pass string
		name        string
		fixed       float64
		rest        string
	}{
		{"bm1qx.rig1", "x", "bm1qx.rig1", 0, "x"},
		{"bm1qx", "", "bm1qx.0", 0, ""},
		{"bm1qx.", "", "bm1qx.0", 0, ""},
		{"bm1qx.rig.1", "", "bm1qx.rig.1", 0, ""},
		{"bm1qx.rig1+20000", "", "bm1qx.rig1", 20000, ""},
		{"bm1qx+512.rig1", "", "bm1qx.rig1", 512, ""},
		{"bm1qx+512", "", "bm1qx.0", 512, ""},
		{"me+you.rig", "", "me+you.rig", 0, ""},
		{"a.b+0", "", "a.b+0.0", 0, ""},
		{"a.b", "d=1024", "a.b", 1024, ""},
		{"a.b", "secret,d=1024", "a.b", 1024, "secret"},
		{"a.b+7", "d=9", "a.b", 9, ""},
		{"a.b", "d=x", "a.b", 0, "d=x"},
		{"a.b", "d=NaN", "a.b", 0, "d=NaN"},
		{"a\n\x1b[31m.b", "", "a??[31m.b", 0, ""},
	} {
		l := parseLogin(wire.LoginParams{Login: c.login, Pass: c.pass})
		if c.login == "a.b+0" {
			c.name = "a.b+0" // No difficulty, so a part of the name.
		}
		if l.name != c.name || l.fixed != c.fixed || l.pass != c.rest || l.text != c.login {
			t.Errorf("%q, %q: %+v", c.login, c.pass, l)
		}
	}
}
