#version 450

// The four chains of one hash for a group of rows, as in chains.comp, by products of
// matrices of signed bytes that a subgroup makes together.
//
// A subgroup owns tiles of words. For a tile of N words it makes the four products that
// its bytes are columns of: w, w+64, w+128 and w+192 for word w. They have the same
// shape, so an invocation holds the same elements of all four, whichever those are, and
// packs them into words where they are.

#pragma use_vulkan_memory_model
#extension GL_EXT_control_flow_attributes : require
#extension GL_EXT_shader_explicit_arithmetic_types_int8 : require
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_shader_subgroup_basic : require

layout(local_size_x_id = 0) in;               // (ROWS / M / TM) · (64 / N / TW) subgroups
layout(constant_id = 1) const uint ROWS = 64;  // of a workgroup
layout(constant_id = 2) const uint TM = 2;     // tiles of M rows of a subgroup
layout(constant_id = 3) const uint TW = 1;     // tiles of N words of a subgroup
layout(constant_id = 4) const uint PAD = 1;    // unused words, in fours, between rows
layout(constant_id = 5) const uint STEPS = 64; // products of a chain; tests have no time for all
layout(constant_id = 6) const uint M = 16;     // what the device multiplies: M × K by K × N
layout(constant_id = 7) const uint N = 16;
layout(constant_id = 8) const uint K = 32;

const uint CHUNK = K / 4; // words of a matrix row that lie together
const uint ACROSS = 64 / N / TW;
const uint STRIDE = 64 + 4 * PAD;
const uint GROUPS = 256 / ROWS;

// Matrix m has word i of chunk c of row j at m·16384 + c·256·CHUNK + j·CHUNK + i.
layout(set = 0, binding = 0, std430) readonly buffer Matrices { uint matrices[]; };
layout(set = 0, binding = 1, std430) readonly buffer Indices { uint indices[]; };
layout(set = 0, binding = 2, std430) writeonly buffer Rows { uint rows[]; };

shared uint state[ROWS * STRIDE];

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
	uint w = k & 63;
	uint word = matrices[m * 16384 + w / CHUNK * 256 * CHUNK + j * CHUNK + w % CHUNK];
	return bitfieldExtract(int(word), int(k / 64) * 8, 8);
}

// first is the product with the identity: a look-up of the matrix, transposed.
void first(uint m)
{
	for (uint i = gl_LocalInvocationIndex; i < ROWS * 64; i += gl_WorkGroupSize.x) {
		uint w = i & 63, row = i / 64 * GROUPS + gl_WorkGroupID.x;
		state[i / 64 * STRIDE + w] =
			fold(byteOf(m, w, row)) | fold(byteOf(m, w + 64, row)) << 8 |
			fold(byteOf(m, w + 128, row)) << 16 | fold(byteOf(m, w + 192, row)) << 24;
	}
}

#define SUMS coopmat<int, gl_ScopeSubgroup, M, N, gl_MatrixUseAccumulator>

SUMS sums[TM * TW * 4], words[TM * TW], total[TM * TW];

// multiply adds the products of one chunk.
void multiply(uint top, uint left, uint base, uint chunk)
{
	coopmat<int8_t, gl_ScopeSubgroup, M, K, gl_MatrixUseA> a[TM];
	[[unroll]] for (uint r = 0; r < TM; r++)
		coopMatLoad(a[r], state, (top + r * M) * STRIDE + chunk * CHUNK, STRIDE, gl_CooperativeMatrixLayoutRowMajor);
	[[unroll]] for (uint c = 0; c < TW * 4; c++) {
		uint row = (c & 3) * 64 + left + (c / 4) * N;
		coopmat<int8_t, gl_ScopeSubgroup, K, N, gl_MatrixUseB> b;
		coopMatLoad(b, matrices, base + (chunk * 256 + row) * CHUNK, CHUNK, gl_CooperativeMatrixLayoutColumnMajor);
		[[unroll]] for (uint r = 0; r < TM; r++)
			sums[c * TM + r] = coopMatMulAdd(a[r], b, sums[c * TM + r]);
	}
}

void main()
{
	const uint left = gl_SubgroupID % ACROSS * TW * N;
	const uint top = gl_SubgroupID / ACROSS * TM * M;
	[[unroll]] for (uint i = 0; i < TM * TW; i++)
		total[i] = SUMS(0);

	[[dont_unroll]] for (uint chain = 0; chain < 4; chain++) {
		first(matrixNumber(chain, 0));
		barrier();
		[[dont_unroll]] for (uint step = 1; step < STEPS; step++) {
			[[unroll]] for (uint i = 0; i < TM * TW * 4; i++)
				sums[i] = SUMS(0);
			uint base = matrixNumber(chain, step) * 16384;
			[[dont_unroll]] for (uint chunk = 0; chunk < 64 / CHUNK; chunk++)
				multiply(top, left, base, chunk);
			barrier();
			[[unroll]] for (uint s = 0; s < TW; s++) {
				[[unroll]] for (uint r = 0; r < TM; r++) {
					uint c = s * 4 * TM + r;
					[[unroll]] for (uint i = 0; i < words[0].length(); i++)
						words[s * TM + r][i] = int(fold(sums[c][i]) | fold(sums[c + TM][i]) << 8 |
							fold(sums[c + 2 * TM][i]) << 16 | fold(sums[c + 3 * TM][i]) << 24);
					coopMatStore(words[s * TM + r], state, (top + r * M) * STRIDE + left + s * N, STRIDE, gl_CooperativeMatrixLayoutRowMajor);
				}
			}
			barrier();
		}
		[[unroll]] for (uint t = 0; t < TM * TW; t++) {
			[[unroll]] for (uint i = 0; i < total[0].length(); i++)
				total[t][i] = int(addBytes(uint(total[t][i]), uint(words[t][i])));
		}
	}

	[[unroll]] for (uint s = 0; s < TW; s++) {
		[[unroll]] for (uint r = 0; r < TM; r++)
			coopMatStore(total[s * TM + r], state, (top + r * M) * STRIDE + left + s * N, STRIDE, gl_CooperativeMatrixLayoutRowMajor);
	}
	barrier();
	[[dont_unroll]] for (uint upper = ROWS / 2; upper > 0; upper /= 2) {
		for (uint i = gl_LocalInvocationIndex; i < upper * 64; i += gl_WorkGroupSize.x) {
			uint at = i / 64 * STRIDE + (i & 63);
			state[at] = state[at] * 0x01000193 ^ state[at + upper * STRIDE];
		}
		barrier();
	}
	for (uint i = gl_LocalInvocationIndex; i < 64; i += gl_WorkGroupSize.x)
		rows[(gl_WorkGroupID.y * GROUPS + gl_WorkGroupID.x) * 64 + i] = state[i];
}
