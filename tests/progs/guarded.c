// SPDX-License-Identifier: Apache-2.0
/* Keeps a shadow stack of its return addresses, where CPU and kernel have them, and says whether. */
#define _GNU_SOURCE
#include "site.h"

#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

SITE void *site_guarded(size_t n)
{
	void *p = malloc(n);

	KEEP(p);
	return p;
}

SITE void *site_guarded_grown(void *old, size_t n)
{
	void *p = realloc(old, n);

	KEEP(p);
	return p;
}

/* Inlined, for who calls it has no entry there and can never return. */
static inline __attribute__((always_inline)) int guard(void)
{
#ifdef __x86_64__
	long result;

	/* ARCH_SHSTK_ENABLE, ARCH_SHSTK_SHSTK */
	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(SYS_arch_prctl), "D"(0x5001L), "S"(1L)
			 : "rcx", "r11", "memory");
#else
	/* PR_SET_SHADOW_STACK_STATUS, PR_SHADOW_STACK_ENABLE */
	register long result __asm__("x0") = 75, enable __asm__("x1") = 1, none2 __asm__("x2") = 0,
			     none3 __asm__("x3") = 0, none4 __asm__("x4") = 0,
			     number __asm__("x8") = SYS_prctl;

	__asm__ volatile("svc 0"
			 : "+r"(result)
			 : "r"(enable), "r"(none2), "r"(none3), "r"(none4), "r"(number)
			 : "memory");
#endif
	return result == 0;
}

int main(int argc, char **argv)
{
	void *p;
	int i;

	sites_setup(argc, argv);
	EXPECT(site_guarded, 600, 60000, 300, 30000);
	EXPECT(site_guarded_grown, 100, 60000, 0, 0);
	sites_say(guard() ? "a shadow stack\n" : "no shadow stack\n");
	sites_ready();
	for (i = 0; i < 600; i++) {
		p = site_guarded(100);
		if (i % 2)
			free(p);
	}
	for (i = 0; i < 50; i++) {
		p = site_guarded_grown(NULL, 400);
		free(site_guarded_grown(p, 800));
	}
	sites_done();
	_exit(0);
}
