/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A second stack of return addresses, which the CPU keeps and compares with the first: shadow stacks on x86-64, guarded
 * control stacks (GCS) on arm64. A C library asks for one when a program starts; here a thread does in mid-life, and so it has
 * no entry for the functions it is in. See Documentation/arch/x86/shstk.rst and arch/arm64/gcs.rst of the kernel.
 */
#pragma once

#include <sys/syscall.h>

#ifdef __x86_64__
/* asm/prctl.h: ARCH_SHSTK_ENABLE, ARCH_SHSTK_SHSTK; Debian 12's has neither. */
#define SHADOW_STACK_CALL     SYS_arch_prctl
#define SHADOW_STACK_ARGUMENT 0x5001
#else
/* linux/prctl.h: PR_SET_SHADOW_STACK_STATUS, PR_SHADOW_STACK_ENABLE. */
#define SHADOW_STACK_CALL     SYS_prctl
#define SHADOW_STACK_ARGUMENT 75
#endif

/*
 * Give this thread one: 0, or not 0 where CPU or kernel has none. Once it has one, the calling function must not return,
 * for that is why this is inlined and calls nobody.
 */
static inline __attribute__((always_inline)) long shadow_stack_enable(void)
{
#ifdef __x86_64__
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(SHADOW_STACK_CALL), "D"(SHADOW_STACK_ARGUMENT), "S"(1L)
			 : "rcx", "r11", "memory");
	return result;
#else
	register long result __asm__("x0") = SHADOW_STACK_ARGUMENT;
	register long enable __asm__("x1") = 1;
	register long none2 __asm__("x2") = 0;
	register long none3 __asm__("x3") = 0;
	register long none4 __asm__("x4") = 0;
	register long number __asm__("x8") = SHADOW_STACK_CALL;

	__asm__ volatile("svc 0"
			 : "+r"(result)
			 : "r"(enable), "r"(none2), "r"(none3), "r"(none4), "r"(number)
			 : "memory");
	return result;
#endif
}
