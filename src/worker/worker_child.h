/* SPDX-License-Identifier: Apache-2.0 */
/* The worker's own side: a program that is called by another name, answers on a socket and knows nothing else. */
#pragma once

#include <stdbool.h>

#include "worker/sandbox.h"
#include "worker/wire.h"

#define WORKER_NAME "heaptap-reader" /* argv[0]; argv[1] is the bound on memory */
#define WORKER_SOCK 3

/* Is it the worker that is to be run? */
bool worker_child_is(int argc, char **argv);

/* Answer @message, whose descriptor may be taken out, on WORKER_SOCK. 0 or -errno: the end. */
typedef int (*worker_answer_fn)(struct wire_message *message);
int worker_child_answer(struct wire_message *message);

/* Until the other side is gone. The exit status. */
int worker_child_run(char **argv, worker_answer_fn answer);
