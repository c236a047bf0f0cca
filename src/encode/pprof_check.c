// SPDX-License-Identifier: Apache-2.0
#include "encode/pprof_check.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hashmap.h"
#include "base/intern.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "encode/pprof_decode.h"

/* Limits of Pyroscope's distributor, as it comes configured, and of Alloy's delta engine. */
#define PUSH_BYTES_MAX   ((uint64_t)4 << 20)
#define PUSH_SAMPLES_MAX 16000
#define PUSH_LABELS_MAX  100
#define PUSH_FRAMES_MAX  1000
#define DELTA_TYPES_MAX  4

#define RULES(X)                                                                                   \
	X(TYPES, "sample-types", PPROF_ERROR, "no sample type, or more than 16")                   \
	X(VALUE_CNT, "value-count", PPROF_ERROR,                                                   \
	  "a sample must have one value per sample type (pprof refuses the file)")                 \
	X(MAPPING_ID, "mapping-id", PPROF_ERROR,                                                   \
	  "mapping ids must be 1, 2, 3… in order (Parca, Pyroscope refuse)")                       \
	X(LOCATION_ID, "location-id", PPROF_ERROR,                                                 \
	  "location ids must be 1, 2, 3… in order (Parca refuses)")                                \
	X(FUNCTION_ID, "function-id", PPROF_ERROR,                                                 \
	  "function ids must be 1, 2, 3… in order (Parca refuses)")                                \
	X(REFERENCE, "reference", PPROF_ERROR, "a number refers to nothing (all refuse)")          \
	X(STRING_0, "string-0", PPROF_ERROR, "string 0 must be there and empty (pprof refuses)")   \
	X(UTF8, "utf8", PPROF_ERROR, "a string is not valid UTF-8 (Pyroscope refuses)")            \
	X(TYPE_NAME, "type-name", PPROF_ERROR,                                                     \
	  "a sample type's name is empty or has a '-' (Pyroscope refuses)")                        \
	X(LOCATION_LINE, "location-line", PPROF_ERROR,                                             \
	  "a location has no line: gone from flame graphs, and pprof asks the server for symbols") \
	X(LINE_FUNCTION, "line-function", PPROF_ERROR,                                             \
	  "a line has no function, or one without name")                                           \
	X(ADDRESS_0, "address-0", PPROF_ERROR,                                                     \
	  "a location has no address: stacks collide where addresses identify them (Alloy)")       \
	X(EXECUTABLE_INFO, "executable-info", PPROF_ERROR,                                         \
	  "a comment starts with executableInfo=, which Parca parses")                             \
	X(PERIOD_TYPE, "period-type", PPROF_ERROR,                                                 \
	  "no period type (part of the identity of a series in Pyroscope)")                        \
	X(TIME, "time", PPROF_ERROR, "no time (Parca stores the sample in 1970)")                  \
	X(DEFAULT_TYPE, "default-type", PPROF_ERROR, "the default sample type does not exist")     \
	X(TYPE_CNT, "type-count", PPROF_WARNING,                                                   \
	  "more than 4 sample types: Alloy's delta scrape of /allocs is lost")                     \
	X(PERIOD, "period", PPROF_WARNING, "the period is not positive")                           \
	X(NO_MAPPING, "no-mapping", PPROF_WARNING, "no mapping: readers cannot name the program")  \
	X(BUILD_ID, "build-id", PPROF_WARNING, "a build id is not lower-case hex")                 \
	X(ADDRESS_SHARED, "address-shared", PPROF_WARNING,                                         \
	  "locations of one mapping share an address: stacks collide in Alloy")                    \
	X(SAMPLE_EMPTY, "sample-stack", PPROF_WARNING, "a sample has no stack")                    \
	X(SAMPLE_ZERO, "sample-zero", PPROF_WARNING, "a sample has only zeros (merging drops it)") \
	X(SAMPLE_NEGATIVE, "sample-negative", PPROF_WARNING,                                       \
	  "a value is negative: right for a difference, dropped by Pyroscope")                     \
	X(DOC_URL, "doc-url", PPROF_WARNING, "doc_url is not an absolute http URL")                \
	X(PUSH_BYTES, "push-size", PPROF_WARNING,                                                  \
	  "more than 4 MiB uncompressed: Pyroscope refuses a push")                                \
	X(PUSH_SAMPLES, "push-samples", PPROF_WARNING,                                             \
	  "more than 16000 samples: Pyroscope refuses a push")                                     \
	X(PUSH_LABELS, "push-labels", PPROF_WARNING,                                               \
	  "a sample has more than 100 labels: Pyroscope refuses a push")                           \
	X(PUSH_FRAMES, "push-frames", PPROF_WARNING,                                               \
	  "a stack has more than 1000 frames: Pyroscope cuts it")

