/* Tensority on a CPU: the constants and every function that the C files share.
 *
 * The algorithm is docs/tensority.md; its definition is ../tensority.go. C does
 * the heavy part of it, the expansion of a seed (steps 2 and 3) and a hash from
 * its matrix numbers to its folded sum (steps 5 to 7). SHA3 stays in Go.
 *
 * Functions named after an instruction set must only run where
 * tensority_support says that it is usable. None of them keeps a state of its
 * own: a seed may be used by any number of threads, a scratch by one. */
#ifndef TENSORITY_IMPL_H
#define TENSORITY_IMPL_H

/* cgo puts the user's flags, -O2 by default, behind those of the package. gcc
 * leaves sums of products as loops then; clang makes vectors of them anyway. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3")
#endif

#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__) || defined(_M_X64)
#define TENSORITY_X86 1
#endif

enum {
	TENSORITY_SIZE = 256,     /* rows and columns of a matrix */
	TENSORITY_COUNT = 256,    /* matrices of a seed */
	TENSORITY_CHAINS = 4,     /* slices of a header, each with its chain */
	TENSORITY_INDICES = 32,   /* matrix numbers of a chain */
	TENSORITY_PASSES = 2,     /* times that a chain goes through them */
	TENSORITY_STEP = 16,      /* rows of a piece of a chain: a multiple of this */
	TENSORITY_WORDS = 64,     /* words of 32 bits in a row of the sum */
	TENSORITY_EXTENDED = 128, /* bytes of the extended seed */
	TENSORITY_ROUNDS = 128,   /* ROMix rounds, two matrices each */
	TENSORITY_BLOCKS = 1024,  /* N of ROMix */
	TENSORITY_BLOCK = 128,    /* bytes of one of ROMix's blocks: half a row */
	TENSORITY_ALIGN = 64      /* alignment of seeds and scratches */
};

#define TENSORITY_FNV_PRIME UINT32_C(0x01000193)

/* The instruction sets, from the plainest to the fastest. */
enum tensority_isa {
	TENSORITY_PORTABLE,
	TENSORITY_AVX2,
	TENSORITY_ISAS /* how many there are */
};

enum tensority_verdict {
	TENSORITY_USABLE,
	TENSORITY_NOT_COMPILED, /* not an instruction set of this architecture */
	TENSORITY_CPU_LACKS,    /* CPUID says no */
	TENSORITY_OS_LACKS      /* the system does not save its registers */
};

/* 256 matrices of int8, row by row, in their order: 16 MiB. */
typedef int8_t tensority_matrix[TENSORITY_SIZE][TENSORITY_SIZE];

/* tensority_dispatch.c: the only file that knows the machine. */

enum tensority_verdict tensority_support(enum tensority_isa isa);
/* The fastest usable instruction set that is not above the cap. */
enum tensority_isa tensority_choose(enum tensority_isa cap);
/* Allocates and expands a seed, or returns NULL if there is no memory. */
tensority_matrix *tensority_seed_new(enum tensority_isa isa, const uint8_t *extended);
void tensority_seed_free(tensority_matrix *seed);
/* Allocates what one thread needs to hash, or returns NULL. */
void *tensority_scratch_new(enum tensority_isa isa);
void tensority_scratch_free(enum tensority_isa isa, void *scratch);
/* Steps 5 to 7 of one hash: from its matrix numbers to the 256 bytes that SHA3
 * makes the result of. The seed may come from any instruction set. */
void tensority_hash(enum tensority_isa isa, tensority_matrix *seed, void *scratch,
	const uint8_t *indices, uint8_t *folded);

/* The same in pieces, for several threads with a scratch each. The rows of a chain
 * never mix, and the chains meet in a sum mod 256 alone, so each piece, some rows
 * of a chain, goes into the sum of any scratch. In the end the sums are added. */

/* Empties a scratch's sum. */
void tensority_begin(void *scratch);
/* Computes the rows from first to before end of a chain and adds them to the
 * scratch's sum. Both are multiples of TENSORITY_STEP. */
