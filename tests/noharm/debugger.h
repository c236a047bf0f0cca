/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/types.h>

#include "victim.h"

/*
 * Interrupt the process again and again and let it do some single steps, until pulse->stop is set; then let it go. A breakpoint
 * that is nobody's kills it and sets pulse->strange_trap. 0, or 1 if it cannot be traced.
 */
int debug_process(pid_t pid, struct pulse *pulse);
