/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "abi/alloc.h"

/* The site of the stack in walker slot @slot (walk.bpf.h), made if it is new. Always a valid number: overflow has a site too. */
__u32 site_of(__u32 image, __u32 fn, __u32 size_class, __u32 slot);
/* The site for what has no stack, for reason @stop: STAT_WALK_* - STAT_WALK_ROOT, or SITE_STACK_LOST. */
__u32 site_lost(__u32 image, __u32 fn, __u32 size_class, __u32 stop);

int site_allocated(__u32 site, __u64 weight, __u64 bytes);
int site_freed(__u32 site, __u64 weight, __u64 bytes);
