/* The intrinsics of the kernels for newer instruction sets: the compiler's, or in a
 * test build with TENSORITY_EMULATED, C that does what Intel's manual says. */
#ifndef TENSORITY_INTRINSICS_H
#define TENSORITY_INTRINSICS_H

#ifdef TENSORITY_EMULATED
#define TENSORITY_TARGET(name) "sse2"
#define TENSORITY_KEEP(x) ((void)(x))
#include "tensority_emulated.h"
#else
#define TENSORITY_TARGET(name) name
/* Has the compiler believe that a vector is needed, and anew. */
#define TENSORITY_KEEP(x) __asm__ volatile("" : "+v"(x))
#include <immintrin.h>
#endif

#endif
