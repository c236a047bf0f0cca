// SPDX-License-Identifier: Apache-2.0
/*
 * profile_tool convert IN OUT | merge OUT IN... | diff[-label][-normalize] BASE AFTER OUT | check
 * IN: the profile library alone, for tests that compare it with other programs.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "encode/encoder.h"
#include "encode/pprof_check.h"
#include "encode/pprof_read.h"
#include "profile/profile_merge.h"
#include "sink/sink.h"

#define INPUTS_MAX 8

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "profile_tool: %s: %s\n", what, why);
	return 1;
}

static int load(const char *path, struct profile **ret)
{
	int fd __close_fd = open(path, O_RDONLY | O_CLOEXEC);
	int err = fd < 0 ? -errno : pprof_read_fd(fd, NULL, ret);

	if (err)
		fail(path, err < 0 ? strerror(-err) : pprof_outcome_text(err));
	return err;
}

static int save(const struct profile *profile, const char *path)
{
	struct encode_options options = { .metric = profile__default_type(profile) };
	const struct encoder *encoder = encoder_by_path(path);
	struct sink *sink __free(sink) = NULL;
	int err = encoder ? sink_open(path, SINK_OVERWRITE, &sink) : -EINVAL;

	if (!err)
		err = encoder_write(encoder, profile, &options, sink__writer(sink));
	if (!err)
		err = sink__commit(sink);
	return err ? fail(path, strerror(-err)) : 0;
}

static int merge(char **paths, int cnt, const char *out)
{
	struct profile *profiles[INPUTS_MAX] = {}, *sum __free(profile) = NULL;
	int err = cnt > INPUTS_MAX ? -E2BIG : 0, i;

	for (i = 0; !err && i < cnt; i++)
		err = load(paths[i], &profiles[i]);
	if (!err)
		err = profile_merge((const struct profile *const *)profiles, (size_t)cnt, &sum);
	for (i = 0; i < INPUTS_MAX; i++)
		profile__free(profiles[i]);
	if (err)
		return fail("merge", err < 0 ? strerror(-err) : profile_merge_outcome_text(err));
	return save(sum, out);
}

static int diff(const char *how, const char *base_path, const char *after_path, const char *out)
{
	uint32_t flags = (strstr(how, "-label") ? PROFILE_DIFF_LABEL_BASE : 0) |
			 (strstr(how, "-normalize") ? PROFILE_DIFF_NORMALIZE : 0);
	struct profile *base __free(profile) = NULL, *after __free(profile) = NULL;
	struct profile *result __free(profile) = NULL;
	int err = load(base_path, &base) || load(after_path, &after);

	if (err)
		return 1;
	err = profile_diff(base, after, flags, &result);
	if (err)
		return fail("diff", err < 0 ? strerror(-err) : profile_merge_outcome_text(err));
	return save(result, out);
}

static int check(const char *path)
{
	struct pprof_report *report __free(pprof_report) = NULL;
	int fd __close_fd = open(path, O_RDONLY | O_CLOEXEC);
	int err = fd < 0 ? -errno : pprof_check_fd(fd, NULL, &report);
	size_t i;

	if (err)
		return fail(path, err < 0 ? strerror(-err) : pprof_outcome_text(err));
	for (i = 0; i < pprof_report__cnt(report); i++)
		printf("%s\n", pprof_report__at(report, i)->rule->id);
	return 0;
}

int main(int argc, char **argv)
{
	struct profile *profile __free(profile) = NULL;

	if (argc == 4 && !strcmp(argv[1], "convert"))
		return load(argv[2], &profile) ? 1 : save(profile, argv[3]);
	if (argc > 3 && !strcmp(argv[1], "merge"))
		return merge(argv + 3, argc - 3, argv[2]);
	if (argc == 5 && !strncmp(argv[1], "diff", 4))
		return diff(argv[1], argv[2], argv[3], argv[4]);
	if (argc == 3 && !strcmp(argv[1], "check"))
		return check(argv[2]);
	return fail("usage", "see the top of its source");
}
