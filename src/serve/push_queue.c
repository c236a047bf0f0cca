// SPDX-License-Identifier: Apache-2.0
/*
 * A spool file is the path, the type, the encoding and the body, all but the last ended by a newline. Names are numbers
 * of fixed width, so that they sort by age, and go on from the highest that is there. A file gets its name once it is
 * whole.
 */
#include "serve/push_queue.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/format.h"
#include "base/vec.h"

#define SUFFIX         ".push"
#define SUFFIX_PARTIAL ".part"
#define NAME_DIGITS    16
#define NAME_BYTES     32
#define FILE_MAX_BYTES ((size_t)256 << 20)

struct spool_file {
	uint64_t number; /* from 1 */
	uint64_t bytes;
};

struct push_queue {
	struct push_item *first, **last;
	size_t cnt, bytes, max_bytes;
	int dir_fd;                   /* of the spool; -1: none */
	VEC(struct spool_file) files; /* oldest first */
	uint64_t file_bytes, file_max_bytes;
	uint64_t next_number;
	uint64_t taken; /* the file whose item is with the caller; 0: none */
	uint64_t dropped_cnt, spooled_cnt;
	bool put_back; /* first was sent once already: it is older than the files */
};

void push_item__free(struct push_item *item)
{
	if (!item)
		return;
	free(item->path);
	free(item->type);
	free(item->encoding);
	free(item->body);
	free(item);
}

/* --- the spool --- */

static void file_name(uint64_t number, const char *suffix, char out[static NAME_BYTES])
{
	snprintf(out, NAME_BYTES, "%0*" PRIx64 "%s", NAME_DIGITS, number, suffix);
}

