/* The intrinsics that the kernels use, after the operation descriptions in Intel's
 * Software Developer's Manual, so that kernels can be tested on machines without
 * their instructions. Vectors are of 32-bit words, unsigned because those wrap. */
#ifndef TENSORITY_EMULATED_H
#define TENSORITY_EMULATED_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#pragma GCC diagnostic ignored "-Wpsabi" /* all functions are inlined */

#define EMULATED static inline __attribute__((always_inline, unused))

typedef uint32_t __m128i __attribute__((vector_size(16), may_alias));
typedef uint32_t __m256i __attribute__((vector_size(32), may_alias));
typedef uint32_t __m512i __attribute__((vector_size(64), may_alias));
typedef uint16_t emulated_words_256 __attribute__((vector_size(32), may_alias));
typedef uint16_t emulated_words_512 __attribute__((vector_size(64), may_alias));

#define _MM_HINT_T1 2
#define _mm_prefetch(p, hint) ((void)(p), (void)(hint))

/* SSE and AVX-512VL, for the expansion. */

EMULATED __m128i _mm_loadu_si128(const __m128i *p) { __m128i x; memcpy(&x, p, sizeof x); return x; }
EMULATED void _mm_storeu_si128(__m128i *p, __m128i x) { memcpy(p, &x, sizeof x); }
EMULATED __m128i _mm_add_epi32(__m128i a, __m128i b) { return a + b; }
EMULATED __m128i _mm_xor_si128(__m128i a, __m128i b) { return a ^ b; }
EMULATED __m128i _mm_rol_epi32(__m128i a, int n) { return a << n | a >> (32 - n); }
EMULATED int _mm_cvtsi128_si32(__m128i a) { return (int)a[0]; }

EMULATED __m128i _mm_shuffle_epi32(__m128i a, int control)
{
	__m128i r;
	for (int i = 0; i < 4; i++)
		r[i] = a[control >> 2 * i & 3];
	return r;
}

EMULATED __m128i _mm_blend_epi32(__m128i a, __m128i b, int control)
{
	for (int i = 0; i < 4; i++)
		if (control >> i & 1)
			a[i] = b[i];
	return a;
}

/* AVX2 and AVX-VNNI. */

EMULATED __m256i _mm256_load_si256(const __m256i *p) { return *p; }
EMULATED void _mm256_store_si256(__m256i *p, __m256i x) { *p = x; }
EMULATED __m256i _mm256_set1_epi32(int x) { return (__m256i){0} + (uint32_t)x; }
EMULATED __m256i _mm256_set1_epi16(short x) { return _mm256_set1_epi32((int)((uint16_t)x * 0x10001u)); }
EMULATED __m256i _mm256_setzero_si256(void) { return (__m256i){0}; }
EMULATED __m256i _mm256_slli_epi32(__m256i a, int n) { return a << n; }
EMULATED __m256i _mm256_or_si256(__m256i a, __m256i b) { return a | b; }
EMULATED __m256i _mm256_and_si256(__m256i a, __m256i b) { return a & b; }

EMULATED __m256i _mm256_add_epi16(__m256i a, __m256i b)
{
	return (__m256i)((emulated_words_256)a + (emulated_words_256)b);
}
EMULATED __m256i _mm256_slli_epi16(__m256i a, int n) { return (__m256i)((emulated_words_256)a << n); }
EMULATED __m256i _mm256_srli_epi16(__m256i a, int n) { return (__m256i)((emulated_words_256)a >> n); }

EMULATED __m256i _mm256_blend_epi16(__m256i a, __m256i b, int control)
{
	emulated_words_256 x = (emulated_words_256)a, y = (emulated_words_256)b;
	for (int i = 0; i < 16; i++)
		if (control >> i % 8 & 1)
			x[i] = y[i];
	return (__m256i)x;
}

/* VPDPBUSD: bytes of a unsigned, of b signed; sums wrap. An arithmetic shift of a
 * word is made of a logical one. */
#define EMULATED_SIGNED(x, i) (((x) >> 8 * (i) & 0xff) - (((x) >> 8 * (i) & 0x80) << 1))
#define EMULATED_DPBUSD(sum, a, b)                                             \
	do {                                                                   \
		for (int emulated_i = 0; emulated_i < 4; emulated_i++)         \
			sum += ((a) >> 8 * emulated_i & 0xff) * EMULATED_SIGNED(b, emulated_i); \
	} while (0)

