// SPDX-License-Identifier: Apache-2.0
/* The symbolizer on what is at hand: this very program, the vdso, a perf map of our own. */
#include "symbolize/symbolizer.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "elf/elf_file.h"
#include "proc/proc_maps.h"

static const struct symbolizer_opts only_itself = { .no_debug_files = true };

__attribute__((noinline)) static uint64_t here(void)
{
	return (uint64_t)(uintptr_t)__builtin_return_address(0);
}

static inline __attribute__((always_inline)) uint64_t inlined_into_caller(void)
{
	return here();
}

enum { LINE_OF_CALL = __LINE__ + 3 };
__attribute__((noinline)) static uint64_t caller_of_inlined(void)
{
	uint64_t ip = inlined_into_caller();

	return ip + (uint64_t)(getpid() < 0);
}

/* The file offset of @addr in this program. */
static uint64_t offset_of(uint64_t addr)
{
	struct proc_maps maps __proc_maps = {};
	struct proc_map map;

	assert_int_equal(proc_maps__open(&maps, getpid()), 0);
	while (proc_maps__next(&maps, &map))
		if (addr >= map.start && addr < map.end)
			return addr - map.start + map.offset;
	fail();
	return 0;
}

static uint32_t add_self(struct symbolizer *sym)
{
	int fd __close_fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	const struct sym_file_desc desc = { .fd = fd, .path = "/somewhere/prog" };
	uint32_t file = 0;

	assert_int_equal(symbolizer__add_file(sym, &desc, &file), 0);
	return file;
}

static bool ends_with(const char *str, const char *end)
{
	size_t len = strlen(str), end_len = strlen(end);

	return len >= end_len && !strcmp(str + len - end_len, end);
}

static void test_inlined(void **state)
{
	struct symbolizer *sym __free(symbolizer) = symbolizer__new(&only_itself);
	uint64_t off = offset_of(caller_of_inlined() - 1);
	const struct sym_line *lines, *again;
	uint32_t file = add_self(sym);
	size_t cnt;

	assert_int_equal(symbolizer__resolve(sym, file, off, &lines, &cnt), 0);
	assert_int_equal(cnt, 2);
	assert_string_equal(lines[0].name, "inlined_into_caller");
	assert_int_equal(lines[0].flags, SYM_LINE_INLINED);
	assert_true(ends_with(lines[0].path, "/test_symbolizer.c"));
	assert_string_equal(lines[1].name, "caller_of_inlined");
	assert_string_equal(lines[1].system_name, "caller_of_inlined");
	assert_int_equal(lines[1].flags, 0);
	assert_int_equal(lines[1].line, LINE_OF_CALL);
	assert_int_equal(lines[1].start_line, LINE_OF_CALL - 2);
	assert_true(lines[0].line > lines[0].start_line && lines[0].start_line);
	assert_int_equal(lines[1].path[0], '/');
	/* Once is enough. */
	assert_int_equal(symbolizer__resolve(sym, file, off, &again, &cnt), 0);
	assert_ptr_equal(again, lines);
}

static void test_names_only(void **state)
{
	const struct symbolizer_opts opts = { .no_lines = true };
	struct symbolizer *sym __free(symbolizer) = symbolizer__new(&opts);
	uint64_t off = offset_of(caller_of_inlined() - 1);
	const struct sym_line *lines;
	uint32_t file = add_self(sym);
	size_t cnt;

	assert_int_equal(symbolizer__resolve(sym, file, off, &lines, &cnt), 0);
	assert_int_equal(cnt, 1);
	assert_string_equal(lines[0].name, "caller_of_inlined");
	assert_string_equal(lines[0].path, "");
	assert_int_equal(lines[0].line, 0);
}