static int by_number(const void *a, const void *b)
{
	const struct spool_file *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

/* The @nth of the list. */
static void remove_file(struct push_queue *queue, size_t nth)
{
	char name[NAME_BYTES];

	file_name(queue->files.at[nth].number, SUFFIX, name);
	unlinkat(queue->dir_fd, name, 0);
	queue->file_bytes -= queue->files.at[nth].bytes;
	queue->files.cnt--;
	memmove(queue->files.at + nth, queue->files.at + nth + 1,
		(queue->files.cnt - nth) * sizeof(*queue->files.at));
}

/* Of the oldest files as many as are in the way; the one that is being sent right now stays. */
static void make_file_room(struct push_queue *queue, uint64_t bytes)
{
	size_t nth;

	while (queue->file_bytes + bytes > queue->file_max_bytes) {
		nth = queue->files.cnt && queue->files.at[0].number == queue->taken;
		if (nth >= queue->files.cnt)
			return;
		remove_file(queue, nth);
		queue->dropped_cnt++;
	}
}

/* Those of a daemon before this one. What it was just writing when it was killed is of no use. */
static int note_file(struct push_queue *queue, const char *name)
{
	struct spool_file file;
	struct stat st;
	char *end;

	file.number = strtoull(name, &end, 16);
	if (end != name + NAME_DIGITS || !file.number || file.number == UINT64_MAX ||
	    fstatat(queue->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
		return 0;
	if (!strcmp(end, SUFFIX_PARTIAL)) {
		unlinkat(queue->dir_fd, name, 0);
		queue->dropped_cnt++;
	}
	if (strcmp(end, SUFFIX))
		return 0;
	file.bytes = (uint64_t)st.st_size;
	queue->file_bytes += file.bytes;
	return vec__push(&queue->files, file);
}

static int list_spool(struct push_queue *queue)
{
	int copy = fcntl(queue->dir_fd, F_DUPFD_CLOEXEC, 0), err = 0;
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;

	if (!dir)
		return -errno;
	while (!err && (entry = readdir(dir)))
		err = note_file(queue, entry->d_name);
	closedir(dir);
	if (queue->files.cnt) {
		qsort(queue->files.at, queue->files.cnt, sizeof(*queue->files.at), by_number);
		queue->next_number = queue->files.at[queue->files.cnt - 1].number + 1;
		make_file_room(queue, 0);
	}
	return err;
}

static int write_file(int fd, const struct push_item *item)
{
	char *head __free_mem = NULL;
	int len = format_alloc(&head, "%s\n%s\n%s\n", item->path, item->type, item->encoding), err;

	if (len < 0)
		return -ENOMEM;
	err = fdio_write(fd, head, (size_t)len);
	return err ? err : fdio_write(fd, item->body, item->body_bytes);
}

static uint64_t bytes_as_file(const struct push_item *item)
{
	return strlen(item->path) + strlen(item->type) + strlen(item->encoding) + 3 +
	       item->body_bytes;
}

/* 0, or -errno and nothing is left behind. */
static int create_file(struct push_queue *queue, uint64_t number, const struct push_item *item)
{
	char partial[NAME_BYTES], whole[NAME_BYTES];
	int fd __close_fd = -1, err;

	file_name(number, SUFFIX_PARTIAL, partial);
	file_name(number, SUFFIX, whole);
	fd = openat(queue->dir_fd, partial, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW,
		    0600);
	if (fd < 0)
		return -errno;
	err = write_file(fd, item);
	if (!err && renameat(queue->dir_fd, partial, queue->dir_fd, whole))
		err = -errno;
	if (err)
		unlinkat(queue->dir_fd, partial, 0);
	return err;
}

static int spool(struct push_queue *queue, const struct push_item *item)
{
	struct spool_file file = { .number = queue->next_number, .bytes = bytes_as_file(item) };
	int err;

	if (queue->dir_fd < 0)
		return -ENOENT;
	if (file.bytes > queue->file_max_bytes)
		return -ENOSPC;
	make_file_room(queue, file.bytes);
	if (queue->file_bytes + file.bytes > queue->file_max_bytes)
		return -ENOSPC;
	err = vec__reserve(&queue->files, queue->files.cnt + 1);
	if (!err)
		err = create_file(queue, file.number, item);
	if (err)
		return err;
	queue->files.at[queue->files.cnt++] = file;
	queue->next_number++;
	queue->file_bytes += file.bytes;
	queue->spooled_cnt++;
	return 0;
}

/* Up to the newline, which @at is moved behind. NULL if there is none or no memory. */
static char *take_line(const char **at, const char *end)
{
	const char *line = *at, *newline = memchr(line, '\n', (size_t)(end - line));

	if (!newline)
		return NULL;
	*at = newline + 1;
	return strndup(line, (size_t)(newline - line));
}

static struct push_item *parse_file(const char *text, size_t len)
{
	struct push_item *item __free(push_item) = calloc(1, sizeof(*item));
	const char *at = text, *end = text + len;

	if (!item)
		return NULL;
	item->path = take_line(&at, end);
	item->type = item->path ? take_line(&at, end) : NULL;
	item->encoding = item->type ? take_line(&at, end) : NULL;
	if (!item->encoding || *item->path != '/')
		return NULL;
	item->body_bytes = (size_t)(end - at);
	item->body = malloc(item->body_bytes + 1);
	if (!item->body)
		return NULL;
	memcpy(item->body, at, item->body_bytes);
	return TAKE_PTR(item);
}

/* The oldest file's; NULL: it was of no use and is gone. */
static struct push_item *read_file(struct push_queue *queue)
{
	char name[NAME_BYTES], *text __free_mem = NULL;
	struct push_item *item = NULL;
	int fd __close_fd = -1;
	size_t len;

	file_name(queue->files.at[0].number, SUFFIX, name);
	fd = openat(queue->dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd >= 0 && !fdio_read_all(fd, FILE_MAX_BYTES, &text, &len))
		item = parse_file(text, len);
	if (item) {
		item->file = queue->taken = queue->files.at[0].number;
		return item;
	}
	queue->dropped_cnt++;
	remove_file(queue, 0);
	return NULL;
}

/* --- the queue --- */

static struct push_item *pop(struct push_queue *queue)
{
	struct push_item *item = queue->first;

	if (!item)
		return NULL;
	queue->first = item->next;
	if (!queue->first)
		queue->last = &queue->first;
	queue->cnt--;
	queue->bytes -= item->body_bytes;
	queue->put_back = false;
	item->next = NULL;
	return item;
}

static void spool_or_drop(struct push_queue *queue, struct push_item *item)
{
	if (spool(queue, item))
		queue->dropped_cnt++;
	push_item__free(item);
}

void push_queue__add(struct push_queue *queue, struct push_item *item)
{
	item->next = NULL;
	*queue->last = item;
	queue->last = &item->next;
	queue->cnt++;
	queue->bytes += item->body_bytes;
	/* The oldest in memory are the next to go to the spool. */
	while (queue->bytes > queue->max_bytes)
		spool_or_drop(queue, pop(queue));
}

struct push_item *push_queue__take(struct push_queue *queue)
{
	struct push_item *item = NULL;

	/* But for one that was put back, what is in the spool is older than what is in memory. */
	while (!item && !queue->put_back && queue->files.cnt)
		item = read_file(queue);
	return item ? item : pop(queue);
}

void push_queue__done(struct push_queue *queue, struct push_item *item)
{
	if (item->file)
		remove_file(queue, 0);
	queue->taken = 0;
	push_item__free(item);
}

void push_queue__put_back(struct push_queue *queue, struct push_item *item)
{
	queue->taken = 0;
	/* Its file will be read again. */
	if (item->file) {
		push_item__free(item);
		return;
	}
	item->next = queue->first;
	if (!queue->first)
		queue->last = &item->next;
	queue->first = item;
	queue->cnt++;
	/* One beyond the limit, rather than out of order. */
	queue->bytes += item->body_bytes;
	queue->put_back = true;
}

void push_queue__flush(struct push_queue *queue)
{
	while (queue->first)
		spool_or_drop(queue, pop(queue));
}

int push_queue__new(size_t max_bytes, const char *spool_dir, uint64_t spool_max_bytes,
		    struct push_queue **ret)
{
	struct push_queue *queue __free(push_queue) = calloc(1, sizeof(*queue));
	int err = 0;

	if (!queue)
		return -ENOMEM;
	queue->last = &queue->first;
	queue->max_bytes = max_bytes;
	queue->file_max_bytes = spool_max_bytes;
	queue->next_number = 1;
	queue->dir_fd = -1;
	if (spool_dir) {
		if (mkdir(spool_dir, 0700) && errno != EEXIST)
			return -errno;
		queue->dir_fd = open(spool_dir, O_DIRECTORY | O_CLOEXEC | O_RDONLY);
		err = queue->dir_fd < 0 ? -errno : list_spool(queue);
	}
	if (err)
		return err;
	*ret = TAKE_PTR(queue);
	return 0;
}

void push_queue__free(struct push_queue *queue)
{
	struct push_item *item;

	if (!queue)
		return;
	while ((item = pop(queue)))
		push_item__free(item);
	vec__done(&queue->files);
	cleanup_fd(&queue->dir_fd);
	free(queue);
}

size_t push_queue__bytes(const struct push_queue *queue)
{
	return queue->bytes;
}

size_t push_queue__cnt(const struct push_queue *queue)
{
	return queue->cnt + queue->files.cnt - (queue->taken ? 1 : 0);
}

uint64_t push_queue__dropped_cnt(const struct push_queue *queue)
{
	return queue->dropped_cnt;
}

uint64_t push_queue__spooled_cnt(const struct push_queue *queue)
{
	return queue->spooled_cnt;
}
