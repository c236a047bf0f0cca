// SPDX-License-Identifier: Apache-2.0
#include "serve/requests.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hashmap.h"
#include "base/vec.h"
#include "encode/encoder.h"
#include "encode/otlp.h"
#include "profile/profile_merge.h"
#include "serve/envelope.h"

#define BODY_MAX_BYTES  ((size_t)64 << 20)
#define PATH_MAX_BYTES  ((size_t)8 << 10)
#define STEP_NS         1000000
#define UNKNOWN_SERVICE "unknown_service" /* OpenTelemetry's name for it */

/* One service on its way. */
struct maker {
	const struct requests *to;
	const char *service;
	const struct profile *profile; /* of the service */
	int64_t nth;                   /* of its requests */
	size_t lost_cnt;
};

static int encode(const struct maker *maker, const struct profile *part, struct buf *payload)
{
	struct writer *writer __free(writer) = writer__new_buf(payload);
	struct otlp_resource resource = { maker->service, maker->to->host };
	struct encode_options options = {};
	int err;

	if (!writer)
		return -ENOMEM;
	if (maker->to->kind != PUSH_OTLP)
		return encoder_write(encoder_by_name("pprof"), part, &options, writer);
	err = encode_otlp(part, &resource, writer);
	return err ? err : writer__finish(writer);
}

/* The length before compression, which gzip's last four bytes tell. */
static size_t inflated_bytes(const struct buf *gzip)
{
	const unsigned char *end = (const unsigned char *)buf__data(gzip) + buf__len(gzip);

	if (buf__len(gzip) < 4)
		return 0;
	return end[-4] | (size_t)end[-3] << 8 | (size_t)end[-2] << 16 | (size_t)end[-1] << 24;
}

static int make_item(const struct maker *maker, const struct profile_meta *meta,
		     const struct buf *payload, struct push_item **ret)
{
	struct push_item *item __free(push_item) = calloc(1, sizeof(*item));
	struct buf *path __free(buf) = buf__new(PATH_MAX_BYTES);
	struct buf *body __free(buf) = buf__new(BODY_MAX_BYTES);
	struct envelope envelope = { maker->service,     maker->to->host,
				     meta->time_ns,      meta->time_ns + meta->duration_ns,
				     buf__data(payload), buf__len(payload) };
	const char *type, *encoding;
	int err;

	if (!item || !path || !body)
		return -ENOMEM;
	err = envelope_write(maker->to->kind, &envelope, path, body, &type, &encoding);
	if (err)
		return err;
	item->path = strdup(buf__data(path));
	item->type = strdup(type);
	item->encoding = strdup(encoding);
	item->body = buf__take(body, &item->body_bytes);
	if (!item->path || !item->type || !item->encoding || !item->body)
		return -ENOMEM;
	*ret = TAKE_PTR(item);
	return 0;
}

enum { SENT, TOO_LARGE };

/* SENT, TOO_LARGE or -errno. */
static int try_range(struct maker *maker, size_t first, size_t cnt)
{
	struct profile_part part = { .first = first, .cnt = cnt };
	struct profile *slice __free(profile) = NULL;
	struct buf *payload __free(buf) = buf__new(BODY_MAX_BYTES);
	struct push_item *item;
	struct profile_meta meta;
	int err = profile_take(maker->profile, &part, &slice);

	if (err || !payload)
		return err < 0 ? err : -ENOMEM;
	meta = *profile__meta(slice);
	meta.time_ns += maker->nth * STEP_NS;
	profile__set_meta(slice, &meta);
	err = encode(maker, slice, payload);
	if (err == -EOVERFLOW || (!err && inflated_bytes(payload) > REQUEST_MAX_BYTES && cnt > 1))
		return cnt > 1 ? TOO_LARGE : err;
	if (!err)
		err = make_item(maker, &meta, payload, &item);
	if (err)
		return err;
	maker->nth++;
	maker->to->take(maker->to->ctx, item);
	return SENT;
}

/* As one request if it fits, else in halves. */
/* Each is half of the one before. NOLINTNEXTLINE(misc-no-recursion) */
static void add_range(struct maker *maker, size_t first, size_t cnt)
{
	int outcome = cnt > REQUEST_SAMPLES_MAX ? TOO_LARGE : try_range(maker, first, cnt);

	if (outcome == TOO_LARGE) {
		add_range(maker, first, cnt / 2);
		add_range(maker, first + cnt / 2, cnt - cnt / 2);
	} else if (outcome < 0) {
		maker->lost_cnt++;
	}
}

/* @service NULL: of those that say none. How many requests were lost. */
static size_t add_service(const struct requests *requests, const char *service)
{
	struct profile_part part = {
		.key = "service_name",
		.value = service,
		/* Pyroscope deletes them, but counts what they keep apart first. */
		.drop_numbers = requests->kind == PUSH_PYROSCOPE ||
				requests->kind == PUSH_PYROSCOPE_CONNECT,
	};
	struct maker maker = { .to = requests, .service = service ? service : UNKNOWN_SERVICE };
	struct profile *profile __free(profile) = NULL;

	if (profile_take(requests->window, &part, &profile))
		return 1;
	maker.profile = profile;
	if (profile__sample_cnt(profile))
		add_range(&maker, 0, profile__sample_cnt(profile));
	return maker.lost_cnt;
}

/* The strings that samples have as service names, each once; 0 for those that have none. */
static int find_services(const struct profile *window, struct hashmap *ret)
{
	const struct profile_label *label;
	size_t i;
	int err = 0;

	for (i = 0; !err && i < profile__sample_cnt(window); i++) {
		label = profile__find_label(window, (uint32_t)i, "service_name");
		err = hashmap__set(ret, label ? label->str : 0, 1);
	}
	return err;
}

size_t requests_make(const struct requests *requests)
{
	struct hashmap *services __free(hashmap) = hashmap__new();
	uint64_t service, one;
	size_t pos = 0, lost_cnt = 0;

	if (!services || find_services(requests->window, services))
		return 1;
	while (hashmap__next(services, &pos, &service, &one))
		lost_cnt += add_service(requests,
					service ? profile__str(requests->window, (uint32_t)service)
						: NULL);
	return lost_cnt;
}
