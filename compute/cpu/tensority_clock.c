#include "tensority_impl.h"

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

uint64_t tensority_clock(void)
{
	LARGE_INTEGER count, each_second;
	QueryPerformanceFrequency(&each_second);
	QueryPerformanceCounter(&count);
	uint64_t n = (uint64_t)count.QuadPart, hz = (uint64_t)each_second.QuadPart;
	return n / hz * 1000000000 + n % hz * 1000000000 / hz; /* which does not overflow */
}
#else
#include <time.h>

uint64_t tensority_clock(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}
#endif
