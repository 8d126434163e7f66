/* The AVX-VNNI kernel: vpdpbusd on 256 bits, for client chips without AVX-512.
 *
 * vpdpbusd adds the four products of unsigned by signed bytes to each of 8 sums. The
 * state is the unsigned side (see struct tensority_biased_seed); a quad of a matrix
 * row is broadcast to the signed one. A sum depends on itself every 5 cycles, in
 * which two ports begin 10: six matrix rows times the group's two registers make 12
 * sums, and with the state's two and a broadcast fill 15 of the 16 registers. Fewer
 * sums would leave ports idle. Results are needed by four rows, so twelve rows, two
 * times six, are worked on at a time; 256 = 21 * 12 + 4. */
#include "tensority_impl.h"

#ifdef TENSORITY_HAS_AVXVNNI
#include "tensority_intrinsics.h"

#define TARGET TENSORITY_TARGET("avx2,avxvnni")
#define AVXVNNI static inline __attribute__((always_inline, target(TARGET)))

AVXVNNI __m256i load(const void *p) { return _mm256_load_si256(p); }
AVXVNNI void store(void *p, __m256i x) { _mm256_store_si256(p, x); }

AVXVNNI __m256i broadcast(const int8_t *p)
{
	return _mm256_set1_epi32(*(const int32_t __attribute__((may_alias)) *)p);
}

/* One quad of a matrix row. Sums have names of their own, a row's number and that of
 * the state's register. */
#define ROW(r)                                                             \
	do {                                                               \
		__m256i m = broadcast(rows + r * TENSORITY_SIZE + 4 * q);  \
		sum##r##0 = _mm256_dpbusd_avx_epi32(sum##r##0, low, m);    \
		sum##r##1 = _mm256_dpbusd_avx_epi32(sum##r##1, high, m);   \
	} while (0)

#define BEGIN(r) __m256i sum##r##0 = _mm256_set1_epi32(start[r]), sum##r##1 = sum##r##0
#define END(r) (sums[r][0] = sum##r##0, sums[r][1] = sum##r##1)

/* Keeps all twelve at once. gcc 12 copies them round in each turn otherwise, and, kept
 * one by one, still copies the last, which then is the slowest of them. */
#ifdef TENSORITY_EMULATED
#define KEEP_ALL() ((void)0)
#else
#define KEEP_ALL()                                                                      \
	__asm__ volatile("" : "+x"(sum00), "+x"(sum01), "+x"(sum10), "+x"(sum11),       \
		"+x"(sum20), "+x"(sum21), "+x"(sum30), "+x"(sum31), "+x"(sum40),        \
		"+x"(sum41), "+x"(sum50), "+x"(sum51))
#endif

/* sums = start + six matrix rows times the group. A function of its own, with nothing
 * else in its registers. */
__attribute__((noinline, target(TARGET)))
static void multiply6(__m256i sums[6][2], const tensority_group state, const int8_t *rows, const int32_t *start)
{
	BEGIN(0); BEGIN(1); BEGIN(2); BEGIN(3); BEGIN(4); BEGIN(5);
	for (int q = 0; q < TENSORITY_QUADS; q++) {
		__m256i low = load(state[q][0]), high = load(state[q][8]);
		ROW(0); ROW(1); ROW(2); ROW(3); ROW(4); ROW(5);
		KEEP_ALL();
	}
	END(0); END(1); END(2); END(3); END(4); END(5);
}

/* The same with the four rows that are left over. */
AVXVNNI void multiply4(__m256i sums[4][2], const tensority_group state, const int8_t *rows, const int32_t *start)
{
	BEGIN(0); BEGIN(1); BEGIN(2); BEGIN(3);
	for (int q = 0; q < TENSORITY_QUADS; q++) {
		__m256i low = load(state[q][0]), high = load(state[q][8]);
		ROW(0); ROW(1); ROW(2); ROW(3);
	}
	END(0); END(1); END(2); END(3);
}

/* Of the low halves of x and y, 257 times: the results are bytes 1 and 3. */
AVXVNNI __m256i fold_two(__m256i x, __m256i y)
{
	__m256i sums = _mm256_blend_epi16(x, _mm256_slli_epi32(y, 16), 0xaa);
	return _mm256_add_epi16(sums, _mm256_slli_epi16(sums, 8));
}

