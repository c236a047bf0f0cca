// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as a pprof file, gzipped or not. What loads must hold the model's promises: written
 * again it loads again, with the same totals; and the checker must not choke on what the reader
 * takes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "encode/encoder.h"
#include "encode/pprof_check.h"
#include "encode/pprof_read.h"
#include "profile/profile_merge.h"

static void require(bool what)
{
	if (!what)
		abort();
}

static void write_again(const struct profile *profile)
{
	struct buf *buf __free(buf) = buf__new(0);
	struct writer *writer __free(writer) = buf ? writer__new_buf(buf) : NULL;
	struct profile *again __free(profile) = NULL;
	struct encode_options options = { .metric = 0 };
	int64_t before[PROFILE_TYPES_MAX], after[PROFILE_TYPES_MAX];

	int err = writer ? encoder_write(encoder_by_name("pprof"), profile, &options, writer)
			 : -ENOMEM;

	if (!err)
		err = pprof_read_mem(buf__data(buf), buf__len(buf), NULL, &again);
	if (err == -ENOMEM)
		return;
	require(!err);
	profile__totals(profile, before);
	profile__totals(again, after);
	require(!memcmp(before, after, profile__type_cnt(profile) * sizeof(*before)));
}

static void encode_all(const struct profile *profile)
{
	const struct encoder *encoder;

	for (encoder = encoders; encoder->name; encoder++) {
		struct buf *buf __free(buf) = buf__new((size_t)4 << 20);
		struct writer *writer __free(writer) = buf ? writer__new_buf(buf) : NULL;
		struct encode_options options = { .metric = profile__default_type(profile) };

		if (writer)
			encoder_write(encoder, profile, &options, writer);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	const struct pprof_limits limits = { .inflated_bytes = (size_t)16 << 20,
					     .rows = (size_t)1 << 20 };
	struct profile *profile __free(profile) = NULL, *sum __free(profile) = NULL;
	struct pprof_report *report __free(pprof_report) = NULL;
	int loaded = pprof_read_mem(data, len_bytes, &limits, &profile);
	int checked = pprof_check_mem(data, len_bytes, &limits, &report);

	if (loaded == -ENOMEM || checked == -ENOMEM)
		return 0;
	require(loaded >= 0 && checked >= 0); /* no file is an error of ours */
	if (loaded)
		return 0;
	require(!checked);
	write_again(profile);
	encode_all(profile);
	profile_diff(profile, profile, PROFILE_DIFF_LABEL_BASE, &sum);
	loaded = profile__sort(profile);
	require(!loaded || loaded == -ENOMEM);
	return 0;
}
