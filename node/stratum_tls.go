package node

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
)

// encryption is what the files for TLS make; nil where there are none, or they are no
// good, which bad is told.
func (s *StratumConfig) encryption(bad func(key string, value any, expected string)) *tls.Config {
	if s.TLSCert == "" || s.TLSKey == "" {
		return nil
	}
	certificate, err := readCertificate(s.TLSCert)
	if err != nil {
		bad("stratum.tls-cert", s.TLSCert, "a PEM file with the certificate: "+err.Error())
		return nil
	}
	key, err := os.ReadFile(s.TLSKey)
	if err != nil {
		bad("stratum.tls-key", s.TLSKey, "a PEM file with the certificate's key: "+err.Error())
		return nil
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		bad("stratum.tls-key", s.TLSKey, "a PEM file with the key of the certificate in "+s.TLSCert+": "+err.Error())
		return nil
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
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
