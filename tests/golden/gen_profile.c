// SPDX-License-Identifier: Apache-2.0
/*
 * gen_profile KIND OUT...: a made-up profile through the real encoders, for readers that are not
 *ours.
 *
 *	heap	a few samples with everything: inlined frames, labels, hostile names, two mappings
 *	after	heap, grown here and shrunk there, from a process that loaded its files elsewhere
 *	big	1,000,000 samples over 200,000 locations and 50,000 functions
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "encode/encoder.h"
#include "sink/sink.h"

#define BIG_FUNCTIONS 50000
#define BIG_LOCATIONS 200000
#define BIG_SAMPLES   1000000

static uint64_t random_state = 1;

/* Knuth's MMIX generator: the same profile on every machine. */
static uint64_t next_random(uint64_t below)
{
	random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (random_state >> 33) % below;
}

static int add_frame(struct profile *profile, uint32_t mapping, uint64_t address, const char *name,
		     const char *file, int32_t line, uint32_t *ret)
{
	struct profile_line at = { .line = line };
	int err =
		profile__add_function(profile, name, NULL, file, line ? line - 1 : 0, &at.function);

	return err ? err : profile__add_location(profile, mapping, address, &at, 1, false, ret);
}

/* An inlined pair: inner() within outer(). */
static int add_inlined(struct profile *profile, uint32_t mapping, uint64_t address, uint32_t *ret)
{
	struct profile_line lines[2] = { { .line = 7 }, { .line = 42 } };
	int err = profile__add_function(profile, "inner", "_Z5innerv", "/src/inl.h", 5,
					&lines[0].function);

	if (!err)
		err = profile__add_function(profile, "outer", "_Z5outerv", "/src/a.cc", 30,
					    &lines[1].function);
	return err ? err : profile__add_location(profile, mapping, address, lines, 2, false, ret);
}

static int add_sample(struct profile *profile, const uint32_t *locs, size_t cnt, int64_t objects,
		      int64_t live, int64_t size_bytes, const char *comm)
{
	int64_t values[PROFILE_METRIC_CNT] = { objects, objects * size_bytes, live,
					       live * size_bytes };
	struct profile_label labels[3];
	int err = profile__label_num(profile, "bytes", size_bytes, "bytes", &labels[0]);

	if (!err)
		err = profile__label_str(profile, "comm", comm, &labels[1]);
	if (!err)
		err = profile__label_num(profile, "pid", 4242, "", &labels[2]);
	return err ? err : profile__add_sample(profile, locs, cnt, values, labels, 3, NULL);
}

static int set_header(struct profile *profile)
{
	struct profile_meta meta = *profile__meta(profile);
	int err = profile__add_string(profile, "https://example.org/doc", &meta.doc_url);

	meta.time_ns = 1700000000000000000;
	profile__set_meta(profile, &meta);
	return err ? err : profile__add_comment(profile, "made up: every event recorded");
}

static int make_heap(struct profile *profile, uint64_t base, int64_t grown)
{
	enum { MAIN, OUTER, PARSE, HOSTILE, LIB, BARE, FRAME_CNT };
	uint32_t locs[FRAME_CNT], app, lib, stack[FRAME_CNT];
	const uint32_t all = PROFILE_HAS_FUNCTIONS | PROFILE_HAS_FILENAMES |
			     PROFILE_HAS_LINE_NUMBERS | PROFILE_HAS_INLINE_FRAMES;
	int err = set_header(profile);

	err = err
		      ?: profile__add_mapping(profile, base, base + 0x10000, 0x1000, "/usr/bin/app",
					      "abcdef0123456789", all, &app);
	err = err
		      ?: profile__add_mapping(profile, base + 0x7f0000000000, base + 0x7f0000002345,
					      0, "/usr/lib/libfoo.so.1", "0123456789abcdef", all,
					      &lib);
	err = err ?: add_frame(profile, app, base + 0x100, "main", "/src/main.c", 10, &locs[MAIN]);
	err = err ?: add_inlined(profile, app, base + 0x200, &locs[OUTER]);
	err = err
		      ?: add_frame(profile, app, base + 0x300, "parse", "/src/parse.c", 99,
				   &locs[PARSE]);
	err = err
		      ?: add_frame(profile, app, base + 0x400, "bad;\n\xff</script> name ",
				   "/src/x;y.c", 1, &locs[HOSTILE]);
	err = err ?: add_frame(profile, lib, base + 0x7f0000000123, "foo_new", "", 0, &locs[LIB]);
	err = err
		      ?: profile__add_location(profile, lib, base + 0x7f0000000456, NULL, 0, false,
					       &locs[BARE]);

	stack[0] = locs[OUTER], stack[1] = locs[MAIN];
	err = err ?: add_sample(profile, stack, 2, 1000 + grown, 10, 16, "app");
	stack[0] = locs[PARSE], stack[1] = locs[OUTER], stack[2] = locs[MAIN];
	err = err ?: add_sample(profile, stack, 3, 3, 3 + grown, 1 << 20, "app");
	err = err ?: add_sample(profile, stack, 3, 50, 0, 24, "worker \"1\"");
	stack[0] = locs[HOSTILE];
	err = err ?: add_sample(profile, stack, 3, 7, 7, 100, "app");
	stack[0] = locs[LIB], stack[1] = locs[BARE], stack[2] = locs[PARSE], stack[3] = locs[PARSE];
	stack[4] = locs[MAIN];
	err = err ?: add_sample(profile, stack, 5, 20, 5, 64, "app");
	stack[0] = locs[BARE], stack[1] = locs[MAIN];
	return err ?: add_sample(profile, stack, 2, 1, 1, 4096, "app");
}

