// SPDX-License-Identifier: Apache-2.0
#include "encode/inflate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define CHUNK_BYTES      ((size_t)64 << 10)
#define GZIP_WINDOW_BITS (15 + 16) /* zlib: the largest window, gzip framing with its checksum */
/* Profiles shrink 3- to 30-fold. Past the first megabytes, much more than that is made to hurt. */
#define RATIO_FREE_BYTES ((uint64_t)64 << 20)
#define RATIO_MAX        200

enum form { FORM_UNKNOWN, FORM_RAW, FORM_GZIP };

struct inflate {
	int fd;
	bool from_memory; /* all of it is in next/avail from the start */
	const unsigned char *next;
	size_t avail;
	bool at_end; /* of the input */
	enum form form;
	bool in_member; /* of a gzip file, which may have several */
	uint64_t in_bytes;
	uint64_t out_bytes;
	uint64_t limit_bytes;
	z_stream z;
	unsigned char chunk[CHUNK_BYTES];
};

static struct inflate *new_inflate(uint64_t limit_bytes)
{
	struct inflate *in = malloc(sizeof(*in));

	if (!in)
		return NULL;
	memset(in, 0, offsetof(struct inflate, chunk));
	in->limit_bytes = limit_bytes;
	return in;
}

struct inflate *inflate__new_fd(int fd, uint64_t limit_bytes)
{
	struct inflate *in = new_inflate(limit_bytes);

	if (in)
		in->fd = fd;
	return in;
}

struct inflate *inflate__new_mem(const void *data, size_t len_bytes, uint64_t limit_bytes)
{
	struct inflate *in = new_inflate(limit_bytes);

	if (in) {
		in->from_memory = true;
		in->next = data;
		in->avail = len_bytes;
		in->in_bytes = len_bytes;
	}
	return in;
}

void inflate__free(struct inflate *in)
{
	if (!in)
		return;
	if (in->form == FORM_GZIP)
		inflateEnd(&in->z);
	free(in);
}

bool inflate__is_gzip(const struct inflate *in)
{
	return in->form == FORM_GZIP;
}

/* At least @want bytes at in->next unless the input ends before. 0 or -errno. */
static int fill(struct inflate *in, size_t want)
{
	ssize_t got;

	if (in->avail >= want || in->at_end)
		return 0;
	if (in->from_memory) {
		in->at_end = true;
		return 0;
	}
	if (in->avail)
		memmove(in->chunk, in->next, in->avail);
	in->next = in->chunk;
	while (in->avail < want && !in->at_end) {
		got = read(in->fd, in->chunk + in->avail, CHUNK_BYTES - in->avail);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		in->avail += (size_t)got;
		in->in_bytes += (uint64_t)got;
		in->at_end = !got;
	}
	return 0;
}

static int find_form(struct inflate *in)
{
	int err = fill(in, 2);

	if (err)
		return err;
	if (in->avail < 2 || in->next[0] != 0x1f || in->next[1] != 0x8b) {
		in->form = FORM_RAW;
		return 0;
	}
	if (inflateInit2(&in->z, GZIP_WINDOW_BITS) != Z_OK)
		return -ENOMEM;
	in->form = FORM_GZIP;
	in->in_member = true;
	return 0;
}

static int read_raw(struct inflate *in, void *data, size_t room, size_t *ret_len)
{
	int err = fill(in, 1);

	if (err)
		return err;
	*ret_len = in->avail < room ? in->avail : room;
	if (*ret_len)
		memcpy(data, in->next, *ret_len);
	in->next += *ret_len;
	in->avail -= *ret_len;
	return 0;
}

/* Between members: another one, or the end. */
static int next_member(struct inflate *in, bool *ret_end)
{
	int err = fill(in, 2);

	if (err)
		return err;
	*ret_end = !in->avail;
	if (*ret_end)
		return 0;
	if (in->avail < 2 || in->next[0] != 0x1f || in->next[1] != 0x8b)
		return INFLATE_CORRUPT;
	if (inflateReset(&in->z) != Z_OK)
		return INFLATE_CORRUPT;
	in->in_member = true;
	return 0;
}

/* One turn of zlib: some input, some output, or the end of a member. */
static int inflate_some(struct inflate *in, unsigned char *data, size_t room, size_t *ret_len)
{
	size_t give = in->avail > CHUNK_BYTES ? CHUNK_BYTES : in->avail;
	int rc;

	if (room > CHUNK_BYTES)
		room = CHUNK_BYTES; /* zlib counts in unsigned int */
	in->z.next_in = (Bytef *)(uintptr_t)in->next;
	in->z.avail_in = (uInt)give;
	in->z.next_out = data;
	in->z.avail_out = (uInt)room;
	rc = inflate(&in->z, Z_NO_FLUSH);
	in->next += give - in->z.avail_in;
	in->avail -= give - in->z.avail_in;
	*ret_len = room - in->z.avail_out;
	if (rc == Z_STREAM_END) {
		in->in_member = false;
		return 0;
	}
	if (rc == Z_MEM_ERROR)
		return -ENOMEM;
	return rc == Z_OK || rc == Z_BUF_ERROR ? 0 : INFLATE_CORRUPT;
}

static int read_gzip(struct inflate *in, void *data, size_t room, size_t *ret_len)
{
	bool end = false;
	int ret;

	*ret_len = 0;
	while (!*ret_len) {
		if (!in->in_member) {
			ret = next_member(in, &end);
			if (ret || end)
				return ret;
		}
		ret = fill(in, 1);
		if (!ret && !in->avail)
			ret = INFLATE_TRUNCATED;
		if (!ret)
			ret = inflate_some(in, data, room, ret_len);
		if (ret)
			return ret;
	}
	return 0;
}

int inflate__read(struct inflate *in, void *data, size_t room_bytes, size_t *ret_len_bytes)
{
	size_t len = 0;
	int ret = 0;

	if (in->form == FORM_UNKNOWN)
		ret = find_form(in);
	if (!ret && in->form == FORM_GZIP)
		ret = read_gzip(in, data, room_bytes, &len);
	else if (!ret)
		ret = read_raw(in, data, room_bytes, &len);
	if (ret)
		return ret;
	in->out_bytes += len;
	if (in->out_bytes > in->limit_bytes ||
	    (in->out_bytes > RATIO_FREE_BYTES && in->out_bytes / RATIO_MAX > in->in_bytes))
		return INFLATE_TOO_BIG;
	*ret_len_bytes = len;
	return 0;
}
