// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "serve/push.h"

int push_start(const struct push_config *config, const struct push_counts *before,
	       struct push **ret)
{
	return -ENOTSUP;
}

void push__begin_stop(struct push *push, unsigned grace_ms)
{
}

struct push_counts push__stop(struct push *push, unsigned grace_ms)
{
	return (struct push_counts){};
}

void push__free(struct push *push)
{
}

const struct push_config *push__config(const struct push *push)
{
	return NULL;
}

int push__add(struct push *push, struct shot *window)
{
	shot__drop(window);
	return -ENOTSUP;
}

struct push_counts push__counts(struct push *push)
{
	return (struct push_counts){};
}
