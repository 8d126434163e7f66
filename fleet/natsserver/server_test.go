//go:build engine

package natsserver

import (
	"bytes"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"testing"
)

func TestRunSaysWhyNot(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, c := range []struct {
		config Config
		words  string
	}{
		{Config{}, "expected host:port"},
		{Config{Listen: "127.0.0.1:ssh"}, "expected host:port"},
		{Config{Listen: "127.0.0.1:70000"}, "expected host:port"},
		{Config{Listen: taken.Addr().String()}, "address already in use"},
		{Config{Listen: "127.0.0.1:0", Cert: "no.pem", Key: "no.key"}, "no.pem"},
	} {
		s, err := Run(c.config)
		if err == nil {
			s.Stop()
		}
		if err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%+v: %v, expected words with %q", c.config, err, c.words)
		}
	}
}

// TestStopFreesThePort starts a second server where the first was.
func TestStopFreesThePort(t *testing.T) {
	listen := "127.0.0.1:0"
	for range 2 {
		s, err := Run(Config{Listen: listen})
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(s.URL)
		if err != nil {
			t.Fatal(err)
		}
		s.Stop()
		listen = u.Host
	}
}

// TestStrangersDoNotFillTheLog has a client do wrong all day.
func TestStrangersDoNotFillTheLog(t *testing.T) {
	var out bytes.Buffer
	l := newLogger(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelInfo})))
	for range 1000 {
		l.Errorf("%s - authentication error", "127.0.0.1:4000")
	}
	l.Noticef("listening")
	if got := strings.Count(out.String(), "\n"); got != mostWarnings || strings.Contains(out.String(), "level=ERROR") {
		t.Errorf("%d lines, expected %d, none of them an error:\n%s", got, mostWarnings, out.String())
	}
}
