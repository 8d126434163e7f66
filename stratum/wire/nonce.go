package wire

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// AppendNumber appends one of a job's numbers to b: eight bytes, the lowest first, as
// 16 hexadecimal digits.
func AppendNumber(b []byte, v uint64) []byte {
	var raw [8]byte
	binary.LittleEndian.PutUint64(raw[:], v)
	return hex.AppendEncode(b, raw[:])
}

// ParseNumber reads one of a job's numbers, as AppendNumber writes it.
func ParseNumber(text string) (uint64, error) {
	var raw [8]byte
	if len(text) == 16 {
		if _, err := hex.Decode(raw[:], []byte(text)); err == nil {
			return binary.LittleEndian.Uint64(raw[:]), nil
		}
	}
	return 0, fmt.Errorf("%s, expected 16 hexadecimal digits", Excerpt([]byte(text)))
}

// AppendNonce appends the nonce of a submit to b: a plain number of 16 hexadecimal
// digits, the highest first. A job's nonce has the opposite order.
func AppendNonce(b []byte, nonce uint64) []byte {
	var raw [8]byte
	binary.BigEndian.PutUint64(raw[:], nonce)
	return hex.AppendEncode(b, raw[:])
}

// FormatNonce returns a nonce as AppendNonce writes it.
func FormatNonce(nonce uint64) string { return string(AppendNonce(nil, nonce)) }

// ParseNonce reads the nonce of a submit: 1 to 16 hexadecimal digits, of any case and
// with an 0x before them or not. digits is how many there were.
func ParseNonce(text string) (nonce uint64, digits int, err error) {
	plain := text
	if len(text) > 2 && strings.EqualFold(text[:2], "0x") {
		plain = text[2:]
	}
	// ParseUint takes no sign, and underscores only in base 0.
	nonce, err = strconv.ParseUint(plain, 16, 64)
	if err != nil || len(plain) > 16 {
		return 0, 0, fmt.Errorf("nonce is %s, expected 1 to 16 hexadecimal digits", Excerpt([]byte(text)))
	}
	return nonce, len(plain), nil
}

// prefixMask keeps bit 63 of a start nonce clear: a header can't carry it.
const prefixMask = 1<<31 - 1

// StartNonce is the nonce that a session with a prefix starts at: the prefix in the
// upper 32 bits, and mirrored in the lower. Its bytes are the same in both orders, so
// that a rig that reads a job's nonce the wrong way around starts at the same place,
// and stays within the prefix as well.
func StartNonce(prefix uint32) uint64 {
	prefix &= prefixMask
	return uint64(prefix)<<32 | uint64(bits.ReverseBytes32(prefix))
}

// Nonces returns what the nonce of a submit may mean for a job that started at start, the
// likeliest first: one nonce or two. Documents of 2018 show eight digits, the lower half alone; a rig
// that leaves zeros out may send as many.
func Nonces(start uint64, text string) ([]uint64, error) {
	nonce, digits, err := ParseNonce(text)
	if err != nil {
		return nil, err
	}
	if joined := start&^(1<<32-1) | nonce; digits == 8 && joined != nonce {
		return []uint64{joined, nonce}, nil
	}
	return []uint64{nonce}, nil
}
