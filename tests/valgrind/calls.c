// SPDX-License-Identifier: Apache-2.0
/*
 * System calls that are newer than Debian 12's valgrind, or name heaptap's own file: what of heaptap's memory the kernel reads
 * must be defined, what it answers is so, as valgrind would have it. All other calls go through valgrind.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <valgrind/memcheck.h>

#include "kernel/bpf_link.h"
#include "native.h"

/* The part of BPF_LINK_CREATE's attributes that says where, as src/kernel/bpf_link.c has it. */
struct uprobe_sites {
	uint32_t prog_fd, target_fd, attach_type, flags;
	uint64_t path, offsets, ref_ctr_offsets, cookies;
	uint32_t cnt;
};

static bool is_uprobe_sites(long command, const struct uprobe_sites *sites)
{
	return command == BPF_LINK_CREATE && (sites->attach_type == BPF_LINK_UPROBE_MULTI ||
					      sites->attach_type == BPF_LINK_UPROBE_SESSION);
}

static struct bpf_map_info map_info(uint32_t map_fd)
{
	struct bpf_map_info info = {};
	union bpf_attr attr = {
		.info = { .bpf_fd = map_fd, .info_len = sizeof(info), .info = (uintptr_t)&info }
	};
	const struct call call = { SYS_bpf, { BPF_OBJ_GET_INFO_BY_FD, (long)&attr, sizeof(attr) } };

	native_call(&call);
	return info;
}

static void define_answer(long command, const union bpf_attr *attr)
{
	struct bpf_map_info info;

	if (command == BPF_MAP_LOOKUP_AND_DELETE_ELEM) {
		info = map_info(attr->map_fd);
		(void)VALGRIND_MAKE_MEM_DEFINED(attr->value, info.value_size);
	} else if (command == BPF_MAP_LOOKUP_BATCH) {
		info = map_info(attr->batch.map_fd);
		(void)VALGRIND_MAKE_MEM_DEFINED(attr->batch.keys,
						attr->batch.count * info.key_size);
		(void)VALGRIND_MAKE_MEM_DEFINED(attr->batch.values,
						attr->batch.count * info.value_size);
		(void)VALGRIND_MAKE_MEM_DEFINED(attr->batch.out_batch, sizeof(uint32_t));
	}
}

static long link_natively(const struct call *call, struct uprobe_sites *sites)
{
	uint64_t path = sites->path;
	long ret;

	(void)VALGRIND_CHECK_MEM_IS_DEFINED(sites->offsets, sites->cnt * sizeof(uint64_t));
	(void)VALGRIND_CHECK_MEM_IS_DEFINED(sites->cookies, sites->cnt * sizeof(uint64_t));
	sites->path = (uintptr_t)native_path((const char *)path);
	ret = native_call(call);
	sites->path = path;
	return ret;
}

static long bpf_natively(const struct call *call)
{
	void *attr = (void *)call->args[1];
	long ret;

	(void)VALGRIND_CHECK_MEM_IS_DEFINED(attr, call->args[2]);
	if (is_uprobe_sites(call->args[0], attr))
		return link_natively(call, attr);
	ret = native_call(call);
	if (!ret || errno == ENOENT)
		define_answer(call->args[0], attr);
	return ret;
}

/* A dynamic type, as uprobes are, has the path of what it probes there. */
static long perf_event_natively(struct call *call)
{
	struct perf_event_attr *attr = (struct perf_event_attr *)call->args[0];
	uint64_t path = attr->config1;
	long ret;

	(void)VALGRIND_CHECK_MEM_IS_DEFINED(attr, sizeof(*attr));
	if (attr->type >= PERF_TYPE_MAX)
		attr->config1 = (uintptr_t)native_path((const char *)path);
	ret = native_call(call);
	attr->config1 = path;
	return ret;
}

long syscall(long number, ...)
{
	struct call call = { .number = number };
	va_list args;
	int i;

	va_start(args, number);
	for (i = 0; i < 6; i++)
		call.args[i] = va_arg(args, long);
	va_end(args);
	if (number == SYS_pidfd_open || number == SYS_openat2)
		return native_call(&call);
	if (number == SYS_perf_event_open)
		return perf_event_natively(&call);
	if (number == SYS_bpf && call.args[0] > BPF_TASK_FD_QUERY)
		return bpf_natively(&call);
	return NEXT(syscall)(number, call.args[0], call.args[1], call.args[2], call.args[3],
			     call.args[4], call.args[5]);
}

int open64(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
	va_end(args);
	return NEXT(open64)(native_path(path), flags, mode);
}
