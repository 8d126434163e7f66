package mining

import "crypto/sha3"

// Bytom's transaction tree: a leaf is SHA3(00 ‖ id), a node SHA3(01 ‖ left ‖
// right), and n leaves are split at the largest power of two below n.

func merkleLeaf(id [32]byte) [32]byte {
	var buf [33]byte
	copy(buf[1:], id[:])
	return sha3.Sum256(buf[:])
}

func merkleNode(left, right [32]byte) [32]byte {
	var buf [65]byte
	buf[0] = 1
	copy(buf[1:], left[:])
	copy(buf[33:], right[:])
	return sha3.Sum256(buf[:])
}

func merkleRoot(ids [][32]byte) [32]byte {
	if len(ids) == 1 {
		return merkleLeaf(ids[0])
	}
	k := splitAt(len(ids))
	return merkleNode(merkleRoot(ids[:k]), merkleRoot(ids[k:]))
}

// splitAt is the largest power of two below n, for n ≥ 2.
func splitAt(n int) int {
	k := 1
	for k*2 < n {
		k *= 2
	}
	return k
}

// merkleBranch is what turns the first leaf into the root: the right-hand
// siblings on its way up, lowest first. others are the ids of the leaves behind
// the first.
func merkleBranch(others [][32]byte) [][32]byte {
	n := len(others) + 1
	if n == 1 {
		return nil
	}
	k := splitAt(n)
	return append(merkleBranch(others[:k-1]), merkleRoot(others[k-1:]))
}

// climb is the root of the tree whose first leaf is id.
func climb(id [32]byte, branch [][32]byte) [32]byte {
	h := merkleLeaf(id)
	for _, right := range branch {
		h = merkleNode(h, right)
	}
	return h
}