static int make_big(struct profile *profile)
{
	static uint32_t functions[BIG_FUNCTIONS], locs[BIG_LOCATIONS];
	struct profile_label label;
	uint32_t app, stack[32], i, k;
	char name[64], file[64];
	int err = set_header(profile);

	err = err
		      ?: profile__add_mapping(profile, 0x400000, 0x80000000, 0, "/usr/bin/big",
					      "abcd", PROFILE_HAS_FUNCTIONS, &app);
	for (i = 0; !err && i < BIG_FUNCTIONS; i++) {
		snprintf(name, sizeof(name), "ns::klass%u::method_number_%u", i % 997, i);
		snprintf(file, sizeof(file), "/src/project/dir%u/file%u.cc", i % 50, i % 2000);
		err = profile__add_function(profile, name, NULL, file, (int)i % 900, &functions[i]);
	}
	for (i = 0; !err && i < BIG_LOCATIONS; i++) {
		struct profile_line line = { functions[i % BIG_FUNCTIONS], (int)i % 1000 + 1, 0 };

		err = profile__add_location(profile, app, 0x400000 + 16 * i, &line, 1, false,
					    &locs[i]);
	}
	for (i = 0; !err && i < BIG_SAMPLES; i++) {
		uint32_t depth = 8 + (uint32_t)next_random(24), size = 16 << next_random(12);
		int64_t cnt = 1 + (int64_t)next_random(1000), live = (int64_t)next_random(cnt + 1);
		int64_t values[] = { cnt, cnt * size, live, live * size };

		/* Towards the root there is less to choose from, as in real programs. */
		for (k = 0; k < depth; k++)
			stack[k] = locs[next_random(1 + BIG_LOCATIONS / (1 << (12 * k / depth)))];
		err = profile__label_num(profile, "bytes", size, "bytes", &label);
		err = err ?: profile__add_sample(profile, stack, depth, values, &label, 1, NULL);
	}
	return err;
}

static int write_out(const struct profile *profile, const char *path, size_t metric)
{
	struct encode_options options = { .metric = metric };
	const struct encoder *encoder = encoder_by_path(path);
	struct sink *sink __free(sink) = NULL;
	int err = encoder ? sink_open(path, SINK_OVERWRITE, &sink) : -EINVAL;

	if (!err)
		err = encoder_write(encoder, profile, &options, sink__writer(sink));
	return err ? err : sink__commit(sink);
}

int main(int argc, char **argv)
{
	struct profile *profile __free(profile) = profile__new_heap();
	const char *kind = argc > 2 ? argv[1] : "";
	size_t metric = PROFILE_ALLOC_SPACE;
	int err = -EINVAL, i;

	if (!profile)
		return 1;
	if (!strcmp(kind, "heap"))
		err = make_heap(profile, 0x55d000000000, 0);
	else if (!strcmp(kind, "after"))
		err = make_heap(profile, 0x563000000000, 2);
	else if (!strcmp(kind, "big"))
		err = make_big(profile);
	for (i = 2; !err && i < argc; i++) {
		if (argv[i][0] == '+') /* +METRIC: of the files that follow */
			err = profile__find_type(profile, argv[i] + 1, &metric);
		else
			err = write_out(profile, argv[i], metric);
	}
	if (err)
		fprintf(stderr, "gen_profile: %s\n", strerror(-err));
	return err != 0;
}
