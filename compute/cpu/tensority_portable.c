/* The plainest C: follows docs/tensority.md line by line, makes no assumption
 * about the machine, and is always linked. */
#include "tensority_impl.h"

#include <string.h>

struct scratch {
	uint8_t sum[TENSORITY_SIZE][TENSORITY_SIZE];
	tensority_matrix state;
	int16_t wide[TENSORITY_SIZE][TENSORITY_SIZE]; /* the matrix under way */
};

static uint32_t load32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void store32(uint8_t *p, uint32_t x)
{
	p[0] = (uint8_t)x;
	p[1] = (uint8_t)(x >> 8);
	p[2] = (uint8_t)(x >> 16);
	p[3] = (uint8_t)(x >> 24);
}

static uint32_t rotate(uint32_t x, int n)
{
	return x << n | x >> (32 - n);
}

/* Salsa20's quarter-round of a line whose diagonal word is a. */
#define QUARTER(a, b, c, d)              \
	do {                             \
		b ^= rotate(a + d, 7);   \
		c ^= rotate(b + a, 9);   \
		d ^= rotate(c + b, 13);  \
		a ^= rotate(d + c, 18);  \
	} while (0)

/* Replaces x by the Salsa20/8 core of x ^ y. */
static void salsa_xor(uint32_t x[16], const uint32_t y[16])
{
	uint32_t before[16];
	for (int i = 0; i < 16; i++)
		before[i] = x[i] ^= y[i];
	for (int i = 0; i < 4; i++) {
		QUARTER(x[0], x[4], x[8], x[12]);
		QUARTER(x[5], x[9], x[13], x[1]);
		QUARTER(x[10], x[14], x[2], x[6]);
		QUARTER(x[15], x[3], x[7], x[11]);

		QUARTER(x[0], x[1], x[2], x[3]);
		QUARTER(x[5], x[6], x[7], x[4]);
		QUARTER(x[10], x[11], x[8], x[9]);
		QUARTER(x[15], x[12], x[13], x[14]);
	}
	for (int i = 0; i < 16; i++)
		x[i] += before[i];
}

/* BlockMix with r = 1: the halves keep their places. */
static void block_mix(uint32_t state[32])
{
	salsa_xor(state, state + 16);
	salsa_xor(state + 16, state);
}

void tensority_expand_portable(void *seed, const uint8_t *extended)
{
	uint32_t state[32];
	for (int i = 0; i < 32; i++)
		state[i] = load32(extended + 4 * i);

	for (int round = 0; round < TENSORITY_ROUNDS; round++) {
		for (uint32_t n = 0; n < TENSORITY_BLOCKS; n++) {
			uint8_t *block = tensority_block(seed, round, n);
			for (int i = 0; i < 32; i++)
				store32(block + 4 * i, state[i]);
			block_mix(state);
		}
		for (uint32_t n = 0; n < TENSORITY_BLOCKS; n++) {
			const uint8_t *block = tensority_block(seed, round, state[16] % TENSORITY_BLOCKS);
			for (int i = 0; i < 32; i++)
				state[i] ^= load32(block + 4 * i);
			block_mix(state);
		}
	}
}

/* The low byte of x plus the next one, as int8. Converting a value above 127 to
 * int8_t is left to the compiler by the standard; all of them wrap. */
static int8_t fold(int32_t x)
{
	uint32_t u = (uint32_t)x;
	return (int8_t)(uint8_t)((u & 0xff) + (u >> 8 & 0xff));
}

/* state = fold(state * transpose of m), in integers, of the rows from first to
 * before end. A row of the result depends on the same row of the state alone, so it
 * takes its place. Elements are widened to 16 bits first because compilers know how
 * to make a sum of products of those. */
static void mul_fold(struct scratch *s, const tensority_matrix m, int first, int end)
{
	for (int j = 0; j < TENSORITY_SIZE; j++)
		for (int k = 0; k < TENSORITY_SIZE; k++)
			s->wide[j][k] = m[j][k];

	for (int i = first; i < end; i++) {
		int16_t row[TENSORITY_SIZE];
		for (int k = 0; k < TENSORITY_SIZE; k++)
			row[k] = s->state[i][k];
		for (int j = 0; j < TENSORITY_SIZE; j++) {
			int32_t x = 0;
			for (int k = 0; k < TENSORITY_SIZE; k++)
				x += row[k] * s->wide[j][k];
			s->state[i][j] = fold(x);
		}
	}
}

static void rows(const void *seed, void *scratch, const uint8_t *indices, int first, int end)
{
	const tensority_matrix *matrices = seed;
	struct scratch *s = scratch;
	for (int i = first; i < end; i++) {
		memset(s->state[i], 0, sizeof s->state[i]);
		s->state[i][i] = 1; /* the identity */
	}
	for (int n = 0; n < TENSORITY_PASSES * TENSORITY_INDICES; n++)
		mul_fold(s, matrices[indices[n % TENSORITY_INDICES]], first, end);
	for (int i = first; i < end; i++)
		for (int j = 0; j < TENSORITY_SIZE; j++)
			s->sum[i][j] = (uint8_t)(s->sum[i][j] + (uint8_t)s->state[i][j]);
}

static void finish(void *scratch, uint8_t *folded)
{
	struct scratch *s = scratch;
	/* The state is done with: its room serves for the words. */
	tensority_fold_rows((void *)s->state, s->sum, folded);
}

void tensority_fold_rows(uint32_t words[TENSORITY_SIZE][TENSORITY_WORDS],
	uint8_t sum[TENSORITY_SIZE][TENSORITY_SIZE], uint8_t *folded)
{
	for (int i = 0; i < TENSORITY_SIZE; i++)
		for (int w = 0; w < TENSORITY_WORDS; w++)
			words[i][w] = (uint32_t)sum[i][w] | (uint32_t)sum[i][w + 64] << 8 |
				(uint32_t)sum[i][w + 128] << 16 | (uint32_t)sum[i][w + 192] << 24;

	for (int half = TENSORITY_SIZE / 2; half > 0; half /= 2)
		for (int i = 0; i < half; i++)
			for (int w = 0; w < TENSORITY_WORDS; w++)
				words[i][w] = words[i][w] * TENSORITY_FNV_PRIME ^ words[i + half][w];

	for (int w = 0; w < TENSORITY_WORDS; w++)
		store32(folded + 4 * w, words[0][w]);
}

_Static_assert(offsetof(struct scratch, sum) == 0, "the sum comes first");
_Static_assert(sizeof(struct scratch) <= TENSORITY_MOST_SCRATCH, "a scratch");

const struct tensority_kernel tensority_portable = {
	.seed_size = sizeof(tensority_matrix) * TENSORITY_COUNT,
	.scratch_size = sizeof(struct scratch),
	.step = 32,
	.expand = tensority_expand_portable,
	.rows = rows,
	.finish = finish,
};
