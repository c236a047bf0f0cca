// SPDX-License-Identifier: Apache-2.0
/* The child is this program too, called by the child's name; on requests of certain numbers it does what a bad file could
 * make the real one do. */
#include "worker/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "elf/elf_file.h"
#include "worker/worker_child.h"

/* In place of rows_max. */
enum evil { CRASH = 0x6001, HANG, LIE, CUT, SHORTAGE, ESCAPE };

/* --- in the child --- */

static int send_status(int status)
{
	return wire_send(WORKER_SOCK, WIRE_FOREVER, WIRE_ANSWER, status, NULL, 0, -1);
}

/* The number of things that could be done and must not. */
static int try_to_escape(void)
{
	int done = 0;

	done += open("/etc/passwd", O_RDONLY) >= 0;
	done += open("/proc/self/mem", O_RDWR) >= 0;
	done += socket(AF_INET, SOCK_STREAM, 0) >= 0;
	done += socket(AF_UNIX, SOCK_STREAM, 0) >= 0;
	done += syscall(SYS_bpf, 0, NULL, 0) >= 0 || errno != EPERM;
	done += kill(getppid(), 0) == 0;
	done += mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
		MAP_FAILED;
	done += syscall(SYS_execve, "/bin/true", NULL, NULL) == 0;
	done += syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) >= 0;
	done += syscall(SYS_ptrace, 0, 0, 0, 0) >= 0;
	done += unlink("/tmp/heaptap-no-such-file") == 0 || errno != EPERM;
	done += syscall(SYS_newfstatat, AT_FDCWD, "/etc/passwd", &(struct stat){}, 0) == 0;
	return done;
}

static int answer_badly(struct wire_message *message)
{
	struct wire_reader reader = wire_reader_of(message);
	uint64_t number = wire_get_u64(&reader);
	char lie[64];

	if (message->head.kind != WIRE_TABLE)
		return worker_child_answer(message);
	switch (number) {
	case CRASH:
		__builtin_trap();
	case HANG:
		for (;;)
			__asm__ volatile("");
	case LIE:
		/* No build id, and more rows than there are bytes. */
		memset(lie, 0x7f, sizeof(lie));
		memset(lie, 0, 4);
		return wire_send(WORKER_SOCK, WIRE_FOREVER, WIRE_ANSWER, 0, lie, sizeof(lie), -1);
	case CUT:
		return wire_send(WORKER_SOCK, WIRE_FOREVER, WIRE_ANSWER + 7, 0, NULL, 0, -1);
	case SHORTAGE:
		return send_status(-ENOMEM);
	case ESCAPE:
		return send_status(-1000 - try_to_escape());
	default:
		return worker_child_answer(message);
	}
}

/* --- in the parent --- */

static struct worker *start(unsigned start_max, uint64_t patience_ns)
{
	/* The sanitizer's own memory is beyond any bound. */
	struct worker_options options = { .patience_ns = patience_ns, .start_max = start_max };
	struct worker *worker;

	assert_int_equal(worker__new(&options, &worker), 0);
	return worker;
}

#define LIBC    "/usr/lib/x86_64-linux-gnu/libc.so.6"
#define PATIENT (600 * 1000000000ull)

/* A file of its own, so that the child's end over it is held against no other. */
static int new_file(void)
{
	int fd = memfd_create("bad", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "bad", 3), 3);
	return fd;
}

static int ask_table(struct worker *worker, int fd, size_t number)
{
	struct unwind_table *table __free(unwind_table) = NULL;
	struct build_id id;

	return worker__table(worker, fd, number, &table, &id);
}

