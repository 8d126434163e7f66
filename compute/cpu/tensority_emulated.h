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
/* Two halves: gcc 12 keeps a vector of 64 bytes in memory where the machine has none. */
typedef struct { __m256i half[2]; } __attribute__((may_alias)) __m512i;
typedef uint16_t emulated_words_256 __attribute__((vector_size(32), may_alias));

#define _MM_HINT_T1 2
#define _mm_prefetch(p, hint) ((void)(p), (void)(hint))

/* SSE and AVX-512VL, for the expansion. */

EMULATED __m128i _mm_loadu_si128(const __m128i *p) { __m128i x; memcpy(&x, p, sizeof x); return x; }
EMULATED void _mm_storeu_si128(__m128i *p, __m128i x) { memcpy(p, &x, sizeof x); }
EMULATED __m128i _mm_add_epi32(__m128i a, __m128i b) { return a + b; }
EMULATED __m128i _mm_xor_si128(__m128i a, __m128i b) { return a ^ b; }
EMULATED __m128i _mm_slli_epi32(__m128i a, int n) { return a << n; }
EMULATED __m128i _mm_srli_epi32(__m128i a, int n) { return a >> n; }
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

/* VPTERNLOGD: bit 4a + 2b + c of the table is the result for bits a, b, c. */
#define EMULATED_TERNARY(a, b, c, table) do { \
	for (int i = 0; i < 8; i++) \
		if (table >> i & 1) \
			r |= (i & 4 ? a : ~a) & (i & 2 ? b : ~b) & (i & 1 ? c : ~c); \
} while (0)

EMULATED __m128i _mm_ternarylogic_epi32(__m128i a, __m128i b, __m128i c, int table)
{
	__m128i r = {0};
	EMULATED_TERNARY(a, b, c, table);
	return r;
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

/* Products of bytes: even and odd ones are widened to 16 bits, whose products, in 32
 * bits, are added in pairs, which is what PMADDWD does. */
typedef int16_t emulated_shorts_256 __attribute__((vector_size(32), may_alias));
typedef int16_t emulated_shorts_128 __attribute__((vector_size(16), may_alias));
struct emulated_bytes { emulated_shorts_256 even, odd; };

EMULATED struct emulated_bytes emulated_signed(__m256i x)
{
	emulated_words_256 y = (emulated_words_256)x;
	return (struct emulated_bytes){(emulated_shorts_256)(y << 8) >> 8, (emulated_shorts_256)y >> 8};
}

EMULATED struct emulated_bytes emulated_unsigned(__m256i x)
{
	emulated_words_256 y = (emulated_words_256)x;
	return (struct emulated_bytes){(emulated_shorts_256)(y << 8 >> 8), (emulated_shorts_256)(y >> 8)};
}

EMULATED __m256i emulated_pairs(emulated_shorts_256 a, emulated_shorts_256 b)
{
#ifdef __AVX2__
	return (__m256i)__builtin_ia32_pmaddwd256(a, b);
#else
	union { emulated_shorts_256 whole; emulated_shorts_128 half[2]; } x = {a}, y = {b};
	union { __m128i half[2]; __m256i whole; } r;
	for (int i = 0; i < 2; i++)
		r.half[i] = (__m128i)__builtin_ia32_pmaddwd128(x.half[i], y.half[i]);
	return r.whole;
#endif
}

/* The dot product of each word's four bytes. */
EMULATED __m256i emulated_dot(struct emulated_bytes a, struct emulated_bytes b)
{
	return emulated_pairs(a.even, b.even) + emulated_pairs(a.odd, b.odd);
}

/* VPDPBUSD: bytes of a unsigned, of b signed; sums wrap. */
EMULATED __m256i _mm256_dpbusd_avx_epi32(__m256i sum, __m256i a, __m256i b)
{
	return sum + emulated_dot(emulated_unsigned(a), emulated_signed(b));
}

/* AVX-512F, BW and VNNI. */

/* An expression of half i, for either half. */
#define EMULATED_HALVES(of_half_i) ((__m512i){{ \
	({ enum { i = 0 }; of_half_i; }), ({ enum { i = 1 }; of_half_i; }) }})

EMULATED __m512i _mm512_load_si512(const void *p) { return *(const __m512i *)p; }
EMULATED void _mm512_store_si512(void *p, __m512i x) { *(__m512i *)p = x; }
EMULATED __m512i _mm512_set1_epi32(int x) { return EMULATED_HALVES(_mm256_set1_epi32(x)); }
EMULATED __m512i _mm512_setzero_si512(void) { return EMULATED_HALVES(_mm256_setzero_si256()); }
EMULATED __m512i _mm512_slli_epi32(__m512i a, int n) { return EMULATED_HALVES(_mm256_slli_epi32(a.half[i], n)); }
EMULATED __m512i _mm512_slli_epi16(__m512i a, int n) { return EMULATED_HALVES(_mm256_slli_epi16(a.half[i], n)); }
EMULATED __m512i _mm512_srli_epi16(__m512i a, int n) { return EMULATED_HALVES(_mm256_srli_epi16(a.half[i], n)); }

EMULATED __m512i _mm512_add_epi16(__m512i a, __m512i b)
{
	return EMULATED_HALVES(_mm256_add_epi16(a.half[i], b.half[i]));
}

EMULATED __m256i emulated_ternary(__m256i a, __m256i b, __m256i c, int table)
{
	__m256i r = {0};
	EMULATED_TERNARY(a, b, c, table);
	return r;
}

EMULATED __m512i _mm512_ternarylogic_epi32(__m512i a, __m512i b, __m512i c, int table)
{
	return EMULATED_HALVES(emulated_ternary(a.half[i], b.half[i], c.half[i], table));
}

EMULATED __m512i _mm512_dpbusd_epi32(__m512i sum, __m512i a, __m512i b)
{
	return EMULATED_HALVES(_mm256_dpbusd_avx_epi32(sum.half[i], a.half[i], b.half[i]));
}

/* AMX. A thread's tiles exist between LDTILECFG and TILERELEASE; using them before
 * or with a shape that was not configured ends the process, as it would on a chip. */

struct emulated_tiles {
	uint8_t palette, start_row, reserved[14];
	uint16_t colsb[16];
	uint8_t rows[16];
	uint32_t tile[8][16][16];
};
static _Thread_local struct emulated_tiles emulated_tiles __attribute__((aligned(64)));

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

/* TDPBSSD: c += a * b, where word k of a's row is matched with row k of b. */
EMULATED void _tile_dpbssd(int c, int a, int b)
{
	uint32_t (*to)[16] = emulated_tile(c), (*left)[16] = emulated_tile(a), (*right)[16] = emulated_tile(b);
	for (int half = 0; half < 16; half += 8) {
		struct emulated_bytes words[16];
		for (int k = 0; k < 16; k++)
			words[k] = emulated_signed(*(const __m256i *)&right[k][half]);
		for (int m = 0; m < 16; m++) {
			__m256i sum = *(const __m256i *)&to[m][half];
			for (int k = 0; k < 16; k++)
				sum += emulated_dot(emulated_signed(_mm256_set1_epi32((int)left[m][k])), words[k]);
			*(__m256i *)&to[m][half] = sum;
		}
	}
}

#endif
