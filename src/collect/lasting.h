/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames without a file mean nothing once their process is gone. What was shown of one stays true for ever all the same:
 * a place in a file that it turned out to lie in, or a name, which then has a frame of its own: FRAME_OF_ADDR(number).
 * Number 0 is "[anon]": what nobody has seen while it lived, and what there is no more room for.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

/* Names that are kept for good; a runtime can make up new ones for ever. */
#define LASTING_NAMES_MAX 65536u

struct lasting;

struct lasting *lasting__new(void);
void lasting__free(struct lasting *lasting);
DEFINE_CLEANUP(lasting);

/* @frame of @image was shown as @in_file, a frame of a file, or if that is 0 by @name. The first word holds. 0 or -ENOMEM. */
int lasting__note(struct lasting *lasting, uint32_t image, uint64_t frame, uint64_t in_file,
		  const char *name);
/* What was noted. */
uint64_t lasting__frame(const struct lasting *lasting, uint32_t image, uint64_t frame);
/* Of a frame from lasting__frame() that is of no file. */
const char *lasting__name(const struct lasting *lasting, uint64_t frame);
/* The image is gone, its number may be another's; its frames' names stay. */
void lasting__forget(struct lasting *lasting, uint32_t image);
