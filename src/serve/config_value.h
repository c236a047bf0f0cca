/* SPDX-License-Identifier: Apache-2.0 */
/* What stands behind a key: what it may be, and how it gets into its field. Private to the configuration. */
#pragma once

#include <stdbool.h>

enum value_kind {
	PERCENT,
	TEXT,
	URL,
	FILE_PATH,
	DIR_PATH,
	CGROUP,
	LIST,
	LISTEN,
	HOST,
	HEADERS,
	USERS,
	BYTES,
	SAMPLE,
	COUNT,
	DURATION,
	YESNO,
	NOYES, /* the field says the opposite */
	PUSH_KIND
};

/* Put @value into @field, which is of the type that goes with @kind. 0, -EINVAL or -ENOMEM. */
int value_set(enum value_kind kind, void *field, const char *value);
/* Is each time one more, instead of another? */
bool value_adds_up(enum value_kind kind);
/* "must be ..." */
const char *value_expected(enum value_kind kind);
