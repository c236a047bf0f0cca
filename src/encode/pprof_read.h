/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Read any pprof profile (profile.proto, gzip or raw; github.com/google/pprof/proto/profile.proto).
 * The input is taken as hostile: sizes, counts, references and the inflation ratio are bounded,
 * memory grows with what has really been read, and the input is streamed, never held as a whole.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "profile/profile.h"

enum pprof_outcome { /* positive returns; text by pprof_outcome_text() */
		     PPROF_OK = 0,
		     PPROF_EMPTY,       /* no bytes at all */
		     PPROF_NOT_PPROF,   /* neither gzip nor a plausible protobuf message */
		     PPROF_LEGACY_TEXT, /* the old "heap profile: …" form */
		     PPROF_TRUNCATED,
		     PPROF_CORRUPT_GZIP,
		     PPROF_CORRUPT,       /* a broken protobuf field */
		     PPROF_TOO_BIG,       /* beyond struct pprof_limits */
		     PPROF_BAD_REFERENCE, /* an id or string number that does not exist, or exists
					     twice */
		     PPROF_BAD_TYPES, /* no sample types, more than PROFILE_TYPES_MAX, or not one
					 value each */
		     PPROF_OUTCOME_CNT
};

/* One clear sentence without a full stop, for "FILE: …". */
const char *pprof_outcome_text(int outcome);

struct pprof_limits {
	uint64_t inflated_bytes; /* of the whole message */
	uint64_t rows; /* samples + locations + functions + mappings + strings + frames + labels */
};

/* 8 GiB and 2^31 rows: for files the user chose. Network input gets less. */
extern const struct pprof_limits pprof_limits_default;

/* 0, an enum pprof_outcome, or -errno (-ENOMEM, read errors). @limits NULL: the default. */
int pprof_read_fd(int fd, const struct pprof_limits *limits, struct profile **ret);
int pprof_read_mem(const void *data, size_t len_bytes, const struct pprof_limits *limits,
		   struct profile **ret);
