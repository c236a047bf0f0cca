/* SPDX-License-Identifier: Apache-2.0 */
/* A BPF array mapped into our memory. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct mapped {
	void *at;
	size_t elem_bytes; /* as BPF lays them out: rounded up to 8 */
	size_t cnt;
	size_t bytes;
};

/* 0 or -errno. The map was made with BPF_F_MMAPABLE. */
int mapped__open(struct mapped *mapped, int map_fd, size_t value_bytes, size_t cnt);
void mapped__close(struct mapped *mapped);
void *mapped__at(const struct mapped *mapped, size_t index);

/* Kernel memory of the map behind @map_fd in bytes, 0 if the kernel does not say. */
uint64_t mapped_memlock(int map_fd);
