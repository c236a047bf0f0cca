// SPDX-License-Identifier: Apache-2.0
#include "symbolize/perf_map.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/vec.h"
#include "symbolize/ranges.h"

struct entry {
	uint32_t name_off, name_len;
};

struct perf_map {
	char *text;
	VEC(struct entry) entries;
	struct ranges ranges; /* id: index in entries, so the later line wins */
};

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A hex number and the blanks behind it. False if there is none or it has more than 64 bits. */
static bool parse_hex(const char **pos, const char *end, uint64_t *ret)
{
	const char *p = *pos;
	uint64_t value = 0;
	int digit;

	if (end - p > 2 && p[0] == '0' && (p[1] == 'x' || p[1] == 'X'))
		p += 2;
	if (p == end || hex_digit(*p) < 0)
		return false;
	for (; p < end && (digit = hex_digit(*p)) >= 0; p++) {
		if (value >> 60)
			return false;
		value = value << 4 | (uint64_t)digit;
	}
	if (p == end || *p != ' ')
		return false;
	while (p < end && *p == ' ')
		p++;
	*pos = p;
	*ret = value;
	return true;
}

static int parse_line(struct perf_map *map, const char *line, const char *end)
{
	uint64_t start, size;
	struct entry entry;
	int err;

	if (!parse_hex(&line, end, &start) || !parse_hex(&line, end, &size))
		return 0;
	if (end > line && end[-1] == '\r')
		end--;
	if (line == end || !size || size > UINT64_MAX - start)
		return 0;
	entry.name_off = (uint32_t)(line - map->text);
	entry.name_len = (uint32_t)(end - line);
	err = vec__push(&map->entries, entry);
	if (err)
		return err;
	return ranges_add(&map->ranges, start, start + size, (uint32_t)(map->entries.cnt - 1));
}

int perf_map__parse(char *text, size_t len_bytes, struct perf_map **ret)
{
	struct perf_map *map __free(perf_map) = calloc(1, sizeof(*map));
	const char *line = text, *end = text + (len_bytes < UINT32_MAX ? len_bytes : UINT32_MAX);
	const char *newline;
	int err = 0;

	if (!map)
		return -ENOMEM;
	map->text = text;
	while (!err && line < end && map->entries.cnt < PERF_MAP_MAX_ENTRIES) {
		newline = memchr(line, '\n', (size_t)(end - line));
		if (!newline)
			break; /* still being written */
		err = parse_line(map, line, newline);
		line = newline + 1;
	}
	if (!err)
		err = ranges_seal(&map->ranges);
	if (err) {
		map->text = NULL;
		return err;
	}
	*ret = TAKE_PTR(map);
	return 0;
}

void perf_map__free(struct perf_map *map)
{
	if (!map)
		return;
	free(map->text);
	vec__done(&map->entries);
	ranges_done(&map->ranges);
	free(map);
}

const char *perf_map__find(const struct perf_map *map, uint64_t addr, size_t *ret_len_bytes)
{
	uint32_t id = ranges_find(&map->ranges, addr);

	if (id == RANGES_NONE)
		return NULL;
	*ret_len_bytes = map->entries.at[id].name_len;
	return map->text + map->entries.at[id].name_off;
}

size_t perf_map__entry_cnt(const struct perf_map *map)
{
	return map->entries.cnt;
}
