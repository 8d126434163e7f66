// Keccak-f[1600], the permutation of SHA3, in words of 32 bits. What includes this enables
// GL_EXT_control_flow_attributes.

// Lanes of 64 bits are pairs of words, the lower one first.
uvec2 lanes[25];

const uint ROTATION[25] = {
	0, 1, 62, 28, 27, 36, 44, 6, 55, 20, 3, 10, 43, 25, 39, 41, 45, 15, 21, 8, 18, 2, 61, 56, 14,
};

const uvec2 ROUND[24] = {
	uvec2(0x00000001, 0x00000000), uvec2(0x00008082, 0x00000000), uvec2(0x0000808a, 0x80000000), uvec2(0x80008000, 0x80000000),
	uvec2(0x0000808b, 0x00000000), uvec2(0x80000001, 0x00000000), uvec2(0x80008081, 0x80000000), uvec2(0x00008009, 0x80000000),
	uvec2(0x0000008a, 0x00000000), uvec2(0x00000088, 0x00000000), uvec2(0x80008009, 0x00000000), uvec2(0x8000000a, 0x00000000),
	uvec2(0x8000808b, 0x00000000), uvec2(0x0000008b, 0x80000000), uvec2(0x00008089, 0x80000000), uvec2(0x00008003, 0x80000000),
	uvec2(0x00008002, 0x80000000), uvec2(0x00000080, 0x80000000), uvec2(0x0000800a, 0x00000000), uvec2(0x8000000a, 0x80000000),
	uvec2(0x80008081, 0x80000000), uvec2(0x00008080, 0x80000000), uvec2(0x80000001, 0x00000000), uvec2(0x80008008, 0x80000000),
};

uvec2 rotate(uvec2 x, uint n)
{
	if (n >= 32)
		x = x.yx;
	n &= 31;
	return n == 0 ? x : x << n | x.yx >> (32 - n);
}

void permute()
{
	// Unrolled, one compiler takes minutes.
	[[dont_unroll]] for (uint round = 0; round < 24; round++) {
		uvec2 column[5], moved[25];
		[[unroll]] for (uint x = 0; x < 5; x++)
			column[x] = lanes[x] ^ lanes[x + 5] ^ lanes[x + 10] ^ lanes[x + 15] ^ lanes[x + 20];
		[[unroll]] for (uint y = 0; y < 5; y++) {
			[[unroll]] for (uint x = 0; x < 5; x++) {
				uvec2 lane = lanes[x + 5 * y] ^ column[(x + 4) % 5] ^ rotate(column[(x + 1) % 5], 1);
				moved[y + 5 * ((2 * x + 3 * y) % 5)] = rotate(lane, ROTATION[x + 5 * y]);
			}
		}
		[[unroll]] for (uint y = 0; y < 5; y++) {
			[[unroll]] for (uint x = 0; x < 5; x++)
				lanes[x + 5 * y] = moved[x + 5 * y] ^ (~moved[(x + 1) % 5 + 5 * y] & moved[(x + 2) % 5 + 5 * y]);
		}
		lanes[0] ^= ROUND[round];
	}
}

// SHA3-256 takes and gives these: lanes of a block, and those of its result.
const uint BLOCK = 17, RESULT = 4;
