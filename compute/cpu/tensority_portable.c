/* The plainest C: follows docs/tensority.md line by line, makes no assumption
 * about the machine, and is always linked. */
#include "tensority_impl.h"

#include <string.h>

struct scratch {
	uint8_t sum[TENSORITY_SIZE][TENSORITY_SIZE];
	tensority_matrix state;
	int16_t wide[TENSORITY_SIZE][TENSORITY_SIZE]; /* the matrix under way */
};

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
		tensority_store32(folded + 4 * w, words[0][w]);
}

_Static_assert(offsetof(struct scratch, sum) == 0, "the sum comes first");
_Static_assert(sizeof(struct scratch) <= TENSORITY_MOST_SCRATCH, "a scratch");

const struct tensority_kernel tensority_portable = {
	.seed_size = sizeof(tensority_matrix) * TENSORITY_COUNT,
	.scratch_size = sizeof(struct scratch),
	.step = 32,
	.rows = rows,
	.finish = finish,
};
