/* The AVX2 kernel.
 *
 * AVX2 has no dot product of int8, and vpmaddwd on operands widened to int16 makes
 * 16 multiply-adds an instruction. vpmaddubsw makes 32, but takes one operand
 * unsigned and saturates each sum of two products at 16 bits. Both are overcome:
 *
 * Write s for -1 where a state element a is negative and 0 where not, and b for
 * a matrix element. As -b = ~b + 1 = (b ^ -1) + 1,
 *
 *     a * b = |a| * (b ^ s) + (a < 0 ? |a| : 0).
 *
 * |a| is at most 128 and unsigned; b ^ s is an int8 for every b, even -128. A
 * sum of two products lies between -2 * 128 * 128 = -32768 and 2 * 128 * 127 =
 * 32512, so vpmaddubsw never saturates. The correction depends on the row of the
 * state alone: it is summed once a row and product, and the accumulators start
 * from it. And as fold(x) is the high byte of 257 * x mod 2^16, accumulators of
 * 16 bits suffice and may wrap.
 *
 * So 32 multiply-adds are three instructions (vpxor, vpmaddubsw, vpaddw) where
 * widened operands take four (twice vpmaddwd, vpaddd).
 *
 * Rows never mix: each group of 16 rows is two registers wide, 8 rows of a
 * column quad in each. Matrices stay as they are, row by row: a quad of a row is
 * broadcast. Four matrix rows times two registers make eight accumulators. */
#include "tensority_impl.h"

#ifdef TENSORITY_X86
#include <immintrin.h>

#define AVX2 static inline __attribute__((always_inline, target("avx2")))

struct scratch {
	/* The beginning of struct tensority_groups. A product needs no second state:
	 * the group under way stands below. */
	tensority_group sum[TENSORITY_GROUPS];
	tensority_group state[TENSORITY_GROUPS];
	/* The group under way, taken apart. */
	struct {
		int8_t magnitude[TENSORITY_ROWS][4]; /* |x|, unsigned */
		int8_t sign[TENSORITY_ROWS][4];      /* -1 where x < 0, else 0 */
	} quads[TENSORITY_QUADS];
};

AVX2 __m256i load(const void *p) { return _mm256_load_si256(p); }
AVX2 void store(void *p, __m256i x) { _mm256_store_si256(p, x); }

/* The inner loop is written in assembly: with eight accumulators, four state
 * registers and four for the products it needs all sixteen, and the compilers,
 * given intrinsics, spill in the one loop that takes all the time.
 *
 * PRODUCTS adds the products of two matrix rows' quads, broadcast to b and c,
 * with the state's two registers. Two rows at a time give the scheduler four
 * independent products; that order was the fastest of those tried. */
#define PRODUCTS(acc00, acc01, acc10, acc11)             \
	"vpxor %[sign1], %[b], %[t]\n\t"                 \
	"vpxor %[sign0], %[b], %[b]\n\t"                 \
	"vpxor %[sign1], %[c], %[u]\n\t"                 \
	"vpxor %[sign0], %[c], %[c]\n\t"                 \
	"vpmaddubsw %[b], %[magnitude0], %[b]\n\t"       \
	"vpmaddubsw %[t], %[magnitude1], %[t]\n\t"       \
	"vpmaddubsw %[c], %[magnitude0], %[c]\n\t"       \
	"vpmaddubsw %[u], %[magnitude1], %[u]\n\t"       \
	"vpaddw %[b], %[" acc00 "], %[" acc00 "]\n\t"    \
	"vpaddw %[t], %[" acc01 "], %[" acc01 "]\n\t"    \
	"vpaddw %[c], %[" acc10 "], %[" acc10 "]\n\t"    \
	"vpaddw %[u], %[" acc11 "], %[" acc11 "]\n\t"

/* A column quad of four matrix rows and of the group. */
#define QUAD(row_offset, quad_offset)                                  \
	"vmovdqa " quad_offset "+0(%[quads]), %[magnitude0]\n\t"       \
	"vmovdqa " quad_offset "+32(%[quads]), %[magnitude1]\n\t"      \
	"vmovdqa " quad_offset "+64(%[quads]), %[sign0]\n\t"           \
	"vmovdqa " quad_offset "+96(%[quads]), %[sign1]\n\t"           \
	"vpbroadcastd " row_offset "(%[rows]), %[b]\n\t"               \
	"vpbroadcastd " row_offset "+256(%[rows]), %[c]\n\t"     \
	PRODUCTS("acc00", "acc01", "acc10", "acc11")                   \
	"vpbroadcastd " row_offset "+512(%[rows]), %[b]\n\t"   \
	"vpbroadcastd " row_offset "+768(%[rows]), %[c]\n\t"    \
	PRODUCTS("acc20", "acc21", "acc30", "acc31")

