/* SPDX-License-Identifier: Apache-2.0 */
/* Host headers: what a client calls us. */
#pragma once

#include <stdbool.h>

/* localhost, 127.0.0.0/8 or [::1], with a port or without. */
bool host_is_local(const char *host);
/* Could it be HOST or HOST:PORT at all? */
bool host_is_one(const char *host);
