/* The expansion of a seed by AVX-512, which can rotate. */
#include "tensority_impl.h"

#ifdef TENSORITY_HAS_AVX512VNNI
#include "tensority_intrinsics.h"

#define SIMD static inline __attribute__((always_inline, target(TENSORITY_TARGET("avx512f,avx512vl"))))

/* x ^ rotate(sum, n). A macro, since the count has to be a constant. */
#define xor_rotated(x, sum, n) _mm_xor_si128(x, _mm_rol_epi32(sum, n))

#include "tensority_seed.h"

__attribute__((target(TENSORITY_TARGET("avx512f,avx512vl"))))
void tensority_expand_avx512(void *seed, const uint8_t *extended)
{
	expand(seed, extended);
}
#endif

/* A file must not be empty. */
typedef int tensority_seed_avx512_file;
