// SPDX-License-Identifier: Apache-2.0
#include "encode/deflate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define GZIP_WINDOW_BITS (15 + 16)
#define LEVEL            3 /* a profile at 6 is 10 % smaller and takes twice as long */

struct deflate {
	struct writer *to;
	struct writer *writer;
	z_stream z;
	unsigned char chunk[65536];
};

static int run(struct deflate *out, const void *data, size_t len_bytes, int flush)
{
	int rc;

	out->z.next_in = (Bytef *)(uintptr_t)data;
	out->z.avail_in = (uInt)len_bytes;
	do {
		out->z.next_out = out->chunk;
		out->z.avail_out = sizeof(out->chunk);
		rc = deflate(&out->z, flush);
		if (rc == Z_STREAM_ERROR)
			return -EIO;
		writer__write(out->to, out->chunk, sizeof(out->chunk) - out->z.avail_out);
	} while (!out->z.avail_out && rc != Z_STREAM_END);
	return writer__error(out->to);
}

static int put(void *ctx, const void *data, size_t len_bytes)
{
	const char *at = data;
	size_t step;
	int err = 0;

	for (; !err && len_bytes; at += step, len_bytes -= step) {
		step = len_bytes < ((size_t)1 << 30) ? len_bytes : (size_t)1 << 30;
		err = run(ctx, at, step, Z_NO_FLUSH);
	}
	return err;
}

struct deflate *deflate__new(struct writer *to)
{
	struct deflate *out = calloc(1, sizeof(*out));

	if (!out)
		return NULL;
	out->to = to;
	out->writer = writer__new(put, out);
	if (!out->writer || deflateInit2(&out->z, LEVEL, Z_DEFLATED, GZIP_WINDOW_BITS, 8,
					 Z_DEFAULT_STRATEGY) != Z_OK) {
		writer__free(out->writer);
		free(out);
		return NULL;
	}
	return out;
}

void deflate__free(struct deflate *out)
{
	if (!out)
		return;
	deflateEnd(&out->z);
	writer__free(out->writer);
	free(out);
}

struct writer *deflate__writer(struct deflate *out)
{
	return out->writer;
}

int deflate__finish(struct deflate *out)
{
	int err = writer__finish(out->writer);

	return err ? err : run(out, NULL, 0, Z_FINISH);
}
