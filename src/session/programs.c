// SPDX-License-Identifier: Apache-2.0
#include "session/programs.h"

#include <string.h>

/* More than run on a machine within a while; the one that was not used for longest is forgotten. */
#define PROGRAMS_MAX 256u
/* One of so many is traced whole again. */
#define WHOLE_EVERY  32u
/* Programs change with what they are given to do. */
#define WINDOWS_MAX  256u
/* Errors that are added up as one; beyond, each process would be said to be known worse and worse. */
#define ALIKE_MAX    16u
/* What was known so long ago is not known any more. */
#define FORGET_NS    600000000000ull

void programs__done(struct programs *programs)
{
	vec__done(&programs->all);
}

struct program *programs__find(struct programs *programs, const char *name)
{
	size_t i;

	for (i = 0; i < programs->all.cnt; i++) {
		if (!strncmp(programs->all.at[i].name, name, PROGRAM_NAME_SIZE))
			return &programs->all.at[i];
	}
	return NULL;
}

static struct program *add(struct programs *programs, const char *name)
{
	struct program program = {}, *oldest;
	size_t i;

	memcpy(program.name, name, strnlen(name, PROGRAM_NAME_SIZE));
	if (programs->all.cnt < PROGRAMS_MAX)
		return vec__push(&programs->all, program)
			       ? NULL
			       : &programs->all.at[programs->all.cnt - 1];
	oldest = &programs->all.at[0];
	for (i = 1; i < programs->all.cnt; i++) {
		if (programs->all.at[i].used_ns < oldest->used_ns)
			oldest = &programs->all.at[i];
	}
	*oldest = program;
	return oldest;
}

void programs__learn(struct programs *programs, const char *name, bool is_dear, uint64_t now_ns)
{
	struct program *program = programs__find(programs, name);

	if (!program && is_dear)
		program = add(programs, name);
	if (!program)
		return;
	if (program->is_dear != is_dear)
		program->begun_cnt = 0;
	program->is_dear = is_dear;
	program->used_ns = now_ns;
}

static double average(double before, double now)
{
	return before > 0 ? before + (now - before) / 2 : now;
}

void programs__note_life(struct programs *programs, const char *name, double life_ns, double own_ns)
{
	struct program *program = programs__find(programs, name);

	if (!program)
		return;
	program->life_ns = average(program->life_ns, life_ns);
	program->own_ns = average(program->own_ns, own_ns);
}

bool programs__begins_in_windows(struct programs *programs, const char *name, uint64_t now_ns)
{
	struct program *program = programs__find(programs, name);

	if (!program || !program->is_dear)
		return false;
	if (now_ns - program->used_ns > FORGET_NS) {
		program->is_dear = false;
		return false;
	}
	program->used_ns = now_ns;
	return ++program->begun_cnt % WHOLE_EVERY;
}

uint32_t programs__add_windows(struct programs *programs, const char *name,
			       const struct windows *windows, struct windows *ret_all)
{
	struct program *program = programs__find(programs, name);

	*ret_all = *windows;
	if (!program)
		return 1;
	windows__join(&program->windows, windows);
	*ret_all = program->windows;
	if (program->windows.cnt >= WINDOWS_MAX)
		windows__fade(&program->windows);
	program->scaled_cnt += program->scaled_cnt < ALIKE_MAX;
	return program->scaled_cnt;
}

void programs__add_unseen(struct programs *programs, const char *name, struct work work)
{
	struct program *program = programs__find(programs, name);

	if (program)
		work_add(&program->unseen, work);
}

struct work programs__take_unseen(struct programs *programs, const char *name)
{
	struct program *program = programs__find(programs, name);
	struct work work = {};

	if (program) {
		work = program->unseen;
		program->unseen = (struct work){};
	}
	return work;
}
