/* SPDX-License-Identifier: Apache-2.0 */
/* Which of the processes in scope are wanted: --name, --user, --exclude. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct choice {
	const char *const *names; /* shell patterns; none: every name */
	size_t name_cnt;
	const char *const *excludes; /* patterns, stronger than all else */
	size_t exclude_cnt;
	const uid_t *users; /* none: every user */
	size_t user_cnt;
};

/* Patterns are held against the command's name (as ps shows it) and the last part of @exe, which
 * may be "". */
bool choice__wants(const struct choice *choice, const char *comm, const char *exe, uid_t uid);
bool choice__is_all(const struct choice *choice);
