// Package wire is what goes over the wire between a node's mining routes and those who
// call them: the one definition for the handlers of package gbt and its clients.
package wire

import (
	"encoding/json"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/mining"
)

// Envelope is the form that every answer of the stock node has.
type Envelope[T any] struct {
	Status      string `json:"status,omitempty"`
	Code        string `json:"code,omitempty"`
	Msg         string `json:"msg,omitempty"`
	ErrorDetail string `json:"error_detail,omitempty"`
	Data        T      `json:"data,omitempty"`
}

// Refusal is the data of a failed call: BIP 22's reason and a sentence. The stock node
// sends none.
type Refusal struct {
	Reason string `json:"reason"`
	Debug  string `json:"debug"`
}

// BadRequest answers a request that could not be read, in the stock node's form.
type BadRequest struct {
	Code   string `json:"code"`
	Msg    string `json:"msg"`
	Status string `json:"status"`
	Detail string `json:"detail"`
	// Temporary is always false: the same request will fail again.
	Temporary bool `json:"temporary"`
}

// Work answers get-work: the header in its compressed text form, and the seed of its
// proof.
type Work struct {
	BlockHeader *types.BlockHeader `json:"block_header"`
	Seed        *bc.Hash           `json:"seed"`
}

// SubmitWork submits a solved header, in its compressed text form.
type SubmitWork struct {
	BlockHeader *string `json:"block_header"`
}

// SubmitBlock submits a whole block.
type SubmitBlock struct {
	Block *string `json:"raw_block"`
	// WorkID is accepted for BIP 22's sake and not used: the block says all.
	WorkID string `json:"workid,omitempty"`
}

// TemplateRequest is a request for a block template, or for the check of a proposal.
type TemplateRequest struct {
	// Mode is template, which is the default, or proposal.
	Mode string `json:"mode,omitempty"`
	// Data is the proposed block in hexadecimal, without a proof of work.
	Data *string `json:"data,omitempty"`
	// LongpollID is that of an earlier template: the answer waits for another.
	LongpollID string `json:"longpollid,omitempty"`
	// Payee is whom the coinbase pays, if not the node's own; CoinbaseTag, hexadecimal,
	// is its arbitrary data in front of the extranonce.
	Payee       string  `json:"payee,omitempty"`
	CoinbaseTag *string `json:"coinbase_tag,omitempty"`
	// ExtranonceSize is how many bytes the client wants to roll, 1 to 4; 4 if missing.
	ExtranonceSize *Number `json:"extranonce_size,omitempty"`
	// Transactions asks for "ids" only, or for "full" data, which is the default.
	Transactions string `json:"transactions,omitempty"`
	// Capabilities and Rules are what BIP 22 and 9 have clients say; nothing here depends
	// on them.
	Capabilities []string `json:"capabilities,omitempty"`
	Rules        []string `json:"rules,omitempty"`
}

// Template is BIP 22's template, with what differs on Bytom.
type Template struct {
	Version            uint64            `json:"version"`
	Rules              []string          `json:"rules"`
	Capabilities       []string          `json:"capabilities"`
	Mutable            []string          `json:"mutable"`
	PreviousBlockHash  string            `json:"previousblockhash"`
	Height             uint64            `json:"height"`
	Bits               string            `json:"bits"`
	BitsStr            string            `json:"bits_str"`
	Target             string            `json:"target"`
	CurTime            uint64            `json:"curtime"`
	MinTime            uint64            `json:"mintime"`
	MaxTime            uint64            `json:"maxtime"`
	NonceRange         string            `json:"noncerange"`
	Seed               string            `json:"seed"`
	BlocksToSeedChange uint64            `json:"blocks_to_seed_change"`
	Transactions       json.RawMessage   `json:"transactions"` // of Transaction, or of ids
	GasLimit           uint64            `json:"gaslimit"`
	GasUsed            uint64            `json:"gasused"`
	SizeLimit          uint64            `json:"sizelimit"`
	CoinbaseValue      uint64            `json:"coinbasevalue"`
	CoinbaseTxn        CoinbaseTxn       `json:"coinbasetxn"`
	CoinbaseAux        map[string]string `json:"coinbaseaux"`
	CoinbaseBuild      CoinbaseBuild     `json:"coinbase_build"`
	StatusCommitment   string            `json:"default_status_commitment"`
	TransactionsRoot   string            `json:"transactions_merkle_root"`
	LongpollID         string            `json:"longpollid"`
	LongpollURI        string            `json:"longpolluri"`
	SubmitOld          bool              `json:"submitold"`
	Expires            uint64            `json:"expires"`
	WorkID             string            `json:"workid"`
	Reason             mining.Reason     `json:"reason"`
	Payee              string            `json:"payee"`
	Build              BuildInfo         `json:"build"`
}

