/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon's configuration: INI, "[section]", "key = value", "#" and ";" begin comment lines. Keys that may be
 * given more than once add up. packaging/heaptap.conf describes every key.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/vec.h"

enum push_kind { PUSH_PYROSCOPE, PUSH_PYROSCOPE_CONNECT, PUSH_PARCA, PUSH_OTLP, PUSH_KIND_CNT };

struct push_config {
	char *name;  /* of its section, "push NAME" */
	size_t line; /* where that begins */
	char *url;
	int kind;                  /* enum push_kind */
	char *token_file;          /* "Authorization: Bearer ..."; NULL: none */
	char *ca_file;             /* NULL: the system's */
	VEC(const char *) headers; /* "Name: value" */
	char *spool;               /* directory for what cannot be sent now; NULL: none */
	uint64_t interval_ns;
	uint64_t queue_max_bytes, spool_max_bytes;
};

/* 0 or -ENOMEM. */
int push_config__copy(const struct push_config *from, struct push_config *ret);
void push_config__done(struct push_config *push);
bool push_config__equals(const struct push_config *a, const struct push_config *b);

/* [trace]: what a recording is begun with. */
struct trace_config {
	VEC(const char *) names, excludes;
	VEC(uid_t) users;
	char *cgroup;
	uint64_t sample_bytes;                           /* 0: auto, 1: exact */
	double max_overhead_pct, max_overhead_total_pct; /* 0: no budget */
	bool no_live, maps;
	uint64_t tally_max_bytes, live_max_cnt, sites_max_cnt, stacks_max_bytes;
	uint64_t file_age_max_ns;
};

void trace_config__done(struct trace_config *trace);
/* Can a recording by @a go on by @b? With other budgets it can, but for none instead of some. */
bool trace_config__goes_on(const struct trace_config *a, const struct trace_config *b);

struct http_config {
	VEC(size_t) listen_lines; /* fewer than listen if they are from elsewhere */
	VEC(const char *) listen; /* "127.0.0.1:6099", "[::1]:6099", "unix:/run/heaptap.sock" */
	char *advertise;          /* what /sd calls us; NULL: what whoever asks calls us */
	char *token_file, *tls_cert, *tls_key;
	uint64_t clients_max;
};

struct serve_config {
	struct trace_config trace;
	struct http_config http;

	/* [archive] */
	char *dir; /* NULL: none */
	uint64_t window_ns, age_max_ns, size_max_bytes;

	VEC(struct push_config) pushes;
};

/* With the defaults. */
void serve_config__init(struct serve_config *config);
void serve_config__done(struct serve_config *config);
#define __serve_config __attribute__((cleanup(serve_config__done)))

struct config_fault {
	size_t line; /* 0: of no one line */
	char text[256];
};
/* Always -EINVAL. */
int config_fault__set(struct config_fault *fault, size_t line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* 0; -EINVAL: @ret_fault says where and why; or -ENOMEM. @config may be half filled then. */
int serve_config__parse(struct serve_config *config, const char *text,
			struct config_fault *ret_fault);
/* What one key alone cannot tell, once whoever has more to say has. 0 or -EINVAL with @ret_fault. */
int serve_config__check(const struct serve_config *config, struct config_fault *ret_fault);
/* Does @listen reach this machine alone? */
bool serve_config_is_local(const char *listen);
