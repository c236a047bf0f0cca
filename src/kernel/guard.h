/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that lets go those whom BPF has stopped for us (PROCESS_HELD). It is the one that may send signals to others'
 * programs (CAP_KILL), which we need for nothing else, and it outlives us for a moment: should we be killed, it lets all of
 * them go on; those that breakpoints would end (PROCESS_TRANSLATOR) once we have none any more. There is one for our process,
 * whatever is traced one after another. It ends with us.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* Begin it, with the right to send signals that we have now, unless it was begun. 0 or -errno. */
int guard_begin(void);
/* The end of it, if there is nobody left to be stopped. */
void guard_end(void);
/* May it let everybody go? Else only our own user's. */
bool guard_may_let_all_go(void);

/* From now on somebody may be stopped; @map_fd: tgid -> struct process. 0 or -errno. */
int guard_watch(int map_fd);
/* Nobody is stopped any more, nor are there breakpoints: who still waits goes on. Its descriptor is closed. */
void guard_unwatch(void);
/* Let @pid go. */
void guard_let_go(pid_t pid);
