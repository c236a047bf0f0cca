// SPDX-License-Identifier: Apache-2.0
#include "worker/wire_answers.h"

#include <errno.h>
#include <string.h>

void wire_put_id(struct buf *buf, const struct build_id *id)
{
	wire_put_u32(buf, id->len_bytes);
	buf__append(buf, id->bytes, id->len_bytes);
}

int wire_get_id(struct wire_reader *reader, struct build_id *ret)
{
	uint32_t len = wire_get_u32(reader);
	const void *bytes = len <= BUILD_ID_MAX_BYTES ? wire_get_bytes(reader, len) : NULL;

	if (!bytes)
		return -EIO;
	*ret = (struct build_id){ .len_bytes = len };
	memcpy(ret->bytes, bytes, len);
	return 0;
}

int wire_get_table(struct wire_reader *reader, struct unwind_table **ret)
{
	uint32_t row_cnt = wire_get_u32(reader), page_cnt = wire_get_u32(reader);
	uint32_t page_base = wire_get_u32(reader);
	const void *rows = wire_get_bytes(reader, row_cnt * sizeof(struct unwind_row));
	const void *pages = wire_get_bytes(reader, ((size_t)page_cnt + 1) * sizeof(uint32_t));

	if (reader->bad)
		return -EIO;
	return unwind_table__from(rows, row_cnt, pages, page_cnt, page_base, ret);
}

int wire_get_lines(struct wire_reader *reader, struct sym_line *lines, size_t room)
{
	uint32_t cnt = wire_get_u32(reader), i;

	if (!cnt || cnt > room)
		return -EIO;
	for (i = 0; i < cnt; i++) {
		lines[i].flags = wire_get_u32(reader);
		lines[i].line = wire_get_u32(reader);
		lines[i].start_line = wire_get_u32(reader);
		lines[i].name = wire_get_str(reader);
		lines[i].system_name = wire_get_str(reader);
		lines[i].path = wire_get_str(reader);
	}
	return reader->bad ? -EIO : (int)cnt;
}
