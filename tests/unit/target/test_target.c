// SPDX-License-Identifier: Apache-2.0
/* Discovery, on real processes of every kind this machine can make. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "harness/child.h"
#include "proc/proc_info.h"
#include "target/target.h"

#define LIB "/usr/lib/x86_64-linux-gnu/"

static const char *const cat[] = { "cat", NULL };

struct world {
	struct alloc_fns *fns;
	struct target_set *set;
	char dir[64];
	char program[128]; /* in dir */
};

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	snprintf(world->dir, sizeof(world->dir), "/tmp/heaptap-target-XXXXXX");
	assert_non_null(mkdtemp(world->dir));
	snprintf(world->program, sizeof(world->program), "%s/program", world->dir);
	assert_int_equal(alloc_fns__new(NULL, 0, false, &world->fns), 0);
	assert_int_equal(target_set__new(world->fns, NULL, &world->set), 0);
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	target_set__free(world->set);
	alloc_fns__free(world->fns);
	unlink(world->program);
	rmdir(world->dir);
	free(world);
	return 0;
}

static bool ends_with(const char *str, const char *end)
{
	size_t len = strlen(str), end_len = strlen(end);

	return len >= end_len && !strcmp(str + len - end_len, end);
}

/* The one object of @refs whose path holds @part, or NULL. */
static const struct target_object *find(const struct world *world, const struct target_refs *refs,
					const char *part)
{
	const struct target_object *object, *found = NULL;
	size_t i;

	for (i = 0; i < refs->cnt; i++) {
		object = target_set__at(world->set, refs->at[i]);
		if (!strstr(object->path, part))
			continue;
		assert_null(found);
		found = object;
	}
	return found;
}

static const struct target_probe *probe_named(const struct target_object *object, const char *name)
{
	const struct target_probe *found = NULL;
	size_t i;

	for (i = 0; i < object->probe_cnt; i++) {
		if (strcmp(object->probes[i].name, name))
			continue;
		assert_null(found);
		found = &object->probes[i];
	}
	return found;
}

static bool has(const struct target_object *object, const char *name)
{
	return probe_named(object, name) != NULL;
}

/* Compile or skip: a missing compiler is not our failure. */
static void compile(const struct world *world, const char *const argv[], const char *source)
{
	if (child_compile(argv, source, world->program))
		skip();
}

static void check_object(const struct target_object *object)
{
	struct stat st;
	size_t i;

	assert_int_equal(fstat(object->fd, &st), 0);
	assert_int_equal(st.st_ino, object->ino);
	assert_int_equal(st.st_dev, object->st_dev);
	for (i = 0; i < object->probe_cnt; i++) {
		const struct site *site = &object->probes[i].site;

		assert_true(site->site_off >= site->entry_off);
		assert_true(site->site_off < (uint64_t)st.st_size);
		/* One probe per address, in order. */
		assert_true(!i || object->probes[i - 1].vaddr < object->probes[i].vaddr);
	}
}

/* A process of any program is found to have glibc's allocator, and its dynamic linker says when
 * libraries change. */
static void a_dynamic_program(void **state)
{
	struct target_refs refs __target_refs = {}, again __target_refs = {};
	const struct target_object *libc, *loader;
	struct world *world = *state;
	struct child child;
	size_t cnt;

	child_start(&child, cat, NULL);
	assert_int_equal(target_set__add_pid(world->set, child.pid, &refs), TARGET_OK);
	libc = find(world, &refs, "libc.so");
	assert_non_null(libc);
	check_object(libc);
	assert_true(has(libc, "malloc") && has(libc, "free") && has(libc, "calloc") &&
		    has(libc, "realloc"));
	assert_true(libc->is_libc);
	assert_true(libc->build_id.len_bytes >= 8);
	assert_int_equal(libc->kernel_dev, major(libc->st_dev) << 20 | minor(libc->st_dev));
	loader = find(world, &refs, "/ld-linux");
	assert_non_null(loader);
	assert_true(loader->notify_off > 0);
	assert_int_equal(loader->probe_cnt, 0);
	/* Aliases of one address are one probe under the public name. */
	assert_false(has(libc, "__libc_malloc") || has(libc, "cfree") || has(libc, "__libc_free"));
	/* Looking again changes nothing. */
	cnt = target_set__cnt(world->set);
	assert_int_equal(target_set__add_pid(world->set, child.pid, &again), TARGET_OK);
	assert_int_equal(target_set__cnt(world->set), cnt);
	assert_int_equal(again.cnt, refs.cnt);
	child_stop(&child);
}

