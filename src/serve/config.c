// SPDX-License-Identifier: Apache-2.0
#include "serve/config.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/units.h"

#define LISTEN_DEFAULT "127.0.0.1:6099"
#define LINE_MAX_BYTES 4096
#define SECOND_NS      1000000000ull

enum kind {
	PERCENT,
	TEXT,
	URL,
	FILE_PATH,
	LIST,
	LISTEN,
	HEADERS,
	USERS,
	BYTES,
	SAMPLE,
	COUNT,
	DURATION,
	YESNO,
	PUSH_KIND
};

struct key {
	const char *section, *name;
	enum kind kind;
	size_t offset;
};

#define KEY(section, name, kind, field)                                                            \
	{                                                                                          \
		section, name, kind, offsetof(struct serve_config, field)                          \
	}
#define PUSH(name, kind, field)                                                                    \
	{                                                                                          \
		"push", name, kind, offsetof(struct push_config, field)                            \
	}

static const struct key keys[] = {
	KEY("trace", "name", LIST, names),
	KEY("trace", "exclude", LIST, excludes),
	KEY("trace", "user", USERS, users),
	KEY("trace", "cgroup", TEXT, cgroup),
	KEY("trace", "sample", SAMPLE, sample_bytes),
	KEY("trace", "max-overhead", PERCENT, max_overhead_pct),
	KEY("trace", "max-overhead-total", PERCENT, max_overhead_total_pct),
	KEY("trace", "live", YESNO, no_live),
	KEY("trace", "live-max", COUNT, live_max_cnt),
	KEY("trace", "sites-max", COUNT, sites_max_cnt),
	KEY("trace", "stacks-max", BYTES, stacks_max_bytes),
	KEY("trace", "ended-max", BYTES, tally_max_bytes),
	KEY("trace", "file-age-max", DURATION, file_age_max_ns),
	KEY("http", "listen", LISTEN, listen),
	KEY("http", "token-file", FILE_PATH, token_file),
	KEY("http", "tls-cert", FILE_PATH, tls_cert),
	KEY("http", "tls-key", FILE_PATH, tls_key),
	KEY("http", "clients-max", COUNT, clients_max),
	KEY("archive", "dir", TEXT, dir),
	KEY("archive", "window", DURATION, window_ns),
	KEY("archive", "age-max", DURATION, age_max_ns),
	KEY("archive", "size-max", BYTES, size_max_bytes),
	PUSH("url", URL, url),
	PUSH("kind", PUSH_KIND, kind),
	PUSH("token-file", FILE_PATH, token_file),
	PUSH("ca-file", FILE_PATH, ca_file),
	PUSH("header", HEADERS, headers),
	PUSH("spool", TEXT, spool),
	PUSH("interval", DURATION, interval_ns),
	PUSH("queue-max", BYTES, queue_max_bytes),
	PUSH("spool-max", BYTES, spool_max_bytes),
};

void serve_config__init(struct serve_config *config)
{
	*config = (struct serve_config){ .max_overhead_pct = 1,
					 .tally_max_bytes = 64 << 20,
					 .clients_max = 64,
					 .file_age_max_ns = 60 * SECOND_NS,
					 .window_ns = 60 * SECOND_NS,
					 .age_max_ns = 7 * 86400ull * SECOND_NS,
					 .size_max_bytes = 1ull << 30 };
}

void push_config__done(struct push_config *push)
{
	size_t i;

	for (i = 0; i < push->headers.cnt; i++)
		free((char *)push->headers.at[i]);
	vec__done(&push->headers);
	free(push->name);
	free(push->url);
	free(push->token_file);
	free(push->ca_file);
	free(push->spool);
}

