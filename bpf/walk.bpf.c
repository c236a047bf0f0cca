// SPDX-License-Identifier: GPL-2.0-only
/*
 * The stack walker. It starts at the first instruction of a probed function, where the return address is at
 * (sp) or in a register, and goes from frame to frame by the rules of abi/unwind.h.
 *
 * What makes it cheap:
 *  - the stack is copied in windows of 2 KiB: one read of 2 KiB costs what two reads of 8 bytes cost;
 *  - a direct-mapped cache from (address space, pc) to (rule, frame) spares the search of mapping and row;
 *  - the hash is folded on the way, and a stack seen before is known by it alone.
 *
 * What makes it safe: uprobe programs are preemptible, so scratch space is claimed by compare-and-swap and never
 * assumed. The search begins at slots of the CPU's own, where a cache line is likely to be at hand, and goes on through
 * all the others: threads preempted while they walk hold theirs until they run again. A cache entry is two words
 * written without a lock; the second is mixed into the first, so that a torn pair does not match its tag.
 */
#include "walk.bpf.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "arch.bpf.h"
#include "config.bpf.h"
#include "mapping.bpf.h"
#include "process.bpf.h"
#include "stats.bpf.h"

#define CACHE_BITS           16
#define RETURN_INSTANCES_MAX 64

/* Builds that lack one of the two, to measure what each brings (make bench-unwind). */
#ifndef WALK_WITHOUT
#define WALK_WITHOUT 0
#endif
#define WITHOUT_CACHE  (WALK_WITHOUT & 1)
#define WITHOUT_WINDOW (WALK_WITHOUT & 2)

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct walk);
} scratch SEC(".maps");

struct cached {
	__u64 rule_tag; /* (tag << 32 | rule) ^ mix(frame) */
	__u64 frame;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1 << CACHE_BITS);
	__type(key, __u32);
	__type(value, struct cached);
} rule_cache SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct unwind_file_key);
	__type(value, struct unwind_file);
} files SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct unwind_row);
} rows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} pages SEC(".maps");

/* --- the stack, through a window --------------------------------------------------------------------- */

/* Move the window so that it starts a little below @addr: saved registers are below the return address. */
static __attribute__((noinline)) int window_refill(struct walk *walk, __u64 addr)
{
	__u64 base = (addr - 64) & ~7ull, bytes = sizeof(walk->window);

	walk->window_base = base;
	walk->window_bytes = 0;
	if (bpf_probe_read_user(walk->window, sizeof(walk->window), (void *)base)) {
		/* The stack ends within the window: take what is left of the page. */
		bytes = 4096 - (base & 4095);
		if (bytes > sizeof(walk->window))
			bytes = sizeof(walk->window);
		if (bpf_probe_read_user(walk->window, bytes, (void *)base))
			return 0;
	}
	walk->window_bytes = bytes;
	return 1;
}

static __attribute__((noinline)) int read_slow(struct walk *walk, __u64 addr, __u64 *ret)
{
	__u64 word = 0;

	/* Above the window: the walk has come to its end. Below or odd: a single word, no reason to move. */
	if (addr >= walk->window_base && !(addr & 7) && window_refill(walk, addr) &&
	    addr - walk->window_base <= walk->window_bytes - 8) {
		*ret = walk->window[((addr - walk->window_base) >> 3) & (WALK_WINDOW_WORDS - 1)];
		return 1;
	}
	if (bpf_probe_read_user(&word, sizeof(word), (void *)addr))
		return 0;
	*ret = word;
	return 1;
}

static inline __attribute__((always_inline)) int read_word(struct walk *walk, __u64 addr,
							   __u64 *ret)
{
	__u64 off = addr - walk->window_base;

	if (WITHOUT_WINDOW)
		return !bpf_probe_read_user(ret, sizeof(*ret), (void *)addr);
	if (!(off & 7) && off < walk->window_bytes) {
		*ret = walk->window[(off >> 3) & (WALK_WINDOW_WORDS - 1)];
		return 1;
	}
	return read_slow(walk, addr, ret);
}

#define UNWIND_READ(ctx, addr, ret) read_word((struct walk *)(ctx), (addr), (ret))
#include "unwind_step.h"

/* --- from pc to file and rule ----------------------------------------------------------------------------- */

