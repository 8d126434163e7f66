/* The expansion of a seed in plain C, which follows docs/tensority.md line by line and
 * runs anywhere. */
#include "tensority_impl.h"

/* The compiler has to believe that a word is needed in a register of its own. It would
 * make vectors of the sums at Salsa's ends otherwise, gcc 12 by -O3, others of their own
 * accord: their stores of 4 bytes are then read by 16 at a time, which a processor can't
 * forward, and waits tens of cycles for. On Zen 5 and gcc 12 that is a third of the time
 * where the function is no part of its loop, hence always_inline as well. */
#if defined(__GNUC__)
#define SCALAR(x) __asm__("" : "+r"(x))
#define INLINE static inline __attribute__((always_inline))
#else
#define SCALAR(x) ((void)(x))
#define INLINE static inline
#endif

INLINE uint32_t load32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

INLINE uint32_t rotate(uint32_t x, int n)
{
	return x << n | x >> (32 - n);
}

/* Salsa20's quarter-round of a line whose diagonal word is a. */
#define QUARTER(a, b, c, d)              \
	do {                             \
		b ^= rotate(a + d, 7);   \
		c ^= rotate(b + a, 9);   \
		d ^= rotate(c + b, 13);  \
		a ^= rotate(d + c, 18);  \
	} while (0)

/* Replaces x by the Salsa20/8 core of x ^ y. */
INLINE void salsa_xor(uint32_t x[16], const uint32_t y[16])
{
	uint32_t before[16];
	for (int i = 0; i < 16; i++) {
		x[i] ^= y[i];
		SCALAR(x[i]);
		before[i] = x[i];
	}
	for (int i = 0; i < 4; i++) {
		QUARTER(x[0], x[4], x[8], x[12]);
		QUARTER(x[5], x[9], x[13], x[1]);
		QUARTER(x[10], x[14], x[2], x[6]);
		QUARTER(x[15], x[3], x[7], x[11]);

		QUARTER(x[0], x[1], x[2], x[3]);
		QUARTER(x[5], x[6], x[7], x[4]);
		QUARTER(x[10], x[11], x[8], x[9]);
		QUARTER(x[15], x[12], x[13], x[14]);
	}
	for (int i = 0; i < 16; i++) {
		x[i] += before[i];
		SCALAR(x[i]);
	}
}

/* BlockMix with r = 1: the halves keep their places. */
INLINE void block_mix(uint32_t state[TENSORITY_STATE])
{
	salsa_xor(state, state + 16);
	salsa_xor(state + 16, state);
}

void tensority_mix_portable(uint8_t *matrices, uint32_t *result)
{
	uint32_t state[TENSORITY_STATE]; /* which the compiler knows that nothing else is */
	for (int i = 0; i < TENSORITY_STATE; i++)
		state[i] = result[i];
	for (uint32_t n = 0; n < TENSORITY_BLOCKS; n++) {
		uint8_t *block = tensority_block(matrices, n);
		for (int i = 0; i < TENSORITY_STATE; i++)
			tensority_store32(block + 4 * i, state[i]);
		block_mix(state);
	}
	for (uint32_t n = 0; n < TENSORITY_BLOCKS; n++) {
		const uint8_t *block = tensority_block(matrices, state[16] % TENSORITY_BLOCKS);
		for (int i = 0; i < TENSORITY_STATE; i++)
			state[i] ^= load32(block + 4 * i);
		block_mix(state);
	}
	for (int i = 0; i < TENSORITY_STATE; i++)
		result[i] = state[i];
}
