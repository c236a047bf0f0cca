// SPDX-License-Identifier: Apache-2.0
#include "session/hold.h"

#include <errno.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

int hold_take(pid_t pid)
{
	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL))
		return -errno;
	/* Fails only if it is ending, which hold_release() will be told. */
	ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
	return 0;
}

void hold_release(pid_t pid)
{
	int status;
	long signal;
	pid_t got;

	do {
		got = waitpid(pid, &status, __WALL);
	} while (got < 0 && errno == EINTR);
	if (got != pid || !WIFSTOPPED(status))
		return;
	/* An event stop is the one we asked for; any other is a signal on its way. */
	signal = status >> 16 ? 0 : WSTOPSIG(status);
	ptrace(PTRACE_DETACH, pid, NULL, (void *)signal);
}
