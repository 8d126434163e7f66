package wire

import (
	"encoding/hex"
)

// KnownAnswer returns a job of May 2018 whose solution is known: counted from its start
// nonce, 0000783700000039 is the first nonce that meets its target, of difficulty 512. The
// job has no ID.
func KnownAnswer() Job {
	return Job{
		Version: 1, Height: 17548, Timestamp: 1526348364, Nonce: 0x0000783700000000, Bits: 0x1d00000000047a1d,
		PreviousBlockHash:      knownHash("8f11dad3d32550bfb5a6bf9f7a344c8a436be37897887e3c74d1b380abd3587d"),
		TransactionsMerkleRoot: knownHash("2c0abd8189aba80a8940c3bb4263c9560a97e81d89aa1389ff47e754add4ce98"),
		TransactionStatusHash:  knownHash("c9c377e5192668bc0a367e4a4764f11e7c725ecced1d7b6a492974fab1b6d5bc"),
		Seed:                   knownHash("6aa116ef17d69e398ba388e8f0e1805f6f98afb9dfb8fb87679ad5d3c099099d"),
		Target:                 TargetFor(512),
	}
}

// knownHash reads one of KnownAnswer's hashes.
func knownHash(text string) [32]byte {
	raw, err := hex.DecodeString(text)
	if err != nil {
		panic(err) // They are constants.
	}
	return [32]byte(raw)
}
