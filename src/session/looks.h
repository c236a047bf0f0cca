/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often a process's mappings are looked at. It says whenever it has loaded or unloaded a library, and each look reads them
 * all: a process that does little else would keep a CPU busy with us. So everybody may ask for some looks at once, which a
 * program's start and a burst of dlopen() take, and then for one now and then; what is asked for beyond that is put off and done
 * once for all of it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/hashmap.h"

#define LOOKS_AT_ONCE 32u
#define LOOK_EVERY_NS 5000000u

/* Zero-initialise. */
struct looks {
	struct hashmap *used_up; /* image -> until when its looks are used up, CLOCK_MONOTONIC */
	struct hashmap *put_off; /* image -> pid */
	uint64_t due_ns;         /* of those put off, if there are any */
};

void looks__done(struct looks *looks);

/* May @image be looked at now? If not, that is put off. Without memory it may. */
bool looks__may(struct looks *looks, uint32_t image, pid_t pid, uint64_t now_ns);
/* Call @fn for all that were put off, if it is time to. */
void looks__make_up(struct looks *looks, uint64_t now_ns,
		    void (*fn)(uint32_t image, pid_t pid, void *ctx), void *ctx);
/* When it will be; UINT64_MAX: there are none. */
uint64_t looks__due_ns(const struct looks *looks);
/* @image has ended. */
void looks__forget(struct looks *looks, uint32_t image);
