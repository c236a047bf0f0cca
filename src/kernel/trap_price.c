// SPDX-License-Identifier: Apache-2.0
/* What a trap costs on this machine, now: measured on ourselves. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "kernel/self_offset.h"
#include "kernel/tracer_priv.h"

/* Nothing may be concluded from what is in it. clang has no word for that. */
#ifdef __clang__
#define APART __attribute__((noinline, used))
#else
#define APART __attribute__((noipa, used))
#endif

/* Probed and called by ourselves. Its first instruction is one that the kernel emulates, as sites are chosen to be. */
static APART void trap_me(void)
{
	__asm__ volatile("nop");
}

/*
 * A few hundred nanoseconds of something else, as it lies between two hits of a program: a trap also costs what the
 * processor had under way, which a loop of nothing but traps does not show. A chain of multiplications: whatever goes
 * through memory takes half the time or twice, by what the processor guesses of it.
 */
static APART void work_between_traps(void)
{
	uint64_t value = 1;
	int i;

	for (i = 0; i < 400; i++) {
		value *= 0x9e3779b97f4a7c15;
		__asm__ volatile("" : "+r"(value));
	}
}

/* Short, so that on a busy machine most of them run undisturbed. */
#define ROUNDS      150
#define ROUND_CALLS 10

static uint64_t time_calls(bool trap)
{
	uint64_t start = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	int i;

	for (i = 0; i < ROUND_CALLS; i++) {
		work_between_traps();
		if (trap)
			trap_me();
	}
	return clock_ns(CLOCK_THREAD_CPUTIME_ID) - start;
}

static int by_size(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Of our programs, what comes before and after the time they measure (bpf/cost.bpf.h). */
#define PROGRAM_NS 100

static uint64_t median(uint64_t *values)
{
	qsort(values, ROUNDS, sizeof(*values), by_size);
	return values[ROUNDS / 2];
}

/*
 * As it is, not as it could be: the target has the same interrupts and neighbours. With and without are each other's
 * neighbours in time, but compared as a whole: a round that somebody else disturbs says nothing about the one beside it.
 */
static uint64_t time_trap(void)
{
	uint64_t with[ROUNDS], without[ROUNDS], with_ns, without_ns;
	int round;

	for (round = 0; round < ROUNDS; round++) {
		with[round] = time_calls(true);
		without[round] = time_calls(false);
	}
	with_ns = median(with);
	without_ns = median(without);
	return with_ns > without_ns ? (with_ns - without_ns) / ROUND_CALLS : 0;
}

uint64_t tracer__trap_ns(struct tracer *tracer)
{
	uint64_t cookie = 0, offset, trap_ns = 0;
	const struct bpf_link_sites site = { .offsets = &offset, .cookies = &cookie, .cnt = 1 };
	int exe __close_fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct probe_links links;
	int err;

	if (exe < 0 || self_offset((const void *)trap_me, &offset))
		return 0;
	err = probe_links__init(&links, exe, getpid());
	if (!err)
		err = probe_links__add(&links, tracer, tracer->skel->progs.heaptap_empty,
				       BPF_LINK_UPROBE_MULTI, site, false);
	if (!err)
		trap_ns = time_trap();
	probe_links__done(&links, tracer);
	return trap_ns ? trap_ns + PROGRAM_NS : 0;
}
