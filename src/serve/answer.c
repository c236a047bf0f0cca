// SPDX-License-Identifier: Apache-2.0
#include "serve/answer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fdio.h"
#include "encode/encoder.h"
#include "encode/legacy.h"
#include "serve/window.h"

#define BODY_MAX_BYTES    ((size_t)1 << 30)
#define CMDLINE_MAX_BYTES ((size_t)4 << 20)
#define SYMBOLS_MAX_BYTES ((size_t)64 << 20)
#define RETRY_SEC         10u
#define TEXT_PLAIN        "text/plain; charset=utf-8"
#define TEXT_HTML         "text/html; charset=utf-8"

struct answer answer_text(unsigned status, const char *text)
{
	struct answer answer = { .status = status, .mime = TEXT_PLAIN, .body = buf__new(64 << 10) };

	if (answer.body)
		buf__printf(answer.body, "%s\n", text);
	return answer;
}

struct answer answer_busy(void)
{
	struct answer answer = answer_text(503, "too many of these wait already");

	answer.retry_sec = RETRY_SEC;
	return answer;
}

static struct answer error_of(int err)
{
	switch (err) {
	case -ESRCH:
		return answer_text(404, "no such process or service is traced");
	case -ESHUTDOWN:
		return answer_text(503, "shutting down");
	case -EBUSY:
		return answer_busy();
	default:
		return answer_text(500, strerror(-err));
	}
}

static struct answer answer_index(void)
{
	static const struct {
		const char *href, *text;
	} rows[] = {
		{ "heap?debug=1", "heap: in use, and all that was allocated" },
		{ "allocs?debug=1", "allocs: the same, allocations first" },
		{ "heap?format=html", "heap as a flame graph" },
		{ "heap?format=folded", "heap as folded stacks" },
		{ "cmdline", "cmdline: the command line of heaptap" },
	};
	struct answer answer = { .status = 200, .mime = TEXT_HTML, .body = buf__new(64 << 10) };
	size_t i;

	if (!answer.body)
		return answer;
	buf__append_str(answer.body,
			"<!DOCTYPE html><title>/debug/pprof/</title><p>/debug/pprof/</p>\n<ul>\n");
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		buf__printf(answer.body, "<li><a href=\"%s\">%s</a></li>\n", rows[i].href,
			    rows[i].text);
	buf__append_str(answer.body,
			"</ul>\n<p>?seconds=N waits and answers with what changed.</p>\n");
	return answer;
}

/* Of @pid; 0: our own. */
static struct answer answer_cmdline(pid_t pid)
{
	struct answer answer = { .status = 200, .mime = TEXT_PLAIN };
	char path[32] = "/proc/self/cmdline", *text __free_mem = NULL;
	size_t len;
	int err;

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	err = fdio_read_file(path, CMDLINE_MAX_BYTES, &text, &len);
	if (err)
		return error_of(err == -ENOENT ? -ESRCH : err);
	answer.body = buf__new(CMDLINE_MAX_BYTES);
	if (answer.body && len)
		buf__append(answer.body, text, len - 1);
	return answer;
}

/* Most profiles name every function; who has the old text form, or a stack of its own, asks. */
static struct answer answer_symbol(const struct question *question)
{
	struct answer answer = { .status = 200,
				 .mime = TEXT_PLAIN,
				 .body = buf__new(SYMBOLS_MAX_BYTES) };
	int err;

	if (!answer.body)
		return answer;
	err = symbol_write(question->shot ? question->shot->profile : NULL, &question->addresses,
			   answer.body);
	if (!err)
		return answer;
	buf__free(answer.body);
	return error_of(err);
}

/* The writers want a profile of their own where the header differs: allocs shows another metric first. */
static int subtract(const struct question *question, struct profile **ret)
{
	struct profile_meta meta;
	int err = window_make(question->base, question->shot, 0,
			      "heaptap " HEAPTAP_VERSION ": the difference of two moments", ret);

	if (err)
		return err;
	meta = *profile__meta(*ret);
	meta.time_ns = profile__meta(question->shot->profile)->time_ns +
		       profile__meta(question->shot->profile)->duration_ns;
	profile__set_meta(*ret, &meta);
	return 0;
}

static int encode(const struct question *question, const struct profile *profile,
		  struct answer *answer)
{
	const struct route *route = &question->route;
	const struct encoder *encoder = encoder_by_name(route->format);
	struct encode_options options = { .title = *route->service ? route->service : NULL };
	struct writer *writer __free(writer) = writer__new_buf(answer->body);

	if (!writer)
		return -ENOMEM;
	if (route->debug) {
		answer->mime = TEXT_PLAIN;
		return encode_legacy(profile, route->pid, writer);
	}
	if (!encoder || profile__find_type(profile, route->metric, &options.metric))
		return -ENOENT;
	if (!strcmp(encoder->name, "pprof")) {
		answer->mime = "application/octet-stream";
		answer->filename = route->seconds || route->delta ? "heap-delta"
				   : route->allocs                ? "allocs"
								  : "heap";
		options.no_default = !route->allocs;
	} else {
		answer->mime = encoder->mime;
	}
	return encoder_write(encoder, profile, &options, writer);
}

static struct answer answer_profile(const struct question *question)
{
	struct answer answer = { .status = 200, .body = buf__new(BODY_MAX_BYTES) };
	struct profile *difference __free(profile) = NULL;
	int err = 0;

	if (!answer.body)
		return answer;
	if (question->base)
		err = subtract(question, &difference);
	if (!err)
		err = encode(question, difference ? difference : question->shot->profile, &answer);
	if (!err)
		return answer;
	buf__free(answer.body);
	return err == -ENOENT ? answer_text(400, "no such format or metric") : error_of(err);
}

struct answer answer_make(const struct question *question)
{
	struct answer answer;

	if (question->err)
		return error_of(question->err);
	if (question->route.kind == ROUTE_SYMBOL)
		return answer_symbol(question);
	if (question->shot)
		return answer_profile(question);
	if (question->route.kind == ROUTE_INDEX)
		return answer_index();
	if (question->route.kind == ROUTE_CMDLINE)
		return answer_cmdline(question->pid);
	answer = (struct answer){ .status = 200, .body = buf__new(BODY_MAX_BYTES) };
	answer.mime = question->route.kind == ROUTE_SD ? "application/json"
		      : question->route.kind == ROUTE_METRICS
			      ? "text/plain; version=0.0.4; charset=utf-8"
			      : TEXT_HTML;
	if (answer.body && question->text)
		buf__append_str(answer.body, question->text);
	return answer;
}