static void many_processes_share_their_objects(void **state)
{
	struct world *world = *state;
	struct child children[20];
	size_t i, cnt = 0;

	for (i = 0; i < 20; i++) {
		child_start(&children[i], cat, NULL);
		assert_int_equal(target_set__add_pid(world->set, children[i].pid, NULL), TARGET_OK);
		if (!i)
			cnt = target_set__cnt(world->set);
		assert_int_equal(target_set__cnt(world->set), cnt);
	}
	for (i = 0; i < 20; i++)
		child_stop(&children[i]);
}

static void check_program(struct world *world, const char *env)
{
	const char *const argv[] = { world->program, NULL };
	struct target_refs refs __target_refs = {};
	const struct target_object *object;
	struct child child;

	child_start(&child, argv, env);
	assert_int_equal(target_set__add_pid(world->set, child.pid, &refs), TARGET_OK);
	object = find(world, &refs, world->program);
	assert_non_null(object);
	check_object(object);
	assert_true(has(object, "malloc") && has(object, "free"));
	child_stop(&child);
}

static void a_static_program(void **state)
{
	compile(*state, (const char *const[]){ "gcc", "-O1", "-static", NULL }, child_echo);
	check_program(*state, NULL);
}

static void a_static_musl_program(void **state)
{
	compile(*state, (const char *const[]){ "musl-gcc", "-O1", "-static", NULL }, child_echo);
	check_program(*state, NULL);
}

static void a_static_pie(void **state)
{
	compile(*state, (const char *const[]){ "gcc", "-O1", "-static-pie", NULL }, child_echo);
	check_program(*state, NULL);
}

/* musl's libc is its dynamic linker: its malloc is the program's. */
static void a_dynamic_musl_program(void **state)
{
	struct target_refs refs __target_refs = {};
	const struct target_object *libc;
	struct world *world = *state;
	const char *const argv[] = { world->program, NULL };
	struct child child;

	compile(world, (const char *const[]){ "musl-gcc", "-O1", NULL }, child_echo);
	child_start(&child, argv, NULL);
	assert_int_equal(target_set__add_pid(world->set, child.pid, &refs), TARGET_OK);
	libc = find(world, &refs, "musl");
	if (!libc)
		libc = find(world, &refs, "libc.so");
	assert_non_null(libc);
	assert_true(libc->notify_off > 0);
	assert_true(libc->is_libc);
	assert_true(has(libc, "malloc") && has(libc, "memalign") && has(libc, "aligned_alloc"));
	/* memalign jumps to aligned_alloc. */
	assert_true(probe_named(libc, "memalign")->probe.flags & PROBE_TAIL_CALLS);
	assert_true(probe_named(libc, "aligned_alloc")->probe.flags & PROBE_TAIL_CALLED);
	child_stop(&child);
}

static void a_stripped_static_program_has_none(void **state)
{
	struct target_refs refs __target_refs = {};
	struct world *world = *state;
	const char *const argv[] = { world->program, NULL };
	struct child child;

	compile(world, (const char *const[]){ "gcc", "-O1", "-static", "-s", NULL }, child_echo);
	child_start(&child, argv, NULL);
	assert_int_equal(target_set__add_pid(world->set, child.pid, &refs), TARGET_NO_ALLOCATOR);
	assert_int_equal(refs.cnt, 0);
	child_stop(&child);
}

static void check_preloaded(void **state, const char *library)
{
	struct target_refs refs __target_refs = {};
	const struct target_object *object;
	struct world *world = *state;
	struct child child;
	char env[256];

	if (access(library, R_OK))
		skip();
	snprintf(env, sizeof(env), "LD_PRELOAD=%s", library);
	child_start(&child, cat, env);
	assert_int_equal(target_set__add_pid(world->set, child.pid, &refs), TARGET_OK);
	object = find(world, &refs, strrchr(library, '/') + 1);
	assert_non_null(object);
	check_object(object);
	assert_true(has(object, "malloc") && has(object, "free") && has(object, "_Znwm"));
	assert_non_null(find(world, &refs, "libc.so.6"));
	child_stop(&child);
}

