// SPDX-License-Identifier: Apache-2.0
/*
 * What /proc says of one process, each text between NULs: stat (with a name of the process' choice in it), status,
 * cgroup, and the environment it set itself; of which the last is read as a line of smaps, too.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "proc/proc_cgroup.h"
#include "proc/proc_info.h"
#include "proc/proc_owner.h"
#include "proc/proc_shadow.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ends_within(const char *text, size_t room)
{
	if (strnlen(text, room) == room)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text __free_mem = calloc(size + 4, 1);
	struct proc_cgroup cgroup __proc_cgroup = {};
	const char *stat, *status, *groups, *environment, *found;
	struct proc_owner owner = {};
	struct proc_info info = {};

	if (!text)
		return 0;
	memcpy(text, data, size);
	stat = text;
	status = stat + strlen(stat) + 1;
	groups = status > text + size ? text + size : status + strlen(status) + 1;
	environment = groups > text + size ? text + size : groups + strlen(groups) + 1;
	if (environment > text + size)
		environment = text + size;
	if (!proc_info__parse(stat, status > text + size ? "" : status, &info))
		ends_within(info.comm, sizeof(info.comm));
	proc_shadow__from_status(status > text + size ? "" : status);
	proc_shadow__is_smap(environment);
	if (!proc_cgroup__parse(groups, &cgroup) && cgroup.v2)
		proc_owner__parse(cgroup.v2, &owner);
	proc_owner__parse(groups, &owner);
	found = proc_environ_find(environment, (size_t)(text + size - environment),
				  "OTEL_SERVICE_NAME");
	if (found && (found < text || found + strlen(found) > text + size))
		abort();
	return 0;
}
