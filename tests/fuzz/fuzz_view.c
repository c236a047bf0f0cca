// SPDX-License-Identifier: Apache-2.0
/*
 * Whatever a profile holds, views show it: in the width they are given, without a byte that steers
 * a terminal, and with flats that add up to the total.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "encode/pprof_read.h"
#include "profile/profile_merge.h"
#include "view/annotate.h"
#include "view/difference.h"
#include "view/report.h"
#include "view/value.h"

static const struct pprof_limits limits = { .inflated_bytes = 1 << 20, .rows = 1 << 16 };

static void require(bool what)
{
	if (!what)
		abort();
}

static void require_harmless(const struct buf *out)
{
	const char *text = buf__data(out);
	size_t len = buf__len(out), i;

	require(strlen(text) == len);
	for (i = 0; i < len; i++)
		require((unsigned char)text[i] >= 0x20 || text[i] == '\n');
}

/* Sums that hit the ends of int64_t depend on the order of adding; small ones do not. */
static bool adds_up_exactly(const struct profile *profile, size_t type)
{
	size_t i;

	for (i = 0; i < profile__sample_cnt(profile); i++) {
		int64_t value = profile__values(profile, (uint32_t)i)[type];

		if (value > 1LL << 40 || value < -(1LL << 40))
			return false;
	}
	return true;
}

static void require_sums(const struct profile *profile, enum view_by by)
{
	struct groups *groups __free(groups) = NULL;
	int64_t flat = 0, rootless = 0;
	size_t i, cnt;
	int err = groups_new(profile, by, GROUPS_ALL, &groups);

	if (err == -ENOMEM)
		return;
	require(!err);
	for (i = 0; i < groups__cnt(groups); i++)
		flat = value_add(flat, groups__flat(groups, i)[0]);
	for (i = 0; i < profile__sample_cnt(profile); i++) {
		profile__stack(profile, (uint32_t)i, &cnt);
		if (!cnt && by != VIEW_BY_PROCESS)
			rootless += profile__values(profile, (uint32_t)i)[0];
	}
	require(flat + rootless == groups__totals(groups)[0]);
}

static void show_reports(const struct profile *profile, size_t width)
{
	struct report_options options = {
		.type = profile__default_type(profile),
		.row_cnt = width % 7,
		.name = "fuzz",
		.style = { .width = width, .exact = width % 2 },
	};
	enum view_by by;
	int err;

	for (by = 0; by < VIEW_BY_CNT; by++) {
		struct buf *out __free(buf) = buf__new(0);

		options.by = by;
		options.cum = by % 2;
		err = out ? report_write(profile, &options, out) : -ENOMEM;
		if (err == -ENOMEM)
			return;
		require(!err);
		require_harmless(out);
		if (adds_up_exactly(profile, 0))
			require_sums(profile, by);
	}
}

static void find_source(void *ctx, const char *filename, struct annotate_source *ret)
{
	ret->text = strdup("a\n\tb\r\n\x1b[31mc\n\n\xff");
	ret->len_bytes = ret->text ? strlen(ret->text) : 0;
}

static void show_source(const struct profile *profile, size_t width)
{
	struct buf *out __free(buf) = buf__new(0);
	struct annotate_options options = {
		.type = profile__default_type(profile),
		.find_source = find_source,
		.style = { .width = width },
	};
	regex_t all;
	int err;

	require(!regcomp(&all, ".", REG_EXTENDED | REG_NOSUB));
	options.functions = &all;
	err = out ? annotate_write(profile, &options, out) : -ENOMEM;
	regfree(&all);
	if (err == -ENOMEM)
		return;
	require(err >= 0);
	require_harmless(out);
}

static void show_difference(const struct profile *profile, size_t width)
{
	struct profile *difference __free(profile) = NULL;
	struct buf *out __free(buf) = buf__new(0);
	struct difference_options options = {
		.by = VIEW_BY_LINE,
		.row_cnt = 5,
		.style = { .width = width },
	};
	int err;

	if (profile_diff(profile, profile, PROFILE_DIFF_LABEL_BASE, &difference))
		return;
	options.type = profile__default_type(difference);
	err = out ? difference_write(difference, &options, out) : -ENOMEM;
	if (err == -ENOMEM)
		return;
	require(!err);
	require_harmless(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	struct profile *profile __free(profile) = NULL;
	size_t width = len_bytes ? data[len_bytes - 1] : 0;

	if (pprof_read_mem(data, len_bytes, &limits, &profile) || !profile__type_cnt(profile))
		return 0;
	show_reports(profile, width);
	show_source(profile, width);
	show_difference(profile, width);
	return 0;
}
