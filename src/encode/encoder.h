/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All output formats in one table (encoder.c). A new format is a new file with one function, its
 * declaration at the end here, and one line in the table.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/writer.h"
#include "profile/profile.h"

struct encode_options {
	size_t metric;     /* index of a sample type; for formats that hold only one */
	const char *title; /* NULL: the format's own choice */
	size_t row_cnt;    /* of tables; 0: the format's own choice */
	bool no_default; /* pprof: leave what is shown first to the tools, which take the last type */
};

enum {                         /* encoder.flags */
       ENCODER_ONE_METRIC = 1, /* shows encode_options.metric alone */
       ENCODER_READABLE = 2,   /* pprof_read() or a like reader can load it again */
};

struct encoder {
	const char *name;   /* as in --format */
	const char *suffix; /* of file names, ".pb.gz" */
	const char *mime;
	const char *summary; /* for --help, one line */
	uint32_t flags;
	/*
	 * Writes all of @profile, equal bytes for equal profiles. 0 or -errno (the writer's own
	 * errors included). The caller calls writer__finish().
	 */
	int (*write)(const struct profile *profile, const struct encode_options *options,
		     struct writer *writer);
};

/* Terminated by an entry whose name is NULL. */
extern const struct encoder encoders[];

/* NULL if there is none. */
const struct encoder *encoder_by_name(const char *name);
/* The encoder with the longest suffix that @path ends in. */
const struct encoder *encoder_by_path(const char *path);
/* Can a terminal show it? */
bool encoder_is_text(const struct encoder *encoder);
/* Encode and finish. -EINVAL if the metric does not exist or the profile has no sample types. */
int encoder_write(const struct encoder *encoder, const struct profile *profile,
		  const struct encode_options *options, struct writer *writer);

int encode_pprof(const struct profile *profile, const struct encode_options *options,
		 struct writer *writer);
int encode_folded(const struct profile *profile, const struct encode_options *options,
		  struct writer *writer);
int encode_text(const struct profile *profile, const struct encode_options *options,
		struct writer *writer);
int encode_json(const struct profile *profile, const struct encode_options *options,
		struct writer *writer);
int encode_speedscope(const struct profile *profile, const struct encode_options *options,
		      struct writer *writer);
int encode_html(const struct profile *profile, const struct encode_options *options,
		struct writer *writer);
int encode_svg(const struct profile *profile, const struct encode_options *options,
	       struct writer *writer);
