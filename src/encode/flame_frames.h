/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions in a flame graph, one row each whatever the number of call sites, builds and
 * profiles they come from: equal are those of equal name in a source file of equal name in the same
 * module, its version left aside. So two builds of a program can be laid over one another.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "encode/flame_colour.h"

enum { /* flame_frame.flags; assets/flame_model.js has the same */
       FLAME_KERNEL = 1,
       FLAME_SYNTHETIC = 2, /* not code: "[stack lost: map full]", a process */
       FLAME_GATHERED = 4,  /* many small frames together; the node's site is their number */
};

struct flame_frame {
	uint32_t name;   /* string */
	uint32_t module; /* index */
	uint32_t file;   /* string: path as the profile has it, or "" */
	uint32_t colour;
	uint32_t flags;
	uint32_t file_key; /* string: the path's last part */
	uint32_t next_plus_one;
};

struct flame_module {
	uint32_t name; /* string */
	uint32_t colour;
	uint32_t key; /* string: the name without its version */
};

struct flame_frames;

struct flame_frames *flame_frames__new(void);
void flame_frames__free(struct flame_frames *frames);
DEFINE_CLEANUP(flame_frames);

/*
 * The row of a function. @mapping is the path of the file it was loaded from, @is_main whether that
 * is the program itself. Go functions belong to their package rather than to the one file they all
 * are in. 0 or -ENOMEM.
 */
int flame_frames__add(struct flame_frames *frames, const char *name, const char *file,
		      const char *mapping, bool is_main, uint32_t *ret);
/* A row that is no function: flags as given, no module. 0 or -ENOMEM. */
int flame_frames__add_special(struct flame_frames *frames, const char *name, uint32_t flags,
			      uint32_t *ret);

size_t flame_frames__cnt(const struct flame_frames *frames);
const struct flame_frame *flame_frames__at(const struct flame_frames *frames, uint32_t frame);
size_t flame_frames__module_cnt(const struct flame_frames *frames);
const struct flame_module *flame_frames__module(const struct flame_frames *frames, uint32_t module);
size_t flame_frames__string_cnt(const struct flame_frames *frames);
const char *flame_frames__str(const struct flame_frames *frames, uint32_t string);
/* For convenience: of one row. */
const char *flame_frames__name(const struct flame_frames *frames, uint32_t frame);
