// SPDX-License-Identifier: Apache-2.0
#include "proc/proc_io.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fdio.h"

#define TEXT_MAX_BYTES 4096

/* Adds the number behind @key, which begins a line of @text. False: there is none. */
static bool add_number(const char *text, const char *key, uint64_t *sum)
{
	const char *at = strstr(text, key);
	char *end;

	if (!at || (at != text && at[-1] != '\n'))
		return false;
	at += strlen(key);
	*sum += strtoull(at, &end, 10);
	return end != at;
}

int proc_io__read(pid_t pid, struct proc_io *ret)
{
	char *text __free_mem = NULL;
	struct proc_io io = {};
	char path[32];
	size_t len;
	int err;

	snprintf(path, sizeof(path), "/proc/%d/io", pid);
	err = fdio_read_file(path, TEXT_MAX_BYTES, &text, &len);
	if (err)
		return err;
	if (!add_number(text, "syscr:", &io.calls_cnt) ||
	    !add_number(text, "syscw:", &io.calls_cnt) || !add_number(text, "rchar:", &io.bytes) ||
	    !add_number(text, "wchar:", &io.bytes))
		return -EPROTO;
	*ret = io;
	return 0;
}
