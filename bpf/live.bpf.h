/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "abi/alloc.h"

/* The block at @addr of @image is live from now on. */
int live_add(__u32 image, __u64 addr, struct live_value *value);
/* Take a block out. 0 and its value, or -ENOENT. The value is a copy: the entry may be reused at once. */
int live_take(__u32 image, __u64 addr, struct live_value *ret);
