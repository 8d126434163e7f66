package node

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// PayoutConfig is the part of who shares the found blocks. Amounts are in neu, 10^-8 BTM.
type PayoutConfig struct {
	// Scheme is solo, pplns, dgm or pps; empty splits nothing.
	Scheme string
	// FeeBP is the operator's fee in hundredths of a percent.
	FeeBP uint64
	// WindowMilli is PPLNS's X, in thousandths of an expected block.
	WindowMilli uint64
	// CMillionths and OMillionths are DGM's c and o.
	CMillionths, OMillionths uint64
	// Least is the smallest payout, Reserve what the operator declares to hold for PPS.
	Least, Reserve uint64
	// Every is how many blocks there are from one payout to the next.
	Every uint64
	// PasswordFile has the wallet's password; without one, and without one in the
	// environment, payouts wait to be signed by hand.
	PasswordFile string
	// Miner is the address to which the work of this node's own devices is credited; empty is
	// the operator, whose alone is what they find.
	Miner string
	// Owners maps logins without an address to addresses.
	Owners ownerList
}

// The schemes.
var payoutSchemes = []string{"solo", "pplns", "dgm", "pps"}

func newPayoutConfig() PayoutConfig {
	return PayoutConfig{FeeBP: 100, WindowMilli: 8000, CMillionths: 20_000, OMillionths: 995_000, Least: 1e8, Every: 576}
}

// PayoutsPath is the file of the accounts.
func (c *Config) PayoutsPath() string { return filepath.Join(c.Bytom.RootDir, "mining", "payouts.db") }

func (c *Config) registerPayout(fs *pflag.FlagSet) {
	p := &c.Payout
	fs.StringVar(&p.Scheme, "payout.scheme", p.Scheme, "how blocks that rigs find are split between their owners: pplns, dgm, pps or solo; empty is not at all. docs/payouts.md compares them")
	fs.Var(decimal{&p.FeeBP, 2, "percent"}, "payout.fee", "the operator's part of each block that is split, in percent")
	fs.Var(decimal{&p.WindowMilli, 3, "blocks"}, "payout.window", "for pplns: the work that a block is split over, in expected blocks")
	fs.Var(decimal{&p.CMillionths, 6, "fraction"}, "payout.c", "for dgm: the operator's average part, besides the fee, for the risk that he takes")
	fs.Var(decimal{&p.OMillionths, 6, "fraction"}, "payout.o", "for dgm: the part of each score that outlives a block")
	fs.Var(decimal{&p.Least, 8, "BTM"}, "payout.least", "least payout to an owner, in BTM: what is less waits")
	fs.Var(decimal{&p.Reserve, 8, "BTM"}, "payout.reserve", "for pps, which needs one: what the operator holds against bad luck, in BTM; 0 is none")
	fs.Uint64Var(&p.Every, "payout.every", p.Every, "blocks from one payout to the next; 576 are about a day")
	fs.StringVar(&p.PasswordFile, "payout.password-file", p.PasswordFile, "file with the password of the wallet's key, which signs payouts; or the environment's "+payoutPasswordVariable+"; without either they are signed by hand: 'bytom-solo payouts sign'")
	fs.StringVar(&p.Miner, "payout.miner", p.Miner, "address of the owner to whom the work of this node's own devices is credited, so that their blocks are split too; empty leaves these to the operator alone")
	fs.Var(&p.Owners, "payout.owners", "whose the rigs are that log in without an address: name=address or name.rig=address, separated by commas, or more than once; in config.toml a table, name = \"address\"")
}

// check refuses what would pay nobody, or not as it says.
func (p *PayoutConfig) check(stratum bool, bad func(key string, value any, expected string)) {
	if p.Scheme == "" {
		p.checkIdle(bad)
		return
	}
	if !slices.Contains(payoutSchemes, p.Scheme) {
		bad("payout.scheme", p.Scheme, strings.Join(payoutSchemes, ", ")+", or nothing")
	}
	if !stratum {
		bad("payout.scheme", p.Scheme, "stratum.listen or engine as well: without them there are no rigs whose blocks could be split")
	}
	limit := func(key string, value, least, most uint64, places int) {
		if value < least || value > most {
			bad(key, formatDecimal(value, places), formatDecimal(least, places)+" to "+formatDecimal(most, places))
		}
	}
	limit("payout.fee", p.FeeBP, 0, 10_000, 2)
	limit("payout.window", p.WindowMilli, 100, 1_000_000, 3)
	limit("payout.c", p.CMillionths, 1, 999_999, 6)
	limit("payout.o", p.OMillionths, 0, 999_999, 6)
	limit("payout.least", p.Least, 1_000_000, 1e15, 8)
	limit("payout.every", p.Every, 1, 1_000_000, 0)
	if p.Scheme == "pps" && p.Reserve == 0 {
		bad("payout.reserve", "0", "with pps what you hold against bad luck, in BTM: the operator pays shares whether blocks are found or not")
	}
	p.checkOthers(bad)
	if p.PasswordFile != "" {
		// Now, and not only when the first payment is due.
		if _, err := readPassword(p.PasswordFile); err != nil {
			bad("payout.password-file", p.PasswordFile, err.Error())
		}
	}
}

