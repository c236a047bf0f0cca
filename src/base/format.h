/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * asprintf() for scope-bound ownership: @ret is NULL if it fails, where asprintf() leaves it undefined and the end of the
 * scope would free what is not there. The length, or -ENOMEM.
 */
int format_alloc(char **ret, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