/* The entry of @mapping's file; new ones get their number here and user space is told to make a table. */
static struct unwind_file *file_of(struct mapping *mapping, __u32 image)
{
	struct unwind_file *file = bpf_map_lookup_elem(&files, &mapping->key), fresh = {};
	struct notice notice = { .kind = NOTICE_FILE };

	if (file)
		return file;
	fresh.id = __sync_fetch_and_add(&control.file_next, 1);
	if (!bpf_map_update_elem(&files, &mapping->key, &fresh, BPF_NOEXIST)) {
		notice.image = image;
		notice.id = fresh.id;
		notice.start = mapping->start;
		notice.end = mapping->end;
		notice.ino = mapping->key.ino;
		notice.dev = mapping->key.dev;
		process_notify(&notice);
	}
	return bpf_map_lookup_elem(&files, &mapping->key);
}

static __attribute__((noinline)) __u32 row_search(const struct unwind_file *file, __u32 off)
{
	__u32 page = (off >> UNWIND_PAGE_SHIFT) - file->page_base, index, lo, hi, mid, *bound;
	struct unwind_row *row;
	int step;

	if (page >= file->page_cnt)
		return UNWIND_NONE;
	index = file->page0 + page;
	bound = bpf_map_lookup_elem(&pages, &index);
	if (!bound)
		return UNWIND_NONE;
	lo = *bound;
	index++;
	bound = bpf_map_lookup_elem(&pages, &index);
	if (!bound)
		return UNWIND_NONE;
	hi = *bound;
	/* The first row beyond off, in [lo, hi]; a page has at most 4096 rows. */
	for (step = 0; step < 13 && lo < hi; step++) {
		mid = (lo + hi) / 2;
		row = bpf_map_lookup_elem(&rows, &mid);
		if (!row)
			return UNWIND_NONE;
		if (row->off <= off)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo <= file->row0)
		return UNWIND_NONE;
	lo--;
	row = bpf_map_lookup_elem(&rows, &lo);
	return row ? row->rule : UNWIND_NONE;
}

#define LOOKUP_CACHE      0 /* walk->rule and walk->frame hold and may be kept */
#define LOOKUP_ONCE       1 /* they hold for now: the file's table is still to come */
#define LOOKUP_TRAMPOLINE 2 /* a return probe sits on this return address */
#define LOOKUP_BUSY       3 /* only the address is known: walk->frame holds, the walk ends */

/* Fill walk->rule and walk->frame for @pc. LOOKUP_*, or minus a STAT_WALK_*. */
static __attribute__((noinline)) int lookup_pc(struct walk *walk, __u64 pc)
{
	struct mapping *mapping = &walk->mapping;
	struct unwind_file *file;
	int found;

	/* One before the page that return probes return to: whose that byte is does not matter. */
	if (!walk->exact && pc + 1 == walk_trampoline())
		return LOOKUP_TRAMPOLINE;
	stats_add(STAT_RULE_MISS, 1);
	found = mapping_find(mapping, pc);
	if (found == MAPPING_NONE)
		return -STAT_WALK_NO_MAPPING;
	walk->rule = UNWIND_NONE;
	walk->frame = FRAME_OF_ADDR(pc);
	/* Better a bare address than nothing: user space knows the mappings, too. */
	if (found == MAPPING_BUSY)
		return LOOKUP_BUSY;
	if (!mapping->backed) {
		walk->rule = arch_rule_without_file(pc);
		return LOOKUP_CACHE;
	}
	file = file_of(mapping, walk->image);
	if (!file || file->id > FILE_ID_MAX)
		return LOOKUP_ONCE;
	walk->frame = FRAME_OF_FILE(file->id, mapping->off);
	if (file->flags & UNWIND_FILE_TABLE)
		walk->rule = row_search(file, mapping->off);
	else if (!(file->flags & UNWIND_FILE_NO_CFI)) {
		stats_add(STAT_FRAME_NO_TABLE, 1);
		return LOOKUP_ONCE;
	}
	return LOOKUP_CACHE;
}

static inline __attribute__((always_inline)) __u64 mix(__u64 x)
{
	x *= 0x9e3779b97f4a7c15ull;
	return x ^ x >> 29;
}

