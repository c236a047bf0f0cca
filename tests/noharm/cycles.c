// SPDX-License-Identifier: Apache-2.0
/*
 * Put all probes on a victim and take them off again, many times: `cycles VICTIM-PROGRAM CYCLES LIBS...`. For each folder LIBS
 * that has a C library there are two workers whose victims run with it: who probes one file meets in each of its probes all
 * others who do, and with a single one for all, thirty tracers would measure each other. Each worker is a
 * process with a tracer and a victim of its own; with several of them the machine is always busy, and the grace
 * periods that detaching waits for are shared. Every tracer goes through the whole life of one (open, attach, detach, free) and
 * is used for some cycles: their probes and links are made anew each time.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "herd.h"
#include "kernel/features.h"
#include "kernel/tracer.h"
#include "target/target.h"

#define WORKERS_PER_LIBC 2
#define TRACER_CYCLES    48  /* of one tracer */
#define CHECK_CYCLES     200 /* from one comparison of the code to the next */
#define WORK_CYCLES      32  /* from one look whether it works to the next */
#define SAY_EVERY_S      30

static const char *const kind_names[] = VICTIM_KINDS;

/* All workers' results. */
struct results {
	uint64_t next;                  /* cycle to begin */
	uint64_t done[VICTIM_KIND_CNT]; /* cycles */
	uint64_t missed; /* attempts that found the victim between two programs, or gone */
	uint64_t hits, tracers;
	struct herd_counts herd;
	uint32_t failed;
};

static struct results *results;
static uint64_t cycle_max;

static void add(uint64_t *to, uint64_t cnt)
{
	__atomic_fetch_add(to, cnt, __ATOMIC_SEQ_CST);
}

struct worker {
	unsigned number, random;
	struct victim victim;
	struct tracer *tracer;
	struct target_set *targets;
	unsigned used;  /* cycles of this tracer */
	pid_t attached; /* whose probes it knows */
};

static int fault(const struct worker *worker, int err, const char *what)
{
	fprintf(stderr, "cycles: worker %u: %s: %s\n", worker->number, what, strerror(-err));
	return 1;
}

/* --- one tracer ----------------------------------------------------------------------------------------------------- */

static void close_tracer(struct worker *worker)
{
	const struct image *images;
	size_t cnt, i;

	if (!worker->tracer)
		return;
	images = tracer__images(worker->tracer, &cnt);
	for (i = 0; i < cnt; i++)
		add(&results->hits,
		    images[i].enter_cnt + images[i].free_cnt + images[i].return_cnt);
	tracer__free(TAKE_PTR(worker->tracer));
	worker->attached = 0;
}

static int open_tracer(struct worker *worker)
{
	struct tracer_options options = tracer_options_least();
	enum tracer_open_error why;
	int err;

	options.image_max = TRACER_CYCLES * 2;
	options.live_max = 4096;
	options.live = worker->random % 4;
	/* Every third goes the way of older kernels. */
	options.backend = worker->number % 3 == 2 && feature_has(FEATURE_UPROBE_PERF)
				  ? TRACER_BACKEND_PERF
				  : TRACER_BACKEND_AUTO;
	err = tracer__open(&options, &worker->tracer, &why);
	if (err)
		return err;
	add(&results->tracers, 1);
	worker->used = 0;
	tracer__activate(worker->tracer);
	return 0;
}

static int attach_object(struct worker *worker, size_t index)
{
	const struct target_object *object = target_set__at(worker->targets, index);
	struct tracer_site *sites __free_mem = calloc(object->probe_cnt + 1, sizeof(*sites));
	size_t i;

	if (!sites)
		return -ENOMEM;
	for (i = 0; i < object->probe_cnt; i++) {
		sites[i].offset = object->probes[i].site.site_off;
		sites[i].probe = object->probes[i].probe;
		sites[i].rets = object->probes[i].rets;
		sites[i].ret_cnt = object->probes[i].ret_cnt;
	}
	return object->probe_cnt
		       ? tracer__attach(worker->tracer, object->fd, (uint32_t)index,
					worker->victim.pid, sites, object->probe_cnt, true)
		       : 0;
}

