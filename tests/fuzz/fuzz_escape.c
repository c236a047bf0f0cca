// SPDX-License-Identifier: Apache-2.0
/* What the Go compiler may have printed. */
#include <stdlib.h>
#include <string.h>

#include "view/escape.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct escape_notes *notes __free(escape_notes) =
		escape_notes__new((const char *)data, size);
	const char *found;
	uint32_t line;

	if (!notes)
		return 0;
	for (line = 0; line < 4; line++) {
		found = escape_notes__find(notes, "main.go", line, 0);
		if (found && !strstr(found, "heap"))
			abort();
	}
	return 0;
}
