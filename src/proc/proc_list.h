/* SPDX-License-Identifier: Apache-2.0 */
/* Which processes there are. Every list is a moment's view: members may be gone when it is read. */
#pragma once

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Usable with vec.h: vec__push(&pids, pid), vec__done(&pids). */
struct proc_pids {
	pid_t *at;
	size_t cnt;
	size_t room;
};

void proc_pids__done(struct proc_pids *pids);
#define __proc_pids __attribute__((cleanup(proc_pids__done)))

/* An iterator over the numbers in a directory of /proc. */
struct proc_list {
	DIR *dir;
};

/* Every process. 0 or -errno. */
int proc_list__open(struct proc_list *list);
/* Every thread of @pid. -ESRCH: no such process. */
int proc_list__open_threads(struct proc_list *list, pid_t pid);
bool proc_list__next(struct proc_list *list, pid_t *ret);
void proc_list__done(struct proc_list *list);
#define __proc_list __attribute__((cleanup(proc_list__done)))

/*
 * Append the children of @pid, and theirs and so on if @deep, parents before their children; @pid
 * itself is not in the list. Children of an exited child belong to init, not to @pid: follow forks
 * to keep those. 0 or -errno.
 */
int proc_children(pid_t pid, bool deep, struct proc_pids *ret);
