// SPDX-License-Identifier: Apache-2.0
/* Sites in the allocators distributions ship, checked against objdump, which shares no code with
 * us. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "harness/child.h"
#include "target/insn_x86.h"
#include "target/target.h"

#define LIB "/usr/lib/x86_64-linux-gnu/"

/* Of one instruction of objdump's output: "  98930:\tpush   %r12". */
struct line {
	uint64_t addr;
	char mnemonic[32];
	char operands[256];
};

struct library {
	const char *path;
	struct alloc_fns *fns;
	struct target_set *set;
	const struct target_object *object;
};

static bool objdump_is_there(void)
{
	const char *const argv[] = { "objdump", "--version", NULL };
	char *out __free_mem = NULL;

	return !child_run(argv, &out);
}

static void open_library(const char *path, struct library *lib)
{
	int fd __close_fd = open(path, O_RDONLY | O_CLOEXEC);
	struct target_refs refs __target_refs = {};

	if (fd < 0 || !objdump_is_there())
		skip();
	lib->path = path;
	assert_int_equal(alloc_fns__new(NULL, 0, false, &lib->fns), 0);
	assert_int_equal(target_set__new(lib->fns, NULL, &lib->set), 0);
	assert_int_equal(target_set__add_fd(lib->set, fd, path, &refs), TARGET_OK);
	assert_int_equal(refs.cnt, 1);
	lib->object = target_set__at(lib->set, refs.at[0]);
}

static void close_library(struct library *lib)
{
	target_set__free(lib->set);
	alloc_fns__free(lib->fns);
}

static const struct target_probe *find(const struct target_object *object, const char *label)
{
	size_t i;

	for (i = 0; i < object->probe_cnt; i++) {
		if (!strcmp(object->probes[i].label, label))
			return &object->probes[i];
	}
	fail_msg("no probe on %s", label);
	return NULL;
}

static uint64_t site_of(const struct target_probe *probe)
{
	return probe->vaddr + (probe->site.site_off - probe->site.entry_off);
}

static bool next_line(char **pos, struct line *line)
{
	char *end, *colon, *text;

	for (; **pos; *pos = end) {
		text = *pos;
		end = strchrnul(text, '\n');
		if (*end)
			*end++ = '\0';
		line->addr = strtoull(text, &colon, 16);
		if (colon == text || *colon != ':' || colon[1] != '\t')
			continue;
		*pos = end;
		text = colon + 2;
		if (!strncmp(text, "bnd ", 4))
			text += 4;
		line->operands[0] = '\0';
		return sscanf(text, "%31s %255[^\n]", line->mnemonic, line->operands) >= 1;
	}
	return false;
}

static char *disassemble(const char *path, const struct target_probe *probe)
{
	char start[64], stop[64], *out = NULL;
	const char *const argv[] = {
		"objdump", "-d", "--no-show-raw-insn", start, stop, path, NULL
	};

	snprintf(start, sizeof(start), "--start-address=0x%" PRIx64, probe->vaddr);
	snprintf(stop, sizeof(stop), "--stop-address=0x%" PRIx64, probe->vaddr + probe->size_bytes);
	assert_int_equal(child_run(argv, &out), 0);
	return out;
}

static bool is_jump(const struct line *line)
{
	return line->mnemonic[0] == 'j' || !strncmp(line->mnemonic, "loop", 4);
}

/* Push of a register, plain nop, direct jump, branch, call. */
static bool is_emulated(const struct line *line)
{
	if (!strcmp(line->mnemonic, "push"))
		return line->operands[0] == '%';
	if (!strcmp(line->mnemonic, "nop"))
		return !line->operands[0];
	return (is_jump(line) || !strcmp(line->mnemonic, "call")) && line->operands[0] != '*';
}

