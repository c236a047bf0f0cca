/* SPDX-License-Identifier: Apache-2.0 */
/* What a process has read and written so far, by /proc/PID/io (proc(5)): sockets, pipes and files, ended threads too. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct proc_io {
	uint64_t calls_cnt; /* of read(2), write(2) and their kin; not recv(2) and send(2) */
	uint64_t bytes;     /* that these moved */
};

/* 0; -ESRCH: there is no such process; -EPROTO; or -errno (-EACCES: not ours to look at, -ENOENT: this kernel has it not). */
int proc_io__read(pid_t pid, struct proc_io *ret);
