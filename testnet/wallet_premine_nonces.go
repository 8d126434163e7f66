package testnet

// premineNonces are the lowest nonces that meet the target, from height 1 on. The
// flag -premine of TestPremineNonces finds them.
var premineNonces = [PremineHeight]uint16{
	43, 39, 2, 2, 2, 0, 14, 21, 19, 1, 0, 5, 42, 39, 13, 5, 5, 1, 45, 11, 3, 2,
	11, 6, 37, 52, 38, 21, 7, 22, 0, 11, 32, 13, 30, 53, 8, 1, 14, 1, 42, 32, 8, 27,
	2, 2, 6, 10, 45, 67, 1, 10, 6, 1, 3, 20, 39, 3, 5, 25, 54, 16, 5, 5, 11, 15,
	8, 2, 37, 10, 0, 5, 41, 19, 11, 74, 3, 22, 15, 4, 17, 63, 7, 67, 17, 8, 0, 0,
	45, 61, 12, 16, 18, 0, 11, 42, 4, 0, 3, 25, 31, 33, 51, 4, 4, 33, 23, 38, 6, 7,
}
