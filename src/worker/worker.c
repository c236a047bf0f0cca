// SPDX-License-Identifier: Apache-2.0
#include "worker/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/hashmap.h"
#include "worker/wire.h"
#include "worker/wire_answers.h"
#include "worker/wire_object.h"
#include "worker/worker_child.h"

/* The shadow memory of a sanitizer, terabytes that are never touched, would count as well. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEMORY_BYTES 0
#else
#define MEMORY_BYTES ((uint64_t)1 << 30)
#endif
#define PATIENCE_NS (300 * 1000000000ull)
#define START_MAX   64
/* A child that only has to say hello may be as slow as the machine. */
#define HELLO_NS    (60 * 1000000000ull)

/* A request that nobody waits for. */
struct begun {
	bool is; /* there is one */
	uint64_t key;
	uint64_t deadline_ns;
};

struct worker {
	struct worker_options options;
	pid_t pid; /* 0: there is none */
	int sock;
	int epoll_fd; /* of whichever socket there is */
	unsigned start_cnt;
	struct begun begun;
	struct hashmap *bad; /* files that were the end of one: (device, inode) -> 1 */
	struct worker_stats stats;
};

struct worker_options worker_options_default(void)
{
	return (struct worker_options){ .memory_bytes = MEMORY_BYTES,
					.patience_ns = PATIENCE_NS,
					.start_max = START_MAX };
}

/* --- the child's life --- */

static void stop(struct worker *worker)
{
	cleanup_fd(&worker->sock);
	worker->sock = -1;
	if (!worker->pid)
		return;
	kill(worker->pid, SIGKILL);
	while (waitpid(worker->pid, NULL, 0) < 0 && errno == EINTR)
		;
	worker->pid = 0;
}

/* In the child of a fork, where little may be called: only the socket stays open, and nothing of our memory. */
static void become_child(const struct worker_options *options, int sock, char *memory)
{
	char *const argv[] = { (char *)WORKER_NAME, memory, NULL }, *const envp[] = { NULL };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), i;
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (i = 0; i <= STDERR_FILENO && null >= 0; i++)
		dup2(null, i);
	/* dup2() clears close-on-exec, but not onto itself. */
	if (sock == WORKER_SOCK ? fcntl(sock, F_SETFD, 0) : dup2(sock, WORKER_SOCK) < 0)
		_exit(1);
	syscall(SYS_close_range, WORKER_SOCK + 1, ~0u, 0);
	execve(options->program ? options->program : "/proc/self/exe", argv, envp);
	_exit(127);
}

static int spawn(struct worker *worker)
{
	int socks[2], ours __close_fd = -1, theirs __close_fd = -1;
	struct epoll_event event = { .events = EPOLLIN };
	char memory[24];
	pid_t pid;

	snprintf(memory, sizeof(memory), "%" PRIu64, worker->options.memory_bytes);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks))
		return -errno;
	ours = socks[0];
	theirs = socks[1];
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid)
		become_child(&worker->options, theirs, memory);
	worker->pid = pid;
	worker->sock = TAKE_FD(ours);
	/* Closed, it leaves by itself. */
	return epoll_ctl(worker->epoll_fd, EPOLL_CTL_ADD, worker->sock, &event) ? -errno : 0;
}

/* 0; -EPERM: it runs, but not locked in. */
static int start(struct worker *worker)
{
	struct wire_message hello __wire_message = { .fd = -1 };
	int err;

	if (worker->start_cnt >= worker->options.start_max)
		return -EIO;
	worker->start_cnt++;
	err = spawn(worker);
	if (!err)
		err = wire_receive(worker->sock, clock_ns(CLOCK_MONOTONIC) + HELLO_NS, &hello);
	if (!err && hello.head.kind != WIRE_HELLO)
		err = -EBADMSG;
	if (err) {
		stop(worker);
		return err;
	}
	return hello.head.status ? -EPERM : 0;
}

int worker__new(const struct worker_options *options, struct worker **ret)
{
	struct worker *worker __free(worker) = calloc(1, sizeof(*worker));
	int err;

	if (!worker)
		return -ENOMEM;
	worker->options = *options;
	worker->sock = -1;
	worker->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (worker->epoll_fd < 0)
		return -errno;
	worker->bad = hashmap__new();
	if (!worker->bad)
		return -ENOMEM;
	err = options->is_lazy ? 0 : start(worker);
	if (err && err != -EPERM)
		return err;
	*ret = TAKE_PTR(worker);
	return err;
}

void worker__free(struct worker *worker)
{
	if (!worker)
		return;
	stop(worker);
	cleanup_fd(&worker->epoll_fd);
	if (worker->bad)
		hashmap__free(worker->bad);
	free(worker);
}

