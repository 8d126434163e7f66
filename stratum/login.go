package stratum

import (
	"crypto/sha256"
	"crypto/subtle"
	"strconv"
	"strings"
	"unicode"

	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// mostLogin is the longest login, in bytes: the reply carries it, with the job, in less
// than the 1024 bytes that some rigs read at a time.
const mostLogin = 200

// login is what a rig said of itself.
type login struct {
	text  string // as it came
	name  string // without a difficulty: what the rig is counted by
	owner string // to whom its work is credited; empty is the operator
	agent string
	fixed float64 // the difficulty it asked for; 0 is none
	pass  string  // without the difficulty
	lines bool    // it reads lines, however they come
}

// lineReaders are the agents that are known to read lines, so that messages to them need no
// gap. Of the others nobody knows.
const lineReaders = "bytom-solo/"

// parseLogin splits a login, name+DIFFICULTY or name.rig+DIFFICULTY, and a password,
// which may have d=DIFFICULTY among parts separated by commas.
func parseLogin(p wire.LoginParams) login {
	l := login{text: p.Login, agent: printable(p.Agent, 64)}
	name, rig, hasRig := strings.Cut(p.Login, ".")
	name, l.fixed = cutDifficulty(name, l.fixed)
	rig, l.fixed = cutDifficulty(rig, l.fixed)
	if !hasRig || rig == "" {
		rig = "0"
	}
	l.name = printable(name+"."+rig, mostLogin)
	var rest []string
	for _, part := range strings.Split(p.Pass, ",") {
		if value, ok := strings.CutPrefix(part, "d="); ok {
			if d, ok := difficulty(value); ok {
				l.fixed = d
				continue
			}
		}
		rest = append(rest, part)
	}
	l.pass = strings.Join(rest, ",")
	l.lines = strings.HasPrefix(p.Agent, lineReaders)
	return l
}

// ownerOf finds out whose a login's work is; the error is for the rig.
func (s *Server) ownerOf(l *login) *wire.Error {
	if s.cfg.Owner == nil {
		return nil
	}
	owner, err := s.cfg.Owner(l.name)
	if err == nil {
		l.owner = owner
		return nil
	}
	const most = 400 // Of 1024 that some rigs read at a time, with the escapes of JSON.
	return &wire.Error{Code: wire.CodeUnauthorized, Message: printable("Unauthorized worker: "+err.Error(), most)}
}

// cutDifficulty takes a +DIFFICULTY off the end of a text.
func cutDifficulty(text string, otherwise float64) (string, float64) {
	if i := strings.LastIndexByte(text, '+'); i >= 0 {
		if d, ok := difficulty(text[i+1:]); ok {
			return text[:i], d
		}
	}
	return text, otherwise
}

func difficulty(text string) (float64, bool) {
	d, err := strconv.ParseFloat(text, 64)
	return d, err == nil && d >= 1 && d <= 1<<32
}

// printable replaces what is not fit for logs and tables: a rig may send anything.
func printable(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, text)
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "")
	}
	return text
}

// allowed reports whether a password is the right one, in a time that says nothing of how
// much of it is.
func allowed(password, want string) bool {
	a, b := sha256.Sum256([]byte(password)), sha256.Sum256([]byte(want))
	return want == "" || subtle.ConstantTimeCompare(a[:], b[:]) == 1
}
