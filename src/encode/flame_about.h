/* SPDX-License-Identifier: Apache-2.0 */
/* What a flame graph says about its profile besides the frames: its title and a line of facts. */
#pragma once

#include <stddef.h>

#include "base/buf.h"
#include "encode/encoder.h"

#define FLAME_FACTS_MAX 6

struct flame_facts {
	size_t cnt;
	char text[FLAME_FACTS_MAX][96];
};

/* The title asked for, or the program's name, as the profile has it: not escaped. */
void flame_about_title(const struct profile *before, const struct profile *after,
		       const struct encode_options *options, struct buf *ret);
/* Processes, when, for how long, at what sampling rate; of differences both rates where they
 * differ. */
void flame_about_facts(const struct profile *before, const struct profile *after,
		       struct flame_facts *ret);
/* "12.3 MiB" or "45.6k", by the unit of a sample type; fits 32 bytes. Returns @out. */
const char *flame_about_value(int64_t value, const char *unit, char out[static 32]);
