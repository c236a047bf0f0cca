// SPDX-License-Identifier: Apache-2.0
/*
 * gen_profile SAMPLES LOCATIONS [SEED] > FILE.pb.gz: a heap profile of a big imaginary program,
 * equal for equal arguments. Locations are spread over layers; each calls a few of the next layer,
 * so that stacks share their outer frames as real ones do.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/units.h"
#include "base/writer.h"
#include "encode/encoder.h"
#include "profile/profile.h"

#define LAYERS             40
#define CALLEES            6
#define LINES_PER_FUNCTION 5
#define MODULES            20

struct gen {
	struct profile *profile;
	uint32_t *locations;
	uint32_t layer_cnt; /* locations in each layer */
	uint64_t state;
};

static uint64_t next_random(struct gen *gen)
{
	gen->state = hash_combine(gen->state, 1);
	return gen->state;
}

static int add_location(struct gen *gen, uint32_t index, const uint32_t mappings[MODULES])
{
	uint32_t number = index / LINES_PER_FUNCTION;
	struct profile_line line = { .line = (int32_t)(10 + index % LINES_PER_FUNCTION) };
	char name[128], file[64];
	int err;

	snprintf(name, sizeof(name), "project::module%u::Type%u<std::vector<int>>::method_%u",
		 number % MODULES, number % 997, number);
	snprintf(file, sizeof(file), "/src/project/module%u/file%u.cc", number % MODULES,
		 number % 4001);
	err = profile__add_function(gen->profile, name, NULL, file, 5, &line.function);
	if (err)
		return err;
	return profile__add_location(gen->profile, mappings[number % MODULES],
				     0x400000 + (uint64_t)(number % MODULES) * 0x10000000 +
					     index * 16,
				     &line, 1, false, &gen->locations[index]);
}

static int add_locations(struct gen *gen)
{
	uint32_t mappings[MODULES], i;
	char file[64];
	int err = 0;

	for (i = 0; i < MODULES && !err; i++) {
		uint64_t start = 0x400000 + (uint64_t)i * 0x10000000;

		snprintf(file, sizeof(file), "/usr/lib/libmodule%u.so", i);
		err = profile__add_mapping(gen->profile, start, start + 0x8000000, 0, file, "", 15,
					   &mappings[i]);
	}
	for (i = 0; i < gen->layer_cnt * LAYERS && !err; i++)
		err = add_location(gen, i, mappings);
	return err;
}

static int add_sample(struct gen *gen)
{
	uint32_t stack[LAYERS], depth = 8 + (uint32_t)(next_random(gen) % (LAYERS - 8)), at = 0, i;
	uint64_t objects = 1 + next_random(gen) % 1000, size = (uint64_t)8 << next_random(gen) % 14;
	int64_t values[PROFILE_METRIC_CNT] = {
		(int64_t)objects,
		(int64_t)(objects * size),
		(int64_t)(objects / 4),
		(int64_t)(objects / 4 * size),
	};
	struct profile_label label;
	int err;

	for (i = 0; i < depth; i++) {
		at = (uint32_t)(hash_combine(at, next_random(gen) % CALLEES) % gen->layer_cnt);
		stack[depth - 1 - i] = gen->locations[i * gen->layer_cnt + at];
	}
	err = profile__label_num(gen->profile, "bytes", (int64_t)size, "bytes", &label);
	if (err)
		return err;
	return profile__add_sample(gen->profile, stack, depth, values, &label, 1, NULL);
}

static int generate(uint64_t sample_cnt, uint64_t location_cnt, uint64_t seed)
{
	struct profile *profile __free(profile) = profile__new_heap();
	uint32_t *locations __free_mem = calloc(location_cnt, sizeof(*locations));
	struct gen gen = { profile, locations, (uint32_t)(location_cnt / LAYERS), seed };
	struct writer *writer __free(writer) = writer__new_fd(STDOUT_FILENO);
	struct encode_options options = {};
	int err;

	if (!profile || !locations || !writer)
		return -ENOMEM;
	err = add_locations(&gen);
	while (!err && profile__sample_cnt(profile) < sample_cnt)
		err = add_sample(&gen);
	return err ? err : encoder_write(encoder_by_name("pprof"), profile, &options, writer);
}

int main(int argc, char **argv)
{
	uint64_t samples, locations, seed = 1;
	int err;

	if (argc < 3 || units_parse_u64(argv[1], &samples) ||
	    units_parse_u64(argv[2], &locations) || locations < LAYERS || locations > 1 << 28 ||
	    (argc > 3 && units_parse_u64(argv[3], &seed))) {
		fprintf(stderr, "usage: gen_profile SAMPLES LOCATIONS [SEED] > FILE.pb.gz\n");
		return 2;
	}
	err = generate(samples, locations, seed);
	if (err)
		fprintf(stderr, "gen_profile: %s\n", strerror(-err));
	return err ? 1 : 0;
}
