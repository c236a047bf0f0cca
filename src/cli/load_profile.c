// SPDX-License-Identifier: Apache-2.0
#include "cli/load_profile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/fdio.h"
#include "cli/load_url.h"
#include "encode/text_read.h"
#include "profile/place_profile.h"
#include "session/replay.h"
#include "view/text.h"

/* What a stranger's endpoint may make us hold. */
static const struct pprof_limits url_limits = {
	.inflated_bytes = (uint64_t)2 << 30,
	.rows = (uint64_t)1 << 28,
};

static bool is_url(const char *source)
{
	return !strncasecmp(source, "http://", 7) || !strncasecmp(source, "https://", 8);
}

int load_open(const char *source, struct load_source *ret)
{
	struct load_source opened = { -1, source, NULL };
	int err = 0;

	if (!strcmp(source, "-")) {
		opened.name = "standard input";
		opened.fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	} else if (is_url(source)) {
		opened.limits = &url_limits;
		err = load_url(source, &opened.fd);
	} else {
		opened.fd = open(source, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	}
	if (err)
		return err;
	if (opened.fd < 0)
		return log_err(-errno, "%s: cannot open", opened.name);
	*ret = opened;
	return 0;
}

int load_report(const struct load_source *source, int outcome)
{
	if (outcome < 0)
		return log_err(outcome, "%s: cannot read", source->name);
	if (outcome > 0)
		return log_err(0, "%s: %s", source->name, pprof_outcome_text(outcome)), -EINVAL;
	return 0;
}

#define HEAD_BYTES     512
#define TEXT_MAX_BYTES ((size_t)2 << 30)

/* Which of the text formats it is. What cannot be looked at ahead, a pipe, is taken for pprof. */
static enum text_kind kind_of(int fd)
{
	char head[HEAD_BYTES];
	ssize_t len = pread(fd, head, sizeof(head), 0);

	return len > 0 ? text_kind_of(head, (size_t)len) : TEXT_NONE;
}

/* Any profile but a recording. */
static int read_profile(const struct load_source *source, int fd, struct profile **ret)
{
	enum text_kind kind = kind_of(fd);
	char *text __free_mem = NULL;
	size_t len_bytes;
	int err;

	if (kind == TEXT_NONE)
		return load_report(source, pprof_read_fd(fd, source->limits, ret));
	err = fdio_read_all(fd, TEXT_MAX_BYTES, &text, &len_bytes);
	if (!err)
		err = text_read(kind, text, len_bytes, ret);
	if (err > 0)
		return log_err(0, "%s: %s", source->name, text_outcome_text(err)), -EINVAL;
	return err ? log_err(err, "%s: cannot read", source->name) : 0;
}

/* One line for what reading a recording came to. */
static int report_snapshot(const struct load_source *source, int err)
{
	switch (err) {
	case -ENODATA:
		log_err(0, "%s: the recording was cut off", source->name);
		return err;
	case -EPROTO:
		log_err(0, "%s: a broken recording", source->name);
		return err;
	case -ENOTSUP:
		log_err(0, "%s: recorded by another version of heaptap", source->name);
		return err;
	default:
		return load_report(source, err);
	}
}

int load_profile(const char *source, struct profile **ret)
{
	struct load_source opened = { .fd = -1 };
	int err = load_open(source, &opened);
	int fd __close_fd = opened.fd;

	if (err)
		return err;
	if (replay_is_snapshot(fd))
		return report_snapshot(&opened, replay_profile(fd, false, ret));
	return read_profile(&opened, fd, ret);
}

int load_places(const char *source, struct places **ret)
{
	struct profile *profile __free(profile) = NULL;
	struct load_source opened = { .fd = -1 };
	int err = load_open(source, &opened);
	int fd __close_fd = opened.fd;

	if (err)
		return err;
	if (replay_is_snapshot(fd))
		return report_snapshot(&opened, replay_places(fd, ret));
	err = read_profile(&opened, fd, &profile);
	if (err)
		return err;
	err = places_of_profile(profile, ret);
	if (err == -EINVAL)
		log_err(0, "%s: no heap profile: it lacks alloc_objects or its kin", opened.name);
	return err;
}

struct replay_sources *load_sources(const char *source)
{
	struct replay_sources *sources = NULL;
	int fd __close_fd = open(source, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0 || !replay_is_snapshot(fd) || replay_sources(fd, &sources))
		return NULL;
	return sources;
}

static void list_metrics(const struct profile *profile, struct buf *out)
{
	size_t i;

	for (i = 0; i < profile__type_cnt(profile); i++) {
		const char *name = profile__type_name(profile, i);

		buf__append_str(out, i ? ", " : "");
		text_append_safe(out, name, strlen(name));
	}
}

int load_metric(const struct profile *profile, const char *text, size_t *ret)
{
	struct buf *names __free(buf) = buf__new(4096);
	size_t i, found = 0, cnt = 0;

	if (!profile__type_cnt(profile))
		return log_err(0, "the profile has no sample types"), -EINVAL;
	if (!text) {
		if (profile__find_type(profile, "alloc_space", ret))
			*ret = profile__default_type(profile);
		return 0;
	}
	if (!profile__find_type(profile, text, ret))
		return 0;
	for (i = 0; i < profile__type_cnt(profile); i++) {
		if (!strstr(profile__type_name(profile, i), text))
			continue;
		found = i;
		cnt++;
	}
	if (cnt == 1) {
		*ret = found;
		return 0;
	}
	if (!names)
		return -ENOMEM;
	list_metrics(profile, names);
	log_err(0, "metric '%.64s' %s; the profile has %s", text,
		cnt ? "is ambiguous" : "is not in the profile", buf__data(names));
	return -EINVAL;
}
