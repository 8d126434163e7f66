package mining

import (
	"encoding"
	"fmt"
)

// Decode reads the text form of a block, a header or a transaction of Bytom's into v. Bytom's own readers
// panic on some that make no sense, as one without outputs: here that is an error.
func Decode(v encoding.TextUnmarshaler, text []byte) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	return v.UnmarshalText(text)
}
