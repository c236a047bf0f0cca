// SPDX-License-Identifier: Apache-2.0
/*
 * A library that comes and goes, with an allocator of its own: probed as one while it is mapped. Its blocks lie in one
 * buffer and all return to it at once.
 */
#include <stddef.h>
#include <stdlib.h>

static _Alignas(16) char arena[64 << 10];
static size_t used;

__attribute__((noinline)) void *malloc(size_t size)
{
	void *block = arena + used;

	size = (size + 15) & ~(size_t)15;
	if (size > sizeof(arena) - used)
		return NULL;
	used += size;
	return block;
}

__attribute__((noinline)) void free(void *block)
{
	if (block == arena)
		used = 0;
}
