/* SPDX-License-Identifier: Apache-2.0 */
/* One process, as the governor sees it. Private to governor.c, governor_life.c, governor_windows.c and
 * governor_settle.c. */
#pragma once

#include <sys/types.h>

#include "base/vec.h"
#include "proc/proc_io.h"
#include "proc/thread_clocks.h"
#include "session/governor.h"
#include "session/phase.h"
#include "session/programs.h"

/* Steps that are told one by one; more are counted. */
#define STEPS_TOLD 24

struct reading {
	uint64_t cpu_ns, run_ns;
	uint64_t enter_cnt, free_cnt, return_cnt;
};

struct step {
	enum budget_level level;
	uint64_t at_ns; /* since the process was first seen */
};

struct governed {
	pid_t tgid;                      /* 0: nobody */
	char program[PROGRAM_NAME_SIZE]; /* may fill it */
	bool is_met;                     /* it was asked for when it began */
	bool stands;                     /* traced whole, for others of its program that are not */
	uint64_t start_ns;               /* with it, which image this is */
	bool ended;
	enum budget_level level;
	double budget;             /* its own, or its share of the total; INFINITY: none */
	struct budget_price price; /* of its hits, as it was last looked at */
	struct reading last, looked;
	uint64_t seen_ns, looked_ns;
	struct work all;         /* since it was first seen */
	struct work at_look;     /* the same, when it was last looked at */
	double wanted, own_rate; /* ns per ns: what tracing it whole would cost, and its own work */

	struct step steps[STEPS_TOLD];
	size_t step_cnt;
	uint64_t calm_ns, patience_ns, up_ns;
	uint64_t lost_ns; /* blocks from before this are not in use as far as anyone knows */

	/* Windows. */
	uint64_t due_ns;
	bool is_new;           /* no window was held yet */
	double debt_ns, burn;  /* spent beyond the budget; what a window takes, ns per ns */
	struct work at_window; /* of .all, when the last one ended */
	struct phase phase, before;
	uint64_t window_cnt;
	double seen, estimate, chance_squares, measure; /* allocations, of phases that have ended */
	enum windows_by by;                             /* the last of these was scaled */
	struct proc_io io;  /* when it was last read; of nobody else than those in windows */
	uint64_t io_cpu_ns; /* .last.cpu_ns at that time */
};

struct governor {
	struct governor_config config;
	uint64_t trap_ns, priced_ns;
	uint64_t start_ns;
	uint64_t part_again_ns,
		low_ns; /* when parting may be tried again; when it was last needed */
	bool apart, keeps_apart;
	bool spares_others; /* others: who was not asked for */
	size_t apart_cnt;   /* processes with probes of their own, of the same file */
	uint64_t others_ns, others_hits;
	unsigned int seed;
	struct thread_clocks kept; /* open while there are windows: the first to be opened waits */
	VEC(struct governed) all;  /* by image */
	uint64_t step_cnt;         /* of all that there were */
	struct programs programs;
};

static inline bool governor__has_budget(const struct governor *governor)
{
	return governor->config.budget > 0 || governor->config.total > 0;
}

/* What BPF may be writing. */
#define LOAD(image, field) __atomic_load_n(&(image)->field, __ATOMIC_RELAXED)

/* All but the CPU time. */
struct reading reading_of(const struct image *image);
/* All. False: it is gone, and its CPU time with it. */
bool reading__take(const struct image *image, struct reading *ret);
uint64_t reading_hits(struct reading from, struct reading to);
/* What its hits cost changes with who has probes beside it. */
void governed__find_price(struct governed *governed, const struct governor *governor,
			  const struct tracer *tracer);
/* What the hits between two readings cost. */
uint64_t governed__traps_ns(const struct governed *governed, struct reading from,
			    struct reading to);
/* Bring its numbers up to date. False: it is gone, or nothing is known. */
bool governed__read(struct governed *governed, const struct governor *governor,
		    const struct image *image);

/* Its program's processes do not live long: its first window is somewhere in its life, or it has none. */
void governed__plan_in_life(struct governed *governed, struct governor *governor, uint64_t now_ns);
/* The entry of image @id, made anew if the number has been given to another process. NULL: not to be had. */
struct governed *governor__at(struct governor *governor, struct tracer *tracer,
			      const struct image *image, uint32_t id, uint64_t now_ns);
/* It has ended, or runs another program. What its windows counted is to be scaled before somebody takes it away. */
void governor__see_off(struct governor *governor, struct tracer *tracer, const struct image *image,
		       uint32_t id);
/* Nobody will come any more whose windows could stand for those that had none: the last ones of their programs do. */
void governor__settle_unseen(struct governor *governor, struct tracer *tracer);
/* Go down to @level, or to still fewer samples on the same. */
void governor__step_down(struct governor *governor, struct tracer *tracer,
			 const struct image *image, uint32_t id, enum budget_level level,
			 uint64_t now_ns);

/* What it has read and written since this was last asked, of a process in windows. It lives. */
void governed__add_io(struct governed *governed, struct work *work);
/* Its probes are off from now on, but for windows. */
void governed__begin_windows(struct governed *governed, struct governor *governor,
			     struct tracer *tracer, uint32_t id, uint64_t now_ns);
/* Scale what enough is known of. */
void governed__catch_up(struct governed *governed, struct tracer *tracer, uint32_t id);
/* Beyond what its sites say: variance of the count, for each allocation that was counted. */
double governed__variance_each(const struct governed *governed);
/* Nothing is scaled from now on. The probes stay off. @gone: it will do nothing more. */
void governed__end_windows(struct governed *governed, struct governor *governor,
			   struct tracer *tracer, uint32_t id, bool gone);
/* Traced whole, and gone: it is the one window there is for others of its program. */
void governed__stand(struct governed *governed, struct governor *governor, struct tracer *tracer,
		     uint32_t id);
/* It stands for @unseen, too: work of its program that no window stands for, by all windows of the program. */
void governed__stand_for(struct governed *governed, struct tracer *tracer, uint32_t id,
			 const struct windows *windows, struct work unseen);
/* Is enough seen of it to tell what there would be without windows? */
bool governed__is_known(const struct governed *governed);
/* What there would have been, between two looks, without windows. */
struct budget_look governed__look_through_windows(const struct governed *governed,
						  uint64_t elapsed_ns);
/* Hold the windows that are due. */
void governor__hold_windows(struct governor *governor, struct tracer *tracer, uint64_t now_ns);
