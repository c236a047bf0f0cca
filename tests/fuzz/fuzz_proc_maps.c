// SPDX-License-Identifier: Apache-2.0
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "proc/proc_maps.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proc_maps maps __proc_maps = {};
	struct proc_map map;

	proc_maps__open_text(&maps, (const char *)data, size);
	while (proc_maps__next(&maps, &map)) {
		if (map.start >= map.end || strlen(map.path) >= PATH_MAX)
			__builtin_trap();
	}
	return 0;
}
