/* SPDX-License-Identifier: Apache-2.0 */
/* Words to the service manager, as sd_notify(3) describes them; nothing happens where there is none. */
#pragma once

#include <stdint.h>

/* "READY=1", "STOPPING=1", "WATCHDOG=1", ... */
void notify_manager(const char *state);
/* How often "WATCHDOG=1" is to be said; 0: never. */
uint64_t notify_interval_ns(void);
