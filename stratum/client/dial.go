package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"
)

// ErrNotStratum means that what answers does not speak Stratum, or speaks it over TLS and
// was dialed without, or the other way around: the address is wrong.
var ErrNotStratum = errors.New("the server does not speak Stratum")

// What answers in place of a server, and what to do.
var (
	errAPI     = fmt.Errorf("%w: HTTP is spoken there, as at a node's API or a web page: it takes the server's Stratum port, or --getwork or --gbt for a node's API", ErrNotStratum)
	errSecured = fmt.Errorf("%w in plain: TLS is spoken there, which stratum+ssl:// is for", ErrNotStratum)
	errRaw     = fmt.Errorf("%w over TLS: the port is a plain one, which stratum+tcp:// is for", ErrNotStratum)
	// errMute is no proof.
	errMute = errors.New("the server hung up without a word; where its port is a plain one, stratum+tcp:// is the scheme")
)

// errAuthority is what helps with a certificate that can't be trusted.
var errAuthority = errors.New("--tls-ca FILE names the certificates to trust, --tls-insecure takes any")

// Dial connects and logs in. It returns when the login has its reply: a *wire.Error
// where the server refuses it, an ErrNotStratum where there is none at the address. ctx
// bounds Dial alone, not the Client.
func Dial(ctx context.Context, cfg Config) (*Client, error) {
	cfg = cfg.withDefaults()
	conn, err := cfg.DialContext(ctx, "tcp", cfg.Address)
	if err != nil {
		return nil, err // It says whom, and what of.
	}
	if cfg.TLS != nil {
		if conn, err = handshake(ctx, conn, cfg); err != nil {
			return nil, err
		}
	}
	c, err := New(ctx, conn, cfg)
	if cfg.TLS == nil && hungUp(err) && speaksTLS(ctx, cfg) {
		err = fmt.Errorf("login at %s: %w", cfg.Address, errSecured)
	}
	return c, err
}

// handshake encrypts a connection.
func handshake(ctx context.Context, conn net.Conn, cfg Config) (net.Conn, error) {
	t := cfg.TLS.Clone()
	if t.ServerName == "" {
		host, _, err := net.SplitHostPort(cfg.Address)
		if err != nil {
			return nil, errors.Join(err, conn.Close())
		}
		t.ServerName = host
	}
	ctx, cancel := context.WithTimeout(ctx, cfg.LoginTimeout)
	defer cancel()
	secured := tls.Client(conn, t)
	if err := secured.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("TLS handshake with %s: %w", cfg.Address, explainTLS(err)), conn.Close())
	}
	return secured, nil
}

// explainTLS says what to do about a handshake that failed.
func explainTLS(err error) error {
	var header tls.RecordHeaderError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &header):
		return errRaw
	case errors.As(err, &certificate):
		return fmt.Errorf("%w (%w)", err, errAuthority)
	case hungUp(err):
		return fmt.Errorf("%w: %w", errMute, err)
	}
	return err
}

// hungUp reports whether the other end has closed the connection.
func hungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)
}

// speaksTLS tries a handshake with a server that a login in plain made hang up.
func speaksTLS(ctx context.Context, cfg Config) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := cfg.DialContext(ctx, "tcp", cfg.Address)
	if err != nil {
		return false
	}
	defer conn.Close()
	// Nothing is sent by it, so whose certificate it is does not matter.
	return tls.Client(conn, &tls.Config{InsecureSkipVerify: true}).HandshakeContext(ctx) == nil
}

// tlsAlert is the first byte of what a TLS server may say to who speaks anything else.
const tlsAlert = 0x15

// foreign returns an error if a server's first line is known to be something else than
// Stratum.
func foreign(line []byte) error {
	switch {
	case bytes.HasPrefix(line, []byte("HTTP/")):
		return errAPI
	case line[0] == tlsAlert:
		return errSecured
	}
	return nil
}

// explain says why a login failed, of a client that is closed.
func (c *Client) explain(err error) error {
	if c.foreign != nil && (errors.Is(err, ErrLost) || errors.Is(err, ErrNoReply)) {
		return c.foreign
	}
	return err
}
