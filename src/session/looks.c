// SPDX-License-Identifier: Apache-2.0
#include "session/looks.h"

#include <stddef.h>

void looks__done(struct looks *looks)
{
	hashmap__free(looks->used_up);
	hashmap__free(looks->put_off);
	*looks = (struct looks){};
}

static bool put_off(struct looks *looks, uint32_t image, pid_t pid, uint64_t now_ns)
{
	if (!looks->put_off)
		looks->put_off = hashmap__new();
	if (!looks->put_off || hashmap__set(looks->put_off, image, (uint64_t)pid))
		return false;
	if (hashmap__cnt(looks->put_off) == 1)
		looks->due_ns = now_ns + LOOK_EVERY_NS;
	return true;
}

/* A bucket of LOOKS_AT_ONCE, told by when it will be full again. */
bool looks__may(struct looks *looks, uint32_t image, pid_t pid, uint64_t now_ns)
{
	uint64_t *until;

	if (!looks->used_up)
		looks->used_up = hashmap__new();
	until = looks->used_up ? hashmap__slot(looks->used_up, image, now_ns, NULL) : NULL;
	if (!until)
		return true;
	if (*until < now_ns)
		*until = now_ns;
	if (*until - now_ns > (LOOKS_AT_ONCE - 1) * (uint64_t)LOOK_EVERY_NS &&
	    put_off(looks, image, pid, now_ns))
		return false;
	*until += LOOK_EVERY_NS;
	return true;
}

void looks__make_up(struct looks *looks, uint64_t now_ns,
		    void (*fn)(uint32_t image, pid_t pid, void *ctx), void *ctx)
{
	struct hashmap *due __free(hashmap) = NULL;
	uint64_t image, pid;
	size_t pos = 0;

	if (!looks->put_off || now_ns < looks__due_ns(looks))
		return;
	due = looks->put_off;
	looks->put_off = NULL;
	while (hashmap__next(due, &pos, &image, &pid))
		fn((uint32_t)image, (pid_t)pid, ctx);
}

uint64_t looks__due_ns(const struct looks *looks)
{
	return looks->put_off && hashmap__cnt(looks->put_off) ? looks->due_ns : UINT64_MAX;
}

void looks__forget(struct looks *looks, uint32_t image)
{
	if (looks->used_up)
		hashmap__del(looks->used_up, image);
	if (looks->put_off)
		hashmap__del(looks->put_off, image);
}
