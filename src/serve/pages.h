/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of what is traced: the status page for people, /sd for Prometheus and Alloy. malloc'd text, NULL: no memory. */
#pragma once

#include "session/view.h"

char *page_status(struct session_view *view, const struct session_state *state);
/* @address: "host:port" of the server as others reach it. */
char *page_sd(struct session_view *view, const char *address);
