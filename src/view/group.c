// SPDX-License-Identifier: Apache-2.0
/*
 * Every frame of every stack is visited once, so what happens there must be next to nothing: a
 * table made beforehand says for each location which groups its lines belong to (each once,
 * innermost first), and a stamp per group says whether this sample has met it already.
 */
#include "view/group.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hashmap.h"
#include "base/vec.h"
#include "view/heading.h"
#include "view/value.h"

#define NO_GROUP UINT32_MAX

const char *const view_by_names[] = {
	[VIEW_BY_FUNCTION] = "function", [VIEW_BY_LINE] = "line",       [VIEW_BY_FILE] = "file",
	[VIEW_BY_MODULE] = "module",     [VIEW_BY_PROCESS] = "process", [VIEW_BY_CNT] = NULL,
};

struct group {
	uint32_t name; /* strings of the profile; for processes the comm */
	uint32_t filename;
	uint32_t module;
	int32_t line;   /* for processes the pid */
	uint32_t stamp; /* the last sample that met it, plus 1 */
};

struct groups {
	const struct profile *profile;
	enum view_by by;
	size_t type_cnt;
	VEC(struct group) groups;
	struct hashmap *by_key;
	struct hashmap *functions; /* (name, filename) -> the first function of that kind */
	uint32_t *first;           /* per location: index into members; one more at the end */
	VEC(uint32_t) members;
	int64_t *flat; /* [group][type] */
	int64_t *cum;
	double *variance; /* of flat; NULL if the profile has none */
	int64_t *totals;
};

void groups__free(struct groups *groups)
{
	if (!groups)
		return;
	vec__done(&groups->groups);
	vec__done(&groups->members);
	hashmap__free(groups->by_key);
	hashmap__free(groups->functions);
	free(groups->first);
	free(groups->flat);
	free(groups->cum);
	free(groups->variance);
	free(groups->totals);
	free(groups);
}

static int find_or_add(struct groups *groups, uint64_t key, const struct group *group,
		       uint32_t *ret)
{
	uint64_t *slot = hashmap__slot(groups->by_key, key, NO_GROUP, NULL);

	if (!slot || groups->groups.cnt >= NO_GROUP)
		return -ENOMEM;
	if (*slot == NO_GROUP) {
		if (vec__push(&groups->groups, *group))
			return -ENOMEM;
		*slot = groups->groups.cnt - 1;
	}
	*ret = (uint32_t)*slot;
	return 0;
}

static uint64_t pair(uint32_t high, uint32_t low)
{
	return (uint64_t)high << 32 | low;
}

/* One number for all functions that look the same to people. 0 or -ENOMEM. */
static int same_function(struct groups *groups, uint32_t function, uint32_t *ret)
{
	const struct profile_function *fn = profile__function(groups->profile, function);
	uint64_t *slot =
		hashmap__slot(groups->functions, pair(fn->name, fn->filename), function, NULL);

	if (!slot)
		return -ENOMEM;
	*ret = (uint32_t)*slot;
	return 0;
}

static int group_of_line(struct groups *groups, const struct profile_location *loc,
			 const struct profile_line *line, uint32_t *ret)
{
	const struct profile_function *fn = profile__function(groups->profile, line->function);
	uint32_t module = profile__mapping(groups->profile, loc->mapping)->filename, function;
	struct group group = {};

	switch (groups->by) {
	case VIEW_BY_FUNCTION:
		group.name = fn->name;
		group.filename = fn->filename;
		return find_or_add(groups, fn->name, &group, ret);
	case VIEW_BY_LINE:
		group = (struct group){ .name = fn->name,
					.filename = fn->filename,
					.module = module,
					.line = line->line };
		if (same_function(groups, line->function, &function))
			return -ENOMEM;
		return find_or_add(groups, pair(function, (uint32_t)line->line), &group, ret);
	case VIEW_BY_FILE:
		group.filename = fn->filename;
		group.module = fn->filename ? 0 : module;
		return find_or_add(groups, pair(fn->filename, group.module), &group, ret);
	default:
		group.module = module;
		return find_or_add(groups, module, &group, ret);
	}
}