void serve_config__done(struct serve_config *config)
{
	size_t i;

	for (i = 0; i < config->names.cnt; i++)
		free((char *)config->names.at[i]);
	for (i = 0; i < config->excludes.cnt; i++)
		free((char *)config->excludes.at[i]);
	for (i = 0; i < config->listen.cnt; i++)
		free((char *)config->listen.at[i]);
	for (i = 0; i < config->pushes.cnt; i++)
		push_config__done(&config->pushes.at[i]);
	vec__done(&config->names);
	vec__done(&config->excludes);
	vec__done(&config->users);
	vec__done(&config->listen);
	vec__done(&config->listen_lines);
	vec__done(&config->pushes);
	free(config->cgroup);
	free(config->token_file);
	free(config->tls_cert);
	free(config->tls_key);
	free(config->dir);
	*config = (struct serve_config){};
}

static int set_text(char **field, const char *value)
{
	char *copy = *value ? strdup(value) : NULL;

	if (!copy)
		return *value ? -ENOMEM : -EINVAL;
	free(*field);
	*field = copy;
	return 0;
}

static int add_text(void *field, const char *value)
{
	VEC(const char *) *list = field;
	char *copy = *value ? strdup(value) : NULL;
	int err;

	if (!copy)
		return *value ? -ENOMEM : -EINVAL;
	err = vec__push(list, copy);
	if (err)
		free(copy);
	return err;
}

static bool has_scheme(const char *url)
{
	return !strncmp(url, "http://", 7) || !strncmp(url, "https://", 8);
}

/* Whether the host exists is found out by listening. */
static bool is_address(const char *text)
{
	const char *colon = strrchr(text, ':');
	uint64_t port;

	if (!strncmp(text, "unix:", 5))
		return text[5] == '/';
	return colon && colon > text && !units_parse_u64(colon + 1, &port) && port &&
	       port <= UINT16_MAX;
}

/* RFC 9110: a name is of these, a value of anything but control characters. */
static bool is_header(const char *text)
{
	static const char marks[] = "!#$%&'*+-.^_`|~";
	const char *at = text;

	while (isalnum((unsigned char)*at) || (*at && strchr(marks, *at)))
		at++;
	if (at == text || *at++ != ':')
		return false;
	while (*at && !iscntrl((unsigned char)*at))
		at++;
	return !*at;
}

static int add_user(void *field, const char *value)
{
	VEC(uid_t) *list = field;
	const struct passwd *user;
	uint64_t uid;

	if (units_parse_u64(value, &uid) || uid >= UINT32_MAX) {
		user = getpwnam(value);
		if (!user)
			return -EINVAL;
		uid = user->pw_uid;
	}
	return vec__push(list, (uid_t)uid);
}

static int set_sample(uint64_t *field, const char *value)
{
	if (!strcmp(value, "auto"))
		return *field = 0, 0;
	if (!strcmp(value, "exact"))
		return *field = 1, 0;
	return units_parse_bytes(value, field) || *field < 1 ? -EINVAL : 0;
}

/* live = yes is no_live = false. */
static int set_not(bool *field, const char *value)
{
	if (strcmp(value, "yes") && strcmp(value, "no"))
		return -EINVAL;
	*field = !strcmp(value, "no");
	return 0;
}

