// SPDX-License-Identifier: Apache-2.0
/* When windows are held and how long. README says why so. */
#include <math.h>
#include <stdlib.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "session/governed.h"

/* So many windows a second are wanted: putting probes on takes 10 ms until they are there. */
#define PERIOD_NS     125e6
/* Shorter, and most of it is spent with what putting probes on makes cold. */
#define HOLD_MIN_NS   750e3
/* Longer, and taking them off has to wait for a grace period first, during which they are on. */
#define HOLD_MAX_NS   4e6
/* What putting them on and off takes of the process: its pages of code are copied and its address spaces told. */
#define SWITCH_NS     60000u
/* Until probes are there that are put on. */
#define GRACE_NS      12e6
/* To look again whether probes are gone, which takes tens of milliseconds. */
#define SETTLE_NS     4000000u
/* To look again whether a process has an allocator by now. */
#define LIBS_NS       1000000u
/* And all that a window of a process takes that has just begun, more or less. */
#define WINDOW_NS     1e6
/* Once this many windows are done, what was counted in them is scaled and others begin. */
#define PHASE_CNT     24u
/* Fewer than this say little: they are taken together with those before. */
#define PHASE_LEAST   12u
#define KNOWN_CNT     4u
/* How much own work a process will do is not known for longer. */
#define WAIT_MAX_NS   1e9
#define DEBT_FIRST_NS 1e9
#define OWN_RATE_MIN  0.01
/* The share of its CPU time of which reads and writes may be unknown. */
#define IO_UNKNOWN    0.1

/* Every switch asks each process with probes of its own about each: past so many windows are held less often. */
#define SWITCH_CHEAP 64.0

static double period_ns(const struct governor *governor)
{
	double times = (double)governor->apart_cnt / SWITCH_CHEAP;

	return PERIOD_NS * fmax(times * times, 1);
}

/* What the budget lets it spend in a time. */
static double income_of(const struct governed *governed)
{
	return governed->budget * fmax(governed->own_rate, OWN_RATE_MIN);
}

/* A random share between 0.5 and 1.5. */
static double jitter(struct governor *governor)
{
	return 0.5 + (double)rand_r(&governor->seed) / RAND_MAX;
}

/* The next window, once the budget has caught up with what was spent, more or less. */
static void plan(struct governed *governed, struct governor *governor, uint64_t now_ns)
{
	double period = period_ns(governor),
	       wait_ns = fmax(governed->debt_ns / income_of(governed), period);

	governed->due_ns =
		now_ns + (uint64_t)(fmin(wait_ns, fmax(WAIT_MAX_NS, period)) * jitter(governor));
}

void governed__plan_in_life(struct governed *governed, struct governor *governor, uint64_t now_ns)
{
	const struct program *program = programs__find(&governor->programs, governed->program);
	double share = (double)rand_r(&governor->seed) / RAND_MAX, likely, wait_ns;

	if (!program || program->life_ns <= 0 || program->life_ns > PERIOD_NS)
		return;
	likely = fmin(governed->budget * program->own_ns / WINDOW_NS, 1);
	wait_ns = share / likely * program->life_ns - GRACE_NS;
	governed->due_ns = now_ns + (uint64_t)(share < likely ? fmax(wait_ns, 0) : WAIT_MAX_NS);
}

/*
 * A window that nobody closes in time, because all CPUs are busy, costs the traced process many times its budget. What is
 * done in between is little.
 */
static void hurry(bool on)
{
	const struct sched_param param = { .sched_priority = on ? 1 : 0 };

	/* Without the right to, windows are longer on a busy machine, and fewer. */
	sched_setscheduler(0, on ? SCHED_FIFO : SCHED_OTHER, &param);
}

/* @from is brought up to date. False: it cannot be read, and nothing has changed. */
static bool add_io(pid_t tgid, struct proc_io *from, struct work *work)
{
	struct proc_io now;

	if (proc_io__read(tgid, &now))
		return false;
	work->io_cnt += now.calls_cnt - from->calls_cnt;
	work->io_bytes += now.bytes - from->bytes;
	*from = now;
	return true;
}

