package table

import (
	"cmp"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/compute/cpu"
	"github.com/bytom-solo/bytom-solo/compute/vulkan"
	"github.com/bytom-solo/bytom-solo/node"
)

// Devices prints the backends that are open, which of the CPU's kernels run here, and what
// Vulkan's drivers offer.
func Devices(out io.Writer, all []compute.Backend) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "DEVICE\tKERNEL\tEXPANSION\tWORKERS\tSELF-TEST")
	for _, b := range all {
		info := b.Info()
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\tpassed\n", info.Name, info.Kernel, cmp.Or(info.Expansion, "-"), info.Workers)
	}
	fmt.Fprintln(w, "\nCPU KERNEL\tUSABLE\tWHY NOT")
	for _, k := range cpu.Kernels() {
		usable := "yes"
		if !k.Usable {
			usable = "no"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", k.Name, usable, k.Reason)
	}
	fmt.Fprintln(w, "\nEXPANSION OF SEEDS\tUSABLE\tWHY NOT, OR HOW FAST")
	for _, e := range cpu.Expansions() {
		if e.Usable {
			fmt.Fprintf(w, "%s\tyes\t%.1f ms a seed\n", e.Name, e.Seed().Seconds()*1000)
		} else {
			fmt.Fprintf(w, "%s\tno\t%s\n", e.Name, e.Reason)
		}
	}
	printVulkan(w, all)
	return w.Flush()
}

// printVulkan lists what Vulkan's drivers offer, and of each device why a path is not
// the one in use.
func printVulkan(w io.Writer, open []compute.Backend) {
	known, err := node.VulkanDevices()
	if err != nil {
		fmt.Fprintf(w, "\nNo graphics cards: %v\n", err)
		return
	}
	fmt.Fprintln(w, "\nVULKAN DEVICE\tNAME\tKIND\tMEMORY\tVULKAN\tDRIVER")
	for _, d := range known {
		fmt.Fprintf(w, "%s\t%s\t%s\t%d MB\t%s\t%s\n", d.Name, d.Title, d.Kind, d.Memory>>20, d.API, d.Driver)
	}
	fmt.Fprintln(w, "\nVULKAN DEVICE\tPATH\tUSED\tWHY")
	for _, d := range known {
		chosen, tried := chosenOn(open, d)
		for _, p := range d.Paths {
			used := "no"
			if p.Name == chosen.Path {
				used = "yes"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", d.Name, p.Name, used, whyPath(d, p, chosen, tried))
		}
	}
}

// chosenOn is what an open backend of a device has chosen.
func chosenOn(open []compute.Backend, d vulkan.Device) (vulkan.Variant, []vulkan.Tried) {
	for _, b := range open {
		v, ok := b.(interface {
			Chosen() (vulkan.Variant, []vulkan.Tried)
		})
		if ok && b.Info().Name == d.Name {
			return v.Chosen()
		}
	}
	return vulkan.Variant{}, nil
}

// whyPath says what there is to say of a path of a device.
func whyPath(d vulkan.Device, p vulkan.Path, chosen vulkan.Variant, tried []vulkan.Tried) string {
	for _, t := range tried {
		switch {
		case t.Path != p.Name:
		case t.Error != "":
			return t.Error
		case t.Path == chosen.Path:
			return fmt.Sprintf("the fastest: %s by %s", hashrate(t.HashesPerSecond), chosen)
		default:
			return "slower: " + hashrate(t.HashesPerSecond)
		}
	}
	switch {
	case p.Reason != "" && chosen.Path != p.Name:
		return p.Reason
	case chosen.Path == "" && d.IsCPU():
		return "it computes on the CPU, and is opened only if it is named"
	case chosen.Path == "":
		return "the device could not be opened: see the log"
	}
	if d.IsCPU() {
		return "not timed: the first path that is right will do where the CPU computes"
	}
	return "not measured yet"
}
