/* SPDX-License-Identifier: Apache-2.0 */
/* A kind of sink embeds this and fills it in. For the files of this folder alone. */
#pragma once

#include "sink/sink.h"

struct sink {
	struct writer *writer; /* made by the kind, freed by sink__free() */
	/* Everything has been flushed to @writer: make it appear. 0 or -errno. */
	int (*commit)(struct sink *sink);
	/* Undo what has not been committed, free all but the writer. */
	void (*free)(struct sink *sink);
};

int sink_open_stdout(struct sink **ret);
/* Regular files: temporary name, then rename. */
int sink_open_file(const char *path, uint32_t flags, struct sink **ret);
/* Pipes and character devices: written as it comes. */
int sink_open_stream(const char *path, struct sink **ret);
