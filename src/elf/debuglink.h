/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a stripped file says of the file that has its symbols (.gnu_debuglink, GDB manual,
 * "Debugging Information in Separate Files"), and a file packed by dwz of the one with the common
 * parts
 * (.gnu_debugaltlink). Names are the file's choice: they may lead anywhere.
 */
#pragma once

#include <stdint.h>

#include "elf/build_id.h"

struct elf_file;

/* A file may be larger than anybody wants to read. */
#define DEBUGLINK_CRC_MAX_BYTES ((uint64_t)2 << 30)

struct debuglink {
	const char *name; /* lives as long as the elf_file; without '/', not empty, "." or ".." */
	uint32_t crc;     /* of the whole other file */
};

struct debugaltlink {
	const char *path; /* lives as long as the elf_file; absolute, or relative to the file's
			     folder */
	struct build_id build_id;
};

/* 0; -ENOENT: the file has none; -EBADMSG: it is broken; or elf_file__section_data's errors. */
int debuglink_read(const struct elf_file *elf, struct debuglink *ret);
int debugaltlink_read(const struct elf_file *elf, struct debugaltlink *ret);

/* The checksum of all of @elf, as .gnu_debuglink has it. 0, -EFBIG past DEBUGLINK_CRC_MAX_BYTES,
 * -errno. */
int debuglink_crc(const struct elf_file *elf, uint32_t *ret);
