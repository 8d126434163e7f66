/* The expansion of a seed by AVX-512, which takes the exclusive or of three. */
#include "tensority_impl.h"

#ifdef TENSORITY_HAS_AVX512VNNI
#include "tensority_intrinsics.h"

#define TARGET TENSORITY_TARGET("avx512f,avx512vl")
#define SIMD static inline __attribute__((always_inline, target(TARGET)))

/* x ^ rotate(sum, n), in 3 cycles with the addition before it. vprold has a latency of 2
 * on Zen 4, where this is 0.84 of the time; it has 1 on Intel's by their tables, where both
 * should be the same.
 * A macro, since the counts have to be constants. */
#define xor_rotated(x, sum, n) ({                                             \
	__m128i s = sum;                                                      \
	_mm_ternarylogic_epi32(x, _mm_slli_epi32(s, n), _mm_srli_epi32(s, 32 - n), 0x96); \
})

#include "tensority_seed.h"

__attribute__((target(TARGET)))
void tensority_mix_avx512(uint8_t *matrices, uint32_t *state)
{
	mix(matrices, state);
}
#endif

/* A file must not be empty. */
typedef int tensority_seed_avx512_file;