enum rule {
#define X(name, id, severity, message) RULE_##name,
	RULES(X)
#undef X
		RULE_CNT
};

static const struct pprof_rule rules[RULE_CNT] = {
#define X(name, id, severity, message) { id, severity, message },
	RULES(X)
#undef X
};

struct pprof_report {
	struct pprof_finding findings[RULE_CNT]; /* by rule while checking, packed at the end */
	char firsts[RULE_CNT][48];
	size_t cnt;
};

struct check {
	struct pprof_report *report;
	struct intern *strings;
	VEC(uint32_t) string_ids; /* by the file's number */
	VEC(uint64_t) type_names;
	VEC(uint64_t) function_names;
	VEC(uint64_t) build_ids;
	VEC(uint64_t) comments;
	struct hashmap *addresses;
	uint64_t rows_left;
	uint64_t mapping_cnt, location_cnt, function_cnt, sample_cnt;
	uint64_t mapping_max, location_max, function_max, string_max; /* that anything refers to */
	size_t value_cnt;                                             /* of the first sample */
	struct raw_header header;
	bool has_period_type;
};

static void check__free(struct check *check)
{
	pprof_report__free(check->report);
	intern__free(check->strings);
	hashmap__free(check->addresses);
	vec__done(&check->string_ids);
	vec__done(&check->type_names);
	vec__done(&check->function_names);
	vec__done(&check->build_ids);
	vec__done(&check->comments);
	free(check);
}
DEFINE_CLEANUP(check);

static struct check *check__new(uint64_t rows)
{
	struct check *check __free(check) = calloc(1, sizeof(*check));

	if (!check)
		return NULL;
	check->rows_left = rows;
	check->report = calloc(1, sizeof(*check->report));
	check->strings = intern__new();
	check->addresses = hashmap__new();
	return check->report && check->strings && check->addresses ? TAKE_PTR(check) : NULL;
}

__attribute__((format(printf, 3, 4))) static void found(struct check *check, enum rule rule,
							const char *where, ...)
{
	struct pprof_finding *finding = &check->report->findings[rule];
	va_list args;

	if (finding->cnt++)
		return;
	finding->rule = &rules[rule];
	va_start(args, where);
	vsnprintf(check->report->firsts[rule], sizeof(check->report->firsts[rule]), where, args);
	va_end(args);
}

