// SPDX-License-Identifier: Apache-2.0
#include "target/loader_lists.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "target/loader_list.h"

#define KEY_MAX_BYTES (64u << 10)

/* Nobody can set the time of its last change. */
static void add_file(struct buf *key, const char *path)
{
	struct stat st = {};

	if (stat(path, &st))
		st = (struct stat){};
	buf__printf(key, "%s %ju:%ju %o %u %jd %jd.%09ld\n", path, (uintmax_t)st.st_dev,
		    (uintmax_t)st.st_ino, st.st_mode, st.st_uid, (intmax_t)st.st_size,
		    (intmax_t)st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
}

static void add_environment(struct buf *key, const char *const envp[])
{
	static const char *const heard[] = { "LD_PRELOAD=", "LD_LIBRARY_PATH=", "GLIBC_TUNABLES=" };
	size_t i, j;

	for (i = 0; envp[i]; i++) {
		for (j = 0; j < sizeof(heard) / sizeof(heard[0]); j++) {
			if (!strncmp(envp[i], heard[j], strlen(heard[j])))
				buf__printf(key, "%s\n", envp[i]);
		}
	}
}

static char *key_of(const char *loader, const char *exe, const char *const envp[], size_t *ret_len)
{
	struct buf *key __free(buf) = buf__new(KEY_MAX_BYTES);

	if (!key)
		return NULL;
	add_file(key, loader);
	add_file(key, exe);
	add_file(key, "/etc/ld.so.cache");
	add_file(key, "/etc/ld.so.preload");
	add_environment(key, envp);
	return buf__error(key) ? NULL : buf__take(key, ret_len);
}

static const char *find(const struct loader_lists *lists, const char *key, size_t len)
{
	size_t i;

	for (i = 0; i < LOADER_LISTS_MAX && lists->all[i].key; i++) {
		if (lists->all[i].key_len == len && !memcmp(lists->all[i].key, key, len))
			return lists->all[i].text;
	}
	return NULL;
}

static void entry__done(struct loader_lists_entry *entry)
{
	free(entry->key);
	free(entry->text);
	*entry = (struct loader_lists_entry){};
}

int loader_lists__get(struct loader_lists *lists, const char *loader, const char *exe,
		      const char *const envp[], char **ret)
{
	size_t len = 0;
	char *key __free_mem = key_of(loader, exe, envp, &len);
	const char *known = key ? find(lists, key, len) : NULL;
	struct loader_lists_entry *entry = &lists->all[lists->next];
	char *text;
	int err;

	if (known) {
		*ret = strdup(known);
		return *ret ? 0 : -ENOMEM;
	}
	err = loader_list(loader, exe, envp, ret);
	/* One that is not kept is only asked for again. */
	text = err || !key ? NULL : strdup(*ret);
	if (!text)
		return err;
	entry__done(entry);
	*entry = (struct loader_lists_entry){ TAKE_PTR(key), len, text };
	lists->next = (lists->next + 1) % LOADER_LISTS_MAX;
	return 0;
}

void loader_lists__done(struct loader_lists *lists)
{
	size_t i;

	for (i = 0; i < LOADER_LISTS_MAX; i++)
		entry__done(&lists->all[i]);
}