void worker__stats(const struct worker *worker, struct worker_stats *ret)
{
	*ret = worker->stats;
}

/* --- requests --- */

/* What the child asks back, @ctx being the request's: an open file, or an -errno. */
typedef int (*on_file_fn)(void *ctx, const struct wire_message *message, int *ret_fd);

static int give_file(struct worker *worker, uint64_t deadline_ns, on_file_fn on_file, void *ctx,
		     const struct wire_message *message)
{
	int fd __close_fd = -1, err;

	if (!on_file || (message->head.kind != WIRE_OPEN && message->head.kind != WIRE_FETCH))
		return -EBADMSG;
	err = on_file(ctx, message, &fd);
	return wire_send(worker->sock, deadline_ns, WIRE_ANSWER, err, NULL, 0, fd);
}

static int converse(struct worker *worker, enum wire_kind kind, const struct buf *body, int fd,
		    on_file_fn on_file, void *ctx, struct wire_message *ret)
{
	uint64_t deadline = clock_ns(CLOCK_MONOTONIC) + worker->options.patience_ns;
	int err = wire_send(worker->sock, deadline, kind, 0, buf__data(body), buf__len(body), fd);

	while (!err) {
		struct wire_message message __wire_message = { .fd = -1 };

		err = wire_receive(worker->sock, deadline, &message);
		if (err)
			return err;
		if (message.head.kind == WIRE_ANSWER) {
			*ret = message;
			message.body = NULL;
			message.fd = -1;
			return 0;
		}
		err = give_file(worker, deadline, on_file, ctx, &message);
	}
	return err;
}

static uint64_t file_key(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? 0 : hash_combine(st.st_dev, st.st_ino);
}

/* It may have ended while nobody asked it anything: whatever did that, no file is to blame. */
static void bury(struct worker *worker)
{
	if (worker->pid && waitpid(worker->pid, NULL, WNOHANG) == worker->pid) {
		worker->pid = 0;
		stop(worker);
	}
}

/* Is there a child that may be asked @body about the file known as @key? 0, -EIO, -EBUSY (it has begun another) or -ENOMEM. */
static int make_ready(struct worker *worker, const struct buf *body, uint64_t key)
{
	uint64_t known;
	int err = buf__error(body);

	if (err)
		return err;
	if (worker->begun.is)
		return -EBUSY;
	worker->stats.request_cnt++;
	if (hashmap__get(worker->bad, key, &known))
		return -EIO;
	bury(worker);
	if (worker->pid)
		return 0;
	err = start(worker);
	if (!err || err == -EPERM)
		return 0;
	worker->stats.refused_cnt++;
	return -EIO;
}

/* What became of a request: @err is the conversation's, @status the child's. 0 or -EIO. */
static int judge(struct worker *worker, uint64_t key, int err, int status)
{
	if (!err && status == -ENOMEM) {
		/* The child's shortage, not ours. */
		worker->stats.large_cnt++;
		hashmap__set(worker->bad, key, 1);
		return -EIO;
	}
	if (!err)
		return 0;
	if (err == -ETIMEDOUT)
		worker->stats.late_cnt++;
	else
		worker->stats.death_cnt++;
	stop(worker);
	hashmap__set(worker->bad, key, 1);
	return -EIO;
}

/* 0, the child's status being @ret's; or as make_ready(). */
static int ask(struct worker *worker, enum wire_kind kind, const struct buf *body, int fd,
	       on_file_fn on_file, void *ctx, struct wire_message *ret)
{
	uint64_t key = file_key(fd);
	int err = make_ready(worker, body, key);

	if (err)
		return err;
	err = converse(worker, kind, body, fd, on_file, ctx, ret);
	return judge(worker, key, err, err ? 0 : ret->head.status);
}

/* --- tables --- */

static int read_table(const struct wire_message *answer, struct unwind_table **ret,
		      struct build_id *ret_id)
{
	struct wire_reader reader = wire_reader_of(answer);

	if (answer->head.len_bytes && wire_get_id(&reader, ret_id))
		return -EIO;
	return answer->head.status ? answer->head.status : wire_get_table(&reader, ret);
}

int worker__table(struct worker *worker, int fd, size_t rows_max, struct unwind_table **ret,
		  struct build_id *ret_id)
{
	struct wire_message answer __wire_message = { .fd = -1 };
	struct buf *body __free(buf) = buf__new(0);
	int err;

	if (!body)
		return -ENOMEM;
	*ret = NULL;
	*ret_id = (struct build_id){};
	wire_put_u64(body, rows_max);
	err = ask(worker, WIRE_TABLE, body, fd, NULL, NULL, &answer);
	return err ? err : read_table(&answer, ret, ret_id);
}