// checkOthers refuses settings of other schemes, which would do nothing.
func (p *PayoutConfig) checkOthers(bad func(key string, value any, expected string)) {
	usual := newPayoutConfig()
	for _, s := range []struct {
		key, scheme  string
		value, usual uint64
		places       int
	}{
		{"payout.window", "pplns", p.WindowMilli, usual.WindowMilli, 3},
		{"payout.c", "dgm", p.CMillionths, usual.CMillionths, 6},
		{"payout.o", "dgm", p.OMillionths, usual.OMillionths, 6},
		{"payout.reserve", "pps", p.Reserve, usual.Reserve, 8},
	} {
		if p.Scheme != s.scheme && s.value != s.usual {
			bad(s.key, formatDecimal(s.value, s.places), "payout.scheme "+s.scheme+": the other schemes have no use for it")
		}
	}
}

// checkIdle refuses what would do nothing.
func (p *PayoutConfig) checkIdle(bad func(key string, value any, expected string)) {
	usual := newPayoutConfig()
	without := func(key string, set bool, value any) {
		if set {
			bad(key, value, "payout.scheme as well: without it no block is split")
		}
	}
	without("payout.fee", p.FeeBP != usual.FeeBP, formatDecimal(p.FeeBP, 2))
	without("payout.window", p.WindowMilli != usual.WindowMilli, formatDecimal(p.WindowMilli, 3))
	without("payout.c", p.CMillionths != usual.CMillionths, formatDecimal(p.CMillionths, 6))
	without("payout.o", p.OMillionths != usual.OMillionths, formatDecimal(p.OMillionths, 6))
	without("payout.least", p.Least != usual.Least, formatDecimal(p.Least, 8))
	without("payout.reserve", p.Reserve != usual.Reserve, formatDecimal(p.Reserve, 8))
	without("payout.every", p.Every != usual.Every, p.Every)
	without("payout.password-file", p.PasswordFile != "", p.PasswordFile)
	without("payout.miner", p.Miner != "", p.Miner)
	without("payout.owners", len(p.Owners) > 0, p.Owners.String())
}

// ownerList maps logins, in small letters, to addresses. It is a pflag.Value, to which each
// flag adds.
type ownerList map[string]string

// Set adds pairs. The addresses are looked at when the network is known.
func (o *ownerList) Set(text string) error {
	for pair := range strings.SplitSeq(text, ",") {
		if pair = strings.TrimSpace(pair); pair == "" {
			continue
		}
		name, address, ok := strings.Cut(pair, "=")
		name, address = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(address)
		if !ok || name == "" || address == "" {
			return fmt.Errorf("%q: expected name=address", pair)
		}
		if other := (*o)[name]; other != "" && other != address {
			return fmt.Errorf("%q: expected one address a name, %s has %s already", pair, name, other)
		}
		if *o == nil {
			*o = make(ownerList)
		}
		(*o)[name] = address
	}
	return nil
}

// String is as Set takes it.
func (o *ownerList) String() string {
	if o == nil {
		return ""
	}
	var pairs []string
	for name, address := range *o {
		pairs = append(pairs, name+"="+address)
	}
	slices.Sort(pairs)
	return strings.Join(pairs, ",")
}

// Type is what help shows in its place.
func (o *ownerList) Type() string { return "name=address" }

// foldOwners makes the table [payout.owners] of a file the list that the flag takes.
func foldOwners(flat map[string]string) {
	const table = "payout.owners."
	var pairs []string
	for key, address := range flat {
		if name, ok := strings.CutPrefix(key, table); ok {
			pairs = append(pairs, name+"="+address)
			delete(flat, key)
		}
	}
	if len(pairs) > 0 {
		slices.Sort(pairs)
		flat["payout.owners"] = strings.Join(pairs, ",")
	}
}
