/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who a process is. All of it can be gone, or another process, at the next call: who keeps a pid
 * compares start_ticks. Every function gives -ESRCH if there is no such process (any more).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PROC_NS_LEVELS 33 /* MAX_PID_NS_LEVEL + 1 of the kernel's pid_namespace.h */

enum proc_seccomp { PROC_SECCOMP_NONE = 0, PROC_SECCOMP_STRICT = 1, PROC_SECCOMP_FILTER = 2 };

struct proc_info {
	pid_t pid;
	pid_t ppid;
	uint64_t start_ticks; /* since boot, sysconf(_SC_CLK_TCK) of them per second */
	uid_t uid;            /* effective */
	char state;           /* R S D T t Z X I … */
	bool is_zombie;       /* has exited; nothing of its memory is left */
	bool is_kernel_thread;
	enum proc_seccomp seccomp;
	pid_t ns_pid[PROC_NS_LEVELS]; /* its pid in each namespace, ours first, its own last */
	size_t ns_pid_cnt;
	char comm[64];
};

/* 0, -ESRCH, -EACCES, -EPROTO if the kernel's text makes no sense. */
int proc_info__read(pid_t pid, struct proc_info *ret);
/* The same from the texts of stat and status. */
int proc_info__parse(const char *stat, const char *status, struct proc_info *ret);
/* What follows "KEY:" on a line of the text of status, or NULL. */
const char *proc_status_value(const char *status, const char *key);

/* The arguments joined by spaces, cut at @max_bytes, unprintable bytes as '?'; "[comm]" if it has
 * none. */
int proc_cmdline(pid_t pid, size_t max_bytes, char **ret);
/* The executable's path as the process' own mount namespace has it. -ENOENT: a kernel thread. */
int proc_exe_path(pid_t pid, char **ret);
/*
 * Is its code run by translating it (valgrind, Pin)? Such a program must have no breakpoints: they are read and translated
 * like other code, and end it. False also if it cannot be told.
 */
bool proc_is_translated(pid_t pid);
/* 32 or 64, from the executable's ELF header. -ENOEXEC: no ELF; -ENOENT: a kernel thread. */
int proc_exe_bits(pid_t pid, unsigned int *ret_bits);
