package node

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/bytom-solo/bytom-solo/boltcheck"
)

// readPair is the certificate in the files for TLS; nil where there are none, or they are
// no good, which is reported to bad.
func (s *StratumConfig) readPair(bad func(key string, value any, expected string)) *tls.Certificate {
	if s.TLSCert == "" || s.TLSKey == "" {
		return nil
	}
	certificate, err := readCertificate(s.TLSCert)
	if err != nil {
		bad("stratum.tls-cert", s.TLSCert, "a PEM file with the certificate: "+boltcheck.OfAnotherUser(err).Error())
		return nil
	}
	key, err := os.ReadFile(s.TLSKey)
	if err != nil {
		bad("stratum.tls-key", s.TLSKey, "a PEM file with the certificate's key: "+boltcheck.OfAnotherUser(err).Error())
		return nil
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		bad("stratum.tls-key", s.TLSKey, "a PEM file with the key of the certificate in "+s.TLSCert+": "+err.Error())
		return nil
	}
	return &pair
}

// servedCertificate is the certificate that new connections are served. It is safe for concurrent
// use.
type servedCertificate struct {
	now atomic.Pointer[tls.Certificate]
}

// tls is a configuration that serves it.
func (s *servedCertificate) tls() *tls.Config {
	return &tls.Config{
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return s.now.Load(), nil },
		MinVersion:     tls.VersionTLS12,
	}
}

// Reload reads the files again that are read once at the start: rigs that connect from
// now on are served the renewed certificate. Where that is no good, the one that there
// was stays, with a warning. It may be called at any time.
func (n *station) Reload() {
	defer n.service.reloading()()
	if n.tlsCert == nil {
		return
	}
	var errs []error
	pair := n.config.Stratum.readPair(func(key string, value any, expected string) {
		errs = append(errs, fmt.Errorf("key %s: value %q: expected %s", key, fmt.Sprint(value), expected))
	})
	if pair == nil {
		n.log.Warn("the certificate for rigs stays the one that it was", "error", errors.Join(errs...))
		return
	}
	n.tlsCert.now.Store(pair)
	until := time.Time{}
	if pair.Leaf != nil {
		until = pair.Leaf.NotAfter
	}
	n.log.Info("rigs that connect are served the certificate that is there now", "tls_cert", n.config.Stratum.TLSCert, "valid_until", until)
}

// readCertificate is the text of a PEM file whose first certificate can be read.
func readCertificate(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	for rest := text; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return nil, fmt.Errorf("there is no CERTIFICATE in it")
		}
		if block.Type == "CERTIFICATE" {
			_, err := x509.ParseCertificate(block.Bytes)
			return text, err
		}
	}
}
