/* SPDX-License-Identifier: Apache-2.0 */
/* /debug/pprof/symbol: names for those who have a profile's addresses alone. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/vec.h"
#include "profile/profile.h"

/* Of one question. */
#define ADDRESSES_MAX ((size_t)1 << 16)

struct addresses {
	VEC(uint64_t) list;
};

/* Add those of @text, "0x1f+0x2e"; words that are none are passed over. 0, -E2BIG or -ENOMEM. */
int addresses__parse(struct addresses *addresses, const char *text);
void addresses__done(struct addresses *addresses);

/*
 * A line "0xADDRESS<tab>NAME" for each that @profile has one name for, in the order of asking, and once. It knows the
 * addresses of its locations, and those behind them, where calls return to. @profile NULL: none. 0 or -ENOMEM.
 */
int symbol_write(const struct profile *profile, const struct addresses *addresses, struct buf *out);
