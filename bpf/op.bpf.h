/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "thread.bpf.h"

/* Is the call of the function asked for still running, seen from @sp beneath it? */
bool op_is_running(struct thread *thread, __u64 sp);
int op_allocated(__u32 image, __u64 bytes);
