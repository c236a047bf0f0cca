// SPDX-License-Identifier: Apache-2.0
#include "proc/proc_maps.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fdio.h"

#define MAPS_MAX_BYTES (64u << 20)
#define DELETED        " (deleted)"

/* What is left of the line under the parser's eye. */
struct line {
	const char *pos;
	const char *end;
};

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* A number and the one character behind it. */
static bool take_number(struct line *line, unsigned int base, char behind, uint64_t *ret)
{
	uint64_t value = 0;
	const char *from = line->pos;
	int d;

	for (; line->pos < line->end; line->pos++) {
		d = digit(*line->pos);
		if (d < 0 || d >= (int)base)
			break;
		if (value > (UINT64_MAX - (unsigned int)d) / base)
			return false;
		value = value * base + (unsigned int)d;
	}
	if (line->pos == from)
		return false;
	if (behind) {
		if (line->pos == line->end || *line->pos != behind)
			return false;
		line->pos++;
	}
	*ret = value;
	return true;
}

static bool take_perms(struct line *line, unsigned int *ret)
{
	if (line->end - line->pos < 5 || line->pos[4] != ' ')
		return false;
	*ret = (line->pos[0] == 'r' ? PROC_MAP_READ : 0) |
	       (line->pos[1] == 'w' ? PROC_MAP_WRITE : 0) |
	       (line->pos[2] == 'x' ? PROC_MAP_EXEC : 0) |
	       (line->pos[3] == 's' ? PROC_MAP_SHARED : 0);
	line->pos += 5;
	return true;
}

/* The kernel escapes newlines, and them alone, as \012. */
static bool take_path(struct line *line, char *path, size_t room, bool *ret_deleted)
{
	size_t len = 0, suffix = strlen(DELETED);

	while (line->pos < line->end && *line->pos == ' ')
		line->pos++;
	*ret_deleted = false;
	if ((size_t)(line->end - line->pos) > suffix && *line->pos == '/' &&
	    !memcmp(line->end - suffix, DELETED, suffix)) {
		line->end -= suffix;
		*ret_deleted = true;
	}
	while (line->pos < line->end) {
		if (len + 1 >= room || !*line->pos)
			return false;
		if (line->end - line->pos >= 4 && !memcmp(line->pos, "\\012", 4)) {
			path[len++] = '\n';
			line->pos += 4;
		} else {
			path[len++] = *line->pos++;
		}
	}
	path[len] = '\0';
	return true;
}

static bool parse_line(struct line line, struct proc_maps *maps, struct proc_map *ret)
{
	struct proc_map map = { .path = maps->path };
	uint64_t major, minor;

	if (!take_number(&line, 16, '-', &map.start) || !take_number(&line, 16, ' ', &map.end) ||
	    !take_perms(&line, &map.perms) || !take_number(&line, 16, ' ', &map.offset) ||
	    !take_number(&line, 16, ':', &major) || !take_number(&line, 16, ' ', &minor) ||
	    !take_number(&line, 10, 0, &map.ino))
		return false;
	if (line.pos < line.end && *line.pos != ' ')
		return false;
	if (map.start >= map.end || major >= 1u << 12 || minor >= 1u << 20)
		return false;
	map.dev = (uint32_t)(major << 20 | minor);
	if (!take_path(&line, maps->path, sizeof(maps->path), &map.deleted))
		return false;
	*ret = map;
	return true;
}

void proc_maps__open_text(struct proc_maps *maps, const char *text, size_t len_bytes)
{
	maps->text = NULL;
	maps->pos = text;
	maps->end = text + len_bytes;
	maps->bad_cnt = 0;
}

int proc_maps__open(struct proc_maps *maps, pid_t pid)
{
	char path[32], *text;
	size_t len;
	int err;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	err = fdio_read_file(path, MAPS_MAX_BYTES, &text, &len);
	if (err)
		return err == -ENOENT ? -ESRCH : err;
	proc_maps__open_text(maps, text, len);
	maps->text = text;
	return 0;
}

bool proc_maps__next(struct proc_maps *maps, struct proc_map *ret)
{
	struct line line;

	while (maps->pos < maps->end) {
		line.pos = maps->pos;
		line.end = memchr(line.pos, '\n', (size_t)(maps->end - line.pos));
		if (!line.end)
			line.end = maps->end;
		maps->pos = line.end < maps->end ? line.end + 1 : maps->end;
		if (parse_line(line, maps, ret))
			return true;
		maps->bad_cnt++;
	}
	return false;
}

void proc_maps__done(struct proc_maps *maps)
{
	free(maps->text);
	maps->text = NULL;
	maps->pos = maps->end = NULL;
}