EMULATED __m256i _mm256_dpbusd_avx_epi32(__m256i sum, __m256i a, __m256i b)
{
	EMULATED_DPBUSD(sum, a, b);
	return sum;
}

/* AVX-512F, BW and VNNI. */

EMULATED __m512i _mm512_load_si512(const void *p) { return *(const __m512i *)p; }
EMULATED void _mm512_store_si512(void *p, __m512i x) { *(__m512i *)p = x; }
EMULATED __m512i _mm512_set1_epi32(int x) { return (__m512i){0} + (uint32_t)x; }
EMULATED __m512i _mm512_setzero_si512(void) { return (__m512i){0}; }
EMULATED __m512i _mm512_slli_epi32(__m512i a, int n) { return a << n; }
EMULATED __m512i _mm512_slli_epi16(__m512i a, unsigned n) { return (__m512i)((emulated_words_512)a << n); }
EMULATED __m512i _mm512_srli_epi16(__m512i a, unsigned n) { return (__m512i)((emulated_words_512)a >> n); }

EMULATED __m512i _mm512_add_epi16(__m512i a, __m512i b)
{
	return (__m512i)((emulated_words_512)a + (emulated_words_512)b);
}

/* VPTERNLOGD: bit 4a + 2b + c of the table is the result for bits a, b, c. */
EMULATED __m512i _mm512_ternarylogic_epi32(__m512i a, __m512i b, __m512i c, int table)
{
	__m512i r = {0};
	for (int i = 0; i < 8; i++)
		if (table >> i & 1)
			r |= (i & 4 ? a : ~a) & (i & 2 ? b : ~b) & (i & 1 ? c : ~c);
	return r;
}

EMULATED __m512i _mm512_dpbusd_epi32(__m512i sum, __m512i a, __m512i b)
{
	EMULATED_DPBUSD(sum, a, b);
	return sum;
}

/* AMX. A thread's tiles exist between LDTILECFG and TILERELEASE; using them before
 * or with a shape that was not configured ends the process, as it would on a chip. */

struct emulated_tiles {
	uint8_t palette, start_row, reserved[14];
	uint16_t colsb[16];
	uint8_t rows[16];
	uint32_t tile[8][16][16];
};
static _Thread_local struct emulated_tiles emulated_tiles;

EMULATED void _tile_loadconfig(const void *config)
{
	memset(&emulated_tiles, 0, sizeof emulated_tiles);
	memcpy(&emulated_tiles, config, 64);
	if (emulated_tiles.palette != 1 || emulated_tiles.start_row)
		abort();
	for (int i = 0; i < 8; i++)
		if (emulated_tiles.rows[i] != 16 || emulated_tiles.colsb[i] != 64)
			abort(); /* legal, but not what this is for */
}

EMULATED void _tile_release(void) { memset(&emulated_tiles, 0, sizeof emulated_tiles); }

static inline uint32_t (*emulated_tile(int n))[16]
{
	if (emulated_tiles.palette != 1)
		abort();
	return emulated_tiles.tile[n];
}

EMULATED void _tile_zero(int n) { memset(emulated_tile(n), 0, 1024); }

EMULATED void _tile_loadd(int n, const void *base, size_t stride)
{
	for (int i = 0; i < 16; i++)
		memcpy(emulated_tile(n)[i], (const char *)base + i * stride, 64);
}

EMULATED void _tile_stored(int n, void *base, size_t stride)
{
	for (int i = 0; i < 16; i++)
		memcpy((char *)base + i * stride, emulated_tile(n)[i], 64);
}

/* TDPBSSD: c += a * b, where word k of b's row is matched with row k of b. */
EMULATED void _tile_dpbssd(int c, int a, int b)
{
	uint32_t (*to)[16] = emulated_tile(c), (*left)[16] = emulated_tile(a);
	for (int m = 0; m < 16; m++) {
		__m512i sum = _mm512_load_si512(to[m]);
		for (int k = 0; k < 16; k++) {
			__m512i right = _mm512_load_si512(emulated_tile(b)[k]);
			for (int i = 0; i < 4; i++)
				sum += EMULATED_SIGNED(left[m][k], i) * EMULATED_SIGNED(right, i);
		}
		_mm512_store_si512(to[m], sum);
	}
}

#endif