/* The argument (1..6) whose register, of any width, @name is; 0: none. */
static unsigned int arg_of(const char *name, bool whole)
{
	static const char *const names[6][4] = {
		{ "%rdi", "%edi", "%di", "%dil" }, { "%rsi", "%esi", "%si", "%sil" },
		{ "%rdx", "%edx", "%dx", "%dl" },  { "%rcx", "%ecx", "%cx", "%cl" },
		{ "%r8", "%r8d", "%r8w", "%r8b" }, { "%r9", "%r9d", "%r9w", "%r9b" },
	};
	unsigned int arg, width;

	for (arg = 0; arg < 6; arg++) {
		for (width = 0; width < (whole ? 1 : 4); width++) {
			if (!strcmp(name, names[arg][width]))
				return arg + 1;
		}
	}
	return 0;
}

/* holds[n]: the argument whose value the register of argument n has, 0: lost. */
static void follow(const struct line *line, unsigned int holds[7])
{
	const char *comma = strrchr(line->operands, ','),
		   *last = comma ? comma + 1 : line->operands;
	unsigned int to = arg_of(last, false), from = 0;
	char source[16];

	/* Destinations come last in this notation; these have none. */
	if (!strncmp(line->mnemonic, "cmp", 3) || !strncmp(line->mnemonic, "test", 4) || !to)
		return;
	if (!strcmp(line->mnemonic, "mov") && comma && comma - line->operands < 16 &&
	    arg_of(last, true)) {
		memcpy(source, line->operands, (size_t)(comma - line->operands));
		source[comma - line->operands] = '\0';
		from = arg_of(source, true);
	}
	holds[to] = from ? holds[from] : 0;
}

static void check_args(const struct target_probe *probe, const struct probe *asked,
		       const unsigned int holds[7])
{
	const struct probe *at = &probe->probe;

	assert_int_equal(holds[at->size_arg], asked->size_arg);
	assert_int_equal(holds[at->count_arg], asked->count_arg);
	assert_int_equal(holds[at->ptr_arg], asked->ptr_arg);
	assert_int_equal(holds[at->out_arg], asked->out_arg);
}

/*
 * The instructions before the site are straight-line and dear and leave the stack alone, the site's
 * is cheap, each argument is where the probe says, and nothing jumps back between the entry and the
 * site.
 */
static void check_site(const struct library *lib, const struct target_probe *probe)
{
	char *text __free_mem = disassemble(lib->path, probe), *pos = text;
	unsigned int holds[7] = { 0, 1, 2, 3, 4, 5, 6 };
	uint64_t site = site_of(probe), target;
	bool on_boundary = false;
	struct line line;

	while (next_line(&pos, &line)) {
		if (line.addr == site) {
			on_boundary = true;
			assert_int_equal(is_emulated(&line), probe->site.emulated);
			check_args(probe, &alloc_fns__at(lib->fns, probe->probe.fn)->probe, holds);
		}
		if (line.addr < site) {
			assert_false(is_emulated(&line));
			assert_false(is_jump(&line));
			assert_null(strstr(line.operands, ",%rsp"));
			follow(&line, holds);
		}
		if (is_jump(&line) && line.operands[0] != '*') {
			target = strtoull(line.operands, NULL, 16);
			assert_false(target > probe->vaddr && target <= site);
		}
	}
	assert_true(on_boundary);
}

/* What every program calls all the time must not be single-stepped. */
static void check_library(const char *path, size_t probe_cnt_min, const char *const cheap[])
{
	struct library lib;
	size_t i;

	open_library(path, &lib);
	assert_true(lib.object->probe_cnt >= probe_cnt_min);
	for (i = 0; i < lib.object->probe_cnt; i++)
		check_site(&lib, &lib.object->probes[i]);
	for (i = 0; cheap[i]; i++)
		assert_true(find(lib.object, cheap[i])->site.emulated);
	close_library(&lib);
}

static void glibc(void **state)
{
	check_library(LIB "libc.so.6", 9,
		      (const char *const[]){ "malloc", "free", "calloc", "realloc", NULL });
}

static void musl(void **state)
{
	check_library("/lib/ld-musl-x86_64.so.1", 8,
		      (const char *const[]){ "malloc", "free", "calloc", "realloc", NULL });
}

