// SPDX-License-Identifier: Apache-2.0
#include "kernel/self_offset.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/cleanup.h"

int self_offset(const void *code, uint64_t *ret)
{
	FILE *maps __close_file = fopen("/proc/self/maps", "re");
	uint64_t start, end, offset, pc = (uintptr_t)code;
	char line[512];

	if (!maps)
		return -errno;
	while (fgets(line, sizeof(line), maps)) {
		/* The kernel writes no number that does not fit. NOLINTNEXTLINE(cert-err34-c) */
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64, &start, &end, &offset) !=
		    3)
			continue;
		if (pc < start || pc >= end)
			continue;
		*ret = pc - start + offset;
		return 0;
	}
	return -ENOENT;
}
