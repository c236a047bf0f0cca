// SPDX-License-Identifier: Apache-2.0
#include "serve/archive.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/format.h"
#include "encode/encoder.h"
#include "sink/sink.h"

#define PREFIX      "heaptap-"
#define SUFFIX      ".pb.gz"
#define TRIES_MAX   10
/* Windows given up for a new one: a disk that others fill is not made roomier by giving up all. */
#define REMOVED_MAX 3
#define SECOND_NS   1000000000ll

static int make_name(const char *dir, int64_t time_ns, int nth, char **ret)
{
	time_t seconds = (time_t)(time_ns / SECOND_NS);
	struct tm tm;
	char stamp[32], more[16] = "";

	if (!gmtime_r(&seconds, &tm) || !strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm))
		return -EOVERFLOW;
	if (nth)
		snprintf(more, sizeof(more), "-%d", nth);
	return format_alloc(ret, "%s/" PREFIX "%s%s" SUFFIX, dir, stamp, more) < 0 ? -ENOMEM : 0;
}

/* The time a name says, in ns; -1: none of ours. */
static int64_t time_of(const char *name)
{
	size_t len = strlen(name);
	struct tm tm = {};
	const char *end;

	if (strncmp(name, PREFIX, strlen(PREFIX)) || len < strlen(SUFFIX) ||
	    strcmp(name + len - strlen(SUFFIX), SUFFIX))
		return -1;
	end = strptime(name + strlen(PREFIX), "%Y%m%dT%H%M%SZ", &tm);
	return end && (*end == '.' || *end == '-') ? (int64_t)timegm(&tm) * SECOND_NS : -1;
}

static int write_once(const char *path, const struct profile *profile)
{
	struct sink *sink __free(sink) = NULL;
	struct encode_options options = {};
	int err = sink_open(path, 0, &sink);

	if (!err)
		err = encoder_write(encoder_by_name("pprof"), profile, &options,
				    sink__writer(sink));
	return err ? err : sink__commit(sink);
}

static int write_new(const char *dir, const struct profile *profile, int64_t time_ns)
{
	int err = -EEXIST, nth;

	for (nth = 0; err == -EEXIST && nth < TRIES_MAX; nth++) {
		char *path __free_mem = NULL;

		err = make_name(dir, time_ns, nth, &path);
		if (!err)
			err = write_once(path, profile);
	}
	return err;
}

/* Those of a clock that was set back as well: they say that they are the youngest, and go last. */
static bool remove_oldest(const char *dir)
{
	struct archive_list list __archive_list = {};

	return !archive_find(dir, 0, &list) && list.cnt && !unlink(list.at[0]);
}

int archive_write(const char *dir, const struct profile *profile, int64_t time_ns)
{
	int err, removed_cnt;

	if (mkdir(dir, 0750) && errno != EEXIST)
		return -errno;
	err = write_new(dir, profile, time_ns);
	for (removed_cnt = 0;
	     (err == -ENOSPC || err == -EDQUOT) && removed_cnt < REMOVED_MAX && remove_oldest(dir);
	     removed_cnt++)
		err = write_new(dir, profile, time_ns);
	return err;
}

void archive_list__done(struct archive_list *list)
{
	size_t i;

	for (i = 0; i < list->cnt; i++)
		free(list->at[i]);
	vec__done(list);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

int archive_find(const char *dir, int64_t since_ns, struct archive_list *ret)
{
	DIR *stream __attribute__((cleanup(close_dir))) = opendir(dir);
	struct dirent *entry;
	int64_t time;
	char *path;

	if (!stream)
		return -errno;
	while ((entry = readdir(stream))) {
		time = time_of(entry->d_name);
		if (time < 0 || time < since_ns)
			continue;
		if (format_alloc(&path, "%s/%s", dir, entry->d_name) < 0)
			return -ENOMEM;
		if (vec__push(ret, path)) {
			free(path);
			return -ENOMEM;
		}
	}
	if (ret->cnt)
		qsort(ret->at, ret->cnt, sizeof(*ret->at), by_name);
	return 0;
}

/* Remove it if it is beyond the limits; else it is among @state. */
static void keep_or_remove(const char *path, const struct archive_limits *limits, int64_t age_ns,
			   struct archive_state *state)
{
	struct stat st;

	if (stat(path, &st))
		return;
	if ((limits->age_max_ns && age_ns > 0 && (uint64_t)age_ns > limits->age_max_ns) ||
	    (limits->size_max_bytes &&
	     state->bytes + (uint64_t)st.st_size > limits->size_max_bytes)) {
		unlink(path);
		return;
	}
	state->file_cnt++;
	state->bytes += (uint64_t)st.st_size;
}

/* What was being written by one that was killed. We write nothing just now. */
static void remove_partial(const char *dir)
{
	DIR *stream __attribute__((cleanup(close_dir))) = opendir(dir);
	struct dirent *entry;

	while (stream && (entry = readdir(stream))) {
		if (!strncmp(entry->d_name, "." PREFIX, strlen("." PREFIX)))
			unlinkat(dirfd(stream), entry->d_name, 0);
	}
}

int archive_prune(const char *dir, const struct archive_limits *limits, int64_t now_ns,
		  struct archive_state *ret)
{
	struct archive_list list __archive_list = {};
	struct archive_state state = {};
	int err = archive_find(dir, 0, &list), future;
	int64_t age_ns;
	size_t i;

	/*
	 * Newest first: what fits is kept, the rest goes. Files from the future were written before the clock was set
	 * back, and so are older than all that came since.
	 */
	for (future = 0; !err && future < 2; future++) {
		for (i = list.cnt; i-- > 0;) {
			age_ns = now_ns - time_of(strrchr(list.at[i], '/') + 1);
			if ((age_ns < 0) == future)
				keep_or_remove(list.at[i], limits, age_ns, &state);
		}
	}
	remove_partial(dir);
	if (!err)
		*ret = state;
	return err;
}
