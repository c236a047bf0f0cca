// SPDX-License-Identifier: Apache-2.0
#include "serve/config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "serve/config_value.h"

#define LISTEN_DEFAULT "127.0.0.1:6099"
#define LINE_MAX_BYTES 4096
#define SECOND_NS      1000000000ull

struct key {
	const char *section, *name;
	enum value_kind kind;
	size_t offset;
	const char *least, *most; /* NULL: whatever the kind takes */
};

#define KEY(section, name, kind, field, ...)                                                       \
	{                                                                                          \
		section, name, kind, offsetof(struct serve_config, field), ##__VA_ARGS__           \
	}
#define PUSH(name, kind, field, ...)                                                               \
	{                                                                                          \
		"push", name, kind, offsetof(struct push_config, field), ##__VA_ARGS__             \
	}

static const struct key keys[] = {
	KEY("trace", "name", LIST, trace.names),
	KEY("trace", "exclude", LIST, trace.excludes),
	KEY("trace", "user", USERS, trace.users),
	KEY("trace", "cgroup", CGROUP, trace.cgroup),
	KEY("trace", "sample", SAMPLE, trace.sample_bytes, "1", "1G"),
	KEY("trace", "max-overhead", PERCENT, trace.max_overhead_pct),
	KEY("trace", "max-overhead-total", PERCENT, trace.max_overhead_total_pct),
	KEY("trace", "live", NOYES, trace.no_live),
	KEY("trace", "mmap", YESNO, trace.maps),
	KEY("trace", "live-max", COUNT, trace.live_max_cnt, "1024", "134217728"),
	KEY("trace", "sites-max", COUNT, trace.sites_max_cnt, "1024", "16777216"),
	KEY("trace", "stacks-max", BYTES, trace.stacks_max_bytes, "1M", "2G"),
	KEY("trace", "ended-max", BYTES, trace.tally_max_bytes, "1M", "64G"),
	KEY("trace", "file-age-max", DURATION, trace.file_age_max_ns, "1s", "720h"),
	KEY("http", "listen", LISTEN, http.listen),
	KEY("http", "advertise", HOST, http.advertise),
	KEY("http", "token-file", FILE_PATH, http.token_file),
	KEY("http", "tls-cert", FILE_PATH, http.tls_cert),
	KEY("http", "tls-key", FILE_PATH, http.tls_key),
	KEY("http", "clients-max", COUNT, http.clients_max, "1", "4096"),
	KEY("archive", "dir", DIR_PATH, dir),
	KEY("archive", "window", DURATION, window_ns, "1s", "24h"),
	KEY("archive", "age-max", DURATION, age_max_ns, "1s", "87600h"),
	KEY("archive", "size-max", BYTES, size_max_bytes, "64K", "1024T"),
	PUSH("url", URL, url),
	PUSH("kind", PUSH_KIND, kind),
	PUSH("token-file", FILE_PATH, token_file),
	PUSH("ca-file", FILE_PATH, ca_file),
	PUSH("header", HEADERS, headers),
	PUSH("spool", DIR_PATH, spool),
	PUSH("interval", DURATION, interval_ns, "1s", "1h"),
	PUSH("queue-max", BYTES, queue_max_bytes, NULL, "4G"),
	PUSH("spool-max", BYTES, spool_max_bytes, NULL, "1024T"),
};

struct parser {
	struct serve_config *config;
	struct config_fault *fault;
	char section[64];
	size_t lines[sizeof(keys) / sizeof(keys[0])]; /* where each key was; 0: not yet */
};

int config_fault__set(struct config_fault *fault, size_t line, const char *fmt, ...)
{
	va_list args;

	fault->line = line;
	va_start(args, fmt);
	vsnprintf(fault->text, sizeof(fault->text), fmt, args);
	va_end(args);
	return -EINVAL;
}

/* In the line that is being read. */
#define fault(parser, ...) config_fault__set((parser)->fault, (parser)->fault->line, __VA_ARGS__)

static int begin_push(struct parser *parser, const char *name)
{
	struct push_config push = { .interval_ns = 15 * SECOND_NS,
				    .queue_max_bytes = 16 << 20,
				    .spool_max_bytes = 256 << 20,
				    .line = parser->fault->line,
				    .name = strdup(name) };
	int err = push.name ? vec__push(&parser->config->pushes, push) : -ENOMEM;

	size_t i;

	/* Each has its own. */
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		parser->lines[i] = strcmp(keys[i].section, "push") ? parser->lines[i] : 0;
	if (err)
		free(push.name);
	return err;
}

