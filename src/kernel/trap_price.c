// SPDX-License-Identifier: Apache-2.0
/* What a trap costs on this machine, now: measured on ourselves. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "kernel/self_offset.h"
#include "kernel/tracer_priv.h"

/* Probed and called by ourselves. Its first instruction is one that the kernel emulates, as sites are chosen to be. */
static __attribute__((noipa, used)) void trap_me(void)
{
	__asm__ volatile("nop");
}

/*
 * A few hundred nanoseconds of something else, as it lies between two hits of a program: a trap also costs what the
 * processor had under way, which a loop of nothing but traps does not show.
 */
static __attribute__((noipa)) void work_between_traps(void)
{
	for (volatile int i = 0; i < 1000; i++)
		;
}

/* What a call of trap_me() takes more than none. */
static uint64_t time_traps(int cnt)
{
	uint64_t start = clock_ns(CLOCK_THREAD_CPUTIME_ID), with, without;
	int i;

	for (i = 0; i < cnt; i++) {
		work_between_traps();
		trap_me();
	}
	with = clock_ns(CLOCK_THREAD_CPUTIME_ID) - start;
	start = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	for (i = 0; i < cnt; i++)
		work_between_traps();
	without = clock_ns(CLOCK_THREAD_CPUTIME_ID) - start;
	return with > without ? (with - without) / (uint64_t)cnt : 0;
}

static int by_size(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

#define TRAP_ROUNDS 15
/* Of our programs, what comes before and after the time they measure (bpf/cost.bpf.h). */
#define PROGRAM_NS  100

uint64_t tracer__trap_ns(struct tracer *tracer)
{
	uint64_t cookie = 0, offset, rounds[TRAP_ROUNDS];
	const struct bpf_link_sites site = { .offsets = &offset, .cookies = &cookie, .cnt = 1 };
	int exe __close_fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct probe_links links;
	int round, err;

	if (exe < 0 || self_offset((const void *)trap_me, &offset))
		return 0;
	err = probe_links__init(&links, exe, getpid());
	if (!err)
		err = probe_links__add(&links, tracer, tracer->skel->progs.heaptap_empty,
				       BPF_LINK_UPROBE_MULTI, site, false);
	for (round = 0; !err && round < TRAP_ROUNDS; round++)
		rounds[round] = time_traps(100);
	probe_links__done(&links, tracer);
	if (err)
		return 0;
	qsort(rounds, TRAP_ROUNDS, sizeof(rounds[0]), by_size);
	/* As it is, not as it could be: the target has the same interrupts and neighbours. */
	return rounds[TRAP_ROUNDS / 2] + PROGRAM_NS;
}