/* Takes a group apart into magnitudes and signs. correction[v] becomes, for
 * each of the register's 8 rows, two 16-bit sums whose sum is the correction. */
AVX2 void take_apart(struct scratch *s, int group, __m256i correction[2])
{
	const __m256i zero = _mm256_setzero_si256(), ones = _mm256_set1_epi8(1);
	correction[0] = correction[1] = zero;
	for (int q = 0; q < TENSORITY_QUADS; q++) {
		for (int v = 0; v < 2; v++) {
			__m256i x = load(s->state[group][q][8 * v]);
			__m256i magnitude = _mm256_abs_epi8(x);
			__m256i sign = _mm256_cmpgt_epi8(zero, x);
			store(s->quads[q].magnitude[8 * v], magnitude);
			store(s->quads[q].sign[8 * v], sign);
			correction[v] = _mm256_add_epi16(correction[v],
				_mm256_maddubs_epi16(_mm256_and_si256(magnitude, sign), ones));
		}
	}
}

/* Adds the products of 4 matrix rows with the group's 16 rows to acc. Each row
 * has two 16-bit sums in its accumulator, of its even and of its odd pairs. */
AVX2 void multiply(__m256i acc[4][2], const struct scratch *s, const int8_t *rows)
{
	const int8_t *end = rows + TENSORITY_SIZE;
	const void *quads = s->quads;
	__m256i magnitude0, magnitude1, sign0, sign1, b, c, t, u;
	__asm__("0:\n\t"
		QUAD("0", "0") QUAD("4", "128") QUAD("8", "256") QUAD("12", "384")
		"add $16, %[rows]\n\t"
		"add $512, %[quads]\n\t"
		"cmp %[end], %[rows]\n\t"
		"jb 0b"
		: [acc00] "+x"(acc[0][0]), [acc01] "+x"(acc[0][1]),
		  [acc10] "+x"(acc[1][0]), [acc11] "+x"(acc[1][1]),
		  [acc20] "+x"(acc[2][0]), [acc21] "+x"(acc[2][1]),
		  [acc30] "+x"(acc[3][0]), [acc31] "+x"(acc[3][1]),
		  [magnitude0] "=&x"(magnitude0), [magnitude1] "=&x"(magnitude1),
		  [sign0] "=&x"(sign0), [sign1] "=&x"(sign1), [b] "=&x"(b), [c] "=&x"(c), [t] "=&x"(t), [u] "=&x"(u),
		  [rows] "+r"(rows), [quads] "+r"(quads)
		: [end] "r"(end)
		: "cc", "memory");
}

/* Folds two accumulators: the results are bytes 1 (of x) and 3 (of y) of each
 * row's 32 bits; bytes 0 and 2 are without meaning. */
AVX2 __m256i fold_two(__m256i x, __m256i y)
{
	const __m256i ones = _mm256_set1_epi16(1);
	x = _mm256_madd_epi16(x, ones);
	y = _mm256_madd_epi16(y, ones);
	__m256i sums = _mm256_blend_epi16(x, _mm256_slli_epi32(y, 16), 0xaa);
	return _mm256_add_epi16(sums, _mm256_slli_epi16(sums, 8));
}

/* Folds a register's results for 4 columns into the next state's quad. */
AVX2 __m256i fold_quad(__m256i x0, __m256i x1, __m256i x2, __m256i x3)
{
	__m256i even = _mm256_srli_epi16(fold_two(x0, x2), 8);
	__m256i odd = _mm256_and_si256(fold_two(x1, x3), _mm256_set1_epi16((short)0xff00));
	return _mm256_or_si256(even, odd);
}

/* One product of one group with the matrix m, in place. While it runs, the
 * group's share of the next product's matrix is fetched into L2. */
__attribute__((target("avx2")))
static void mul_fold(struct scratch *s, int group, const tensority_matrix m, const int8_t *ahead)
{
	__m256i correction[2];
	take_apart(s, group, correction);
	for (int j = 0; j < TENSORITY_QUADS; j++) {
		_mm_prefetch((const char *)ahead + 64 * j, _MM_HINT_T1);
		__m256i acc[4][2];
		for (int r = 0; r < 4; r++) {
			acc[r][0] = correction[0];
			acc[r][1] = correction[1];
		}
		multiply(acc, s, m[4 * j]);
		store(s->state[group][j][0], fold_quad(acc[0][0], acc[1][0], acc[2][0], acc[3][0]));
		store(s->state[group][j][8], fold_quad(acc[0][1], acc[1][1], acc[2][1], acc[3][1]));
	}
}

