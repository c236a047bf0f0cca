/* SPDX-License-Identifier: Apache-2.0 */
/* What this machine can do for a recording, and the remedy for what it cannot. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"

/* Tries everything on ourselves and writes one line per finding. True if recording works here. */
bool doctor_examine(struct buf *out);