/* 0; 1: the victim has nothing mapped just now; -errno */
static int attach_anew(struct worker *worker)
{
	struct target_refs refs __target_refs = {};
	pid_t pid = worker->victim.pid;
	size_t i;
	int err;

	err = target_set__add_pid(worker->targets, pid, &refs);
	if (err)
		return err;
	err = tracer__add_image(worker->tracer, pid, "victim", NULL);
	for (i = 0; !err && i < refs.cnt; i++)
		err = attach_object(worker, refs.at[i]);
	if (err) {
		tracer__suspend(worker->tracer, pid);
		return err == -ESRCH ? 1 : err;
	}
	worker->attached = pid;
	return 0;
}

static int attach(struct worker *worker)
{
	int err;

	if (worker->tracer && worker->used >= TRACER_CYCLES)
		close_tracer(worker);
	if (!worker->tracer) {
		err = open_tracer(worker);
		if (err)
			return err;
	}
	worker->used++;
	if (worker->attached != worker->victim.pid)
		return attach_anew(worker);
	err = tracer__resume(worker->tracer, worker->victim.pid, true);
	return err == -ESRCH ? 1 : err;
}

/* --- one cycle ------------------------------------------------------------------------------------------------------ */

/* Let it run with the probes on, or not at all. */
static void pause_a_bit(struct worker *worker)
{
	unsigned us = rand_r(&worker->random) % 4;

	if (us)
		usleep(us * 700);
}

static void check_victim(struct worker *worker, uint64_t cycle)
{
	if (cycle % CHECK_CYCLES == 0)
		victim__is_clean(&worker->victim);
	if (cycle % WORK_CYCLES == 0)
		victim__works(&worker->victim);
}

/* -errno: heaptap fails. What is done to the victim is told by victim.why; @ret_done: it was there to be attached to. */
static int cycle(struct worker *worker, uint64_t number, bool *ret_done)
{
	struct victim *victim = &worker->victim;
	bool stopped = victim->kind == VICTIM_STOPPED, early = rand_r(&worker->random) % 2;
	int err;

	if (!victim__start(victim) || (stopped && !victim__stop(victim)))
		return 0;
	err = victim->pid ? attach(worker) : 1;
	if (err < 0)
		return err;
	*ret_done = !err;
	if (!err && stopped && early && !victim__go_on(victim))
		return 0;
	if (!err) {
		pause_a_bit(worker);
		tracer__suspend(worker->tracer, victim->pid);
	}
	if (stopped && (err || !early) && !victim__go_on(victim))
		return 0;
	if (!err)
		check_victim(worker, number);
	return 0;
}

static void hand_in(const struct herd_counts *from)
{
	struct herd_counts *to = &results->herd;

	add(&to->victims, from->victims);
	add(&to->beats, from->beats);
	add(&to->forks, from->forks);
	add(&to->execs, from->execs);
	add(&to->loads, from->loads);
	add(&to->steps, from->steps);
	add(&to->compared, from->compared);
	add(&to->unjudged, from->unjudged);
}

static bool goes_on(const struct worker *worker)
{
	return !worker->victim.why[0] && !__atomic_load_n(&results->failed, __ATOMIC_SEQ_CST);
}

static int work(struct worker *worker)
{
	uint64_t number;
	bool done;
	int err = 0;

	while (!err && goes_on(worker)) {
		number = __atomic_fetch_add(&results->next, 1, __ATOMIC_SEQ_CST);
		if (number >= cycle_max)
			break;
		for (done = false; !done && !err && goes_on(worker);) {
			err = cycle(worker, number, &done);
			add(done ? &results->done[worker->victim.kind] : &results->missed, 1);
		}
	}
	if (err < 0)
		return fault(worker, err, "cannot attach");
	close_tracer(worker);
	if (!worker->victim.why[0] && victim__is_clean(&worker->victim))
		victim__end(&worker->victim);
	hand_in(&worker->victim.counts);
	if (!worker->victim.why[0])
		return 0;
	fprintf(stderr, "cycles: a %s victim is harmed: %s\n", kind_names[worker->victim.kind],
		worker->victim.why);
	return 1;
}

