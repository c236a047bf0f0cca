/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be probed in a file, as the process without rights has found it. Its word is checked: it may have been taken over. */
#pragma once

#include <stdint.h>

#include "target/target_object.h"
#include "worker/wire.h"

/* What the object says of the file's contents. */
void wire_put_object(struct buf *buf, const struct target_object *object);
/*
 * @fns: the table that the object's functions are of. @file_bytes: the file's size, inside of which all probes are. 0, -EIO
 * or -ENOMEM.
 */
int wire_get_object(struct wire_reader *reader, const struct alloc_fns *fns, uint64_t file_bytes,
		    struct target_object **ret);