static void test_fallback(void **state)
{
	struct symbolizer *sym __free(symbolizer) = symbolizer__new(&only_itself);
	const struct sym_file_desc gone = { .fd = -1, .path = "/lib/lib\tfoo.so" };
	const struct sym_file_desc nameless = { .fd = -1, .path = "", .root = "/proc/0/root" };
	struct symbolizer_stats stats;
	const struct sym_line *lines;
	uint32_t file, other;
	size_t cnt;

	assert_int_equal(symbolizer__add_file(sym, &gone, &file), 0);
	assert_int_equal(symbolizer__add_file(sym, &nameless, &other), 0);
	assert_int_equal(symbolizer__resolve(sym, file, 0x1234, &lines, &cnt), 0);
	assert_int_equal(cnt, 1);
	assert_string_equal(lines[0].name, "lib\xef\xbf\xbd"
					   "foo.so+0x1234");
	assert_string_equal(lines[0].system_name, lines[0].name);
	assert_int_equal(lines[0].flags, SYM_LINE_FALLBACK);
	assert_int_equal(symbolizer__resolve(sym, other, UINT64_MAX, &lines, &cnt), 0);
	assert_string_equal(lines[0].name, "[unknown]+0xffffffffffffffff");
	assert_int_equal(symbolizer__resolve(sym, add_self(sym), 1ull << 40, &lines, &cnt), 0);
	assert_string_equal(lines[0].name, "prog+0x10000000000");
	assert_int_equal(symbolizer__resolve(sym, 99, 0, &lines, &cnt), -EINVAL);
	symbolizer__stats(sym, &stats);
	assert_int_equal(stats.resolved_cnt, 3);
	assert_int_equal(stats.nameless_cnt, 3);
	assert_int_equal(stats.with_line_cnt, 0);
}

/* A file that is no ELF file, and one that is cut after we opened it. */
static void test_broken_files(void **state)
{
	char path[] = "/tmp/test_symbolizer.XXXXXX";
	struct symbolizer *sym __free(symbolizer) = symbolizer__new(&only_itself);
	int fd __close_fd = mkstemp(path);
	const struct sym_file_desc desc = { .fd = fd, .path = path };
	const struct sym_line *lines;
	uint32_t text, cut;
	size_t cnt;

	assert_int_equal(unlink(path), 0);
	assert_int_equal(write(fd, "no ELF", 6), 6);
	assert_int_equal(symbolizer__add_file(sym, &desc, &text), 0);
	assert_int_equal(symbolizer__resolve(sym, text, 1, &lines, &cnt), 0);
	assert_int_equal(lines[0].flags, SYM_LINE_FALLBACK);
	assert_int_equal(symbolizer__add_file(sym, &desc, &cut), 0);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(symbolizer__resolve(sym, cut, 1, &lines, &cnt), 0);
	assert_int_equal(lines[0].flags, SYM_LINE_FALLBACK);
}

struct counter {
	size_t calls, last, stop_after;
};

static bool count(void *ctx, size_t done, size_t total)
{
	struct counter *counter = ctx;

	assert_true(done <= total);
	assert_true(done >= counter->last);
	counter->last = done;
	return ++counter->calls <= counter->stop_after;
}

static void test_all(void **state)
{
	struct symbolizer *sym __free(symbolizer) = symbolizer__new(&only_itself);
	struct counter all = { .stop_after = SIZE_MAX }, stopped = { .stop_after = 1 };
	uint64_t off = offset_of(caller_of_inlined() - 1);
	struct sym_address addrs[2000];
	const struct sym_line *lines;
	uint32_t file = add_self(sym);
	size_t i, cnt;

	for (i = 0; i < 2000; i++)
		addrs[i] = (struct sym_address){ file, off + (i * 7919) % 2000 };
	assert_int_equal(symbolizer__resolve_all(sym, addrs, 2000, count, &stopped), -ECANCELED);
	assert_int_equal(symbolizer__resolve_all(sym, addrs, 2000, count, &all), 0);
	assert_int_equal(all.last, 2000);
	assert_true(all.calls > 2);
	assert_int_equal(symbolizer__resolve(sym, file, off, &lines, &cnt), 0);
	assert_int_equal(cnt, 2);
	/* What was released is read again. */
	assert_int_equal(symbolizer__resolve(sym, file, off - 1, &lines, &cnt), 0);
	assert_int_equal(cnt, 2);
	addrs[0].file = 99;
	assert_int_equal(symbolizer__resolve_all(sym, addrs, 1, NULL, NULL), -EINVAL);
	assert_int_equal(symbolizer__resolve_all(sym, NULL, 0, NULL, NULL), 0);
}

