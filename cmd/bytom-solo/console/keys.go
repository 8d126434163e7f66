package console

import (
	"context"
	"os"
	"unicode"

	"golang.org/x/term"
)

// Keys calls press with each key, a letter in lower case, until ctx ends. It does nothing
// unless somebody is at the terminal: standard input must be one too, and keys are read while
// the program is in its foreground. Ctrl-C and Ctrl-Z are signals as ever. On Windows
// a click no longer stops the program, which is so even where no keys are read.
func (t *Terminal) Keys(ctx context.Context, press func(key rune)) {
	defer t.Release()
	t.keys.run(ctx, os.Stdin, t.screen, func(key rune) { press(unicode.ToLower(key)) }, t.Hide)
}

// HasKeys reports whether keys can be read now.
func (t *Terminal) HasKeys() bool {
	in := int(os.Stdin.Fd())
	return t.screen && term.IsTerminal(in) && foreground(in)
}

// Release gives the terminal back as it was, and reads no more keys. It is to be called before
// whatever may end the process.
func (t *Terminal) Release() { t.keys.release() }
