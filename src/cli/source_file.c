// SPDX-License-Identifier: Apache-2.0
#include "cli/source_file.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fdio.h"

#define SOURCE_MAX_BYTES ((size_t)64 << 20)
#define NS_PER_SEC       1000000000LL

static int read_source(const char *path, char **ret, size_t *ret_len_bytes, int64_t *ret_mtime_ns)
{
	struct stat st;

	if (stat(path, &st))
		return -errno;
	/* The name is the profile's choice, and merely opening a device can have effects. */
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	*ret_mtime_ns = st.st_mtim.tv_sec * NS_PER_SEC + st.st_mtim.tv_nsec;
	return fdio_read_file(path, SOURCE_MAX_BYTES, ret, ret_len_bytes);
}

/* The first of the ':'-separated words of *@list, which moves on; 0 at the end. */
static size_t next_word(const char **list, const char **ret)
{
	size_t len;

	*list += strspn(*list, ":");
	len = strcspn(*list, ":");
	*ret = *list;
	*list += len;
	return len;
}

static const char *trimmed(const char *trim, const char *filename)
{
	const char *prefix;
	size_t len;

	while (trim && (len = next_word(&trim, &prefix))) {
		if (!strncmp(filename, prefix, len))
			return filename + len;
	}
	return filename;
}

static int search_below(const char *dir, size_t dir_len, const char *filename, char **ret,
			size_t *ret_len_bytes, int64_t *ret_mtime_ns)
{
	char path[PATH_MAX];
	const char *rest = filename;

	while (rest) {
		rest += strspn(rest, "/");
		if (*rest &&
		    snprintf(path, sizeof(path), "%.*s/%s", (int)dir_len, dir, rest) <
			    (int)sizeof(path) &&
		    !read_source(path, ret, ret_len_bytes, ret_mtime_ns))
			return 0;
		rest = strchr(rest, '/');
	}
	return -ENOENT;
}

int source_file_read(const struct source_paths *paths, const char *filename, char **ret,
		     size_t *ret_len_bytes, int64_t *ret_mtime_ns)
{
	const char *search = paths->search ? paths->search : ".", *dir;
	size_t len;

	filename = trimmed(paths->trim, filename);
	if (filename[0] == '/' && !read_source(filename, ret, ret_len_bytes, ret_mtime_ns))
		return 0;
	while ((len = next_word(&search, &dir))) {
		if (!search_below(dir, len, filename, ret, ret_len_bytes, ret_mtime_ns))
			return 0;
	}
	return -ENOENT;
}
