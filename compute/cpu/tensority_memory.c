/* Memory for seeds and scratches. A seed is 16 MiB that is read in an order which
 * no prefetcher knows, so it lies on huge pages where the system gives them. */
#include "tensority_impl.h"

#include <stdlib.h>

#if defined(_WIN32)
#include <malloc.h>
#elif defined(__linux__)
#include <sys/mman.h>
#endif

#define HUGE_PAGE ((size_t)2 << 20)

void *tensority_allocate(size_t size)
{
	void *memory;
	size_t align = size >= HUGE_PAGE ? HUGE_PAGE : TENSORITY_ALIGN;
#if defined(_WIN32)
	memory = _aligned_malloc(size, align);
#else
	if (posix_memalign(&memory, align, size))
		return NULL;
#endif
#if defined(__linux__) && defined(MADV_HUGEPAGE)
	/* A wish: without huge pages everything works, a little slower. */
	if (size >= HUGE_PAGE)
		(void)madvise(memory, size, MADV_HUGEPAGE);
#endif
	return memory;
}

void tensority_touch(void *memory, size_t size)
{
	enum { PAGE = 4096 };
	for (size_t i = 0; i < size; i += PAGE)
		__atomic_fetch_or((uint8_t *)memory + i, 0, __ATOMIC_RELAXED);
}

void tensority_release(void *memory, size_t size)
{
#if defined(_WIN32)
	(void)size;
	_aligned_free(memory);
#else
#if defined(__linux__) && defined(MADV_DONTNEED)
	/* The allocator may keep the address range; the pages go back now. */
	if (memory && size >= HUGE_PAGE)
		(void)madvise(memory, size, MADV_DONTNEED);
#endif
	(void)size;
	free(memory);
#endif
}