int worker__begin_table(struct worker *worker, int fd, size_t rows_max)
{
	struct buf *body __free(buf) = buf__new(0);
	uint64_t key = file_key(fd), deadline;
	int err;

	if (!body)
		return -ENOMEM;
	wire_put_u64(body, rows_max);
	err = make_ready(worker, body, key);
	if (err)
		return err;
	deadline = clock_ns(CLOCK_MONOTONIC) + worker->options.patience_ns;
	err = wire_send(worker->sock, deadline, WIRE_TABLE, 0, buf__data(body), buf__len(body), fd);
	if (err)
		return judge(worker, key, err, 0);
	worker->begun = (struct begun){ .is = true, .key = key, .deadline_ns = deadline };
	return 0;
}

int worker__end_table(struct worker *worker, struct unwind_table **ret, struct build_id *ret_id)
{
	struct wire_message answer __wire_message = { .fd = -1 };
	int err;

	*ret = NULL;
	*ret_id = (struct build_id){};
	if (!worker->begun.is)
		return -EIO;
	worker->begun.is = false;
	err = wire_receive(worker->sock, worker->begun.deadline_ns, &answer);
	if (!err && answer.head.kind != WIRE_ANSWER)
		err = -EBADMSG;
	err = judge(worker, worker->begun.key, err, err ? 0 : answer.head.status);
	return err ? err : read_table(&answer, ret, ret_id);
}

int worker__fd(const struct worker *worker)
{
	return worker->epoll_fd;
}

bool worker__is_late(const struct worker *worker, uint64_t now_ns)
{
	return worker->begun.is && now_ns >= worker->begun.deadline_ns;
}

/* --- names --- */

static int on_file(void *ctx, const struct wire_message *message, int *ret_fd)
{
	const struct sym_read_request *request = ctx;
	struct wire_reader reader = wire_reader_of(message);
	struct build_id id;
	uint32_t root;
	const char *path;

	if (message->head.kind == WIRE_FETCH) {
		if (wire_get_id(&reader, &id))
			return -EINVAL;
		return request->fetch(request, &id, ret_fd);
	}
	root = wire_get_u32(&reader);
	path = wire_get_str(&reader);
	return reader.bad ? -EINVAL : request->open(request, root, path, ret_fd);
}

static int read_names(void *ctx, const struct sym_read_request *request)
{
	struct wire_message answer __wire_message = { .fd = -1 };
	struct buf *body __free(buf) = buf__new(0);
	struct sym_line lines[SYM_READ_LINES_MAX];
	struct wire_reader reader;
	size_t i;
	int err, cnt;

	if (!body)
		return -ENOMEM;
	wire_put_u32(body, request->flags);
	wire_put_u32(body, (uint32_t)request->root_cnt);
	wire_put_str(body, request->path);
	wire_put_u32(body, (uint32_t)request->cnt);
	buf__append(body, request->offsets, request->cnt * sizeof(*request->offsets));
	err = ask(ctx, WIRE_NAMES, body, request->fd, on_file, (void *)request, &answer);
	if (!err)
		err = answer.head.status;
	if (err)
		return err;
	reader = wire_reader_of(&answer);
	for (i = 0; !err && i < request->cnt; i++) {
		cnt = wire_get_lines(&reader, lines, SYM_READ_LINES_MAX);
		if (cnt < 0)
			return cnt;
		err = request->keep(request, request->offsets[i], lines, (size_t)cnt);
	}
	return err;
}

struct sym_reader worker__reader(struct worker *worker)
{
	return (struct sym_reader){ .read = read_names, .ctx = worker };
}

/* --- what to probe --- */

static int read_object(void *ctx, const struct alloc_fns *fns, int fd, struct target_object **ret)
{
	struct wire_message answer __wire_message = { .fd = -1 };
	struct buf *body __free(buf) = buf__new(0);
	struct wire_reader reader;
	struct stat st;
	int err;

	if (!body)
		return -ENOMEM;
	if (fstat(fd, &st))
		return -errno;
	wire_put_u64(body, alloc_fns__cnt(fns));
	err = ask(ctx, WIRE_SITES, body, fd, NULL, NULL, &answer);
	if (!err)
		err = answer.head.status;
	if (err)
		return err == TARGET_OBJECT_NOTHING || err < 0 ? err : -EIO;
	reader = wire_reader_of(&answer);
	return wire_get_object(&reader, fns, (uint64_t)st.st_size, ret);
}

struct target_reader worker__target_reader(struct worker *worker)
{
	return (struct target_reader){ .read = read_object, .ctx = worker };
}
