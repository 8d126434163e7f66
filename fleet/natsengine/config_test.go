package natsengine_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/fleet"
	"github.com/bytom-solo/bytom-solo/fleet/natsengine"
)

func TestDialRefusesWhatCanNotWork(t *testing.T) {
	noPEM := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(noPEM, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	noSeed := filepath.Join(t.TempDir(), "user.creds")
	if err := os.WriteFile(noSeed, []byte("-----BEGIN NATS USER JWT-----\na.b.c\n------END NATS USER JWT------\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		config natsengine.Config
		words  string
	}{
		{natsengine.Config{}, `URL: value "": expected nats://host:port`},
		{natsengine.Config{URL: "http://token@host:4222"}, `URL: value "http://xxxxx@host:4222": expected nats://host:port`},
		{natsengine.Config{URL: "token@host:4222"}, `URL: value "xxxxx@host:4222": expected nats://host:port`},
		{natsengine.Config{URL: "nats://a:4222,b:4222"}, "expected nats://host:port"},
		{natsengine.Config{URL: "nats://x:token,more@a:4222"}, `URL: value "(not shown)"`},
		{natsengine.Config{URL: "nats://a", Cert: "c.pem"}, `Cert: value "c.pem": expected its key`},
		{natsengine.Config{URL: "nats://a", Key: "c.key"}, `Key: value "c.key": expected its certificate`},
		{natsengine.Config{URL: "nats://a", CA: "no/such.pem"}, `CA: value "no/such.pem": expected a file that can be read: `},
		{natsengine.Config{URL: "nats://a", Cert: noPEM, Key: "no/such.key"}, `Key: value "no/such.key": expected a file that can be read: `},
		{natsengine.Config{URL: "nats://a", Creds: "no/such.creds"}, `Creds: value "no/such.creds": expected a file that can be read: `},
		{natsengine.Config{URL: "nats://a", Creds: noPEM}, `Creds: value "` + noPEM + `": expected a file of NATS credentials`},
		{natsengine.Config{URL: "nats://a", Creds: noSeed}, "seed"},
		{natsengine.Config{URL: "nats://a", CA: noPEM}, `CA: value "` + noPEM + `": expected certificates in PEM`},
		{natsengine.Config{URL: "nats://a", Cert: noPEM, Key: noPEM}, `Cert: value "` + noPEM + `": expected a certificate in PEM`},
	} {
		e, err := natsengine.Dial(c.config)
		if err == nil {
			_ = e.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%+v: %v, expected words with %q", c.config, err, c.words)
		}
		if err != nil && strings.Contains(err.Error(), "token") {
			t.Errorf("%+v: the error has the token: %v", c.config, err)
		}
	}
}

// TestDialDoesNotWait dials what takes connections and never says a word: each attempt takes its
// full time, and nobody waits for that.
func TestDialDoesNotWait(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	url := "nats://token@" + silent.Addr().String()
	start := time.Now()
	e, err := natsengine.Dial(natsengine.Config{URL: url + "," + url})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := silent.Accept() // The attempt is under way.
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := e.Publish("a", []byte("b")); !errors.Is(err, fleet.ErrAway) {
		t.Errorf("publish before the engine is reached: %v, expected %v", err, fleet.ErrAway)
	}
	if ok, why := e.State(); ok || why == "" {
		t.Errorf("connected %v, detail %q, expected why it is not", ok, why)
	}
	// An attempt takes 5 s. This is no measure, but far from that.
	if took := time.Since(start); took > 4*time.Second {
		t.Errorf("took %v", took)
	}
	_ = conn.Close()
	_ = silent.Close()
	eventually(t, func() error {
		if _, why := e.State(); !strings.Contains(why, "refused") {
			return errors.New(why)
		}
		return nil
	})
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
}
