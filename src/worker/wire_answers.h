/* SPDX-License-Identifier: Apache-2.0 */
/* What the process without rights answers. It has read hostile files: its word is checked like theirs. */
#pragma once

#include <stddef.h>

#include "elf/build_id.h"
#include "symbolize/symbolizer.h"
#include "unwind/unwind_table.h"
#include "worker/wire.h"

void wire_put_id(struct buf *buf, const struct build_id *id);
/* 0 or -EIO. */
int wire_get_id(struct wire_reader *reader, struct build_id *ret);
/* 0, -EIO or -ENOMEM. */
int wire_get_table(struct wire_reader *reader, struct unwind_table **ret);
/* The lines of one place, whose strings live as long as the message: how many, 1 to @room, or -EIO. */
int wire_get_lines(struct wire_reader *reader, struct sym_line *lines, size_t room);