static int run_worker(unsigned number, const char *program, const char *libs)
{
	struct worker worker = { .number = number,
				 .random = number * 7919 + 1,
				 .victim = { .kind = (enum victim_kind)(number % VICTIM_KIND_CNT),
					     .program = program,
					     .libs = libs,
					     .seed = number * 1000 } };
	struct alloc_fns *fns;
	int err;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	err = victim__init(&worker.victim);
	if (!err)
		err = alloc_fns__new(NULL, 0, false, &fns);
	if (!err)
		err = target_set__new(fns, NULL, &worker.targets);
	if (err)
		return fault(&worker, err, "cannot start");
	err = work(&worker);
	target_set__free(worker.targets);
	alloc_fns__free(fns);
	victim__done(&worker.victim);
	return err;
}

/* --- all of them ---------------------------------------------------------------------------------------------------- */

static double now_s(void)
{
	return (double)clock_ns(CLOCK_MONOTONIC) / 1e9;
}

static uint64_t done_cnt(void)
{
	uint64_t sum = 0;
	int kind;

	for (kind = 0; kind < VICTIM_KIND_CNT; kind++)
		sum += results->done[kind];
	return sum;
}

static void tell(double seconds, unsigned worker_cnt)
{
	const struct herd_counts *herd = &results->herd;
	struct utsname name;
	int kind;

	uname(&name);
	printf("# %llu cycles of attach and detach in %.0f s by %u at once on Linux %s (",
	       (unsigned long long)done_cnt(), seconds, worker_cnt, name.release);
	for (kind = 0; kind < VICTIM_KIND_CNT; kind++)
		printf("%s%llu %s", kind ? ", " : "", (unsigned long long)results->done[kind],
		       kind_names[kind]);
	printf("; %llu more found nobody there), %llu tracers, %llu hits\n",
	       (unsigned long long)results->missed, (unsigned long long)results->tracers,
	       (unsigned long long)results->hits);
	printf("# %llu victims, %llu rounds of checked work, %llu forks, %llu execs, ",
	       (unsigned long long)herd->victims, (unsigned long long)herd->beats,
	       (unsigned long long)herd->forks, (unsigned long long)herd->execs);
	printf("%llu libraries loaded and unloaded, %llu single steps; code compared %llu times",
	       (unsigned long long)herd->loads, (unsigned long long)herd->steps,
	       (unsigned long long)herd->compared);
	if (herd->unjudged)
		printf(" (%llu in vain, others traced the machine)",
		       (unsigned long long)herd->unjudged);
	printf("; %s\n",
	       results->failed ? "HARM DONE" : "none lost, none corrupted, no probe left");
}

/* Reap the workers; progress goes to stderr. */
static void await_workers(unsigned cnt, double start)
{
	double said = start;
	int status;
	pid_t pid;

	while (cnt) {
		pid = waitpid(-1, &status, WNOHANG);
		if (pid > 0) {
			cnt--;
			if (status) {
				fprintf(stderr, "cycles: a worker ended with 0x%x\n", status);
				results->failed = 1;
			}
			continue;
		}
		usleep(20000);
		if (now_s() - said < SAY_EVERY_S)
			continue;
		said = now_s();
		fprintf(stderr, "cycles: %llu of %llu after %.0f s\n",
			(unsigned long long)done_cnt(), (unsigned long long)cycle_max,
			said - start);
	}
}

int main(int argc, char **argv)
{
	struct rlimit files = { 65536, 65536 };
	double start = now_s();
	unsigned cnt, i;

	if (argc < 4) {
		fprintf(stderr, "usage: cycles VICTIM-PROGRAM CYCLES LIBS...\n");
		return 2;
	}
	cycle_max = strtoull(argv[2], NULL, 10);
	cnt = (unsigned)(argc - 3) * WORKERS_PER_LIBC;
	setrlimit(RLIMIT_NOFILE, &files);
	results = mmap(NULL, sizeof(*results), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	if (results == MAP_FAILED)
		return 2;
	feature_has(FEATURE_UPROBE_MULTI); /* tried once, for all */
	for (i = 0; i < cnt; i++) {
		if (!fork())
			_exit(run_worker(i, argv[1], argv[3 + i / WORKERS_PER_LIBC]));
	}
	await_workers(cnt, start);
	tell(now_s() - start, cnt);
	return results->failed || done_cnt() < cycle_max;
}
