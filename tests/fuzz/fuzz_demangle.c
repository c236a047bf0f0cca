// SPDX-License-Identifier: Apache-2.0
/* Names on their way to a table: demangled, cleaned, shortened. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/shorten.h"
#include "base/utf8.h"
#include "symbolize/demangle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *name __free_mem = strndup((const char *)data, size);
	char *readable __free_mem = name ? demangle(name) : NULL;
	char *shorter __free_mem = readable ? shorten(readable) : NULL;
	struct buf *clean __free(buf) = buf__new(0);

	if (!readable || !shorter || !clean)
		return 0;
	if (*name && !*readable)
		abort();
	utf8_append_clean(clean, readable, strlen(readable));
	if (utf8_valid_len(buf__data(clean), buf__len(clean)) != buf__len(clean))
		abort();
	return 0;
}
