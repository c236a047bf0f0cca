// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which mapping an address of the current process is in. bpf_find_vma() tells, but not while somebody changes the address space
 * or waits to: a thread that maps its stack, a library that is loaded. That is common in the first moments of a process, when
 * nothing is in the walker's cache yet.
 *
 * Then the kernel's tree of mappings (Linux 6.1) is read without its lock. It is made for that (lib/maple_tree.c): nodes are
 * replaced rather than changed, and outlive the programs that may be reading them, since those run under RCU. Readers in the
 * kernel tell a dead node by its parent; here what was found must prove itself: a mapping of this address space, around this
 * address, the same before and after its file was looked at. If it cannot, we begin again.
 *
 * What user space knew of the mappings was a third way, and is none: it is always a little late, and gave frames of one library
 * the names of another that had been at its place (tests/stacks/test-places, churn).
 */
#include "mapping.bpf.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "config.bpf.h"

#define ENOENT     2
#define EBUSY      16
#define VM_EXEC    4ul
#define TREE_TRIES 3
/* A level has at most 16 slots; seven levels hold more mappings than a process may have. */
#define TREE_STEPS 128

/* Builds that go the second way always, to test it alone (make check-tree). */
#ifndef MAPPING_WITHOUT_LOCK
#define MAPPING_WITHOUT_LOCK 0
#endif

/* --- by the kernel, under its lock ------------------------------------------------------------------------ */

static void set_file(struct mapping *mapping, __u64 pgoff, __u64 ino, __u32 dev)
{
	mapping->off = mapping->pc - mapping->start + (pgoff << config.page_shift);
	mapping->key.ino = ino;
	mapping->key.dev = dev;
	mapping->backed = 1;
}

static long on_vma(struct task_struct *task, struct vm_area_struct *vma, void *ctx)
{
	struct mapping *mapping = *(struct mapping **)ctx;
	struct file *file = vma->vm_file;
	struct inode *inode;

	mapping->start = vma->vm_start;
	mapping->end = vma->vm_end;
	mapping->executable = (vma->vm_flags & VM_EXEC) != 0;
	if (!file)
		return 0;
	inode = file->f_inode;
	set_file(mapping, vma->vm_pgoff, inode->i_ino, inode->i_sb->s_dev);
	return 0;
}

/* --- by its tree, without the lock ------------------------------------------------------------------------ */

/*
 * Nodes (include/linux/maple_tree.h; the same on every 64-bit machine since 6.1). Pointers to them have their type in what a
 * node's alignment leaves free. Not relocated: for a type that a kernel does not have at all, libbpf asks its modules, which
 * takes CAP_SYS_ADMIN. Were they laid out otherwise, nothing that is found would prove itself.
 */
#define NODE_MASK       255ull
#define NODE_TYPE(node) ((node) >> 3 & 15)
#define NODE_LEAF       1
#define NODE_ARANGE     3
#define IS_ROOT(entry)  (((entry)&3) == 2 && (entry) > 4096)

#define RANGE_PIVOT_CNT  15
#define ARANGE_PIVOT_CNT 9

struct node_range {
	__u64 parent;
	__u64 pivot[RANGE_PIVOT_CNT];
	__u64 slot[RANGE_PIVOT_CNT + 1];
};

struct node_arange {
	__u64 parent;
	__u64 pivot[ARANGE_PIVOT_CNT];
	__u64 slot[ARANGE_PIVOT_CNT + 1];
};

/* One slot of one node: past it, down it, or, in a leaf, the entry that is looked for. */
static long descend(__u32 step, void *ctx)
{
	struct mapping *mapping = *(struct mapping **)ctx;
	__u64 node = mapping->node & ~NODE_MASK, type = NODE_TYPE(mapping->node);
	__u64 pivots = node + offsetof(struct node_range, pivot);
	__u64 slots = node + offsetof(struct node_range, slot);
	__u64 pivot_cnt = RANGE_PIVOT_CNT, pivot = 0, entry = 0;

	if (type == NODE_ARANGE) {
		slots = node + offsetof(struct node_arange, slot);
		pivot_cnt = ARANGE_PIVOT_CNT;
	}
	if (mapping->slot < pivot_cnt) {
		pivots += mapping->slot * sizeof(pivot);
		if (bpf_probe_read_kernel(&pivot, sizeof(pivot), (void *)pivots))
			return 1;
		/* The last slot in use goes to the end of what the node covers: its pivot may be 0. */
		if (pivot < mapping->pc && (pivot || !mapping->slot)) {
			mapping->slot++;
			return 0;
		}
	}
	slots += mapping->slot * sizeof(entry);
	if (bpf_probe_read_kernel(&entry, sizeof(entry), (void *)slots))
		return 1;
	if (type == NODE_LEAF) {
		mapping->entry = entry;
		return 1;
	}
	mapping->node = entry;
	mapping->slot = 0;
	return 0;
}

/* Read @vma, which may be somebody else's by now. Is it one of @mm around the pc, and was it all the while? */
static bool vma_read(struct mapping *mapping, struct vm_area_struct *vma, struct mm_struct *mm)
{
	struct file *file = BPF_CORE_READ(vma, vm_file);
	__u64 pgoff = BPF_CORE_READ(vma, vm_pgoff);

	mapping->start = BPF_CORE_READ(vma, vm_start);
	mapping->end = BPF_CORE_READ(vma, vm_end);
	mapping->executable = (BPF_CORE_READ(vma, vm_flags) & VM_EXEC) != 0;
	mapping->backed = 0;
	if (file)
		set_file(mapping, pgoff, BPF_CORE_READ(file, f_inode, i_ino),
			 BPF_CORE_READ(file, f_inode, i_sb, s_dev));
	barrier();
	return mapping->pc >= mapping->start && mapping->pc < mapping->end &&
	       BPF_CORE_READ(vma, vm_mm) == mm && BPF_CORE_READ(vma, vm_start) == mapping->start &&
	       BPF_CORE_READ(vma, vm_end) == mapping->end &&
	       BPF_CORE_READ(vma, vm_pgoff) == pgoff && BPF_CORE_READ(vma, vm_file) == file;
}

static bool tree_search(struct mapping *mapping)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	int i;

	for (i = 0; i < TREE_TRIES; i++) {
		mapping->node = (__u64)BPF_CORE_READ(mm, mm_mt.ma_root);
		mapping->slot = 0;
		mapping->entry = 0;
		if (IS_ROOT(mapping->node))
			bpf_loop(TREE_STEPS, descend, &mapping, 0);
		if (vma_read(mapping, (struct vm_area_struct *)mapping->entry, mm))
			return true;
	}
	return false;
}

int mapping_find(struct mapping *mapping, __u64 pc)
{
	long err = -EBUSY;

	if (!mapping)
		return MAPPING_BUSY;
	mapping->pc = pc;
	mapping->executable = 0;
	mapping->backed = 0;
	if (!MAPPING_WITHOUT_LOCK)
		err = bpf_find_vma(bpf_get_current_task_btf(), pc, on_vma, &mapping, 0);
	if (err == -ENOENT)
		return MAPPING_NONE;
	if (err && !(bpf_core_field_exists(struct mm_struct, mm_mt) && tree_search(mapping)))
		return MAPPING_BUSY;
	return mapping->executable ? MAPPING_FOUND : MAPPING_NONE;
}