// Transaction is one of a template's transactions.
type Transaction struct {
	Data       string `json:"data"`
	ID         string `json:"id"`
	Fee        uint64 `json:"fee"`
	Gas        uint64 `json:"gas"`
	Size       uint64 `json:"size"`
	StatusFail bool   `json:"status_fail"`
	// Depends are the places, from 1 on, of those that must come before it.
	Depends  []int `json:"depends"`
	Required bool  `json:"required"`
}

// CoinbaseTxn is a template's first transaction, complete.
type CoinbaseTxn struct {
	Data      string `json:"data"`
	ID        string `json:"id"`
	Arbitrary string `json:"arbitrary"`
	// ExtranonceOffset and ExtranonceSize say which bytes of Arbitrary are the client's.
	ExtranonceOffset int  `json:"extranonce_offset"`
	ExtranonceSize   int  `json:"extranonce_size"`
	Required         bool `json:"required"`
}

// BuildInfo says how long the template took to build, and what was left out of it.
type BuildInfo struct {
	SelectMS   float64        `json:"select_ms"`
	AssembleMS float64        `json:"assemble_ms"`
	CheckMS    float64        `json:"check_ms"`
	Candidates int            `json:"candidates"`
	Skipped    map[string]int `json:"skipped"`
}

// Solution is BIP 23's truncated submit: the node has the rest of the block.
type Solution struct {
	WorkID     string  `json:"workid"`
	Nonce      *Number `json:"nonce"`
	Timestamp  *Number `json:"timestamp"`
	Extranonce *string `json:"extranonce,omitempty"`
}

// MiningInfo is what an operator looks at.
type MiningInfo struct {
	Chain      string `json:"chain"`
	Height     uint64 `json:"blocks"`
	BestHash   string `json:"bestblockhash"`
	Bits       string `json:"bits"`
	Target     string `json:"target"`
	Difficulty string `json:"difficulty"`
	Seed       string `json:"seed"`
	Peers      int    `json:"connections"`
	// NetworkHashrate and Hashrate are in hashes per second.
	NetworkHashrate float64 `json:"networkhashps"`
	Hashrate        float64 `json:"hashespersec"`
	// Expected is the mean time to a block at Hashrate, in seconds; 0 if nothing mines.
	Expected float64               `json:"expected_seconds"`
	Mining   bool                  `json:"mining"`
	Devices  []mining.DeviceStatus `json:"devices"`
	Payee    string                `json:"payee,omitempty"`
	// PayeeLost says why what the payee is paid can't be spent any more.
	PayeeLost string `json:"payee_lost,omitempty"`
	// NotReady says why no work is handed out.
	NotReady string `json:"not_ready,omitempty"`
	// Clock says what seems wrong with the node's clock.
	Clock    string        `json:"clock,omitempty"`
	Template *TemplateInfo `json:"template,omitempty"`
	// BlocksFound counts those of this run that were on the best chain at once.
	BlocksFound uint64 `json:"blocks_found"`
}

// TemplateInfo sums up the current template.
type TemplateInfo struct {
	AgeSeconds float64       `json:"age_seconds"`
	Reason     mining.Reason `json:"reason"`
	Txs        int           `json:"transactions"`
	Fees       uint64        `json:"fees"`
	Value      uint64        `json:"value"`
	Gas        uint64        `json:"gas"`
}
