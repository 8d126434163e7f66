/* The expansion of a seed in amd64's general registers.
 *
 * The work is a chain of 2^19 Salsa20/8, 32 steps of add, rotate and exclusive or each,
 * so the latency of those is the limit: 96 cycles and 2 at the ends, where each takes
 * one. Vectors are nowhere faster by the step, and on some processors, as Zen 5, take
 * two. Compilers get near half of the way, as sixteen words and what comes of them do not
 * fit in fifteen registers and they choose what to spill without knowing the chain.
 *
 * Here 14 words have a register, and one is for sums. Two words wait in memory, always
 * the third of their line, which have 11 cycles to spare: x2 and x7 share the registers
 * of x8 and x13. What goes into a Salsa is needed again at its end; vector registers,
 * which have nothing else to do, make it from memory in the middle, off the chain, and
 * copy blocks. Sums are made by mov and add, as mov costs no cycle: lea has been slower. */
#include "tensority_impl.h"

#ifdef TENSORITY_HAS_SCALAR

/* Word n is in Wn, or, of those that share, in their slots below. */
#define W0 "%eax"
#define W1 "%ebx"
#define W3 "%ecx"
#define W4 "%edx"
#define W5 "%edi"
#define W6 "%ebp"
#define W8 "%r8d"
#define W9 "%r9d"
#define W10 "%r10d"
#define W11 "%r11d"
#define W12 "%r12d"
#define W13 "%r13d"
#define W14 "%r14d"
#define W15 "%r15d"
#define SUM "%esi"
#define POINTER "%rsi" /* the same, where no sum is under way */

/* The frame. The state's halves are X and Y; their block's, IN, is what went in. */
#define IN "0"
#define X "64"
#define Y "128"
#define WAIT2 "192(%rsp)"
#define WAIT7 "196(%rsp)"
#define WAIT8 "200(%rsp)"
#define WAIT13 "204(%rsp)"
#define MATRICES "208(%rsp)"
#define COUNT "216(%rsp)"
#define STATE "224(%rsp)"
#define BLOCK "232(%rsp)" /* the block under way in the first half of a round */
#define FRAME "248" /* with six registers and the way back, a multiple of 16 */

#define DO(op, from, to) op " " from "," to "\n\t"
#define AT(word, half) "4*" #word "+" half "(%rsp)"

/* x ^= rotate(a + b, n), for two lines at a time. */
#define STEP(x, a, b, n) DO("movl", a, SUM) DO("addl", b, SUM) DO("roll", "$" #n, SUM) DO("xorl", SUM, x)
#define LINES(a, b, c, d, e, f, g, h)                                       \
	STEP(b, a, d, 7) STEP(f, e, h, 7) STEP(c, b, a, 9) STEP(g, f, e, 9) \
	STEP(d, c, b, 13) STEP(h, g, f, 13) STEP(a, d, c, 18) STEP(e, h, g, 18)

#define CHANGE(to8, to13, from8, from13) \
	DO("movl", W8, to8) DO("movl", W13, to13) DO("movl", from8, W8) DO("movl", from13, W13)
#define ROUNDS2                                                                       \
	LINES(W0, W4, W8, W12, W5, W9, W13, W1) CHANGE(WAIT8, WAIT13, WAIT2, WAIT7)   \
	LINES(W10, W14, W8, W6, W15, W3, W13, W11)                                    \
	LINES(W0, W1, W8, W3, W5, W6, W13, W4) CHANGE(WAIT2, WAIT7, WAIT8, WAIT13)    \
	LINES(W10, W11, W8, W9, W15, W12, W13, W14)

