// SPDX-License-Identifier: Apache-2.0
#include "serve/envelope.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/writer.h"
#include "encode/protobuf.h"
#include "encode/text_escape.h"

#define MS_NS 1000000

/* What Pyroscope allows in names; all else becomes '_'. */
static void append_name(struct buf *out, const char *name)
{
	for (; *name; name++)
		buf__append_char(out, isalnum((unsigned char)*name) || strchr("_./-", *name) ? *name
											     : '_');
}

static int write_ingest(const struct envelope *envelope, struct buf *path, struct buf *body,
			const char **ret_type)
{
	buf__append_str(path, "/ingest?name=");
	append_name(path, envelope->service);
	/* {host="..."}, escaped as a URL wants it. */
	buf__append_str(path, "%7Bhost%3D%22");
	append_name(path, envelope->host);
	buf__printf(path,
		    "%%22%%7D&from=%" PRId64 "&until=%" PRId64 "&format=pprof&spyName=heaptap",
		    envelope->from_ns / MS_NS, envelope->until_ns / MS_NS);
	buf__append(body, envelope->payload, envelope->payload_bytes);
	*ret_type = "application/octet-stream";
	return buf__error(path) ? buf__error(path) : buf__error(body);
}

struct label {
	const char *name, *value;
};

/* Counters are differences already, which is said so that nobody subtracts once more. */
#define LABEL_CNT 4
static void make_labels(const struct envelope *envelope, struct label labels[LABEL_CNT])
{
	labels[0] = (struct label){ "__delta__", "false" };
	labels[1] = (struct label){ "__name__", "memory" };
	labels[2] = (struct label){ "host", envelope->host };
	labels[3] = (struct label){ "service_name", envelope->service };
}

/* PushRequest { series = 1 { labels = 1 { name = 1, value = 2 }, samples = 2 { raw_profile = 1 } } } */
static int write_connect(const struct envelope *envelope, struct buf *path, struct buf *body,
			 const char **ret_type)
{
	struct pb_msg series __attribute__((cleanup(pb_msg__done))) = {};
	struct pb_msg inner __attribute__((cleanup(pb_msg__done))) = {};
	struct writer *writer __free(writer) = writer__new_buf(body);
	struct label labels[LABEL_CNT];
	size_t i;

	if (!writer)
		return -ENOMEM;
	make_labels(envelope, labels);
	for (i = 0; i < LABEL_CNT; i++) {
		pb_msg__reset(&inner);
		pb_msg__bytes(&inner, 1, labels[i].name, strlen(labels[i].name));
		pb_msg__bytes(&inner, 2, labels[i].value, strlen(labels[i].value));
		pb_msg__msg(&series, 1, &inner);
	}
	pb_msg__reset(&inner);
	pb_msg__bytes(&inner, 1, envelope->payload, envelope->payload_bytes);
	pb_msg__msg(&series, 2, &inner);
	pb_write_msg(writer, 1, &series);
	buf__append_str(path, "/push.v1.PusherService/Push");
	*ret_type = "application/proto";
	return writer__finish(writer);
}

static void write_base64(struct writer *writer, const unsigned char *data, size_t len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t word;
	size_t i;

	for (i = 0; i < len; i += 3) {
		word = (uint32_t)data[i] << 16;
		word |= i + 1 < len ? (uint32_t)data[i + 1] << 8 : 0;
		word |= i + 2 < len ? data[i + 2] : 0;
		writer__char(writer, digits[word >> 18 & 63]);
		writer__char(writer, digits[word >> 12 & 63]);
		writer__char(writer, (char)(i + 1 < len ? digits[word >> 6 & 63] : '='));
		writer__char(writer, (char)(i + 2 < len ? digits[word & 63] : '='));
	}
}

static int write_parca(const struct envelope *envelope, struct buf *path, struct buf *body,
		       const char **ret_type)
{
	struct writer *writer __free(writer) = writer__new_buf(body);
	struct label labels[LABEL_CNT];
	size_t i;

	if (!writer)
		return -ENOMEM;
	make_labels(envelope, labels);
	writer__str(writer, "{\"series\":[{\"labels\":{\"labels\":[");
	/* Parca has no __delta__: a duration in the profile says it. */
	for (i = 1; i < LABEL_CNT; i++) {
		writer__str(writer, i > 1 ? ",{\"name\":" : "{\"name\":");
		escape_json(writer, labels[i].name);
		writer__str(writer, ",\"value\":");
		escape_json(writer, labels[i].value);
		writer__char(writer, '}');
	}
	writer__str(writer, "]},\"samples\":[{\"rawProfile\":\"");
	write_base64(writer, envelope->payload, envelope->payload_bytes);
	writer__str(writer, "\"}]}],\"normalized\":false}");
	buf__append_str(path, "/api/profiles/writeraw");
	*ret_type = "application/json";
	return writer__finish(writer);
}

static int write_otlp(const struct envelope *envelope, struct buf *path, struct buf *body,
		      const char **ret_type, const char **ret_encoding)
{
	buf__append_str(path, "/v1development/profiles");
	buf__append(body, envelope->payload, envelope->payload_bytes);
	*ret_type = "application/x-protobuf";
	*ret_encoding = "gzip";
	return buf__error(path) ? buf__error(path) : buf__error(body);
}

int envelope_write(enum push_kind kind, const struct envelope *envelope, struct buf *path,
		   struct buf *body, const char **ret_type, const char **ret_encoding)
{
	*ret_encoding = "";
	switch (kind) {
	case PUSH_PYROSCOPE:
		return write_ingest(envelope, path, body, ret_type);
	case PUSH_PYROSCOPE_CONNECT:
		return write_connect(envelope, path, body, ret_type);
	case PUSH_PARCA:
		return write_parca(envelope, path, body, ret_type);
	case PUSH_OTLP:
		return write_otlp(envelope, path, body, ret_type, ret_encoding);
	default:
		return -EINVAL;
	}
}
