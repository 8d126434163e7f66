#version 450

// The end of step 8 of docs/tensority.md, from a row a group to one, and step 9,
// SHA3-256 of its 256 bytes. An invocation makes one hash.

#extension GL_EXT_control_flow_attributes : require

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint GROUPS = 4; // rows of 64 words that each hash has
layout(push_constant) uniform Push { uint hashes; };

layout(set = 0, binding = 0, std430) readonly buffer Rows { uint rows[]; };
layout(set = 0, binding = 1, std430) writeonly buffer Results { uint results[]; };

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

// word is one of the 64 that the hash's rows fold to.
uint word(uint w)
{
	uint from = gl_GlobalInvocationID.x * GROUPS * 64 + w;
	uint row[GROUPS];
	[[unroll]] for (uint g = 0; g < GROUPS; g++)
		row[g] = rows[from + g * 64];
	[[unroll]] for (uint upper = GROUPS / 2; upper > 0; upper /= 2) {
		[[unroll]] for (uint g = 0; g < upper; g++)
			row[g] = row[g] * 0x01000193 ^ row[g + upper];
	}
	return row[0];
}

void main()
{
	if (gl_GlobalInvocationID.x >= hashes)
		return;
	// 17 lanes of the 32 fit in a block; the rest and the padding are the second.
	for (uint i = 0; i < 25; i++)
		lanes[i] = i < 17 ? uvec2(word(2 * i), word(2 * i + 1)) : uvec2(0);
	permute();
	for (uint i = 0; i < 15; i++)
		lanes[i] ^= uvec2(word(34 + 2 * i), word(35 + 2 * i));
	lanes[15].x ^= 0x06;
	lanes[16].y ^= 0x80000000;
	permute();
	[[unroll]] for (uint i = 0; i < 4; i++) {
		results[gl_GlobalInvocationID.x * 8 + 2 * i] = lanes[i].x;
		results[gl_GlobalInvocationID.x * 8 + 2 * i + 1] = lanes[i].y;
	}
}
