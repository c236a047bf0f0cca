// SPDX-License-Identifier: Apache-2.0
/* Processes come and go: what of them is ours to count, and what is to be known of the next ones of their program. */
#include "session/governor.h"

#include <math.h>
#include <string.h>

#include "session/governed.h"

/* A process must be calm for so long before a step is taken back; twice as long each time that it had to be taken again. */
#define PATIENCE_NS 2000000000u

/* Who costs less than this in all is not worth leaving out, whatever it did. */
#define DEAR_LEAST_NS 500000u

/* What is to be known of the next ones of its program. */
static void learn(struct governor *governor, const struct governed *governed, uint64_t now_ns)
{
	bool is_dear = governed->all.trace_ns >= DEAR_LEAST_NS &&
		       work_is_past(governed->all, governed->budget);

	if (governed->level <= LEVEL_COARSE && governed->budget < INFINITY && governed->all.cpu_ns)
		programs__learn(&governor->programs, governed->program, is_dear, now_ns);
}

void governor__see_off(struct governor *governor, struct tracer *tracer, const struct image *image,
		       uint32_t id)
{
	struct governed *governed = &governor->all.at[id];
	bool gone = LOAD(image, end_ns);

	governed__read(governed, governor, image);
	if (governed->level == LEVEL_WINDOWS)
		governed__end_windows(governed, governor, tracer, id, gone);
	else if (gone && governed->stands && !governed->step_cnt)
		governed__stand(governed, governor, tracer, id);
	if (gone) {
		learn(governor, governed, LOAD(image, end_ns));
		programs__note_life(&governor->programs, governed->program,
				    (double)(LOAD(image, end_ns) - image->start_ns),
				    work_own_ns(governed->all));
	}
	governed->ended = true;
}

/* The last one of @program whose windows stood for it, and whose sites are still there. NULL: none. */
static struct governed *last_seen(struct governor *governor, const struct tracer *tracer,
				  const struct program *program, uint32_t *ret_id)
{
	const struct image *images;
	size_t cnt, i;

	images = tracer__images(tracer, &cnt);
	for (i = governor->all.cnt < cnt ? governor->all.cnt : cnt; i-- > 1;) {
		struct governed *governed = &governor->all.at[i];

		if (governed->estimate > 0 && governed->start_ns == images[i].start_ns &&
		    !strncmp(governed->program, program->name, PROGRAM_NAME_SIZE)) {
			*ret_id = (uint32_t)i;
			return governed;
		}
	}
	return NULL;
}

void governor__settle_unseen(struct governor *governor, struct tracer *tracer)
{
	struct governed *governed;
	uint32_t id;
	size_t i;

	for (i = 0; i < governor->programs.all.cnt; i++) {
		struct program *program = &governor->programs.all.at[i];

		if (!program->unseen.cpu_ns || program->windows.allocs <= 0)
			continue;
		governed = last_seen(governor, tracer, program, &id);
		if (governed)
			governed__stand_for(
				governed, tracer, id, &program->windows,
				programs__take_unseen(&governor->programs, program->name));
	}
}

/* A process that runs another program is another one: whatever was taken off it is put on again. */
static void begin_anew(struct governor *governor, struct tracer *tracer, const struct image *image)
{
	const struct image *images;
	size_t cnt, i;

	images = tracer__images(tracer, &cnt);
	for (i = 1; i < governor->all.cnt && i < cnt; i++) {
		struct governed *governed = &governor->all.at[i];

		if (governed->tgid != (pid_t)image->tgid || governed->start_ns == image->start_ns ||
		    governed->start_ns != images[i].start_ns || governed->level < LEVEL_ALONE)
			continue;
		if (!governed->ended)
			governor__see_off(governor, tracer, &images[i], (uint32_t)i);
		governed->level = LEVEL_FULL;
		tracer__suspend(tracer, governed->tgid);
		tracer__resume(tracer, governed->tgid, true);
		return;
	}
}

