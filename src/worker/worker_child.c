// SPDX-License-Identifier: Apache-2.0
#include "worker/worker_child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "elf/elf_file.h"
#include "symbolize/symbolizer.h"
#include "target/target_object.h"
#include "unwind/unwind_table.h"
#include "worker/lately.h"
#include "worker/wire_answers.h"
#include "worker/wire_object.h"

/* One answer; a quarter of what fits into the memory it is made in. */
#define ANSWER_MAX_BYTES ((size_t)128 << 20)

static int answer_with(int status, const struct buf *body)
{
	return wire_send(WORKER_SOCK, WIRE_FOREVER, WIRE_ANSWER, status,
			 body ? buf__data(body) : NULL, body ? buf__len(body) : 0, -1);
}

/* --- what is asked back: files that only the other side can open --- */

static int ask_file(enum wire_kind kind, const struct buf *body, int *ret_fd)
{
	struct wire_message message __wire_message = { .fd = -1 };
	int err = buf__error(body);

	if (!err)
		err = wire_send(WORKER_SOCK, WIRE_FOREVER, kind, 0, buf__data(body), buf__len(body),
				-1);
	if (!err)
		err = wire_receive(WORKER_SOCK, WIRE_FOREVER, &message);
	/* Out of step: nothing that follows could be believed. */
	if (err || message.head.kind != WIRE_ANSWER)
		_exit(1);
	if (message.head.status)
		return message.head.status;
	if (message.fd < 0)
		return -ENOENT;
	*ret_fd = TAKE_FD(message.fd);
	return 0;
}

static int open_below(void *ctx, size_t root, const char *path, int *ret_fd)
{
	struct buf *body __free(buf) = buf__new(0);

	if (!body)
		return -ENOMEM;
	wire_put_u32(body, (uint32_t)root);
	wire_put_str(body, path);
	return ask_file(WIRE_OPEN, body, ret_fd);
}

static int fetch(void *ctx, const struct build_id *id, int *ret_fd)
{
	struct buf *body __free(buf) = buf__new(0);

	if (!body)
		return -ENOMEM;
	wire_put_id(body, id);
	return ask_file(WIRE_FETCH, body, ret_fd);
}

/* --- what to probe --- */

/* The table that has as many rows: another would give them other numbers. */
static int table_of(uint64_t row_cnt, const struct alloc_fns **ret)
{
	static struct alloc_fns *tables[2];
	int i, err;

	for (i = 0; i < 2; i++) {
		err = tables[i] ? 0 : alloc_fns__new(NULL, 0, i, &tables[i]);
		if (err)
			return err;
		if (alloc_fns__cnt(tables[i]) == row_cnt) {
			*ret = tables[i];
			return 0;
		}
	}
	return -EINVAL;
}

static int answer_sites(const struct wire_message *message)
{
	struct target_object *object __free(target_object) = NULL;
	struct wire_reader reader = wire_reader_of(message);
	struct buf *body __free(buf) = buf__new(ANSWER_MAX_BYTES);
	const struct alloc_fns *fns;
	int err = !body ? -ENOMEM : table_of(wire_get_u64(&reader), &fns);

	if (err)
		return answer_with(err, NULL);
	err = target_object__read(fns, message->fd, &object);
	if (err)
		return answer_with(err, NULL);
	wire_put_object(body, object);
	return buf__error(body) ? answer_with(-EFBIG, NULL) : answer_with(0, body);
}

/* --- tables --- */

static void put_table(struct buf *body, const struct unwind_table *table)
{
	size_t row_cnt = unwind_table__row_cnt(table);
	uint32_t page_cnt = unwind_table__page_cnt(table);

	wire_put_u32(body, (uint32_t)row_cnt);
	wire_put_u32(body, page_cnt);
	wire_put_u32(body, unwind_table__page_base(table));
	buf__append(body, unwind_table__rows(table), row_cnt * sizeof(struct unwind_row));
	buf__append(body, unwind_table__pages(table), ((size_t)page_cnt + 1) * sizeof(uint32_t));
}

static int answer_table(const struct wire_message *message)
{
	struct unwind_table *table __free(unwind_table) = NULL;
	struct wire_reader reader = wire_reader_of(message);
	struct buf *body __free(buf) = buf__new(ANSWER_MAX_BYTES);
	struct elf_file *elf __free(elf_file) = NULL;
	uint64_t rows_max = wire_get_u64(&reader);
	struct build_id id = {};
	int err;

	if (!body || reader.bad)
		return answer_with(-EINVAL, NULL);
	err = elf_file__open_fd(message->fd, &elf);
	if (err)
		return answer_with(err, NULL);
	if (build_id_read(elf, &id))
		id.len_bytes = 0;
	wire_put_id(body, &id);
	err = unwind_table__build_within(elf, rows_max, &table);
	if (!err)
		put_table(body, table);
	return buf__error(body) ? answer_with(-EFBIG, NULL) : answer_with(err, body);
}

/* --- names --- */

static void put_lines(struct buf *body, const struct sym_line *lines, size_t cnt)
{
	size_t i;

	wire_put_u32(body, (uint32_t)cnt);
	for (i = 0; i < cnt; i++) {
		wire_put_u32(body, lines[i].flags);
		wire_put_u32(body, lines[i].line);
		wire_put_u32(body, lines[i].start_line);
		wire_put_str(body, lines[i].name);
		wire_put_str(body, lines[i].system_name);
		wire_put_str(body, lines[i].path);
	}
}

