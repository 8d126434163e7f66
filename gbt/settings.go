package gbt

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bytom-solo/bytom-solo/mining"
)

// The routes by which an operator changes what is mined on, for whom and with which tag.

func (h *Handler) isMining(*http.Request) envelope {
	return success(map[string]bool{"is_mining": h.cfg.Miner.Mining()})
}

// setMiningIn switches the miner; what is missing stays as it is. The stock node has no
// more than the first field.
type setMiningIn struct {
	IsMining *bool `json:"is_mining"`
	// Threads caps the workers on a device, 0 is as many as it has, a negative number
	// leaves that many out; Devices is a list as --mining.devices takes it.
	Threads *int    `json:"threads"`
	Devices *string `json:"devices"`
}

// idleWait bounds how long switching off waits for what is under way: a card may be at a
// batch for seconds.
const idleWait = 5 * time.Second

func (h *Handler) setMining(r *http.Request, in setMiningIn) envelope {
	if in.IsMining != nil && *in.IsMining {
		if _, err := h.cfg.Address(); err != nil {
			return failure(err)
		}
	}
	if in.Threads != nil {
		if err := mining.CheckThreads(*in.Threads); err != nil {
			return failure(badField("threads: value %d: expected %w", *in.Threads, err))
		}
	}
	var devices []string
	if in.Devices != nil {
		var err error
		if devices, err = h.cfg.Devices(*in.Devices); err != nil {
			return failure(fmt.Errorf("field devices: %w", err))
		}
	}
	old, now := h.cfg.Miner.Change(func(s *mining.MinerSettings) {
		if in.IsMining != nil {
			s.On, s.Paused = *in.IsMining, false // The latest word goes.
		}
		if in.Threads != nil {
			s.Threads = *in.Threads
		}
		if in.Devices != nil {
			s.Devices = devices
		}
	})
	h.reportChanges(r.Context(), old, now)
	// Who has switched it off expects no block of it afterwards.
	ctx, cancel := context.WithTimeout(r.Context(), idleWait)
	defer cancel()
	_ = h.cfg.Miner.Idle(ctx) // It is off, and will be idle.
	return success("")
}

// reportChanges calls Changed with each setting of the miner that a call has changed.
func (h *Handler) reportChanges(ctx context.Context, old, now mining.MinerSettings) {
	changed := h.cfg.Changed
	if changed == nil {
		return
	}
	if old.Mines() != now.Mines() {
		changed(ctx, "mining", onOff(old.Mines()), onOff(now.Mines()))
	}
	if old.Threads != now.Threads {
		changed(ctx, "threads", strconv.Itoa(old.Threads), strconv.Itoa(now.Threads))
	}
	if !slices.Equal(old.Devices, now.Devices) {
		changed(ctx, "devices", strings.Join(old.Devices, ","), strings.Join(now.Devices, ","))
	}
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

type addressData struct {
	MiningAddress string `json:"mining_address"`
}

func (h *Handler) getAddress(*http.Request) envelope {
	address, err := h.cfg.Address()
	if errors.Is(err, mining.ErrNoAccount) {
		// As the stock node, whose clients know the code.
		return envelope{Status: "fail", Code: "BTM709", Msg: "Account not found", ErrorDetail: mining.ErrNoAccount.Error()}
	}
	if err != nil {
		return failure(err)
	}
	return success(addressData{address})
}

func (h *Handler) setAddress(r *http.Request, in addressData) envelope {
	address, err := h.cfg.SetAddress(r.Context(), in.MiningAddress)
	if err != nil {
		return failure(err)
	}
	h.settle(r.Context())
	return success(addressData{address})
}

type tagData struct {
	Arbitrary string `json:"arbitrary"`
}

func (h *Handler) getTag(*http.Request) envelope {
	return success(tagData{hex.EncodeToString(h.cfg.Tag())})
}

// setTagIn changes the operator's tag; without it, that stays as it is.
type setTagIn struct {
	Arbitrary *string `json:"arbitrary"`
}

func (h *Handler) setTag(r *http.Request, in setTagIn) envelope {
	if in.Arbitrary == nil {
		return h.getTag(r)
	}
	tag, err := hex.DecodeString(*in.Arbitrary)
	if err != nil {
		return failure(fmt.Errorf("field arbitrary: value %.40q: expected hexadecimal", *in.Arbitrary))
	}
	if len(tag) > mining.MaxTag {
		return failure(fmt.Errorf("field arbitrary: %d bytes, at most %d fit beside the height and the extranonce", len(tag), mining.MaxTag))
	}
	h.cfg.SetTag(r.Context(), tag)
	h.settle(r.Context())
	return h.getTag(r)
}

// settle waits until every new template has what was just changed, as success promises. A caller who goes away, and the node's end, end the waiting.
func (h *Handler) settle(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(h.stopping, cancel)()
	_ = h.cfg.Generator.Settle(ctx) // The caller or the node is gone.
}
