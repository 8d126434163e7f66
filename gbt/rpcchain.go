package gbt

import (
	"context"
	"encoding/hex"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/mining"
)

// What Bitcoin's pools and tools ask a node beside work, in Bitcoin's shapes.

// Chain is what is known of blocks and of the pool. Its methods are safe for concurrent
// use.
type Chain interface {
	// At is the best chain's block at a height; false where there is none.
	At(height uint64) (bc.Hash, bool)
	// Block reads a block that the node has, of the best chain or not.
	Block(id bc.Hash) (*types.Block, error)
	// Work is the sum of the best chain's work, in hashes.
	Work() *big.Int
	// Pooled is how many transactions wait in the pool.
	Pooled() int
}

// Peer is a node that is connected.
type Peer struct {
	// Addr has a port; Version is of the program, major.minor.patch.
	Addr, Version string
	Inbound       bool
	// Height is the last that it reported.
	Height                       uint64
	Since, LastSend, LastReceive time.Time
	Sent, Received               int64 // bytes
}

func (h *Handler) chainMethods() []*rpcMethod {
	height := rpcParam{name: "height", kind: rpcNumber, required: true, about: "the height of a block"}
	return []*rpcMethod{
		{name: "getbestblockhash", about: "The hash of the best chain's last block.", call: func(context.Context, rpcArgs) (any, error) {
			tip := h.cfg.Source.Tip()
			return tip.Hash.String(), nil
		}},
		{name: "getblock", about: "A block.", call: h.rpcBlock, params: []rpcParam{
			{name: "blockhash", kind: rpcText, required: true, about: "the block's hash"},
			{name: "verbosity|verbose", kind: rpcAny, about: "0 or false for the block in hexadecimal, 1 or true, which is the default, for an object"},
		}},
		{name: "getblockchaininfo", about: "The chain's state.", call: h.rpcChainInfo},
		{name: "getblockcount", about: "The height of the best chain.", call: func(context.Context, rpcArgs) (any, error) {
			return h.cfg.Source.Tip().Height, nil
		}},
		{name: "getblockhash", about: "The hash of the best chain's block at a height.", call: h.rpcBlockHash, params: []rpcParam{height}},
		{name: "getconnectioncount", about: "How many peers are connected.", call: func(context.Context, rpcArgs) (any, error) {
			return h.cfg.Network.Peers(), nil
		}},
		{name: "getdifficulty", about: "How many hashes the next block takes on the mean.", call: func(context.Context, rpcArgs) (any, error) {
			return h.difficulty(), nil
		}},
		{name: "getinfo", about: "What old pools ask at their start.", call: h.rpcInfo},
		{name: "getnetworkinfo", about: "The node's place in the network.", call: h.rpcNetworkInfo},
		{name: "getpeerinfo", about: "The peers that are connected.", call: h.rpcPeers},
		{name: "help", about: "The methods, or a page about one.", call: h.rpcHelp, params: []rpcParam{
			{name: "command", kind: rpcText, about: "a method's name"},
		}},
		{name: "uptime", about: "How long the node runs, in seconds.", call: func(context.Context, rpcArgs) (any, error) {
			return int64(time.Since(h.started).Seconds()), nil
		}},
		{name: "validateaddress", about: "Whether an address is one of this network.", call: h.rpcValidate, params: []rpcParam{
			{name: "address", kind: rpcText, required: true, about: "the address"},
		}},
	}
}

func (h *Handler) rpcBlockHash(_ context.Context, args rpcArgs) (any, error) {
	height, err := args.number(0, 0)
	if err != nil {
		return nil, err
	}
	best := h.cfg.Source.Tip().Height
	if height >= 0 {
		if id, ok := h.cfg.Chain.At(uint64(height)); ok {
			return id.String(), nil
		}
	}
	return nil, fault(rpcParameter, "Block height out of range: parameter height: value %d: expected 0 to %d", height, best)
}

func (h *Handler) rpcBlock(_ context.Context, args rpcArgs) (any, error) {
	id, err := parseHash("blockhash", *args.text(0))
	if err != nil {
		return nil, err
	}
	block, err := h.cfg.Chain.Block(id)
	if err != nil {
		return nil, errNoBlock("blockhash", id.String())
	}
	switch level := strings.Trim(string(args.values[1]), `"`); level {
	case "0", "false":
		text, err := block.MarshalText()
		return string(text), err
	case "", "null", "1", "true", "2", "3":
		return h.rpcBlockFields(id, block), nil
	default:
		return nil, fault(rpcParameter, "parameter verbosity: value %.40s: expected 0 or 1", level)
	}
}

// rpcBlockFields spells a block out. Its nonce, of 64 bits, is left to the block itself.
func (h *Handler) rpcBlockFields(id bc.Hash, b *types.Block) map[string]any {
	ids := make([]string, len(b.Transactions))
	for i, tx := range b.Transactions {
		ids[i] = tx.ID.String()
	}
	a := map[string]any{
		"hash": id.String(), "confirmations": int64(-1), "height": b.Height, "version": b.Version,
		"merkleroot": b.TransactionsMerkleRoot.String(), "tx": ids, "nTx": len(ids), "time": b.Timestamp,
		"bits": fmt.Sprintf("%016x", b.Bits), "difficulty": mining.TargetFromBits(b.Bits).Difficulty(),
	}
	if b.Height > 0 {
		a["previousblockhash"] = b.PreviousBlockHash.String()
	}
	if text, err := b.MarshalText(); err == nil {
		a["size"] = len(text) / 2
	}
	if there, ok := h.cfg.Chain.At(b.Height); ok && there == id {
		a["confirmations"] = int64(h.cfg.Source.Tip().Height-b.Height) + 1
		if next, ok := h.cfg.Chain.At(b.Height + 1); ok {
			a["nextblockhash"] = next.String()
		}
	}
	return a
}