void governed__add_io(struct governed *governed, struct work *work)
{
	if (governed->level == LEVEL_WINDOWS && add_io(governed->tgid, &governed->io, work))
		governed->io_cpu_ns = governed->last.cpu_ns;
}

/* All that it did so far is the first window. */
static void stand_so_far(struct governed *governed, const struct tracer *tracer, uint32_t id)
{
	const struct window window = { .work = governed->all,
				       .allocs = (double)governed->last.enter_cnt,
				       .wall_ns = (double)governed->all.cpu_ns };

	phase__take(&governed->phase, tracer, id, &window);
	governed->phase.all = governed->all;
}

void governed__begin_windows(struct governed *governed, struct governor *governor,
			     struct tracer *tracer, uint32_t id, uint64_t now_ns)
{
	tracer__set_flags(tracer, id, IMAGE_NO_LIVE | IMAGE_CLOSED);
	hurry(true);
	tracer__suspend(tracer, governed->tgid);
	hurry(false);
	if (!governor->kept.cnt)
		thread_clocks__open(&governor->kept, getpid());
	phase__done(&governed->before);
	if (governed->stands)
		stand_so_far(governed, tracer, id);
	else
		phase__begin(&governed->phase, tracer, id);
	governed->is_new = true;
	proc_io__read(governed->tgid, &governed->io);
	governed->io_cpu_ns = governed->last.cpu_ns;
	governed->at_window = governed->all;
	governed->burn = 1;
	governed->debt_ns = fmin(governed->debt_ns, income_of(governed) * DEBT_FIRST_NS);
	/* What it took to find out is not to be paid back before anything is seen of it. */
	governed->due_ns = now_ns + (uint64_t)(period_ns(governor) * jitter(governor));
}

static void count_phase(struct governed *governed, const struct phase *phase, double sign)
{
	governed->seen += sign * phase->windows.seen;
	governed->estimate += sign * phase->estimate;
	governed->chance_squares += sign * phase->chance * phase->chance;
	governed->measure += sign * phase->measure;
}

static void end_phase(struct governed *governed, struct tracer *tracer, uint32_t id)
{
	struct phase *phase = &governed->phase;

	if (phase->windows.cnt < PHASE_LEAST && governed->before.windows.cnt) {
		count_phase(governed, &governed->before, -1);
		phase__reopen(phase, &governed->before, tracer);
	}
	if (phase__end(phase, tracer, id))
		return;
	count_phase(governed, phase, 1);
	governed->by = phase->by;
	phase__done(&governed->before);
	governed->before = *phase;
	*phase = (struct phase){};
}

/* What was done since the last window belongs to the phase, too. */
static void take_work(struct governed *governed)
{
	work_add(&governed->phase.all, work_between(governed->at_window, governed->all));
	governed->at_window = governed->all;
}

void governed__catch_up(struct governed *governed, struct tracer *tracer, uint32_t id)
{
	if (governed->phase.windows.cnt < (governed->before.windows.cnt ? PHASE_LEAST : KNOWN_CNT))
		return;
	end_phase(governed, tracer, id);
	phase__begin(&governed->phase, tracer, id);
}

/*
 * One that ends without a window held leaves its work to the next one of its program. What a process read and wrote since
 * that was last looked at is not known once it is gone: no measure, then, if it may be much.
 */
static void settle_with_others(struct governed *governed, struct governor *governor, bool gone)
{
	struct phase *phase = &governed->phase;
	double unknown_ns = (double)(governed->last.cpu_ns - governed->io_cpu_ns);
	struct work unseen;

	/* One that did nothing in its windows was not seen either. */
	if (!phase->windows.work.cpu_ns && !governed->before.windows.work.cpu_ns) {
		if (gone)
			programs__add_unseen(&governor->programs, governed->program, phase->all);
		return;
	}
	if (gone && !governed->stands &&
	    phase->windows.cnt + governed->before.windows.cnt < PHASE_LEAST)
		phase->alike_cnt = programs__add_windows(&governor->programs, governed->program,
							 &phase->windows, &phase->model);
	unseen = programs__take_unseen(&governor->programs, governed->program);
	if (unseen.cpu_ns || (gone && unknown_ns > IO_UNKNOWN * (double)phase->all.cpu_ns))
		phase->all.io_cnt = phase->all.io_bytes = 0;
	work_add(&phase->all, unseen);
}

