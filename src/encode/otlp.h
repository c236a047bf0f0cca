/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OTLP profiles, signal "profiles" of OpenTelemetry, in the state of opentelemetry-proto 1.10
 * (opentelemetry/proto/profiles/v1development/profiles.proto). Experimental: that schema has changed with nearly every
 * release, and is not stable yet.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/writer.h"
#include "profile/profile.h"

struct otlp_resource {
	const char *service, *host;
};

/* An ExportProfilesServiceRequest, gzipped. 0 or -errno. */
int encode_otlp(const struct profile *profile, const struct otlp_resource *resource,
		struct writer *writer);

/* What an ExportProfilesServiceResponse says was not taken; 0 for anything that is none. */
uint64_t otlp_rejected_cnt(const void *response, size_t len_bytes);
