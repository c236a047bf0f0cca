// SPDX-License-Identifier: Apache-2.0
#include "serve/window.h"

#include <errno.h>

#include "profile/profile_merge.h"

int window_make(const struct shot *from, const struct shot *to, uint32_t flags, const char *comment,
		struct profile **ret)
{
	struct profile *window __free(profile) = NULL;
	struct profile_meta meta;
	int err = profile_diff(from->profile, to->profile, flags, &window);

	if (err)
		return err > 0 ? -EINVAL : err;
	meta = *profile__meta(window);
	meta.duration_ns = (int64_t)(to->taken_ns - from->taken_ns);
	profile__set_meta(window, &meta);
	/* The others of the two ends say nothing about what is between them. */
	profile__drop_comments(window);
	err = comment ? profile__add_comment(window, comment) : 0;
	if (!err)
		err = profile__copy_warnings(window, to->profile);
	if (!err)
		*ret = TAKE_PTR(window);
	return err;
}
