/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flame graphs as files: the interactive page (.html, all metrics) and the static picture (.svg,
 * one metric). encode_html() and encode_svg() in encoder.h draw one profile, these two the
 * difference of two.
 */
#pragma once

#include "encode/encoder.h"
#include "encode/flame_paths.h"

/*
 * @before and @after may be any two profiles: frames are matched by name, file and module, so
 * rebuilt binaries compare. Metrics are those both have. options->metric is a sample type of
 * @after, shown first (html) or alone (svg). 0, FLAME_NO_COMMON_TYPE, or -errno; the caller calls
 * writer__finish().
 */
int flame_diff_html(const struct profile *before, const struct profile *after,
		    const struct encode_options *options, struct writer *writer);
int flame_diff_svg(const struct profile *before, const struct profile *after,
		   const struct encode_options *options, struct writer *writer);
