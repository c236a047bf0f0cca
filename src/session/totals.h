/* SPDX-License-Identifier: Apache-2.0 */
/* What the images' own sites add up to. Private to session/. */
#pragma once

#include "kernel/tracer.h"
#include "session/session.h"

/* @time_ns: since the start. */
struct session_totals totals_read(const struct tracer *tracer, uint64_t time_ns);
