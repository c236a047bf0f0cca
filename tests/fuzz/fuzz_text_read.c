// SPDX-License-Identifier: Apache-2.0
/* The text formats back into profiles. What was read and written must read and write the same. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/writer.h"
#include "encode/encoder.h"
#include "encode/text_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct buf *as_json(const struct profile *profile)
{
	struct encode_options options = {};
	struct buf *out = buf__new((size_t)64 << 20);
	struct writer *writer __free(writer) = out ? writer__new_buf(out) : NULL;

	if (out && (!writer || encoder_write(encoder_by_name("json"), profile, &options, writer)))
		buf__reset(out);
	return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct profile *profile __free(profile) = NULL, *again __free(profile) = NULL;
	struct buf *once __free(buf) = NULL, *twice __free(buf) = NULL;
	enum text_kind kind = text_kind_of(text, size);
	int err;

	if (kind == TEXT_NONE || text_read(kind, text, size, &profile))
		return 0;
	once = as_json(profile);
	if (!once || !buf__len(once))
		return 0;
	err = json_read(buf__data(once), buf__len(once), &again);
	if (err == -ENOMEM)
		return 0;
	if (err)
		abort();
	twice = as_json(again);
	if (!twice || !buf__len(twice))
		return 0;
	if (buf__len(once) != buf__len(twice) ||
	    memcmp(buf__data(once), buf__data(twice), buf__len(once)))
		abort();
	return 0;
}
