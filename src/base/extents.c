// SPDX-License-Identifier: Apache-2.0
#include "base/extents.h"

#include <errno.h>
#include <string.h>

int extents__init(struct extents *extents, uint32_t cnt, uint64_t rest_ns)
{
	*extents = (struct extents){ .rest_ns = rest_ns, .left = cnt };
	return cnt ? vec__push(&extents->free, (struct extent){ 0, cnt }) : 0;
}

void extents__done(struct extents *extents)
{
	vec__done(&extents->free);
	vec__done(&extents->resting);
}

/* The first free extent at or behind @first. */
static size_t find_after(const struct extents *extents, uint32_t first)
{
	size_t lo = 0, hi = extents->free.cnt, mid;

	while (lo < hi) {
		mid = (lo + hi) / 2;
		if (extents->free.at[mid].first < first)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void drop_free(struct extents *extents, size_t at)
{
	extents->free.cnt--;
	memmove(&extents->free.at[at], &extents->free.at[at + 1],
		(extents->free.cnt - at) * sizeof(*extents->free.at));
}

/* Join @extent with its neighbours, or put it between them. */
static int add_free(struct extents *extents, struct extent extent)
{
	size_t at = find_after(extents, extent.first);
	struct extent *before = at ? &extents->free.at[at - 1] : NULL;
	struct extent *after = at < extents->free.cnt ? &extents->free.at[at] : NULL;
	int err;

	if (before && before->first + before->cnt == extent.first) {
		before->cnt += extent.cnt;
		if (after && before->first + before->cnt == after->first) {
			before->cnt += after->cnt;
			drop_free(extents, at);
		}
		return 0;
	}
	if (after && extent.first + extent.cnt == after->first) {
		after->first = extent.first;
		after->cnt += extent.cnt;
		return 0;
	}
	err = vec__push(&extents->free, extent);
	if (err)
		return err;
	memmove(&extents->free.at[at + 1], &extents->free.at[at],
		(extents->free.cnt - 1 - at) * sizeof(*extents->free.at));
	extents->free.at[at] = extent;
	return 0;
}

/* What has rested long enough is free. */
static void wake(struct extents *extents, uint64_t now_ns)
{
	size_t i, kept = 0;

	for (i = 0; i < extents->resting.cnt; i++) {
		struct extent_resting *resting = &extents->resting.at[i];

		if (resting->due_ns > now_ns)
			extents->resting.at[kept++] = *resting;
		else if (add_free(extents, resting->extent))
			extents->left -= resting->extent.cnt;
	}
	extents->resting.cnt = kept;
}

int extents__take(struct extents *extents, uint32_t cnt, uint64_t now_ns, uint32_t *ret_first)
{
	size_t i;

	wake(extents, now_ns);
	for (i = 0; i < extents->free.cnt; i++) {
		struct extent *extent = &extents->free.at[i];

		if (extent->cnt < cnt)
			continue;
		*ret_first = extent->first;
		extent->first += cnt;
		extent->cnt -= cnt;
		extents->left -= cnt;
		if (!extent->cnt)
			drop_free(extents, i);
		return 0;
	}
	return -ENOSPC;
}

int extents__give(struct extents *extents, struct extent extent, uint64_t now_ns)
{
	struct extent_resting resting = { extent, now_ns + extents->rest_ns };
	int err = extent.cnt ? vec__push(&extents->resting, resting) : 0;

	if (!err)
		extents->left += extent.cnt;
	return err;
}
