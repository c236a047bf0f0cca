/* SPDX-License-Identifier: Apache-2.0 */
/* The life stories' part of capture.h. Private to capture.c. */
#pragma once

#include "base/vec.h"
#include "collect/capture.h"

#define CAPTURE_NO_SITE UINT32_MAX

/* The tracer's number of a site -> its index in snapshot.sites. */
struct site_numbers {
	uint32_t *at;
	size_t cnt;
	size_t room;
};

static inline void site_numbers__done(struct site_numbers *numbers)
{
	vec__done(numbers);
}
#define __site_numbers __attribute__((cleanup(site_numbers__done)))

/* 0 or -errno. Sites and images are in @snapshot already. */
int capture_stories(const struct capture *capture, const struct site_numbers *numbers,
		    struct snapshot *snapshot);
