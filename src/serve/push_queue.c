// SPDX-License-Identifier: Apache-2.0
/*
 * A spool file is the path, the type and the body, the first two ended by a newline. Names are numbers of fixed width,
 * so that they sort by age, and go on from the highest that is there.
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
#include "base/vec.h"

#define SUFFIX         ".push"
#define FILE_MAX_BYTES ((size_t)256 << 20)

struct spool_file {
	uint64_t number;
	uint64_t bytes;
};

struct push_queue {
	struct push_item *first, **last;
	size_t cnt, bytes, max_bytes;
	int dir_fd;                   /* of the spool; -1: none */
	VEC(struct spool_file) files; /* oldest first */
	uint64_t file_bytes, file_max_bytes;
	uint64_t next_number;
	uint64_t dropped_cnt, spooled_cnt;
	bool put_back; /* first was sent once already */
};

void push_item__free(struct push_item *item)
{
	if (!item)
		return;
	free(item->path);
	free(item->type);
	free(item->body);
	free(item);
}

static void file_name(uint64_t number, char out[static 32])
{
	snprintf(out, 32, "%016" PRIx64 SUFFIX, number);
}

static int by_number(const void *a, const void *b)
{
	const struct spool_file *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

static int list_spool(struct push_queue *queue)
{
	int copy = fcntl(queue->dir_fd, F_DUPFD_CLOEXEC, 0), err = 0;
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	struct spool_file file;
	struct stat st;
	char *end;

	if (!dir)
		return -errno;
	while (!err && (entry = readdir(dir))) {
		file.number = strtoull(entry->d_name, &end, 16);
		if (end != entry->d_name + 16 || strcmp(end, SUFFIX) ||
		    fstatat(queue->dir_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) ||
		    !S_ISREG(st.st_mode))
			continue;
		file.bytes = (uint64_t)st.st_size;
		queue->file_bytes += file.bytes;
		err = vec__push(&queue->files, file);
	}
	closedir(dir);
	if (queue->files.cnt) {
		qsort(queue->files.at, queue->files.cnt, sizeof(file), by_number);
		queue->next_number = queue->files.at[queue->files.cnt - 1].number + 1;
	}
	return err;
}

int push_queue__new(size_t max_bytes, const char *spool, uint64_t spool_max_bytes,
		    struct push_queue **ret)
{
	struct push_queue *queue __free(push_queue) = calloc(1, sizeof(*queue));
	int err = 0;

	if (!queue)
		return -ENOMEM;
	queue->last = &queue->first;
	queue->max_bytes = max_bytes;
	queue->file_max_bytes = spool_max_bytes;
	queue->dir_fd = -1;
	if (spool) {
		if (mkdir(spool, 0700) && errno != EEXIST)
			return -errno;
		queue->dir_fd = open(spool, O_DIRECTORY | O_CLOEXEC | O_RDONLY);
		err = queue->dir_fd < 0 ? -errno : list_spool(queue);
	}
	if (err)
		return err;
	*ret = TAKE_PTR(queue);
	return 0;
}

static void remove_oldest_file(struct push_queue *queue)
{
	char name[32];

	file_name(queue->files.at[0].number, name);
	unlinkat(queue->dir_fd, name, 0);
	queue->file_bytes -= queue->files.at[0].bytes;
	queue->files.cnt--;
	memmove(queue->files.at, queue->files.at + 1, queue->files.cnt * sizeof(*queue->files.at));
}

static int write_file(int fd, const struct push_item *item)
{
	int err = fdio_write(fd, item->path, strlen(item->path));

	if (!err)
		err = fdio_write(fd, "\n", 1);
	if (!err)
		err = fdio_write(fd, item->type, strlen(item->type));
	if (!err)
		err = fdio_write(fd, "\n", 1);
	return err ? err : fdio_write(fd, item->body, item->body_bytes);
}

/* 0, or -errno and nothing is left behind. */
static int spool(struct push_queue *queue, const struct push_item *item)
{
	struct spool_file file = { .number = queue->next_number };
	char name[32];
	int fd __close_fd = -1, err;

	file.bytes = strlen(item->path) + strlen(item->type) + 2 + item->body_bytes;
	if (queue->dir_fd < 0 || file.bytes > queue->file_max_bytes)
		return -ENOSPC;
	while (queue->files.cnt && queue->file_bytes + file.bytes > queue->file_max_bytes) {
		remove_oldest_file(queue);
		queue->dropped_cnt++;
	}
	file_name(file.number, name);
	fd = openat(queue->dir_fd, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW,
		    0600);
	if (fd < 0)
		return -errno;
	err = write_file(fd, item);
	if (!err)
		err = vec__push(&queue->files, file);
	if (err) {
		unlinkat(queue->dir_fd, name, 0);
		return err;
	}
	queue->next_number++;
	queue->file_bytes += file.bytes;
	queue->spooled_cnt++;
	return 0;
}

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
	item->next = NULL;
	return item;
}

