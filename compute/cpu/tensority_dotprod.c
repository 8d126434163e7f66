/* The kernel for arm64 with dot products: sdot adds the four products of signed bytes
 * to each of 4 sums, and takes one side's four bytes from any lane of a register. Four
 * registers of state, a group's quad, times four matrix rows make 16 sums; with four
 * registers for each side that is 24 of 32. */
#include "tensority_impl.h"

#ifdef TENSORITY_HAS_DOTPROD
#include <arm_neon.h>

#if defined(__clang__)
#define TARGET "dotprod"
#else
#define TARGET "arch=armv8.2-a+dotprod"
#endif
#define DOTPROD static inline __attribute__((always_inline, target(TARGET)))

/* Folds the sums of four matrix rows into 4 rows of a quad of the next state. The low
 * halves of two are put together, multiplied by 257, and their high bytes are the
 * results. */
DOTPROD int8x16_t fold_quad(int32x4_t x0, int32x4_t x1, int32x4_t x2, int32x4_t x3)
{
	uint16x8_t even = vreinterpretq_u16_s32(vsliq_n_s32(x0, x2, 16));
	uint16x8_t odd = vreinterpretq_u16_s32(vsliq_n_s32(x1, x3, 16));
	even = vaddq_u16(even, vshlq_n_u16(even, 8));
	odd = vaddq_u16(odd, vshlq_n_u16(odd, 8));
	return vreinterpretq_s8_u16(vsriq_n_u16(odd, even, 8));
}

/* One matrix row's share of a quad: the lane has to be a constant. */
#define ROW(r, lane)                                             \
	do {                                                     \
		for (int v = 0; v < 4; v++)                      \
			sums[r][v] = vdotq_laneq_s32(sums[r][v], x[v], m[r], lane); \
	} while (0)

#define QUAD(lane)                                               \
	do {                                                     \
		int8x16_t x[4];                                  \
		for (int v = 0; v < 4; v++)                      \
			x[v] = vld1q_s8(state[q + lane][4 * v]); \
		ROW(0, lane); ROW(1, lane); ROW(2, lane); ROW(3, lane); \
	} while (0)

/* Four matrix rows times the group: a quad of its next state. */
DOTPROD void multiply(int8_t out[TENSORITY_ROWS][4], const tensority_group state, const int8_t *rows)
{
	int32x4_t sums[4][4];
	for (int r = 0; r < 4; r++)
		for (int v = 0; v < 4; v++)
			sums[r][v] = vdupq_n_s32(0);
	for (int q = 0; q < TENSORITY_QUADS; q += 4) {
		int8x16_t m[4];
		for (int r = 0; r < 4; r++)
			m[r] = vld1q_s8(rows + r * TENSORITY_SIZE + 4 * q);
		QUAD(0); QUAD(1); QUAD(2); QUAD(3);
	}
	for (int v = 0; v < 4; v++)
		vst1q_s8(out[4 * v], fold_quad(sums[0][v], sums[1][v], sums[2][v], sums[3][v]));
}

__attribute__((target(TARGET)))
static void mul_fold(tensority_group out, const tensority_group state, const tensority_matrix m)
{
	for (int j = 0; j < TENSORITY_QUADS; j++)
		multiply(out[j], state, m[4 * j]);
}

static void rows(const void *seed, void *scratch, const uint8_t *indices, int first, int end)
{
	const tensority_matrix *matrices = seed;
	struct tensority_groups *s = scratch;
	const int from = first / TENSORITY_ROWS, to = end / TENSORITY_ROWS;
	for (int group = from; group < to; group++)
		tensority_first_product(s->state[0][group], &matrices[indices[0]][0][TENSORITY_ROWS * group],
			TENSORITY_SIZE, 0);
	int now = 0;
	for (int n = 1; n < TENSORITY_PASSES * TENSORITY_INDICES; n++, now ^= 1)
		for (int group = from; group < to; group++)
			mul_fold(s->state[!now][group], s->state[now][group], matrices[indices[n % TENSORITY_INDICES]]);
	tensority_add_groups(s->sum, s->state[now], from, to);
}

#define BEGIN_PEAK(i) int32x4_t sum##i = vdupq_n_s32(0);
#define PEAK(i)                      \
	sum##i = vdotq_s32(sum##i, a, b); \
	__asm__ volatile("" : "+w"(sum##i)); /* or the turns become one */

/* The inner loop's sdot without its loads: what it could do at best. */
__attribute__((target(TARGET)))
static double peak(uint32_t count)
{
	int8x16_t a = vdupq_n_s8(3), b = vdupq_n_s8(5);
	TENSORITY_EACH_OF_16(BEGIN_PEAK)
	for (uint32_t n = 0; n < count; n++) {
		TENSORITY_EACH_OF_16(PEAK)
	}
	return (double)count * 16 * 16;
}

const struct tensority_kernel tensority_dotprod = {
	.seed_size = sizeof(tensority_matrix) * TENSORITY_COUNT,
	.scratch_size = sizeof(struct tensority_groups),
	.step = 32,
	.rows = rows,
	.finish = tensority_finish_groups,
	.peaks = {{"sdot", peak}},
};
#endif

/* A file must not be empty. */
typedef int tensority_dotprod_file;
