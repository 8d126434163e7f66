package watch

import (
	"cmp"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/bytom-solo/bytom-solo/redact"
	stratum "github.com/bytom-solo/bytom-solo/stratum/client"
)

// Source is a pool or a node to watch.
type Source struct {
	// Name is scheme, host and port, without what the URL has of secrets.
	Name string

	node            string // a node's URL; empty for a pool
	address         string // a pool's host:port
	secure          bool   // by TLS
	login, password string
	secrets         []string // what no text of a source may repeat
}

// maxSources bounds what one node watches.
const maxSources = 16

// errForm is what a URL must be.
var errForm = errors.New("expected stratum+tcp://login@host:port, stratum+ssl://login@host:port or http://[name:secret@]host:port")

// ParseSources reads URLs: stratum+tcp://login[:password]@host:port or stratum+ssl:// is a
// pool, http:// or https:// a node's API, with its access token before the host. An error
// shows no secret.
func ParseSources(urls []string) ([]Source, error) {
	var all []Source
	for _, text := range urls {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		s, err := parseSource(text)
		if err == nil && slices.ContainsFunc(all, func(o Source) bool { return o.Name == s.Name }) {
			err = errors.New("expected each host and port once")
		}
		if err != nil {
			return nil, fmt.Errorf("value %q: %w", redact.URL(text), err)
		}
		all = append(all, s)
	}
	if len(all) > maxSources {
		return nil, fmt.Errorf("%d URLs: expected %d at most", len(all), maxSources)
	}
	return all, nil
}

func parseSource(text string) (Source, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" {
		return Source{}, errForm
	}
	address, err := stratum.Address(u.Hostname(), cmp.Or(u.Port(), "80"))
	if err != nil {
		return Source{}, err
	}
	s := Source{Name: u.Scheme + "://" + u.Host}
	if secret, ok := u.User.Password(); ok && len(secret) >= shortestSecret {
		whole := u.User.Username() + ":" + secret
		s.secrets = []string{base64.StdEncoding.EncodeToString([]byte(whole)), secret}
	}
	switch u.Scheme {
	case "http", "https":
		s.node = text
		return s, nil
	case "stratum+tcp", "stratum":
	case "stratum+ssl", "stratum+tls":
		s.secure = true
	default:
		return Source{}, errForm
	}
	if u.Port() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User.Username() == "" {
		return Source{}, errForm
	}
	s.address, s.login = address, u.User.Username()
	s.password, _ = u.User.Password()
	return s, nil
}

// shortestSecret is the length of a password below which it is none: pools take "x".
const shortestSecret = 4

// longestText is how much of an error is kept: a source has a say in it.
const longestText = 300

// plain is an error's text, bounded, on one line, and without the source's secrets.
func (s Source) plain(err error) string {
	text := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(err.Error(), "?"))
	for _, secret := range s.secrets {
		text = strings.ReplaceAll(text, secret, "…")
	}
	if len(text) <= longestText {
		return text
	}
	return strings.ToValidUTF8(text[:longestText], "") + "…"
}

// tls is how to speak to a pool; nil is in plain.
func (s Source) tls() *tls.Config {
	if !s.secure {
		return nil
	}
	return &tls.Config{MinVersion: tls.VersionTLS12}
}
