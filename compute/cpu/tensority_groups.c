/* What the kernels have in common that hold the state as groups of 16 rows. Plain
 * C: together it is a hundredth of a hash, and compilers know how to make vectors of
 * these loops. */
#include "tensority_impl.h"

#include <string.h>

void tensority_first_product(tensority_group state, const int8_t *column, int stride, int8_t bias)
{
	for (int q = 0; q < TENSORITY_QUADS; q++) {
		const int8_t *rows = column + q / 4 * 16 * TENSORITY_SIZE + q % 4 * 4 * stride;
		for (int r = 0; r < TENSORITY_ROWS; r++)
			for (int i = 0; i < 4; i++) {
				/* fold(x) is x if that is not negative, else x - 1. */
				int8_t x = rows[i * stride + r];
				state[q][r][i] = (int8_t)((x + (x >> 7)) ^ bias);
			}
	}
}

void tensority_add_groups(tensority_group *sum, const tensority_group *state, int first, int end)
{
	uint8_t *to = (uint8_t *)sum[first];
	const uint8_t *from = (const uint8_t *)state[first];
	for (size_t i = 0; i < (size_t)(end - first) * sizeof(tensority_group); i++)
		to[i] = (uint8_t)(to[i] + from[i]);
}

_Static_assert(offsetof(struct tensority_groups, sum) == 0, "the sum comes first");
_Static_assert(sizeof((struct tensority_groups *)0)->sum == TENSORITY_SUM, "a byte an element");

void tensority_finish_groups(void *scratch, uint8_t *folded)
{
	struct tensority_groups *s = scratch;
	uint8_t (*total)[TENSORITY_SIZE] = (void *)s->state; /* which is done with */
	for (int i = 0; i < TENSORITY_SIZE; i++)
		for (int q = 0; q < TENSORITY_QUADS; q++)
			memcpy(&total[i][4 * q], s->sum[i / TENSORITY_ROWS][q][i % TENSORITY_ROWS], 4);
	tensority_fold_rows((void *)s->sum, total, folded);
}

void tensority_pack_biased(void *seed, int first, int end)
{
	struct tensority_biased_seed *s = seed;
	for (int n = first; n < end; n++)
		for (int i = 0; i < TENSORITY_SIZE; i++) {
			int32_t sum = 0;
			for (int j = 0; j < TENSORITY_SIZE; j++)
				sum += s->matrices[n][i][j];
			s->start[n][i] = (1 << 15) - 128 * sum;
		}
}