static void preloaded_jemalloc(void **state)
{
	check_preloaded(state, LIB "libjemalloc.so.2");
}

static void preloaded_tcmalloc(void **state)
{
	check_preloaded(state, LIB "libtcmalloc_minimal.so.4");
}

static void preloaded_mimalloc(void **state)
{
	check_preloaded(state, LIB "libmimalloc.so.2.0");
}

static const struct target_object *add_path(struct world *world, const char *path, int expected)
{
	int fd __close_fd = open(path, O_RDONLY | O_CLOEXEC);
	struct target_refs refs __target_refs = {};

	if (fd < 0)
		skip();
	assert_int_equal(target_set__add_fd(world->set, fd, path, &refs), expected);
	return refs.cnt ? target_set__at(world->set, refs.at[0]) : NULL;
}

/* The C++ library's operators call malloc and free; the aligned new asks for more than it was asked
 * for. */
static void operators_that_only_call_malloc_are_left_out(void **state)
{
	const struct target_object *cxx = add_path(*state, LIB "libstdc++.so.6", TARGET_OK);

	assert_false(has(cxx, "_Znwm") || has(cxx, "_Znam") || has(cxx, "_ZnwmRKSt9nothrow_t"));
	assert_false(has(cxx, "_ZdlPv") || has(cxx, "_ZdlPvm") || has(cxx, "_ZdaPvm"));
	assert_true(has(cxx, "_ZnwmSt11align_val_t"));
	assert_int_equal(cxx->probe_cnt, 1);
	assert_true(cxx->wrapper_cnt >= 15);
}

static void operators_that_allocate_are_probed(void **state)
{
	const struct target_object *je = add_path(*state, LIB "libjemalloc.so.2", TARGET_OK);

	assert_true(has(je, "_Znwm") && has(je, "_ZnwmRKSt9nothrow_t"));
	/* new[] jumps to new, delete to free. */
	assert_false(has(je, "_Znam") || has(je, "_ZdlPv"));
	assert_true(has(je, "mallocx") && has(je, "sdallocx"));
}

static void operators_of_the_program_itself(void **state)
{
	static const char source[] = "#include <cstdlib>\n"
				     "#include <new>\n"
				     "static char pool[1 << 20]; static unsigned long used;\n"
				     "void *operator new(unsigned long n) { if (n > 64) { void *p "
				     "= std::malloc(n); if (p) return p; }\n"
				     "	used += n; return pool + used - n; }\n"
				     "void *operator new[](unsigned long n) { void *p = "
				     "std::malloc(n ? n : 1); if (!p) throw std::bad_alloc();\n"
				     "	return p; }\n"
				     "void operator delete(void *p) noexcept { if (p < pool || p "
				     ">= pool + sizeof(pool)) std::free(p); }\n"
				     "void operator delete[](void *p) noexcept { std::free(p); }\n"
				     "int main(int c, char **v) { char *p = new char[c]; delete[] "
				     "p; return *new int(0); }\n";
	/* Calls go at once, through .plt, .plt.sec or the table itself. */
	static const char *const options[][2] = {
		{ "-O0", NULL },       { "-O2", NULL },
		{ "-O2", "-fno-plt" }, { "-O2", "-fcf-protection=full" },
		{ "-O1", "-static" },  { "-O2", "-no-pie" },
	};
	const struct target_object *object;
	struct world *world = *state;
	size_t i;

	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		compile(world,
			(const char *const[]){ "g++", "-x", "c++", options[i][0], options[i][1],
					       NULL },
			source);
		object = add_path(world, world->program, TARGET_OK);
		/* It may come from its own pool: only its own probe sees that. */
		assert_true(has(object, "_Znwm"));
		assert_true(has(object, "_ZdlPv"));
		assert_false(has(object, "_Znam"));
		assert_false(has(object, "_ZdaPv"));
		unlink(world->program);
	}
}

/* A plain name alone proves nothing. */
static void plain_names_need_company(void **state)
{
	static const char source[] =
		"void free_sized(void *p) {}\nvoid *mallocx(int a) { return 0; }\n"
		"void *tc_malloc(int a) { return 0; }\nint mi_new(int a) { return a; }\n"
		"int main(void) { return 0; }\n";
	const struct target_object *object;
	struct world *world = *state;

	compile(world, (const char *const[]){ "gcc", "-O1", "-fno-builtin", NULL }, source);
	object = add_path(world, world->program, TARGET_NO_ALLOCATOR);
	assert_int_equal(object->probe_cnt, 0);
	assert_int_equal(object->doubted_cnt, 4);
}

