/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that cannot be used safely, or only by luck: using one is a compile error. Forced into every file by the
 * Makefile. For asprintf() there is format_alloc(). */
#pragma once

#ifndef __cplusplus
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#pragma GCC poison strcpy strcat sprintf vsprintf strncpy strncat strtok atoi atol atof gets       \
	system popen tmpnam mktemp asprintf
#endif
