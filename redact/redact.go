// Package redact keeps secrets out of what is written down: logs, errors, the command
// line's answers. A webhook's token stands in its path or query, a node's access token
// before the host, a pool's password likewise. It also tells which errors say the same.
package redact

import (
	"errors"
	"net/url"
	"regexp"
	"strings"
)

// hidden stands in the place of a user name and password, elided in that of a path,
// query and fragment.
const (
	hidden = "xxxxx@"
	elided = "/…"
)

// URL is what may be shown of a URL, or of what was given as one: scheme, host and port.
func URL(text string) string {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		scheme, rest = "", text
	} else {
		scheme += "://"
	}
	end := 0
	if _, err := url.Parse(text); err != nil && ok {
		// A password with a slash that should have been %2F is still a password.
		end = strings.LastIndex(rest, "@") + 1
	}
	if more := strings.IndexAny(rest[end:], "/?#"); more >= 0 {
		end += more
	} else {
		end = len(rest)
	}
	authority, tail := rest[:end], strings.Trim(rest[end:], "/")
	if at := strings.LastIndex(authority, "@"); at >= 0 {
		authority = hidden + authority[at+1:]
	}
	if tail != "" {
		authority += elided
	}
	return scheme + authority
}

// Error is an error of net/http or net/url without what URL leaves out; any other
// error is as it was. What it wraps can still be asked for by errors.Is and errors.As.
func Error(err error) error {
	var of *url.Error
	if !errors.As(err, &of) {
		return err
	}
	return &url.Error{Op: of.Op, URL: URL(of.URL), Err: of.Err}
}

// ownPort is the port of this side in what package net says of a connection.
var ownPort = regexp.MustCompile(`:[0-9]+->`)

// Reason is what an error says but for the port of this side of a connection, which is another one at each try: two of one
// Reason are worth one line of a log.
func Reason(err error) string { return ownPort.ReplaceAllString(err.Error(), "->") }
