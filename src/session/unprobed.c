// SPDX-License-Identifier: Apache-2.0
#include "session/unprobed.h"

#include <errno.h>
#include <string.h>

#include "base/utf8.h"

/* Names are the processes' own choice. */
#define NAMES_MAX   1024u
#define NAMES_SHOWN 8u

int unprobed__note(struct unprobed *unprobed, const char *name)
{
	uint32_t id;

	if (!unprobed->names)
		unprobed->names = intern__new();
	if (!unprobed->names)
		return -ENOMEM;
	if (intern__cnt(unprobed->names) > NAMES_MAX)
		return 0;
	return intern__add(unprobed->names, name, &id);
}

void unprobed__text(const struct unprobed *unprobed, struct buf *out)
{
	/* The first is "", see base/intern.h. */
	size_t cnt = unprobed->names ? intern__cnt(unprobed->names) - 1 : 0, i;
	const char *name;

	if (!cnt)
		return;
	buf__printf(out, "programs: %zu %s no allocator that can be probed", cnt,
		    cnt > 1 ? "have" : "has");
	for (i = 1; i <= cnt && i <= NAMES_SHOWN; i++) {
		name = intern__str(unprobed->names, (uint32_t)i);
		buf__append_str(out, i > 1 ? ", " : ": ");
		/* It ends up in texts of many lines. */
		utf8_append_clean(out, name, strlen(name));
	}
	if (cnt > NAMES_SHOWN)
		buf__printf(out, " and %zu more", cnt - NAMES_SHOWN);
}

void unprobed__done(struct unprobed *unprobed)
{
	intern__free(unprobed->names);
	unprobed->names = NULL;
}
