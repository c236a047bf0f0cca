// SPDX-License-Identifier: Apache-2.0
#include "kernel/mapped.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fdio.h"

int mapped__open(struct mapped *mapped, int map_fd, size_t value_bytes, size_t cnt)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), elem = (value_bytes + 7) & ~(size_t)7;
	size_t bytes = (elem * cnt + page - 1) / page * page;
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);

	if (at == MAP_FAILED)
		return -errno;
	*mapped = (struct mapped){ .at = at, .elem_bytes = elem, .cnt = cnt, .bytes = bytes };
	return 0;
}

void mapped__close(struct mapped *mapped)
{
	if (mapped->at)
		munmap(mapped->at, mapped->bytes);
	*mapped = (struct mapped){};
}

void *mapped__at(const struct mapped *mapped, size_t index)
{
	return (char *)mapped->at + mapped->elem_bytes * index;
}

uint64_t mapped_memlock(int map_fd)
{
	char path[64], *text __free_mem = NULL, *line;
	uint64_t bytes = 0;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", map_fd);
	if (fdio_read_file(path, 65536, &text, NULL))
		return 0;
	line = strstr(text, "memlock:");
	if (line)
		bytes = strtoull(line + strlen("memlock:"), NULL, 10);
	return bytes;
}
