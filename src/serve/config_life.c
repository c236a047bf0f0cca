// SPDX-License-Identifier: Apache-2.0
/* What a configuration is made of: its defaults, copies and ends. */
#include <errno.h>
#include <string.h>

#include "serve/config.h"

#define SECOND_NS 1000000000ull

typedef VEC(const char *) texts;

static void texts__done(void *of)
{
	texts *list = of;
	size_t i;

	for (i = 0; i < list->cnt; i++)
		free((char *)list->at[i]);
	vec__done(list);
}

static bool texts_equal(const void *a, const void *b)
{
	const texts *x = a, *y = b;
	size_t i;

	for (i = 0; x->cnt == y->cnt && i < x->cnt; i++) {
		if (strcmp(x->at[i], y->at[i]))
			return false;
	}
	return x->cnt == y->cnt;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

void serve_config__init(struct serve_config *config)
{
	*config = (struct serve_config){ .trace = { .max_overhead_pct = 1,
						    .tally_max_bytes = 64 << 20,
						    .file_age_max_ns = 60 * SECOND_NS },
					 .http = { .clients_max = 64 },
					 .window_ns = 60 * SECOND_NS,
					 .age_max_ns = 7 * 86400ull * SECOND_NS,
					 .size_max_bytes = 1ull << 30 };
}

void push_config__done(struct push_config *push)
{
	texts__done(&push->headers);
	free(push->name);
	free(push->url);
	free(push->token_file);
	free(push->ca_file);
	free(push->spool);
}

void trace_config__done(struct trace_config *trace)
{
	texts__done(&trace->names);
	texts__done(&trace->excludes);
	vec__done(&trace->users);
	free(trace->cgroup);
	*trace = (struct trace_config){};
}

static bool has_budget(const struct trace_config *trace)
{
	return trace->max_overhead_pct > 0 || trace->max_overhead_total_pct > 0;
}

bool trace_config__goes_on(const struct trace_config *a, const struct trace_config *b)
{
	return texts_equal(&a->names, &b->names) && texts_equal(&a->excludes, &b->excludes) &&
	       a->users.cnt == b->users.cnt &&
	       (!a->users.cnt ||
		!memcmp(a->users.at, b->users.at, a->users.cnt * sizeof(*a->users.at))) &&
	       same_text(a->cgroup, b->cgroup) && a->sample_bytes == b->sample_bytes &&
	       has_budget(a) == has_budget(b) && a->no_live == b->no_live && a->maps == b->maps &&
	       a->tally_max_bytes == b->tally_max_bytes && a->live_max_cnt == b->live_max_cnt &&
	       a->sites_max_cnt == b->sites_max_cnt && a->stacks_max_bytes == b->stacks_max_bytes &&
	       a->file_age_max_ns == b->file_age_max_ns;
}

void serve_config__done(struct serve_config *config)
{
	size_t i;

	trace_config__done(&config->trace);
	texts__done(&config->http.listen);
	vec__done(&config->http.listen_lines);
	free(config->http.advertise);
	free(config->http.token_file);
	free(config->http.tls_cert);
	free(config->http.tls_key);
	for (i = 0; i < config->pushes.cnt; i++)
		push_config__done(&config->pushes.at[i]);
	vec__done(&config->pushes);
	free(config->dir);
	*config = (struct serve_config){};
}

static int copy_text(const char *from, char **ret)
{
	*ret = from ? strdup(from) : NULL;
	return from && !*ret ? -ENOMEM : 0;
}

int push_config__copy(const struct push_config *from, struct push_config *ret)
{
	struct push_config copy = { .kind = from->kind,
				    .interval_ns = from->interval_ns,
				    .queue_max_bytes = from->queue_max_bytes,
				    .spool_max_bytes = from->spool_max_bytes };
	int err = copy_text(from->name, &copy.name);
	size_t i;

	if (!err)
		err = copy_text(from->url, &copy.url);
	if (!err)
		err = copy_text(from->token_file, &copy.token_file);
	if (!err)
		err = copy_text(from->ca_file, &copy.ca_file);
	if (!err)
		err = copy_text(from->spool, &copy.spool);
	for (i = 0; !err && i < from->headers.cnt; i++) {
		char *header = strdup(from->headers.at[i]);

		err = header ? vec__push(&copy.headers, header) : -ENOMEM;
		if (err)
			free(header);
	}
	if (err)
		push_config__done(&copy);
	else
		*ret = copy;
	return err;
}

bool push_config__equals(const struct push_config *a, const struct push_config *b)
{
	return texts_equal(&a->headers, &b->headers) && same_text(a->name, b->name) &&
	       same_text(a->url, b->url) && a->kind == b->kind &&
	       same_text(a->token_file, b->token_file) && same_text(a->ca_file, b->ca_file) &&
	       same_text(a->spool, b->spool) && a->interval_ns == b->interval_ns &&
	       a->queue_max_bytes == b->queue_max_bytes && a->spool_max_bytes == b->spool_max_bytes;
}
