// SPDX-License-Identifier: Apache-2.0
/*
 * The functions that heaptap probes in itself. valgrind runs a translation of the code, which no breakpoint is hit in, and
 * is ended by one that it reads: these it neither reads nor runs, the processor does.
 */
#include <valgrind/valgrind.h>

/* The compiler has seen that they change no register, and lets callers of theirs keep what they have in any. */
#define KEEPS_REGISTERS __attribute__((no_caller_saved_registers, target("general-regs-only")))

#define CALL_NATIVELY(name)                                                                        \
	KEEPS_REGISTERS void I_WRAP_SONAME_FNNAME_ZU(NONE, name)(void);                            \
	KEEPS_REGISTERS void I_WRAP_SONAME_FNNAME_ZU(NONE, name)(void)                             \
	{                                                                                          \
		OrigFn fn;                                                                         \
                                                                                                   \
		VALGRIND_GET_ORIG_FN(fn);                                                          \
		(void)VALGRIND_NON_SIMD_CALL0(fn.nraddr);                                          \
	}

CALL_NATIVELY(features_probe_me)
CALL_NATIVELY(trap_me)
