/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of programs by their name. A process that lives for a moment would have spent its budget before anybody has
 * looked at it: it begins where the last one of its name has come to. Every now and then one is traced whole again, for
 * names are given to other things, too.
 *
 * One that has ended without a window held has done work that nothing stands for. The next one's windows stand for it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/vec.h"
#include "session/windows.h"

#define PROGRAM_NAME_SIZE 16 /* TASK_COMM_LEN */

struct program {
	char name[PROGRAM_NAME_SIZE];
	uint64_t used_ns; /* when it was last asked for */
	bool is_dear;     /* tracing it whole is past its budget */
	double life_ns;   /* how long they live, and their own work; 0: not known yet */
	double own_ns;
	uint32_t begun_cnt;     /* since that is known */
	struct windows windows; /* of those that have ended */
	uint32_t scaled_cnt;    /* of those */
	struct work unseen;     /* of those that have ended without a window */
};

struct programs {
	VEC(struct program) all;
};

void programs__done(struct programs *programs);

/* @name need not end: PROGRAM_NAME_SIZE bytes at most. NULL: nothing is known. Lives until the next call. */
struct program *programs__find(struct programs *programs, const char *name);
/* Tracing it whole was found to be past its budget, or (@is_dear false) within it. Nothing is learned without memory. */
void programs__learn(struct programs *programs, const char *name, bool is_dear, uint64_t now_ns);
/* One of that name has lived so long, and worked so much. */
void programs__note_life(struct programs *programs, const char *name, double life_ns,
			 double own_ns);
/* Another process of that name begins: in windows from the start? */
bool programs__begins_in_windows(struct programs *programs, const char *name, uint64_t now_ns);
/*
 * The windows of one that has ended; what all of them tell, in @ret_all. How many of them the returned one is, up to a bound:
 * they have the error of the measure in common.
 */
uint32_t programs__add_windows(struct programs *programs, const char *name,
			       const struct windows *windows, struct windows *ret_all);
/* Work that no window stands for; and all there is of it, taken out. */
void programs__add_unseen(struct programs *programs, const char *name, struct work work);
struct work programs__take_unseen(struct programs *programs, const char *name);
