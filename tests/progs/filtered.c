// SPDX-License-Identifier: Apache-2.0
/* Runs under a seccomp filter that allows it to read, to write and to exit, and kills it for
 * anything else. */
#define _GNU_SOURCE
#include "site.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

SITE void *site_filtered(size_t n)
{
	void *p = malloc(n);

	KEEP(p);
	return p;
}

SITE void *site_filtered_grown(void *old, size_t n)
{
	void *p = realloc(old, n);

	KEEP(p);
	return p;
}

static void filter(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_read, 4, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { .len = sizeof(code) / sizeof(code[0]), .filter = code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog))
		_exit(97);
}

int main(int argc, char **argv)
{
	char ready[32];
	void *p;
	int i;

	sites_setup(argc, argv);
	EXPECT(site_filtered, 600, 60000, 300, 30000);
	EXPECT(site_filtered_grown, 100, 60000, 0, 0);
	/* The table is written while files can be opened, the heap made while it can grow. */
	sites_write();
	free(malloc(100000));
	snprintf(ready, sizeof(ready), "ready %d\n", (int)getpid());
	filter();
	sites_say(ready);
	sites_gate();
	for (i = 0; i < 600; i++) {
		p = site_filtered(100);
		if (i % 2)
			free(p);
	}
	for (i = 0; i < 50; i++) {
		p = site_filtered_grown(NULL, 400);
		free(site_filtered_grown(p, 800));
	}
	sites_say("done\n");
	sites_gate();
	_exit(0);
}
