package compute

import "encoding/hex"

// knownAnswer is a hash that others have published: it lets a device be checked
// in the field, where computing it by the reference would take too long.
type knownAnswer struct {
	name, header, hash string // header and hash in hexadecimal
}

// knownSeed is the seed of all of knownAnswers, which are Bytom's own test
// vectors for that seed.
const knownSeed = "9e6291970cb44dd94008c79bcaf9d86f18b4b49ba5b2a04781db7199ed3b9e4e"

var knownAnswers = []knownAnswer{
	{"bytom-7", "886a8e85b275e7d65b569ba510875c0e63dece1a94569914d7624c0dac8002f9",
		"6a1f276cac6f9e8b426eab46b533f82e82a148c03fb0a86934a8e5483b39da5e"},
	{"bytom-8", "2f86fe508faa7d68692a2089271b6901385d9058cd47e84fb402b5085f9a8360",
		"81756fdab39a17163b0ce582ee4ee256fb4d1e156c692b997d608a42ecb38d47"},
	{"bytom-9", "fe9791d71b67ee62515e08723c061b5ccb952a80d804417c8aeedf7f633c524a",
		"fad5195a0c8e3b590b86a3c0a95e7529565888508aecca96e9aeda633002f409"},
	{"bytom-10", "ef306787a087c118fcb6d351f0199dca98055898e208fbf1a934c9d70b58ee4b",
		"ffb0cadab314673d228f8fe74d84a4652e01c82c2641d3e2fa9148afeab0d606"},
	{"bytom-11", "10d2f1b2f48e389c97dde1b1a63bcd743c2340935d71e2c358ba10e584696143",
		"6add5af18253d0722c542f7e71f47d9cb1a4d7fb7c7d26aefe3c831cb854f17e"},
}

// chainSeed and chainAnswer are from the chain's history of May 2018.
const chainSeed = "6aa116ef17d69e398ba388e8f0e1805f6f98afb9dfb8fb87679ad5d3c099099d"

var chainAnswer = knownAnswer{"chain-2018-666",
	"9ecdb93091be52c0f368844d56e06a01b1630e6e90940287be71672d8a8069cd",
	"d7a473107caec394a68810ce8abdd854f197e8e53de02d35f678cb6d6c4a6200"}

// knownHeaderBody is the block header that chainAnswer's header hash is of, without its
// nonce, which is knownNonce.
const knownHeaderBody = "01000000000000008c440000000000008f11dad3d32550bfb5a6bf9f7a344c8a436be37897887e3c74d1b380abd3587d" +
	"4c3afa5a000000002c0abd8189aba80a8940c3bb4263c9560a97e81d89aa1389ff47e754add4ce98" +
	"c9c377e5192668bc0a367e4a4764f11e7c725ecced1d7b6a492974fab1b6d5bc1d7a04000000001d"

const knownNonce = 0x783700000039

// nonceAnswers are the results of the last nonces up to knownNonce, the first of which was
// published; the others are the reference's.
var nonceAnswers = []nonceAnswer{
	{knownNonce, chainAnswer.hash},
	{knownNonce - 1, "ff79e78b283f6179cbb6f5a0323213ad4f3ef2d3e1a91a38ef52ea96e6f48f20"},
	{knownNonce - 2, "6c4671774f0b96b533f2499b118ad39a7a7c3bcd39e145daa95dd97500639df6"},
	{knownNonce - 3, "b23d38b349d7c9cb0d374ace86da7c5c68e14a978f7fab49b5ef07209bb6b663"},
	{knownNonce - 4, "6c24c49f13e968f6da877375b49736cbf3a1ea2c7551977a39f125234ef5bddb"},
}

type nonceAnswer struct {
	nonce uint64
	hash  string
}

func knownHeader() (h BlockHeader) {
	b, err := hex.DecodeString(knownHeaderBody)
	if err != nil || copy(h[:], b) != NonceAt {
		panic("compute: bad constant " + knownHeaderBody)
	}
	return h
}

// hash32 decodes one of the constants above.
func hash32(s string) [32]byte {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != 32 {
		panic("compute: bad constant " + s)
	}
	return [32]byte(b)
}
