// SPDX-License-Identifier: Apache-2.0
#include "proc/proc_io.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/fdio.h"

#define TEXT_MAX_BYTES 4096

int proc_io__read(pid_t pid, struct proc_io *ret)
{
	uint64_t read_bytes, written_bytes, read_cnt, write_cnt;
	char *text __free_mem = NULL;
	char path[32];
	size_t len;
	int err;

	snprintf(path, sizeof(path), "/proc/%d/io", pid);
	err = fdio_read_file(path, TEXT_MAX_BYTES, &text, &len);
	if (err)
		return err;
	if (sscanf(text,
		   "rchar: %" SCNu64 "\nwchar: %" SCNu64 "\nsyscr: %" SCNu64 "\nsyscw: %" SCNu64,
		   &read_bytes, &written_bytes, &read_cnt, &write_cnt) != 4)
		return -EPROTO;
	*ret = (struct proc_io){ .calls_cnt = read_cnt + write_cnt,
				 .bytes = read_bytes + written_bytes };
	return 0;
}