void tensority_rows(enum tensority_isa isa, tensority_matrix *seed, void *scratch,
	const uint8_t *indices, int chain, int first, int end);
/* Adds another scratch's sum, of the same instruction set. */
void tensority_add(void *scratch, const void *other);
/* Steps 6 and 7: folds the sum, which it destroys. */
void tensority_finish(enum tensority_isa isa, void *scratch, uint8_t *folded);
/* Runs the instructions of the inner loop on registers alone, count times, and
 * returns the number of multiply-adds that this made: 0 if nothing is known
 * about this instruction set's limit. */
double tensority_peak(enum tensority_isa isa, uint32_t count);

/* tensority_memory.c */

/* Memory aligned to 2 MiB and, where the system has them, on huge pages. */
void *tensority_allocate(size_t size);
void tensority_release(void *memory, size_t size);

/* tensority_portable.c */

/* Every scratch begins with its sum, in an order of the instruction set's own. */
enum { TENSORITY_SUM = TENSORITY_SIZE * TENSORITY_SIZE };

struct tensority_scratch_portable {
	uint8_t sum[TENSORITY_SIZE][TENSORITY_SIZE];
	tensority_matrix state;
	int16_t wide[TENSORITY_SIZE][TENSORITY_SIZE]; /* the matrix under way */
};

void tensority_expand_portable(tensority_matrix *seed, const uint8_t *extended);
/* The indices are those of the chain alone. */
void tensority_rows_portable(tensority_matrix *seed, struct tensority_scratch_portable *scratch,
	const uint8_t *indices, int first, int end);
void tensority_finish_portable(struct tensority_scratch_portable *scratch, uint8_t *folded);
/* Steps 6 and 7 of a sum in the order of rows, with room for its words. Shared by
 * all instruction sets: it takes microseconds. */
void tensority_fold_rows(uint32_t words[TENSORITY_SIZE][TENSORITY_WORDS],
	uint8_t sum[TENSORITY_SIZE][TENSORITY_SIZE], uint8_t *folded);

/* Where ROMix's i-th block of a round belongs: even blocks are the halves of the
 * rows of the round's first matrix, odd blocks those of its second. */
static inline uint8_t *tensority_block(tensority_matrix *seed, int round, uint32_t i)
{
	return (uint8_t *)seed[2 * round + (i & 1)] + (i >> 1) * TENSORITY_BLOCK;
}

#ifdef TENSORITY_X86
/* tensority_avx2.c, tensority_seed_avx2.c */

enum {
	TENSORITY_AVX2_ROWS = 16,                                       /* rows in a group */
	TENSORITY_AVX2_GROUPS = TENSORITY_SIZE / TENSORITY_AVX2_ROWS,   /* 16 groups */
	TENSORITY_AVX2_QUADS = TENSORITY_SIZE / 4                       /* 64 quads of columns */
};

/* A group of 16 rows as the AVX2 kernel holds it: column quad by column quad,
 * the rows' four bytes side by side, 64 bytes a quad. */
typedef int8_t tensority_group_avx2[TENSORITY_AVX2_QUADS][TENSORITY_AVX2_ROWS][4];

struct tensority_scratch_avx2 {
	tensority_group_avx2 sum[TENSORITY_AVX2_GROUPS];
	tensority_group_avx2 state[TENSORITY_AVX2_GROUPS];
	/* The group under way, taken apart. */
	struct {
		int8_t magnitude[TENSORITY_AVX2_ROWS][4]; /* |x|, unsigned */
		int8_t sign[TENSORITY_AVX2_ROWS][4];      /* -1 where x < 0, else 0 */
	} quads[TENSORITY_AVX2_QUADS];
};

void tensority_expand_avx2(tensority_matrix *seed, const uint8_t *extended);
void tensority_rows_avx2(tensority_matrix *seed, struct tensority_scratch_avx2 *scratch,
	const uint8_t *indices, int first, int end);
void tensority_finish_avx2(struct tensority_scratch_avx2 *scratch, uint8_t *folded);
double tensority_peak_avx2(uint32_t count);
#endif

#endif
