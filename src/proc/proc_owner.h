/* SPDX-License-Identifier: Apache-2.0 */
/* Whom a process belongs to, as its control group's path tells: container, pod, systemd unit. */
#pragma once

#include <stddef.h>

#define PROC_CONTAINER_SIZE 65 /* 64 hexadecimal digits */
#define PROC_POD_SIZE       37 /* a UUID */
#define PROC_UNIT_SIZE      256

struct proc_owner {                          /* "" where there is none */
	char container[PROC_CONTAINER_SIZE]; /* its id, as docker, containerd, cri-o and podman
						write it */
	char pod[PROC_POD_SIZE];             /* the Kubernetes pod's UID, with dashes */
	char unit[PROC_UNIT_SIZE];           /* the innermost "x.service" or "x.scope" that is not a
						container's */
};

/*
 * Forms: docs.docker.com (runtime metrics), kubernetes pkg/kubelet/cm (pod_container_manager),
 * systemd's "Control Group APIs and Delegation". Anything else in the path is passed over.
 */
void proc_owner__parse(const char *cgroup_path, struct proc_owner *ret);

/* The value of @name in @environment (entries ended by NUL, as in /proc/PID/environ), or NULL. */
const char *proc_environ_find(const char *environment, size_t len_bytes, const char *name);
