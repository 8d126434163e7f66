#version 450

// Header hashes, and step 4 of docs/tensority.md: what the chains read of each hash, from
// a block header and a nonce. An invocation does one.
//
// A header hash is SHA3-256(TAG ‖ SHA3-256(header)), of the header as compute.BlockHeader
// has it: 128 bytes, then the nonce's 8, which fill a block of SHA3. Its four lanes are
// the four slices, and SHA3-256 of each are a chain's 32 matrix numbers.

#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require

layout(local_size_x_id = 0) in;
layout(push_constant) uniform Push { uint hashes; };

// The header up to its nonce, then the nonces, each with the lower word first.
layout(set = 0, binding = 0, std430) readonly buffer Header { uvec2 header[16]; uvec2 nonces[]; };
layout(set = 0, binding = 1, std430) writeonly buffer Indices { uint indices[]; };

#include "keccak.glsl"

// "entryid:blockheader:", four bytes to a word.
const uint TAG[5] = { 0x72746e65, 0x3a646979, 0x636f6c62, 0x6165686b, 0x3a726564 };

// finish pads and permutes a last block of which so many words are there.
void finish(uint words)
{
	lanes[words / 2][words & 1] ^= 0x06;
	lanes[BLOCK - 1].y ^= 0x80000000;
	permute();
}

void main()
{
	const uint hash = gl_GlobalInvocationID.x;
	if (hash >= hashes)
		return;

	[[unroll]] for (uint i = 0; i < 25; i++)
		lanes[i] = i < BLOCK - 1 ? header[i] : uvec2(0);
	lanes[BLOCK - 1] = nonces[hash];
	permute();
	finish(0);

	uint text[13];
	[[unroll]] for (uint i = 0; i < 5; i++)
		text[i] = TAG[i];
	[[unroll]] for (uint i = 0; i < 2 * RESULT; i++)
		text[5 + i] = lanes[i / 2][i & 1];
	[[unroll]] for (uint i = 0; i < 25; i++)
		lanes[i] = i < 6 ? uvec2(text[2 * i], text[2 * i + 1]) : uvec2(i == 6 ? text[12] : 0, 0);
	finish(13);

	uvec2 slices[RESULT];
	[[unroll]] for (uint i = 0; i < RESULT; i++)
		slices[i] = lanes[i];
	[[dont_unroll]] for (uint slice = 0; slice < RESULT; slice++) {
		[[unroll]] for (uint i = 0; i < 25; i++)
			lanes[i] = i == 0 ? slices[slice] : uvec2(0);
		finish(2);
		[[unroll]] for (uint i = 0; i < RESULT; i++) {
			indices[hash * 32 + slice * 8 + 2 * i] = lanes[i].x;
			indices[hash * 32 + slice * 8 + 2 * i + 1] = lanes[i].y;
		}
	}
}
