// SPDX-License-Identifier: Apache-2.0
#include "session/return_probes.h"

#include "base/log.h"
#include "kernel/features.h"
#include "proc/proc_info.h"
#include "proc/proc_list.h"
#include "proc/proc_shadow.h"
#include "session/recording.h"
#include "session/session.h"

static int refuse(const struct proc_info *info, const char *how, enum feature feature)
{
	log_err(0, "process %d (%s) %s, and on this kernel a return probe would kill it: %s",
		(int)info->pid, info->comm, how, feature_remedy(feature));
	return SESSION_PRIVILEGE;
}

int return_probes__check(const struct recording *rec, const struct proc_info *info)
{
	if (!rec->live)
		return SESSION_OK;
	if (info->seccomp != PROC_SECCOMP_NONE && !feature_has(FEATURE_RETURN_UNDER_SECCOMP))
		return refuse(info, "runs under a seccomp filter", FEATURE_RETURN_UNDER_SECCOMP);
	if (!feature_has(FEATURE_RETURN_BESIDE_SHADOW) && proc_has_shadow(info->pid))
		return refuse(info, "has a shadow stack", FEATURE_RETURN_BESIDE_SHADOW);
	return SESSION_OK;
}

/* Distributions give one to every program or to none. */
static bool are_shadows_used(void)
{
	struct proc_list list __proc_list = {};
	pid_t pid;

	if (proc_list__open(&list))
		return true;
	while (proc_list__next(&list, &pid)) {
		if (proc_has_shadow(pid))
			return true;
	}
	return false;
}

void return_probes__decide(struct recording *rec)
{
	const char *who = NULL;
	enum feature feature = FEATURE_RETURN_UNDER_SECCOMP;

	rec->live = !rec->config->no_live;
	if (!rec->live || (recording__is_listed(rec) && !rec->config->cmd))
		return;
	if (!feature_has(feature)) {
		who = "runs under a seccomp filter";
	} else if (!feature_has(FEATURE_RETURN_BESIDE_SHADOW) && are_shadows_used()) {
		feature = FEATURE_RETURN_BESIDE_SHADOW;
		who = "has a shadow stack";
	}
	if (!who)
		return;
	rec->live = false;
	log_warn(0,
		 "without in-use numbers: on this kernel a return probe kills who %s, and of those "
		 "who come later that is not known beforehand; -p PID alone has them, or %s",
		 who, feature_remedy(feature));
}
