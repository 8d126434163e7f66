package rig

import (
	"net"
	"strings"
	"testing"
)

// FuzzServer has any text for a pool's address: the error does not say the password, and what is
// taken is a host and a port, and the same by its name.
func FuzzServer(f *testing.F) {
	for _, seed := range []string{
		"127.0.0.1:9119", "stratum+tcp://a.b:hunter2@pool.example:1", "stratum+ssl://pool.example:443", "stratum+tls://[::1]:5", "http://pool.example:1",
		"stratum+tcp://pool.example", "stratum+tcp://pool.example:1/x?y#z", "[::1%25eth0]:5", "://", "a:b@c:1",
	} {
		f.Add(seed, "bm1q.rig", "x")
	}
	f.Fuzz(func(t *testing.T, address, login, password string) {
		s, err := ParseServer(address, login, password, nil)
		if err != nil {
			if !strings.Contains(err.Error(), "expected ") {
				t.Errorf("%q: the error says not what was expected: %v", address, err)
			}
			return
		}
		if host, port, err := net.SplitHostPort(s.Address); err != nil || host == "" || port == "" || s.Login == "" {
			t.Errorf("%q is taken as %+v: %v", address, s, err)
		}
		if strings.Contains(s.Name, "@") && !strings.Contains(s.Address, "@") {
			t.Errorf("%q has the name %q", address, s.Name)
		}
		again, err := ParseServer(s.Name, s.Login, s.Password, s.TLS)
		if err != nil || again.Address != s.Address || again.Name != s.Name || again.Login != s.Login || (again.TLS == nil) != (s.TLS == nil) {
			t.Errorf("%q is %+v, whose name is %+v, %v", address, s, again, err)
		}
	})
}
