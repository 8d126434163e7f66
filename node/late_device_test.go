package node

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/compute/vulkan"
)

// card is a backend that is there.
type card struct {
	computetest.SHA3
	device vulkan.Device
}

func (c card) Info() compute.Info {
	return compute.Info{Name: c.device.Name, Kernel: "dot", Workers: c.device.Workers(), Accelerator: true}
}
func (c card) Answers(name string) bool { return c.device.Answers(name) }

// twoCards are drivers of which the first takes some time over its device, and then has it
// or fails; a negative time is for ever. listing is how long both take to list theirs.
func twoCards(t *testing.T, listing, first time.Duration, fails error) graphics {
	end := make(chan struct{})
	t.Cleanup(func() { close(end) })
	hang := func(d time.Duration) {
		if d < 0 {
			<-end
		} else {
			time.Sleep(d)
		}
	}
	return graphics{
		devices: func() ([]vulkan.Device, error) {
			hang(listing)
			return []vulkan.Device{{Name: "vulkan:0", Index: 0, Kind: "discrete", Title: "RTX 4090"}, {Name: "vulkan:1", Index: 1, Kind: "discrete"}}, nil
		},
		open: func(_ context.Context, d vulkan.Device, _ vulkan.Config) (compute.Backend, error) {
			if d.Index == 0 {
				if hang(first); fails != nil {
					return nil, fails
				}
			}
			return card{device: d}, nil
		},
	}
}

// openLimited opens what a list names, as a node does.
func openLimited(t *testing.T, g graphics, devices string) (opened []compute.Backend, picked, log string, took time.Duration) {
	t.Helper()
	var text lockedBuffer
	start := time.Now()
	opened, err := g.openAll(t.Context(), Opening{Devices: devices, Log: slog.New(slog.NewTextHandler(&text, nil)), Limit: DeviceLimit})
	took = time.Since(start)
	if err != nil {
		t.Fatal(err)
	}
	names, err := PickDevices(append([]compute.Backend{compute.NewReference()}, opened...), devices)
	if err != nil {
		t.Fatal(err)
	}
	return opened, strings.Join(names, " "), text.String(), took
}

