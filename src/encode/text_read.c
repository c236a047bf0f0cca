// SPDX-License-Identifier: Apache-2.0
#include "encode/text_read.h"

#include <string.h>

const char *text_outcome_text(int outcome)
{
	static const char *const texts[TEXT_OUTCOME_CNT] = {
		[TEXT_BROKEN] = "broken, or cut off",
		[TEXT_NOT_SAMPLED] = "holds no profile of the sampled kind",
		[TEXT_BAD_REFERENCE] = "refers to a frame, function or mapping that is not in it",
	};

	return outcome > 0 && outcome < TEXT_OUTCOME_CNT ? texts[outcome] : "unknown";
}

/* "…;… 12" and nothing that could not stand in a line of text. */
static bool is_folded_line(const char *line, size_t len)
{
	size_t i = len, digits;

	while (i && line[i - 1] >= '0' && line[i - 1] <= '9')
		i--;
	digits = len - i;
	if (i && line[i - 1] == '-')
		i--;
	if (!digits || i < 2 || line[i - 1] != ' ')
		return false;
	while (i--) {
		if ((unsigned char)line[i] < 0x20 && line[i] != '\t')
			return false;
	}
	/* The old heap profile's heading ends in digits, too. */
	return strncmp(line, "heap profile:", 13) != 0;
}

enum text_kind text_kind_of(const char *head, size_t len_bytes)
{
	const char *end = memchr(head, '\n', len_bytes);
	size_t line = end ? (size_t)(end - head) : len_bytes;

	if (len_bytes && *head == '{') {
		if (memmem(head, len_bytes, "\"heaptap-profile\"", 17))
			return TEXT_JSON;
		return memmem(head, len_bytes, "speedscope", 10) ? TEXT_SPEEDSCOPE : TEXT_NONE;
	}
	if (line && head[line - 1] == '\r')
		line--;
	return is_folded_line(head, line) ? TEXT_FOLDED : TEXT_NONE;
}

int text_read(enum text_kind kind, const char *text, size_t len_bytes, struct profile **ret)
{
	switch (kind) {
	case TEXT_JSON:
		return json_read(text, len_bytes, ret);
	case TEXT_SPEEDSCOPE:
		return speedscope_read(text, len_bytes, ret);
	default:
		return folded_read(text, len_bytes, ret);
	}
}
