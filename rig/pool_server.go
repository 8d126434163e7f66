package rig

import (
	"crypto/tls"
	"fmt"
	"net/url"
	"strings"

	"github.com/bytom-solo/bytom-solo/redact"
	"github.com/bytom-solo/bytom-solo/stratum/client"
)

// Server is a Stratum server, and who the rig is there.
type Server struct {
	// Name is its URL without login and password.
	Name string
	// Address is host:port.
	Address string
	// TLS is nil for plain TCP.
	TLS *tls.Config
	// Login is address.rig or name.rig.
	Login, Password string
}

// ParseServer reads a URL such as stratum+tcp://host:port, which is what host:port
// alone means; stratum+ssl and stratum+tls are the same over TLS, with secure's
// settings. A login and a password in the URL go before those given.
func ParseServer(address, login, password string, secure *tls.Config) (Server, error) {
	bad := func(expected string) error {
		return fmt.Errorf("value %q: expected %s", redact.URL(address), expected)
	}
	text := address
	if !strings.Contains(text, "://") {
		text = "stratum+tcp://" + text
	}
	u, err := url.Parse(text)
	if err != nil {
		return Server{}, bad("stratum+tcp://host:port")
	}
	s := Server{Login: login, Password: password}
	switch u.Scheme {
	case "stratum+tcp", "stratum":
	case "stratum+ssl", "stratum+tls":
		s.TLS = secure
		if s.TLS == nil {
			s.TLS = &tls.Config{}
		}
	default:
		return Server{}, bad("stratum+tcp://, stratum+ssl:// or stratum+tls:// before host:port")
	}
	if u.Port() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return Server{}, bad("stratum+tcp://host:port, with a port and nothing after it")
	}
	if u.User != nil {
		if name := u.User.Username(); name != "" {
			s.Login = name
		}
		if secret, ok := u.User.Password(); ok {
			s.Password = secret
		}
	}
	if s.Login == "" {
		return Server{}, bad("a login with it: -u ADDRESS.RIG")
	}
	if s.Address, err = client.Address(u.Hostname(), u.Port()); err != nil {
		return Server{}, fmt.Errorf("%w: %w", bad("stratum+tcp://host:port"), err)
	}
	s.Name = (&url.URL{Scheme: u.Scheme, Host: s.Address}).String() // It escapes the zone of an address.
	return s, nil
}