static int own_file(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void tables_are_those_of_this_process(void **state)
{
	struct worker *worker __free(worker) = start(1, PATIENT);
	struct unwind_table *there __free(unwind_table) = NULL, *here __free(unwind_table) = NULL;
	struct elf_file *elf __free(elf_file) = NULL;
	struct build_id id_there, id_here = {};
	int fd __close_fd = own_file();

	assert_int_equal(elf_file__open_fd(fd, &elf), 0);
	assert_int_equal(unwind_table__build_within(elf, 1u << 20, &here), 0);
	assert_int_equal(worker__table(worker, fd, 1u << 20, &there, &id_there), 0);
	if (!build_id_read(elf, &id_here))
		assert_true(build_id_equal(&id_there, &id_here));
	assert_int_equal(unwind_table__row_cnt(there), unwind_table__row_cnt(here));
	assert_memory_equal(unwind_table__rows(there), unwind_table__rows(here),
			    unwind_table__row_cnt(here) * sizeof(struct unwind_row));
	assert_int_equal(unwind_table__page_cnt(there), unwind_table__page_cnt(here));
	assert_memory_equal(unwind_table__pages(there), unwind_table__pages(here),
			    (unwind_table__page_cnt(here) + 1) * sizeof(uint32_t));
}

/* The child finds the same functions, and one that a file was the end of costs that file. */
static void probes_are_those_of_this_process(void **state)
{
	struct worker *worker __free(worker) = start(2, PATIENT);
	struct target_reader reader = worker__target_reader(worker);
	int good __close_fd = open(LIBC, O_RDONLY | O_CLOEXEC), bad __close_fd = new_file();
	struct target_set *there __free(target_set) = NULL, *here __free(target_set) = NULL;
	struct alloc_fns *fns __free(alloc_fns) = NULL;
	const struct target_object *a, *b;
	size_t i;

	assert_int_equal(alloc_fns__new(NULL, 0, false, &fns), 0);
	assert_int_equal(target_set__new(fns, &reader, &there), 0);
	assert_int_equal(target_set__new(fns, NULL, &here), 0);
	assert_int_equal(target_set__add_fd(there, good, LIBC, NULL), TARGET_OK);
	assert_int_equal(target_set__add_fd(here, good, LIBC, NULL), TARGET_OK);
	a = target_set__at(there, 0);
	b = target_set__at(here, 0);
	assert_int_equal(a->ino, b->ino);
	assert_string_equal(a->path, b->path);
	assert_int_equal(a->probe_cnt, b->probe_cnt);
	for (i = 0; i < a->probe_cnt; i++)
		assert_int_equal(a->probes[i].site.site_off, b->probes[i].site.site_off);
	assert_int_equal(ask_table(worker, bad, CRASH), -EIO);
	assert_int_equal(target_set__add_fd(there, bad, "bad", NULL), TARGET_NO_ALLOCATOR);
	assert_int_equal(target_set__unreadable_cnt(there), 1);
}

/* By file offset, as a snapshot has them. */
static uint64_t offset_of(const struct elf_file *elf, uint64_t vaddr)
{
	uint64_t off;

	assert_int_equal(elf_file__vaddr_to_off(elf, vaddr, &off), 0);
	return off;
}

static void names_are_those_of_this_process(void **state)
{
	struct worker *worker __free(worker) = start(1, PATIENT);
	struct symbolizer_opts opts = { .reader = worker__reader(worker) };
	struct symbolizer *there __free(symbolizer) = symbolizer__new(&opts);
	struct symbolizer *here __free(symbolizer) = symbolizer__new(NULL);
	struct elf_file *elf __free(elf_file) = NULL;
	int fd __close_fd = own_file();
	struct sym_file_desc desc = { .fd = fd, .path = "/bin/me", .root = "/proc/self/root" };
	const struct sym_line *a, *b;
	struct worker_stats stats;
	struct sym_address addrs[64];
	size_t a_cnt, b_cnt, i, j;
	uint32_t file_a, file_b;

	assert_int_equal(elf_file__open_fd(fd, &elf), 0);
	assert_int_equal(symbolizer__add_file(there, &desc, &file_a), 0);
	assert_int_equal(symbolizer__add_file(here, &desc, &file_b), 0);
	for (i = 0; i < 64; i++)
		addrs[i] = (struct sym_address){ file_a,
						 offset_of(elf, elf_file__entry(elf)) + i * 97 };
	assert_int_equal(symbolizer__resolve_all(there, addrs, 64, NULL, NULL), 0);
	for (i = 0; i < 64; i++) {
		assert_int_equal(
			symbolizer__resolve(there, file_a, addrs[i].file_offset, &a, &a_cnt), 0);
		assert_int_equal(
			symbolizer__resolve(here, file_b, addrs[i].file_offset, &b, &b_cnt), 0);
		assert_int_equal(a_cnt, b_cnt);
		for (j = 0; j < a_cnt; j++) {
			assert_string_equal(a[j].name, b[j].name);
			assert_string_equal(a[j].system_name, b[j].system_name);
			assert_string_equal(a[j].path, b[j].path);
			assert_int_equal(a[j].line, b[j].line);
			assert_int_equal(a[j].start_line, b[j].start_line);
			assert_int_equal(a[j].flags, b[j].flags);
		}
	}
	worker__stats(worker, &stats);
	assert_int_equal(stats.request_cnt, 1);
	assert_int_equal(stats.death_cnt, 0);
}

/* Whose names are asked for one by one stays open in the child, and they are the same. */
static void names_do_not_depend_on_what_was_asked_before(void **state)
{
	struct worker *worker __free(worker) = start(1, PATIENT);
	struct symbolizer_opts opts = { .reader = worker__reader(worker) };
	struct symbolizer *sym __free(symbolizer) = symbolizer__new(&opts);
	struct symbolizer *here __free(symbolizer) = symbolizer__new(NULL);
	int fd __close_fd = open(LIBC, O_RDONLY | O_CLOEXEC);
	struct sym_file_desc desc = { .fd = fd, .path = LIBC, .root = "/proc/self/root" };
	const struct sym_line *a, *b;
	struct worker_stats stats;
	uint32_t file_a, file_b;
	size_t a_cnt, b_cnt;
	uint64_t i;

	assert_int_equal(symbolizer__add_file(sym, &desc, &file_a), 0);
	assert_int_equal(symbolizer__add_file(here, &desc, &file_b), 0);
	for (i = 0; i < 20; i++) {
		uint64_t offset = 0x30000 + i * 0x5013;

		assert_int_equal(symbolizer__resolve(sym, file_a, offset, &a, &a_cnt), 0);
		assert_int_equal(symbolizer__resolve(here, file_b, offset, &b, &b_cnt), 0);
		assert_int_equal(a_cnt, b_cnt);
		assert_string_equal(a->name, b->name);
		assert_int_equal(a->line, b->line);
	}
	worker__stats(worker, &stats);
	assert_int_equal(stats.request_cnt, 20);
	assert_int_equal(stats.death_cnt, 0);
}

/* The one that is asked for next has a new child; the file that did it is not touched again. */
static void a_crash_costs_one_file(void **state)
{
	static const size_t numbers[] = { CRASH, CUT, CRASH };
	struct worker *worker __free(worker) = start(10, PATIENT);
	int good __close_fd = own_file();
	struct worker_stats stats;
	size_t i;

	for (i = 0; i < 3; i++) {
		int bad __close_fd = new_file();

		assert_int_equal(ask_table(worker, bad, numbers[i]), -EIO);
		assert_int_equal(ask_table(worker, bad, 0), -EIO);
		assert_int_equal(ask_table(worker, good, 0), 0);
	}
	worker__stats(worker, &stats);
	assert_int_equal(stats.death_cnt, 3);
	assert_int_equal(stats.late_cnt, 0);
	assert_int_equal(stats.refused_cnt, 0);
}

static void what_hangs_is_ended(void **state)
{
	struct worker *worker __free(worker) = start(2, 8000000000ull);
	int bad __close_fd = new_file(), other __close_fd = new_file();
	struct worker_stats stats;

	assert_int_equal(ask_table(worker, bad, HANG), -EIO);
	worker__stats(worker, &stats);
	assert_int_equal(stats.late_cnt, 1);
	/* Broken, and told so by a child that lives. */
	assert_int_equal(ask_table(worker, other, 0), -ENOEXEC);
}

static void children_are_not_begun_for_ever(void **state)
{
	struct worker *worker __free(worker) = start(3, PATIENT);
	int good __close_fd = own_file();
	struct worker_stats stats;
	size_t i;

	for (i = 0; i < 5; i++) {
		int bad __close_fd = new_file();

		assert_int_equal(ask_table(worker, bad, CRASH), -EIO);
	}
	assert_int_equal(ask_table(worker, good, 0), -EIO);
	worker__stats(worker, &stats);
	assert_int_equal(stats.death_cnt, 3);
	assert_int_equal(stats.refused_cnt, 3);
}

static void lies_and_shortages_are_no_tables(void **state)
{
	struct worker *worker __free(worker) = start(1, PATIENT);
	int good __close_fd = own_file(), a __close_fd = new_file(), b __close_fd = new_file();
	struct worker_stats stats;

	assert_int_equal(ask_table(worker, a, LIE), -EIO);
	assert_int_equal(ask_table(worker, b, SHORTAGE), -EIO);
	assert_int_equal(ask_table(worker, good, 0), 0);
	worker__stats(worker, &stats);
	assert_int_equal(stats.large_cnt, 1);
	assert_int_equal(stats.death_cnt, 0);
}

static void nothing_can_be_done_but_reading(void **state)
{
	struct worker *worker __free(worker) = start(1, PATIENT);
	int fd __close_fd = new_file();

	assert_int_equal(ask_table(worker, fd, ESCAPE), -1000);
}

static void a_program_that_is_no_worker(void **state)
{
	struct worker_options options = { .patience_ns = PATIENT,
					  .start_max = 1,
					  .program = "/bin/true" };
	struct worker *worker = NULL;

	assert_int_equal(worker__new(&options, &worker), -EPIPE);
	assert_null(worker);
}

static bool has_come(const struct worker *worker, int wait_ms)
{
	struct pollfd pollfd = { .fd = worker__fd(worker), .events = POLLIN };

	return poll(&pollfd, 1, wait_ms) == 1;
}

static void a_table_comes_while_nobody_waits(void **state)
{
	struct worker *worker __free(worker) = start(1, PATIENT);
	struct unwind_table *table __free(unwind_table) = NULL, *same __free(unwind_table) = NULL;
	struct unwind_table *none = NULL;
	int fd __close_fd = own_file();
	struct build_id id, same_id;

	assert_false(has_come(worker, 0));
	assert_int_equal(worker__table(worker, fd, 0, &same, &same_id), 0);
	assert_int_equal(worker__begin_table(worker, fd, 0), 0);
	assert_int_equal(worker__begin_table(worker, fd, 0), -EBUSY);
	assert_int_equal(ask_table(worker, fd, 0), -EBUSY);
	assert_true(has_come(worker, -1));
	assert_int_equal(worker__end_table(worker, &table, &id), 0);
	assert_int_equal(unwind_table__row_cnt(table), unwind_table__row_cnt(same));
	assert_memory_equal(unwind_table__rows(table), unwind_table__rows(same),
			    unwind_table__row_cnt(same) * sizeof(struct unwind_row));
	assert_memory_equal(&id, &same_id, sizeof(id));
	assert_false(has_come(worker, 0));
	assert_int_equal(worker__end_table(worker, &none, &id), -EIO);
	assert_null(none);
}

/* The one descriptor tells of every child's end, also of those that are begun later. */
static void what_was_begun_ends_badly(void **state)
{
	struct worker_options options = { .patience_ns = 8000000000ull,
					  .start_max = 3,
					  .is_lazy = true };
	int bad __close_fd = new_file(), slow __close_fd = new_file(), good __close_fd = own_file();
	struct unwind_table *table __free(unwind_table) = NULL;
	struct worker *worker __free(worker) = NULL;
	struct worker_stats stats;
	struct build_id id;

	assert_int_equal(worker__new(&options, &worker), 0);
	assert_int_equal(worker__begin_table(worker, bad, CRASH), 0);
	assert_true(has_come(worker, -1));
	assert_int_equal(worker__end_table(worker, &table, &id), -EIO);
	assert_int_equal(worker__begin_table(worker, bad, 0), -EIO);
	assert_int_equal(worker__begin_table(worker, slow, HANG), 0);
	assert_false(worker__is_late(worker, 0));
	assert_true(worker__is_late(worker, UINT64_MAX));
	assert_int_equal(worker__end_table(worker, &table, &id), -EIO);
	assert_false(worker__is_late(worker, UINT64_MAX));
	assert_int_equal(worker__begin_table(worker, good, 0), 0);
	assert_true(has_come(worker, -1));
	assert_int_equal(worker__end_table(worker, &table, &id), 0);
	worker__stats(worker, &stats);
	assert_int_equal(stats.death_cnt, 1);
	assert_int_equal(stats.late_cnt, 1);
}

/* Names of a file that nobody reads are the ones that can be had without. */
static void names_fall_back(void **state)
{
	struct worker *worker __free(worker) = start(1, PATIENT);
	struct symbolizer_opts opts = { .reader = worker__reader(worker) };
	struct symbolizer *sym __free(symbolizer) = symbolizer__new(&opts);
	int fd __close_fd = own_file(), bad __close_fd = new_file();
	struct sym_file_desc desc = { .fd = fd, .path = "/bin/me" };
	struct symbolizer_stats stats;
	const struct sym_line *lines;
	uint32_t file;
	size_t cnt;

	assert_int_equal(ask_table(worker, bad, CRASH), -EIO);
	assert_int_equal(symbolizer__add_file(sym, &desc, &file), 0);
	assert_int_equal(symbolizer__resolve(sym, file, 0x1234, &lines, &cnt), 0);
	assert_int_equal(cnt, 1);
	assert_string_equal(lines->name, "me+0x1234");
	symbolizer__stats(sym, &stats);
	assert_int_equal(stats.unread_cnt, 1);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_are_those_of_this_process),
		cmocka_unit_test(probes_are_those_of_this_process),
		cmocka_unit_test(names_are_those_of_this_process),
		cmocka_unit_test(names_do_not_depend_on_what_was_asked_before),
		cmocka_unit_test(a_crash_costs_one_file),
		cmocka_unit_test(what_hangs_is_ended),
		cmocka_unit_test(children_are_not_begun_for_ever),
		cmocka_unit_test(lies_and_shortages_are_no_tables),
		cmocka_unit_test(nothing_can_be_done_but_reading),
		cmocka_unit_test(a_program_that_is_no_worker),
		cmocka_unit_test(a_table_comes_while_nobody_waits),
		cmocka_unit_test(what_was_begun_ends_badly),
		cmocka_unit_test(names_fall_back),
	};

	if (worker_child_is(argc, argv))
		return worker_child_run(argv, answer_badly);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
