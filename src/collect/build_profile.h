/* SPDX-License-Identifier: Apache-2.0 */
/* From a resolved snapshot to the profile model: a pure function. */
#pragma once

#include "collect/snapshot.h"
#include "profile/profile.h"

struct build_options {
	bool allocator_frames; /* keep malloc, operator new and what lies behind them at the leaf */
	/*
	 * Equal code has one address whichever process runs it, and process numbers are left out: processes of one
	 * service add up, and a sample of today's profile is the same sample in tomorrow's.
	 */
	bool placed;
};

struct build_totals {
	uint64_t nested_cnt; /* allocator calls made by allocator calls, left out */
	int64_t values[PROFILE_METRIC_CNT];
};

/* 0 or -errno. @ret_totals may be NULL. */
int build_profile(const struct snapshot *snapshot, const struct build_options *options,
		  struct profile **ret, struct build_totals *ret_totals);