__attribute__((target("avx2")))
static void rows(const void *seed, void *scratch, const uint8_t *indices, int first, int end)
{
	const tensority_matrix *matrices = seed;
	struct scratch *s = scratch;
	const int from = first / TENSORITY_ROWS, to = end / TENSORITY_ROWS;
	for (int group = from; group < to; group++)
		tensority_first_product(s->state[group], &matrices[indices[0]][0][TENSORITY_ROWS * group], TENSORITY_SIZE, 0);
	for (int n = 1; n < TENSORITY_PASSES * TENSORITY_INDICES; n++) {
		const int8_t *ahead = matrices[indices[(n + 1) % TENSORITY_INDICES]][0];
		for (int group = from; group < to; group++)
			mul_fold(s, group, matrices[indices[n % TENSORITY_INDICES]],
				ahead + group * (int)sizeof s->state[0]);
	}
	tensority_add_groups(s->sum, s->state, from, to);
}

/* The inner loop's instructions without its loads: what it could do at best. The
 * broadcasts are stood in for by moves, which cost a register no execution. */
__attribute__((target("avx2")))
static double peak(uint32_t count)
{
	__m256i magnitude0 = _mm256_set1_epi8(3), magnitude1 = _mm256_set1_epi8(5);
	__m256i sign0 = _mm256_set1_epi8(-1), sign1 = _mm256_set1_epi8(1);
	__m256i zero = _mm256_setzero_si256(), b, c, t, u;
	__m256i acc00 = zero, acc01 = zero, acc10 = zero, acc11 = zero;
	for (uint32_t n = 0; n < count; n++)
		__asm__ volatile(
			"vmovdqa %[magnitude0], %[b]\n\t"
			"vmovdqa %[magnitude1], %[c]\n\t"
			PRODUCTS("acc00", "acc01", "acc10", "acc11")
			: [acc00] "+x"(acc00), [acc01] "+x"(acc01), [acc10] "+x"(acc10), [acc11] "+x"(acc11),
			  [b] "=&x"(b), [c] "=&x"(c), [t] "=&x"(t), [u] "=&x"(u)
			: [magnitude0] "x"(magnitude0), [magnitude1] "x"(magnitude1),
			  [sign0] "x"(sign0), [sign1] "x"(sign1));
	return (double)count * 4 * 32;
}

/* What the usual way, operands widened to 16 bits, could do at best. */
__attribute__((target("avx2")))
static double peak_vpmaddwd(uint32_t count)
{
	__m256i a = _mm256_set1_epi16(3), b = _mm256_set1_epi16(5), t, u, v, w;
	__m256i acc0 = _mm256_setzero_si256(), acc1 = acc0, acc2 = acc0, acc3 = acc0;
	for (uint32_t n = 0; n < count; n++)
		__asm__ volatile(
			"vpmaddwd %[a], %[b], %[t]\n\t"
			"vpmaddwd %[a], %[b], %[u]\n\t"
			"vpmaddwd %[a], %[b], %[v]\n\t"
			"vpmaddwd %[a], %[b], %[w]\n\t"
			"vpaddd %[t], %[acc0], %[acc0]\n\t"
			"vpaddd %[u], %[acc1], %[acc1]\n\t"
			"vpaddd %[v], %[acc2], %[acc2]\n\t"
			"vpaddd %[w], %[acc3], %[acc3]\n\t"
			: [acc0] "+x"(acc0), [acc1] "+x"(acc1), [acc2] "+x"(acc2), [acc3] "+x"(acc3),
			  [t] "=&x"(t), [u] "=&x"(u), [v] "=&x"(v), [w] "=&x"(w)
			: [a] "x"(a), [b] "x"(b));
	return (double)count * 4 * 16;
}

_Static_assert(sizeof(struct scratch) <= TENSORITY_MOST_SCRATCH, "a scratch");

const struct tensority_kernel tensority_avx2 = {
	.seed_size = sizeof(tensority_matrix) * TENSORITY_COUNT,
	.scratch_size = sizeof(struct scratch),
	.step = 32,
	.rows = rows,
	.finish = tensority_finish_groups,
	.peaks = {{"vpmaddubsw", peak}, {"vpmaddwd", peak_vpmaddwd}},
};
#endif

/* A file must not be empty. */
typedef int tensority_avx2_file;