void governed__end_windows(struct governed *governed, struct governor *governor,
			   struct tracer *tracer, uint32_t id, bool gone)
{
	take_work(governed);
	settle_with_others(governed, governor, gone);
	end_phase(governed, tracer, id);
	phase__done(&governed->before);
}

void governed__stand(struct governed *governed, struct governor *governor, struct tracer *tracer,
		     uint32_t id)
{
	stand_so_far(governed, tracer, id);
	settle_with_others(governed, governor, true);
	end_phase(governed, tracer, id);
	phase__done(&governed->before);
}

void governed__stand_for(struct governed *governed, struct tracer *tracer, uint32_t id,
			 const struct windows *windows, struct work unseen)
{
	struct windows_scale scale = windows__scale(windows, unseen);
	double more = windows->allocs / windows__own_ns(windows) * work_own_ns(unseen);

	phase__repeat(tracer, id, more);
	governed->estimate += more;
	governed->chance_squares += more * scale.chance * more * scale.chance;
	governed->measure += more * scale.measure;
}

bool governed__is_known(const struct governed *governed)
{
	return governed->level != LEVEL_WINDOWS ||
	       governed->phase.windows.cnt + governed->before.windows.cnt >= KNOWN_CNT;
}

struct budget_look governed__look_through_windows(const struct governed *governed,
						  uint64_t elapsed_ns)
{
	struct windows windows = governed->before.windows;
	struct budget_look look = { .elapsed_ns = elapsed_ns, .price = governed->price };
	double own = work_own_ns(work_between(governed->at_look, governed->all)), times;
	uint64_t trace_ns;

	windows__join(&windows, &governed->phase.windows);
	times = windows.cnt ? own / windows__own_ns(&windows) : 0;
	trace_ns = (uint64_t)((double)windows.work.trace_ns * times);
	look.enter_cnt = (uint64_t)(windows.allocs * times);
	look.work = (struct work){ .cpu_ns = (uint64_t)own + trace_ns,
				   .trace_ns = trace_ns,
				   .trap_ns = (uint64_t)((double)windows.work.trap_ns * times) };
	return look;
}

/* One window for all that are due: it is the waiting that takes long. */
struct held {
	uint32_t id;
	uint64_t begin_ns, open_ns; /* probes are on; allocations count */
	struct thread_clocks clocks;
	uint64_t cpu_ns; /* on them when the window was opened */
	struct proc_io io;
	struct reading from;
	uint64_t trace_ns; /* all of it, up to when the window was opened */
};

static double hold_ns(const struct governed *governed, const struct governor *governor)
{
	double wanted = period_ns(governor) * income_of(governed);

	return fmin(fmax(wanted / fmax(governed->burn, 1e-3), HOLD_MIN_NS), HOLD_MAX_NS);
}

static void open_window(struct governed *governed, struct governor *governor, struct tracer *tracer,
			const struct image *image, struct held *held)
{
	tracer__resume(tracer, governed->tgid, false);
	held->begin_ns = clock_ns(CLOCK_MONOTONIC);
	governed__find_price(governed, governor, tracer);
	governed__read(governed, governor, image);
	held->trace_ns = governed->all.trace_ns;
	if (governed->is_new)
		governed->debt_ns =
			fmin(governed->debt_ns, income_of(governed) * period_ns(governor));
	governed->is_new = false;
	proc_io__read(governed->tgid, &held->io);
	held->from = reading_of(image);
	held->open_ns = clock_ns(CLOCK_MONOTONIC);
	held->cpu_ns = thread_clocks__read_ns(&held->clocks);
	tracer__clear_flags(tracer, held->id, IMAGE_CLOSED);
}

static void close_window(struct governed *governed, struct governor *governor,
			 struct tracer *tracer, const struct image *image, struct held *held)
{
	struct window window = {};
	struct reading to;
	uint64_t now_ns;

