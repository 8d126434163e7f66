/* The AMX kernel: tdpbssd multiplies a tile of 16 matrix rows by 64 columns with one
 * of 16 column quads by a group's 16 rows, signed by signed, 16,384 multiply-adds in
 * 16 cycles.
 *
 * A block is two times two tiles of sums: 32 matrix rows by two groups, in four steps
 * of 64 columns. Per step two tiles of either side are loaded for four products, half
 * of what the loads could deliver. The eight tiles are then all in use, and nothing
 * is left to keep a block's sums in while they are folded. So blocks overlap: a tile
 * of sums is stored just before its first product of the next block, to 4 KiB that
 * stay in L1, and folded between that block's later products, when the tile unit is
 * busy anyway. Four rows of sums, folded, are one quad of the group: no permutation.
 *
 * Four groups, 16 KiB, stay in L1; two blocks in a row share their matrix rows. The
 * matrix lies in tiles, so that a tile is sixteen lines in a row. */
#include "tensority_impl.h"

#ifdef TENSORITY_HAS_AMX
#include "tensority_intrinsics.h"

#include <string.h>

#define TARGET TENSORITY_TARGET("avx512f,avx512bw,avx512vl,amx-tile,amx-int8")
#define AMX static inline __attribute__((always_inline, target(TARGET)))
#define FOLD512 AMX
#include "tensority_fold512.h"

enum {
	PANEL = 4,      /* groups worked on at a time: two pairs */
	STEPS = 4,      /* of 64 columns, in a row */
	TILE = 16 * 64, /* bytes */
	LINE = 64
};

struct scratch {
	struct tensority_groups groups; /* begins with the sum */
	/* A load may wait for a store under way to an address that is equal mod 4 KiB. The
	 * first step loads the first KiB of 4 of everything, right after the first tile
	 * of sums was stored: that goes to the second. */
	uint8_t distance[TILE];
	int32_t sums[4][16][16]; /* of the block before, being folded */
};

/* Tiles 0 to 3 hold sums, of the first and the second 16 matrix rows and in either
 * case of the first and the second group; 4 and 5 matrix rows, 6 and 7 groups. Not a
 * local variable: gcc 12 drops the stores to one. */
static const struct {
	uint8_t palette, start_row, reserved[14];
	uint16_t colsb[16];
	uint8_t rows[16];
} config __attribute__((aligned(64))) = {
	.palette = 1,
	.colsb = {64, 64, 64, 64, 64, 64, 64, 64},
	.rows = {16, 16, 16, 16, 16, 16, 16, 16},
};

/* Brings each 16 rows of a matrix into the order of tiles, in their place. */
static void pack(void *seed, int first, int end)
{
	tensority_matrix *matrices = seed;
	for (int n = first; n < end; n++)
		for (int j = 0; j < TENSORITY_SIZE; j += 16) {
			int8_t tiles[STEPS][16][LINE];
			for (int k = 0; k < STEPS; k++)
				for (int i = 0; i < 16; i++)
					memcpy(tiles[k][i], &matrices[n][j + i][LINE * k], LINE);
			memcpy(matrices[n][j], tiles, sizeof tiles);
		}
}

/* A group's first column in a matrix so ordered, whose rows are a line apart. */
static const int8_t *column(const tensority_matrix m, int group)
{
	const int c = TENSORITY_ROWS * group;
	return m[0] + c / LINE * TILE + c % LINE;
}

/* Where the results of a block belong: the quad of its first matrix row, in the next
 * state of its two groups. */
struct target {
	int8_t *out[2];
};

/* Folds four rows of a tile of sums, row 4 * s and on. */
AMX void fold_rows(const struct scratch *s, struct target to, int tile, int row)
{
	const int32_t (*sums)[16] = &s->sums[tile][4 * row];
	__m512i quad = fold_quad(_mm512_load_si512(sums[0]), _mm512_load_si512(sums[1]),
		_mm512_load_si512(sums[2]), _mm512_load_si512(sums[3]));
	_mm512_store_si512(to.out[tile % 2] + LINE * (4 * (tile / 2) + row), quad);
}

/* The tile unit reads what plain stores wrote: they must not be moved past. */
#define BARRIER() __asm__ volatile("" ::: "memory")

/* Tile numbers have to be literals, hence macros. A product takes 16 cycles: time to
 * fetch a line of the next matrix. */
#define PRODUCT(sum, rows, group)                               \
	do {                                                    \
		_tile_dpbssd(sum, rows, group);                 \
		_mm_prefetch((const char *)ahead, _MM_HINT_T1); \
		ahead += LINE;                                  \
	} while (0)

/* A sum's first product of a block, before which the last block's sum goes out. */
#define RENEW(sum, rows, group)                          \
	do {                                             \
		_tile_stored(sum, s->sums[sum], LINE);   \
		_tile_zero(sum);                         \
		PRODUCT(sum, rows, group);               \
	} while (0)

#define LOAD(tile, from, step) _tile_loadd(tile, (from) + (step) * TILE, LINE)

