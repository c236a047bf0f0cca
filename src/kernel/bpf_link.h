/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Uprobe links by the raw bpf(2) call: uprobe multi (Linux 6.6) and uprobe session (6.13) are newer than the libbpf
 * this program is content with. Numbers: include/uapi/linux/bpf.h.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define BPF_LINK_UPROBE_MULTI   48 /* enum bpf_attach_type: BPF_TRACE_UPROBE_MULTI */
#define BPF_LINK_UPROBE_SESSION 57 /* BPF_TRACE_UPROBE_SESSION */

/* Where programs go: @cnt instructions of one file, each with the cookie its program will see. */
struct bpf_link_sites {
	const char *path;        /* as the kernel is to open it: /proc/self/fd/N works */
	const uint64_t *offsets; /* file offsets */
	const uint64_t *cookies;
	uint32_t cnt;
	pid_t pid; /* that process alone; 0: everybody who maps the file */
};

/* A new link's fd, or -errno. @attach_type as the program was loaded for; @on_return: at return, not entry. */
int bpf_link_uprobe_multi(int prog_fd, int attach_type, const struct bpf_link_sites *sites,
			  int on_return);

/* The same for one site by a perf event. Two descriptors: close both to detach. 0 or -errno. */
int bpf_link_uprobe_perf(int prog_fd, const char *path, uint64_t offset, uint64_t cookie, pid_t pid,
			 int on_return, int *ret_link_fd, int *ret_event_fd);