static void test_vdso(void **state)
{
	struct symbolizer *sym __free(symbolizer) = symbolizer__new(&only_itself);
	const struct sym_line *lines;
	uint32_t file, again;
	bool found = false;
	uint64_t off;
	size_t cnt;

	if (symbolizer__vdso(sym, &file) == -ENOENT)
		skip();
	assert_int_equal(symbolizer__vdso(sym, &again), 0);
	assert_int_equal(file, again);
	for (off = 0; off < 8192; off += 16) {
		assert_int_equal(symbolizer__resolve(sym, file, off, &lines, &cnt), 0);
		found |= strstr(lines[0].name, "clock_gettime") != NULL;
		if (off == 0)
			assert_string_equal(lines[0].name, "[vdso]+0x0");
	}
	assert_true(found);
}

/* --- code without a file
 * ------------------------------------------------------------------------------ */

static const char *map_path(void)
{
	static char path[64];

	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	return path;
}

static void write_map(const char *mode, const char *text)
{
	FILE *file = fopen(map_path(), mode);

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static const struct sym_line *anon(struct symbolizer *sym, uint32_t process, uint64_t ip,
				   const char *mapping, uint64_t start)
{
	const struct sym_line *line = NULL;

	assert_int_equal(symbolizer__resolve_anon(sym, process, ip, mapping, start, &line), 0);
	return line;
}

static void test_jit(void **state)
{
	struct symbolizer *sym __free(symbolizer) = symbolizer__new(&only_itself);
	const struct sym_line *line;
	uint32_t process;

	write_map("w", "7f0000001000 100 LazyCompile:*f /node_modules/@a/b.js:1:2\n");
	assert_int_equal(symbolizer__add_process(sym, getpid(), &process), 0);
	line = anon(sym, process, 0x7f0000001010, NULL, 0x7f0000000000);
	assert_string_equal(line->name, "LazyCompile:*f /node_modules/@a/b.js:1:2");
	assert_int_equal(line->flags, SYM_LINE_JIT);
	assert_ptr_equal(anon(sym, process, 0x7f0000001010, NULL, 0), line);
	line = anon(sym, process, 0x7f0000002010, NULL, 0x7f0000000000);
	assert_string_equal(line->name, "[jit]+0x2010");
	assert_int_equal(line->flags, SYM_LINE_FALLBACK);
	/* The map grows. */
	write_map("a", "7f0000003000 100 later\n");
	assert_string_equal(anon(sym, process, 0x7f0000003010, NULL, 0)->name, "later");
	unlink(map_path());
}

static void expect_no_map(void)
{
	struct symbolizer *sym __free(symbolizer) = symbolizer__new(&only_itself);
	uint32_t process;

	assert_int_equal(symbolizer__add_process(sym, getpid(), &process), 0);
	assert_string_equal(anon(sym, process, 0x1010, "[heap]", 0x1000)->name, "[heap]+0x10");
	assert_string_equal(anon(sym, process, 0x1020, "", 0x1000)->name, "[anon]+0x20");
	assert_string_equal(anon(sym, process, 0x10, NULL, 0x1000)->name, "[anon]+0x10");
}

static void test_no_map(void **state)
{
	struct symbolizer *sym __free(symbolizer) = symbolizer__new(&only_itself);
	const struct sym_line *line;
	uint32_t process;

	expect_no_map();
	/* No such process: there is nothing to be known of it. */
	assert_int_equal(symbolizer__add_process(sym, 0x7ffffff0, &process), 0);
	assert_string_equal(anon(sym, process, 0x1010, NULL, 0x1000)->name, "[anon]+0x10");
	assert_int_equal(symbolizer__resolve_anon(sym, 99, 0, NULL, 0, &line), -EINVAL);
}

static void test_map_is_no_file(void **state)
{
	assert_int_equal(mkfifo(map_path(), 0644), 0);
	expect_no_map();
	unlink(map_path());
	assert_int_equal(symlink("/tmp", map_path()), 0);
	expect_no_map();
	unlink(map_path());
}

static void test_map_of_another(void **state)
{
	if (geteuid() != 0)
		skip();
	write_map("w", "1000 100 forged\n");
	assert_int_equal(chown(map_path(), 12345, 12345), 0);
	expect_no_map();
	unlink(map_path());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inlined),
		cmocka_unit_test(test_names_only),
		cmocka_unit_test(test_fallback),
		cmocka_unit_test(test_broken_files),
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_vdso),
		cmocka_unit_test(test_jit),
		cmocka_unit_test(test_no_map),
		cmocka_unit_test(test_map_is_no_file),
		cmocka_unit_test(test_map_of_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
