/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Debug files from servers, by build id (debuginfod(8)). Only if the user asked for it by setting
 * DEBUGINFOD_URLS: a build id tells the server what runs here. debuginfod_none.c is for machines
 * without the library.
 */
#pragma once

#include "base/cleanup.h"
#include "elf/build_id.h"

/* For one file; what is not here by then is done without. */
#define DEBUGINFOD_MAX_SECONDS 60

struct debuginfod;

/* NULL: not wanted, or not available. */
struct debuginfod *debuginfod__new(void);
void debuginfod__free(struct debuginfod *self);
DEFINE_CLEANUP(debuginfod);

/* The debug file of @id, open for reading. 0, -ENOENT, -ETIMEDOUT or another -errno. */
int debuginfod__fetch(struct debuginfod *self, const struct build_id *id, int *ret_fd);
