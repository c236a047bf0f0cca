/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The links of programs to places of one file: what puts them there by the tracer's back end, and what takes them off so
 * that nothing stays behind even if we are killed meanwhile. Private to kernel/.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/vec.h"
#include "kernel/bpf_link.h"

struct bpf_program;
struct tracer;

struct probe_links {
	int fd;               /* of the file; ours */
	pid_t pid;            /* in that process alone; 0: in all that map the file */
	VEC(int) fds;         /* the links, and perf events beside them; none while they are off */
	VEC(int) guard;       /* see probe_links__guard() */
	VEC(uint64_t) places; /* file offsets of all that were ever put on */
};

/* For the file behind @fd, of which it keeps a descriptor of its own. 0 or -errno; probe_links__done() after either. */
int probe_links__init(struct probe_links *links, int fd, pid_t pid);
/* Take them off, and forget about them. */
void probe_links__done(struct probe_links *links, struct tracer *tracer);

/*
 * Link @prog, loaded for attach type @type, to @sites, whose path and process are those of @links. 0 or -errno, and
 * then some of them may be on.
 */
int probe_links__add(struct probe_links *links, struct tracer *tracer,
		     const struct bpf_program *prog, int type, struct bpf_link_sites sites,
		     bool on_return);

/* What probe_links__add() will put there later, for the guard. 0 or -ENOMEM. */
int probe_links__expect(struct probe_links *links, const uint64_t *offsets, size_t cnt);

/* Take all off. The breakpoints go at once, their programs no later than closer__wait() returns. */
void probe_links__close(struct probe_links *links, struct tracer *tracer);
/* Do now what closing would begin with: it takes long. */
void probe_links__guard(struct probe_links *links, struct tracer *tracer);
