/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control groups: where a process is, and who is in one. Version 2 has one tree; version 1 has one
 * per controller, of which "memory" stands for the process (every container engine makes it).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "proc/proc_list.h"

struct proc_cgroup {
	char *v2; /* path from the tree's root, "/" for the root itself; NULL if there is no such
		     tree */
	char *v1; /* the same in the memory controller's tree, else in the first controller's */
};

/* 0, -ESRCH, -errno. Release with proc_cgroup__done(). */
int proc_cgroup__read(pid_t pid, struct proc_cgroup *ret);
/* The same from the text of /proc/PID/cgroup. */
int proc_cgroup__parse(const char *text, struct proc_cgroup *ret);
void proc_cgroup__done(struct proc_cgroup *cgroup);
#define __proc_cgroup __attribute__((cleanup(proc_cgroup__done)))

/* A cgroup's directory, found by cgroup_dir__open(). */
struct cgroup_dir {
	char *path;
	bool is_v2;
	uint64_t id; /* kernfs': what bpf_get_current_cgroup_id() gives for members, in version 2 */
};

/*
 * @path is a directory of a cgroup file system, or a path below one's root as /proc/PID/cgroup
 * shows it: looked for in version 2 first, then in version 1's memory tree. -ENOENT: there is no
 * such cgroup.
 */
int cgroup_dir__open(const char *path, struct cgroup_dir *ret);
void cgroup_dir__done(struct cgroup_dir *dir);
#define __cgroup_dir __attribute__((cleanup(cgroup_dir__done)))

/* Append the processes in @dir and in the cgroups below it. 0 or -errno. */
int cgroup_dir__members(const struct cgroup_dir *dir, struct proc_pids *ret);
