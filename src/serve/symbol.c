// SPDX-License-Identifier: Apache-2.0
#include "serve/symbol.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/hashmap.h"
#include "base/writer.h"
#include "encode/text_escape.h"

/* A "+" that came in a URL is a space by now. */
#define BETWEEN "+ \t\r\n"

int addresses__parse(struct addresses *addresses, const char *text)
{
	uint64_t address;
	char *end;
	size_t len;
	int err = 0;

	for (text += strspn(text, BETWEEN); !err && *text;
	     text += len + strspn(text + len, BETWEEN)) {
		len = strcspn(text, BETWEEN);
		errno = 0;
		address = isdigit((unsigned char)*text) ? strtoull(text, &end, 0) : 0;
		if (!address || errno || end != text + len)
			continue;
		if (addresses->list.cnt >= ADDRESSES_MAX)
			return -E2BIG;
		err = vec__push(&addresses->list, address);
	}
	return err;
}

void addresses__done(struct addresses *addresses)
{
	vec__done(&addresses->list);
}

static const char *name_of(const struct profile *profile, uint64_t location)
{
	size_t cnt;

	return profile__line_name(profile, profile__lines(profile, (uint32_t)location, &cnt));
}

/* By address; 0 where two programs, one after the other in one process, have different code. */
static int index_locations(const struct profile *profile, struct hashmap *ret)
{
	size_t cnt = profile__location_cnt(profile), i;
	uint64_t *slot;
	bool is_new;

	for (i = 1; i <= cnt; i++) {
		slot = hashmap__slot(ret, profile__location(profile, (uint32_t)i)->address, i,
				     &is_new);
		if (!slot)
			return -ENOMEM;
		if (!is_new && *slot && strcmp(name_of(profile, i), name_of(profile, *slot)))
			*slot = 0;
	}
	return 0;
}

int symbol_write(const struct profile *profile, const struct addresses *addresses, struct buf *out)
{
	struct hashmap *locations __free(hashmap) = hashmap__new(),
				  *told __free(hashmap) = hashmap__new();
	struct writer *writer __free(writer) = writer__new_buf(out);
	uint64_t location;
	bool is_new;
	size_t i;

	if (!locations || !told || !writer || (profile && index_locations(profile, locations)))
		return -ENOMEM;
	/* How tools ask whether there is anybody to answer. */
	writer__str(writer, "num_symbols: 1\n");
	for (i = 0; i < addresses->list.cnt; i++) {
		uint64_t address = addresses->list.at[i];

		if (!hashmap__get(locations, address, &location) &&
		    !hashmap__get(locations, address - 1, &location))
			continue;
		if (!hashmap__slot(told, address, 1, &is_new))
			return -ENOMEM;
		if (!is_new || !location)
			continue;
		writer__printf(writer, "0x%" PRIx64 "\t", address);
		escape_line(writer, name_of(profile, location), "");
		writer__char(writer, '\n');
	}
	return writer__finish(writer);
}
