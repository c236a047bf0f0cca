// SPDX-License-Identifier: Apache-2.0
/* What goes over the wire comes back the same, and what a liar sends is refused. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "worker/wire_object.h"

#define LIB "/usr/lib/x86_64-linux-gnu/"

struct file {
	struct alloc_fns *fns;
	struct target_object *object;
	struct buf *message;
	uint64_t bytes;
};

static void file_done(struct file *file)
{
	buf__free(file->message);
	target_object__free(file->object);
	alloc_fns__free(file->fns);
}
#define __file __attribute__((cleanup(file_done)))

static void read_file(const char *path, struct file *file)
{
	int fd __close_fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		skip();
	assert_int_equal(fstat(fd, &st), 0);
	file->bytes = (uint64_t)st.st_size;
	assert_int_equal(alloc_fns__new(NULL, 0, false, &file->fns), 0);
	assert_int_equal(target_object__read(file->fns, fd, &file->object), 0);
	file->message = buf__new(0);
	wire_put_object(file->message, file->object);
	assert_int_equal(buf__error(file->message), 0);
}

static int get(const struct file *file, const char *bytes, size_t len, struct target_object **ret)
{
	struct wire_reader reader = { .at = bytes, .left = len };

	return wire_get_object(&reader, file->fns, file->bytes, ret);
}

static void same_probe(const struct target_probe *a, const struct target_probe *b)
{
	assert_memory_equal(&a->probe, &b->probe, sizeof(a->probe));
	assert_memory_equal(&a->site.probe, &b->site.probe, sizeof(a->site.probe));
	assert_string_equal(a->name, b->name);
	assert_string_equal(a->label, b->label);
	assert_int_equal(a->vaddr, b->vaddr);
	assert_int_equal(a->size_bytes, b->size_bytes);
	assert_int_equal(a->site.entry_off, b->site.entry_off);
	assert_int_equal(a->site.site_off, b->site.site_off);
	assert_int_equal(a->site.emulated, b->site.emulated);
	assert_int_equal(a->site.reason, b->site.reason);
	assert_int_equal(a->ret_cnt, b->ret_cnt);
	assert_memory_equal(a->rets, b->rets, a->ret_cnt * sizeof(*a->rets));
}

static void round_trip(const char *path, size_t probe_min)
{
	struct file file __file = {};
	struct target_object *object __free(target_object) = NULL;
	size_t i;

	read_file(path, &file);
	assert_true(file.object->probe_cnt >= probe_min);
	assert_int_equal(get(&file, buf__data(file.message), buf__len(file.message), &object), 0);
	assert_true(build_id_equal(&object->build_id, &file.object->build_id));
	assert_int_equal(object->machine, file.object->machine);
	assert_int_equal(object->is_libc, file.object->is_libc);
	assert_int_equal(object->wrapper_cnt, file.object->wrapper_cnt);
	assert_int_equal(object->ifunc_cnt, file.object->ifunc_cnt);
	assert_int_equal(object->notify_off, file.object->notify_off);
	assert_int_equal(object->doubted_cnt, file.object->doubted_cnt);
	assert_int_equal(object->doubted_fn, file.object->doubted_fn);
	assert_int_equal(object->probe_cnt, file.object->probe_cnt);
	for (i = 0; i < object->probe_cnt; i++)
		same_probe(&object->probes[i], &file.object->probes[i]);
	assert_int_equal(object->name_cnt, file.object->name_cnt);
	for (i = 0; i < object->name_cnt; i++) {
		assert_int_equal(object->names[i].vaddr, file.object->names[i].vaddr);
		assert_int_equal(object->names[i].fn, file.object->names[i].fn);
	}
	assert_int_equal(object->tail_fn_cnt, file.object->tail_fn_cnt);
	assert_memory_equal(object->tail_fns, file.object->tail_fns,
			    object->tail_fn_cnt * sizeof(*object->tail_fns));
}

static void libraries_come_back_the_same(void **state)
{
	round_trip(LIB "libc.so.6", 8);
	round_trip(LIB "libstdc++.so.6", 0);
	round_trip(LIB "ld-linux-x86-64.so.2", 0);
}

static void what_is_cut_is_refused(void **state)
{
	struct target_object *object = NULL;
	struct file file __file = {};
	size_t len;

	read_file(LIB "libc.so.6", &file);
	for (len = 0; len < buf__len(file.message); len++)
		assert_int_equal(get(&file, buf__data(file.message), len, &object), -EIO);
	assert_null(object);
}

/* The object says so, and the message is made of it. */
static void refused(struct file *file)
{
	struct buf *message __free(buf) = buf__new(0);
	struct target_object *object = NULL;

	wire_put_object(message, file->object);
	assert_int_equal(get(file, buf__data(message), buf__len(message), &object), -EIO);
	assert_null(object);
}

#define REFUSED(lvalue, lie)                                                                       \
	do {                                                                                       \
		__typeof__(lvalue) truth_ = lvalue;                                                \
		(lvalue) = lie;                                                                    \
		refused(&file);                                                                    \
		(lvalue) = truth_;                                                                 \
	} while (0)

static void lies_are_refused(void **state)
{
	struct file file __file = {};
	struct target_probe *probe;
	struct target_object *object;

	read_file(LIB "libc.so.6", &file);
	object = file.object;
	probe = &object->probes[1];
	REFUSED(probe->site.site_off, file.bytes);
	REFUSED(probe->site.entry_off, UINT64_MAX);
	REFUSED(probe->site.reason, SITE_REASON_CNT);
	REFUSED(probe->vaddr, object->probes[0].vaddr);
	REFUSED(probe->probe.fn, UINT16_MAX);
	REFUSED(probe->probe.flags, probe->probe.flags ^ PROBE_FREE);
	REFUSED(probe->probe.size_arg, 7);
	REFUSED(probe->probe.flags, probe->probe.flags ^ PROBE_MAPS);
	REFUSED(probe->site.probe.ptr_arg, probe->probe.ptr_arg ? 0 : 1);
	REFUSED(object->names[0].fn, UINT16_MAX);
	REFUSED(object->notify_off, file.bytes);
	REFUSED(object->doubted_fn, UINT16_MAX);
	REFUSED(object->build_id.len_bytes, BUILD_ID_MAX_BYTES + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(libraries_come_back_the_same),
		cmocka_unit_test(what_is_cut_is_refused),
		cmocka_unit_test(lies_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