/* Nobody's in particular: a program that has new and delete, or free and its own alloc, under such a prefix or none. */
static void names_that_prove_nothing_together(void **state)
{
	static const char source[] =
		"void *tc_new(int a) { return 0; }\nvoid tc_delete(void *p) {}\n"
		"void *mi_new(int a) { return 0; }\nvoid mi_free(void *p) {}\n"
		"void *je_realloc(void *p, int a) { return p; }\nvoid je_free(void *p) {}\n"
		"void *valloc(unsigned long n) { return 0; }\nvoid vfree(void *p) {}\n"
		"int main(void) { return 0; }\n";
	struct world *world = *state;

	compile(world, (const char *const[]){ "gcc", "-O1", "-fno-builtin", NULL }, source);
	assert_int_equal(add_path(world, world->program, TARGET_NO_ALLOCATOR)->doubted_cnt, 8);
}

/* Linked in and hidden, as Rust's jemalloc is: local symbols count. */
static void hidden_prefixed_functions(void **state)
{
	static const char source[] =
		"#define H __attribute__((visibility(\"hidden\"), noinline))\n"
		"H void *_rjem_malloc(unsigned long n) { return (void *)n; }\n"
		"H void *_rjem_mallocx(unsigned long n, int f) { return (void *)(n + f); }\n"
		"H void _rjem_sdallocx(void *p, unsigned long n, int f) { __asm__ volatile(\"\" "
		"::: \"memory\"); }\n"
		"H void _rjem_free(void *p) { __asm__ volatile(\"\" ::: \"memory\"); }\n"
		"int main(int c, char **v) { _rjem_sdallocx(_rjem_mallocx(c, 0), c, 0); "
		"_rjem_free(_rjem_malloc(c)); return 0; }\n";
	const struct target_object *object;
	struct world *world = *state;

	compile(world, (const char *const[]){ "gcc", "-O1", NULL }, source);
	object = add_path(world, world->program, TARGET_OK);
	assert_int_equal(object->probe_cnt, 4);
	assert_true(has(object, "_rjem_mallocx") && has(object, "_rjem_sdallocx"));
}

/* What the linker keeps of them in a Rust program. */
static void what_is_called_of_a_prefix_is_enough(void **state)
{
	static const char source[] =
		"#define A __attribute__((noipa))\n"
		"A void *_rjem_mallocx(unsigned long n, int f) { return (void *)(n + f); }\n"
		"A void _rjem_sdallocx(void *p, unsigned long n, int f) {}\n"
		"A void *mi_malloc_aligned(unsigned long n, unsigned long a) { return (void *)(n + "
		"a); }\n"
		"A void *mi_new(unsigned long n) { return (void *)n; }\n"
		"A void mi_free(void *p) {}\n"
		"A void *je_mallocx(unsigned long n, int f) { return (void *)(n + f); }\n"
		"int main(int c, char **v) { _rjem_sdallocx(_rjem_mallocx(c, 0), c, 0); "
		"mi_free(mi_malloc_aligned(c, 8)); mi_free(mi_new(c)); return !je_mallocx(c, 0); "
		"}\n";
	const struct target_object *object;
	struct world *world = *state;

	compile(world, (const char *const[]){ "gcc", "-O1", NULL }, source);
	object = add_path(world, world->program, TARGET_OK);
	assert_true(has(object, "_rjem_mallocx") && has(object, "_rjem_sdallocx"));
	assert_true(has(object, "mi_malloc_aligned") && has(object, "mi_new") &&
		    has(object, "mi_free"));
	assert_int_equal(object->probe_cnt, 5);
	assert_int_equal(object->doubted_cnt, 1);
	assert_string_equal(alloc_fns__at(world->fns, object->doubted_fn)->name, "je_mallocx");
}

