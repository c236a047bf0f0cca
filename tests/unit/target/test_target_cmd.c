// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "harness/child.h"
#include "target/loader_list.h"
#include "target/loader_lists.h"
#include "target/target_cmd.h"

#define PREFIX "/tmp/heaptap-cmd-"

static const char *const env[] = { "PATH=/usr/bin:/bin", NULL };

struct world {
	struct alloc_fns *fns;
	struct target_set *set;
	char dir[64];
	char program[128]; /* in dir */
	char marker[128];  /* a file beside it */
};

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	snprintf(world->dir, sizeof(world->dir), PREFIX "XXXXXX");
	assert_non_null(mkdtemp(world->dir));
	snprintf(world->program, sizeof(world->program), "%s/program", world->dir);
	snprintf(world->marker, sizeof(world->marker), "%s/marker", world->dir);
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
	unlink(world->marker);
	rmdir(world->dir);
	free(world);
	return 0;
}

static void write_program(const struct world *world, const char *text, mode_t mode)
{
	FILE *file = fopen(world->program, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(chmod(world->program, mode), 0);
}

static int add(const struct world *world, const char *name, const char *const envp[],
	       struct target_refs *refs)
{
	const char *const argv[] = { name, "-x", NULL };

	return target_set__add_cmd(world->set, argv, envp, NULL, NULL, refs);
}

static const struct target_object *find(const struct world *world, const struct target_refs *refs,
					const char *part)
{
	size_t i;

	for (i = 0; i < refs->cnt; i++) {
		if (strstr(target_set__at(world->set, refs->at[i])->path, part))
			return target_set__at(world->set, refs->at[i]);
	}
	return NULL;
}

static void a_dynamic_program(void **state)
{
	struct target_refs refs __target_refs = {};
	struct world *world = *state;

	assert_int_equal(add(world, "cat", env, &refs), TARGET_OK);
	assert_non_null(find(world, &refs, "libc.so.6"));
	assert_true(find(world, &refs, "ld-linux")->notify_off > 0);
}

static void what_is_preloaded_counts(void **state)
{
	static const char library[] = "/usr/lib/x86_64-linux-gnu/libjemalloc.so.2";
	const char *const preload[] = { env[0],
					"LD_PRELOAD=/usr/lib/x86_64-linux-gnu/libjemalloc.so.2",
					NULL };
	struct target_refs refs __target_refs = {};
	struct world *world = *state;

	if (access(library, R_OK))
		skip();
	assert_int_equal(add(world, "/bin/cat", preload, &refs), TARGET_OK);
	assert_non_null(find(world, &refs, "libjemalloc"));
	assert_non_null(find(world, &refs, "libc.so.6"));
}

/* What is found before it runs is what is mapped when it does. */
static void the_guess_is_what_runs(void **state)
{
	struct target_refs guessed __target_refs = {}, mapped __target_refs = {};
	const char *const argv[] = { "cat", NULL };
	struct world *world = *state;
	struct child child;
	size_t cnt;

	assert_int_equal(add(world, "cat", env, &guessed), TARGET_OK);
	cnt = target_set__cnt(world->set);
	child_start(&child, argv, NULL);
	assert_int_equal(target_set__add_pid(world->set, child.pid, &mapped), TARGET_OK);
	assert_int_equal(mapped.cnt, guessed.cnt);
	assert_int_equal(target_set__cnt(world->set), cnt);
	child_stop(&child);
}

static void a_static_program(void **state)
{
	struct target_refs refs __target_refs = {};
	struct world *world = *state;

	if (child_compile((const char *const[]){ "gcc", "-static", NULL }, child_echo,
			  world->program))
		skip();
	assert_int_equal(add(world, world->program, env, &refs), TARGET_OK);
	assert_int_equal(refs.cnt, 1);
}

static void a_musl_program(void **state)
{
	struct target_refs refs __target_refs = {};
	struct world *world = *state;

	if (child_compile((const char *const[]){ "musl-gcc", NULL }, child_echo, world->program))
		skip();
	assert_int_equal(add(world, world->program, env, &refs), TARGET_OK);
	assert_true(find(world, &refs, "musl")->probe_cnt > 5);
	assert_null(find(world, &refs, "libc.so.6"));
}

static void scripts_lead_to_their_interpreters(void **state)
{
	static const char *const lines[] = { "#!/bin/cat\n", "#! \t/usr/bin/env cat\n",
					     "#!/usr/bin/env -i X=1 cat -u\n", "#!/bin/cat",
					     "echo no line\n" };
	struct world *world = *state;
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct target_refs refs __target_refs = {};

		write_program(world, lines[i], 0755);
		assert_int_equal(add(world, world->program, env, &refs), TARGET_OK);
		assert_non_null(find(world, &refs, "libc.so.6"));
	}
}

