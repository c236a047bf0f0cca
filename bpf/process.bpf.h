/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "abi/alloc.h"
#include "abi/notice.h"

struct image *process_image_at(__u32 image);
/* The current process's image and its number; NULL if it is not traced. */
struct image *process_current(__u32 *ret);

/* Send @notice; its tgid is filled in here. 0, or -1 (counted) if there is no room. */
int process_notify(struct notice *notice);
