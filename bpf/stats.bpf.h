/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions between files come in two kinds. Global ones, like this, take and return plain values and are verified
 * once on their own: calling them costs the verifier nothing. Those that return map values are __hidden: they are
 * verified anew in each caller, so they are kept small.
 */
#pragma once

#include "abi/stats.h"
#include "abi/types.h"

int stats_add(__u32 stat, __u64 n);
