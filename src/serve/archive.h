/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Window profiles in a directory: heaptap-YYYYmmddTHHMMSSZ.pb.gz, named by the end of the window, so that names sort by
 * time and a clock that steps back makes no two of one name. Oldest ones go when there are too many or they are
 * too old.
 */
#pragma once

#include <stdint.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "profile/profile.h"

struct archive_limits {
	uint64_t age_max_ns; /* 0: no limit */
	uint64_t size_max_bytes;
};

struct archive_state {
	uint64_t file_cnt, bytes;
};

/*
 * Write @profile as the window that ended at @time_ns (since 1970). On a full disk the oldest windows make
 * room for it. 0 or -errno, and then nothing is left behind. */
int archive_write(const char *dir, const struct profile *profile, int64_t time_ns);
/* Remove what is beyond the limits; @ret is what is left. 0 or -errno. */
int archive_prune(const char *dir, const struct archive_limits *limits, int64_t now_ns,
		  struct archive_state *ret);

struct archive_list { /* paths, oldest first */
	char **at;
	size_t cnt, room;
};

void archive_list__done(struct archive_list *list);
#define __archive_list __attribute__((cleanup(archive_list__done)))

/* The windows in @dir that ended at or after @since_ns. 0 or -errno. */
int archive_find(const char *dir, int64_t since_ns, struct archive_list *ret);