static int add_location(struct groups *groups, uint32_t location)
{
	const struct profile_location *loc = profile__location(groups->profile, location);
	size_t line_cnt, i, j, begin = groups->members.cnt;
	const struct profile_line *lines = profile__lines(groups->profile, location, &line_cnt);
	uint32_t group;

	groups->first[location] = (uint32_t)begin;
	for (i = 0; i < line_cnt; i++) {
		if (group_of_line(groups, loc, &lines[i], &group))
			return -ENOMEM;
		for (j = begin; j < groups->members.cnt && groups->members.at[j] != group; j++)
			;
		if (j == groups->members.cnt && vec__push(&groups->members, group))
			return -ENOMEM;
	}
	groups->first[location + 1] = (uint32_t)groups->members.cnt;
	return 0;
}

static int add_locations(struct groups *groups)
{
	size_t loc_cnt = profile__location_cnt(groups->profile), i;

	groups->first = calloc(loc_cnt + 2, sizeof(*groups->first));
	if (!groups->first)
		return -ENOMEM;
	for (i = 1; groups->by != VIEW_BY_PROCESS && i <= loc_cnt; i++) {
		if (add_location(groups, (uint32_t)i))
			return -ENOMEM;
	}
	return 0;
}

static int group_of_process(struct groups *groups, uint32_t sample, uint32_t *ret)
{
	const struct profile_label *pid = profile__find_label(groups->profile, sample, "pid");
	const struct profile_label *comm = profile__find_label(groups->profile, sample, "comm");
	struct group group = {
		.name = comm ? comm->str : 0,
		.line = pid && !pid->str ? (int32_t)pid->num : 0,
	};

	return find_or_add(groups, pair((uint32_t)group.line, group.name), &group, ret);
}

static int add_processes(struct groups *groups)
{
	size_t i, sample_cnt = profile__sample_cnt(groups->profile);
	uint32_t group;

	for (i = 0; i < sample_cnt; i++) {
		if (group_of_process(groups, (uint32_t)i, &group))
			return -ENOMEM;
	}
	return 0;
}

static int make_sums(struct groups *groups)
{
	size_t cells = (groups->groups.cnt + 1) * (groups->type_cnt + 1);

	groups->flat = calloc(cells, sizeof(*groups->flat));
	groups->cum = calloc(cells, sizeof(*groups->cum));
	groups->totals = calloc(groups->type_cnt + 1, sizeof(*groups->totals));
	if (!groups->flat || !groups->cum || !groups->totals)
		return -ENOMEM;
	if (profile__sample_cnt(groups->profile) && profile__variances(groups->profile, 0)) {
		groups->variance = calloc(cells, sizeof(*groups->variance));
		if (!groups->variance)
			return -ENOMEM;
	}
	return 0;
}

static void add_values(int64_t *sums, const int64_t *values, size_t cnt, int sign)
{
	size_t i;

	for (i = 0; i < cnt; i++)
		sums[i] = sign > 0 ? value_add(sums[i], values[i]) : value_sub(sums[i], values[i]);
}

static void add_flat(struct groups *groups, uint32_t sample, uint32_t group, const int64_t *values,
		     int sign)
{
	const double *variances;
	size_t i;

	add_values(groups->flat + group * groups->type_cnt, values, groups->type_cnt, sign);
	if (!groups->variance)
		return;
	variances = profile__variances(groups->profile, sample);
	for (i = 0; i < groups->type_cnt; i++)
		groups->variance[group * groups->type_cnt + i] += variances[i];
}

static void add_sample(struct groups *groups, uint32_t sample, int sign)
{
	const int64_t *values = profile__values(groups->profile, sample);
	size_t type_cnt = groups->type_cnt, loc_cnt, i, j;
	const uint32_t *stack = profile__stack(groups->profile, sample, &loc_cnt);
	struct group *all = groups->groups.at;

	add_values(groups->totals, values, type_cnt, sign);
	for (i = 0; i < loc_cnt; i++) {
		for (j = groups->first[stack[i]]; j < groups->first[stack[i] + 1]; j++) {
			uint32_t group = groups->members.at[j];

			if (all[group].stamp == sample + 1)
				continue;
			all[group].stamp = sample + 1;
			add_values(groups->cum + group * type_cnt, values, type_cnt, sign);
		}
	}
	if (loc_cnt)
		add_flat(groups, sample, groups->members.at[groups->first[stack[0]]], values, sign);
}

static int add_process_sample(struct groups *groups, uint32_t sample, int sign)
{
	const int64_t *values = profile__values(groups->profile, sample);
	uint32_t group;

	if (group_of_process(groups, sample, &group))
		return -ENOMEM;
	add_values(groups->totals, values, groups->type_cnt, sign);
	add_values(groups->cum + group * groups->type_cnt, values, groups->type_cnt, sign);
	add_flat(groups, sample, group, values, sign);
	return 0;
}

static bool is_base(const struct profile *profile, uint32_t sample)
{
	const struct profile_label *label = profile__find_label(profile, sample, "pprof::base");

	return label && label->str && !strcmp(profile__str(profile, label->str), "true");
}

static int add_samples(struct groups *groups, enum groups_side side)
{
	size_t i, sample_cnt = profile__sample_cnt(groups->profile);
	int sign = side == GROUPS_BASE ? -1 : 1;

	for (i = 0; i < sample_cnt; i++) {
		uint32_t sample = (uint32_t)i;

		if (side != GROUPS_ALL && is_base(groups->profile, sample) != (side == GROUPS_BASE))
			continue;
		if (groups->by != VIEW_BY_PROCESS)
			add_sample(groups, sample, sign);
		else if (add_process_sample(groups, sample, sign))
			return -ENOMEM;
	}
	return 0;
}

int groups_new(const struct profile *profile, enum view_by by, enum groups_side side,
	       struct groups **ret)
{
	struct groups *groups __free(groups) = calloc(1, sizeof(*groups));

	if (!groups)
		return -ENOMEM;
	groups->profile = profile;
	groups->by = by;
	groups->type_cnt = profile__type_cnt(profile);
	groups->by_key = hashmap__new();
	groups->functions = hashmap__new();
	if (!groups->by_key || !groups->functions || add_locations(groups))
		return -ENOMEM;
	if (by == VIEW_BY_PROCESS && add_processes(groups))
		return -ENOMEM;
	if (make_sums(groups) || add_samples(groups, side))
		return -ENOMEM;
	*ret = TAKE_PTR(groups);
	return 0;
}

size_t groups__cnt(const struct groups *groups)
{
	return groups->groups.cnt;
}

const int64_t *groups__flat(const struct groups *groups, size_t group)
{
	return groups->flat + group * groups->type_cnt;
}

const int64_t *groups__cum(const struct groups *groups, size_t group)
{
	return groups->cum + group * groups->type_cnt;
}

const int64_t *groups__totals(const struct groups *groups)
{
	return groups->totals;
}

double groups__flat_error(const struct groups *groups, size_t group, size_t type)
{
	return groups->variance ? sqrt(groups->variance[group * groups->type_cnt + type]) : 0;
}

int32_t groups__line(const struct groups *groups, size_t group)
{
	return groups->by == VIEW_BY_LINE ? groups->groups.at[group].line : 0;
}

uint32_t groups__function_name(const struct groups *groups, size_t group)
{
	return groups->by <= VIEW_BY_LINE ? groups->groups.at[group].name : 0;
}

uint32_t groups__filename(const struct groups *groups, size_t group)
{
	return groups->by <= VIEW_BY_LINE ? groups->groups.at[group].filename : 0;
}

size_t groups__leaf(const struct groups *groups, uint32_t sample)
{
	size_t cnt;
	const uint32_t *stack = profile__stack(groups->profile, sample, &cnt);

	return cnt && groups->by != VIEW_BY_PROCESS ? groups->members.at[groups->first[stack[0]]]
						    : SIZE_MAX;
}

size_t groups__caller(const struct groups *groups, uint32_t sample)
{
	size_t leaf = groups__leaf(groups, sample), cnt, i, j;
	const uint32_t *stack = profile__stack(groups->profile, sample, &cnt);

	for (i = 0; leaf != SIZE_MAX && i < cnt; i++) {
		for (j = groups->first[stack[i]]; j < groups->first[stack[i] + 1]; j++) {
			if (groups->members.at[j] != leaf)
				return groups->members.at[j];
		}
	}
	return SIZE_MAX;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

/* Samples of a profile of one process need not say whose they are. */
static void write_process(const struct groups *groups, const struct group *group, struct buf *out)
{
	const char *name = profile__str(groups->profile, group->name);
	size_t len_bytes = strlen(name);
	int64_t pid;

	if (!*name && group->line &&
	    (!heading_process(groups->profile, &name, &len_bytes, &pid) || pid != group->line))
		buf__printf(out, "process %" PRId32, group->line);
	else if (group->line)
		buf__printf(out, "%.*s (%" PRId32 ")", (int)len_bytes, name, group->line);
	else
		buf__append_str(out, *name ? name : "[process not recorded]");
}

void groups__name(const struct groups *groups, size_t index, bool brief, struct buf *out)
{
	const struct group *group = &groups->groups.at[index];
	const char *name = profile__str(groups->profile, group->name);
	const char *file = profile__str(groups->profile, group->filename);
	const char *module = profile__str(groups->profile, group->module);

	switch (groups->by) {
	case VIEW_BY_FUNCTION:
		buf__append_str(out, name);
		break;
	case VIEW_BY_LINE:
		file = brief ? base_name(file) : file;
		buf__append_str(out, name);
		if (group->line)
			buf__printf(out, " %s:%" PRId32, *file ? file : "?", group->line);
		else if (*file || *module)
			buf__printf(out, " %s", *file ? file : base_name(module));
		break;
	case VIEW_BY_FILE:
		if (*file)
			buf__append_str(out, file);
		else
			buf__printf(out, "[no line information: %s]",
				    *module ? base_name(module) : "anonymous memory");
		break;
	case VIEW_BY_MODULE:
		buf__append_str(out, *module ? module : "[anonymous memory]");
		break;
	default:
		write_process(groups, group, out);
	}
}

struct rank {
	uint64_t size; /* without the sign: in a difference the biggest change comes first */
	uint64_t other_size;
	uint32_t group;
};

static uint64_t size_of(int64_t value)
{
	return value < 0 ? -(uint64_t)value : (uint64_t)value;
}

static int compare_ranks(const void *a, const void *b)
{
	const struct rank *x = a, *y = b;

	if (x->size != y->size)
		return x->size > y->size ? -1 : 1;
	if (x->other_size != y->other_size)
		return x->other_size > y->other_size ? -1 : 1;
	return x->group < y->group ? -1 : x->group > y->group;
}

static bool has_values(const struct groups *groups, size_t group)
{
	size_t type;

	for (type = 0; type < groups->type_cnt; type++) {
		if (groups__flat(groups, group)[type] || groups__cum(groups, group)[type])
			return true;
	}
	return false;
}

int groups__sorted(const struct groups *groups, size_t type, bool by_cum, uint32_t **ret,
		   size_t *ret_cnt, size_t *ret_all_cnt)
{
	size_t cnt = groups->groups.cnt, used = 0, sized = 0, i;
	struct rank *ranks __free_mem = calloc(cnt + 1, sizeof(*ranks));
	uint32_t *sorted = malloc((cnt + 1) * sizeof(*sorted));

	if (!ranks || !sorted) {
		free(sorted);
		return -ENOMEM;
	}
	for (i = 0; i < cnt; i++) {
		uint64_t flat = size_of(groups__flat(groups, i)[type]);
		uint64_t cum = size_of(groups__cum(groups, i)[type]);

		sized += flat || cum;
		if (has_values(groups, i))
			ranks[used++] = (struct rank){ by_cum ? cum : flat, by_cum ? flat : cum,
						       (uint32_t)i };
	}
	qsort(ranks, used, sizeof(*ranks), compare_ranks);
	for (i = 0; i < used; i++)
		sorted[i] = ranks[i].group;
	*ret = sorted;
	*ret_cnt = sized;
	*ret_all_cnt = used;
	return 0;
}