/*
 * What of @now is not ours to count: of a process that began under our eyes, or was another program until then, what is
 * noted; of one that was named to us, all but what was traced so far.
 */
static struct reading reading_before(const struct governor *governor, const struct image *image,
				     struct reading now)
{
	uint64_t trace_ns = reading_hits((struct reading){}, now) * governor->trap_ns + now.run_ns;
	uint64_t begin_ns = LOAD(image, begin_cpu_ns);

	if (!begin_ns && image->parent == IMAGE_NONE)
		begin_ns = now.cpu_ns > trace_ns ? now.cpu_ns - trace_ns : 0;
	return (struct reading){ .cpu_ns = begin_ns < now.cpu_ns ? begin_ns : now.cpu_ns };
}

/* Before the total is shared out, which is done at every tick. */
static double own_budget(const struct governor *governor)
{
	return governor->config.budget > 0 ? governor->config.budget : INFINITY;
}

void governor__set_budgets(struct governor *governor, double budget, double total)
{
	size_t i;

	governor->config.budget = budget;
	governor->config.total = total;
	for (i = 0; i < governor->all.cnt; i++)
		governor->all.at[i].budget = own_budget(governor);
}

struct governed *governor__at(struct governor *governor, struct tracer *tracer,
			      const struct image *image, uint32_t id, uint64_t now_ns)
{
	struct governed *governed;
	struct reading now;

	while (governor->all.cnt <= id) {
		if (vec__push(&governor->all, (struct governed){}))
			return NULL;
	}
	governed = &governor->all.at[id];
	if (governed->tgid == (pid_t)image->tgid && governed->start_ns == image->start_ns)
		return governed;
	if (!reading__take(image, &now))
		return NULL;
	if (!LOAD(image, end_ns))
		begin_anew(governor, tracer, image);
	phase__done(&governed->phase);
	phase__done(&governed->before);
	*governed = (struct governed){ .tgid = (pid_t)image->tgid,
				       .start_ns = image->start_ns,
				       .budget = own_budget(governor),
				       .last = reading_before(governor, image, now),
				       .seen_ns = now_ns,
				       .looked_ns = now_ns,
				       .patience_ns = PATIENCE_NS };
	memcpy(governed->program, image->comm, sizeof(governed->program));
	governed->looked = governed->last;
	governed__find_price(governed, governor, tracer);
	governed__read(governed, governor, image);
	return governed;
}

static void begin_in_windows(struct governor *governor, struct tracer *tracer,
			     const struct image *image, uint32_t id, uint64_t now_ns)
{
	struct governed *governed = &governor->all.at[id];

	governor__step_down(governor, tracer, image, id, LEVEL_WINDOWS, now_ns);
	/* It had no probes so far. */
	governed->at_window = (struct work){};
	governed__plan_in_life(governed, governor, now_ns);
}

void governor__meet(struct governor *governor, struct tracer *tracer, uint32_t id, uint64_t now_ns)
{
	const struct reading none = {};
	const struct program *program;
	const struct image *images;
	struct governed *governed;
	size_t cnt;

	images = tracer__images(tracer, &cnt);
	if (!governor->apart || id >= cnt || !images[id].tgid)
		return;
	governed = governor__at(governor, tracer, &images[id], id, now_ns);
	if (!governed || governed->is_met || governed->step_cnt)
		return;
	governed->is_met = true;
	/* It was here before, and is counted as it is. */
	if (reading_hits(none, governed->last))
		return;
	if (LOAD(&images[id], end_ns)) {
		/* While others' windows were held. */
		programs__add_unseen(&governor->programs, governed->program, governed->all);
		governed->ended = true;
		return;
	}
	if (programs__begins_in_windows(&governor->programs, governed->program, now_ns)) {
		begin_in_windows(governor, tracer, &images[id], id, now_ns);
		return;
	}
	/* Its first moments are not seen, so that windows are better, where the program lives long enough for any. */
	program = programs__find(&governor->programs, governed->program);
	governed->stands =
		program && !program->windows.cnt && !phase__begin(&governed->phase, tracer, id);
}
