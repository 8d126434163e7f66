package natsengine

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"

	"github.com/nats-io/nkeys"

	"github.com/bytom-solo/bytom-solo/boltcheck"
	"github.com/bytom-solo/bytom-solo/redact"
)

// ConfigError is what is wrong with a field of a Config.
type ConfigError struct {
	// Field is its name, Value what may be told of its value, and Expected what was expected.
	Field, Value, Expected string
}

// Error implements error.
func (e *ConfigError) Error() string {
	return fmt.Sprintf("%s: value %q: expected %s", e.Field, e.Value, e.Expected)
}

// hidden stands for a value that may be a part of a secret.
const hidden = "(not shown)"

// Check says what is wrong with a configuration, without a connection, by a *ConfigError.
func (c Config) Check() error {
	all := strings.Split(c.URL, ",")
	for _, text := range all {
		text = strings.TrimSpace(text)
		u, err := url.Parse(text)
		if err == nil && (u.Scheme == "nats" || u.Scheme == "tls") && u.Host != "" {
			continue
		}
		shown := redact.URL(text)
		if len(all) > 1 && !strings.Contains(text, "@") {
			shown = hidden // It may be the half of a password that has a comma.
		}
		return &ConfigError{"URL", shown, "nats://host:port or tls://host:port"}
	}
	if _, err := c.tls(); err != nil {
		return err
	}
	return c.checkCreds()
}

// checkCreds reads the file of credentials as the connection will, which could only say at each
// attempt that there are none.
func (c Config) checkCreds() error {
	if c.Creds == "" {
		return nil
	}
	raw, err := os.ReadFile(c.Creds)
	if err != nil {
		return unreadable("Creds", c.Creds, err)
	}
	token, err := nkeys.ParseDecoratedJWT(raw)
	if err == nil && strings.Count(token, ".") != 2 {
		err = errors.New("it has no JWT")
	}
	if err == nil {
		_, err = nkeys.ParseDecoratedUserNKey(raw)
	}
	if err != nil {
		return &ConfigError{"Creds", c.Creds, "a file of NATS credentials, a user's JWT and seed as 'nsc generate creds' writes them: " + err.Error()}
	}
	return nil
}

// tls is nil where nothing is said of it: the URL decides then.
func (c Config) tls() (*tls.Config, error) {
	if (c.Cert == "") != (c.Key == "") {
		if c.Cert == "" {
			return nil, &ConfigError{"Key", c.Key, "its certificate as well"}
		}
		return nil, &ConfigError{"Cert", c.Cert, "its key as well"}
	}
	if c.CA == "" && c.Cert == "" {
		return nil, nil
	}
	encrypted := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CA != "" {
		pem, err := os.ReadFile(c.CA)
		if err != nil {
			return nil, unreadable("CA", c.CA, err)
		}
		encrypted.RootCAs = x509.NewCertPool()
		if !encrypted.RootCAs.AppendCertsFromPEM(pem) {
			return nil, &ConfigError{"CA", c.CA, "certificates in PEM"}
		}
	}
	if c.Cert != "" {
		for field, file := range map[string]string{"Cert": c.Cert, "Key": c.Key} {
			if _, err := os.ReadFile(file); err != nil {
				return nil, unreadable(field, file, err)
			}
		}
		pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
		if err != nil {
			return nil, &ConfigError{"Cert", c.Cert, fmt.Sprintf("a certificate in PEM of the key in %s: %v", c.Key, err)}
		}
		encrypted.Certificates = []tls.Certificate{pair}
	}
	return encrypted, nil
}

func unreadable(field, file string, err error) error {
	if of := (*os.PathError)(nil); errors.As(err, &of) && !errors.Is(err, fs.ErrPermission) {
		err = of.Err // The file is the value.
	}
	err = boltcheck.OfAnotherUser(err)
	return &ConfigError{field, file, "a file that can be read: " + err.Error()}
}
