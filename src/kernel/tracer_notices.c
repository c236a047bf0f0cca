// SPDX-License-Identifier: Apache-2.0
/*
 * What BPF has to say at once. The buffer is emptied before anything is made of what it held, and what it held is told for a
 * moment only: looking after a notice takes longer than writing it, and whoever writes the next ones meanwhile, a process that
 * does nothing but load libraries, a machine full of short programs, would keep us here for ever, deaf to everybody else.
 */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "kernel/map_walk.h"
#include "kernel/tracer.h"
#include "kernel/tracer_priv.h"

/* What waits here has no room to wait in the buffer; and where many CPUs write, that may never be empty. */
#define HEARD_MAX ((size_t)1 << 16)
#define TELL_NS   20000000u

static int on_notice(void *ctx, void *data, size_t size)
{
	struct tracer *tracer = ctx;

	if (size >= sizeof(struct notice) &&
	    vec__push(&tracer->heard, *(const struct notice *)data))
		tracer__add_stat(tracer, STAT_NOTICE_LOST, 1);
	return tracer->heard.cnt < HEARD_MAX ? 0 : -ENOBUFS;
}

int tracer__init_notices(struct tracer *tracer)
{
	tracer->ring =
		ring_buffer__new(bpf_map__fd(tracer->skel->maps.notices), on_notice, tracer, NULL);
	return tracer->ring ? 0 : -errno;
}

void tracer__done_notices(struct tracer *tracer)
{
	ring_buffer__free(tracer->ring);
	vec__done(&tracer->heard);
}

int tracer__notice_fd(const struct tracer *tracer)
{
	return ring_buffer__epoll_fd(tracer->ring);
}

/* Translators that are stopped, and of whom a notice found no room. */
static int note_translator(const void *key, const void *value, void *ctx)
{
	const struct process *process = value;
	VEC(uint32_t) *stopped = ctx;

	if (process->flags & PROCESS_HELD && process->flags & PROCESS_TRANSLATOR)
		return vec__push(stopped, *(const uint32_t *)key);
	return 0;
}

static void tell_unheard(struct tracer *tracer, tracer_notice_fn fn, void *ctx)
{
	VEC(uint32_t) stopped = {};
	size_t i;

	if (!__atomic_exchange_n(&tracer__control(tracer)->unheard, 0, __ATOMIC_SEQ_CST))
		return;
	map_walk(bpf_map__fd(tracer->skel->maps.processes), sizeof(uint32_t),
		 sizeof(struct process), note_translator, &stopped);
	for (i = 0; i < stopped.cnt; i++) {
		const struct notice notice = { .kind = NOTICE_TRANSLATOR,
					       .tgid = stopped.at[i],
					       .id = ENTRY_HELD };

		fn(&notice, ctx);
	}
	vec__done(&stopped);
}

/* A translator dies of what we are about to do for others, or stands still until we come to it. */
static void tell_translators(struct tracer *tracer, size_t first, tracer_notice_fn fn, void *ctx)
{
	size_t i;

	for (i = first; i < tracer->heard.cnt; i++) {
		struct notice *notice = &tracer->heard.at[i];

		if (notice->kind != NOTICE_TRANSLATOR)
			continue;
		fn(notice, ctx);
		notice->kind = 0;
	}
}

int tracer__poll(struct tracer *tracer, tracer_notice_fn fn, void *ctx)
{
	uint64_t until_ns = clock_ns(CLOCK_MONOTONIC) + TELL_NS;
	size_t first = tracer->heard.cnt, i = 0;
	int n = ring_buffer__consume(tracer->ring);

	tell_translators(tracer, first, fn, ctx);
	while (i < tracer->heard.cnt && clock_ns(CLOCK_MONOTONIC) < until_ns) {
		const struct notice *notice = &tracer->heard.at[i++];

		if (notice->kind)
			fn(notice, ctx);
	}
	tracer->heard.cnt -= i;
	if (tracer->heard.cnt)
		memmove(tracer->heard.at, &tracer->heard.at[i],
			tracer->heard.cnt * sizeof(*tracer->heard.at));
	tell_unheard(tracer, fn, ctx);
	if (n < 0 && n != -EINTR && n != -ENOBUFS)
		return n;
	return tracer->heard.cnt > 0;
}
