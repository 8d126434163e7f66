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
#if defined(__aarch64__)
#define TENSORITY_ARM64 1
#endif

enum {
	TENSORITY_SIZE = 256,     /* rows and columns of a matrix */
	TENSORITY_COUNT = 256,    /* matrices of a seed */
	TENSORITY_CHAINS = 4,     /* slices of a header, each with its chain */
	TENSORITY_INDICES = 32,   /* matrix numbers of a chain */
	TENSORITY_PASSES = 2,     /* times that a chain goes through them */
	TENSORITY_WORDS = 64,     /* words of 32 bits in a row of the sum */
	TENSORITY_STATE = 32,     /* words of ROMix's state */
	TENSORITY_ROUNDS = 128,   /* ROMix rounds, two matrices each */
	TENSORITY_BLOCKS = 1024,  /* N of ROMix */
	TENSORITY_BLOCK = 128,    /* bytes of one of ROMix's blocks: half a row */
	TENSORITY_ALIGN = 64,     /* alignment of seeds and scratches */

	/* What no kernel may exceed. */
	TENSORITY_MOST_SEED = 18 << 20,    /* bytes of a seed */
	TENSORITY_MOST_SCRATCH = 256 << 10 /* bytes of a scratch */
};

#define TENSORITY_FNV_PRIME UINT32_C(0x01000193)

/* What a peak does with each of its sums, which are variables: gcc would keep an array
 * in memory whose elements are operands of asm statements. */
#define TENSORITY_EACH_OF_12(DO) \
	DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11)
#define TENSORITY_EACH_OF_16(DO) TENSORITY_EACH_OF_12(DO) DO(12) DO(13) DO(14) DO(15)

/* The instruction sets, from the plainest to the fastest of each architecture. */
enum tensority_isa {
	TENSORITY_PORTABLE,
	TENSORITY_AVX2,
	TENSORITY_AVXVNNI,
	TENSORITY_AVX512VNNI,
	TENSORITY_AMX,
	TENSORITY_DOTPROD,
	TENSORITY_I8MM,
	TENSORITY_ISAS /* how many there are */
};

/* The ways to expand a seed. Which one is the fastest has little to do with the
 * kernels: it is a matter of latencies, not of how much is done at a time. */
enum tensority_expansion {
	TENSORITY_EXPANSION_PORTABLE,
	TENSORITY_EXPANSION_SCALAR,
	TENSORITY_EXPANSION_AVX2,
	TENSORITY_EXPANSION_AVX512,
	TENSORITY_EXPANSIONS /* how many there are */
};

enum tensority_verdict {
	TENSORITY_USABLE,
	TENSORITY_OTHER_ARCHITECTURE,
	TENSORITY_COMPILER_LACKS, /* was too old to compile it */
	TENSORITY_CPU_LACKS,      /* CPUID says no */
	TENSORITY_OS_LACKS        /* the system does not save or grant its registers */
};

/* 256 matrices of int8, row by row, in their order: 16 MiB. A seed begins with
 * them, until it is packed. */
typedef int8_t tensority_matrix[TENSORITY_SIZE][TENSORITY_SIZE];

/* tensority_dispatch.c: the only file that knows the machine. */

enum tensority_verdict tensority_support(enum tensority_isa isa);

enum tensority_verdict tensority_expansion_support(enum tensority_expansion expansion);

/* A seed is memory for its matrices and what an instruction set wants besides:
 * allocated (NULL if there is no memory), expanded, packed, shared by any number of
 * threads, freed. Packing brings it into the order of its instruction set. */
void *tensority_seed_allocate(enum tensority_isa isa);
/* The rounds from first to before end, each of which goes on from the state that the
 * one before has left, and writes its two matrices. */
void tensority_seed_expand(enum tensority_expansion expansion, void *seed, uint32_t *state, int first, int end);
/* Whether there is anything to pack. */
int tensority_packs(enum tensority_isa isa);
/* The matrices from first to before end, which are done with by the expansion. */
void tensority_seed_pack(enum tensority_isa isa, void *seed, int first, int end);
/* Has the system find its pages, while another thread may expand it already. */
void tensority_seed_touch(enum tensority_isa isa, void *seed);
void tensority_seed_free(enum tensority_isa isa, void *seed);

