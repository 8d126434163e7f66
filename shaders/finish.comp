#version 450

// The end of step 8 of docs/tensority.md, from a row a group to one, and step 9,
// SHA3-256 of its 256 bytes. An invocation makes one hash.

#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint GROUPS = 4; // rows of 64 words that each hash has
layout(push_constant) uniform Push { uint hashes; };

layout(set = 0, binding = 0, std430) readonly buffer Rows { uint rows[]; };
layout(set = 0, binding = 1, std430) writeonly buffer Results { uint results[]; };

#include "keccak.glsl"

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