static void jemalloc(void **state)
{
	check_library(LIB "libjemalloc.so.2", 15,
		      (const char *const[]){ "malloc", "free", "calloc", "realloc",
					     "operator new(unsigned long)",
					     "operator delete(void*, unsigned long)", NULL });
}

static void tcmalloc(void **state)
{
	check_library(LIB "libtcmalloc_minimal.so.4", 15,
		      (const char *const[]){ "malloc", "free", "calloc", "realloc",
					     "operator new(unsigned long)",
					     "operator delete(void*, unsigned long)", NULL });
}

/* Its malloc moves the size to the second argument's register before the first branch. */
static void mimalloc(void **state)
{
	check_library(LIB "libmimalloc.so.2.0", 60,
		      (const char *const[]){ "malloc", "free", "realloc",
					     "operator new(unsigned long)", NULL });
}

/* glibc's free begins with "test %rdi,%rdi; je", built for CET with endbr64 before it: the je is
 * taken. */
static void free_of_glibc_is_probed_at_its_branch(void **state)
{
	const struct target_probe *probe;
	char *text __free_mem = NULL, *pos;
	struct library lib;
	struct line line;

	open_library(LIB "libc.so.6", &lib);
	probe = find(lib.object, "free");
	pos = text = disassemble(lib.path, probe);
	do {
		assert_true(next_line(&pos, &line));
	} while (line.addr != site_of(probe));
	assert_string_equal(line.mnemonic, "je");
	assert_int_equal(probe->probe.ptr_arg, 1);
	assert_int_equal(probe->site.reason, SITE_MOVED);
	close_library(&lib);
}

/* The table of arch/x86/kernel/uprobes.c, byte for byte. */
static void what_the_kernel_emulates(void **state)
{
	static const struct {
		const char *code;
		size_t len;
		bool emulated;
	} cases[] = {
		{ "\x55", 1, true },      /* push %rbp */
		{ "\x41\x57", 2, true },  /* push %r15 */
		{ "\x40\x55", 2, false }, /* rex push %rbp: only 41 is known */
		{ "\x48\x55", 2, false },
		{ "\x66\x55", 2, false }, /* push %bp */
		{ "\x90", 1, true },      /* nop */
		{ "\xf3\x90", 2, true },  /* pause */
		{ "\x66\x90", 2, true },
		{ "\x41\x90", 2, false },             /* xchg %r8,%rax */
		{ "\x0f\x1f\x44\x00\x00", 5, false }, /* nopl: by later kernels only */
		{ "\xf3\x0f\x1e\xfa", 4, false },     /* endbr64 */
		{ "\x74\x05", 2, true },              /* je */
		{ "\x3e\x74\x05", 3, false },         /* je,pt: a ds prefix cannot be probed */
		{ "\x66\x74\x05", 3, false },
		{ "\x0f\x84\x01\x00\x00\x00", 6, true }, /* je rel32 */
		{ "\xf2\xe9\x01\x00\x00\x00", 6, true }, /* bnd jmp */
		{ "\xeb\x05", 2, true },
		{ "\xe8\x01\x00\x00\x00", 5, true },
		{ "\x66\xe8\x01\x00\x00\x00", 6, false },
		{ "\xe3\x05", 2, false },     /* jrcxz */
		{ "\xe2\x05", 2, false },     /* loop */
		{ "\xff\xe0", 2, false },     /* jmp *%rax */
		{ "\x48\x85\xff", 3, false }, /* test %rdi,%rdi */
		{ "\xc3", 1, false },
		{ "\x0f", 1, false },
		{ "\x41", 1, false },
		{ "", 0, false },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (insn_x86_is_emulated((const uint8_t *)cases[i].code, cases[i].len) !=
		    cases[i].emulated)
			fail_msg("case %zu", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_kernel_emulates),
		cmocka_unit_test(free_of_glibc_is_probed_at_its_branch),
		cmocka_unit_test(glibc),
		cmocka_unit_test(musl),
		cmocka_unit_test(jemalloc),
		cmocka_unit_test(tcmalloc),
		cmocka_unit_test(mimalloc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
