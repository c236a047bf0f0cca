// SPDX-License-Identifier: Apache-2.0
#include "serve/config_value.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/units.h"
#include "base/vec.h"
#include "serve/config.h"
#include "serve/host.h"

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

/* With a host; what else is in it the other side may judge. */
static bool is_url(const char *text)
{
	size_t scheme = !strncmp(text, "http://", 7) ? 7 : !strncmp(text, "https://", 8) ? 8 : 0;
	const char *host = text + scheme, *at;

	for (at = text; *at; at++) {
		if (iscntrl((unsigned char)*at) || *at == ' ')
			return false;
	}
	return scheme && *host && !strchr("/?#:@", *host);
}

static bool is_readable_file(const char *path)
{
	struct stat st;

	return !access(path, R_OK) && !stat(path, &st) && !S_ISDIR(st.st_mode);
}

static bool is_dir(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

/* One that is there, or that can be made in one that is. */
static bool is_dir_to_be(const char *path)
{
	size_t len = strlen(path);
	char parent[PATH_MAX];

	if (*path != '/' || len >= sizeof(parent))
		return false;
	memcpy(parent, path, len + 1);
	return is_dir(path) || (access(path, F_OK) && is_dir(dirname(parent)));
}

static bool is_cgroup(const char *path)
{
	char members[PATH_MAX];

	return *path == '/' &&
	       snprintf(members, sizeof(members), "%s/cgroup.procs", path) < (int)sizeof(members) &&
	       !access(members, F_OK);
}

/* In numbers, or localhost: no name that could lead elsewhere tomorrow. */
static bool is_host(const char *text, size_t len)
{
	unsigned char address[sizeof(struct in6_addr)];
	char host[64];

	if (len >= sizeof(host))
		return false;
	snprintf(host, sizeof(host), "%.*s", (int)len, text);
	if (*host != '[')
		return !strcmp(host, "localhost") || inet_pton(AF_INET, host, address) == 1;
	if (host[len - 1] != ']')
		return false;
	/* "[fe80::1%eth0]": the interface is found out by listening. */
	host[strcspn(host, "%]")] = '\0';
	return inet_pton(AF_INET6, host + 1, address) == 1;
}

static bool is_address(const char *text)
{
	const char *colon = strrchr(text, ':');
	uint64_t port;

	if (!strncmp(text, "unix:", 5))
		return text[5] == '/' &&
		       strlen(text + 5) < sizeof(((struct sockaddr_un *)0)->sun_path);
	return colon && colon > text && is_host(text, (size_t)(colon - text)) &&
	       !units_parse_u64(colon + 1, &port) && port && port <= UINT16_MAX;
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

static int set_choice(bool *field, const char *value, const char *if_true)
{
	if (strcmp(value, "yes") && strcmp(value, "no"))
		return -EINVAL;
	*field = !strcmp(value, if_true);
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
	[URL] = "http://HOST... or https://HOST...",
	[DIR_PATH] = "a directory with an absolute path, there or to be made in one that is there",
	[CGROUP] = "a control group: a directory below /sys/fs/cgroup (systemd-cgls names them)",
	[FILE_PATH] = "a file that can be read",
	[LIST] = "a text, and not an empty one",
	[LISTEN] = "HOST:PORT, [HOST]:PORT (numbers, localhost) or unix:/PATH (107 bytes)",
	[HOST] = "HOST or HOST:PORT, as others reach us",
	[HEADERS] = "Name: value",
	[USERS] = "a user's name or number",
	[BYTES] = "a size as in 512K, 64M",
	[SAMPLE] = "auto, exact or a size",
	[COUNT] = "a whole number above 0",
	[DURATION] = "a time as in 30s, 5m, 1h",
	[YESNO] = "yes or no",
	[NOYES] = "yes or no",
	[PUSH_KIND] = "pyroscope, pyroscope-connect, parca or otlp",
};

static int set_number(enum value_kind kind, uint64_t *field, const char *value)
{
	int err = kind == BYTES      ? units_parse_bytes(value, field)
		  : kind == DURATION ? units_parse_duration(value, field)
				     : units_parse_u64(value, field);

	return err || !*field ? -EINVAL : 0;
}

int value_set(enum value_kind kind, void *field, const char *value)
{
	switch (kind) {
	case TEXT:
		return set_text(field, value);
	case LIST:
		return add_text(field, value);
	case URL:
		return is_url(value) ? set_text(field, value) : -EINVAL;
	case FILE_PATH:
		return is_readable_file(value) ? set_text(field, value) : -EINVAL;
	case DIR_PATH:
		return is_dir_to_be(value) ? set_text(field, value) : -EINVAL;
	case CGROUP:
		return is_cgroup(value) ? set_text(field, value) : -EINVAL;
	case LISTEN:
		return is_address(value) ? add_text(field, value) : -EINVAL;
	case HOST:
		return host_is_one(value) ? set_text(field, value) : -EINVAL;
	case HEADERS:
		return is_header(value) ? add_text(field, value) : -EINVAL;
	case USERS:
		return add_user(field, value);
	case SAMPLE:
		return set_sample(field, value);
	case PERCENT:
		return set_percent(field, value);
	case YESNO:
		return set_choice(field, value, "yes");
	case NOYES:
		return set_choice(field, value, "no");
	case PUSH_KIND:
		return set_push_kind(field, value);
	default:
		return set_number(kind, field, value);
	}
}

const char *value_expected(enum value_kind kind)
{
	return expects[kind];
}

bool value_adds_up(enum value_kind kind)
{
	return kind == LIST || kind == USERS || kind == LISTEN || kind == HEADERS;
}
