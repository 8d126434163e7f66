package stratum

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// FuzzRequest: what ParseRequest and the params take, they take without harm, and the
// answer is one line of JSON.
func FuzzRequest(f *testing.F) {
	for _, seed := range []string{
		`{"method":"login","params":{"login":"a.b+5","pass":"d=1","agent":"x"},"id":1}`, `{"method":"login","params":["a"],"id":"x"}`,
		`{"method":"submit","params":{"job_id":1,"nonce":"0x12"},"id":null}`, `{"method":"","id":[{}]}`, `{}`, `null`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		r, err := wire.ParseRequest([]byte(line))
		var login wire.LoginParams
		var submit wire.SubmitParams
		if err == nil && json.Unmarshal(orNull(r.Params), &login) == nil {
			if l := parseLogin(login); l.name == "" || strings.ContainsAny(l.name, "\r\n\x00") {
				t.Errorf("name %q", l.name)
			}
		}
		if err == nil && json.Unmarshal(orNull(r.Params), &submit) == nil {
			if nonces, err := wire.Nonces(wire.StartNonce(7), submit.Nonce); err == nil && (len(nonces) < 1 || len(nonces) > 2) {
				t.Errorf("nonces %x", nonces)
			}
		}
		text := wire.Response{ID: r.ID, Error: &wire.Error{Code: wire.CodeOther, Message: line}}.AppendJSON(nil)
		if m, err := wire.ParseMessage(text); err != nil || m.Error == nil || strings.Contains(string(text), "\n") {
			t.Errorf("answer %q: %v", text, err)
		}
	})
}

// FuzzSession plays what the fuzzer makes of a client against a whole front: lines and
// parts of them, with pauses and new tips between. Each line that is answered is answered
// by JSON, in the order of the requests, nothing crashes and no goroutine is left (synctest
// fails otherwise).
func FuzzSession(f *testing.F) {
	const login = `{"method":"login","params":{"login":"a.b"},"id":1}` + "\n"
	for _, seed := range []string{
		login, login + login, login + `{"method":"submit","params":{"job_id":"J","nonce":"N"},"id":2}` + "\n",
		login + "\x01\x02" + `{"method":"submit","params":{"job_id":"J","nonce":"N"},"id":2}` + "\n\x02\x02\x02",
		login + `{"method":"getjob","id":"x"}` + "\n{\n[]\n" + `{"method":"keepalived","id":null}` + "\r\n\r\n",
		"GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\x02\x00", "{\n{\n{\n{\n{\n{\n", strings.Repeat("x", 5000),
		login + strings.Repeat(`{"method":"submit","params":{"job_id":"J","nonce":"0"},"id":2}`+"\n", 300),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, script string) {
		synctest.Test(t, func(t *testing.T) {
			front := start(t, easyBits, nil)
			defer front.close()
			synctest.Wait()
			r := front.dial()
			defer r.close()
			playScript(r, front, script)
			for len(r.lines) > 0 {
				if line, ok := <-r.lines; ok && !strings.HasPrefix(line, "HTTP/1.1 ") && line[0] == '{' && !json.Valid([]byte(line)) {
					t.Errorf("line %q", line)
				}
			}
		})
	})
}

// playScript writes a script: \x01 is a new tip, \x02 a pause of 20 s, \x03 the start of another
// segment, J the newest job and N its start nonce.
func playScript(r *testRig, f *front, script string) {
	for script != "" {
		i := strings.IndexAny(script, "\x01\x02\x03")
		text, control := script, byte(0)
		if script = ""; i >= 0 {
			text, control, script = text[:i], text[i], text[i+1:]
		}
		for len(r.lines) > 0 {
			if line, ok := <-r.lines; ok && json.Valid([]byte(line)) && strings.Contains(line, `"job_id"`) {
				r.note(line)
			} else if !ok {
				return
			}
		}
		text = strings.NewReplacer(`"J"`, `"`+r.job.ID+`"`, `"N"`, `"`+wire.FormatNonce(r.job.Nonce)+`"`).Replace(text)
		if _, err := r.conn.Write([]byte(text)); err != nil {
			return
		}
		synctest.Wait()
		switch control {
		case 1:
			f.connect(byte(len(script)))
		case 2:
			time.Sleep(20 * time.Second)
		}
	}
}