static void an_endless_chain_of_interpreters(void **state)
{
	struct world *world = *state;
	char line[256];

	snprintf(line, sizeof(line), "#!%s\n", world->program);
	write_program(world, line, 0755);
	assert_int_equal(add(world, world->program, env, NULL), -ELOOP);
}

static void what_cannot_be_run(void **state)
{
	const char *const here[] = { "PATH=/nowhere::/usr/bin", NULL }, *const none[] = { NULL };
	struct world *world = *state;
	char *path __free_mem = NULL;
	char dir_path[160];
	const char *const in_dir[] = { dir_path, NULL };

	assert_int_equal(add(world, "no-such-program", env, NULL), -ENOENT);
	assert_int_equal(add(world, "", env, NULL), -ENOENT);
	assert_int_equal(add(world, "/no/such/program", env, NULL), -ENOENT);
	assert_int_equal(add(world, world->dir, env, NULL), -EACCES);
	write_program(world, "x", 0644);
	assert_int_equal(add(world, world->program, env, NULL), -EACCES);
	snprintf(dir_path, sizeof(dir_path), "PATH=%s:", world->dir);
	assert_int_equal(target_cmd_find("program", in_dir, &path), -EACCES);
	assert_int_equal(target_cmd_find("cat", here, &path), 0);
	assert_string_equal(path, "/usr/bin/cat");
	free(TAKE_PTR(path));
	assert_int_equal(target_cmd_find("cat", none, &path), 0);
	write_program(world, "#!\n", 0755);
	assert_int_equal(add(world, world->program, env, NULL), -ENOEXEC);
	write_program(world, "\177ELF nonsense", 0755);
	assert_int_equal(add(world, world->program, env, NULL), -ENOEXEC);
}

/* Neither the program's code nor its libraries', nor what LD_AUDIT names, is run to learn what it
 * would map. */
static void nothing_of_it_runs(void **state)
{
	struct target_refs refs __target_refs = {};
	struct world *world = *state;
	const char *const argv[] = { world->program, NULL };
	char source[1024], audit[160], preload[160], *out __free_mem = NULL;
	const char *const envp[] = { env[0], audit, preload, "LD_DEBUG=all", NULL };

	snprintf(source, sizeof(source),
		 "#include <fcntl.h>\n#include <unistd.h>\n"
		 "__attribute__((constructor)) void mark(void) { close(open(\"%s\", O_CREAT | "
		 "O_WRONLY, 0600)); }\n"
		 "unsigned la_version(unsigned v) { mark(); return v; }\n"
		 "int main(void) { return 0; }\n",
		 world->marker);
	if (child_compile((const char *const[]){ "gcc", "-fPIC", NULL }, source, world->program))
		skip();
	snprintf(audit, sizeof(audit), "LD_AUDIT=%s", world->program);
	snprintf(preload, sizeof(preload), "LD_PRELOAD=%s", world->program);
	assert_int_equal(add(world, world->program, envp, &refs), TARGET_OK);
	assert_non_null(find(world, &refs, "libc.so.6"));
	assert_int_not_equal(access(world->marker, F_OK), 0);
	assert_int_equal(child_run(argv, &out), 0);
	assert_int_equal(access(world->marker, F_OK), 0);
}

static void a_loader_anybody_could_have_put_there(void **state)
{
	struct world *world = *state;
	char *out __free_mem = NULL;
	char script[256];

	snprintf(script, sizeof(script), "#!/bin/sh\ntouch %s\n", world->marker);
	write_program(world, script, 0777);
	assert_int_equal(loader_list(world->program, "/bin/cat", env, &out), -EPERM);
	assert_int_equal(loader_list("relative", "/bin/cat", env, &out), -EPERM);
	assert_int_equal(loader_list(world->dir, "/bin/cat", env, &out), -EPERM);
	assert_int_equal(loader_list("/no/such/loader", "/bin/cat", env, &out), -ENOENT);
	assert_int_not_equal(access(world->marker, F_OK), 0);
}

static void a_loader_that_talks_too_much(void **state)
{
	struct world *world = *state;
	char *out __free_mem = NULL;

	write_program(world, "#!/bin/sh\nexec cat /dev/zero\n", 0755);
	assert_int_equal(loader_list(world->program, "/bin/cat", env, &out), -EFBIG);
}

/* One that lists the program itself. */
static void write_loader(const struct world *world, const char *more)
{
	char script[256];

	snprintf(script, sizeof(script), "#!/bin/sh\nprintf x >> %s\necho \"$2 (0x1)\"\n%s",
		 world->marker, more);
	write_program(world, script, 0755);
}

