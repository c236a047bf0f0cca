// SPDX-License-Identifier: Apache-2.0
#include "elf/debuglink.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

#include "elf/elf_file.h"

#define CRC_CHUNK_BYTES 65536u

/* A section that begins with a string: the bytes behind its NUL too. */
static int read_named(const struct elf_file *elf, const char *section, const char **ret_name,
		      struct elf_span *ret_rest)
{
	struct elf_span data;
	const uint8_t *nul;
	int err;

	err = elf_file__section_data_by_name(elf, section, &data);
	if (err)
		return err;
	nul = data.len_bytes ? memchr(data.at, 0, data.len_bytes) : NULL;
	if (!nul || nul == data.at)
		return -EBADMSG;
	*ret_name = (const char *)data.at;
	*ret_rest = (struct elf_span){ nul + 1, data.len_bytes - (size_t)(nul + 1 - data.at) };
	return 0;
}

int debuglink_read(const struct elf_file *elf, struct debuglink *ret)
{
	struct elf_span rest;
	const char *name;
	size_t pad;
	int err;

	err = read_named(elf, ".gnu_debuglink", &name, &rest);
	if (err)
		return err;
	if (strchr(name, '/') || !strcmp(name, ".") || !strcmp(name, ".."))
		return -EBADMSG;
	pad = -(strlen(name) + 1) & 3; /* the checksum is aligned to 4 */
	if (rest.len_bytes < pad + sizeof(ret->crc))
		return -EBADMSG;
	memcpy(&ret->crc, rest.at + pad, sizeof(ret->crc));
	ret->name = name;
	return 0;
}

int debugaltlink_read(const struct elf_file *elf, struct debugaltlink *ret)
{
	struct elf_span id;
	const char *path;
	int err;

	err = read_named(elf, ".gnu_debugaltlink", &path, &id);
	if (err)
		return err;
	if (!id.len_bytes || id.len_bytes > BUILD_ID_MAX_BYTES)
		return -EBADMSG;
	ret->path = path;
	ret->build_id.len_bytes = (uint32_t)id.len_bytes;
	memcpy(ret->build_id.bytes, id.at, id.len_bytes);
	return 0;
}

int debuglink_crc(const struct elf_file *elf, uint32_t *ret)
{
	uint64_t left = elf_file__size_bytes(elf), off = 0;
	uint8_t chunk[CRC_CHUNK_BYTES];
	uLong crc = crc32(0, NULL, 0);
	size_t len;
	int err;

	if (left > DEBUGLINK_CRC_MAX_BYTES)
		return -EFBIG;
	for (; left; left -= len, off += len) {
		len = left < sizeof(chunk) ? (size_t)left : sizeof(chunk);
		err = elf_file__read(elf, off, chunk, len);
		if (err)
			return err;
		crc = crc32(crc, chunk, (uInt)len);
	}
	*ret = (uint32_t)crc;
	return 0;
}
