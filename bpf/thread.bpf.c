// SPDX-License-Identifier: GPL-2.0-only
/* Task storage goes with its thread: nothing leaks when one exits within a call. */
#include "thread.bpf.h"

#include <bpf/bpf_helpers.h>

#include "stats.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct thread);
} threads SEC(".maps");

__hidden struct thread *thread_current(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread *thread;

	thread = bpf_task_storage_get(&threads, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!thread)
		stats_add(STAT_THREAD_STATE, 1);
	return thread;
}

__hidden void thread_reset(void)
{
	struct thread *thread = bpf_task_storage_get(&threads, bpf_get_current_task_btf(), NULL, 0);

	if (!thread)
		return;
	thread->call.sp = 0;
	thread->tail_sp = 0;
	thread->freed_addr = 0;
	thread->op_sp = 0;
}
