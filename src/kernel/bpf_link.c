// SPDX-License-Identifier: Apache-2.0
#include "kernel/bpf_link.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fdio.h"
#include "base/units.h"

#define UPROBE_MULTI_RETURN 1u

/* The part of union bpf_attr that BPF_LINK_CREATE reads for these links. */
struct link_create_attr {
	uint32_t prog_fd;
	uint32_t target_fd;
	uint32_t attach_type;
	uint32_t flags;
	union {
		struct {
			uint64_t path;
			uint64_t offsets;
			uint64_t ref_ctr_offsets;
			uint64_t cookies;
			uint32_t cnt;
			uint32_t flags;
			uint32_t pid;
			uint32_t pad;
		} uprobe_multi;
		struct {
			uint64_t cookie;
		} perf_event;
	};
};

static int link_create(struct link_create_attr *attr)
{
	int fd = (int)syscall(SYS_bpf, BPF_LINK_CREATE, attr, sizeof(*attr));

	return fd < 0 ? -errno : fd;
}

int bpf_link_uprobe_multi(int prog_fd, int attach_type, const struct bpf_link_sites *sites,
			  int on_return)
{
	struct link_create_attr attr = {
		.prog_fd = (uint32_t)prog_fd,
		.attach_type = (uint32_t)attach_type,
		.uprobe_multi = {
			.path = (uintptr_t)sites->path,
			.offsets = (uintptr_t)sites->offsets,
			.cookies = (uintptr_t)sites->cookies,
			.cnt = sites->cnt,
			.flags = on_return ? UPROBE_MULTI_RETURN : 0,
			.pid = (uint32_t)sites->pid,
		},
	};

	return link_create(&attr);
}

/* A small number in a file of sysfs; "config:0" style prefixes are skipped. */
static int sysfs_number(const char *path, uint64_t *ret)
{
	char *text __free_mem = NULL, *number;
	int err = fdio_read_file(path, 4096, &text, NULL);

	if (err)
		return err;
	number = strchr(text, ':');
	number = number ? number + 1 : text;
	number[strcspn(number, "\n-")] = '\0';
	return units_parse_u64(number, ret);
}

static int open_event(const char *path, uint64_t offset, pid_t pid, int on_return)
{
	struct perf_event_attr attr = { .size = sizeof(attr) };
	uint64_t type, bit;
	int err, fd;

	err = sysfs_number("/sys/bus/event_source/devices/uprobe/type", &type);
	if (!err && on_return)
		err = sysfs_number("/sys/bus/event_source/devices/uprobe/format/retprobe", &bit);
	if (err)
		return err;
	attr.type = (uint32_t)type;
	attr.config = on_return ? 1ull << bit : 0;
	attr.config1 = (uintptr_t)path;
	attr.config2 = offset;
	fd = (int)syscall(SYS_perf_event_open, &attr, pid ? pid : -1, pid ? -1 : 0, -1,
			  PERF_FLAG_FD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int bpf_link_uprobe_perf(int prog_fd, const char *path, uint64_t offset, uint64_t cookie, pid_t pid,
			 int on_return, int *ret_link_fd, int *ret_event_fd)
{
	struct link_create_attr attr = { .prog_fd = (uint32_t)prog_fd,
					 .attach_type = BPF_PERF_EVENT,
					 .perf_event.cookie = cookie };
	int event __close_fd = open_event(path, offset, pid, on_return), link;

	if (event < 0)
		return event;
	attr.target_fd = (uint32_t)event;
	link = link_create(&attr);
	if (link < 0)
		return link;
	if (ioctl(event, PERF_EVENT_IOC_ENABLE, 0)) {
		close(link);
		return -errno;
	}
	*ret_link_fd = link;
	*ret_event_fd = TAKE_FD(event);
	return 0;
}