static uint64_t max(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static void refer_string(struct check *check, uint64_t string)
{
	check->string_max = max(check->string_max, string);
}

/* --- one message at a time; all return 0 or -ENOMEM --- */

static int check_type(struct check *check, const struct raw_type *type)
{
	refer_string(check, type->name);
	refer_string(check, type->unit);
	return vec__push(&check->type_names, type->name);
}

static int check_sample(struct check *check, const struct raw_sample *sample)
{
	uint64_t number = ++check->sample_cnt;
	bool any = false, negative = false;
	size_t i;

	if (number == 1)
		check->value_cnt = sample->value_cnt;
	if (sample->value_cnt != check->value_cnt)
		found(check, RULE_VALUE_CNT, "sample %" PRIu64, number);
	for (i = 0; i < sample->value_cnt; i++) {
		any |= sample->values[i] != 0;
		negative |= sample->values[i] < 0;
	}
	if (!any)
		found(check, RULE_SAMPLE_ZERO, "sample %" PRIu64, number);
	if (negative)
		found(check, RULE_SAMPLE_NEGATIVE, "sample %" PRIu64, number);
	if (!sample->loc_cnt)
		found(check, RULE_SAMPLE_EMPTY, "sample %" PRIu64, number);
	if (sample->loc_cnt > PUSH_FRAMES_MAX)
		found(check, RULE_PUSH_FRAMES, "sample %" PRIu64, number);
	if (sample->label_cnt > PUSH_LABELS_MAX)
		found(check, RULE_PUSH_LABELS, "sample %" PRIu64, number);
	for (i = 0; i < sample->loc_cnt; i++) {
		check->location_max = max(check->location_max, sample->locs[i]);
		if (!sample->locs[i])
			found(check, RULE_REFERENCE, "sample %" PRIu64, number);
	}
	for (i = 0; i < sample->label_cnt; i++) {
		refer_string(check, sample->labels[i].key);
		refer_string(check, sample->labels[i].str);
		refer_string(check, sample->labels[i].unit);
	}
	return 0;
}

static int check_mapping(struct check *check, const struct raw_mapping *mapping)
{
	if (mapping->id != ++check->mapping_cnt)
		found(check, RULE_MAPPING_ID, "mapping %" PRIu64, check->mapping_cnt);
	refer_string(check, mapping->filename);
	refer_string(check, mapping->build_id);
	return vec__push(&check->build_ids, mapping->build_id);
}

static int check_location(struct check *check, const struct raw_location *location)
{
	uint64_t number = ++check->location_cnt;
	bool is_new;
	size_t i;

	if (location->id != number)
		found(check, RULE_LOCATION_ID, "location %" PRIu64, number);
	check->mapping_max = max(check->mapping_max, location->mapping);
	if (!location->address)
		found(check, RULE_ADDRESS_0, "location %" PRIu64, number);
	if (!hashmap__slot(check->addresses, location->address ^ location->mapping << 48, 1,
			   &is_new))
		return -ENOMEM;
	if (!is_new && location->address)
		found(check, RULE_ADDRESS_SHARED, "location %" PRIu64, number);
	if (!location->line_cnt)
		found(check, RULE_LOCATION_LINE, "location %" PRIu64, number);
	for (i = 0; i < location->line_cnt; i++) {
		check->function_max = max(check->function_max, location->lines[i].function);
		if (!location->lines[i].function)
			found(check, RULE_LINE_FUNCTION, "location %" PRIu64, number);
	}
	return 0;
}

static int check_function(struct check *check, const struct raw_function *function)
{
	if (function->id != ++check->function_cnt)
		found(check, RULE_FUNCTION_ID, "function %" PRIu64, check->function_cnt);
	refer_string(check, function->name);
	refer_string(check, function->system_name);
	refer_string(check, function->filename);
	return vec__push(&check->function_names, function->name);
}

static int check_string(struct check *check, const char *str, size_t len)
{
	size_t number = check->string_ids.cnt;
	uint32_t id;
	int err;

	if (!number && len)
		found(check, RULE_STRING_0, "string 0");
	if (utf8_valid_len(str, len) != len)
		found(check, RULE_UTF8, "string %zu", number);
	err = intern__add_n(check->strings, str, len, &id);
	return err ? err : vec__push(&check->string_ids, id);
}

static int check_msg(struct check *check, const struct pprof_msg *msg)
{
	switch (msg->field) {
	case PPROF_SAMPLE_TYPE:
		return check_type(check, &msg->type);
	case PPROF_SAMPLE:
		return check_sample(check, &msg->sample);
	case PPROF_MAPPING:
		return check_mapping(check, &msg->mapping);
	case PPROF_LOCATION:
		return check_location(check, &msg->location);
	case PPROF_FUNCTION:
		return check_function(check, &msg->function);
	case PPROF_STRING:
		return check_string(check, msg->string.data, msg->string.len_bytes);
	case PPROF_COMMENT:
		refer_string(check, msg->number);
		return vec__push(&check->comments, msg->number);
	case PPROF_PERIOD_TYPE:
		check->has_period_type = msg->type.name && msg->type.unit;
		refer_string(check, msg->type.name);
		refer_string(check, msg->type.unit);
		return 0;
	case PPROF_TIME:
		check->header.time_ns = (int64_t)msg->number;
		return 0;
	case PPROF_PERIOD:
		check->header.period = (int64_t)msg->number;
		return 0;
	case PPROF_DEFAULT_TYPE:
		check->header.default_type = msg->number;
		refer_string(check, msg->number);
		return 0;
	case PPROF_DOC_URL:
		check->header.doc_url = msg->number;
		refer_string(check, msg->number);
		return 0;
	case PPROF_DROP_FRAMES:
	case PPROF_KEEP_FRAMES:
		refer_string(check, msg->number);
		return 0;
	case PPROF_DURATION:
	case PPROF_END:
		break;
	}
	return 0;
}

/* --- what can be said only at the end --- */

static const char *text(const struct check *check, uint64_t string)
{
	return string < check->string_ids.cnt
		       ? intern__str(check->strings, check->string_ids.at[string])
		       : "";
}

/* With ids that are out of order a maximum says nothing; that finding is there already. */
static void check_reference(struct check *check, enum rule id_rule, uint64_t highest, uint64_t cnt,
			    const char *what)
{
	if (!check->report->findings[id_rule].cnt && highest > cnt)
		found(check, RULE_REFERENCE, "%s %" PRIu64, what, highest);
}

static void check_references(struct check *check)
{
	check_reference(check, RULE_MAPPING_ID, check->mapping_max, check->mapping_cnt, "mapping");
	check_reference(check, RULE_LOCATION_ID, check->location_max, check->location_cnt,
			"location");
	check_reference(check, RULE_FUNCTION_ID, check->function_max, check->function_cnt,
			"function");
	if (!check->string_ids.cnt)
		found(check, RULE_STRING_0, "no string table");
	else if (check->string_max >= check->string_ids.cnt)
		found(check, RULE_REFERENCE, "string %" PRIu64, check->string_max);
}

static void check_types(struct check *check)
{
	const char *default_type = text(check, check->header.default_type), *name;
	bool has_default = !*default_type;
	size_t cnt = check->type_names.cnt, i;

	if (!cnt || cnt > PROFILE_TYPES_MAX)
		found(check, RULE_TYPES, "%zu types", cnt);
	if (cnt > DELTA_TYPES_MAX)
		found(check, RULE_TYPE_CNT, "%zu types", cnt);
	if (check->sample_cnt && check->value_cnt != cnt)
		found(check, RULE_VALUE_CNT, "sample 1");
	for (i = 0; i < cnt; i++) {
		name = text(check, check->type_names.at[i]);
		if (!*name || strchr(name, '-'))
			found(check, RULE_TYPE_NAME, "sample type %zu", i);
		has_default |= !strcmp(name, default_type);
	}
	if (!has_default)
		found(check, RULE_DEFAULT_TYPE, "default_sample_type");
}

static void check_texts(struct check *check)
{
	const char *url = text(check, check->header.doc_url), *build_id;
	size_t i;

	for (i = 0; i < check->function_names.cnt; i++)
		if (!*text(check, check->function_names.at[i]))
			found(check, RULE_LINE_FUNCTION, "function %zu", i + 1);
	for (i = 0; i < check->build_ids.cnt; i++) {
		build_id = text(check, check->build_ids.at[i]);
		if (build_id[strspn(build_id, "0123456789abcdef")])
			found(check, RULE_BUILD_ID, "mapping %zu", i + 1);
	}
	for (i = 0; i < check->comments.cnt; i++)
		if (!strncmp(text(check, check->comments.at[i]), "executableInfo=", 15))
			found(check, RULE_EXECUTABLE_INFO, "comment %zu", i + 1);
	if (*url && strncmp(url, "https://", 8) && strncmp(url, "http://", 7))
		found(check, RULE_DOC_URL, "doc_url");
}

static void check_header(struct check *check, uint64_t bytes)
{
	if (!check->header.time_ns)
		found(check, RULE_TIME, "time_nanos");
	if (!check->has_period_type)
		found(check, RULE_PERIOD_TYPE, "period_type");
	if (check->header.period <= 0)
		found(check, RULE_PERIOD, "period %" PRId64, check->header.period);
	if (!check->mapping_cnt)
		found(check, RULE_NO_MAPPING, "mapping");
	if (bytes > PUSH_BYTES_MAX)
		found(check, RULE_PUSH_BYTES, "%" PRIu64 " bytes", bytes);
	if (check->sample_cnt > PUSH_SAMPLES_MAX)
		found(check, RULE_PUSH_SAMPLES, "%" PRIu64 " samples", check->sample_cnt);
}

/* Leave only the rules that are broken. */
static void pack_findings(struct pprof_report *report)
{
	size_t i;

	for (i = 0; i < RULE_CNT; i++) {
		if (!report->findings[i].cnt)
			continue;
		report->findings[report->cnt] = report->findings[i];
		report->findings[report->cnt++].first = report->firsts[i];
	}
}

static int check_all(struct pprof_decode *decode, struct check *check)
{
	struct pprof_msg msg;
	int err;

	for (;;) {
		err = pprof_decode__next(decode, &msg);
		if (err)
			return err;
		if (msg.field == PPROF_END)
			break;
		if (!check->rows_left--)
			return PPROF_TOO_BIG;
		err = check_msg(check, &msg);
		if (err)
			return err;
	}
	if (!pprof_decode__bytes(decode))
		return PPROF_EMPTY;
	if (!check->type_names.cnt && !pprof_decode__is_gzip(decode))
		return PPROF_NOT_PPROF;
	check_references(check);
	check_types(check);
	check_texts(check);
	check_header(check, pprof_decode__bytes(decode));
	return 0;
}

/* Takes over @in. */
static int check_stream(struct inflate *in, const struct pprof_limits *limits,
			struct pprof_report **ret)
{
	struct pprof_decode *decode __free(pprof_decode) = in ? pprof_decode__new(in) : NULL;
	struct check *check __free(check) = check__new(limits->rows);
	int err;

	if (!decode || !check)
		return -ENOMEM;
	err = check_all(decode, check);
	if (err > 0 && !check->type_names.cnt && err != PPROF_EMPTY && err != PPROF_LEGACY_TEXT &&
	    !pprof_decode__is_gzip(decode))
		return PPROF_NOT_PPROF;
	if (err)
		return err;
	pack_findings(check->report);
	*ret = TAKE_PTR(check->report);
	return 0;
}

int pprof_check_fd(int fd, const struct pprof_limits *limits, struct pprof_report **ret)
{
	if (!limits)
		limits = &pprof_limits_default;
	return check_stream(inflate__new_fd(fd, limits->inflated_bytes), limits, ret);
}

int pprof_check_mem(const void *data, size_t len_bytes, const struct pprof_limits *limits,
		    struct pprof_report **ret)
{
	if (!limits)
		limits = &pprof_limits_default;
	return check_stream(inflate__new_mem(data, len_bytes, limits->inflated_bytes), limits, ret);
}

void pprof_report__free(struct pprof_report *report)
{
	free(report);
}

size_t pprof_report__cnt(const struct pprof_report *report)
{
	return report->cnt;
}

const struct pprof_finding *pprof_report__at(const struct pprof_report *report, size_t index)
{
	return &report->findings[index];
}

size_t pprof_report__severity_cnt(const struct pprof_report *report, enum pprof_severity severity)
{
	size_t cnt = 0, i;

	for (i = 0; i < report->cnt; i++)
		cnt += report->findings[i].rule->severity == severity;
	return cnt;
}