/* Folds the sums of four matrix rows into a quad of the next state. */
AVXVNNI void fold_quad(int8_t out[TENSORITY_ROWS][4], __m256i x0[2], __m256i x1[2], __m256i x2[2], __m256i x3[2])
{
	for (int v = 0; v < 2; v++) {
		__m256i even = _mm256_srli_epi16(fold_two(x0[v], x2[v]), 8);
		__m256i odd = _mm256_and_si256(fold_two(x1[v], x3[v]), _mm256_set1_epi16((short)0xff00));
		store(out[8 * v], _mm256_or_si256(even, odd));
	}
}

/* One product of one group. While it runs, the group's share of the next product's
 * matrix is fetched into L2. */
__attribute__((target(TARGET)))
static void mul_fold(tensority_group out, const tensority_group state, const tensority_matrix m,
	const int32_t *start, const int8_t *ahead)
{
	int j = 0;
	for (; j + 12 <= TENSORITY_SIZE; j += 12) {
		__m256i first[6][2], second[6][2];
		for (int line = 0; line < 192; line += 64)
			_mm_prefetch((const char *)ahead + 16 * j + line, _MM_HINT_T1);
		multiply6(first, state, m[j], start + j);
		fold_quad(out[j / 4], first[0], first[1], first[2], first[3]);
		multiply6(second, state, m[j + 6], start + j + 6);
		fold_quad(out[j / 4 + 1], first[4], first[5], second[0], second[1]);
		fold_quad(out[j / 4 + 2], second[2], second[3], second[4], second[5]);
	}
	__m256i last[4][2];
	multiply4(last, state, m[j], start + j);
	fold_quad(out[j / 4], last[0], last[1], last[2], last[3]);
}

static void rows(const void *seed, void *scratch, const uint8_t *indices, int first, int end)
{
	const struct tensority_biased_seed *biased = seed;
	struct tensority_groups *s = scratch;
	const int from = first / TENSORITY_ROWS, to = end / TENSORITY_ROWS;
	for (int group = from; group < to; group++)
		tensority_first_product(s->state[0][group], &biased->matrices[indices[0]][0][TENSORITY_ROWS * group],
			TENSORITY_SIZE, TENSORITY_BIAS);
	int now = 0;
	for (int n = 1; n < TENSORITY_PASSES * TENSORITY_INDICES; n++, now ^= 1) {
		const int matrix = indices[n % TENSORITY_INDICES], next = indices[(n + 1) % TENSORITY_INDICES];
		for (int group = from; group < to; group++)
			mul_fold(s->state[!now][group], s->state[now][group], biased->matrices[matrix],
				biased->start[matrix], biased->matrices[next][TENSORITY_ROWS * group]);
	}
	tensority_add_groups(s->sum, s->state[now], from, to);
}

#define BEGIN_PEAK(i) __m256i sum##i = _mm256_setzero_si256();
#define PEAK(i)                                       \
	sum##i = _mm256_dpbusd_avx_epi32(sum##i, x, m); \
	TENSORITY_KEEP(sum##i); /* or the turns become one */

/* The inner loop's vpdpbusd without its loads: what it could do at best. */
__attribute__((target(TARGET)))
static double peak(uint32_t count)
{
	__m256i x = _mm256_set1_epi32(0x01020304), m = _mm256_set1_epi32(0x05060708);
	TENSORITY_EACH_OF_12(BEGIN_PEAK)
	for (uint32_t n = 0; n < count; n++) {
		TENSORITY_EACH_OF_12(PEAK)
	}
	return (double)count * 12 * 32;
}

const struct tensority_kernel tensority_avxvnni = {
	.seed_size = sizeof(struct tensority_biased_seed),
	.scratch_size = sizeof(struct tensority_groups),
	.step = 32,
	.pack = tensority_pack_biased,
	.rows = rows,
	.finish = tensority_finish_groups,
	.peaks = {{"vpdpbusd", peak}},
};
#endif

/* A file must not be empty. */
typedef int tensority_avxvnni_file;
