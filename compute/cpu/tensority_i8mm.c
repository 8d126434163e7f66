/* The kernel for arm64 with matrix products: smmla multiplies two rows of 8 signed
 * bytes by two others, 32 multiply-adds, twice what sdot makes. State and matrices are
 * held in pairs of rows, 8 columns of each side by side. Four pairs of state rows times
 * four of matrix rows make 16 registers of sums. */
#include "tensority_impl.h"

#ifdef TENSORITY_HAS_I8MM
#include <arm_neon.h>
#include <string.h>

#if defined(__clang__)
#define TARGET "i8mm"
#else
#define TARGET "arch=armv8.6-a+i8mm"
#endif
#define I8MM static inline __attribute__((always_inline, target(TARGET)))

enum { OCTETS = TENSORITY_SIZE / 8 };

/* A group of 16 rows, 8 columns after the other. */
typedef int8_t group[OCTETS][TENSORITY_ROWS][8];

struct scratch {
	group sum[TENSORITY_GROUPS];
	group state[2][TENSORITY_GROUPS]; /* a product goes from one to the other */
};

/* Two matrix rows, 8 columns after the other. */
typedef int8_t pair[OCTETS][2][8];

static void pack(void *seed, int first, int end)
{
	tensority_matrix *matrices = seed;
	for (int n = first; n < end; n++)
		for (int j = 0; j < TENSORITY_SIZE; j += 2) {
			pair p;
			for (int o = 0; o < OCTETS; o++) {
				memcpy(p[o][0], &matrices[n][j][8 * o], 8);
				memcpy(p[o][1], &matrices[n][j + 1][8 * o], 8);
			}
			memcpy(matrices[n][j], p, sizeof p);
		}
}

/* The first product, as tensority_first_product. */
static void first_product(group state, int g, const pair *m)
{
	for (int k = 0; k < TENSORITY_SIZE; k++)
		for (int r = 0; r < TENSORITY_ROWS; r++) {
			const int column = TENSORITY_ROWS * g + r;
			int8_t x = m[k / 2][column / 8][k % 2][column % 8];
			state[k / 8][r][k % 8] = (int8_t)(x + (x >> 7));
		}
}

/* Folds the sums of two state rows with four pairs of matrix rows into 8 columns of the
 * rows' next state. */
I8MM int8x16_t fold_pair(int32x4_t x0, int32x4_t x1, int32x4_t x2, int32x4_t x3)
{
	/* The results stand row by row only within a pair of matrix rows. */
	static const uint8_t order[16] = {0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15};
	uint16x8_t low = vuzp1q_u16(vreinterpretq_u16_s32(x0), vreinterpretq_u16_s32(x1));
	uint16x8_t high = vuzp1q_u16(vreinterpretq_u16_s32(x2), vreinterpretq_u16_s32(x3));
	low = vaddq_u16(low, vshlq_n_u16(low, 8)); /* times 257 */
	high = vaddq_u16(high, vshlq_n_u16(high, 8));
	int8x16_t bytes = vuzp2q_s8(vreinterpretq_s8_u16(low), vreinterpretq_s8_u16(high));
	return vqtbl1q_s8(bytes, vld1q_u8(order));
}

/* Four pairs of matrix rows times 8 rows of a group, the first or the second: 8 columns
 * of their next state. */
I8MM void multiply(int8_t out[TENSORITY_ROWS][8], const group state, int half, const pair *m)
{
	int32x4_t sums[4][4];
	for (int v = 0; v < 4; v++)
		for (int p = 0; p < 4; p++)
			sums[v][p] = vdupq_n_s32(0);
	for (int o = 0; o < OCTETS; o++) {
		int8x16_t x[4], y[4];
		for (int i = 0; i < 4; i++) {
			x[i] = vld1q_s8(state[o][half + 2 * i]);
			y[i] = vld1q_s8(m[i][o][0]);
		}
		for (int v = 0; v < 4; v++)
			for (int p = 0; p < 4; p++)
				sums[v][p] = vmmlaq_s32(sums[v][p], x[v], y[p]);
	}
	for (int v = 0; v < 4; v++)
		vst1q_s8(out[half + 2 * v], fold_pair(sums[v][0], sums[v][1], sums[v][2], sums[v][3]));
}

__attribute__((target(TARGET)))
static void mul_fold(group out, const group state, const pair *m)
{
	for (int o = 0; o < OCTETS; o++) {
		multiply(out[o], state, 0, m + 4 * o);
		multiply(out[o], state, TENSORITY_ROWS / 2, m + 4 * o);
	}
}

static void rows(const void *seed, void *scratch, const uint8_t *indices, int first, int end)
{
	const pair (*matrices)[TENSORITY_SIZE / 2] = seed;
	struct scratch *s = scratch;
	const int from = first / TENSORITY_ROWS, to = end / TENSORITY_ROWS;
	for (int g = from; g < to; g++)
		first_product(s->state[0][g], g, matrices[indices[0]]);
	int now = 0;
	for (int n = 1; n < TENSORITY_PASSES * TENSORITY_INDICES; n++, now ^= 1)
		for (int g = from; g < to; g++)
			mul_fold(s->state[!now][g], s->state[now][g], matrices[indices[n % TENSORITY_INDICES]]);
	tensority_add_groups((tensority_group *)s->sum, (const tensority_group *)s->state[now], from, to);
}

static void finish(void *scratch, uint8_t *folded)
{
	struct scratch *s = scratch;
	uint8_t (*total)[TENSORITY_SIZE] = (void *)s->state; /* which is done with */
	for (int i = 0; i < TENSORITY_SIZE; i++)
		for (int o = 0; o < OCTETS; o++)
			memcpy(&total[i][8 * o], s->sum[i / TENSORITY_ROWS][o][i % TENSORITY_ROWS], 8);
	tensority_fold_rows((void *)s->sum, total, folded);
}

#define BEGIN_PEAK(i) int32x4_t sum##i = vdupq_n_s32(0);
#define PEAK(i)                      \
	sum##i = vmmlaq_s32(sum##i, a, b); \
	__asm__ volatile("" : "+w"(sum##i)); /* or the turns become one */

/* The inner loop's smmla without its loads: what it could do at best. */
__attribute__((target(TARGET)))
static double peak(uint32_t count)
{
	int8x16_t a = vdupq_n_s8(3), b = vdupq_n_s8(5);
	TENSORITY_EACH_OF_16(BEGIN_PEAK)
	for (uint32_t n = 0; n < count; n++) {
		TENSORITY_EACH_OF_16(PEAK)
	}
	return (double)count * 16 * 32;
}

_Static_assert(offsetof(struct scratch, sum) == 0, "the sum comes first");
_Static_assert(sizeof(group) == sizeof(tensority_group), "a byte an element");
_Static_assert(sizeof(struct scratch) <= TENSORITY_MOST_SCRATCH, "a scratch");

const struct tensority_kernel tensority_i8mm = {
	.seed_size = sizeof(tensority_matrix) * TENSORITY_COUNT,
	.scratch_size = sizeof(struct scratch),
	.step = 32,
	.pack = pack,
	.rows = rows,
	.finish = finish,
	.peaks = {{"smmla", peak}},
};
#endif

/* A file must not be empty. */
typedef int tensority_i8mm_file;
