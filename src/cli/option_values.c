// SPDX-License-Identifier: Apache-2.0
/* Option values: one row per type, from text to the typed field. */
#include "cli/option_values.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "base/vec.h"
#include "cli/options.h"
#include "encode/encoder.h"

static int word_index(const char *const *words, const char *text)
{
	int i;

	for (i = 0; words && words[i]; i++) {
		if (!strcmp(words[i], text))
			return i;
	}
	return -ENOENT;
}

static int set_flag(const struct option_def *def, const char *text, void *field)
{
	*(bool *)field = true;
	return 0;
}

static int set_string(const struct option_def *def, const char *text, void *field)
{
	if (!*text)
		return -EINVAL;
	*(const char **)field = text;
	return 0;
}

static int set_enum(const struct option_def *def, const char *text, void *field)
{
	int i = word_index(def->values, text);

	if (i < 0)
		return -EINVAL;
	*(int *)field = i;
	return 0;
}

static int set_u64(const struct option_def *def, const char *text, void *field)
{
	return units_parse_u64(text, field);
}

static int set_bytes(const struct option_def *def, const char *text, void *field)
{
	int i = word_index(def->values, text);

	if (i < 0)
		return units_parse_bytes(text, field);
	*(uint64_t *)field = (uint64_t)i;
	return 0;
}

static int set_duration(const struct option_def *def, const char *text, void *field)
{
	uint64_t ns;
	int err = units_parse_duration(text, &ns);

	if (err || !ns)
		return err ? err : -EINVAL;
	*(uint64_t *)field = ns;
	return 0;
}

static int set_percent(const struct option_def *def, const char *text, void *field)
{
	size_t len = strspn(text, "0123456789.");
	double pct;
	char *end;

	pct = strtod(text, &end);
	if (!len || end != text + len || (*end && strcmp(end, "%")) || !isfinite(pct) || pct <= 0)
		return -EINVAL;
	*(double *)field = pct;
	return 0;
}

/* Who is named twice is one. */
static int add_pid(struct pid_list *pids, pid_t pid)
{
	size_t i;

	for (i = 0; i < pids->cnt; i++) {
		if (pids->at[i] == pid)
			return 0;
	}
	return vec__push(pids, pid);
}

static int set_pids(const struct option_def *def, const char *text, void *field)
{
	struct pid_list *pids = field;
	char word[16];
	uint64_t pid;
	size_t len;

	for (;; text += len + 1) {
		len = strcspn(text, ",");
		if (!len || len >= sizeof(word))
			return -EINVAL;
		memcpy(word, text, len);
		word[len] = '\0';
		if (units_parse_u64(word, &pid) || !pid || pid > INT_MAX)
			return -EINVAL;
		if (add_pid(pids, (pid_t)pid))
			return -ENOMEM;
		if (!text[len])
			return 0;
	}
}

static int set_list(const struct option_def *def, const char *text, void *field)
{
	struct text_list *list = field;

	return *text ? vec__push(list, text) : -EINVAL;
}

static const struct {
	const char *expects;
	int (*set)(const struct option_def *def, const char *text, void *field);
} types[] = {
	[OPT_FLAG] = { "nothing", set_flag },
	[OPT_STRING] = { "a text", set_string },
	[OPT_FILE] = { "a path", set_string },
	[OPT_DIR] = { "a directory", set_string },
	[OPT_FORMAT] = { "the name of a format", set_string },
	[OPT_ENUM] = { "one of", set_enum },
	[OPT_U64] = { "a whole number", set_u64 },
	[OPT_BYTES] = { "a size: bytes, or with a unit as in 512K, 1M", set_bytes },
	[OPT_DURATION] = { "a time above zero: seconds, or with a unit as in 30s, 5m, 1h",
			   set_duration },
	[OPT_PERCENT] = { "a percentage above 0", set_percent },
	[OPT_PIDS] = { "process ids, separated by commas", set_pids },
	[OPT_LIST] = { "a text that is not empty", set_list },
};
_Static_assert(sizeof(types) / sizeof(types[0]) == OPT_TYPE_CNT, "a row per option type");

int option_value_set(const struct option_def *def, const char *text, struct options *opts)
{
	return types[def->type].set(def, text, (char *)opts + def->offset);
}

size_t option_value_words(const struct option_def *def, const char *ret[static OPTION_WORDS_MAX])
{
	size_t cnt = 0;

	if (def->type == OPT_FORMAT) {
		for (; cnt < OPTION_WORDS_MAX && encoders[cnt].name; cnt++)
			ret[cnt] = encoders[cnt].name;
		return cnt;
	}
	for (; def->values && cnt < OPTION_WORDS_MAX && def->values[cnt]; cnt++)
		ret[cnt] = def->values[cnt];
	return cnt;
}

void option_value_expects(const struct option_def *def, struct buf *out)
{
	size_t i;

	buf__append_str(out, types[def->type].expects);
	if (def->type != OPT_ENUM && def->type != OPT_BYTES)
		return;
	for (i = 0; def->values && def->values[i]; i++)
		buf__printf(out, "%s%s", def->type == OPT_ENUM && !i ? " " : ", ", def->values[i]);
}
