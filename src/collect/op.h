/* SPDX-License-Identifier: Apache-2.0 */
/* A function of the traced program, found by name, whose calls are to be counted: `stat --op`. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/vec.h"
#include "kernel/tracer.h"
#include "target/alloc_fns.h"

struct op_site {
	int fd;         /* owned */
	uint64_t entry; /* file offsets: where to probe its entry */
	uint64_t *rets; /* ... and its returns */
	size_t ret_cnt;
};

struct op_sites {
	VEC(struct op_site) all;
};

void op_sites__done(struct op_sites *sites);

/*
 * Add the functions called @name in the file open as @fd, which stays the caller's: by symbol, or by the name that
 * people write, without parameters. More than one is fine (overloads, a static function of several files). 0 or -errno.
 */
int op_sites__add_fd(struct op_sites *sites, const struct alloc_fns *fns, int fd, const char *name);
/* The same for every file whose code @pid maps. */
int op_sites__add_pid(struct op_sites *sites, const struct alloc_fns *fns, pid_t pid,
		      const char *name);

/* 0 or -errno. @pid 0: in whoever runs it. */
int op_sites__attach(const struct op_sites *sites, struct tracer *tracer, pid_t pid);
