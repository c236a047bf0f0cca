// SPDX-License-Identifier: Apache-2.0
#include "encode/flame_paths.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/hashmap.h"
#include "base/vec.h"

#define NO_PROCESS     UINT32_MAX
#define LINE_MAX_SHOWN ((1 << 29) - 1)

/* One profile: its lines as steps, those of a location together and innermost first. */
struct side {
	const struct profile *profile;
	size_t types[PROFILE_TYPES_MAX]; /* by metric */
	uint32_t *first_step;            /* by location; one more at the end */
	VEC(struct flame_step) steps;
};

/* A stack and how much of it has been walked: locs[0 .. locs_left-1], of the last one steps_left.
 */
struct path {
	const uint32_t *locs;
	uint32_t locs_left;
	uint32_t steps_left;
	uint32_t process; /* frame to come before everything, or NO_PROCESS */
	uint32_t side;
};

struct flame_paths {
	struct flame_frames *frames;
	uint32_t gathered_frame;
	size_t metric_cnt;
	bool is_diff;
	bool by_process;
	struct side sides[2]; /* [0] is before and may be empty */
	VEC(struct path) paths;
	VEC(int64_t) values;
	VEC(double) variances;
};

static bool same_type(const struct profile *a, size_t a_type, const struct profile *b,
		      size_t b_type)
{
	return !strcmp(profile__type_unit(a, a_type), profile__type_unit(b, b_type));
}

static int match_types(struct flame_paths *paths)
{
	const struct profile *before = paths->sides[0].profile, *after = paths->sides[1].profile;
	size_t other = 0;

	for (size_t i = 0; i < profile__type_cnt(after); i++) {
		if (before) {
			if (profile__find_type(before, profile__type_name(after, i), &other) ||
			    !same_type(before, other, after, i))
				continue;
			paths->sides[0].types[paths->metric_cnt] = other;
		}
		paths->sides[1].types[paths->metric_cnt++] = i;
	}
	return paths->metric_cnt ? 0 : FLAME_NO_COMMON_TYPE;
}

static bool has_negative(const struct side *side, size_t metric_cnt)
{
	for (size_t i = 0; i < profile__sample_cnt(side->profile); i++) {
		const int64_t *values = profile__values(side->profile, (uint32_t)i);

		for (size_t m = 0; m < metric_cnt; m++)
			if (values[side->types[m]] < 0)
				return true;
	}
	return false;
}

/* --- locations to frames ------------------------------------------------------------------------
 */

static uint32_t site_of(const struct profile_line *line, bool inlined)
{
	uint32_t number = line->line < 0 ? 0 : (uint32_t)line->line;

	if (number > LINE_MAX_SHOWN)
		number = LINE_MAX_SHOWN;
	return number << FLAME_SITE_LINE_SHIFT | (inlined ? FLAME_SITE_INLINED : 0);
}

/* pprof's convention: the first mapping is the program, unless it is a placeholder. */
static bool is_program(const struct profile *profile, uint32_t mapping)
{
	const char *first = profile__str(profile, profile__mapping(profile, 1)->filename);

	return mapping && first[0] && first[0] != '[' &&
	       !strcmp(first, profile__str(profile, profile__mapping(profile, mapping)->filename));
}

static int add_location(struct flame_paths *paths, struct side *side, uint32_t location)
{
	const struct profile *profile = side->profile;
	uint32_t mapping = profile__location(profile, location)->mapping;
	const char *file = profile__str(profile, profile__mapping(profile, mapping)->filename);
	bool is_main = is_program(profile, mapping);
	size_t line_cnt;
	const struct profile_line *lines = profile__lines(profile, location, &line_cnt);

	for (size_t i = 0; i < line_cnt; i++) {
		const struct profile_function *function =
			profile__function(profile, lines[i].function);
		struct flame_step step = { .site = site_of(&lines[i], i + 1 < line_cnt) };
		int err = flame_frames__add(paths->frames, profile__line_name(profile, &lines[i]),
					    profile__str(profile, function->filename), file,
					    is_main, &step.frame);

		if (!err)
			err = vec__push(&side->steps, step);
		if (err)
			return err;
	}
	return 0;
}

static int add_locations(struct flame_paths *paths, struct side *side)
{
	size_t cnt = profile__location_cnt(side->profile);
	int err;

	side->first_step = calloc(cnt + 2, sizeof(*side->first_step));
	if (!side->first_step)
		return -ENOMEM;
	for (uint32_t location = 1; location <= cnt; location++) {
		side->first_step[location] = (uint32_t)side->steps.cnt;
		err = add_location(paths, side, location);
		if (err)
			return err;
	}
	side->first_step[cnt + 1] = (uint32_t)side->steps.cnt;
	return 0;
}

static uint32_t step_cnt(const struct side *side, uint32_t location)
{
	return side->first_step[location + 1] - side->first_step[location];
}

/* --- samples to paths
 * ------------------------------------------------------------------------------- */

/* The name of the process @sample is from: its comm, or "pid N", or NULL. */
static const char *process_name(const struct profile *profile, uint32_t sample, char room[32])
{
	const struct profile_label *comm = profile__find_label(profile, sample, "comm");
	const struct profile_label *pid;

	if (comm && comm->str)
		return profile__str(profile, comm->str);
	pid = profile__find_label(profile, sample, "pid");
	if (!pid || pid->str)
		return NULL;
	snprintf(room, 32, "pid %lld", (long long)pid->num);
	return room;
}

static bool has_several_processes(const struct profile *profile)
{
	char first_room[32], room[32];
	const char *first = NULL, *name;

	for (size_t i = 0; i < profile__sample_cnt(profile); i++) {
		name = process_name(profile, (uint32_t)i, first ? room : first_room);
		if (first && name && strcmp(first, name) != 0)
			return true;
		if (!first)
			first = name;
	}
	return false;
}

static int add_process(struct flame_paths *paths, const struct profile *profile, uint32_t sample,
		       uint32_t *ret)
{
	char room[32];
	const char *name = paths->by_process ? process_name(profile, sample, room) : NULL;

	*ret = NO_PROCESS;
	return name ? flame_frames__add_special(paths->frames, name, FLAME_SYNTHETIC, ret) : 0;
}

static int add_path(struct flame_paths *paths, uint32_t side_index, uint32_t sample,
		    uint32_t process)
{
	const struct side *side = &paths->sides[side_index];
	size_t loc_cnt, set_cnt = flame_paths__set_cnt(paths), path_cnt = paths->paths.cnt + 1;
	const uint32_t *locs = profile__stack(side->profile, sample, &loc_cnt);
	struct path path = {
		.locs = locs,
		.locs_left = (uint32_t)loc_cnt,
		.steps_left = loc_cnt ? step_cnt(side, locs[loc_cnt - 1]) : 0,
		.process = process,
		.side = side_index,
	};
	int err = vec__reserve(&paths->values, path_cnt * set_cnt);

	if (!err && profile__variances(side->profile, sample) && !paths->is_diff)
		err = vec__reserve(&paths->variances, path_cnt * paths->metric_cnt);
	if (!err)
		err = vec__push(&paths->paths, path);
	if (err)
		return err;
	memset(&paths->values.at[paths->values.cnt], 0, set_cnt * sizeof(int64_t));
	paths->values.cnt += set_cnt;
	if (paths->variances.room) {
		memset(&paths->variances.at[paths->variances.cnt], 0,
		       paths->metric_cnt * sizeof(double));
		paths->variances.cnt += paths->metric_cnt;
	}
	return 0;
}

static void add_values(struct flame_paths *paths, uint32_t side_index, uint32_t sample, size_t path)
{
	const struct side *side = &paths->sides[side_index];
	const int64_t *values = profile__values(side->profile, sample);
	const double *variances = profile__variances(side->profile, sample);
	int64_t *sums = &paths->values.at[path * flame_paths__set_cnt(paths)];

	for (size_t m = 0; m < paths->metric_cnt; m++) {
		int64_t value = values[side->types[m]];
		bool after = side_index == 1;
		int64_t *sum;

		if (value < 0) {
			value = value == INT64_MIN ? INT64_MAX : -value;
			after = !after;
		}
		sum = &sums[m + (paths->is_diff && after ? paths->metric_cnt : 0)];
		if (__builtin_add_overflow(*sum, value, sum))
			*sum = INT64_MAX;
		if (paths->variances.room && variances)
			paths->variances.at[path * paths->metric_cnt + m] +=
				variances[side->types[m]];
	}
}

static int add_samples(struct flame_paths *paths, uint32_t side_index)
{
	const struct profile *profile = paths->sides[side_index].profile;
	struct hashmap *path_of __free(hashmap) = hashmap__new();

	if (!path_of)
		return -ENOMEM;
	for (size_t i = 0; i < profile__sample_cnt(profile); i++) {
		uint32_t sample = (uint32_t)i, process;
		uint64_t *path;
		bool is_new;
		int err = add_process(paths, profile, sample, &process);

		if (err)
			return err;
		path = hashmap__slot(path_of,
				     (uint64_t)process << 32 | profile__stack_id(profile, sample),
				     paths->paths.cnt, &is_new);
		if (!path)
			return -ENOMEM;
		if (is_new) {
			err = add_path(paths, side_index, sample, process);
			if (err)
				return err;
		}
		add_values(paths, side_index, sample, *path);
	}
	return 0;
}

/* --- the object
 * --------------------------------------------------------------------------------------- */

static int fill(struct flame_paths *paths)
{
	const struct profile *before = paths->sides[0].profile;
	int err;

	paths->is_diff = before || has_negative(&paths->sides[1], paths->metric_cnt);
	paths->by_process = has_several_processes(paths->sides[1].profile) ||
			    (before && has_several_processes(before));
	err = flame_frames__add_special(paths->frames, "", FLAME_GATHERED, &paths->gathered_frame);
	/* After comes first: names and paths are shown as the newer profile has them. */
	if (!err)
		err = add_locations(paths, &paths->sides[1]);
	if (!err && before)
		err = add_locations(paths, &paths->sides[0]);
	if (!err && before)
		err = add_samples(paths, 0);
	return err ? err : add_samples(paths, 1);
}

int flame_paths_new(const struct profile *before, const struct profile *after,
		    struct flame_paths **ret)
{
	struct flame_paths *paths __free(flame_paths) = calloc(1, sizeof(*paths));
	int err;

	if (!paths)
		return -ENOMEM;
	paths->sides[0].profile = before;
	paths->sides[1].profile = after;
	paths->frames = flame_frames__new();
	if (!paths->frames)
		return -ENOMEM;
	err = match_types(paths);
	if (!err)
		err = fill(paths);
	if (err)
		return err;
	*ret = TAKE_PTR(paths);
	return 0;
}

void flame_paths__free(struct flame_paths *paths)
{
	if (!paths)
		return;
	for (size_t i = 0; i < 2; i++) {
		free(paths->sides[i].first_step);
		vec__done(&paths->sides[i].steps);
	}
	flame_frames__free(paths->frames);
	vec__done(&paths->paths);
	vec__done(&paths->values);
	vec__done(&paths->variances);
	free(paths);
}

size_t flame_paths__cnt(const struct flame_paths *paths)
{
	return paths->paths.cnt;
}

const struct flame_frames *flame_paths__frames(const struct flame_paths *paths)
{
	return paths->frames;
}

uint32_t flame_paths__gathered_frame(const struct flame_paths *paths)
{
	return paths->gathered_frame;
}

bool flame_paths__peek(const struct flame_paths *paths, size_t index, struct flame_step *ret)
{
	const struct path *path = &paths->paths.at[index];
	const struct side *side = &paths->sides[path->side];

	if (path->process != NO_PROCESS) {
		*ret = (struct flame_step){ .frame = path->process };
		return true;
	}
	if (!path->locs_left)
		return false;
	*ret = side->steps.at[side->first_step[path->locs[path->locs_left - 1]] + path->steps_left -
			      1];
	return true;
}

void flame_paths__advance(struct flame_paths *paths, size_t index)
{
	struct path *path = &paths->paths.at[index];

	if (path->process != NO_PROCESS) {
		path->process = NO_PROCESS;
	} else if (path->locs_left && !--path->steps_left && --path->locs_left) {
		path->steps_left =
			step_cnt(&paths->sides[path->side], path->locs[path->locs_left - 1]);
	}
}

size_t flame_paths__metric_cnt(const struct flame_paths *paths)
{
	return paths->metric_cnt;
}

size_t flame_paths__type_of(const struct flame_paths *paths, size_t metric)
{
	return paths->sides[1].types[metric];
}

bool flame_paths__is_diff(const struct flame_paths *paths)
{
	return paths->is_diff;
}

size_t flame_paths__set_cnt(const struct flame_paths *paths)
{
	return paths->metric_cnt * (paths->is_diff ? 2 : 1);
}

const int64_t *flame_paths__values(const struct flame_paths *paths, size_t path)
{
	return &paths->values.at[path * flame_paths__set_cnt(paths)];
}

const double *flame_paths__variances(const struct flame_paths *paths, size_t path)
{
	return paths->variances.cnt ? &paths->variances.at[path * paths->metric_cnt] : NULL;
}
