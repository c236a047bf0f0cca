// SPDX-License-Identifier: Apache-2.0
#include "cli/load_archive.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/vec.h"
#include "cli/load_profile.h"
#include "profile/profile_merge.h"
#include "serve/archive.h"

bool load_is_archive(const char *source)
{
	struct archive_list list __archive_list = {};

	return !archive_find(source, 0, &list) && list.cnt;
}

/* What a comment is about: "budget: process 42 (" or "names: files", without what changes from window to window. */
static bool same_subject(const char *a, const char *b)
{
	const char *colon = strstr(a, ": ");
	size_t class = colon ? (size_t)(colon + 2 - a) : 0, len;

	if (!class || strncmp(a, b, class) != 0)
		return !strcmp(a, b);
	a += class;
	b += class;
	a += strspn(a, "0123456789");
	b += strspn(b, "0123456789");
	len = strcspn(a, "(:");
	return !strncmp(a, b, len + 1);
}

static bool tells_again(const struct profile *later, const char *comment)
{
	size_t i;

	for (i = 0; i < profile__comment_cnt(later); i++) {
		if (same_subject(comment, profile__comment(later, i)))
			return true;
	}
	return false;
}

/* Windows say what they know of a process or a file so far: the last word is enough. */
static int drop_repeated(struct profile *sum, const struct profile *later)
{
	VEC(const char *) kept = {};
	size_t i;
	int err = 0;

	for (i = 0; !err && i < profile__comment_cnt(sum); i++) {
		if (!tells_again(later, profile__comment(sum, i)))
			err = vec__push(&kept, profile__comment(sum, i));
	}
	if (!err)
		profile__drop_comments(sum);
	for (i = 0; !err && i < kept.cnt; i++)
		err = profile__add_comment(sum, kept.at[i]);
	vec__done(&kept);
	return err;
}

/* Replace *sum by the sum of it and @more. */
static int add(struct profile **sum, struct profile *more, const char *name)
{
	const struct profile *both[] = { *sum, more };
	struct profile *merged;
	int err = drop_repeated(*sum, more);

	if (!err)
		err = profile_merge(both, 2, &merged);

	if (err > 0)
		return log_err(0, "%s: %s", name, profile_merge_outcome_text(err)), -EINVAL;
	if (err)
		return log_err(err, "%s: cannot add it up", name);
	profile__free(*sum);
	*sum = merged;
	return 0;
}

int load_pick_service(const char *source, const char *service, struct profile **profile)
{
	struct profile_part part = { .key = "service_name", .value = service };
	struct profile *picked;
	int err = profile_take(*profile, &part, &picked);

	if (err > 0)
		return log_err(0, "%s: %s", source, profile_merge_outcome_text(err)), -EINVAL;
	if (err)
		return log_err(err, "%s: cannot look for %s", source, service);
	profile__free(*profile);
	*profile = picked;
	if (profile__sample_cnt(picked))
		return 0;
	log_err(0, "%s: nothing of a service %s", source, service);
	return -ENOENT;
}

/* A window is picked from before it is added: what others have is not carried along. */
static int load_window(const char *path, const char *service, struct profile **ret)
{
	struct profile_part part = { .key = "service_name", .value = service };
	struct profile *whole __free(profile) = NULL;
	int err = load_profile(path, &whole);

	if (err)
		return err;
	if (!service) {
		*ret = TAKE_PTR(whole);
		return 0;
	}
	err = profile_take(whole, &part, ret);
	return err > 0 ? -EINVAL : err;
}

int load_archive(const char *dir, uint64_t since_ns, const char *service, struct profile **ret)
{
	struct archive_list list __archive_list = {};
	struct profile *sum __free(profile) = NULL;
	int64_t since = since_ns ? ((int64_t)time(NULL) * 1000000000 - (int64_t)since_ns) : 0;
	size_t i;
	int err = archive_find(dir, since, &list);

	if (err)
		return log_err(err, "%s: cannot read", dir);
	for (i = 0; i < list.cnt; i++) {
		struct profile *window __free(profile) = NULL;

		err = load_window(list.at[i], service, &window);
		/* Removed while we read, by age. */
		if (err)
			continue;
		if (!sum)
			sum = TAKE_PTR(window);
		else
			err = add(&sum, window, list.at[i]);
		if (err)
			return err;
	}
	if (!sum) {
		log_err(0, "%s: no profile of that time", dir);
		return -ENOENT;
	}
	if (service && !profile__sample_cnt(sum)) {
		log_err(0, "%s: nothing of a service %s", dir, service);
		return -ENOENT;
	}
	*ret = TAKE_PTR(sum);
	return 0;
}
