// SPDX-License-Identifier: Apache-2.0
#include "session/output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/format.h"
#include "base/log.h"
#include "collect/snapshot_file.h"
#include "encode/encoder.h"
#include "sink/sink.h"

static bool is_snapshot(const char *path)
{
	size_t len = strlen(path), suffix = strlen(SNAPSHOT_SUFFIX);

	return len > suffix && !strcmp(path + len - suffix, SNAPSHOT_SUFFIX);
}

/* "-" has no suffix to go by; pprof is what can be turned into anything else. */
static const struct encoder *encoder_of(const char *path)
{
	return strcmp(path, "-") ? encoder_by_path(path) : encoder_by_name("pprof");
}

static int unknown_suffix(const char *path)
{
	struct buf *list __free(buf) = buf__new(0);
	const struct encoder *encoder;

	for (encoder = encoders; list && encoder->name; encoder++)
		buf__printf(list, "%s ", encoder->suffix);
	log_err(0, "%s: the suffix must say the format: %s" SNAPSHOT_SUFFIX, path,
		list ? buf__data(list) : "");
	return SESSION_USAGE;
}

static int check_folder(const char *path)
{
	char *folder __free_mem = strdup(path), *slash;

	if (!folder)
		return -ENOMEM;
	slash = strrchr(folder, '/');
	if (slash)
		slash[slash == folder] = '\0';
	if (access(slash ? folder : ".", W_OK | X_OK)) {
		log_err(-errno, "cannot write into %s", slash ? folder : "the current folder");
		return SESSION_FAILED;
	}
	return SESSION_OK;
}

char *output_nth(const char *path, uint32_t number)
{
	const struct encoder *encoder = encoder_of(path);
	size_t suffix = is_snapshot(path) ? strlen(SNAPSHOT_SUFFIX)
			: encoder         ? strlen(encoder->suffix)
					  : 0;
	char *out = NULL;

	if (format_alloc(&out, "%.*s-%04u%s", (int)(strlen(path) - suffix), path, number,
			 path + strlen(path) - suffix) < 0)
		return NULL;
	return out;
}

int check_output(const struct session_config *config)
{
	char *first __free_mem = NULL;
	const char *path = config->output;
	struct stat st;

	if ((config->embed_source || config->lifetimes) && path && !is_snapshot(path)) {
		log_err(0,
			"only a recording has room for that: name it with -o FILE" SNAPSHOT_SUFFIX);
		return SESSION_USAGE;
	}
	if (!path)
		return SESSION_OK;
	if (!is_snapshot(path) && !encoder_of(path))
		return unknown_suffix(path);
	if (!strcmp(path, "-") && config->every_ns) {
		log_err(0, "a series is many files: name them with -o");
		return SESSION_USAGE;
	}
	if (!strcmp(path, "-")) {
		if (!isatty(STDOUT_FILENO))
			return SESSION_OK;
		log_err(0,
			"a profile is no text for a terminal: redirect it, or name a file with -o");
		return SESSION_USAGE;
	}
	if (config->every_ns) {
		first = output_nth(path, 1);
		if (!first)
			return -ENOMEM;
		path = first;
	}
	if (!stat(path, &st)) {
		if (S_ISREG(st.st_mode) && !config->force) {
			log_err(0, "%s exists; -f overwrites it", path);
			return SESSION_FAILED;
		}
		if (S_ISDIR(st.st_mode)) {
			log_err(0, "%s is a folder", path);
			return SESSION_FAILED;
		}
		if (!S_ISREG(st.st_mode))
			return SESSION_OK;
	}
	return check_folder(path);
}

static int find_metric(const struct session_config *config, const struct profile *profile,
		       size_t *ret)
{
	return profile__find_type(profile, config->metric ? config->metric : "alloc_space", ret);
}

int write_output(const struct session_config *config, const struct snapshot *snapshot,
		 const struct profile *profile)
{
	struct encode_options options = {};
	struct sink *sink __free(sink) = NULL;
	const char *path = config->output;
	int err = find_metric(config, profile, &options.metric);

	if (err) {
		log_err(0, "no metric %s", config->metric);
		return SESSION_USAGE;
	}
	err = sink_open(path, config->force ? SINK_OVERWRITE : 0, &sink);
	if (!err && is_snapshot(path))
		err = snapshot_file_write(snapshot, sink__writer(sink));
	else if (!err)
		err = encoder_write(encoder_of(path), profile, &options, sink__writer(sink));
	if (!err)
		err = sink__commit(sink);
	if (err) {
		log_err(err, "cannot write %s", path);
		return SESSION_FAILED;
	}
	return SESSION_OK;
}
