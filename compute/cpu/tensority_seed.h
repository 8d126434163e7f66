/* A round of a seed's expansion, with Salsa20's sixteen words in four registers, for the
 * files that say SIMD, how their functions are compiled, and define xor_rotated.
 *
 * The work is one chain of dependent operations: 2^19 times Salsa20/8, 32 steps of
 * add, rotate and exclusive or each. Only the latency of a step counts. */

/* Half a block. Salsa20 works on lines of its 4 x 4 words, each beginning at
 * its diagonal. Held as diagonals, d[0] = words 0 5 10 15, d[1] = 4 9 14 3,
 * d[2] = 8 13 2 7, d[3] = 12 1 6 11, four lines are worked on at a time. */
struct half {
	__m128i d[4];
};

/* From rows to diagonals: lane l of d[n] is lane l of row (n + l) mod 4. */
SIMD struct half diagonals(__m128i r0, __m128i r1, __m128i r2, __m128i r3)
{
	__m128i a = _mm_blend_epi32(r0, r1, 2), b = _mm_blend_epi32(r2, r3, 8);
	__m128i c = _mm_blend_epi32(r1, r2, 2), d = _mm_blend_epi32(r3, r0, 8);
	__m128i e = _mm_blend_epi32(r2, r3, 2), f = _mm_blend_epi32(r0, r1, 8);
	__m128i g = _mm_blend_epi32(r3, r0, 2), h = _mm_blend_epi32(r1, r2, 8);
	struct half x = {{
		_mm_blend_epi32(a, b, 12),
		_mm_blend_epi32(c, d, 12),
		_mm_blend_epi32(e, f, 12),
		_mm_blend_epi32(g, h, 12),
	}};
	return x;
}

SIMD struct half load(const uint8_t *p)
{
	const __m128i *v = (const __m128i *)p;
	return diagonals(_mm_loadu_si128(v), _mm_loadu_si128(v + 1),
		_mm_loadu_si128(v + 2), _mm_loadu_si128(v + 3));
}

/* From diagonals to rows: lane l of row n is lane l of d[(n - l) mod 4], which
 * is the same rearrangement with the diagonals taken backwards. */
SIMD void store(uint8_t *p, struct half x)
{
	struct half rows = diagonals(x.d[0], x.d[3], x.d[2], x.d[1]);
	__m128i *v = (__m128i *)p;
	_mm_storeu_si128(v, rows.d[0]);
	_mm_storeu_si128(v + 1, rows.d[3]);
	_mm_storeu_si128(v + 2, rows.d[2]);
	_mm_storeu_si128(v + 3, rows.d[1]);
}

SIMD struct half xor_half(struct half x, struct half y)
{
	for (int i = 0; i < 4; i++)
		x.d[i] = _mm_xor_si128(x.d[i], y.d[i]);
	return x;
}

/* The quarter-rounds of all four lines. */
#define QUARTERS(a, b, c, d)                                 \
	do {                                                 \
		b = xor_rotated(b, _mm_add_epi32(a, d), 7);  \
		c = xor_rotated(c, _mm_add_epi32(b, a), 9);  \
		d = xor_rotated(d, _mm_add_epi32(c, b), 13); \
		a = xor_rotated(a, _mm_add_epi32(d, c), 18); \
	} while (0)

SIMD struct half salsa(struct half x)
{
	__m128i a = x.d[0], b = x.d[1], c = x.d[2], d = x.d[3];
	for (int i = 0; i < 4; i++) {
		QUARTERS(a, b, c, d); /* columns */
		/* Turn the diagonals so that their lanes line up along the rows. */
		b = _mm_shuffle_epi32(b, 0x93);
		c = _mm_shuffle_epi32(c, 0x4e);
		d = _mm_shuffle_epi32(d, 0x39);
		QUARTERS(a, d, c, b); /* rows */
		b = _mm_shuffle_epi32(b, 0x39);
		c = _mm_shuffle_epi32(c, 0x4e);
		d = _mm_shuffle_epi32(d, 0x93);
	}
	x.d[0] = _mm_add_epi32(x.d[0], a);
	x.d[1] = _mm_add_epi32(x.d[1], b);
	x.d[2] = _mm_add_epi32(x.d[2], c);
	x.d[3] = _mm_add_epi32(x.d[3], d);
	return x;
}

SIMD void mix(uint8_t *matrices, uint32_t *state)
{
	uint8_t *end = (uint8_t *)state;
	struct half x = load(end), y = load(end + 64);
	for (uint32_t n = 0; n < TENSORITY_BLOCKS; n++) {
		uint8_t *block = tensority_block(matrices, n);
		store(block, x);
		store(block + 64, y);
		x = salsa(xor_half(x, y));
		y = salsa(xor_half(y, x));
	}
	for (uint32_t n = 0; n < TENSORITY_BLOCKS; n++) {
		/* The first word of y is the first lane of its first diagonal. */
		uint32_t pick = (uint32_t)_mm_cvtsi128_si32(y.d[0]) % TENSORITY_BLOCKS;
		const uint8_t *block = tensority_block(matrices, pick);
		x = xor_half(x, load(block));
		y = xor_half(y, load(block + 64));
		x = salsa(xor_half(x, y));
		y = salsa(xor_half(y, x));
	}
	store(end, x);
	store(end + 64, y);
}