static inline __attribute__((always_inline)) int rule_of(struct walk *walk, __u64 pc)
{
	__u64 hash = mix(pc ^ walk->cache_key), tag, word;
	__u32 index = hash >> (64 - CACHE_BITS);
	struct cached *cached = bpf_map_lookup_elem(&rule_cache, &index);
	int result;

	if (!cached)
		return -STAT_WALK_NO_ROW;
	tag = hash << 32;
	walk->frame = cached->frame;
	word = cached->rule_tag ^ mix(walk->frame);
	if ((word & ~0xffffffffull) == tag && !WITHOUT_CACHE) {
		walk->rule = word;
		return LOOKUP_CACHE;
	}
	result = lookup_pc(walk, pc);
	if (result != LOOKUP_CACHE)
		return result;
	cached->frame = walk->frame;
	cached->rule_tag = (tag | walk->rule) ^ mix(walk->frame);
	return LOOKUP_CACHE;
}

/* --- return probes ---------------------------------------------------------------------------------------- */

__u64 walk_trampoline(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct xol_area *area = BPF_CORE_READ(task, mm, uprobes_state.xol_area);

	return area ? BPF_CORE_READ(area, vaddr) : 0;
}

struct displaced {
	struct return_instance *instance;
	__u64 sp;
	__u64 ra;
};

static long displaced_step(__u32 i, void *ctx)
{
	struct displaced *displaced = ctx;
	struct return_instance *instance = displaced->instance;

	if (!instance)
		return 1;
	/* Probes of one chain of tail calls share the word; the last of them has the address. */
	if (BPF_CORE_READ(instance, stack) == displaced->sp && !BPF_CORE_READ(instance, chained)) {
		displaced->ra = BPF_CORE_READ(instance, orig_ret_vaddr);
		return 1;
	}
	displaced->instance = BPF_CORE_READ(instance, next);
	return 0;
}

/* What a return probe has displaced in the call that was entered with stack pointer @sp (kernel/events/uprobes.c). 0 if
 * unknown. */
static __attribute__((noinline)) __u64 displaced_return(__u64 sp)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct displaced displaced = { .sp = sp };

	displaced.instance = BPF_CORE_READ(task, utask, return_instances);
	bpf_loop(RETURN_INSTANCES_MAX, displaced_step, &displaced, 0);
	return displaced.ra;
}

__u64 walk_return_address(__u64 sp, __u64 lr)
{
	__u64 ra = arch_return_address(sp, lr);

	return ra && ra == walk_trampoline() ? displaced_return(sp) : ra;
}

/* --- the walk --------------------------------------------------------------------------------------------- */

#define STOP(stat) ((stat)-STAT_WALK_ROOT)

static inline __attribute__((always_inline)) long stop_at(struct walk *walk, __u32 stat)
{
	walk->stop = STOP(stat);
	return 1;
}

static inline __attribute__((always_inline)) void fold(struct walk *walk, __u64 frame)
{
	walk->hash = mix(walk->hash ^ frame);
	walk->check = (walk->check + frame) * 0xc2b2ae3d27d4eb4full;
	walk->check ^= walk->check >> 31;
}

static long on_frame(__u32 i, void *ctx)
{
	struct walk *walk = *(struct walk **)ctx;
	__u64 pc = walk->exact ? walk->regs.pc : walk->regs.pc - 1;
	int result;

	result = rule_of(walk, pc);
	if (result < 0)
		return stop_at(walk, -result);
	if (result == LOOKUP_TRAMPOLINE) {
		walk->regs.pc = arch_code_address(&walk->regs,
						  displaced_return(walk->regs.sp - ARCH_RA_BYTES));
		if (!walk->regs.pc)
			return stop_at(walk, STAT_WALK_NO_MAPPING);
		return 0;
	}
	if (walk->frame_cnt >= config.depth_max)
		return stop_at(walk, STAT_WALK_TOO_DEEP);
	/* Nobody called it: the kernel made the handler return to its first byte, which is where it stands. */
	if (UNWIND_RULE_KIND(walk->rule) == UNWIND_SIGNAL)
		walk->frame += !walk->exact;
	walk->frames[walk->frame_cnt & (STACK_DEPTH_MAX - 1)] = walk->frame;
	walk->frame_cnt++;
	fold(walk,
	     FRAME_IS_ANON(walk->frame) ? walk->frame ^ (__u64)walk->image << 20 : walk->frame);
	if (result == LOOKUP_BUSY)
		return stop_at(walk, STAT_WALK_VMA_BUSY);
	if (walk->rule == UNWIND_NONE)
		stats_add(STAT_FRAME_FP_GUESS, 1);

	walk->regs.pc = pc;
	result = unwind_step(&walk->regs, walk->rule, walk);
	walk->exact = result == UNWIND_STEP_EXACT;
	if (walk->until && walk->regs.sp - ARCH_RA_BYTES >= walk->until)
		return 1;
	if (result <= UNWIND_STEP_EXACT)
		return 0;
	if (result == UNWIND_STEP_ROOT)
		return stop_at(walk, STAT_WALK_ROOT);
	if (result == UNWIND_STEP_BAD_READ)
		return stop_at(walk, STAT_WALK_BAD_READ);
	if (result == UNWIND_STEP_NOT_MONOTONIC)
		return stop_at(walk, STAT_WALK_NOT_MONOTONIC);
	return stop_at(walk, STAT_WALK_NO_ROW);
}

