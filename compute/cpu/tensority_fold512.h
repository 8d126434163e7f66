/* Folding by AVX-512, for the files that say FOLD512, how it is compiled. */

/* Of the low halves of x and y, 257 times: the results are bytes 1 and 3. */
FOLD512 __m512i fold_two(__m512i x, __m512i y)
{
	/* The low halves of x, the high ones of y shifted: mask ? x : y. */
	__m512i sums = _mm512_ternarylogic_epi32(_mm512_set1_epi32(0xffff), x, _mm512_slli_epi32(y, 16), 0xca);
	return _mm512_add_epi16(sums, _mm512_slli_epi16(sums, 8));
}

/* Folds the sums of four matrix rows into a quad of the next state's group. */
FOLD512 __m512i fold_quad(__m512i x0, __m512i x1, __m512i x2, __m512i x3)
{
	__m512i even = _mm512_srli_epi16(fold_two(x0, x2), 8), odd = fold_two(x1, x3);
	return _mm512_ternarylogic_epi32(_mm512_set1_epi32(0x00ff00ff), even, odd, 0xca);
}
