#!/usr/bin/env bash
# Bytom 1.1.1 (github.com/bytom/bytom, package mining, which is behind its node's /get-work and its own
# miner): hands out work that its own chain refuses, for as long as its clock is not past the median
# time of the last eleven blocks.
#
# Its template has the clock's second as it is. Where bitcoind, whose rule of the median time this is,
# takes the median's next second if the clock is not there yet, and a pool's engineer would expect no
# less, this one's header does not come after the median: hours of hashing on it find a block that
# /submit-work answers with "block timestamp is not in the valid range". So it is on a machine whose clock
# is some fifteen minutes behind the other miners', who may be ahead by an hour; and on a young chain, where
# the median is the last block's, wherever two blocks come within one second.
#
# Seen: a chain with one block, stamped fifty minutes ahead, which the chain takes. NewBlockTemplate returns a
# block of the clock's time and no error; ValidateBlockHeader refuses it, before it looks at the proof of work,
# and has nothing against its timestamp once that is the median's next second.
#
# Whoever takes work from such a node can raise the header's timestamp, which the proof of work covers and nothing
# else depends on. mining/header.go has our own.
#
# Fails if that is no longer so.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
export GOFLAGS=-mod=mod
cat >main.go <<'GO'
package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/consensus/difficulty"
	"github.com/bytom/bytom/database"
	dbm "github.com/bytom/bytom/database/leveldb"
	"github.com/bytom/bytom/event"
	"github.com/bytom/bytom/mining"
	"github.com/bytom/bytom/protocol"
	"github.com/bytom/bytom/protocol/bc/types"
	"github.com/bytom/bytom/protocol/validation"
	"github.com/sirupsen/logrus"
)

func must(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func main() {
	logrus.SetLevel(logrus.PanicLevel)
	consensus.ActiveNetParams = consensus.SoloNetParams
	store := database.NewStore(dbm.NewDB("core", "memdb", ""))
	pool := protocol.NewTxPool(store, event.NewDispatcher())
	chain, err := protocol.NewChain(store, pool)
	must(err)

	first, err := mining.NewBlockTemplate(chain, pool, nil)
	must(err)
	first.Timestamp += 50 * 60
	seed, err := chain.CalcNextSeed(&first.PreviousBlockHash)
	must(err)
	for hash := first.Hash(); !difficulty.CheckProofOfWork(&hash, seed, first.Bits); hash = first.Hash() {
		first.Nonce++
	}
	_, err = chain.ProcessBlock(first)
	must(err)
	tip := chain.BestBlockHeader()
	fmt.Printf("the chain is at height %d, its tip %d s ahead of the clock\n", tip.Height, int64(tip.Timestamp)-time.Now().Unix())

	next, err := mining.NewBlockTemplate(chain, pool, nil)
	must(err)
	tipHash := tip.Hash()
	parent := chain.GetBlockIndex().GetNode(&tipHash)
	median := parent.CalcPastMedianTime()
	err = validation.ValidateBlockHeader(types.MapBlock(next), parent)
	fmt.Printf("its template is %d s after the median: %v\n", int64(next.Timestamp)-int64(median), err)
	next.Timestamp = median + 1
	raised := validation.ValidateBlockHeader(types.MapBlock(next), parent)
	fmt.Printf("one second after it: %v\n", raised) // One hash in 20 would do.
	const refusal = "timestamp"
	if tip.Height != 1 || err == nil || !strings.Contains(err.Error(), refusal) || raised != nil && strings.Contains(raised.Error(), refusal) {
		os.Exit(1)
	}
}
GO
# What Bytom was built with, where that has no versions, and go-wire by its later name.
cat >go.mod <<'MOD'
module example.test/median

go 1.24

require (
	github.com/agl/ed25519 v0.0.0-20170116200512-5312a6153412
	github.com/btcsuite/btcd v0.20.1-beta
	github.com/bytom/bytom v1.1.1
	github.com/grandcat/zeroconf v0.0.0-20190424104450-85eadb44205c
	github.com/sirupsen/logrus v1.8.1
	github.com/syndtr/goleveldb v1.0.1-0.20200815110645-5c35d600f0ca
	github.com/tendermint/ed25519 v0.0.0-20171027050219-d8387025d2b9
	github.com/tendermint/go-crypto v0.2.0
	github.com/tendermint/go-wire v0.16.0
	github.com/tendermint/tmlibs v0.3.2
	gopkg.in/fatih/set.v0 v0.1.0
)

replace github.com/tendermint/go-wire => github.com/tendermint/go-amino v0.6.2

replace golang.org/x/crypto => golang.org/x/crypto v0.43.0
MOD
go build -o median . 2>log || { cat log; exit 1; }
./median