__hidden struct walk *walk_at(__u32 slot)
{
	return bpf_map_lookup_elem(&scratch, &slot);
}

struct claim {
	__u32 slot; /* to try next */
	__u32 claimed;
};

static long claim_step(__u32 i, void *ctx)
{
	struct claim *claim = ctx;
	struct walk *walk = walk_at(claim->slot);

	if (walk && !__sync_val_compare_and_swap(&walk->busy, 0, 1)) {
		claim->claimed = 1;
		return 1;
	}
	if (++claim->slot >= config.scratch_cnt)
		claim->slot = 0;
	return 0;
}

static __attribute__((noinline)) int slot_claim(void)
{
	struct claim claim = { .slot = bpf_get_smp_processor_id() * SCRATCH_PER_CPU };

	/* CPU numbers need not be dense. */
	if (claim.slot >= config.scratch_cnt)
		claim.slot = 0;
	bpf_loop(config.scratch_cnt, claim_step, &claim, 0);
	if (claim.claimed)
		return claim.slot;
	stats_add(STAT_WALK_NO_SCRATCH, 1);
	return -1;
}

int walk_end(__u32 slot)
{
	struct walk *walk = walk_at(slot);

	if (walk)
		__sync_lock_test_and_set(&walk->busy, 0);
	return 0;
}

/* Walk from walk->regs, whose pc is what a register says: @lr. */
static __attribute__((noinline)) void walk_from(struct walk *walk, __u32 image, __u64 lr)
{
	struct image *info = process_image_at(image);
	__u64 sp = walk->regs.sp - ARCH_RA_BYTES, ra = lr;

	walk->frame_cnt = 0;
	walk->hash = 0x5851f42d4c957f2dull;
	walk->check = 0;
	walk->image = image;
	walk->exact = 0;
	walk->stop = STOP(STAT_WALK_TOO_DEEP);
	walk->cache_key = mix((__u64)image << 32 | (info ? info->map_gen : 0));
	if ((!WITHOUT_WINDOW && !window_refill(walk, sp + 64)) ||
	    (ARCH_RA_BYTES && !read_word(walk, sp, &ra))) {
		walk->stop = STOP(STAT_WALK_BAD_READ);
		return;
	}
	walk->regs.pc = arch_code_address(&walk->regs, ra);
	bpf_loop(STACK_DEPTH_MAX + RETURN_INSTANCES_MAX, on_frame, &walk, 0);
}

int walk_stack(__u32 image, __u64 sp, __u64 fp, __u64 lr)
{
	int slot = slot_claim();
	struct walk *walk = walk_at(slot);

	if (slot < 0 || !walk)
		return -1;
	walk->until = 0;
	arch_regs_begin(&walk->regs, sp, fp);
	walk_from(walk, image, lr);
	stats_add(STAT_WALK_ROOT + (walk->stop & 15), 1);
	/* How it ended belongs to the stack's identity: a cut stack is not the whole one. */
	fold(walk, walk->stop);
	if (!walk->hash)
		walk->hash = 1;
	return slot;
}

__u64 walk_return_of(__u32 image, __u64 sp, __u64 fp, __u64 lr, __u64 entry_sp)
{
	int slot = slot_claim();
	struct walk *walk = walk_at(slot);
	__u64 ra = WALK_UNKNOWN;

	if (slot < 0 || !walk)
		return WALK_UNKNOWN;
	walk->until = entry_sp;
	arch_regs_begin(&walk->regs, sp, fp);
	walk_from(walk, image, lr);
	if (walk->regs.sp - ARCH_RA_BYTES == walk->until)
		ra = walk->regs.pc;
	else if (walk->regs.sp - ARCH_RA_BYTES > walk->until)
		ra = 0;
	__sync_lock_test_and_set(&walk->busy, 0);
	return ra;
}
