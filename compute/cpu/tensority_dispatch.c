/* Which instruction set runs: one ladder per question, widest first. */
#include "tensority_impl.h"

#include <string.h>

#ifdef TENSORITY_X86
#include <cpuid.h>

enum {
	LEAF1_ECX_OSXSAVE = 1 << 27, /* the system uses XSAVE, xgetbv may be asked */
	LEAF7_EBX_AVX2 = 1 << 5,
	XCR0_YMM = 1 << 1 | 1 << 2 /* SSE and AVX state are saved */
};

static uint32_t read_xcr0(void)
{
	uint32_t low, high;
	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return low;
}

static enum tensority_verdict support_avx2(void)
{
	unsigned int eax, ebx, ecx, edx;
	if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) || !(ebx & LEAF7_EBX_AVX2))
		return TENSORITY_CPU_LACKS;
	if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & LEAF1_ECX_OSXSAVE))
		return TENSORITY_OS_LACKS;
	if ((read_xcr0() & XCR0_YMM) != XCR0_YMM)
		return TENSORITY_OS_LACKS;
	return TENSORITY_USABLE;
}
#endif

enum tensority_verdict tensority_support(enum tensority_isa isa)
{
	switch (isa) {
#ifdef TENSORITY_X86
	case TENSORITY_AVX2:
		return support_avx2();
#endif
	case TENSORITY_PORTABLE:
		return TENSORITY_USABLE;
	default:
		return TENSORITY_NOT_COMPILED;
	}
}

enum tensority_isa tensority_choose(enum tensority_isa cap)
{
	if (cap >= TENSORITY_AVX2 && tensority_support(TENSORITY_AVX2) == TENSORITY_USABLE)
		return TENSORITY_AVX2;
	return TENSORITY_PORTABLE;
}

static const size_t seed_size = sizeof(tensority_matrix) * TENSORITY_COUNT;

static size_t scratch_size(enum tensority_isa isa)
{
	switch (isa) {
#ifdef TENSORITY_X86
	case TENSORITY_AVX2:
		return sizeof(struct tensority_scratch_avx2);
#endif
	default:
		return sizeof(struct tensority_scratch_portable);
	}
}

tensority_matrix *tensority_seed_new(enum tensority_isa isa, const uint8_t *extended)
{
	tensority_matrix *seed = tensority_allocate(seed_size);
	if (!seed)
		return NULL;
	switch (isa) {
#ifdef TENSORITY_X86
	case TENSORITY_AVX2:
		tensority_expand_avx2(seed, extended);
		break;
#endif
	default:
		tensority_expand_portable(seed, extended);
	}
	return seed;
}

void tensority_seed_free(tensority_matrix *seed)
{
	tensority_release(seed, seed_size);
}

void *tensority_scratch_new(enum tensority_isa isa)
{
	return tensority_allocate(scratch_size(isa));
}

void tensority_scratch_free(enum tensority_isa isa, void *scratch)
{
	tensority_release(scratch, scratch_size(isa));
}

void tensority_rows(enum tensority_isa isa, tensority_matrix *seed, void *scratch,
	const uint8_t *indices, int chain, int first, int end)
{
	indices += chain * TENSORITY_INDICES;
	switch (isa) {
#ifdef TENSORITY_X86
	case TENSORITY_AVX2:
		tensority_rows_avx2(seed, scratch, indices, first, end);
		break;
#endif
	default:
		tensority_rows_portable(seed, scratch, indices, first, end);
	}
}

void tensority_finish(enum tensority_isa isa, void *scratch, uint8_t *folded)
{
	switch (isa) {
#ifdef TENSORITY_X86
	case TENSORITY_AVX2:
		tensority_finish_avx2(scratch, folded);
		break;
#endif
	default:
		tensority_finish_portable(scratch, folded);
	}
}

/* Where the sum lies, and how large it is, is all that begin and add know of a
 * scratch. */
_Static_assert(offsetof(struct tensority_scratch_portable, sum) == 0, "the sum comes first");
_Static_assert(sizeof((struct tensority_scratch_portable *)0)->sum == TENSORITY_SUM, "a byte an element");
#ifdef TENSORITY_X86
_Static_assert(offsetof(struct tensority_scratch_avx2, sum) == 0, "the sum comes first");
_Static_assert(sizeof((struct tensority_scratch_avx2 *)0)->sum == TENSORITY_SUM, "a byte an element");
#endif

void tensority_begin(void *scratch)
{
	memset(scratch, 0, TENSORITY_SUM);
}

void tensority_add(void *scratch, const void *other)
{
	uint8_t *sum = scratch;
	const uint8_t *more = other;
	for (size_t i = 0; i < TENSORITY_SUM; i++)
		sum[i] = (uint8_t)(sum[i] + more[i]);
}

void tensority_hash(enum tensority_isa isa, tensority_matrix *seed, void *scratch,
	const uint8_t *indices, uint8_t *folded)
{
	tensority_begin(scratch);
	for (int chain = 0; chain < TENSORITY_CHAINS; chain++)
		tensority_rows(isa, seed, scratch, indices, chain, 0, TENSORITY_SIZE);
	tensority_finish(isa, scratch, folded);
}

double tensority_peak(enum tensority_isa isa, uint32_t count)
{
	switch (isa) {
#ifdef TENSORITY_X86
	case TENSORITY_AVX2:
		return tensority_peak_avx2(count);
#endif
	default:
		(void)count;
		return 0;
	}
}
