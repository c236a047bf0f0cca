// SPDX-License-Identifier: Apache-2.0
#include "encode/flame_frames.h"

#include <string.h>

#include "base/hash.h"
#include "base/hashmap.h"
#include "base/intern.h"
#include "base/vec.h"

struct flame_frames {
	struct intern *strings;
	struct hashmap *by_key;    /* hash of (name, module, file_key) -> first row + 1 */
	struct hashmap *by_module; /* key string -> module */
	VEC(struct flame_frame) rows;
	VEC(struct flame_module) modules;
};

struct flame_frames *flame_frames__new(void)
{
	struct flame_frames *frames __free(flame_frames) = calloc(1, sizeof(*frames));

	if (!frames)
		return NULL;
	frames->strings = intern__new();
	frames->by_key = hashmap__new();
	frames->by_module = hashmap__new();
	/* Module 0 is "": of frames that are no code. */
	if (!frames->strings || !frames->by_key || !frames->by_module ||
	    hashmap__set(frames->by_module, 0, 0) ||
	    vec__push(&frames->modules, (struct flame_module){}))
		return NULL;
	return TAKE_PTR(frames);
}

void flame_frames__free(struct flame_frames *frames)
{
	if (!frames)
		return;
	intern__free(frames->strings);
	hashmap__free(frames->by_key);
	hashmap__free(frames->by_module);
	vec__done(&frames->rows);
	vec__done(&frames->modules);
	free(frames);
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool ends_with(const char *str, const char *suffix)
{
	size_t len = strlen(str), tail = strlen(suffix);

	return len >= tail && !strcmp(str + len - tail, suffix);
}

/* "libssl.so.3" and "libssl.so.1.1" are "libssl", "libc-2.31.so" and "libc.so.6" are "libc". */
static size_t unversioned_len(const char *module)
{
	const char *so = strstr(module, ".so"), *dash;

	if (!so || so == module)
		return strlen(module);
	for (dash = module + 1; dash < so; dash++)
		if (dash[0] == '-' && dash[1] >= '0' && dash[1] <= '9')
			return (size_t)(dash - module);
	return (size_t)(so - module);
}

/* "encoding/json.(*Decoder).Decode" is of "encoding/json". 0 if it is not named like that. */
static size_t go_package_len(const char *name)
{
	const char *p, *slash = name;

	for (p = name; *p && *p != '(' && *p != '['; p++)
		if (*p == '/')
			slash = p;
	p = strchr(slash, '.');
	return p ? (size_t)(p - name) : 0;
}

static enum flame_origin origin_of(const char *name, const char *mapping, bool is_main)
{
	if (!strncmp(mapping, "[kernel", 7) || !strncmp(name, "[k] ", 4))
		return FLAME_ORIGIN_KERNEL;
	return is_main ? FLAME_ORIGIN_MAIN : FLAME_ORIGIN_LIBRARY;
}

static int add_module(struct flame_frames *frames, const char *name, size_t name_len,
		      size_t key_len, enum flame_origin origin, uint32_t *ret)
{
	struct flame_module module = {};
	uint64_t *slot;
	bool is_new;
	int err;

	err = intern__add_n(frames->strings, name, key_len, &module.key);
	if (err)
		return err;
	slot = hashmap__slot(frames->by_module, module.key, frames->modules.cnt, &is_new);
	if (!slot)
		return -ENOMEM;
	*ret = (uint32_t)*slot;
	if (!is_new)
		return 0;
	err = intern__add_n(frames->strings, name, name_len, &module.name);
	module.colour = flame_colour_of_module(intern__str(frames->strings, module.key), origin);
	if (!err)
		err = vec__push(&frames->modules, module);
	if (err)
		hashmap__del(frames->by_module, module.key);
	return err;
}

static int find_module(struct flame_frames *frames, const char *name, const char *file,
		       const char *mapping, bool is_main, uint32_t *ret)
{
	enum flame_origin origin = origin_of(name, mapping, is_main);
	const char *module = last_part(mapping);
	size_t package_len = ends_with(file, ".go") ? go_package_len(name) : 0;

	if (package_len) {
		origin = package_len == 4 && !strncmp(name, "main", 4) ? FLAME_ORIGIN_MAIN
								       : FLAME_ORIGIN_LIBRARY;
		return add_module(frames, name, package_len, package_len, origin, ret);
	}
	if (origin == FLAME_ORIGIN_KERNEL)
		module = "[kernel]";
	return add_module(frames, module, strlen(module), unversioned_len(module), origin, ret);
}

static bool is_synthetic(const char *name)
{
	return name[0] == '[' && ends_with(name, "]");
}

/* Find or append @row; its name, module, file_key and flags are what makes it itself. */
static int add_row(struct flame_frames *frames, struct flame_frame row, uint32_t *ret)
{
	uint64_t hash = hash_combine(hash_combine(row.name, row.module), row.file_key);
	uint64_t *slot = hashmap__slot(frames->by_key, hash, 0, NULL);
	int err;

	if (!slot)
		return -ENOMEM;
	for (uint32_t at = (uint32_t)*slot; at; at = frames->rows.at[at - 1].next_plus_one) {
		const struct flame_frame *old = &frames->rows.at[at - 1];

		if (old->name == row.name && old->module == row.module &&
		    old->file_key == row.file_key && old->flags == row.flags) {
			*ret = at - 1;
			return 0;
		}
	}
	row.next_plus_one = (uint32_t)*slot;
	err = vec__push(&frames->rows, row);
	if (err)
		return err;
	*slot = frames->rows.cnt;
	*ret = (uint32_t)frames->rows.cnt - 1;
	return 0;
}

int flame_frames__add(struct flame_frames *frames, const char *name, const char *file,
		      const char *mapping, bool is_main, uint32_t *ret)
{
	struct flame_frame row = {};
	int err;

	if (is_synthetic(name))
		return flame_frames__add_special(frames, name, FLAME_SYNTHETIC, ret);
	err = find_module(frames, name, file, mapping, is_main, &row.module);
	if (!err)
		err = intern__add(frames->strings, name, &row.name);
	if (!err)
		err = intern__add(frames->strings, file, &row.file);
	if (!err)
		err = intern__add(frames->strings, last_part(file), &row.file_key);
	if (err)
		return err;
	row.colour = flame_colour_of_function(frames->modules.at[row.module].colour, name);
	if (origin_of(name, mapping, false) == FLAME_ORIGIN_KERNEL)
		row.flags = FLAME_KERNEL;
	return add_row(frames, row, ret);
}

int flame_frames__add_special(struct flame_frames *frames, const char *name, uint32_t flags,
			      uint32_t *ret)
{
	struct flame_frame row = { .flags = flags };
	int err = intern__add(frames->strings, name, &row.name);

	return err ? err : add_row(frames, row, ret);
}

size_t flame_frames__cnt(const struct flame_frames *frames)
{
	return frames->rows.cnt;
}

const struct flame_frame *flame_frames__at(const struct flame_frames *frames, uint32_t frame)
{
	return &frames->rows.at[frame];
}

size_t flame_frames__module_cnt(const struct flame_frames *frames)
{
	return frames->modules.cnt;
}

const struct flame_module *flame_frames__module(const struct flame_frames *frames, uint32_t module)
{
	return &frames->modules.at[module];
}

size_t flame_frames__string_cnt(const struct flame_frames *frames)
{
	return intern__cnt(frames->strings);
}

const char *flame_frames__str(const struct flame_frames *frames, uint32_t string)
{
	return intern__str(frames->strings, string);
}

const char *flame_frames__name(const struct flame_frames *frames, uint32_t frame)
{
	return intern__str(frames->strings, frames->rows.at[frame].name);
}
