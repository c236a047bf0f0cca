// SPDX-License-Identifier: Apache-2.0
#include "symbolize/debuginfod.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include <elfutils/debuginfod.h>

#include "base/clock.h"

struct debuginfod {
	debuginfod_client *client;
	uint64_t deadline_ns; /* CLOCK_MONOTONIC */
	bool late;
};

/* Called while it waits and loads; anything but 0 makes it give up. */
static int check_deadline(debuginfod_client *client, long done, long total)
{
	struct debuginfod *self = debuginfod_get_user_data(client);

	self->late = clock_ns(CLOCK_MONOTONIC) >= self->deadline_ns;
	return self->late;
}

struct debuginfod *debuginfod__new(void)
{
	struct debuginfod *self __free(debuginfod) = NULL;
	const char *urls = getenv(DEBUGINFOD_URLS_ENV_VAR);

	if (!urls || !*urls)
		return NULL;
	self = calloc(1, sizeof(*self));
	if (!self)
		return NULL;
	self->client = debuginfod_begin();
	if (!self->client)
		return NULL;
	debuginfod_set_user_data(self->client, self);
	debuginfod_set_progressfn(self->client, check_deadline);
	return TAKE_PTR(self);
}

void debuginfod__free(struct debuginfod *self)
{
	if (!self)
		return;
	if (self->client)
		debuginfod_end(self->client);
	free(self);
}

int debuginfod__fetch(struct debuginfod *self, const struct build_id *id, int *ret_fd)
{
	int fd;

	self->late = false;
	self->deadline_ns = clock_ns(CLOCK_MONOTONIC) + DEBUGINFOD_MAX_SECONDS * 1000000000ull;
	fd = debuginfod_find_debuginfo(self->client, id->bytes, (int)id->len_bytes, NULL);
	if (fd < 0)
		return self->late ? -ETIMEDOUT : fd;
	*ret_fd = fd;
	return 0;
}
