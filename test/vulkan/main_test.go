// Package vulkan_test has nodes mine on graphics cards, sound and faulty ones.
package vulkan_test

import (
	"testing"

	"github.com/bytom-solo/bytom-solo/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }
