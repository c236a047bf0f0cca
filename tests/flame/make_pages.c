// SPDX-License-Identifier: Apache-2.0
/*
 * The pages that the browser tests look at, from profiles with known sums: make-pages DIR. The same
 * program gives the same bytes every time.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "encode/flame.h"
#include "profile/profile.h"

#define DEPTH_MAX 64

struct stack { /* "outer;inner", each FUNCTION[@LINE][!MODULE], "~" before it if inlined into the
		  one before */
	const char *frames;
	int64_t alloc_objects;
	int64_t alloc_bytes;
	int64_t live_percent;
};

struct builder {
	struct profile *profile;
	uint64_t next_address;
	double scale;
};

static void die(const char *what, int err)
{
	fprintf(stderr, "make-pages: %s: %s\n", what, strerror(-err));
	exit(1);
}

static void must(int err)
{
	if (err)
		die("building a profile", err);
}

static const char *file_of(const char *module)
{
	static const char *const known[][2] = {
		{ "redis-server", "/usr/src/redis/src/server.c" },
		{ "liblua5.1.so.0", "/usr/src/lua/src/lvm.c" },
	};

	for (size_t i = 0; i < 2; i++)
		if (!strcmp(module, known[i][0]))
			return known[i][1];
	return "";
}

/* "name@line!module" in place: the pieces are cut apart. */
static void add_line(struct builder *b, char *text, struct profile_line *ret, uint32_t *mapping)
{
	char *module = strchr(text, '!'), *line, path[128];

	if (module)
		*module++ = '\0';
	else
		module = (char *)"redis-server";
	line = strchr(text, '@');
	if (line)
		*line++ = '\0';
	snprintf(path, sizeof(path), "%s%s", module[0] == '[' ? "" : "/usr/lib/", module);
	must(profile__add_mapping(b->profile, 0x1000 * strlen(module), 0x900000, 0, path, "", 15,
				  mapping));
	must(profile__add_function(b->profile, text, NULL, file_of(module), 1, &ret->function));
	ret->line = line ? (int32_t)strtol(line, NULL, 10) : 0;
}

static void add_stack(struct builder *b, const struct stack *stack)
{
	char *copy = strdup(stack->frames), *rest = copy, *frame;
	uint32_t locs[DEPTH_MAX], mappings[DEPTH_MAX], leaf_first[DEPTH_MAX], cnt = 0;
	struct profile_line lines[DEPTH_MAX] = {};
	bool inlined[DEPTH_MAX] = {};
	size_t loc_cnt = 0;
	int64_t values[4] = {
		(int64_t)((double)stack->alloc_objects * b->scale),
		(int64_t)((double)stack->alloc_bytes * b->scale),
	};

	values[2] = values[0] * stack->live_percent / 100;
	values[3] = values[1] * stack->live_percent / 100;
	while ((frame = strsep(&rest, ";")) && cnt < DEPTH_MAX) {
		inlined[cnt] = frame[0] == '~';
		add_line(b, frame + inlined[cnt], &lines[cnt], &mappings[cnt]);
		cnt++;
	}
	for (uint32_t i = 0; i < cnt; i++) {
		struct profile_line group[DEPTH_MAX];
		uint32_t end = i + 1, n;

		while (end < cnt && inlined[end])
			end++;
		for (n = 0; n < end - i; n++)
			group[n] = lines[end - 1 - n];
		must(profile__add_location(b->profile, mappings[i], b->next_address++, group, n,
					   false, &locs[loc_cnt++]));
		i = end - 1;
	}
	for (size_t i = 0; i < loc_cnt; i++)
		leaf_first[i] = locs[loc_cnt - 1 - i];
	must(profile__add_sample(b->profile, leaf_first, loc_cnt, values, NULL, 0, NULL));
	free(copy);
}

static struct builder begin(void)
{
	struct builder b = { .profile = profile__new_heap(), .next_address = 0x2000, .scale = 1 };
	struct profile_meta meta;
	uint32_t mapping;

	if (!b.profile)
		die("building a profile", -ENOMEM);
	meta = *profile__meta(b.profile);
	meta.time_ns = 1700000000000000000;
	meta.duration_ns = 30000000000;
	profile__set_meta(b.profile, &meta);
	must(profile__add_mapping(b.profile, 0xc000, 0x900000, 0, "/usr/lib/redis-server", "", 15,
				  &mapping));
	return b;
}

#define LOOP  "main@6990;aeMain@493;aeProcessEvents@415;"
#define QUERY LOOP "readQueryFromClient@2609;processInputBuffer@2522;"
#define CALL  QUERY "processCommandAndResetClient@2446;processCommand@3898;call@3443;"

static const struct stack redis[] = {
	{ CALL "setCommand@216;setGenericCommand@82;setKey@280;dbAdd@187;sdsdup@192;sdsnewlen@113",
	  903110, 40412384, 96 },
	{ CALL
	  "setCommand@216;setGenericCommand@82;setKey@280;dbAdd@187;dictAdd@287;dictAddRaw@329",
	  871900, 27900800, 97 },
	{ CALL "setCommand@216;setGenericCommand@82;setKey@280;dbAdd@187;dictAdd@287;dictAddRaw@"
	       "329;dictExpand@210",
	  22, 8388608, 50 },
	{ CALL "setCommand@216;setGenericCommand@82;tryObjectEncoding@611;~"
	       "createEmbeddedStringObject@92",
	  501020, 22044880, 90 },
	{ CALL "lpushCommand@498;pushGenericCommand@470;listTypePush@110;quicklistPush@1641;"
	       "quicklistPushHead@552;lpPrepend@842;lpInsert@771;lp_realloc@88",
	  380331, 18255888, 22 },
	{ CALL "lpushCommand@498;pushGenericCommand@470;listTypePush@110;quicklistPush@1641;"
	       "quicklistPushHead@552;quicklistCreateNode@182",
	  180240, 8651520, 25 },
	{ CALL "lrangeCommand@620;addListRangeReply@590;addReplyBulkCBuffer@1041;_"
	       "addReplyProtoToList@340",
	  12090, 9905664, 0 },
	{ CALL "hsetCommand@620;hashTypeSet@380;hashTypeConvert@512;dictAdd@287;dictAddRaw@329",
	  120300, 3849600, 88 },
	{ CALL "hsetCommand@620;hashTypeSet@380;lpAppend@812;lpInsert@771;lp_realloc@88", 99000,
	  5702400, 71 },
	{ CALL "evalCommand@551;evalGenericCommand@520;luaCallFunction@420;lua_pcall!liblua5.1.so."
	       "0;luaD_call@377!liblua5.1.so.0;luaV_execute@590!liblua5.1.so.0;luaH_resize@342!"
	       "liblua5.1.so.0;luaM_realloc_@79!liblua5.1.so.0",
	  60431, 9213824, 12 },
	{ CALL "evalCommand@551;evalGenericCommand@520;luaCallFunction@420;lua_pcall!liblua5.1.so."
	       "0;luaD_call@377!liblua5.1.so.0;luaV_execute@602!liblua5.1.so.0;luaS_newlstr@50!"
	       "liblua5.1.so.0;luaM_realloc_@79!liblua5.1.so.0",
	  170400, 7088640, 8 },
	{ CALL "evalCommand@551;evalGenericCommand@520;luaCallFunction@420;redisCommand@701;"
	       "createStringObject@64;sdsnewlen@113",
	  44021, 2113008, 1 },
	{ LOOP "connTLSAccept@210;SSL_accept!libssl.so.3;state_machine!libssl.so.3;tls_process_"
	       "client_hello!libssl.so.3;CRYPTO_malloc!libcrypto.so.3",
	  31400, 7536000, 9 },
	{ LOOP "connTLSAccept@210;SSL_accept!libssl.so.3;SSL_new!libssl.so.3;CRYPTO_zalloc!"
	       "libcrypto.so.3",
	  8120, 5196800, 31 },
	{ QUERY
	  "readQueryFromClient@2570;connRead@115;SSL_read!libssl.so.3;CRYPTO_malloc!libcrypto.so.3",
	  2600, 1331200, 4 },
	{ LOOP "processTimeEvents@330;serverCron@1290;databasesCron@1090;dictRehashMilliseconds@"
	       "264;_dictExpand@150",
	  64, 12582912, 100 },
	{ LOOP "processTimeEvents@330;serverCron@1290;clientsCron@940;sdsRemoveFreeSpace@280;"
	       "sdsnewlen@113",
	  15230, 1462080, 60 },
	{ "start_thread!libc.so.6;bioProcessBackgroundJobs@230;lazyfreeFreeObject@18", 5100, 122400,
	  5 },
	{ "main@6990;initServer@2401;getaddrinfo!libc.so.6;_nss_files_parse!libc.so.6", 212, 98304,
	  100 },
	{ "[stack lost: map full]", 1800, 460800, 40 },
};

/* Many small sites, so that there is something to gather. */
static void add_small(struct builder *b, int cnt)
{
	char frames[512];

	for (int i = 0; i < cnt; i++) {
		struct stack stack = { frames, 40 + i, 900 + 31 * i, i % 100 };

		snprintf(frames, sizeof(frames), CALL "genericCommand_%d@%d;objectMake_%d@%d", i,
			 100 + i, i % 9, 20 + i);
		add_stack(b, &stack);
	}
}

static struct profile *make_redis(void)
{
	struct builder b = begin();

	for (size_t i = 0; i < sizeof(redis) / sizeof(redis[0]); i++)
		add_stack(&b, &redis[i]);
	add_small(&b, 60);
	must(profile__add_comment(b.profile, "heaptap: 3,401,022 allocations seen, 0 lost"));
	must(profile__add_comment(b.profile, "stacks: 2,311 distinct, 0 cut short"));
	must(profile__sort(b.profile));
	return b.profile;
}

static struct profile *make_redis_later(void)
{
	static const double scales[] = { 1.0, 1.6, 0, 0.92, 1.03, 0.45, 1, 2.4, 0.7 };
	static const struct stack added = {
		CALL "setCommand@216;setGenericCommand@82;notifyKeyspaceEvent@120;"
		     "moduleNotifyKeyspaceEvent@88;moduleCreateContext@70",
		201000, 14472000, 30
	};
	struct builder b = begin();

	for (size_t i = 0; i < sizeof(redis) / sizeof(redis[0]); i++) {
		b.scale = scales[i % 9];
		if (b.scale > 0)
			add_stack(&b, &redis[i]);
	}
	b.scale = 1;
	add_stack(&b, &added);
	add_small(&b, 50);
	must(profile__sort(b.profile));
	return b.profile;
}

/* a;b 60, a;c 30 (10 of which in a;c;b), d 10: sums that can be done in the head. */
static struct profile *make_small(double scale)
{
	static const struct stack stacks[] = {
		{ "a;b", 6, 600, 50 },
		{ "a;c", 1, 200, 0 },
		{ "a;c;b", 2, 100, 100 },
		{ "d!libd.so.1", 1, 100, 100 },
	};
	struct builder b = begin();

	for (size_t i = 0; i < sizeof(stacks) / sizeof(stacks[0]); i++) {
		if (scale != 1 && i == 3)
			continue;
		b.scale = i ? 1 : scale;
		add_stack(&b, &stacks[i]);
	}
	if (scale != 1) {
		b.scale = 1;
		add_stack(&b, &(struct stack){ "e", 5, 400, 0 });
	}
	return b.profile;
}

static struct profile *make_hostile(void)
{
	static const char *const names[] = {
		"</script><img src=x onerror=\"document.title='owned'\">",
		"<img src=http://127.0.0.1:9/x onerror=alert(1)>",
		"<!--<script>",
		"]]>&lt;&#x41;",
		"\"';alert(1)//",
		"a\xe2\x80\xa8"
		"b",
		"__proto__",
		"constructor",
		"\xe2\x80\xae"
		"txt.exe",
		"\x1b[2J\x07",
		"{{DATA}}",
		"\\u003cscript\\u003e",
		"javascript:alert(1)",
		"$& $1 $`",
		"nul\xc3\x28",
		"",
	};
	struct builder b = begin();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int64_t values[4] = { 1, 100, 1, 100 };
		struct profile_line line = {};
		uint32_t loc, mapping;

		must(profile__add_mapping(b.profile, 0x1000, 0x9000, 0, names[(i + 1) % 16], "", 0,
					  &mapping));
		must(profile__add_function(b.profile, names[i], NULL, names[(i + 2) % 16], 0,
					   &line.function));
		must(profile__add_location(b.profile, mapping, 0x1000 + i, &line, 1, false, &loc));
		must(profile__add_sample(b.profile, &loc, 1, values, NULL, 0, NULL));
		must(profile__add_comment(b.profile, names[i]));
	}
	return b.profile;
}

/* A tree of fan-out 8 with a bit more weight on the left: well over 100,000 frames. */
static struct profile *make_big(void)
{
	struct builder b = begin();
	uint32_t locs[200], mapping = 1, stack[7];
	int64_t values[4];

	for (uint32_t i = 0; i < 200; i++) {
		struct profile_line line = { .line = (int32_t)i };
		char name[64];

		snprintf(name, sizeof(name), "ns::function_%u<std::pair<int, long>>::call", i);
		must(profile__add_function(b.profile, name, NULL, "/src/big.cc", 1,
					   &line.function));
		must(profile__add_location(b.profile, mapping, 0x5000 + i, &line, 1, false,
					   &locs[i]));
	}
	for (uint32_t n = 0; n < 1u << 18; n++) {
		int64_t weight = 1;

		for (uint32_t d = 0; d < 6; d++) {
			uint32_t branch = n >> 3 * (5 - d) & 7;

			stack[5 - d] = locs[(branch * 23 + d * 31) % 200];
			weight = weight * (8 - branch) % 99991 + 1;
		}
		values[0] = 1;
		values[1] = weight;
		values[2] = n & 1;
		values[3] = (n & 1) * weight;
		must(profile__add_sample(b.profile, stack, 6, values, NULL, 0, NULL));
	}
	return b.profile;
}

static struct profile *make_sampled(void)
{
	struct profile *profile = make_small(1);
	struct profile_meta meta = *profile__meta(profile);

	meta.period = 524288;
	profile__set_meta(profile, &meta);
	for (uint32_t i = 0; i < profile__sample_cnt(profile); i++)
		must(profile__add_variances(profile, i, (double[]){ 1, 2500, 1, 2500 }));
	return profile;
}

typedef int (*diff_fn)(const struct profile *before, const struct profile *after,
		       const struct encode_options *options, struct writer *writer);

static void put(const char *dir, const char *name, diff_fn write_diff, const struct profile *before,
		const struct profile *after, const char *title)
{
	struct encode_options options = { .metric = 1, .title = title };
	struct writer *writer __free(writer) = NULL;
	char path[4096];
	int fd __close_fd = -1, err;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
	if (fd < 0)
		die(path, -errno);
	writer = writer__new_fd(fd);
	if (!writer)
		die(path, -ENOMEM);
	err = write_diff(before, after, &options, writer);
	if (!err)
		err = writer__finish(writer);
	if (err)
		die(path, err);
}

int main(int argc, char **argv)
{
	struct profile *redis_before __free(profile) = make_redis();
	struct profile *redis_after __free(profile) = make_redis_later();
	struct profile *small __free(profile) = make_small(1),
			      *more __free(profile) = make_small(2);
	struct profile *hostile __free(profile) = make_hostile(), *big __free(profile) = make_big();
	struct profile *sampled __free(profile) = make_sampled();
	const char *dir = argc == 2 ? argv[1] : ".", *title = "redis-server under redis-benchmark";

	put(dir, "redis.html", flame_diff_html, NULL, redis_before, title);
	put(dir, "redis.svg", flame_diff_svg, NULL, redis_before, title);
	put(dir, "redis-diff.html", flame_diff_html, redis_before, redis_after,
	    "redis-server 7.0.15 → 7.2.4");
	put(dir, "redis-diff.svg", flame_diff_svg, redis_before, redis_after,
	    "redis-server 7.0.15 → 7.2.4");
	put(dir, "small.html", flame_diff_html, NULL, small, NULL);
	put(dir, "diff.html", flame_diff_html, small, more, NULL);
	put(dir, "hostile.html", flame_diff_html, NULL, hostile,
	    "</title><script>document.title='owned'</script>");
	put(dir, "hostile.svg", flame_diff_svg, NULL, hostile, "</title><script>x</script>");
	put(dir, "big.html", flame_diff_html, NULL, big, "big");
	put(dir, "sampled.html", flame_diff_html, NULL, sampled, NULL);
	return 0;
}