/* Allocates what one thread needs to hash, or returns NULL. */
void *tensority_scratch_new(enum tensority_isa isa);
void tensority_scratch_free(enum tensority_isa isa, void *scratch);
/* Steps 5 to 7 of one hash: from its matrix numbers to the 256 bytes that SHA3
 * makes the result of. The seed is one of the same instruction set. */
void tensority_hash(enum tensority_isa isa, const void *seed, void *scratch,
	const uint8_t *indices, uint8_t *folded);

/* The same in pieces, for several threads with a scratch each. The rows of a chain
 * never mix, and the chains meet in a sum mod 256 alone, so each piece, some rows
 * of a chain, is computed in any scratch. The sums of the pieces are added. */

/* How many rows a piece of a chain has at least. */
int tensority_step(enum tensority_isa isa);
/* Empties the rows from first to before end of a scratch's sum. */
void tensority_begin(void *scratch, int first, int end);
/* Computes the rows from first to before end of a chain and adds them to the
 * scratch's sum. Both are multiples of the step. */
void tensority_rows(enum tensority_isa isa, const void *seed, void *scratch,
	const uint8_t *indices, int chain, int first, int end);
/* Adds these rows of a scratch's sum to a sum elsewhere, in the same order. */
void tensority_add(uint8_t *sum, const void *scratch, int first, int end);
/* Steps 6 and 7: folds the sum, which it destroys. */
void tensority_finish(enum tensority_isa isa, void *scratch, uint8_t *folded);
/* The name of an instruction set's n-th peak loop, NULL if it has none. */
const char *tensority_peak_name(enum tensority_isa isa, int n);
/* Runs that loop, multiply-adds on registers alone, count times and returns how many
 * multiply-adds this made. */
double tensority_peak(enum tensority_isa isa, int n, uint32_t count);
/* Makes that many additions, each of which waits for the one before, a cycle each, and
 * returns how many: 0 where there is no telling what a compiler would make of them. */
double tensority_additions(uint32_t count);

/* tensority_clock.c: nanoseconds since some moment, in steps of a microsecond or less. Go's
 * clock goes by a timer's ticks on Windows, 0.5 to 16 ms, in which many rounds of a seed pass. */
uint64_t tensority_clock(void);

/* tensority_memory.c */

/* Memory aligned to 2 MiB and, where the system has them, on huge pages. */
void *tensority_allocate(size_t size);
void tensority_release(void *memory, size_t size);
/* Has the system find the pages of memory that another thread may be writing to. */
void tensority_touch(void *memory, size_t size);

/* What an instruction set is, for the dispatch. */
struct tensority_kernel {
	size_t seed_size, scratch_size;
	int step;
	void (*pack)(void *seed, int first, int end); /* NULL if the matrices are read as they are */
	/* The indices are those of the chain alone. */
	void (*rows)(const void *seed, void *scratch, const uint8_t *indices, int first, int end);
	void (*finish)(void *scratch, uint8_t *folded);
	/* What it could do at best; first what its own inner loop is made of. */
	struct {
		const char *name; /* of the instruction that multiplies; NULL ends the list */
		double (*run)(uint32_t count);
	} peaks[3];
};

extern const struct tensority_kernel tensority_portable;

/* tensority_portable.c */

/* Every scratch begins with its sum, a byte an element. A piece's rows are its bytes
 * from first * TENSORITY_SIZE on, in an order of the instruction set's own. */
enum { TENSORITY_SUM = TENSORITY_SIZE * TENSORITY_SIZE };

/* Steps 6 and 7 of a sum in the order of rows, with room for its words. Shared by
 * all instruction sets: it takes microseconds. */
void tensority_fold_rows(uint32_t words[TENSORITY_SIZE][TENSORITY_WORDS],
	uint8_t sum[TENSORITY_SIZE][TENSORITY_SIZE], uint8_t *folded);

static inline void tensority_store32(uint8_t *p, uint32_t x)
{
	p[0] = (uint8_t)x;
	p[1] = (uint8_t)(x >> 8);
	p[2] = (uint8_t)(x >> 16);
	p[3] = (uint8_t)(x >> 24);
}

/* An expansion's function does one round of ROMix: from the state, which it leaves at
 * the round's end, to the round's two matrices. */
typedef void tensority_mix(uint8_t *matrices, uint32_t *state);

/* Where ROMix's i-th block of a round belongs: even blocks are the halves of the
 * rows of the round's first matrix, odd blocks those of its second. */
