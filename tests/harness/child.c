// SPDX-License-Identifier: Apache-2.0
#include "harness/child.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fdio.h"

#define OUTPUT_MAX_BYTES (64u << 20)
#define ARG_MAX_CNT      32

const char child_echo[] = "#include <stdlib.h>\n"
			  "#include <unistd.h>\n"
			  "int main(void)\n"
			  "{\n"
			  "	char *volatile byte = malloc(1);\n"
			  "	while (read(0, byte, 1) == 1 && write(1, byte, 1) == 1)\n"
			  "		;\n"
			  "	free(byte);\n"
			  "	return 0;\n"
			  "}\n";

static void check(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	abort();
}

/* The child's ends of the pipes become its standard input and output. */
static pid_t spawn(const char *const argv[], const char *env, int in, int out, int quiet)
{
	pid_t pid = fork();
	int null;

	check(pid >= 0, "fork");
	if (pid)
		return pid;
	null = open("/dev/null", O_RDWR);
	dup2(in >= 0 ? in : null, 0);
	dup2(out, 1);
	if (quiet)
		dup2(null, 2);
	if (env)
		putenv((char *)env);
	execvp(argv[0], (char *const *)argv);
	_exit(127);
}

int child_run(const char *const argv[], char **ret_output)
{
	size_t len;
	int ends[2], status;
	pid_t pid;

	check(!pipe2(ends, O_CLOEXEC), "pipe");
	pid = spawn(argv, NULL, -1, ends[1], 1);
	close(ends[1]);
	check(!fdio_read_all(ends[0], OUTPUT_MAX_BYTES, ret_output, &len), "read");
	close(ends[0]);
	check(waitpid(pid, &status, 0) == pid, "waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void child_start(struct child *child, const char *const argv[], const char *env)
{
	int to[2], from[2];
	char byte = '\n';

	check(!pipe2(to, O_CLOEXEC) && !pipe2(from, O_CLOEXEC), "pipe");
	child->pid = spawn(argv, env, to[0], from[1], 0);
	close(to[0]);
	close(from[1]);
	child->to = to[1];
	child->from = from[0];
	check(write(child->to, &byte, 1) == 1 && read(child->from, &byte, 1) == 1, argv[0]);
}

void child_stop(struct child *child)
{
	kill(child->pid, SIGKILL);
	check(waitpid(child->pid, NULL, 0) == child->pid, "waitpid");
	close(child->to);
	close(child->from);
}

int child_compile(const char *const argv[], const char *source, const char *path)
{
	const char *with_paths[ARG_MAX_CNT];
	char *output __free_mem = NULL;
	char source_path[4096];
	FILE *file;
	size_t i;
	int rc;

	snprintf(source_path, sizeof(source_path), "%s.c", path);
	file = fopen(source_path, "w");
	check(file && fputs(source, file) >= 0 && !fclose(file), source_path);
	for (i = 0; argv[i]; i++) {
		check(i + 5 < ARG_MAX_CNT, "arguments");
		with_paths[i] = argv[i];
	}
	with_paths[i++] = "-o";
	with_paths[i++] = path;
	with_paths[i++] = source_path;
	with_paths[i] = NULL;
	rc = child_run(with_paths, &output);
	unlink(source_path);
	return rc != 0;
}
