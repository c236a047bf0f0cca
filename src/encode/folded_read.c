// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hashmap.h"
#include "base/vec.h"
#include "encode/text_read.h"

struct reader {
	struct profile *profile;
	struct hashmap *locations; /* function -> location */
	VEC(uint32_t) stack;
};

static int location_of(struct reader *r, const char *name, size_t len, uint32_t *ret)
{
	char *copy __free_mem = strndup(name, len);
	struct profile_line line = {};
	uint64_t *slot;
	int err;

	if (!copy)
		return -ENOMEM;
	err = profile__add_function(r->profile, copy, NULL, NULL, 0, &line.function);
	if (err)
		return err;
	slot = hashmap__slot(r->locations, line.function, 0, NULL);
	if (!slot)
		return -ENOMEM;
	if (!*slot) {
		/* Locations are told apart by their address. */
		err = profile__add_location(r->profile, 0, line.function, &line, 1, false, ret);
		if (err)
			return err;
		*slot = *ret;
	}
	*ret = (uint32_t)*slot;
	return 0;
}

/* From the leaf, which stands last, to the root. */
static int take_stack(struct reader *r, const char *line, size_t len)
{
	size_t from;
	uint32_t location;
	int err = 0;

	r->stack.cnt = 0;
	while (!err && len) {
		for (from = len; from && line[from - 1] != ';'; from--)
			;
		err = location_of(r, line + from, len - from, &location);
		if (!err)
			err = vec__push(&r->stack, location);
		len = from ? from - 1 : 0;
	}
	return err;
}

/* All of it must be a number, with or without a sign. */
static bool take_value(const char *text, size_t len, int64_t *ret)
{
	bool negative = len && *text == '-';
	int64_t value = 0;
	size_t i;

	for (i = negative; i < len; i++) {
		int digit = text[i] - '0';

		if (digit < 0 || digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_sub_overflow(value, digit, &value))
			return false;
	}
	/* Counted downwards, for there is one more below zero. */
	if (i == (size_t)negative || (!negative && value == INT64_MIN))
		return false;
	*ret = negative ? value : -value;
	return true;
}

static int take_line(struct reader *r, const char *line, size_t len)
{
	size_t space = len;
	int64_t value;
	int err;

	while (len && (line[len - 1] == '\r' || line[len - 1] == ' '))
		len--;
	/* Comments and empty lines are other tools' habit. */
	if (!len || *line == '#')
		return 0;
	for (space = len; space && line[space - 1] != ' '; space--)
		;
	if (space < 2)
		return TEXT_BROKEN;
	if (!take_value(line + space, len - space, &value))
		return TEXT_BROKEN;
	err = take_stack(r, line, space - 1);
	if (err)
		return err;
	err = profile__add_sample(r->profile, r->stack.at, r->stack.cnt, &value, NULL, 0, NULL);
	return err == -ENOMEM ? err : err ? TEXT_BROKEN : 0;
}

int folded_read(const char *text, size_t len_bytes, struct profile **ret)
{
	struct profile *profile __free(profile) = profile__new();
	struct hashmap *locations __free(hashmap) = hashmap__new();
	struct reader r = { .profile = profile, .locations = locations };
	const char *end = text + len_bytes, *next;
	int err = profile && locations ? profile__add_type(profile, "samples", "count") : -ENOMEM;

	for (; !err && text < end; text = next + 1) {
		next = memchr(text, '\n', (size_t)(end - text));
		next = next ? next : end;
		err = take_line(&r, text, (size_t)(next - text));
	}
	vec__done(&r.stack);
	if (err)
		return err;
	*ret = TAKE_PTR(profile);
	return 0;
}