static int set_push_kind(int *field, const char *value)
{
	static const char *const names[PUSH_KIND_CNT] = { "pyroscope", "pyroscope-connect", "parca",
							  "otlp" };
	int i;

	for (i = 0; i < PUSH_KIND_CNT; i++) {
		if (!strcmp(value, names[i]))
			return *field = i, 0;
	}
	return -EINVAL;
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
	for (i = 0; !err && i < from->headers.cnt; i++)
		err = add_text(&copy.headers, from->headers.at[i]);
	if (err)
		push_config__done(&copy);
	else
		*ret = copy;
	return err;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

bool push_config__equals(const struct push_config *a, const struct push_config *b)
{
	size_t i;

	if (a->headers.cnt != b->headers.cnt)
		return false;
	for (i = 0; i < a->headers.cnt; i++) {
		if (strcmp(a->headers.at[i], b->headers.at[i]))
			return false;
	}
	return same_text(a->name, b->name) && same_text(a->url, b->url) && a->kind == b->kind &&
	       same_text(a->token_file, b->token_file) && same_text(a->ca_file, b->ca_file) &&
	       same_text(a->spool, b->spool) && a->interval_ns == b->interval_ns &&
	       a->queue_max_bytes == b->queue_max_bytes && a->spool_max_bytes == b->spool_max_bytes;
}

static int set_percent(double *field, const char *value)
{
	char *end;
	double pct = strtod(value, &end);

	if (end == value || *end || !(pct >= 0 && pct <= 100))
		return -EINVAL;
	*field = pct;
	return 0;
}

static const char *const expects[] = {
	[PERCENT] = "a percentage from 0 (no budget) to 100",
	[TEXT] = "a text, and not an empty one",
	[URL] = "http://... or https://...",
	[FILE_PATH] = "a file that can be read",
	[LIST] = "a text, and not an empty one",
	[LISTEN] = "HOST:PORT, [HOST]:PORT or unix:PATH",
	[HEADERS] = "Name: value",
	[USERS] = "a user's name or number",
	[BYTES] = "a size as in 512K, 64M",
	[SAMPLE] = "auto, exact or a size",
	[COUNT] = "a whole number above 0",
	[DURATION] = "a time as in 30s, 5m, 1h",
	[YESNO] = "yes or no",
	[PUSH_KIND] = "pyroscope, pyroscope-connect, parca or otlp",
};

static int set_number(enum kind kind, uint64_t *field, const char *value)
{
	int err = kind == BYTES      ? units_parse_bytes(value, field)
		  : kind == DURATION ? units_parse_duration(value, field)
				     : units_parse_u64(value, field);

	return err || !*field ? -EINVAL : 0;
}

static int set(const struct key *key, void *base, const char *value)
{
	void *field = (char *)base + key->offset;

	switch (key->kind) {
	case TEXT:
		return set_text(field, value);
	case LIST:
		return add_text(field, value);
	case URL:
		return has_scheme(value) ? set_text(field, value) : -EINVAL;
	case FILE_PATH:
		return access(value, R_OK) ? -EINVAL : set_text(field, value);
	case LISTEN:
		return is_address(value) ? add_text(field, value) : -EINVAL;
	case HEADERS:
		return is_header(value) ? add_text(field, value) : -EINVAL;
	case USERS:
		return add_user(field, value);
	case SAMPLE:
		return set_sample(field, value);
	case PERCENT:
		return set_percent(field, value);
	case YESNO:
		return set_not(field, value);
	case PUSH_KIND:
		return set_push_kind(field, value);
	default:
		return set_number(key->kind, field, value);
	}
}

struct parser {
	struct serve_config *config;
	struct config_fault *fault;
	char section[64];
};

static int fault(struct parser *parser, const char *fmt, const char *a, const char *b)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(parser->fault->text, sizeof(parser->fault->text), fmt, a, b);
#pragma GCC diagnostic pop
	return -EINVAL;
}

static int begin_push(struct parser *parser, const char *name)
{
	struct push_config push = { .interval_ns = 15 * SECOND_NS,
				    .queue_max_bytes = 16 << 20,
				    .spool_max_bytes = 256 << 20,
				    .line = parser->fault->line,
				    .name = strdup(name) };
	int err = push.name ? vec__push(&parser->config->pushes, push) : -ENOMEM;

	if (err)
		free(push.name);
	return err;
}

