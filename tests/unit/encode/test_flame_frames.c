// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "encode/flame_frames.h"

static uint32_t add(struct flame_frames *frames, const char *name, const char *file,
		    const char *mapping)
{
	uint32_t ret = UINT32_MAX;

	assert_int_equal(flame_frames__add(frames, name, file, mapping, false, &ret), 0);
	return ret;
}

static const char *module_of(const struct flame_frames *frames, uint32_t frame)
{
	uint32_t module = flame_frames__at(frames, frame)->module;

	return flame_frames__str(frames, flame_frames__module(frames, module)->name);
}

static void builds_of_one_program_share_frames(void **state)
{
	struct flame_frames *f __free(flame_frames) = flame_frames__new();
	uint32_t old = add(f, "read_all", "/build/1/src/io.c", "/usr/lib/libssl.so.1.1");

	assert_int_equal(add(f, "read_all", "/build/2/src/io.c", "/opt/libssl.so.3"), old);
	assert_int_equal(add(f, "sum", "", "/lib/libc-2.31.so"),
			 add(f, "sum", "", "/lib/libc.so.6"));
	/* A file of another name or another module is another function. */
	assert_int_not_equal(add(f, "read_all", "/build/1/src/net.c", "/usr/lib/libssl.so.1.1"),
			     old);
	assert_int_not_equal(add(f, "read_all", "/build/1/src/io.c", "/usr/lib/libz.so.1"), old);
	assert_string_equal(module_of(f, old), "libssl.so.1.1");
}

static void go_functions_belong_to_packages(void **state)
{
	struct flame_frames *f __free(flame_frames) = flame_frames__new();

	assert_string_equal(
		module_of(f, add(f, "encoding/json.(*decodeState).object",
				 "/usr/lib/go/src/encoding/json/decode.go", "/bin/srv")),
		"encoding/json");
	assert_string_equal(
		module_of(f, add(f, "github.com/a/b.v2.Run[go.shape.int]", "b.go", "/bin/srv")),
		"github.com/a/b");
	assert_string_equal(module_of(f, add(f, "main.main", "main.go", "/bin/srv")), "main");
	/* Not Go: a part of a function, by gcc. */
	assert_string_equal(module_of(f, add(f, "parse.part.0", "parse.c", "/bin/srv")), "srv");
}

static void kinds_are_told_apart(void **state)
{
	struct flame_frames *f __free(flame_frames) = flame_frames__new();
	uint32_t lost = add(f, "[stack lost: map full]", "", ""), main_frame;

	assert_int_equal(flame_frames__at(f, lost)->flags, FLAME_SYNTHETIC);
	assert_int_equal(flame_frames__at(f, add(f, "[anon]+0x12", "", ""))->flags, 0);
	assert_int_equal(flame_frames__at(f, add(f, "vfs_read", "", "[kernel.kallsyms]"))->flags,
			 FLAME_KERNEL);
	assert_int_equal(flame_frames__add(f, "main", "", "/bin/prog", true, &main_frame), 0);
	/* The program and the kernel keep the first two hues for themselves. */
	assert_true(flame_frames__at(f, main_frame)->colour < 3);
	assert_true(flame_frames__at(f, add(f, "memcpy", "", "/lib/libc.so.6"))->colour >= 6);
}

static void colours_do_not_depend_on_the_rest(void **state)
{
	struct flame_frames *a __free(flame_frames) = flame_frames__new();
	struct flame_frames *b __free(flame_frames) = flame_frames__new();
	uint32_t in_a = add(a, "inflate", "", "/lib/libz.so.1"), in_b;

	for (int i = 0; i < 50; i++)
		add(b, (char[]){ (char)('a' + i % 26), (char)('a' + i / 26), '\0' }, "",
		    "/lib/libx.so");
	in_b = add(b, "inflate", "", "/other/libz.so.1.2.13");
	assert_int_equal(flame_frames__at(a, in_a)->colour, flame_frames__at(b, in_b)->colour);
}

static void changes_have_a_shade(void **state)
{
	assert_int_equal(flame_change_shade(-1), 0);
	assert_int_equal(flame_change_shade(0), FLAME_CHANGE_CNT / 2);
	assert_int_equal(flame_change_shade(1), FLAME_CHANGE_CNT - 1);
	assert_true(flame_change_shade(0.3) > FLAME_CHANGE_CNT / 2);
	assert_true(flame_change_shade(-0.3) < FLAME_CHANGE_CNT / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(builds_of_one_program_share_frames),
		cmocka_unit_test(go_functions_belong_to_packages),
		cmocka_unit_test(kinds_are_told_apart),
		cmocka_unit_test(colours_do_not_depend_on_the_rest),
		cmocka_unit_test(changes_have_a_shade),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
