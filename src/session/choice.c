// SPDX-License-Identifier: Apache-2.0
#include "session/choice.h"

#include <fnmatch.h>
#include <string.h>

static bool matches(const char *const *patterns, size_t cnt, const char *comm, const char *exe)
{
	const char *slash = strrchr(exe, '/'), *base = slash ? slash + 1 : exe;
	size_t i;

	for (i = 0; i < cnt; i++) {
		if (!fnmatch(patterns[i], comm, 0) || (*base && !fnmatch(patterns[i], base, 0)))
			return true;
	}
	return false;
}

static bool has_user(const struct choice *choice, uid_t uid)
{
	size_t i;

	for (i = 0; i < choice->user_cnt; i++) {
		if (choice->users[i] == uid)
			return true;
	}
	return false;
}

bool choice__wants(const struct choice *choice, const char *comm, const char *exe, uid_t uid)
{
	if (matches(choice->excludes, choice->exclude_cnt, comm, exe))
		return false;
	if (choice->name_cnt && !matches(choice->names, choice->name_cnt, comm, exe))
		return false;
	return !choice->user_cnt || has_user(choice, uid);
}

bool choice__is_all(const struct choice *choice)
{
	return !choice->name_cnt && !choice->exclude_cnt && !choice->user_cnt;
}
