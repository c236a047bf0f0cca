// SPDX-License-Identifier: Apache-2.0
/*
 * The functions that allocate most, all metrics side by side: what `record` prints at its end. flat
 * is what a function allocated itself, cum what it and all it called did; a function that is on a
 * stack twice counts once there.
 */
#include "encode/encoder.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "base/vec.h"
#include "encode/text_escape.h"

#define DEFAULT_ROWS  30
#define NUMBER_WIDTH  9
#define PERCENT_WIDTH 6
#define ERROR_WIDTH   7    /* only in sampled profiles */
#define ERROR_SHOWN   0.05 /* standard errors below this share are left out */

struct site {
	uint32_t name;        /* string */
	uint32_t last_sample; /* + 1: which sample has been added to cum already */
	int64_t flat[PROFILE_TYPES_MAX];
	int64_t cum[PROFILE_TYPES_MAX];
	double variances[PROFILE_TYPES_MAX]; /* of flat */
};

struct sites {
	const struct profile *profile;
	bool variances;    /* the profile has them */
	uint32_t *by_name; /* site + 1 */
	VEC(struct site) all;
	int64_t totals[PROFILE_TYPES_MAX];
};

static void sites__free(struct sites *sites)
{
	free(sites->by_name);
	vec__done(&sites->all);
	free(sites);
}
DEFINE_CLEANUP(sites);

static int64_t add(int64_t a, int64_t b)
{
	int64_t sum;

	if (!__builtin_add_overflow(a, b, &sum))
		return sum;
	return a < 0 ? INT64_MIN : INT64_MAX;
}

static struct site *find_site(struct sites *sites, const struct profile_line *line)
{
	uint32_t name = profile__function(sites->profile, line->function)->name;

	if (!sites->by_name[name]) {
		if (vec__push(&sites->all, (struct site){ .name = name }))
			return NULL;
		sites->by_name[name] = (uint32_t)sites->all.cnt;
	}
	return &sites->all.at[sites->by_name[name] - 1];
}

static bool all_zero(const struct profile *profile, uint32_t sample)
{
	const int64_t *values = profile__values(profile, sample);
	size_t i;

	for (i = 0; i < profile__type_cnt(profile); i++)
		if (values[i])
			return false;
	return true;
}

static int add_sample(struct sites *sites, uint32_t sample)
{
	size_t type_cnt = profile__type_cnt(sites->profile), loc_cnt, line_cnt, i, j, k;
	const int64_t *values = profile__values(sites->profile, sample);
	const double *variances = profile__variances(sites->profile, sample);
	const uint32_t *locs = profile__stack(sites->profile, sample, &loc_cnt);
	const struct profile_line *lines;
	struct site *site;

	for (i = 0; i < loc_cnt; i++) {
		lines = profile__lines(sites->profile, locs[i], &line_cnt);
		for (j = 0; j < line_cnt; j++) {
			site = find_site(sites, &lines[j]);
			if (!site)
				return -ENOMEM;
			for (k = 0; !i && !j && k < type_cnt; k++) {
				site->flat[k] = add(site->flat[k], values[k]);
				if (variances)
					site->variances[k] += variances[k];
			}
			if (site->last_sample == sample + 1)
				continue;
			site->last_sample = sample + 1;
			for (k = 0; k < type_cnt; k++)
				site->cum[k] = add(site->cum[k], values[k]);
		}
	}
	return 0;
}

struct order {
	const struct sites *sites;
	size_t metric;
};

static int compare_sites(const void *a, const void *b, void *ctx)
{
	const struct order *order = ctx;
	const struct site *x = a, *y = b;
	size_t m = order->metric;

	if (x->flat[m] != y->flat[m])
		return x->flat[m] > y->flat[m] ? -1 : 1;
	if (x->cum[m] != y->cum[m])
		return x->cum[m] > y->cum[m] ? -1 : 1;
	return strcmp(profile__str(order->sites->profile, x->name),
		      profile__str(order->sites->profile, y->name));
}

static const char *format(const struct sites *sites, size_t metric, int64_t value,
			  char out[static 16])
{
	if (!strcmp(profile__type_unit(sites->profile, metric), "bytes"))
		return units_format_bytes(value, out);
	return units_format_cnt(value, out);
}

