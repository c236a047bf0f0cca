/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How complete a profile is, in words: what was counted, what was lost and where it went. The same numbers end a
 * recording, stand in the profile's comments and decide --strict.
 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "collect/snapshot.h"
#include "profile/profile.h"

struct build_totals;

/* Several lines, each ended by a newline. */
void ledger_text(const struct snapshot *snapshot, const struct build_totals *totals,
		 struct buf *out);
/* Short lines into @profile's comments. @owned: its samples say whose they are. 0 or -ENOMEM. */
int ledger_comments(const struct snapshot *snapshot, const struct build_totals *totals, bool owned,
		    struct profile *profile);
/* Was nothing lost, and is every stack whole? */
bool ledger_is_complete(const struct snapshot *snapshot);

/* The counter's id as written in docs and JSON, e.g. "LIVE_FULL". */
const char *ledger_stat_id(enum stat_id stat);
