// SPDX-License-Identifier: Apache-2.0
#include "session/output.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/format.h"
#include "base/log.h"
#include "collect/snapshot_file.h"
#include "encode/encoder.h"
#include "sink/sink.h"

#define SNAPSHOT_FORMAT "heaptap"

static bool ends_in(const char *path, const char *suffix)
{
	size_t len = strlen(path), suffix_len = strlen(suffix);

	return len > suffix_len && !strcmp(path + len - suffix_len, suffix);
}

static bool is_snapshot(const struct session_config *config)
{
	return config->format ? !strcmp(config->format, SNAPSHOT_FORMAT)
			      : ends_in(config->output, SNAPSHOT_SUFFIX);
}

/* NULL if it is no known one, or a snapshot. */
static const struct encoder *encoder_of(const struct session_config *config)
{
	if (config->format)
		return encoder_by_name(config->format);
	/* "-" has no suffix to go by; pprof is what can be turned into anything else. */
	return strcmp(config->output, "-") ? encoder_by_path(config->output)
					   : encoder_by_name("pprof");
}

static int unknown_format(const struct session_config *config)
{
	struct buf *list __free(buf) = buf__new(0);
	const struct encoder *encoder;

	for (encoder = encoders; list && encoder->name; encoder++)
		buf__printf(list, "%s, ", config->format ? encoder->name : encoder->suffix);
	if (config->format)
		log_err(0, "no format '%.32s'; there are %s" SNAPSHOT_FORMAT, config->format,
			list ? buf__data(list) : "");
	else
		log_err(0,
			"%s: the suffix must say the format (%s" SNAPSHOT_SUFFIX
			"), or --format NAME",
			config->output, list ? buf__data(list) : "");
	return SESSION_USAGE;
}

/* Is what is asked for known, and has it room for all that is? */
static int check_format(const struct session_config *config)
{
	if ((config->output || config->format) && !encoder_of(config) && !is_snapshot(config))
		return unknown_format(config);
	if ((config->embed_source || config->lifetimes) && config->output && !is_snapshot(config)) {
		log_err(0,
			"only a recording has room for that: name it with -o FILE" SNAPSHOT_SUFFIX);
		return SESSION_USAGE;
	}
	return SESSION_OK;
}

static int check_standard_output(const struct session_config *config)
{
	const struct encoder *encoder = encoder_of(config);

	if (config->every_ns) {
		log_err(0, "a series is many files: name them with -o");
		return SESSION_USAGE;
	}
	if (!isatty(STDOUT_FILENO) || (encoder && encoder_is_text(encoder)))
		return SESSION_OK;
	log_err(0, "a profile is no text for a terminal: redirect it, or name a file with -o");
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

/* ".pb.gz" of what has a suffix that is known, else what stands behind the last dot of the name. */
static const char *suffix_of(const char *path)
{
	const struct encoder *encoder = encoder_by_path(path);
	const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');

	if (encoder)
		return path + strlen(path) - strlen(encoder->suffix);
	return dot && (!slash || dot > slash) ? dot : path + strlen(path);
}

char *output_nth(const struct session_config *config, uint32_t number)
{
	const char *path = config->output, *suffix = suffix_of(path);
	char *out = NULL;

	if (format_alloc(&out, "%.*s-%04u%s", (int)(suffix - path), path, number, suffix) < 0)
		return NULL;
	return out;
}

int check_output(const struct session_config *config)
{
	char *first __free_mem = NULL;
	const char *path = config->output;
	struct stat st;
	int err = check_format(config);

	if (err || !path)
		return err;
	if (!strcmp(path, "-"))
		return check_standard_output(config);
	if (config->every_ns) {
		first = output_nth(config, 1);
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
	if (!err && is_snapshot(config))
		err = snapshot_file_write(snapshot, sink__writer(sink));
	else if (!err)
		err = encoder_write(encoder_of(config), profile, &options, sink__writer(sink));
	if (!err)
		err = sink__commit(sink);
	if (err) {
		log_err(err, "cannot write %s", path);
		return SESSION_FAILED;
	}
	return SESSION_OK;
}

/* By a name that nobody could have taken in a folder that is everybody's. */
static int keep_in(const char *folder, const struct snapshot *snapshot, char **ret_path)
{
	struct sink *sink __free(sink) = NULL;
	char *path __free_mem = NULL;
	uint64_t random;
	int err;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return -errno;
	if (format_alloc(&path, "%s/heaptap-%016" PRIx64 SNAPSHOT_SUFFIX, folder, random) < 0)
		return -ENOMEM;
	err = sink_open(path, SINK_PRIVATE, &sink);
	if (!err)
		err = snapshot_file_write(snapshot, sink__writer(sink));
	if (!err)
		err = sink__commit(sink);
	if (!err)
		*ret_path = TAKE_PTR(path);
	return err;
}

void keep_snapshot(const struct snapshot *snapshot)
{
	const char *const folders[] = { getenv("TMPDIR"), "/tmp", "/var/tmp" };
	char *path __free_mem = NULL;
	size_t i;
	int err;

	for (i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		if (!folders[i] || !*folders[i])
			continue;
		err = keep_in(folders[i], snapshot, &path);
		if (!err) {
			log_warn(0, "the recording is kept: heaptap convert %s -o OUT", path);
			return;
		}
		log_err(err, "cannot keep the recording in %s either", folders[i]);
	}
	log_err(0, "the recording is lost; with TMPDIR=FOLDER it would have been kept there");
}