static void write_totals(const struct sites *sites, struct writer *writer)
{
	char number[16];
	size_t i;

	writer__str(writer, "total: ");
	for (i = 0; i < profile__type_cnt(sites->profile); i++) {
		writer__str(writer, i ? ", " : "");
		escape_line(writer, profile__type_name(sites->profile, i), "");
		writer__printf(writer, " %s", format(sites, i, sites->totals[i], number));
	}
	writer__str(writer, "\n\n");
}

static void write_head(const struct sites *sites, size_t metric, struct writer *writer)
{
	const int width = 2 * NUMBER_WIDTH + PERCENT_WIDTH + 2;
	size_t cnt = profile__type_cnt(sites->profile), i;
	const char *name;
	int pad;

	for (i = 0; i < cnt; i++) {
		name = profile__type_name(sites->profile, i);
		pad = width - (int)strlen(name) - (i == metric ? 2 : 0);
		if (sites->variances)
			pad += ERROR_WIDTH;
		writer__printf(writer, "%*s", pad > 1 ? pad : 1, "");
		escape_line(writer, name, "");
		writer__str(writer, i == metric ? " v" : "");
	}
	writer__char(writer, '\n');
	for (i = 0; i < cnt; i++)
		writer__printf(writer, "%*s%s%*s%*s", NUMBER_WIDTH + 1, "flat",
			       sites->variances ? "      ±" : "", PERCENT_WIDTH, "%",
			       NUMBER_WIDTH + 1, "cum");
	writer__str(writer, "  function\n");
}

/* The standard error of @site's own value, where it is more than a reader would take for granted. */
static const char *format_error(const struct sites *sites, const struct site *site, size_t metric,
				char out[static 16])
{
	double error = sites->variances ? sqrt(site->variances[metric]) : 0;

	out[0] = '\0';
	if (site->flat[metric] > 0 && error > ERROR_SHOWN * (double)site->flat[metric])
		snprintf(out, 16, "±%.0f%%", fmin(100 * error / (double)site->flat[metric], 999));
	return out;
}

static void write_site(const struct sites *sites, const struct site *site, struct writer *writer)
{
	char flat[16], cum[16], error[16];
	double percent;
	size_t i;

	for (i = 0; i < profile__type_cnt(sites->profile); i++) {
		percent = sites->totals[i]
				  ? 100.0 * (double)site->flat[i] / (double)sites->totals[i]
				  : 0;
		writer__printf(writer, "%*s", NUMBER_WIDTH + 1,
			       format(sites, i, site->flat[i], flat));
		if (sites->variances) {
			format_error(sites, site, i, error);
			/* The sign is one column and two bytes. */
			writer__printf(writer, "%*s", ERROR_WIDTH + !!error[0], error);
		}
		writer__printf(writer, "%*.1f%*s", PERCENT_WIDTH, percent, NUMBER_WIDTH + 1,
			       format(sites, i, site->cum[i], cum));
	}
	writer__str(writer, "  ");
	escape_line(writer, profile__str(sites->profile, site->name), "");
	writer__char(writer, '\n');
}

static int collect_sites(const struct profile *profile, struct sites *sites)
{
	size_t i;
	int err = 0;

	sites->profile = profile;
	sites->variances = profile__sample_cnt(profile) && profile__variances(profile, 0);
	sites->by_name = calloc(profile__string_cnt(profile), sizeof(*sites->by_name));
	if (!sites->by_name)
		return -ENOMEM;
	profile__totals(profile, sites->totals);
	for (i = 0; !err && i < profile__sample_cnt(profile); i++)
		if (!all_zero(profile, (uint32_t)i))
			err = add_sample(sites, (uint32_t)i);
	return err;
}

int encode_text(const struct profile *profile, const struct encode_options *options,
		struct writer *writer)
{
	struct sites *sites __free(sites) = calloc(1, sizeof(*sites));
	struct order order = { sites, options->metric };
	size_t rows = options->row_cnt ? options->row_cnt : DEFAULT_ROWS, i;
	int err = sites ? collect_sites(profile, sites) : -ENOMEM;

	if (err)
		return err;
	if (sites->all.cnt)
		qsort_r(sites->all.at, sites->all.cnt, sizeof(struct site), compare_sites, &order);
	if (options->title) {
		escape_line(writer, options->title, "");
		writer__char(writer, '\n');
	}
	write_totals(sites, writer);
	write_head(sites, options->metric, writer);
	for (i = 0; i < sites->all.cnt && i < rows; i++)
		write_site(sites, &sites->all.at[i], writer);
	if (i < sites->all.cnt)
		writer__printf(writer, "… and %zu more functions\n", sites->all.cnt - i);
	return writer__error(writer);
}
