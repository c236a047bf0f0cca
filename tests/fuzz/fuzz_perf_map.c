// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "symbolize/perf_map.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct perf_map *map = NULL;
	const char *name;
	uint64_t addr;
	size_t len;

	if (!text)
		return 0;
	memcpy(text, data, size);
	if (perf_map__parse(text, size, &map)) {
		free(text);
		return 0;
	}
	for (addr = 0; addr < 0x10000; addr += 0x81) {
		name = perf_map__find(map, addr, &len);
		if (name && (!len || memchr(name, '\n', len)))
			abort();
	}
	perf_map__free(map);
	return 0;
}