static int begin_section(struct parser *parser, char *line)
{
	size_t len = strlen(line), i;
	char *name;

	if (line[len - 1] != ']' || len < 3 || len >= sizeof(parser->section))
		return fault(parser, "a section is written [name]%s%s", "", "");
	line[len - 1] = '\0';
	name = strchr(++line, ' ');
	if (name)
		*name++ = '\0';
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]) && strcmp(keys[i].section, line); i++)
		;
	if (i == sizeof(keys) / sizeof(keys[0]))
		return fault(parser, "there is no section [%.40s]%s", line, "");
	if (!strcmp(line, "push") != !!(name && *name))
		return fault(parser, name ? "[%.40s] takes no name%s" : "say [push NAME]%.0s%s",
			     line, "");
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

static int set_key(struct parser *parser, const char *name, const char *value)
{
	struct serve_config *config = parser->config;
	void *base = config;
	size_t i;
	int err;

	if (!strcmp(parser->section, "push"))
		base = &config->pushes.at[config->pushes.cnt - 1];
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strcmp(keys[i].section, parser->section) || strcmp(keys[i].name, name))
			continue;
		err = set(&keys[i], base, value);
		if (!err && keys[i].kind == LISTEN)
			err = vec__push(&config->listen_lines, parser->fault->line);
		return err == -EINVAL
			       ? fault(parser, "%.40s must be %s", name, expects[keys[i].kind])
			       : err;
	}
	if (!*parser->section)
		return fault(parser, "%.40s stands before any [section]%s", name, "");
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
		return fault(parser, "neither [section] nor key = value%s%s", "", "");
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
			return fault(&parser, "the line is too long%s%s", "", "");
		memcpy(line, text, len);
		line[len] = '\0';
		err = take_line(&parser, line);
		text += len + (text[len] == '\n');
	}
	if (!err && !config->listen.cnt)
		err = add_text(&config->listen, LISTEN_DEFAULT);
	return err;
}

bool serve_config_is_local(const char *listen)
{
	if (!strncmp(listen, "unix:", 5))
		return true;
	return !strncmp(listen, "127.", 4) || !strncmp(listen, "[::1]:", 6) ||
	       !strncmp(listen, "localhost:", 10);
}

static int check_listeners(struct parser *parser)
{
	const struct serve_config *config = parser->config;
	size_t i;

	for (i = 0; i < config->listen.cnt; i++) {
		if (serve_config_is_local(config->listen.at[i]) || config->token_file ||
		    config->tls_cert)
			continue;
		parser->fault->line = i < config->listen_lines.cnt ? config->listen_lines.at[i] : 0;
		return fault(parser,
			     "listen = %.60s is open to others: it needs token-file, or tls-cert "
			     "and tls-key%s",
			     config->listen.at[i], "");
	}
	if (!config->tls_cert == !config->tls_key)
		return 0;
	return fault(parser, "%s needs %s as well", config->tls_cert ? "tls-cert" : "tls-key",
		     config->tls_cert ? "tls-key" : "tls-cert");
}

static int check_push(struct parser *parser, size_t nth)
{
	const struct push_config *push = &parser->config->pushes.at[nth];
	size_t i;

	parser->fault->line = push->line;
	if (!push->url)
		return fault(parser, "[push %.40s] needs url = http://... or https://...%s",
			     push->name, "");
	for (i = 0; i < nth; i++) {
		const struct push_config *other = &parser->config->pushes.at[i];

		if (!strcmp(other->name, push->name))
			return fault(parser,
				     "[push %.40s] is there twice: give each its own name%s",
				     push->name, "");
		/* Each would send what the other has put there. */
		if (push->spool && other->spool && !strcmp(push->spool, other->spool))
			return fault(parser, "[push %.40s] and [push %.40s] need a spool each",
				     other->name, push->name);
	}
	return 0;
}

int serve_config__check(struct serve_config *config, struct config_fault *ret_fault)
{
	struct parser parser = { .config = config, .fault = ret_fault };
	size_t i;
	int err;

	ret_fault->line = 0;
	err = check_listeners(&parser);
	for (i = 0; !err && i < config->pushes.cnt; i++)
		err = check_push(&parser, i);
	return err;
}