static void a_function_chosen_at_run_time_is_not_probed(void **state)
{
	static const char source[] =
		"static void *impl(unsigned long n) { return (void *)n; }\n"
		"static void *(*resolve(void))(unsigned long) { return impl; }\n"
		"void *malloc(unsigned long n) __attribute__((ifunc(\"resolve\")));\n"
		"void *je_malloc(unsigned long n) { return (void *)n; }\nvoid je_free(void *p) {}\n"
		"int main(void) { return 0; }\n";
	const struct target_object *object;
	struct world *world = *state;

	compile(world, (const char *const[]){ "gcc", "-O1", "-fno-builtin", NULL }, source);
	object = add_path(world, world->program, TARGET_OK);
	assert_true(object->ifunc_cnt > 0);
	assert_false(has(object, "malloc"));
	assert_true(has(object, "je_malloc"));
}

/* An interposer in one file that jumps to a function in another marks that one, whichever was seen
 * first. */
static void tail_jumps_cross_files(void **state)
{
	static const char source[] =
		"void *__libc_malloc(unsigned long);\nvoid __libc_free(void *);\n"
		"void *malloc(unsigned long n) { return __libc_malloc(n); }\n"
		"void free(void *p) { __libc_free(p); }\nint main(void) { return 0; }\n";
	const struct target_object *libc, *object;
	struct world *world = *state;

	compile(world, (const char *const[]){ "gcc", "-O2", "-fno-builtin", NULL }, source);
	libc = add_path(world, LIB "libc.so.6", TARGET_OK);
	assert_true(probe_named(libc, "realloc")->probe.flags & PROBE_TAIL_CALLS);
	assert_true(probe_named(libc, "malloc")->probe.flags & PROBE_TAIL_CALLED);
	assert_false(probe_named(libc, "free")->probe.flags & PROBE_TAIL_CALLED);
	object = add_path(world, world->program, TARGET_OK);
	assert_true(probe_named(object, "free")->probe.flags & PROBE_TAIL_CALLS);
	assert_true(probe_named(libc, "free")->probe.flags & PROBE_TAIL_CALLED);
}

/* The file that is mapped is analysed, though its name is gone or another's by now. */
static void a_deleted_program(void **state)
{
	struct target_refs refs __target_refs = {};
	struct world *world = *state;
	const char *const argv[] = { world->program, NULL };
	const struct target_object *object;
	struct child child;
	int fd;

	if (geteuid())
		skip();
	compile(world, (const char *const[]){ "gcc", "-O1", "-static", NULL }, child_echo);
	child_start(&child, argv, NULL);
	unlink(world->program);
	fd = open(world->program, O_CREAT | O_WRONLY, 0600);
	close(fd);
	assert_int_equal(target_set__add_pid(world->set, child.pid, &refs), TARGET_OK);
	object = find(world, &refs, world->program);
	assert_non_null(object);
	check_object(object);
	child_stop(&child);
}

/* In a container the path names nothing out here. */
static void another_mount_namespace(void **state)
{
	struct target_refs refs __target_refs = {};
	const struct target_object *object;
	struct world *world = *state;
	struct child child;
	char script[512];
	const char *const probe[] = { "unshare", "-m", "true", NULL };
	const char *const argv[] = { "unshare", "-m", "sh", "-c", script, NULL };
	char *out __free_mem = NULL;

	if (geteuid() || child_run(probe, &out))
		skip();
	compile(world, (const char *const[]){ "gcc", "-O1", "-static", NULL }, child_echo);
	snprintf(script, sizeof(script),
		 "mount -t tmpfs none /mnt && cp %s /mnt/inside && exec /mnt/inside",
		 world->program);
	child_start(&child, argv, NULL);
	assert_int_not_equal(access("/mnt/inside", F_OK), 0);
	assert_int_equal(target_set__add_pid(world->set, child.pid, &refs), TARGET_OK);
	object = find(world, &refs, "/mnt/inside");
	assert_non_null(object);
	check_object(object);
	assert_true(has(object, "malloc"));
	child_stop(&child);
}

static void a_file_seen_by_path_is_the_file_that_is_mapped(void **state)
{
	struct target_refs refs __target_refs = {};
	const struct target_object *by_path;
	struct world *world = *state;
	struct child child;
	size_t i, seen = 0;

	by_path = add_path(world, "/lib/x86_64-linux-gnu/libc.so.6", TARGET_OK);
	child_start(&child, cat, NULL);
	assert_int_equal(target_set__add_pid(world->set, child.pid, &refs), TARGET_OK);
	for (i = 0; i < refs.cnt; i++)
		seen += target_set__at(world->set, refs.at[i]) == by_path;
	assert_int_equal(seen, 1);
	child_stop(&child);
}

