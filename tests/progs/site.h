/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs that know what they allocate. Every allocating call sits in a function of its own that
 * nothing can inline, merge or leave by a tail call, so the function's name is the call site; next
 * to the calls stands what a correct profile says about it, as constants.
 *
 *	PROG [--now] [--threads N] [--hold] [--out FILE] [ARG...]
 *
 * Without --now the program says "ready PID" and waits for a byte (or the end) of standard input:
 * time to attach. Then it works, writes its table to FILE, one line "site alloc_objects alloc_space
 * inuse_objects inuse_space", says "done" and waits again, with its blocks alive (but ends if --now
 * stands without --hold). From "ready" on nothing but the sites allocates: no stdio, no new thread.
 */
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* noipa: no inlining, cloning, merging of equal bodies, nor conclusions about the body. */
#define SITE __attribute__((noipa, used))

/* The block escapes: the call cannot be elided, nor become a tail call of its function. */
#define KEEP(p) __asm__ volatile("" : "+r"(p) : : "memory")

/*
 * The profile must say about @site: this many objects and bytes allocated in all, and still alive
 * at the end. Adds up when said more than once (by threads, by loops). Thread-safe; allocates
 * nothing.
 */
void expect(const char *site, long alloc_objects, long alloc_space, long inuse_objects,
	    long inuse_space);
#define EXPECT(site, ...) ((void)(site), expect(#site, __VA_ARGS__))

/* Run @work once in each thread as the command line says, by the protocol above. The status. */
int sites_main(int argc, char **argv, void (*work)(void));

/* The same in pieces, for programs with a life of their own. */
void sites_setup(int argc, char **argv); /* options; sets the three below */
void sites_ready(void);                  /* "ready PID", wait */
void sites_write(void);                  /* the table */
void sites_done(void);                   /* the table, "done", wait */
extern int sites_threads;                /* 0: none but main */
extern char **sites_args;                /* what is left of the command line, NULL at the end */
extern char **sites_argv;                /* all of it */

/* Wait for a byte or the end of standard input. */
void sites_gate(void);
void sites_say(const char *line);

/* A size that the compiler cannot see through. */
size_t hide(size_t n);

/* Whether the allocator that serves malloc is also the one behind function @name. */
int served(const char *name);

#ifdef __cplusplus
}
#endif
