package compute

// vectorInput is what a vector is made from.
type vectorInput struct {
	name, source, header, seed string
	want                       string // the published result, if there is one
	block                      *vectorBlock
}

const (
	bytomTests  = "the tests of github.com/bytom/bytom, mining/tensority/go_algorithm"
	chain2018   = "a share of a public pool's job 171567, May 2018"
	stockNode   = "a block mined by Bytom's own node v1.1.1; the result passes the target of its bits"
	extreme     = "the reference; a header of equal bytes under a seed of equal bytes"
	initialSeed = "9e6291970cb44dd94008c79bcaf9d86f18b4b49ba5b2a04781db7199ed3b9e4e"
)

var vectorInputs = []vectorInput{
	{
		name: "bytom-1", source: bytomTests,
		header: "d0dad73fb2dabf3353fda15571b4e5f6ac62ff187b354fadd4840d9ff2f1afdf",
		seed:   "0737520781345b11b7bd0f843c1bdd9aea81b6da94fd141cc9f2df53ac6744d2",
		want:   "e35da54795d82f8549c0e580cbf2e3757ab5ef8fed1bdbe439416c7e6f8df227",
	},
	{
		name: "bytom-2", source: bytomTests,
		header: "d0dad73fb2dabf3353fda15571b4e5f6ac62ff187b354fadd4840d9ff2f1afdf",
		seed:   "0737520781345b11b7bd0f843c1bdd9aea81b6da94fd141cc9f2df53ac6744d2",
		want:   "e35da54795d82f8549c0e580cbf2e3757ab5ef8fed1bdbe439416c7e6f8df227",
	},
	{
		name: "bytom-3", source: bytomTests,
		header: "0000000000000000000000000000000000000000000000000000000000000000",
		seed:   "48dda5bbe9171a6656206ec56c595c5834b6cf38c5fe71bcb44fe43833aee9df",
		want:   "26db94efa422d76c402a54eeb61dd5f53282cd3ce1a0ac677e177051edaa98c1",
	},
	{
		name: "bytom-4", source: bytomTests,
		header: "8d969eef6ecad3c29a3a629280e686cf0c3f5d5a86aff3ca12020c923adc6c92",
		seed:   "0e3b78d8380844b0f697bb912da7f4d210382c6714194fd16039ef2acd924dcf",
		want:   "fecec33669737592f7754b215b20bacefba64d2e4ca1656f85ea1d3dbe162839",
	},
	{
		name: "bytom-5", source: bytomTests,
		header: "2f014311e0926fa8b3d6e6de2051bf69332123baadfe522b62f4645655859e7a",
		seed:   "0000000000000000000000000000000000000000000000000000000000000000",
		want:   "c1c3cf4c76968e2967f0053c76f2084cc01ed0fe9766428db99c45bedf0cdbe2",
	},
	{
		name: "bytom-6", source: bytomTests,
		header: "e0e3c43178a126d04871b9c5d0c642e5e08b9679a5f66b821bd9a030eff02ce7",
		seed:   "6ab21e1301f5752c2fca1b5598f49d3769482e073c1f26e3b8365f405553ea31",
		want:   "abbc2cb39638f684235fbc1b3ff107945948c581b6929bae2cd681889ff2d824",
	},
	{
		name: "bytom-7", source: bytomTests,
		header: "886a8e85b275e7d65b569ba510875c0e63dece1a94569914d7624c0dac8002f9",
		seed:   "9e6291970cb44dd94008c79bcaf9d86f18b4b49ba5b2a04781db7199ed3b9e4e",
		want:   "6a1f276cac6f9e8b426eab46b533f82e82a148c03fb0a86934a8e5483b39da5e",
	},
	{
		name: "bytom-8", source: bytomTests,
		header: "2f86fe508faa7d68692a2089271b6901385d9058cd47e84fb402b5085f9a8360",
		seed:   "9e6291970cb44dd94008c79bcaf9d86f18b4b49ba5b2a04781db7199ed3b9e4e",
		want:   "81756fdab39a17163b0ce582ee4ee256fb4d1e156c692b997d608a42ecb38d47",
	},
	{
		name: "bytom-9", source: bytomTests,
		header: "fe9791d71b67ee62515e08723c061b5ccb952a80d804417c8aeedf7f633c524a",
		seed:   "9e6291970cb44dd94008c79bcaf9d86f18b4b49ba5b2a04781db7199ed3b9e4e",
		want:   "fad5195a0c8e3b590b86a3c0a95e7529565888508aecca96e9aeda633002f409",
	},
	{
		name: "bytom-10", source: bytomTests,
		header: "ef306787a087c118fcb6d351f0199dca98055898e208fbf1a934c9d70b58ee4b",
		seed:   "9e6291970cb44dd94008c79bcaf9d86f18b4b49ba5b2a04781db7199ed3b9e4e",
		want:   "ffb0cadab314673d228f8fe74d84a4652e01c82c2641d3e2fa9148afeab0d606",
	},
	{
		name: "bytom-11", source: bytomTests,
		header: "10d2f1b2f48e389c97dde1b1a63bcd743c2340935d71e2c358ba10e584696143",
		seed:   "9e6291970cb44dd94008c79bcaf9d86f18b4b49ba5b2a04781db7199ed3b9e4e",
		want:   "6add5af18253d0722c542f7e71f47d9cb1a4d7fb7c7d26aefe3c831cb854f17e",
	},
	{
		name: "chain-2018-start", source: chain2018,
		header: "cde706caf0927ee9ab5529020244a1dc05552556e9f44e16a3bcf29fda65062e",
		seed:   "6aa116ef17d69e398ba388e8f0e1805f6f98afb9dfb8fb87679ad5d3c099099d",
		want:   "f1d1b4e4c6ef41c00b6bf372570dcc35c615a579b86d59ba710d726ff4d2d9bf",
	},
	{
		name: "chain-2018-666", source: chain2018,
		header: "9ecdb93091be52c0f368844d56e06a01b1630e6e90940287be71672d8a8069cd",
		seed:   "6aa116ef17d69e398ba388e8f0e1805f6f98afb9dfb8fb87679ad5d3c099099d",
		want:   "d7a473107caec394a68810ce8abdd854f197e8e53de02d35f678cb6d6c4a6200",
	},
	{
		name: "solonet-1", source: stockNode,
		header: "b5e7dbfb29e90b73f9304e78a44f8b69ede808f1dbd27fed3f783dffc15c4cc2",
		seed:   initialSeed,
		block: &vectorBlock{
			Version: 1, Height: 1, Timestamp: 1795244370, Nonce: 16, Bits: 2305843009214532812,
			PreviousBlockHash:     "ce4fe9431cd0225b3a811f8f8ec922f2b07a921bb12a8dddae9a85540072c770",
			TransactionMerkleRoot: "61f2414cb07d37ec7e8725aa8f5c21a8ad92a0c1b54e5c070540bb387aad0cb3",
			TransactionStatusHash: "c9c377e5192668bc0a367e4a4764f11e7c725ecced1d7b6a492974fab1b6d5bc",
		},
	},
	{
		name: "solonet-9", source: stockNode,
		header: "f324b51cff2d3888e5fb495b34a6c6d4a6d950c2926a96cf531915e0827e6bb9",
		seed:   initialSeed,
		block: &vectorBlock{
			Version: 1, Height: 9, Timestamp: 1795244575, Nonce: 5, Bits: 2305843009214532812,
			PreviousBlockHash:     "0981b3112ace4feba3cdd0f925d53270e1beaf902cc24ee9ed9d2741719fbd1a",
			TransactionMerkleRoot: "d78a9bc29db0d29176d48194beb14eba0e0e10c900d36ded7cc288e586de932f",
			TransactionStatusHash: "c9c377e5192668bc0a367e4a4764f11e7c725ecced1d7b6a492974fab1b6d5bc",
		},
	},
	{
		name: "extreme-00", source: extreme,
		header: "0000000000000000000000000000000000000000000000000000000000000000",
		seed:   "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	},
	{
		name: "extreme-ff", source: extreme,
		header: "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		seed:   "0000000000000000000000000000000000000000000000000000000000000000",
	},
	{
		name: "extreme-80", source: extreme,
		header: "8080808080808080808080808080808080808080808080808080808080808080",
		seed:   "8080808080808080808080808080808080808080808080808080808080808080",
	},
	{
		name: "extreme-7f", source: extreme,
		header: "7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f",
		seed:   "7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f",
	},
}
