// SPDX-License-Identifier: Apache-2.0
#include "session/privileges.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/features.h"
#include "kernel/guard.h"

#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#define CAP_BPF     39
#endif
#ifndef CAP_CHECKPOINT_RESTORE
#define CAP_CHECKPOINT_RESTORE 40
#endif

static const struct {
	int cap;
	const char *name, *without;
} kept[] = {
	{ CAP_BPF, "CAP_BPF", "no BPF program can be loaded" },
	{ CAP_PERFMON, "CAP_PERFMON", "no probe can be attached" },
	{ CAP_SYS_PTRACE, "CAP_SYS_PTRACE", "other users' processes cannot be looked at" },
	{ CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH",
	  "programs and debug files that only their owners may read have no names and no tables" },
};

#define KEPT_CNT (sizeof(kept) / sizeof(kept[0]))

static uint64_t kept_mask(unsigned more)
{
	uint64_t mask = 0;
	size_t i;

	for (i = 0; i < KEPT_CNT; i++)
		mask |= 1ull << kept[i].cap;
	if (more & PRIVILEGE_WRITE_ANYWHERE)
		mask |= 1ull << CAP_DAC_OVERRIDE;
	if (more & PRIVILEGE_DELETED_FILES)
		mask |= 1ull << CAP_CHECKPOINT_RESTORE;
	if (more & PRIVILEGE_PERF_EVENTS || !feature_has(FEATURE_UPROBE_MULTI))
		mask |= 1ull << CAP_SYS_ADMIN;
	return mask;
}

int privileges_drop(unsigned more)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	uint64_t mask = kept_mask(more), have;
	int cap, i;

	/* Without it, it is our own user's programs alone. */
	if (more & PRIVILEGE_LET_GO)
		guard_begin();
	if (syscall(SYS_capget, &header, data))
		return -errno;
	have = (data[0].permitted | (uint64_t)data[1].permitted << 32) & mask;
	/* Needs CAP_SETPCAP, so comes first; without it there is nothing an exec could regain anyway. */
	for (cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++) {
		if (!(mask >> cap & 1))
			prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	}
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (i = 0; i < 2; i++) {
		data[i].permitted = data[i].effective = (uint32_t)(have >> 32 * i);
		data[i].inheritable = 0;
	}
	if (syscall(SYS_capset, &header, data))
		return -errno;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? -errno : 0;
}

bool privileges_examine(struct buf *out)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {};
	bool complete = true;
	uint64_t have;
	size_t i;

	if (syscall(SYS_capget, &header, data))
		return false;
	have = data[0].effective | (uint64_t)data[1].effective << 32;
	for (i = 0; i < KEPT_CNT; i++) {
		if (have >> kept[i].cap & 1)
			continue;
		buf__printf(out, "without %s: %s\n", kept[i].name, kept[i].without);
		complete = false;
	}
	return complete;
}
