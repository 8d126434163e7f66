#version 450

// The four chains of one hash for a group of rows: steps 5 to 7 of docs/tensority.md,
// and of step 8 what stays inside the group. Rows never mix before step 8, so a
// workgroup waits for no other.
//
// Built twice. With DOT the products are integer dot products of four bytes; without
// it they are multiplications of floats, which are exact as sums stay below 2^23, and
// which every device makes at its full rate.
//
// Group g has the rows g, g+N, g+2·N, … where N is the number of groups: then the upper
// levels of step 8 fold rows of one group. Four bytes of a row stand in one word as in
// step 7, columns w, w+64, w+128 and w+192 in word w, in states and matrices alike: a
// dot product has no order.

#extension GL_EXT_control_flow_attributes : require

#ifdef DOT
// glslang learned of the extension by name after version 12; this is OpSDotKHR on
// packed bytes.
#extension GL_EXT_spirv_intrinsics : require
spirv_instruction(extensions = ["SPV_KHR_integer_dot_product"], capabilities = [6019, 6018], id = 4450)
int dotPacked(uint a, uint b, spirv_literal int format);
#define TERM int
#else
#define TERM float
#endif

layout(local_size_x_id = 0) in;              // (ROWS / TM) · (64 / TW)
layout(constant_id = 1) const uint ROWS = 64; // of a workgroup
layout(constant_id = 2) const uint TM = 8;    // rows of an invocation
layout(constant_id = 3) const uint TW = 2;    // words of an invocation in each of them
layout(constant_id = 4) const uint PAD = 1;   // unused words, in fours, between rows
layout(constant_id = 5) const uint STEPS = 64; // products of a chain; tests have no time for all

// Matrix m has row j's words 4q to 4q+3 at m·4096 + q·256 + j: neighbours in a
// workgroup, which work on neighbouring columns of the result, read side by side.
layout(set = 0, binding = 0, std430) readonly buffer Matrices { uvec4 matrices[]; };
// The matrix numbers of each hash, four chains of 32, four to a word.
layout(set = 0, binding = 1, std430) readonly buffer Indices { uint indices[]; };
// One row of 64 words a group and hash.
layout(set = 0, binding = 2, std430) writeonly buffer Rows { uint rows[]; };

const uint ACROSS = 64 / TW;     // invocations in a row
const uint STRIDE = 16 + PAD;    // of state rows, in fours of words
const uint GROUPS = 256 / ROWS;

shared uvec4 state[ROWS * STRIDE];

uint matrixNumber(uint chain, uint step)
{
	uint word = indices[gl_WorkGroupID.y * 32 + chain * 8 + (step & 31) / 4];
	return word >> (8 * (step & 3)) & 255;
}

// fold is (x & 255) + (x >> 8 & 255), of which the low byte counts.
uint fold(int x) { return uint(x + (x >> 8)) & 255; }

uint addBytes(uint a, uint b) { return ((a & 0x7f7f7f7f) + (b & 0x7f7f7f7f)) ^ ((a ^ b) & 0x80808080); }

// byteOf is row j's byte in column k of matrix m.
int byteOf(uint m, uint j, uint k)
{
	uint word = matrices[m * 4096 + (k & 63) / 4 * 256 + j][k & 3];
	return bitfieldExtract(int(word), int(k / 64) * 8, 8);
}

// first is the product with the identity: a look-up of the matrix, transposed.
void first(uint m)
{
	for (uint i = gl_LocalInvocationIndex; i < ROWS * 64; i += gl_WorkGroupSize.x) {
		uint w = i & 63, row = i / 64 * GROUPS + gl_WorkGroupID.x;
		state[i / 64 * STRIDE + w / 4][w & 3] =
			fold(byteOf(m, w, row)) | fold(byteOf(m, w + 64, row)) << 8 |
			fold(byteOf(m, w + 128, row)) << 16 | fold(byteOf(m, w + 192, row)) << 24;
	}
}

TERM sums[TM * TW * 4];