func (h *Handler) rpcChainInfo(context.Context, rpcArgs) (any, error) {
	tip := h.cfg.Source.Tip()
	target := mining.TargetFromBits(tip.Bits)
	headers := tip.Height
	for _, p := range h.cfg.Network.Connected() {
		headers = max(headers, p.Height)
	}
	a := map[string]any{
		"chain": h.cfg.Network.Name(), "blocks": tip.Height, "headers": headers, "bestblockhash": tip.Hash.String(),
		"bits": fmt.Sprintf("%016x", tip.Bits), "target": target.String(), "difficulty": target.Difficulty(),
		"mediantime": tip.MedianTime, "verificationprogress": float64(tip.Height+1) / float64(headers+1),
		"initialblockdownload": false, "chainwork": fmt.Sprintf("%064x", h.cfg.Chain.Work()), "pruned": false, "warnings": "",
	}
	if block, err := h.cfg.Chain.Block(tip.Hash); err == nil {
		a["time"] = block.Timestamp
	}
	if err := h.cfg.Source.Ready(); err != nil {
		a["initialblockdownload"], a["warnings"] = true, err.Error()
	}
	return a, nil
}

// numericVersion is a version major.minor.patch as Bitcoin's tools compare it.
func numericVersion(text string) int {
	var major, minor, patch int
	_, _ = fmt.Sscanf(text, "%d.%d.%d", &major, &minor, &patch) // What it does not find is 0.
	return major*1_000_000 + minor*10_000 + patch*100
}

func (h *Handler) rpcNetworkInfo(context.Context, rpcArgs) (any, error) {
	inbound, peers := 0, h.cfg.Network.Connected()
	for _, p := range peers {
		if p.Inbound {
			inbound++
		}
	}
	var networks []map[string]any
	for _, name := range []string{"ipv4", "ipv6"} {
		networks = append(networks, map[string]any{
			"name": name, "limited": false, "reachable": true, "proxy": "", "proxy_randomize_credentials": false,
		})
	}
	version := numericVersion(h.cfg.Version)
	return map[string]any{
		"version": version, "subversion": "/Bytom:" + h.cfg.Version + "/", "protocolversion": version,
		"localservices": "0000000000000000", "localservicesnames": []string{}, "localrelay": true, "timeoffset": 0,
		"networkactive": true, "connections": len(peers), "connections_in": inbound, "connections_out": len(peers) - inbound,
		"networks": networks, "relayfee": 0.0, "incrementalfee": 0.0, "localaddresses": []any{}, "warnings": "",
	}, nil
}

func (h *Handler) rpcPeers(context.Context, rpcArgs) (any, error) {
	list := []map[string]any{}
	for i, p := range h.cfg.Network.Connected() {
		kind := "outbound-full-relay"
		if p.Inbound {
			kind = "inbound"
		}
		list = append(list, map[string]any{
			"id": i, "addr": p.Addr, "network": ipVersion(p.Addr), "services": "0000000000000000", "servicesnames": []string{},
			"relaytxes": true, "lastsend": p.LastSend.Unix(), "lastrecv": p.LastReceive.Unix(), "last_transaction": 0, "last_block": 0,
			"bytessent": p.Sent, "bytesrecv": p.Received, "conntime": p.Since.Unix(), "timeoffset": 0, "pingtime": 0.0,
			"version": numericVersion(p.Version), "subver": "/Bytom:" + p.Version + "/", "inbound": p.Inbound,
			"startingheight": p.Height, "currentheight": p.Height, "synced_headers": p.Height, "synced_blocks": p.Height,
			"inflight": []int{}, "banscore": 0, "connection_type": kind, "transport_protocol_type": "v1",
		})
	}
	return list, nil
}

// ipVersion is Bitcoin's word for the network of an address with a port.
func ipVersion(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return "not_publicly_routable"
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.Unmap().Is6() {
		return "ipv6"
	}
	return "ipv4"
}

// rpcInfo answers getinfo, which Bitcoin Core had before 0.16.
func (h *Handler) rpcInfo(context.Context, rpcArgs) (any, error) {
	version := numericVersion(h.cfg.Version)
	a := map[string]any{
		"version": version, "protocolversion": version, "blocks": h.cfg.Source.Tip().Height, "timeoffset": 0,
		"connections": h.cfg.Network.Peers(), "proxy": "", "difficulty": h.difficulty(), "testnet": h.testNet(),
		"relayfee": 0.0, "errors": "",
	}
	if err := h.cfg.Source.Ready(); err != nil {
		a["errors"] = err.Error()
	}
	return a, nil
}

func (h *Handler) rpcHelp(_ context.Context, args rpcArgs) (any, error) {
	if name := args.text(0); name != nil && *name != "" {
		m := h.methods[*name]
		if m == nil {
			return "help: unknown command: " + *name, nil
		}
		return m.help(), nil
	}
	lines := []string{}
	for _, m := range h.methods {
		lines = append(lines, m.usage())
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n"), nil
}

func (h *Handler) rpcValidate(_ context.Context, args rpcArgs) (any, error) {
	address := *args.text(0)
	payee, err := h.cfg.ParsePayee(address)
	if err != nil {
		return map[string]any{"isvalid": false, "error_locations": []int{}, "error": err.Error()}, nil
	}
	// A version, the length, and a hash: of a key, or the longer one of a script.
	program := hex.EncodeToString(payee.Program)
	return map[string]any{
		"isvalid": true, "address": address, "scriptPubKey": program, "isscript": len(payee.Program) > 22,
		"iswitness": true, "witness_version": 0, "witness_program": program[4:],
	}, nil
}
