/* Which instruction sets there are, and which of them run here. */
#include "tensority_impl.h"

#include <string.h>

/* The ladder. What is missing was left out by the architecture or the compiler. */
static const struct tensority_kernel *const ladder[TENSORITY_ISAS] = {
	[TENSORITY_PORTABLE] = &tensority_portable,
#ifdef TENSORITY_X86
	[TENSORITY_AVX2] = &tensority_avx2,
#endif
#ifdef TENSORITY_HAS_AVXVNNI
	[TENSORITY_AVXVNNI] = &tensority_avxvnni,
#endif
#ifdef TENSORITY_HAS_AVX512VNNI
	[TENSORITY_AVX512VNNI] = &tensority_avx512vnni,
#endif
#ifdef TENSORITY_HAS_AMX
	[TENSORITY_AMX] = &tensority_amx,
#endif
#ifdef TENSORITY_HAS_DOTPROD
	[TENSORITY_DOTPROD] = &tensority_dotprod,
#endif
#ifdef TENSORITY_HAS_I8MM
	[TENSORITY_I8MM] = &tensority_i8mm,
#endif
};

/* The expansions, of which the same is true. */
static tensority_mix *const expansions[TENSORITY_EXPANSIONS] = {
	[TENSORITY_EXPANSION_PORTABLE] = tensority_mix_portable,
#ifdef TENSORITY_HAS_SCALAR
	[TENSORITY_EXPANSION_SCALAR] = tensority_mix_scalar,
#endif
#ifdef TENSORITY_X86
	[TENSORITY_EXPANSION_AVX2] = tensority_mix_avx2,
#endif
#ifdef TENSORITY_HAS_AVX512VNNI
	[TENSORITY_EXPANSION_AVX512] = tensority_mix_avx512,
#endif
};

#if defined(TENSORITY_X86)
#include <cpuid.h>
#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif

enum {
	LEAF1_ECX_OSXSAVE = 1 << 27, /* the system uses XSAVE, xgetbv may be asked */
	LEAF7_EBX_AVX2 = 1 << 5,
	LEAF7_EBX_AVX512 = 1 << 16 | 1 << 30, /* F, BW */
	LEAF7_ECX_AVX512VNNI = 1 << 11,
	LEAF7_EDX_AMX = 1 << 24 | 1 << 25, /* TILE, INT8 */
	LEAF7_1_EAX_AVXVNNI = 1 << 4
};
static const uint32_t LEAF7_EBX_AVX512VL = UINT32_C(1) << 31;

enum { /* what the system saves of a thread */
	XCR0_YMM = 1 << 1 | 1 << 2,
	XCR0_ZMM = XCR0_YMM | 1 << 5 | 1 << 6 | 1 << 7,
	XCR0_TILES = XCR0_ZMM | 1 << 17 | 1 << 18
};

static int os_saves(uint32_t registers)
{
	unsigned int eax, ebx, ecx, edx;
	if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & LEAF1_ECX_OSXSAVE))
		return 0;
	uint32_t low, high;
	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (low & registers) == registers;
}

/* Linux gives tiles to processes that ask, for all their threads. */
static int os_grants_tiles(void)
{
#if defined(__linux__)
	enum { ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 };
	return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
#else
	return 0;
#endif
}

/* What the processor has of an instruction set, and which registers that needs. */
static int cpu_has(enum tensority_isa isa, uint32_t *registers)
{
	unsigned int eax, ebx = 0, ecx = 0, edx = 0, eax1 = 0, unused;
	if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx))
		return 0;
	if (eax >= 1)
		__get_cpuid_count(7, 1, &eax1, &unused, &unused, &unused);
	const int avx512 = (ebx & LEAF7_EBX_AVX512) == LEAF7_EBX_AVX512 && ebx & LEAF7_EBX_AVX512VL;
	switch (isa) {
	case TENSORITY_AVX2:
		*registers = XCR0_YMM;
		return (ebx & LEAF7_EBX_AVX2) != 0;
	case TENSORITY_AVXVNNI:
		*registers = XCR0_YMM;
		return ebx & LEAF7_EBX_AVX2 && eax1 & LEAF7_1_EAX_AVXVNNI;
	case TENSORITY_AVX512VNNI:
		*registers = XCR0_ZMM;
		return avx512 && ecx & LEAF7_ECX_AVX512VNNI;
	case TENSORITY_AMX:
		*registers = XCR0_TILES;
		return avx512 && (edx & LEAF7_EDX_AMX) == LEAF7_EDX_AMX;
	default:
		return 0;
	}
}

static enum tensority_verdict machine_support(enum tensority_isa isa)
{
#ifdef TENSORITY_EMULATED
	if (isa > TENSORITY_AVX2)
		return TENSORITY_USABLE;
#endif
	uint32_t registers;
	if (!cpu_has(isa, &registers))
		return TENSORITY_CPU_LACKS;
	if (!os_saves(registers) || (isa == TENSORITY_AMX && !os_grants_tiles()))
		return TENSORITY_OS_LACKS;
	return TENSORITY_USABLE;
}
#elif defined(TENSORITY_ARM64)
#if defined(__linux__)
#include <sys/auxv.h>
#elif defined(__APPLE__)
#include <sys/sysctl.h>
#endif