static int begin_section(struct parser *parser, char *line)
{
	size_t len = strlen(line), i;
	char *name;

	if (line[len - 1] != ']' || len < 3 || len >= sizeof(parser->section))
		return fault(parser, "a section is written [name]");
	line[len - 1] = '\0';
	name = strchr(++line, ' ');
	if (name)
		*name++ = '\0';
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]) && strcmp(keys[i].section, line); i++)
		;
	if (i == sizeof(keys) / sizeof(keys[0]))
		return fault(parser, "there is no section [%.40s]", line);
	if (!strcmp(line, "push") != !!(name && *name))
		return name ? fault(parser, "[%.40s] takes no name", line)
			    : fault(parser, "say [push NAME]");
	snprintf(parser->section, sizeof(parser->section), "%s", line);
	return name ? begin_push(parser, name) : 0;
}

static char *trim(char *text)
{
	char *end;

	text += strspn(text, " \t\r");
	for (end = text + strlen(text); end > text && strchr(" \t\r", end[-1]); end--)
		;
	*end = '\0';
	return text;
}

static int check_bounds(struct parser *parser, const struct key *key, const void *field)
{
	uint64_t least = 0, most = UINT64_MAX, value;

	if (!key->most)
		return 0;
	memcpy(&value, field, sizeof(value));
	/* "auto" is no size. */
	if (key->kind == SAMPLE && !value)
		return 0;
	value_set(key->kind, &most, key->most);
	if (key->least)
		value_set(key->kind, &least, key->least);
	if (value < least)
		return fault(parser, "%s must be %s at least", key->name, key->least);
	return value <= most ? 0 : fault(parser, "%s must be %s at most", key->name, key->most);
}

static int set_value(struct parser *parser, size_t nth, const char *value)
{
	struct serve_config *config = parser->config;
	const struct key *key = &keys[nth];
	void *base = strcmp(key->section, "push") ? (void *)config
						  : &config->pushes.at[config->pushes.cnt - 1];
	void *field = (char *)base + key->offset;
	int err;

	if (parser->lines[nth] && !value_adds_up(key->kind))
		return fault(parser, "%s is in line %zu already, and can be said once", key->name,
			     parser->lines[nth]);
	parser->lines[nth] = parser->fault->line;
	err = value_set(key->kind, field, value);
	if (!err && key->kind == LISTEN)
		err = vec__push(&config->http.listen_lines, parser->fault->line);
	if (err == -EINVAL)
		return fault(parser, "%.40s must be %s", key->name, value_expected(key->kind));
	return err ? err : check_bounds(parser, key, field);
}

static int set_key(struct parser *parser, const char *name, const char *value)
{
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (!strcmp(keys[i].section, parser->section) && !strcmp(keys[i].name, name))
			return set_value(parser, i, value);
	}
	if (!*parser->section)
		return fault(parser, "%.40s stands before any [section]", name);
	return fault(parser, "there is no key %.40s in [%s]", name, parser->section);
}

static int take_line(struct parser *parser, char *line)
{
	char *equals;

	line = trim(line);
	if (!*line || *line == '#' || *line == ';')
		return 0;
	if (*line == '[')
		return begin_section(parser, line);
	equals = strchr(line, '=');
	if (!equals)
		return fault(parser, "neither [section] nor key = value");
	*equals = '\0';
	return set_key(parser, trim(line), trim(equals + 1));
}

int serve_config__parse(struct serve_config *config, const char *text,
			struct config_fault *ret_fault)
{
	struct parser parser = { .config = config, .fault = ret_fault };
	char line[LINE_MAX_BYTES];
	size_t len;
	int err = 0;

	*ret_fault = (struct config_fault){};
	while (!err && *text) {
		len = strcspn(text, "\n");
		ret_fault->line++;
		if (len >= sizeof(line))
			return fault(&parser, "the line is too long");
		memcpy(line, text, len);
		line[len] = '\0';
		err = take_line(&parser, line);
		text += len + (text[len] == '\n');
	}
	if (!err && !config->http.listen.cnt)
		err = value_set(LISTEN, &config->http.listen, LISTEN_DEFAULT);
	return err;
}
