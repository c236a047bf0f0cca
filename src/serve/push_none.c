// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "serve/push.h"

int push_start(const struct push_config *config, struct push **ret)
{
	return -ENOTSUP;
}

void push__free(struct push *push)
{
}

int push__add(struct push *push, struct profile *window, int64_t from_ns, int64_t until_ns)
{
	profile__free(window);
	return -ENOTSUP;
}

struct push_counts push__counts(struct push *push)
{
	return (struct push_counts){};
}