static void what_cannot_be_traced(void **state)
{
	struct world *world = *state;
	struct proc_info info;
	siginfo_t si;
	pid_t pid;

	assert_int_equal(target_set__add_pid(world->set, 0x7ffffff0, NULL), TARGET_NO_PROCESS);
	pid = fork();
	if (!pid)
		_exit(0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &si, WEXITED | WNOWAIT), 0);
	assert_int_equal(target_set__add_pid(world->set, pid, NULL), TARGET_VANISHED);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	if (!proc_info__read(2, &info) && info.is_kernel_thread)
		assert_int_equal(target_set__add_pid(world->set, 2, NULL), TARGET_KERNEL_THREAD);
	assert_int_equal(target_set__cnt(world->set), 0);
	assert_true(ends_with(target_outcome_text(TARGET_NO_PROCESS), "not exist"));
}

/* In assembly, because 32-bit libraries are rarely there. */
static void a_32_bit_program(void **state)
{
	static const char source[] =
		"__asm__(\".globl _start; _start: mov $3, %eax; xor %ebx, %ebx; mov $byte, "
		"%ecx;\"\n"
		"\"mov $1, %edx; int $0x80; cmp $1, %eax; jne 1f; mov $4, %eax; mov $1, %ebx;\"\n"
		"\"int $0x80; jmp _start; 1: mov $1, %eax; xor %ebx, %ebx; int $0x80;\"\n"
		"\".bss; byte: .byte 0\");\n";
	struct world *world = *state;
	const char *const argv[] = { world->program, NULL };
	char *out __free_mem = NULL;
	struct child child;

	compile(world,
		(const char *const[]){ "gcc", "-m32", "-nostdlib", "-static", "-no-pie", NULL },
		source);
	/* The kernel may not run such programs. */
	if (child_run(argv, &out))
		skip();
	child_start(&child, argv, NULL);
	assert_int_equal(target_set__add_pid(world->set, child.pid, NULL), TARGET_32BIT);
	child_stop(&child);
}

/* By where it lies: a folder of valgrind's. */
static void a_program_whose_code_is_translated(void **state)
{
	struct world *world = *state;
	const char *const argv[] = { world->program, NULL };
	struct child child;
	char dir[128];

	snprintf(dir, sizeof(dir), "%s/valgrind", world->dir);
	snprintf(world->program, sizeof(world->program), "%s/valgrind/program", world->dir);
	assert_int_equal(mkdir(dir, 0700), 0);
	compile(world, (const char *const[]){ "gcc", NULL }, child_echo);
	child_start(&child, argv, NULL);
	assert_true(proc_is_translated(child.pid));
	assert_false(proc_is_translated(getpid()));
	assert_int_equal(target_set__add_pid(world->set, child.pid, NULL), TARGET_TRANSLATED);
	assert_int_equal(target_set__cnt(world->set), 0);
	child_stop(&child);
	assert_int_equal(unlink(world->program), 0);
	assert_int_equal(rmdir(dir), 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_dynamic_program),
		TEST(many_processes_share_their_objects),
		TEST(a_static_program),
		TEST(a_static_musl_program),
		TEST(a_static_pie),
		TEST(a_dynamic_musl_program),
		TEST(a_stripped_static_program_has_none),
		TEST(a_program_whose_code_is_translated),
		TEST(preloaded_jemalloc),
		TEST(preloaded_tcmalloc),
		TEST(preloaded_mimalloc),
		TEST(operators_that_only_call_malloc_are_left_out),
		TEST(operators_that_allocate_are_probed),
		TEST(operators_of_the_program_itself),
		TEST(plain_names_need_company),
		TEST(names_that_prove_nothing_together),
		TEST(hidden_prefixed_functions),
		TEST(what_is_called_of_a_prefix_is_enough),
		TEST(a_function_chosen_at_run_time_is_not_probed),
		TEST(tail_jumps_cross_files),
		TEST(a_deleted_program),
		TEST(another_mount_namespace),
		TEST(a_file_seen_by_path_is_the_file_that_is_mapped),
		TEST(what_cannot_be_traced),
		TEST(a_32_bit_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