/* The oldest in memory are the next to go to the spool. */
static void make_room(struct push_queue *queue)
{
	while (queue->bytes > queue->max_bytes && queue->first) {
		queue->put_back = false;
		struct push_item *item __free(push_item) = pop(queue);

		if (spool(queue, item))
			queue->dropped_cnt++;
	}
}

void push_queue__add(struct push_queue *queue, struct push_item *item)
{
	item->next = NULL;
	*queue->last = item;
	queue->last = &item->next;
	queue->cnt++;
	queue->bytes += item->body_bytes;
	make_room(queue);
}

void push_queue__put_back(struct push_queue *queue, struct push_item *item)
{
	item->next = queue->first;
	if (!queue->first)
		queue->last = &item->next;
	queue->first = item;
	queue->cnt++;
	queue->bytes += item->body_bytes;
	queue->put_back = true;
	/* One beyond the limit, rather than out of order. */
}

static struct push_item *parse_file(char *text, size_t len)
{
	struct push_item *item __free(push_item) = calloc(1, sizeof(*item));
	char *path_end = memchr(text, '\n', len), *type_end;

	if (!item || !path_end)
		return NULL;
	type_end = memchr(path_end + 1, '\n', len - (size_t)(path_end + 1 - text));
	if (!type_end)
		return NULL;
	item->path = strndup(text, (size_t)(path_end - text));
	item->type = strndup(path_end + 1, (size_t)(type_end - path_end - 1));
	item->body_bytes = len - (size_t)(type_end + 1 - text);
	item->body = malloc(item->body_bytes + 1);
	if (!item->path || !item->type || !item->body)
		return NULL;
	memcpy(item->body, type_end + 1, item->body_bytes);
	return TAKE_PTR(item);
}

static struct push_item *take_file(struct push_queue *queue)
{
	char name[32], *text __free_mem = NULL;
	struct push_item *item = NULL;
	int fd __close_fd = -1;
	size_t len;

	file_name(queue->files.at[0].number, name);
	fd = openat(queue->dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0 && !fdio_read_all(fd, FILE_MAX_BYTES, &text, &len))
		item = parse_file(text, len);
	if (!item)
		queue->dropped_cnt++;
	remove_oldest_file(queue);
	return item;
}

struct push_item *push_queue__take(struct push_queue *queue)
{
	struct push_item *item = NULL;

	/* But for one that was put back, what is in the spool is older than what is in memory. */
	if (queue->put_back)
		return queue->put_back = false, pop(queue);
	while (!item && queue->files.cnt)
		item = take_file(queue);
	return item ? item : pop(queue);
}

void push_queue__free(struct push_queue *queue)
{
	struct push_item *item;

	if (!queue)
		return;
	while ((item = pop(queue))) {
		spool(queue, item);
		push_item__free(item);
	}
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
	return queue->cnt + queue->files.cnt;
}

uint64_t push_queue__dropped_cnt(const struct push_queue *queue)
{
	return queue->dropped_cnt;
}

uint64_t push_queue__spooled_cnt(const struct push_queue *queue)
{
	return queue->spooled_cnt;
}
