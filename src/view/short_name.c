// SPDX-License-Identifier: Apache-2.0
#include "view/short_name.h"

#include "base/cleanup.h"
#include "base/shorten.h"
#include "view/text.h"

void short_name_append(struct buf *out, const char *name, size_t cols)
{
	char *shorter __free_mem = text_width(name) > cols ? shorten(name) : NULL;

	text_append_fit(out, shorter ? shorter : name, cols);
}
