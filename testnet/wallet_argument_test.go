package testnet

import (
	"reflect"
	"strings"
	"testing"
)

func TestParseParameter(t *testing.T) {
	for text, want := range map[string]any{
		"true": true, "false": false, "int:-7": int64(-7), "text:int:7": []byte("int:7"), "00ff": []byte{0, 0xff}, "": []byte{},
	} {
		if got, err := ParseParameter(text); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %v, %v, expected %v", text, got, err, want)
		}
	}
	for text, want := range map[string]string{"int:x": "a whole number", "sesame": "text:TEXT", "0": "hexadecimal"} {
		if got, err := ParseParameter(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, %v, expected an error that says %q", text, got, err, want)
		}
	}
}
