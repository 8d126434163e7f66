package node

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom-solo/bytom-solo/compute"
)

// TestALateDeviceKeepsItsName: the miner knows a device by the name that it had at the start. Where the
// drivers answer late, who sets the devices anew must not name one that the miner does not know, which
// would leave the card idle.
func TestALateDeviceKeepsItsName(t *testing.T) {
	for _, asked := range []string{"auto", "vulkan", "vulkan:rtx"} {
		synctest.Test(t, func(t *testing.T) {
			opened, _, _, _ := openLimited(t, twoCards(t, 40*time.Second, time.Second, nil), asked)
			if len(opened) != 1 {
				t.Fatalf("%d devices", len(opened))
			}
			before := opened[0].Info()
			time.Sleep(time.Minute)
			if after := opened[0].Info(); after.Name != before.Name || after.Workers != before.Workers {
				t.Errorf("%s: %+v has become %+v", asked, before, after)
			}
			all := append([]compute.Backend{compute.NewReference()}, opened...)
			if names, err := PickDevices(all, asked); err != nil || !slices.Equal(names, []string{before.Name}) {
				t.Errorf("%s: picked %q (%v), and the miner's device is %q", asked, names, err, before.Name)
			}
		})
	}
}
