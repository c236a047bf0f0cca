/* SPDX-License-Identifier: Apache-2.0 */
/* A service's profile as the request that an engine wants. All are one POST; what differs is around the profile. */
#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "serve/config.h"

struct envelope {
	const char *service, *host;
	int64_t from_ns, until_ns; /* since 1970 */
	const void *payload;       /* gzipped: pprof, or for PUSH_OTLP what encode_otlp() makes */
	size_t payload_bytes;
};

/*
 * What follows the configured URL goes to @path, the body to @body; @ret_type is its Content-Type, @ret_encoding its
 * Content-Encoding or "". 0 or -errno.
 *
 *	pyroscope		POST /ingest, the profile as it is (grafana/pyroscope pkg/ingester/pyroscope)
 *	pyroscope-connect	PusherService/Push, Connect's unary protobuf (push/v1/push.proto)
 *	parca			ProfileStoreService/WriteRaw by its JSON gateway (profilestore/v1alpha1)
 *	otlp			OTLP/HTTP (opentelemetry-proto collector/profiles/v1development)
 */
int envelope_write(enum push_kind kind, const struct envelope *envelope, struct buf *path,
		   struct buf *body, const char **ret_type, const char **ret_encoding);