	add_io(governed->tgid, &held->io, &window.work);
	/* First what counts, then the probes: until they are gone they only cost. */
	tracer__set_flags(tracer, held->id, IMAGE_CLOSED);
	to = reading_of(image);
	window.work.cpu_ns = thread_clocks__read_ns(&held->clocks) - held->cpu_ns;
	window.wall_ns = (double)(clock_ns(CLOCK_MONOTONIC) - held->open_ns);
	tracer__suspend(tracer, governed->tgid);
	now_ns = clock_ns(CLOCK_MONOTONIC);
	window.work.trap_ns = governed__traps_ns(governed, held->from, to);
	window.work.trace_ns = window.work.trap_ns + to.run_ns - held->from.run_ns;
	window.allocs = (double)(to.enter_cnt - held->from.enter_cnt);
	/* One that has ended before the window was open was not seen. */
	if (held->clocks.cnt && (window.work.cpu_ns || !image->end_ns)) {
		phase__take(&governed->phase, tracer, held->id, &window);
		governed->window_cnt++;
	} else {
		phase__take(&governed->phase, tracer, held->id, NULL);
	}
	thread_clocks__done(&held->clocks);
	governed__read(governed, governor, image);
	governed->all.trace_ns += SWITCH_NS;
	governed->debt_ns += SWITCH_NS;
	governed->burn += ((double)(governed->all.trace_ns - held->trace_ns) /
				   (double)(now_ns - held->begin_ns + 1) -
			   governed->burn) /
			  4;
	take_work(governed);
	if (governed->phase.windows.cnt >= PHASE_CNT) {
		end_phase(governed, tracer, held->id);
		phase__begin(&governed->phase, tracer, held->id);
	}
	plan(governed, governor, now_ns);
}

/* As long as the shortest of them wants. */
static void hold(const struct governor *governor, const struct held *held, size_t cnt)
{
	struct timespec pause = {};
	double ns = HOLD_MAX_NS;
	size_t i;

	for (i = 0; i < cnt; i++)
		ns = fmin(ns, hold_ns(&governor->all.at[held[i].id], governor));
	pause.tv_nsec = (long)ns;
	nanosleep(&pause, NULL);
}

/*
 * If it has worked less than was thought, its budget has not recovered yet; if it has only just begun, its libraries may be
 * still to come.
 */
static bool is_due(struct governed *governed, struct governor *governor, struct tracer *tracer,
		   const struct image *image, uint64_t now_ns)
{
	if (governed->level != LEVEL_WINDOWS || governed->ended || governed->due_ns > now_ns ||
	    !governed__read(governed, governor, image))
		return false;
	if (governed->is_new && !tracer__is_probed(tracer, governed->tgid)) {
		governed->due_ns = now_ns + LIBS_NS;
		return false;
	}
	/* Those of the last window are still there. */
	if (!tracer__is_settled(tracer, governed->tgid)) {
		governed->due_ns = now_ns + SETTLE_NS;
		return false;
	}
	if (governed->is_new || governed->debt_ns <= income_of(governed) * period_ns(governor))
		return true;
	plan(governed, governor, now_ns);
	return false;
}

void governor__hold_windows(struct governor *governor, struct tracer *tracer, uint64_t now_ns)
{
	const struct image *images;
	VEC(struct held) held = {};
	size_t cnt, i;

	images = tracer__images(tracer, &cnt);
	for (i = 1; i < governor->all.cnt && i < cnt; i++) {
		if (!images[i].end_ns &&
		    is_due(&governor->all.at[i], governor, tracer, &images[i], now_ns))
			vec__push(&held, (struct held){ .id = (uint32_t)i });
	}
	/* This may take long: before anything is on. */
	for (i = 0; i < held.cnt; i++) {
		pid_t tgid = governor->all.at[held.at[i].id].tgid;

		thread_clocks__open(&held.at[i].clocks, tgid);
		tracer__make_ready(tracer, tgid);
	}
	if (held.cnt)
		hurry(true);
	for (i = 0; i < held.cnt; i++)
		open_window(&governor->all.at[held.at[i].id], governor, tracer,
			    &images[held.at[i].id], &held.at[i]);
	if (held.cnt)
		hold(governor, held.at, held.cnt);
	for (i = 0; i < held.cnt; i++)
		close_window(&governor->all.at[held.at[i].id], governor, tracer,
			     &images[held.at[i].id], &held.at[i]);
	if (held.cnt)
		hurry(false);
	vec__done(&held);
}
