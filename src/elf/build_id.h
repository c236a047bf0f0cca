/* SPDX-License-Identifier: Apache-2.0 */
/* The GNU build id: what a linked file is, whatever it is called and wherever it lies. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct elf_file;

/* 20 bytes by default (SHA-1); --build-id=0x... may be longer. Longer ones than this count as
 * absent. */
#define BUILD_ID_MAX_BYTES 64
#define BUILD_ID_HEX_SIZE  (2 * BUILD_ID_MAX_BYTES + 1)

struct build_id {
	uint32_t len_bytes;
	uint8_t bytes[BUILD_ID_MAX_BYTES];
};

/* From a note section, else from PT_NOTE. 0, -ENOENT if the file has none, or -errno. */
int build_id_read(const struct elf_file *elf, struct build_id *ret);
bool build_id_equal(const struct build_id *a, const struct build_id *b);
/* Lower-case hex. Returns @out. */
const char *build_id_format(const struct build_id *id, char out[static BUILD_ID_HEX_SIZE]);
/* The inverse: 0, or -EINVAL for anything but 1..BUILD_ID_MAX_BYTES hex pairs. */
int build_id_parse(const char *hex, struct build_id *ret);