static inline uint8_t *tensority_block(uint8_t *matrices, uint32_t i)
{
	return matrices + (i & 1) * sizeof(tensority_matrix) + (i >> 1) * TENSORITY_BLOCK;
}

tensority_mix tensority_mix_portable;

/* tensority_groups.c: what the kernels have in common that hold the state as
 * groups of 16 rows, each in the order in which dot products of 4 bytes want it:
 * column quad by column quad, the rows' four bytes side by side. */

enum {
	TENSORITY_ROWS = 16,                                /* rows in a group */
	TENSORITY_GROUPS = TENSORITY_SIZE / TENSORITY_ROWS, /* 16 groups */
	TENSORITY_QUADS = TENSORITY_SIZE / 4                /* 64 quads of columns */
};

typedef int8_t tensority_group[TENSORITY_QUADS][TENSORITY_ROWS][4];

struct tensority_groups {
	tensority_group sum[TENSORITY_GROUPS];
	tensority_group state[2][TENSORITY_GROUPS]; /* a product goes from one to the other */
};
_Static_assert(sizeof(struct tensority_groups) <= TENSORITY_MOST_SCRATCH, "a scratch");

/* The first product, identity times transposed matrix, is a look-up: row i of the
 * result is column i of the matrix. Every byte of the state is xored with bias. column
 * is the matrix from the group's first column on; its rows are stride bytes apart, and
 * each 16 of them take 4 KiB. */
void tensority_first_product(tensority_group state, const int8_t *column, int stride, int8_t bias);
/* Adds the groups from first to before end to the sum. */
void tensority_add_groups(tensority_group *sum, const tensority_group *state, int first, int end);
/* Steps 6 and 7 of a sum of groups. */
void tensority_finish_groups(void *scratch, uint8_t *folded);

/* Kernels whose dot product takes one side unsigned hold the state as x + 128 and
 * make up for it in where the sums begin. With a matrix row's elements m, the sum of
 * m * (x + 128) is 128 * (sum of m) too large. 2^15 more makes fold(x) + 128 of
 * fold(x), since that is the high byte of 257 * x mod 2^16. Four times 128, from the
 * chains' end states, vanish from the sum. The table stands behind the matrices. */
struct tensority_biased_seed {
	tensority_matrix matrices[TENSORITY_COUNT];
	int32_t start[TENSORITY_COUNT][TENSORITY_SIZE];
};
enum { TENSORITY_BIAS = -128 };
_Static_assert(sizeof(struct tensority_biased_seed) <= TENSORITY_MOST_SEED, "a seed");

void tensority_pack_biased(void *seed, int first, int end);

#ifdef TENSORITY_X86
tensority_mix tensority_mix_avx2;
#if __has_attribute(naked)
#define TENSORITY_HAS_SCALAR 1
tensority_mix tensority_mix_scalar;
#endif
extern const struct tensority_kernel tensority_avx2;

/* A file whose instructions the compiler does not know is left out. */
#if defined(TENSORITY_EMULATED) || __has_include(<avxvnniintrin.h>)
#define TENSORITY_HAS_AVXVNNI 1
extern const struct tensority_kernel tensority_avxvnni;
#endif
#if defined(TENSORITY_EMULATED) || __has_include(<avx512vnniintrin.h>)
#define TENSORITY_HAS_AVX512VNNI 1
tensority_mix tensority_mix_avx512;
extern const struct tensority_kernel tensority_avx512vnni;
#endif
/* gcc has the former of these headers, clang the latter. Only Linux is asked for tiles;
 * gcc takes their stride as a long, which on Windows is too short for an address. */
#if defined(TENSORITY_EMULATED) || defined(__linux__) && (__has_include(<amxint8intrin.h>) || __has_include(<amxintrin.h>))
#define TENSORITY_HAS_AMX 1
extern const struct tensority_kernel tensority_amx;
#endif
#endif

#ifdef TENSORITY_ARM64
/* clang before 17 has these intrinsics only if the whole file may use them. */
#if !defined(__clang__) || __clang_major__ >= 17 || defined(__ARM_FEATURE_DOTPROD)
#define TENSORITY_HAS_DOTPROD 1
extern const struct tensority_kernel tensority_dotprod;
#endif
#if !defined(__clang__) || __clang_major__ >= 17 || defined(__ARM_FEATURE_MATMUL_INT8)
#define TENSORITY_HAS_I8MM 1
extern const struct tensority_kernel tensority_i8mm;
#endif
#endif

#endif
