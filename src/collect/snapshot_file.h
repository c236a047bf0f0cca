/* SPDX-License-Identifier: Apache-2.0 */
/*
 * .heaptap: a snapshot as bytes. A header, then sections, each an array of records of a stated size:
 *
 *	"HEAPTAP\n"  u32 version  u32 byte order mark 0x01020304
 *	{ u32 kind  u32 record_bytes  u64 record_cnt  records... }...
 *	{ SECTION_END ... }	without it the file is incomplete and is not read
 *
 * Little-endian, in the layout of the structs in snapshot.h and abi/. Kinds are never reused; a record may grow at
 * its end: readers take what they know and skip the rest, and skip whole kinds they do not know.
 */
#pragma once

#include "base/writer.h"
#include "collect/snapshot.h"

#define SNAPSHOT_SUFFIX ".heaptap"
#define SNAPSHOT_MAGIC  "HEAPTAP\n"

/* 0 or the writer's -errno. */
int snapshot_file_write(const struct snapshot *snapshot, struct writer *writer);

/*
 * 0; -EPROTO: no snapshot, or one that contradicts itself; -ENODATA: it was cut; -EOVERFLOW: larger than any real one;
 * -ENOTSUP: another version or byte order; or -errno. All numbers in the result refer to something that is there.
 */
int snapshot_file_read(int fd, struct snapshot **ret);
/* The same from memory. */
int snapshot_file_parse(const void *data, size_t len_bytes, struct snapshot **ret);
