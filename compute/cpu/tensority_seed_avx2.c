/* The expansion of a seed by AVX2. */
#include "tensority_impl.h"

#ifdef TENSORITY_X86
#include <immintrin.h>

#define SIMD static inline __attribute__((always_inline, target("avx2")))

/* x ^ rotate(sum, n). The left shift is taken in first: the right one may then come
 * a cycle later, when the shuffles of another line have had the port. gcc would
 * change the order, hence the barrier, which is worth an eighth of the time. */
SIMD __m128i xor_rotated(__m128i x, __m128i sum, int n)
{
	x = _mm_xor_si128(x, _mm_slli_epi32(sum, n));
	__asm__("" : "+x"(x));
	return _mm_xor_si128(x, _mm_srli_epi32(sum, 32 - n));
}

#include "tensority_seed.h"

__attribute__((target("avx2")))
void tensority_mix_avx2(uint8_t *matrices, uint32_t *state)
{
	mix(matrices, state);
}
#endif

/* A file must not be empty. */
typedef int tensority_seed_avx2_file;
