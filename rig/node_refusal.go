package rig

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"

	"github.com/bytom-solo/bytom-solo/gbt/client"
)

// What to do where a node does not do as it is asked.
var (
	errToken     = errors.New("it wants an access token, which stands in the URL: http://NAME:SECRET@host:port")
	errNoRoute   = errors.New("there is no such route: expected the URL of a Bytom node's API, as in http://host:9888, and nothing after the port")
	errStock     = errors.New("there is no such route: --gbt takes a bytom-solo node; with a stock node, --getwork")
	errMoved     = errors.New("the URL that it redirects to is the one to give")
	errNoNode    = errors.New("what answers there is no Bytom node: expected the URL of a node's API, as in http://host:9888")
	errNoHTTP    = errors.New("what answers there speaks no HTTP: a Stratum port is for -o")
	errNoTLS     = errors.New("the port is one without TLS, which http:// is for")
	errSecured   = errors.New("the port is one for TLS, which https:// is for")
	errHTTPSMute = errors.New("where the port is one without TLS, http:// is the scheme")
	errUntrusted = errors.New("the environment's SSL_CERT_FILE names the certificates to trust")
)

// advise says what an operator can do about an error of a node, and whether it makes no
// sense to ask again. A node that has sent work before is asked again in any case.
func (n *node) advise(err error) (advice error, final bool) {
	var refused *client.Error
	if errors.As(err, &refused) {
		return n.adviseRefused(refused)
	}
	var syntax *json.SyntaxError
	var header tls.RecordHeaderError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &syntax):
		return errNoNode, true
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &header):
		return errNoTLS, true
	case strings.Contains(err.Error(), "malformed HTTP"): // It has no name.
		return errNoHTTP, true
	case errors.As(err, &certificate):
		return errUntrusted, false
	case n.secure && hungUp(err):
		return errHTTPSMute, false
	}
	return nil, false
}

// adviseRefused is advise for an answer over HTTP.
func (n *node) adviseRefused(err *client.Error) (advice error, final bool) {
	says := func(text string) bool { return strings.Contains(strings.ToLower(err.Debug), text) }
	switch {
	case err.Status == http.StatusUnauthorized, err.Status == http.StatusForbidden:
		return errToken, true
	case says("https server"), says("https port"):
		return errSecured, true
	case says("stratum"):
		return errNoHTTP, true
	case err.Status == http.StatusNotFound, strings.EqualFold(err.Debug, "not found"): // the stock node's word, with another status
		if n.templates {
			return errStock, true
		}
		return errNoRoute, true
	case err.JSON:
		// The stock node sends no reasons: it may still be starting.
		return nil, n.templates && err.Reason == ""
	case err.Status >= 300 && err.Status < 400:
		return errMoved, true
	case err.Status >= 400 && err.Status < 500 && err.Status != http.StatusRequestTimeout && err.Status != http.StatusTooManyRequests:
		return errNoNode, true
	}
	return nil, false // A proxy, whose node may still be starting.
}

// explained is an error with what to do about it.
func (n *node) explained(err error) error {
	if advice, _ := n.advise(err); advice != nil {
		return fmt.Errorf("%w; %w", err, advice)
	}
	return err
}

// hungUp reports whether the other end has closed the connection.
func hungUp(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) }
