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
#include <string.h>

#define AVX2 static inline __attribute__((always_inline, target("avx2")))

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
AVX2 void take_apart(struct tensority_scratch_avx2 *s, int group, __m256i correction[2])
{
	const __m256i zero = _mm256_setzero_si256(), ones = _mm256_set1_epi8(1);
	correction[0] = correction[1] = zero;
	for (int q = 0; q < TENSORITY_AVX2_QUADS; q++) {
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
AVX2 void multiply(__m256i acc[4][2], const struct tensority_scratch_avx2 *s, const int8_t *rows)
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
static void mul_fold(struct tensority_scratch_avx2 *s, int group, tensority_matrix m, const int8_t *ahead)
{
	__m256i correction[2];
	take_apart(s, group, correction);
	for (int j = 0; j < TENSORITY_AVX2_QUADS; j++) {
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

/* 16 elements of a matrix row, folded: x if it is not negative, else x - 1. */
AVX2 __m128i fold_row(const int8_t *p)
{
	__m128i x = _mm_loadu_si128((const __m128i *)p);
	return _mm_add_epi8(x, _mm_cmpgt_epi8(_mm_setzero_si128(), x));
}

/* The first product, identity times transposed matrix, is a look-up: row i of
 * the result is column i of the matrix. 4 x 16 elements change their order. */
__attribute__((target("avx2")))
static void first_product(struct tensority_scratch_avx2 *s, int group, tensority_matrix m)
{
	for (int q = 0; q < TENSORITY_AVX2_QUADS; q++) {
		const int8_t *p = &m[4 * q][TENSORITY_AVX2_ROWS * group];
		__m128i r0 = fold_row(p), r1 = fold_row(p + TENSORITY_SIZE);
		__m128i r2 = fold_row(p + 2 * TENSORITY_SIZE), r3 = fold_row(p + 3 * TENSORITY_SIZE);
		__m128i low01 = _mm_unpacklo_epi8(r0, r1), high01 = _mm_unpackhi_epi8(r0, r1);
		__m128i low23 = _mm_unpacklo_epi8(r2, r3), high23 = _mm_unpackhi_epi8(r2, r3);
		__m128i *out = (__m128i *)s->state[group][q];
		_mm_store_si128(out, _mm_unpacklo_epi16(low01, low23));
		_mm_store_si128(out + 1, _mm_unpackhi_epi16(low01, low23));
		_mm_store_si128(out + 2, _mm_unpacklo_epi16(high01, high23));
		_mm_store_si128(out + 3, _mm_unpackhi_epi16(high01, high23));
	}
}

__attribute__((target("avx2")))
void tensority_rows_avx2(tensority_matrix *seed, struct tensority_scratch_avx2 *s,
	const uint8_t *indices, int first, int end)
{
	const int from = first / TENSORITY_AVX2_ROWS, to = end / TENSORITY_AVX2_ROWS;
	for (int group = from; group < to; group++)
		first_product(s, group, seed[indices[0]]);
	for (int n = 1; n < TENSORITY_PASSES * TENSORITY_INDICES; n++) {
		const int8_t *ahead = seed[indices[(n + 1) % TENSORITY_INDICES]][0];
		for (int group = from; group < to; group++)
			mul_fold(s, group, seed[indices[n % TENSORITY_INDICES]],
				ahead + group * (int)sizeof s->state[0]);
	}
	int8_t *sum = (int8_t *)s->sum[from], *state = (int8_t *)s->state[from];
	for (size_t i = 0; i < (size_t)(to - from) * sizeof s->sum[0]; i += 32)
		store(sum + i, _mm256_add_epi8(load(sum + i), load(state + i)));
}

/* Brings the sum back into rows, for which the state gives its room. */
static void untangle(struct tensority_scratch_avx2 *s, uint8_t total[TENSORITY_SIZE][TENSORITY_SIZE])
{
	for (int i = 0; i < TENSORITY_SIZE; i++)
		for (int q = 0; q < TENSORITY_AVX2_QUADS; q++)
			memcpy(&total[i][4 * q],
				s->sum[i / TENSORITY_AVX2_ROWS][q][i % TENSORITY_AVX2_ROWS], 4);
}

void tensority_finish_avx2(struct tensority_scratch_avx2 *s, uint8_t *folded)
{
	untangle(s, (void *)s->state);
	tensority_fold_rows((void *)s->sum, (void *)s->state, folded);
}

/* The inner loop's instructions without its loads: what it could do at best. The
 * broadcasts are stood in for by moves, which cost a register no execution. */
__attribute__((target("avx2")))
double tensority_peak_avx2(uint32_t count)
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
#endif

/* A file must not be empty. */
typedef int tensority_avx2_file;