static enum tensority_verdict machine_support(enum tensority_isa isa)
{
	int has = 0;
#if defined(__linux__)
	enum { HWCAP_DOTPROD = 1 << 20, HWCAP2_MATRIX = 1 << 13 };
	has = isa == TENSORITY_DOTPROD ? (getauxval(AT_HWCAP) & HWCAP_DOTPROD) != 0
		: (getauxval(AT_HWCAP2) & HWCAP2_MATRIX) != 0;
#elif defined(__APPLE__)
	size_t size = sizeof has;
	const char *name = isa == TENSORITY_DOTPROD ? "hw.optional.arm.FEAT_DotProd" : "hw.optional.arm.FEAT_I8MM";
	if (sysctlbyname(name, &has, &size, NULL, 0))
		has = 0;
#endif
	return has ? TENSORITY_USABLE : TENSORITY_CPU_LACKS;
}
#else
static enum tensority_verdict machine_support(enum tensority_isa isa)
{
	(void)isa;
	return TENSORITY_CPU_LACKS;
}
#endif

static int of_this_architecture(enum tensority_isa isa)
{
#if defined(TENSORITY_X86)
	return isa < TENSORITY_DOTPROD;
#elif defined(TENSORITY_ARM64)
	return isa >= TENSORITY_DOTPROD;
#else
	(void)isa;
	return 0;
#endif
}

enum tensority_verdict tensority_support(enum tensority_isa isa)
{
	if (isa == TENSORITY_PORTABLE)
		return TENSORITY_USABLE;
	if (!of_this_architecture(isa))
		return TENSORITY_OTHER_ARCHITECTURE;
	if (!ladder[isa])
		return TENSORITY_COMPILER_LACKS;
	return machine_support(isa);
}

enum tensority_verdict tensority_expansion_support(enum tensority_expansion expansion)
{
	if (expansion == TENSORITY_EXPANSION_PORTABLE)
		return TENSORITY_USABLE;
#ifndef TENSORITY_X86
	return TENSORITY_OTHER_ARCHITECTURE;
#else
	if (!expansions[expansion])
		return TENSORITY_COMPILER_LACKS;
	switch (expansion) {
	case TENSORITY_EXPANSION_AVX2:
		return machine_support(TENSORITY_AVX2);
	case TENSORITY_EXPANSION_AVX512:
		return machine_support(TENSORITY_AVX512VNNI);
	default:
		return TENSORITY_USABLE;
	}
#endif
}

void *tensority_seed_allocate(enum tensority_isa isa)
{
	return tensority_allocate(ladder[isa]->seed_size);
}

void tensority_seed_expand(enum tensority_expansion expansion, void *seed, uint32_t *state, int first, int end)
{
	for (int round = first; round < end; round++)
		expansions[expansion]((uint8_t *)seed + 2 * round * sizeof(tensority_matrix), state);
}

int tensority_packs(enum tensority_isa isa)
{
	return ladder[isa]->pack != NULL;
}

void tensority_seed_pack(enum tensority_isa isa, void *seed, int first, int end)
{
	if (tensority_packs(isa))
		ladder[isa]->pack(seed, first, end);
}

void tensority_seed_touch(enum tensority_isa isa, void *seed)
{
	tensority_touch(seed, ladder[isa]->seed_size);
}

void tensority_seed_free(enum tensority_isa isa, void *seed)
{
	tensority_release(seed, ladder[isa]->seed_size);
}

void *tensority_scratch_new(enum tensority_isa isa)
{
	return tensority_allocate(ladder[isa]->scratch_size);
}

void tensority_scratch_free(enum tensority_isa isa, void *scratch)
{
	tensority_release(scratch, ladder[isa]->scratch_size);
}

int tensority_step(enum tensority_isa isa)
{
	return ladder[isa]->step;
}

void tensority_begin(void *scratch, int first, int end)
{
	memset((uint8_t *)scratch + first * TENSORITY_SIZE, 0, (size_t)(end - first) * TENSORITY_SIZE);
}

void tensority_rows(enum tensority_isa isa, const void *seed, void *scratch,
	const uint8_t *indices, int chain, int first, int end)
{
	ladder[isa]->rows(seed, scratch, indices + chain * TENSORITY_INDICES, first, end);
}

void tensority_add(uint8_t *sum, const void *scratch, int first, int end)
{
	const uint8_t *more = scratch;
	for (int i = first * TENSORITY_SIZE; i < end * TENSORITY_SIZE; i++)
		sum[i] = (uint8_t)(sum[i] + more[i]);
}

void tensority_finish(enum tensority_isa isa, void *scratch, uint8_t *folded)
{
	ladder[isa]->finish(scratch, folded);
}

void tensority_hash(enum tensority_isa isa, const void *seed, void *scratch,
	const uint8_t *indices, uint8_t *folded)
{
	tensority_begin(scratch, 0, TENSORITY_SIZE);
	for (int chain = 0; chain < TENSORITY_CHAINS; chain++)
		tensority_rows(isa, seed, scratch, indices, chain, 0, TENSORITY_SIZE);
	tensority_finish(isa, scratch, folded);
}

const char *tensority_peak_name(enum tensority_isa isa, int n)
{
	return ladder[isa] ? ladder[isa]->peaks[n].name : NULL;
}

double tensority_peak(enum tensority_isa isa, int n, uint32_t count)
{
	return ladder[isa]->peaks[n].run(count);
}

double tensority_additions(uint32_t count)
{
#if defined(TENSORITY_X86) || defined(TENSORITY_ARM64)
	uint64_t x = 1;
	for (uint32_t i = 0; i < count / 50; i++)
#if defined(TENSORITY_X86)
		__asm__ volatile(".rept 50\n\taddq %0, %0\n\t.endr" : "+r"(x));
#else
		__asm__ volatile(".rept 50\n\tadd %0, %0, %0\n\t.endr" : "+r"(x));
#endif
	return count / 50 * 50.0;
#else
	(void)count;
	return 0;
#endif
}
