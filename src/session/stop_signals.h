/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signals that end a recording, SIGINT, SIGTERM and SIGHUP. They are blocked before anything else is done and read by the
 * loop: one that comes before there is a loop waits for it, and is not lost where SIGINT is ignored, as shells have it of
 * background jobs. Once nothing of ours is in a target they are let through: a second one ends us at once.
 */
#pragma once

#include <signal.h>

struct stop_signals {
	sigset_t set;    /* those that end the recording */
	sigset_t before; /* what was blocked when we came: a command gets it back */
};

/* SIGHUP is left to whom it is for: nohup has it ignored, a daemon that reads it itself has it blocked. */
void stop_signals__block(struct stop_signals *stop);
void stop_signals__let_through(const struct stop_signals *stop);
