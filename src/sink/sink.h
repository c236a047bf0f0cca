/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where finished bytes go. Open, write through sink__writer(), then sink__commit(): only then does
 * the result appear. Freed without a commit, nothing is left behind.
 */
#pragma once

#include <stdint.h>

#include "base/cleanup.h"
#include "base/writer.h"

struct sink;

enum {                     /* of sink_open() */
       SINK_OVERWRITE = 1, /* an existing file may be replaced */
       SINK_SYNC = 2,      /* fsync the file and its directory before it counts as written */
       SINK_PRIVATE = 4,   /* a new file is for nobody else to read */
};

/*
 * "-" is stdout, anything else a file: written under a temporary name in the same directory, then
 * renamed; pipes and character devices (/dev/null) are written in place. 0, -EEXIST without
 * SINK_OVERWRITE, -EISDIR, -ENODEV for block devices and sockets, or another -errno.
 */
int sink_open(const char *path, uint32_t flags, struct sink **ret);
void sink__free(struct sink *sink);
DEFINE_CLEANUP(sink);

struct writer *sink__writer(struct sink *sink);
/* Flush and make the result appear. 0 or -errno, and then nothing appears. */
int sink__commit(struct sink *sink);
