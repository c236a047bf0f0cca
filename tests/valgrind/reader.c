// SPDX-License-Identifier: Apache-2.0
/* heaptap's reader, a process of its own: under valgrind as well, and without the limits that would be valgrind's. */
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <valgrind/valgrind.h>

#include "native.h"

#define ARGV0_NAME    "VALGRIND_ARGV0"
#define READER_END_MS 30000

/* tests/valgrind/heaptap, which has started us, and the environment it gave us; the last place is ARGV0_NAME's. */
static const char *wrapper;
static char **wrapper_envp;
static size_t wrapper_env_cnt;

/* Its parent gives it no environment; valgrind needs one, and knows no argv[0] but a program's path. */
int execve(const char *path, char *const *argv, char *const *envp)
{
	char name[256];

	if (strcmp(path, SELF_EXE))
		return NEXT(execve)(path, argv, envp);
	snprintf(name, sizeof(name), ARGV0_NAME "=%s", argv[0]);
	wrapper_envp[wrapper_env_cnt] = name;
	return NEXT(execve)(wrapper, argv, wrapper_envp);
}

/* A filter would be for valgrind's system calls as well. */
int prctl(int option, ...)
{
	unsigned long given[4];
	va_list args;
	int i;

	va_start(args, option);
	for (i = 0; i < 4; i++)
		given[i] = va_arg(args, unsigned long);
	va_end(args);
	if (option == PR_SET_SECCOMP)
		return 0;
	return (int)syscall(SYS_prctl, option, given[0], given[1], given[2], given[3]);
}

/* It is to write no file and to have few open, but valgrind has its report. */
int setrlimit64(__rlimit_resource_t which, const struct rlimit64 *limit)
{
	return which == RLIMIT_FSIZE || which == RLIMIT_NOFILE ? 0
							       : NEXT(setrlimit64)(which, limit);
}

static bool is_reader(pid_t pid)
{
	char path[64], name[16] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (!fgets(name, sizeof(name), file))
		name[0] = '\0';
	fclose(file);
	return !strcmp(name, "heaptap-reader\n");
}

/* Its parent has hung up, which it ends by, but does not wait: valgrind would not come to tell of leaks. */
int kill(pid_t pid, int sig)
{
	siginfo_t ended = {};
	int i;

	for (i = 0; sig == SIGKILL && i < READER_END_MS && is_reader(pid); i++) {
		if (waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOHANG | WNOWAIT) || ended.si_pid)
			break;
		usleep(1000);
	}
	return (int)syscall(SYS_kill, pid, sig);
}

/* --- at the start of either --- */

static void keep_environment(char **envp)
{
	while (envp[wrapper_env_cnt])
		wrapper_env_cnt++;
	wrapper_envp = calloc(wrapper_env_cnt + 2, sizeof(*wrapper_envp));
	if (!wrapper_envp)
		abort();
	memcpy(wrapper_envp, envp, wrapper_env_cnt * sizeof(*wrapper_envp));
	wrapper = getenv("VALGRIND_WRAPPER");
}

/* heaptap, and what it starts, are to find what they would without valgrind. */
static __attribute__((constructor)) void begin(int argc, char **argv, char **envp)
{
	char *name = getenv(ARGV0_NAME);

	/* valgrind itself begins as a script. */
	if (!RUNNING_ON_VALGRIND)
		return;
	keep_environment(envp);
	if (name) {
		argv[0] = name;
		clearenv();
	}
	unsetenv("LD_PRELOAD");
	unsetenv("VALGRIND_WRAPPER");
}