/* IN = X ^ Y, whatever is in the registers of words. */
#define IN16(n, reg)                                                                    \
	DO("movdqa", "16*" #n "+" X "(%rsp)", reg) DO("pxor", "16*" #n "+" Y "(%rsp)", reg) \
	DO("movdqa", reg, "16*" #n "+" IN "(%rsp)")
#define MAKE_IN IN16(0, "%xmm8") IN16(1, "%xmm9") IN16(2, "%xmm10") IN16(3, "%xmm11")

/* The rounds on words that are X ^ Y, and early, what the vectors do meanwhile. */
#define SALSA(early) ROUNDS2 early ROUNDS2 ROUNDS2 MAKE_IN ROUNDS2

/* The words that have registers, those first that the next rounds want first. */
#define WORDS(EACH) \
	EACH(1) EACH(6) EACH(11) EACH(12) EACH(8) EACH(13) EACH(3) EACH(4) EACH(9) EACH(14) EACH(0) EACH(5) EACH(10) EACH(15)

/* The words are Y, and become X ^ Y. */
#define BEGIN2(word, wait) DO("movl", AT(word, Y), SUM) DO("xorl", AT(word, X), SUM) DO("movl", SUM, wait)
#define BEGIN1(word) DO("xorl", AT(word, X), W##word)
#define BEGIN BEGIN2(2, WAIT2) BEGIN2(7, WAIT7) WORDS(BEGIN1)

/* The words are the rounds' result, of which X becomes the sum, and then X ^ Y. */
#define MIDDLE2(word, wait) \
	END2(word, wait, X) DO("xorl", AT(word, Y), SUM) DO("movl", SUM, wait)
#define MIDDLE1(word) END1(word, X) DO("xorl", AT(word, Y), W##word)
#define MIDDLE MIDDLE2(2, WAIT2) MIDDLE2(7, WAIT7) WORDS(MIDDLE1)

/* The words are the rounds' result, and become, with Y, the sum. */
#define END2(word, wait, half) \
	DO("movl", wait, SUM) DO("addl", AT(word, IN), SUM) DO("movl", SUM, AT(word, half))
#define END1(word, half) DO("addl", AT(word, IN), W##word) DO("movl", W##word, AT(word, half))
#define ENDY(word) END1(word, Y)
#define END END2(2, WAIT2, Y) END2(7, WAIT7, Y) WORDS(ENDY)

#define VECTORS(EACH) EACH(0) EACH(1) EACH(2) EACH(3) EACH(4) EACH(5) EACH(6) EACH(7)

/* Copies the state as it was before these rounds to its block, or to the next matrix's. */
#define PUT1(n) DO("movdqa", "16*" #n "+" X "(%rsp)", "%xmm" #n)
#define PUT2(n) DO("movdqu", "%xmm" #n, "16*" #n "(" POINTER ")")
#define PUT3(n) DO("movdqu", "%xmm" #n, "16*" #n "+65536(" POINTER ")")
#define PUT_EVEN DO("movq", BLOCK, POINTER) VECTORS(PUT1) VECTORS(PUT2)
#define PUT_ODD DO("movq", BLOCK, POINTER) VECTORS(PUT1) VECTORS(PUT3)

/* Finds the block that word 0 of Y says, whose halves go into the words: they are Y, and
 * become X ^ Y of the state with the block. The state itself gets it in the meantime. */
#define FIND                                                                    \
	DO("movl", W0, SUM) DO("movl", W0, W8)                                  \
	DO("andl", "$0x3fe", SUM) DO("shll", "$6", SUM)                         \
	DO("andl", "$1", W8) DO("shll", "$16", W8) DO("addl", W8, SUM)          \
	DO("addq", MATRICES, POINTER)
#define TAKE(word, to)                                                                               \
	DO("xorl", "4*" #word "+64(" POINTER ")", to) DO("xorl", "4*" #word "(" POINTER ")", to) \
	DO("xorl", AT(word, X), to)
#define TAKE1(word) TAKE(word, W##word)
#define TAKE2(word, wait) DO("movl", AT(word, Y), W8) TAKE(word, W8) DO("movl", W8, wait)
#define TAKE8 DO("movl", AT(8, Y), W8) TAKE(8, W8)
#define GET1(n) DO("movdqu", "16*" #n "(" POINTER ")", "%xmm" #n)
#define GET                                                                                         \
	FIND TAKE1(1) TAKE1(6) TAKE1(11) TAKE1(12) TAKE1(13) TAKE1(3) TAKE1(4) TAKE1(9) TAKE1(14)   \
	TAKE1(0) TAKE1(5) TAKE1(10) TAKE1(15) TAKE2(2, WAIT2) TAKE2(7, WAIT7) TAKE8 VECTORS(GET1)
#define MIX1(n) \
	DO("pxor", "16*" #n "+" X "(%rsp)", "%xmm" #n) DO("movdqa", "%xmm" #n, "16*" #n "+" X "(%rsp)")

#define LOADV(n) DO("movdqu", "16*" #n "(" POINTER ")", "%xmm" #n) DO("movdqa", "%xmm" #n, "16*" #n "+" X "(%rsp)")
#define LOADY(word) DO("movl", AT(word, Y), W##word)

/* One round: 512 times two blocks, then 1024 picks. It has Linux's calling convention
 * anywhere; naked, it is nothing but its asm. */
__attribute__((naked, noinline, sysv_abi))
static void mix(uint8_t *matrices __attribute__((unused)), uint32_t *state __attribute__((unused)))
{
	__asm__(
		"pushq %rbx\n\tpushq %rbp\n\tpushq %r12\n\tpushq %r13\n\tpushq %r14\n\tpushq %r15\n\t"
		"subq $" FRAME ",%rsp\n\t"
		DO("movq", "%rdi", MATRICES) DO("movq", "%rdi", BLOCK) DO("movq", POINTER, STATE)
		DO("movl", "$512", COUNT)
		VECTORS(LOADV) WORDS(LOADY)
		".p2align 6\n1:\n\t"
		BEGIN SALSA(PUT_EVEN) MIDDLE SALSA() END
		BEGIN SALSA(PUT_ODD) MIDDLE SALSA() END
		"addq $128," BLOCK "\n\tsubl $1," COUNT "\n\tjnz 1b\n\t"
		DO("movl", "$1024", COUNT)
		".p2align 6\n2:\n\t"
		GET SALSA(VECTORS(MIX1)) MIDDLE SALSA() END
		"subl $1," COUNT "\n\tjnz 2b\n\t"
		DO("movq", STATE, POINTER) VECTORS(PUT1) VECTORS(PUT2)
		"addq $" FRAME ",%rsp\n\t"
		"popq %r15\n\tpopq %r14\n\tpopq %r13\n\tpopq %r12\n\tpopq %rbp\n\tpopq %rbx\n\tret\n");
}

_Static_assert(sizeof(tensority_matrix) == 65536 && TENSORITY_BLOCK == 128 && TENSORITY_BLOCKS == 1024,
	"the asm has these numbers");

void tensority_mix_scalar(uint8_t *matrices, uint32_t *state)
{
	mix(matrices, state);
}
#endif

/* A file must not be empty. */
typedef int tensority_seed_scalar_file;
