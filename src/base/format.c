// SPDX-License-Identifier: Apache-2.0
#include "base/format.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int format_alloc(char **ret, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vasprintf(ret, fmt, args);
	va_end(args);
	if (len >= 0)
		return len;
	*ret = NULL;
	return -ENOMEM;
}
