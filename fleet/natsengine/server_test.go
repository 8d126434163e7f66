//go:build engine

package natsengine_test

import (
	"errors"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"

	"github.com/bytom-solo/bytom-solo/fleet"
	"github.com/bytom-solo/bytom-solo/fleet/natsengine"
	"github.com/bytom-solo/bytom-solo/fleet/natsserver"
)

func run(t *testing.T, c natsserver.Config) natsserver.Server {
	t.Helper()
	s, err := natsserver.Run(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func dial(t *testing.T, c natsengine.Config) fleet.Engine {
	t.Helper()
	e, err := natsengine.Dial(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

func TestNATSConforms(t *testing.T) {
	s := run(t, natsserver.Config{Listen: "127.0.0.1:0"})
	t.Cleanup(func() { s.Stop() })
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	away := func(away bool) {
		if away {
			s.Stop()
			return
		}
		eventually(t, func() (err error) {
			s, err = natsserver.Run(natsserver.Config{Listen: u.Host})
			return err
		})
	}
	conform(t, func() fleet.Engine { return dial(t, natsengine.Config{URL: s.URL}) }, away)
}

// refused waits until an engine says why it refuses this side.
func refused(t *testing.T, c natsengine.Config, words string) {
	t.Helper()
	e := dial(t, c)
	eventually(t, func() error {
		if ok, why := e.State(); ok || !strings.Contains(why, words) {
			return errors.New("expected words with " + words + ": " + why)
		}
		return nil
	})
	if err := e.Publish("a", nil); !errors.Is(err, fleet.ErrAway) || !strings.Contains(err.Error(), words) {
		t.Errorf("publish: %v, expected words with %q", err, words)
	}
}

func TestToken(t *testing.T) {
	s := run(t, natsserver.Config{Listen: "127.0.0.1:0", Token: "right"})
	defer s.Stop()
	with := func(token string) natsengine.Config {
		return natsengine.Config{URL: strings.Replace(s.URL, "://", "://"+token+"@", 1)}
	}
	eventually(t, reached(dial(t, with("right"))))
	refused(t, with("wrong"), "Authorization Violation")
	refused(t, natsengine.Config{URL: s.URL}, "Authorization Violation")
	inProcess := with("right")
	inProcess.InProcess = s.Dial
	eventually(t, reached(dial(t, inProcess)))
}

func TestTLS(t *testing.T) {
	cert, key := certificate(t)
	s := run(t, natsserver.Config{Listen: "127.0.0.1:0", Cert: cert, Key: key})
	defer s.Stop()
	if !strings.HasPrefix(s.URL, "tls://") {
		t.Errorf("URL %s", s.URL)
	}
	plain := strings.Replace(s.URL, "tls://", "nats://", 1)
	eventually(t, reached(dial(t, natsengine.Config{URL: s.URL, CA: cert})))
	eventually(t, reached(dial(t, natsengine.Config{URL: plain, CA: cert})))
	eventually(t, reached(dial(t, natsengine.Config{URL: "nats://here", InProcess: s.Dial})))
	other, _ := certificate(t)
	for _, c := range []natsengine.Config{{URL: s.URL}, {URL: plain}, {URL: s.URL, CA: other}} {
		refused(t, c, "certificate")
	}
	open := run(t, natsserver.Config{Listen: "127.0.0.1:0"})
	defer open.Stop()
	refused(t, natsengine.Config{URL: strings.Replace(open.URL, "nats://", "tls://", 1)}, "secure connection not available")
}

// TestCloseIsNoTrouble: who closes the connection is not told that it was closed. That the engine is
// gone is told.
func TestCloseIsNoTrouble(t *testing.T) {
	s := run(t, natsserver.Config{Listen: "127.0.0.1:0"})
	defer func() { s.Stop() }()
	for _, gone := range []bool{false, true} {
		var said said
		e := dial(t, natsengine.Config{URL: s.URL, Log: slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{Level: slog.LevelWarn}))})
		eventually(t, reached(e))
		if gone {
			s.Stop()
			eventually(t, func() error {
				if !strings.Contains(said.String(), "the engine can't be reached") {
					return errors.New("nothing is said of an engine that is gone")
				}
				return nil
			})
			continue
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		if ok, why := e.State(); ok || why != "closed" {
			t.Errorf("closed, and its state is %v, %q", ok, why)
		}
		// The connection's handlers come behind its end. This is no measure, but enough for them.
		time.Sleep(100 * time.Millisecond)
		if text := said.String(); text != "" {
			t.Errorf("its own end is told as trouble: %s", text)
		}
	}
}

// said is a log that may be read while it is written.
type said struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write implements io.Writer.
func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

// String is what was said.
func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// account is who signs the credentials of users, known to a server by its operator.
type account struct {
	key      nkeys.KeyPair
	operator *jwt.OperatorClaims
	resolver *server.MemAccResolver
}

func newAccount(t *testing.T) account {
	t.Helper()
	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	operator, err := nkeys.CreateOperator()
	check(err)
	operatorName, err := operator.PublicKey()
	check(err)
	key, err := nkeys.CreateAccount()
	check(err)
	name, err := key.PublicKey()
	check(err)
	signed, err := jwt.NewAccountClaims(name).Encode(operator)
	check(err)
	resolver := new(server.MemAccResolver)
	check(resolver.Store(name, signed))
	return account{key, jwt.NewOperatorClaims(operatorName), resolver}
}

// credentials are a file as 'nsc generate creds' writes it.
func (a account) credentials(t *testing.T) string {
	t.Helper()
	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	user, err := nkeys.CreateUser()
	check(err)
	name, err := user.PublicKey()
	check(err)
	signed, err := jwt.NewUserClaims(name).Encode(a.key)
	check(err)
	seed, err := user.Seed()
	check(err)
	raw, err := jwt.FormatUserConfig(signed, seed)
	check(err)
	path := filepath.Join(t.TempDir(), "user.creds")
	check(os.WriteFile(path, raw, 0o600))
	return path
}

func TestCredentials(t *testing.T) {
	ours, theirs := newAccount(t), newAccount(t)
	s, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true,
		TrustedOperators: []*jwt.OperatorClaims{ours.operator}, AccountResolver: ours.resolver,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	defer s.Shutdown()
	eventually(t, reached(dial(t, natsengine.Config{URL: s.ClientURL(), Creds: ours.credentials(t)})))
	refused(t, natsengine.Config{URL: s.ClientURL(), Creds: theirs.credentials(t)}, "Authorization Violation")
	refused(t, natsengine.Config{URL: s.ClientURL()}, "Authorization Violation")
}
