/* The AVX512-VNNI kernel: vpdpbusd on 512 bits.
 *
 * As in tensority_avxvnni.c, the state is the unsigned side and quads of matrix rows
 * are broadcast. A group's quad is one register. Four matrix rows times four groups
 * make 16 sums, more than the 10 that two ports at a latency of 5 cycles need; a quad
 * is 16 dot products for 8 loads. The panel of four groups, 16 KiB, stays in L1, and
 * the matrix streams from L2 once a panel. */
#include "tensority_impl.h"

#ifdef TENSORITY_HAS_AVX512VNNI
#include "tensority_intrinsics.h"

#define TARGET TENSORITY_TARGET("avx512f,avx512bw,avx512vl,avx512vnni")
#define AVX512VNNI static inline __attribute__((always_inline, target(TARGET)))
#define FOLD512 AVX512VNNI
#include "tensority_fold512.h"

enum { PANEL = 4 }; /* groups worked on at a time: as many as multiply names */

AVX512VNNI __m512i broadcast(const int8_t *p)
{
	return _mm512_set1_epi32(*(const int32_t __attribute__((may_alias)) *)p);
}

/* One quad of a matrix row. Sums have names of their own, a row's number and a
 * group's, and are kept: gcc 12 would copy them round in each turn. */
#define ROW(r)                                                            \
	do {                                                              \
		__m512i m = broadcast(rows + r * TENSORITY_SIZE + 4 * q); \
		sum##r##0 = _mm512_dpbusd_epi32(sum##r##0, x0, m);        \
		sum##r##1 = _mm512_dpbusd_epi32(sum##r##1, x1, m);        \
		sum##r##2 = _mm512_dpbusd_epi32(sum##r##2, x2, m);        \
		sum##r##3 = _mm512_dpbusd_epi32(sum##r##3, x3, m);        \
		TENSORITY_KEEP(sum##r##0);                                \
		TENSORITY_KEEP(sum##r##1);                                \
		TENSORITY_KEEP(sum##r##2);                                \
		TENSORITY_KEEP(sum##r##3);                                \
	} while (0)

#define BEGIN(r)                                           \
	__m512i sum##r##0 = _mm512_set1_epi32(start[r]),   \
		sum##r##1 = sum##r##0, sum##r##2 = sum##r##0, sum##r##3 = sum##r##0

#define END(g) _mm512_store_si512(out[g][quad], fold_quad(sum0##g, sum1##g, sum2##g, sum3##g))

/* Four matrix rows times the panel: a quad of its next state. */
AVX512VNNI void multiply(tensority_group *out, int quad, const tensority_group *state,
	const int8_t *rows, const int32_t *start)
{
	BEGIN(0); BEGIN(1); BEGIN(2); BEGIN(3);
	for (int q = 0; q < TENSORITY_QUADS; q++) {
		__m512i x0 = _mm512_load_si512(state[0][q]), x1 = _mm512_load_si512(state[1][q]);
		__m512i x2 = _mm512_load_si512(state[2][q]), x3 = _mm512_load_si512(state[3][q]);
		ROW(0); ROW(1); ROW(2); ROW(3);
	}
	END(0); END(1); END(2); END(3);
}

/* One product of one panel. While it runs, the panel's share of the next product's
 * matrix is fetched into L2. */
__attribute__((target(TARGET)))
static void mul_fold(tensority_group *out, const tensority_group *state, const tensority_matrix m,
	const int32_t *start, const int8_t *ahead)
{
	for (int j = 0; j < TENSORITY_QUADS; j++) {
		for (int line = 0; line < 256; line += 64)
			_mm_prefetch((const char *)ahead + 256 * j + line, _MM_HINT_T1);
		multiply(out, j, state, m[4 * j], start + 4 * j);
	}
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
		for (int group = from; group < to; group += PANEL)
			mul_fold(&s->state[!now][group], &s->state[now][group], biased->matrices[matrix],
				biased->start[matrix], biased->matrices[next][TENSORITY_ROWS * group]);
	}
	tensority_add_groups(s->sum, s->state[now], from, to);
}

#define BEGIN_PEAK(i) __m512i sum##i = _mm512_setzero_si512();
#define PEAK(i)                                   \
	sum##i = _mm512_dpbusd_epi32(sum##i, x, m); \
	TENSORITY_KEEP(sum##i); /* or the turns become one */

/* The inner loop's vpdpbusd without its loads: what it could do at best. */
__attribute__((target(TARGET)))
static double peak(uint32_t count)
{
	__m512i x = _mm512_set1_epi32(0x01020304), m = _mm512_set1_epi32(0x05060708);
	TENSORITY_EACH_OF_16(BEGIN_PEAK)
	for (uint32_t n = 0; n < count; n++) {
		TENSORITY_EACH_OF_16(PEAK)
	}
	return (double)count * 16 * 64;
}

const struct tensority_kernel tensority_avx512vnni = {
	.seed_size = sizeof(struct tensority_biased_seed),
	.scratch_size = sizeof(struct tensority_groups),
	.step = PANEL * TENSORITY_ROWS,
	.pack = tensority_pack_biased,
	.rows = rows,
	.finish = tensority_finish_groups,
	.peaks = {{"vpdpbusd", peak}},
};
#endif

/* A file must not be empty. */
typedef int tensority_avx512vnni_file;
