package client

import (
	"errors"
	"testing"
)

func TestAddress(t *testing.T) {
	for _, test := range []struct {
		host, port, want string
		err              error
	}{
		{"pool.example", "9119", "pool.example:9119", nil},
		{"192.168.1.7", "65535", "192.168.1.7:65535", nil},
		{"::1", "1", "[::1]:1", nil},
		{"fe80::1%eth0", "5", "[fe80::1%eth0]:5", nil},
		{"", "1", "", errHost},
		{":", "1", "", errHost},
		{"a:b", "1", "", errHost},
		{"[", "1", "", errHost},
		{"::%]", "1", "", errHost},
		{"::%\xf9", "1", "", errHost},
		{"::%\u0630", "1", "", errHost},
		{"::%a`b", "1", "", errHost},
		{"fe80::1%br-0.5:1", "5", "[fe80::1%br-0.5:1]:5", nil},
		{"a b", "1", "", errHost},
		{"a\n", "1", "", errHost},
		{"bücher.example", "1", "bücher.example:1", nil},
		{"a", "", "", errPort},
		{"a", "0", "", errPort},
		{"a", "65536", "", errPort},
		{"a", "x", "", errPort},
	} {
		got, err := Address(test.host, test.port)
		if got != test.want || !errors.Is(err, test.err) {
			t.Errorf("host %q, port %q: %q, %v, expected %q, %v", test.host, test.port, got, err, test.want, test.err)
		}
	}
}