/* @reader: how many, then their offsets. */
static int name_all(struct symbolizer *sym, uint32_t file, struct wire_reader *reader,
		    struct buf *body)
{
	uint32_t cnt = wire_get_u32(reader), i;
	const struct sym_line *lines;
	size_t line_cnt;
	int err = 0;

	for (i = 0; !err && i < cnt; i++) {
		uint64_t offset = wire_get_u64(reader);

		if (reader->bad)
			return -EINVAL;
		err = symbolizer__resolve(sym, file, offset, &lines, &line_cnt);
		if (err)
			break;
		put_lines(body, lines, line_cnt);
		err = buf__error(body);
	}
	return err;
}

/* Of a request for names, what comes before them. */
struct names_head {
	uint32_t flags, root_cnt;
	const char *path;
};

static int open_file(const struct names_head *head, int fd, struct symbolizer **ret,
		     uint32_t *ret_file)
{
	static const struct sym_opener opener = { .open = open_below, .fetch = fetch };
	const struct symbolizer_opts opts = { .opener = &opener,
					      .root_cnt = head->root_cnt,
					      .no_lines = head->flags & SYM_READ_NO_LINES,
					      .no_debug_files =
						      head->flags & SYM_READ_NO_DEBUG_FILES };
	const struct sym_file_desc desc = { .fd = fd, .path = head->path };
	struct symbolizer *sym __free(symbolizer) = symbolizer__new(&opts);
	int err = sym ? symbolizer__add_file(sym, &desc, ret_file) : -ENOMEM;

	if (!err)
		*ret = TAKE_PTR(sym);
	return err;
}

/* A symbolizer that was there before, or a new one. */
static int name_from(const struct names_head *head, int fd, struct wire_reader reader,
		     struct buf *body)
{
	struct symbolizer *sym __free(symbolizer) = NULL;
	struct lately_key key = { .flags = head->flags,
				  .root_cnt = head->root_cnt,
				  .path_hash = hash_bytes(head->path, strlen(head->path)) };
	size_t its_bytes = 0, before_bytes;
	struct stat st;
	uint32_t file;
	int err;

	if (fstat(fd, &st))
		return -errno;
	key.dev = st.st_dev;
	key.ino = st.st_ino;
	key.size_bytes = (uint64_t)st.st_size;
	key.mtime_ns = (uint64_t)st.st_mtim.tv_sec * 1000000000u + (uint64_t)st.st_mtim.tv_nsec;
	sym = lately_take(&key, &file, &its_bytes);
	before_bytes = lately_used_bytes() - buf__len(body);
	err = sym ? 0 : open_file(head, fd, &sym, &file);
	if (!err)
		err = name_all(sym, file, &reader, body);
	if (!err)
		lately_keep(&key, TAKE_PTR(sym), file,
			    its_bytes + lately_used_bytes() - buf__len(body) - before_bytes);
	return err;
}

static int answer_names(const struct wire_message *message)
{
	struct wire_reader reader = wire_reader_of(message);
	struct buf *body __free(buf) = buf__new(ANSWER_MAX_BYTES);
	struct names_head head;
	int err;

	head.flags = wire_get_u32(&reader);
	head.root_cnt = wire_get_u32(&reader);
	head.path = wire_get_str(&reader);
	if (!body || reader.bad)
		return answer_with(-EINVAL, NULL);
	err = name_from(&head, message->fd, reader, body);
	/* What is kept may have taken the room. */
	if (err == -ENOMEM) {
		lately_forget();
		buf__reset(body);
		err = name_from(&head, message->fd, reader, body);
	}
	return err ? answer_with(err, NULL) : answer_with(0, body);
}

int worker_child_answer(struct wire_message *message)
{
	switch (message->head.kind) {
	case WIRE_SITES:
		return answer_sites(message);
	case WIRE_TABLE:
		return answer_table(message);
	case WIRE_NAMES:
		return answer_names(message);
	default:
		return answer_with(-EOPNOTSUPP, NULL);
	}
}

/* --- life --- */

bool worker_child_is(int argc, char **argv)
{
	return argc == 2 && !strcmp(argv[0], WORKER_NAME);
}

/* If memory runs short on the machine, this process may go first. */
static void offer_to_die(void)
{
	int fd __close_fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, "1000", 4) < 0)
		return;
}

int worker_child_run(char **argv, worker_answer_fn answer)
{
	const struct sandbox_limits limits = { .memory_bytes = strtoull(argv[1], NULL, 10) };
	int err;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, WORKER_NAME);
	/* Those of the terminal are the other side's to act on. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	offer_to_die();
	err = wire_send(WORKER_SOCK, WIRE_FOREVER, WIRE_HELLO, sandbox_enter(&limits), NULL, 0, -1);
	while (!err) {
		struct wire_message message __wire_message = { .fd = -1 };

		err = wire_receive(WORKER_SOCK, WIRE_FOREVER, &message);
		if (!err)
			err = answer(&message);
	}
	/* Nothing is to be done at exit that the filter would have to allow. */
	_exit(err == -EPIPE ? 0 : 1);
}
