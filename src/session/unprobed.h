/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that were to be traced and have nothing to probe: what they do is in no number, so they are named. */
#pragma once

#include "base/buf.h"
#include "base/intern.h"

struct unprobed {
	struct intern *names; /* NULL: none yet */
};

/* A program called @name is one; once per name. 0 or -ENOMEM. */
int unprobed__note(struct unprobed *unprobed, const char *name);
/* "programs: 2 have no allocator that can be probed: NAME, NAME", or nothing. */
void unprobed__text(const struct unprobed *unprobed, struct buf *out);
void unprobed__done(struct unprobed *unprobed);