// TestDevicesThatTakeTheirTime has drivers that take a second, a minute, or hang.
func TestDevicesThatTakeTheirTime(t *testing.T) {
	for _, test := range []struct {
		name           string
		listing, first time.Duration
		fails          error
		devices        string
		took           time.Duration
		picked         string
		log            []string // in this order
	}{
		{"a second", 0, time.Second, nil, "auto", time.Second, "vulkan:0 vulkan:1", []string{"opening vulkan:0 …", "opening vulkan:1 …"}},
		{"one fails", 0, time.Second, errors.New("broken"), "auto", time.Second, "vulkan:1", []string{"opening vulkan:0 …", "device is not used", "broken"}},
		{"one hangs", 0, -1, nil, "vulkan", DeviceLimit, "vulkan:0 vulkan:1", []string{"opening vulkan:0 …", "opening vulkan:1 …", "not open yet"}},
		{"the only one hangs", 0, -1, nil, "vulkan:0", DeviceLimit, "vulkan:0", []string{"opening vulkan:0 …", "not open yet"}},
		{"drivers are slow", 10 * time.Second, 0, nil, "auto", 10 * time.Second, "vulkan:0 vulkan:1", []string{"waiting for", "opening vulkan:0 …"}},
		{"drivers hang", -1, 0, nil, "auto", DeviceLimit, "reference vulkan", []string{"waiting for", "level=ERROR", "do not answer"}},
		{"drivers hang and one is named", -1, 0, nil, "vulkan:1,reference", DeviceLimit, "reference vulkan:1", []string{"level=ERROR"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				opened, picked, log, took := openLimited(t, twoCards(t, test.listing, test.first, test.fails), test.devices)
				if took != test.took || picked != test.picked {
					t.Errorf("picked %q after %v, expected %q after %v", picked, took, test.picked, test.took)
				}
				rest := log
				for _, part := range test.log {
					_, after, ok := strings.Cut(rest, part)
					if !ok {
						t.Errorf("no %q in its place in\n%s", part, log)
					}
					rest = after
				}
				if err := CloseBackends(opened); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestDevicesThatAreWaitedFor is of bench and hash, which have nothing to do without them: a
// device may take its time as long as it makes headway.
func TestDevicesThatAreWaitedFor(t *testing.T) {
	const minutes = time.Minute
	for _, test := range []struct {
		name        string
		listing     time.Duration
		steps       []time.Duration // until the first device says that it is at the next variant, and is open
		interrupted time.Duration
		devices     string
		opened      int
		took        time.Duration
		fails, log  string
	}{
		{"headway", 0, []time.Duration{2 * minutes, 2 * minutes, 2 * minutes}, 0, "all", 2, 6 * minutes, "", "does the card hang"},
		{"no headway", 0, []time.Duration{2 * minutes, -1}, 0, "all", 1, 2*minutes + headwayLimit, "", "has made no headway for 3m0s"},
		{"the only one hangs", 0, []time.Duration{-1}, 0, "vulkan:0", 0, headwayLimit, "", "level=ERROR"},
		{"interrupted", 0, []time.Duration{-1}, minutes, "vulkan:0", 0, minutes + time.Second, "canceled", "opening vulkan:0 …"},
		{"drivers hang", -1, nil, 0, "all", 0, headwayLimit, "", "do not answer"},
		{"drivers hang and one is named", -1, nil, 0, "vulkan:0", 0, headwayLimit, "do not answer", "level=WARN"},
		{"drivers hang, interrupted", -1, nil, minutes, "vulkan:0", 0, minutes, "canceled", "level=WARN"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := twoCards(t, test.listing, 0, nil)
				end, open := make(chan struct{}), g.open
				defer close(end)
				g.open = func(ctx context.Context, d vulkan.Device, c vulkan.Config) (compute.Backend, error) {
					for i, step := range test.steps {
						if d.Index != 0 {
							break
						}
						if step < 0 {
							<-end
							return nil, errors.New("too late")
						}
						time.Sleep(step)
						c.Progress(d.Name, i, len(test.steps))
					}
					return open(ctx, d, c)
				}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if test.interrupted > 0 {
					time.AfterFunc(test.interrupted, cancel)
				}
				var log lockedBuffer
				start := time.Now()
				opened, err := g.openAll(ctx, Opening{Devices: test.devices, Log: slog.New(slog.NewTextHandler(&log, nil))})
				if took := time.Since(start); took != test.took || len(opened) != test.opened || !strings.Contains(log.String(), test.log) {
					t.Errorf("%d opened after %v, expected %d after %v, and to be told %q:\n%s", len(opened), took, test.opened, test.took, test.log, log.String())
				}
				if (err != nil) != (test.fails != "") || err != nil && !strings.Contains(err.Error(), test.fails) {
					t.Errorf("%v, expected %q", err, test.fails)
				}
			})
		})
	}
}

// TestAutoMinesOnTheCPUWhileCardsAreLate, and on both when they are there.
func TestAutoMinesOnTheCPUWhileCardsAreLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := twoCards(t, 30*time.Second, time.Minute, nil)
		opened, picked, _, _ := openLimited(t, g, "auto")
		if picked != "reference vulkan" || len(opened) != 1 || opened[0].Info().Kernel != "opening" {
			t.Fatalf("picked %q of %d", picked, len(opened))
		}
		start := time.Now()
		if h, err := opened[0].NewHasher(t.Context(), [32]byte{}); err == nil || !strings.Contains(err.Error(), "for 1m0s: does the card hang?") {
			t.Errorf("after %v: %v, %v", time.Since(start), h, err)
		}
		h, err := opened[0].NewHasher(t.Context(), [32]byte{})
		if took := time.Since(start); err != nil || took != 70*time.Second { // 10 of 30 s, and a minute.
			t.Errorf("a hasher after %v: %v", took, err)
		}
		if info := opened[0].Info(); h == nil || info.Name != "vulkan" || info.Kernel != "dot" {
			t.Errorf("%+v", info)
		}
	})
}

// TestALateDeviceThatFails is no device that comes back.
func TestALateDeviceThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		opened, _, _, _ := openLimited(t, twoCards(t, 0, 25*time.Second, broken), "vulkan:0")
		start := time.Now()
		if _, err := opened[0].NewHasher(t.Context(), [32]byte{}); !errors.Is(err, compute.ErrUnusable) || !errors.Is(err, broken) || time.Since(start) != 5*time.Second {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
		if err := opened[0].Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestPortsBeforeDevices has ports in use: that is told before a device is looked for.
func TestPortsBeforeDevices(t *testing.T) {
	defer func(all []opener) { openers = all }(openers)
	openers = []opener{{name: "slow", open: func(context.Context, Opening) ([]compute.Backend, error) {
		t.Error("devices are opened first")
		return nil, errors.New("none")
	}}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for key, set := range map[string]func(c *Config, address string){
		"api_addr":       func(c *Config, address string) { c.Bytom.ApiAddress = address },
		"stratum.listen": func(c *Config, address string) { c.Stratum.Listen = address },
		"prof_laddr":     func(c *Config, address string) { c.Bytom.ProfListenAddress = address },
		"p2p.laddr": func(c *Config, address string) {
			c.Bytom.VaultMode, c.Bytom.P2P.ListenAddress = false, "tcp://"+address
		},
	} {
		config := soloConfig(t.TempDir())
		set(config, l.Addr().String())
		if _, err := openWholeNode(t, config); err == nil || !strings.Contains(err.Error(), "key "+key+": listen tcp") {
			t.Errorf("%s: %v", key, err)
		}
	}
}
