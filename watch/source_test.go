package watch

import (
	"fmt"
	"strings"
	"testing"
)

func TestSources(t *testing.T) {
	all, err := ParseSources([]string{
		" stratum+tcp://addr.rig:hunter2@pool.example:3333", "stratum+ssl://a@[::1]:443/", "http://shed:hunter2@10.0.0.2:9888", "", "https://node.example",
	})
	if err != nil || len(all) != 4 {
		t.Fatalf("%v %v", all, err)
	}
	for i, want := range []string{"stratum+tcp://pool.example:3333", "stratum+ssl://[::1]:443", "http://10.0.0.2:9888", "https://node.example"} {
		if all[i].Name != want {
			t.Errorf("name %q, expected %q", all[i].Name, want)
		}
	}
	if p := all[0]; p.address != "pool.example:3333" || p.login != "addr.rig" || p.password != "hunter2" || p.tls() != nil || all[1].tls() == nil || all[2].node == "" {
		t.Errorf("%+v", all)
	}
	for _, bad := range [][]string{
		{"pool.example:3333"}, {"stratum+tcp://pool.example:3333"}, {"stratum+tcp://a:hunter2@pool.example"}, {"ftp://a:hunter2@b"},
		{"stratum+tcp://a:hunter2@pool.example:3333/x"}, {"stratum+tcp://a:hunter2@pool:1?x=1"}, {"http://"}, {"://"}, {"http://a:hunter2@b:x"},
		{"http://a:hunter2@b", "http://c@b"}, {"http://a:hunter2@b:65536"}, {"stratum+tcp://a:hunter2@]:5"},
	} {
		if s, err := ParseSources(bad); err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "expected") {
			t.Errorf("%v: %v, %v", bad, s, err)
		}
	}
	var many []string
	for i := range maxSources + 1 {
		many = append(many, fmt.Sprintf("http://10.0.0.1:%d", i+1))
	}
	if _, err := ParseSources(many[:maxSources]); err != nil {
		t.Error(err)
	}
	if _, err := ParseSources(many); err == nil {
		t.Error("more than the most are taken")
	}
}