#ifdef DOT
// multiply adds the products of four words of the rows from top with those of the
// matrix at base to the sums.
void multiply(uint top, uint base, uint q)
{
	uvec4 a[TM];
	[[unroll]] for (uint r = 0; r < TM; r++)
		a[r] = state[(top + r) * STRIDE + q];
	[[unroll]] for (uint c = 0; c < TW * 4; c++) {
		uvec4 b = matrices[base + (c & 3) * 64 + (c / 4) * ACROSS];
		[[unroll]] for (uint r = 0; r < TM; r++)
			sums[c * TM + r] += dotPacked(a[r].x, b.x, 0) + dotPacked(a[r].y, b.y, 0) +
				dotPacked(a[r].z, b.z, 0) + dotPacked(a[r].w, b.w, 0);
	}
}
#else
vec4 bytes(uint word)
{
	int w = int(word);
	return vec4(w << 24 >> 24, w << 16 >> 24, w << 8 >> 24, w >> 24);
}

void multiply(uint top, uint base, uint q)
{
	[[unroll]] for (uint part = 0; part < 4; part++) {
		vec4 a[TM];
		[[unroll]] for (uint r = 0; r < TM; r++)
			a[r] = bytes(state[(top + r) * STRIDE + q][part]);
		[[unroll]] for (uint c = 0; c < TW * 4; c++) {
			vec4 b = bytes(matrices[base + (c & 3) * 64 + (c / 4) * ACROSS][part]);
			[[unroll]] for (uint r = 0; r < TM; r++)
				sums[c * TM + r] += a[r].x * b.x + a[r].y * b.y + a[r].z * b.z + a[r].w * b.w;
		}
	}
}
#endif

// folded packs what belongs into one word: row r, word s of this invocation.
uint folded(uint r, uint s)
{
	uint c = s * 4;
	return fold(int(sums[c * TM + r])) | fold(int(sums[(c + 1) * TM + r])) << 8 |
		fold(int(sums[(c + 2) * TM + r])) << 16 | fold(int(sums[(c + 3) * TM + r])) << 24;
}

void main()
{
	const uint across = gl_LocalInvocationIndex % ACROSS;
	const uint top = gl_LocalInvocationIndex / ACROSS * TM;
	uint total[TM * TW];
	[[unroll]] for (uint i = 0; i < TM * TW; i++)
		total[i] = 0;

	[[dont_unroll]] for (uint chain = 0; chain < 4; chain++) {
		first(matrixNumber(chain, 0));
		barrier();
		[[dont_unroll]] for (uint step = 1; step < STEPS; step++) {
			[[unroll]] for (uint i = 0; i < TM * TW * 4; i++)
				sums[i] = TERM(0);
			uint base = matrixNumber(chain, step) * 4096 + across;
			[[dont_unroll]] for (uint q = 0; q < 16; q++)
				multiply(top, base + q * 256, q);
			barrier();
			[[unroll]] for (uint r = 0; r < TM; r++) {
				[[unroll]] for (uint s = 0; s < TW; s++) {
					uint w = s * ACROSS + across;
					state[(top + r) * STRIDE + w / 4][w & 3] = folded(r, s);
				}
			}
			barrier();
		}
		[[unroll]] for (uint r = 0; r < TM; r++) {
			[[unroll]] for (uint s = 0; s < TW; s++) {
				uint w = s * ACROSS + across;
				total[r * TW + s] = addBytes(total[r * TW + s], state[(top + r) * STRIDE + w / 4][w & 3]);
			}
		}
		barrier();
	}

	[[unroll]] for (uint r = 0; r < TM; r++) {
		[[unroll]] for (uint s = 0; s < TW; s++) {
			uint w = s * ACROSS + across;
			state[(top + r) * STRIDE + w / 4][w & 3] = total[r * TW + s];
		}
	}
	barrier();
	[[dont_unroll]] for (uint upper = ROWS / 2; upper > 0; upper /= 2) {
		for (uint i = gl_LocalInvocationIndex; i < upper * 16; i += gl_WorkGroupSize.x) {
			uint at = i / 16 * STRIDE + (i & 15);
			state[at] = state[at] * 0x01000193 ^ state[at + upper * STRIDE];
		}
		barrier();
	}
	for (uint i = gl_LocalInvocationIndex; i < 64; i += gl_WorkGroupSize.x)
		rows[(gl_WorkGroupID.y * GROUPS + gl_WorkGroupID.x) * 64 + i] = state[i / 4][i & 3];
}
