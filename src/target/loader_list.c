// SPDX-License-Identifier: Apache-2.0
#include "target/loader_list.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/vec.h"

#define OUTPUT_MAX_BYTES (1u << 20)
#define TIMEOUT_MS       5000

/* The program names its dynamic linker, so it could name anything: only what an administrator (or
 * we) put there is run. */
static int check_owner(const char *loader)
{
	struct stat st;

	if (loader[0] != '/')
		return -EPERM;
	if (stat(loader, &st))
		return -errno;
	if (!S_ISREG(st.st_mode) || (st.st_uid && st.st_uid != geteuid()) ||
	    st.st_mode & (S_IWGRP | S_IWOTH | S_ISUID | S_ISGID))
		return -EPERM;
	return 0;
}

static bool is_passed_on(const char *var)
{
	return strncmp(var, "LD_", 3) || !strncmp(var, "LD_PRELOAD=", 11) ||
	       !strncmp(var, "LD_LIBRARY_PATH=", 16);
}

/* LD_AUDIT would run code, LD_DEBUG and the like would write files: none of that here. */
static int copy_env(const char *const envp[], const char ***ret)
{
	VEC(const char *) kept = {};
	size_t i;
	int err = 0;

	for (i = 0; envp[i] && !err; i++) {
		if (is_passed_on(envp[i]))
			err = vec__push(&kept, envp[i]);
	}
	if (!err)
		err = vec__push(&kept, NULL);
	if (err) {
		vec__done(&kept);
		return err;
	}
	*ret = kept.at;
	return 0;
}

__attribute__((noreturn)) static void run_loader(const char *const argv[], const char *const envp[],
						 int out)
{
	struct rlimit cpu = { TIMEOUT_MS / 1000, TIMEOUT_MS / 1000 }, core = { 0, 0 };
	int null = open("/dev/null", O_RDWR);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	setrlimit(RLIMIT_CPU, &cpu);
	setrlimit(RLIMIT_CORE, &core);
	if (null >= 0 && dup2(null, 0) >= 0 && dup2(out, 1) >= 0 && dup2(null, 2) >= 0)
		execve(argv[0], (char *const *)argv, (char *const *)envp);
	_exit(127);
}

static int64_t now_ms(void)
{
	return (int64_t)(clock_ns(CLOCK_MONOTONIC) / 1000000u);
}

static int read_output(int fd, struct buf *buf)
{
	int64_t deadline = now_ms() + TIMEOUT_MS, left;
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	char chunk[4096];
	ssize_t got;

	for (;;) {
		left = deadline - now_ms();
		if (left <= 0)
			return -ETIMEDOUT;
		if (poll(&poll_fd, 1, (int)left) < 0 && errno != EINTR)
			return -errno;
		if (!poll_fd.revents)
			continue;
		got = read(fd, chunk, sizeof(chunk));
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got ? -errno : 0;
		buf__append(buf, chunk, (size_t)got);
		if (buf__error(buf))
			return buf__error(buf) == -EOVERFLOW ? -EFBIG : buf__error(buf);
	}
}

int loader_list(const char *loader, const char *exe, const char *const envp[], char **ret)
{
	const char *const argv[] = { loader, "--list", exe, NULL };
	struct buf *buf __free(buf) = buf__new(OUTPUT_MAX_BYTES);
	const char **env __free_mem = NULL;
	int ends[2], err;
	size_t len;
	pid_t pid;

	if (!buf)
		return -ENOMEM;
	err = check_owner(loader);
	if (!err)
		err = copy_env(envp, &env);
	if (err)
		return err;
	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (!pid)
		run_loader(argv, env, ends[1]);
	close(ends[1]);
	err = pid < 0 ? -EAGAIN : read_output(ends[0], buf);
	close(ends[0]);
	if (pid > 0) {
		/* Its output has ended, or is not wanted any more. */
		kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (err)
		return err;
	*ret = buf__take(buf, &len);
	return *ret ? 0 : -ENOMEM;
}

/* "\tlibc.so.6 => /lib/libc.so.6 (0x7f…)", "\t/lib64/ld.so (0x7f…)", "\tlibx.so => not found",
 * "\tlinux-vdso.so.1 (0x7f…)" */
char *loader_list_next(char **pos)
{
	char *line, *end, *path, *address;

	while (**pos) {
		line = *pos;
		end = strchrnul(line, '\n');
		*pos = *end ? end + 1 : end;
		*end = '\0';
		path = strstr(line, " => ");
		path = path ? path + 4 : line + strspn(line, " \t");
		address = NULL;
		for (end = strstr(path, " (0x"); end; end = strstr(end + 1, " (0x"))
			address = end;
		if (!address || !memchr(path, '/', (size_t)(address - path)))
			continue;
		*address = '\0';
		return path;
	}
	return NULL;
}