/* How often it has been run. */
static size_t runs_of(const struct world *world)
{
	struct stat st;

	return stat(world->marker, &st) ? 0 : (size_t)st.st_size;
}

static void get(struct loader_lists *lists, const struct world *world, const char *exe,
		const char *const envp[])
{
	char *out __free_mem = NULL;

	assert_int_equal(loader_lists__get(lists, world->program, exe, envp, &out), 0);
	assert_non_null(strstr(out, exe));
}

static void a_loader_is_asked_once(void **state)
{
	const char *const elsewhere[] = { "LD_LIBRARY_PATH=/tmp", NULL };
	const char *const others[] = { "PATH=/tmp", "SHLVL=7", NULL };
	struct world *world = *state;
	struct loader_lists lists = {};

	write_loader(world, "");
	get(&lists, world, "/bin/cat", env);
	get(&lists, world, "/bin/cat", env);
	get(&lists, world, "/bin/cat", others);
	assert_int_equal(runs_of(world), 1);
	get(&lists, world, "/bin/ls", env);
	assert_int_equal(runs_of(world), 2);
	get(&lists, world, "/bin/ls", elsewhere);
	get(&lists, world, "/bin/ls", elsewhere);
	assert_int_equal(runs_of(world), 3);
	get(&lists, world, "/bin/cat", env);
	assert_int_equal(runs_of(world), 3);
	loader_lists__done(&lists);
}

/* The loader stands for any of the files. */
static void what_has_changed_is_asked_again(void **state)
{
	struct world *world = *state;
	struct loader_lists lists = {};
	char *out __free_mem = NULL;

	write_loader(world, "");
	get(&lists, world, "/bin/cat", env);
	write_loader(world, "#\n");
	get(&lists, world, "/bin/cat", env);
	assert_int_equal(runs_of(world), 2);
	/* What may not be run any more is not believed, either. */
	assert_int_equal(chmod(world->program, 0777), 0);
	assert_int_equal(loader_lists__get(&lists, world->program, "/bin/cat", env, &out), -EPERM);
	loader_lists__done(&lists);
}

static void the_oldest_lists_go(void **state)
{
	struct world *world = *state;
	struct loader_lists lists = {};
	char exe[32];
	unsigned i;

	write_loader(world, "");
	for (i = 0; i <= LOADER_LISTS_MAX; i++) {
		snprintf(exe, sizeof(exe), "/no/such/%u", i);
		get(&lists, world, exe, env);
	}
	get(&lists, world, "/no/such/1", env);
	assert_int_equal(runs_of(world), LOADER_LISTS_MAX + 1);
	get(&lists, world, "/no/such/0", env);
	assert_int_equal(runs_of(world), LOADER_LISTS_MAX + 2);
	loader_lists__done(&lists);
}

static void lists_as_loaders_write_them(void **state)
{
	char text[] = "\tlinux-vdso.so.1 (0x00007ffd)\n"
		      "\tlibm.so.6 => /lib/libm.so.6 (0x00007f1a)\n"
		      "\tlibx.so => not found\n"
		      "\t/lib64/ld-linux-x86-64.so.2 (0x00007f1b)\n"
		      "\n(0x1)\n =>  (0x2)\n"
		      "\tliby.so => /opt/a (0x1)/liby.so (0x00007f1c)\n"
		      "\tlibz.so => ./libz.so (0x1)";
	char *pos = text;

	assert_string_equal(loader_list_next(&pos), "/lib/libm.so.6");
	assert_string_equal(loader_list_next(&pos), "/lib64/ld-linux-x86-64.so.2");
	assert_string_equal(loader_list_next(&pos), "/opt/a (0x1)/liby.so");
	assert_string_equal(loader_list_next(&pos), "./libz.so");
	assert_null(loader_list_next(&pos));
	assert_null(loader_list_next(&pos));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_dynamic_program),
		TEST(what_is_preloaded_counts),
		TEST(the_guess_is_what_runs),
		TEST(a_static_program),
		TEST(a_musl_program),
		TEST(scripts_lead_to_their_interpreters),
		TEST(an_endless_chain_of_interpreters),
		TEST(what_cannot_be_run),
		TEST(nothing_of_it_runs),
		TEST(a_loader_anybody_could_have_put_there),
		TEST(a_loader_that_talks_too_much),
		TEST(a_loader_is_asked_once),
		TEST(what_has_changed_is_asked_again),
		TEST(the_oldest_lists_go),
		cmocka_unit_test(lists_as_loaders_write_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
