/* SPDX-License-Identifier: Apache-2.0 */
/* What a process keeps that only computes on descriptors it is given: no capability, no new file, no network, little memory. */
#pragma once

#include <stdint.h>

struct sandbox_limits {
	uint64_t memory_bytes; /* of what it allocates; 0: no limit */
};

/*
 * From here on, for good: capabilities are gone, limits hold, and a system call that reading descriptors and allocating
 * memory do not need fails with EPERM. 0 or -errno: what came before holds, what comes after does not.
 */
int sandbox_enter(const struct sandbox_limits *limits);
