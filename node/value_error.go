package node

import (
	"errors"
	"fmt"

	"github.com/spf13/pflag"
)

// ValueError is why a flag does not take a value. A flag whose Set returns one says itself what may
// be told of the value, of which only a part may be wrong, and what was expected.
type ValueError struct{ Value, Expected string }

// Error implements error.
func (e *ValueError) Error() string { return fmt.Sprintf("value %q: expected %s", e.Value, e.Expected) }

// Refusal is what an error says of a value that a flag does not take; err is what its Set returned.
func Refusal(f *pflag.Flag, value string, err error) string {
	if own := (*ValueError)(nil); errors.As(err, &own) {
		return own.Error()
	}
	return (&ValueError{Tellable(f.Name, value), Expected(f)}).Error()
}
