/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages of a pprof file one after the other, as they are: nothing is resolved or judged.
 * What the reader (pprof_read.c) loads and the checker (pprof_check.c) examines.
 */
#pragma once

#include "encode/inflate.h"
#include "encode/pprof_read.h"
#include "profile/profile_load.h"

/* Field numbers of message Profile in profile.proto. */
enum pprof_field {
	PPROF_END = 0, /* not a field: nothing follows */
	PPROF_SAMPLE_TYPE = 1,
	PPROF_SAMPLE = 2,
	PPROF_MAPPING = 3,
	PPROF_LOCATION = 4,
	PPROF_FUNCTION = 5,
	PPROF_STRING = 6,
	PPROF_DROP_FRAMES = 7,
	PPROF_KEEP_FRAMES = 8,
	PPROF_TIME = 9,
	PPROF_DURATION = 10,
	PPROF_PERIOD_TYPE = 11,
	PPROF_PERIOD = 12,
	PPROF_COMMENT = 13, /* one message each, packed or not */
	PPROF_DEFAULT_TYPE = 14,
	PPROF_DOC_URL = 15,
};

struct pprof_msg { /* pointers are good until the next message */
	enum pprof_field field;
	union {
		struct raw_type type; /* sample and period type */
		struct raw_sample sample;
		struct raw_mapping mapping;
		struct raw_location location;
		struct raw_function function;
		struct {
			const char *data;
			size_t len_bytes;
		} string;
		uint64_t number; /* all others */
	};
};

struct pprof_decode;

/* Takes over @in. NULL if out of memory. */
struct pprof_decode *pprof_decode__new(struct inflate *in);
void pprof_decode__free(struct pprof_decode *decode);
DEFINE_CLEANUP(pprof_decode);

/* 0 and the next message (PPROF_END at the end), an enum pprof_outcome, or -errno. Unknown fields
 * are skipped. */
int pprof_decode__next(struct pprof_decode *decode, struct pprof_msg *ret);
/* Of the inflated message, so far. */
uint64_t pprof_decode__bytes(const struct pprof_decode *decode);
bool pprof_decode__is_gzip(const struct pprof_decode *decode);
