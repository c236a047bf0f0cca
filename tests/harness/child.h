/* SPDX-License-Identifier: Apache-2.0 */
/* Other programs, for tests to run and look at. Every function ends the test on failure. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

/* Run @argv to its end, its standard output as a string the caller frees. Returns the exit status,
 * -1 if a signal ended it. */
int child_run(const char *const argv[], char **ret_output);

struct child {
	pid_t pid;
	int to;
	int from;
};

/*
 * Start @argv, with @env ("NAME=value" or NULL) added, and wait until it echoes a byte: then its
 * libraries are loaded and it waits for the next one. argv[0] must copy its input to its output at
 * once ("cat", child_echo).
 */
void child_start(struct child *child, const char *const argv[], const char *env);
void child_stop(struct child *child);

/* A program that echoes and allocates, compiled by @argv[0] with the options behind it into a file
 * at @path. 0, or 1: it cannot. */
int child_compile(const char *const argv[], const char *source, const char *path);

/* Source text of such an echo program in C. */
extern const char child_echo[];
