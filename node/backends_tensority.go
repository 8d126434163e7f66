//go:build !simulated

package node

import "github.com/bytom-solo/bytom-solo/compute/vulkan"

// simulated tells whether this build's proof of work is a stand-in: see backends_simulated.go.
const simulated = false

// openers are all of them, fastest first.
var openers = []opener{
	{name: "vulkan", open: graphics{devices: vulkan.Devices, open: vulkan.Open}.openAll, extra: true},
	{name: "cpu", open: openCPU},
	{name: "reference", open: openReference},
}
