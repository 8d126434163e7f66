package harness

import (
	"fmt"
	"testing"

	"github.com/bytom-solo/bytom-solo/testnet"
)

// RigAddress is a free one, that no outgoing connection takes meanwhile: those have
// another IP.
func RigAddress(t *testing.T) string {
	const ip = "127.0.0.2"
	return fmt.Sprintf("%s:%d", ip, testnet.FreePort(t, ip))
}