/* A step's four products, with eight quads of two tiles of sums folded between. */
#define STEP_AND_FOLD(step, tile)                              \
	do {                                                   \
		LOAD(4, rows, step);                           \
		LOAD(6, state0, step);                         \
		PRODUCT(0, 4, 6);                                 \
		fold_rows(s, before, tile, 0);                 \
		fold_rows(s, before, tile, 1);                 \
		LOAD(7, state1, step);                         \
		PRODUCT(1, 4, 7);                                 \
		fold_rows(s, before, tile, 2);                 \
		fold_rows(s, before, tile, 3);                 \
		LOAD(5, rows + 16 * TENSORITY_SIZE, step);     \
		PRODUCT(2, 5, 6);                                 \
		fold_rows(s, before, (tile) + 1, 0);           \
		fold_rows(s, before, (tile) + 1, 1);           \
		PRODUCT(3, 5, 7);                                 \
		fold_rows(s, before, (tile) + 1, 2);           \
		fold_rows(s, before, (tile) + 1, 3);           \
	} while (0)

/* Multiplies 32 matrix rows, in tiles, with two groups, and folds the sums of the
 * block before. Its own stay in the tiles. */
AMX void block(struct scratch *s, struct target before, const int8_t *rows,
	const int8_t *state0, const int8_t *state1, const int8_t *ahead)
{
	BARRIER();
	LOAD(4, rows, 0);
	LOAD(6, state0, 0);
	RENEW(0, 4, 6);
	LOAD(7, state1, 0);
	RENEW(1, 4, 7);
	LOAD(5, rows + 16 * TENSORITY_SIZE, 0);
	RENEW(2, 5, 6);
	RENEW(3, 5, 7);
	STEP_AND_FOLD(1, 0);
	STEP_AND_FOLD(2, 2);
	LOAD(4, rows, 3);
	LOAD(6, state0, 3);
	PRODUCT(0, 4, 6);
	LOAD(7, state1, 3);
	PRODUCT(1, 4, 7);
	LOAD(5, rows + 16 * TENSORITY_SIZE, 3);
	PRODUCT(2, 5, 6);
	PRODUCT(3, 5, 7);
}

/* Folds the last block of all. */
AMX void drain(struct scratch *s, struct target before)
{
	_tile_stored(0, s->sums[0], LINE);
	_tile_stored(1, s->sums[1], LINE);
	_tile_stored(2, s->sums[2], LINE);
	_tile_stored(3, s->sums[3], LINE);
	for (int tile = 0; tile < 4; tile++)
		for (int row = 0; row < 4; row++)
			fold_rows(s, before, tile, row);
}

/* One product of one panel. Returns where the sums belong that it leaves in the
 * tiles: to the second pair of groups, which the next product does not begin with. */
__attribute__((target(TARGET)))
static struct target multiply(struct scratch *s, struct target before, tensority_group *out,
	const tensority_group *state, const int8_t *rows, const int8_t *ahead)
{
	for (int j = 0; j < TENSORITY_SIZE; j += 32)
		for (int g = 0; g < PANEL; g += 2) {
			block(s, before, rows + j * TENSORITY_SIZE, state[g][0][0], state[g + 1][0][0], ahead);
			before = (struct target){{out[g][j / 4][0], out[g + 1][j / 4][0]}};
			ahead += 4 * STEPS * LINE;
		}
	return before;
}

__attribute__((target(TARGET)))
static void rows(const void *seed, void *scratch, const uint8_t *indices, int first, int end)
{
	const tensority_matrix *matrices = seed;
	struct scratch *s = scratch;
	struct tensority_groups *groups = &s->groups;
	const int from = first / TENSORITY_ROWS, to = end / TENSORITY_ROWS;
	for (int group = from; group < to; group++)
		tensority_first_product(groups->state[0][group], column(matrices[indices[0]], group), LINE, 0);
	int now = 0;
	/* What the tiles hold at first goes where the second block's results will. */
	int8_t *nowhere = groups->state[1][from][0][0];
	struct target before = {{nowhere, nowhere}};
	_tile_loadconfig(&config);
	for (int n = 1; n < TENSORITY_PASSES * TENSORITY_INDICES; n++, now ^= 1) {
		const int8_t *ahead = matrices[indices[(n + 1) % TENSORITY_INDICES]][0];
		for (int group = from; group < to; group += PANEL)
			before = multiply(s, before, &groups->state[!now][group], &groups->state[now][group],
				matrices[indices[n % TENSORITY_INDICES]][0], ahead + group * (int)sizeof(tensority_group));
	}
	drain(s, before);
	_tile_release();
	tensority_add_groups(groups->sum, groups->state[now], from, to);
}

/* The inner loop's tdpbssd without its loads: what it could do at best. */
__attribute__((target(TARGET)))
static double peak(uint32_t count)
{
	_tile_loadconfig(&config);
	for (uint32_t n = 0; n < count; n++) {
		_tile_dpbssd(0, 6, 7);
		_tile_dpbssd(1, 6, 7);
		_tile_dpbssd(2, 6, 7);
		_tile_dpbssd(3, 6, 7);
		_tile_dpbssd(4, 6, 7);
		_tile_dpbssd(5, 6, 7);
	}
	_tile_release();
	return (double)count * 6 * 16 * 16 * 64;
}

_Static_assert(offsetof(struct scratch, groups.sum) == 0, "the sum comes first");
_Static_assert(sizeof(struct scratch) <= TENSORITY_MOST_SCRATCH, "a scratch");

const struct tensority_kernel tensority_amx = {
	.seed_size = sizeof(tensority_matrix) * TENSORITY_COUNT,
	.scratch_size = sizeof(struct scratch),
	.step = PANEL * TENSORITY_ROWS,
	.pack = pack,
	.rows = rows,
	.finish = tensority_finish_groups,
	.peaks = {{"tdpbssd", peak}},
};
#endif

/* A file must not be empty. */
typedef int tensority_amx_file;
