// SPDX-License-Identifier: Apache-2.0
#include "symbolize/vdso.h"

#include <errno.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "proc/proc_maps.h"

int vdso_image(const void **ret, size_t *ret_len_bytes)
{
	uint64_t start = getauxval(AT_SYSINFO_EHDR);
	struct proc_maps maps __proc_maps = {};
	struct proc_map map;
	int err;

	if (!start)
		return -ENOENT;
	err = proc_maps__open(&maps, getpid());
	while (!err && proc_maps__next(&maps, &map)) {
		if (map.start != start || strcmp(map.path, "[vdso]") != 0)
			continue;
		*ret = (const void *)(uintptr_t)start; /* NOLINT: the kernel gives it as a number */
		*ret_len_bytes = map.end - map.start;
		return 0;
	}
	return err ? err : -ENOENT;
}
