// SPDX-License-Identifier: GPL-2.0-only
/*
 * The handlers of the allocator probes.
 *
 * An allocation is decided, and its stack walked, at entry: the arguments are there and no return probe of ours
 * has touched the stack yet. It is counted at return, when it is known to have succeeded, under the site found at
 * entry. Between the two it is a `struct call` of its thread.
 *
 * Outermost call only: while a call is in progress, whatever is probed beneath it is the allocator's own business.
 * "In progress" is told by the stack pointer: deeper is beneath, higher means that the call never returned (longjmp,
 * an exception, a killed thread) and is given up. Two calls at the very same stack pointer are a tail call if the
 * return address there is already a return probe's trampoline, else the first one is dead.
 *
 * Where no return probe tells when a call ends (allocations alone, or a sampler that declined it), the two cases
 * are: the jump from one allocator function to another at the same stack pointer, recognised by `tail_*`; and a
 * real call, recognised in user space because the outer function is on the stack.
 *
 * A realloc takes its old block out at entry, before the allocator can hand the address to another thread, and puts
 * it back with its first stack if the call failed.
 */
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "abi/probe.h"
#include "arch.bpf.h"
#include "config.bpf.h"
#include "cost.bpf.h"
#include "live.bpf.h"
#include "mapped.bpf.h"
#include "op.bpf.h"
#include "own_stack.bpf.h"
#include "process.bpf.h"
#include "sample.h"
#include "site.bpf.h"
#include "stats.bpf.h"
#include "thread.bpf.h"
#include "walk.bpf.h"
#include "why.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct probe);
} probes SEC(".maps");

OWN_STACK_MAP(alloc_stack);
OWN_STACK_MAP(session_stack);

static struct probe *probe_of(__u64 cookie)
{
	__u32 index = cookie;

	return bpf_map_lookup_elem(&probes, &index);
}

/* Does the probe with @cookie count now? */
static bool counts(__u64 cookie)
{
	return control.active && !(cookie & COOKIE_APART) == !control.apart;
}

/* Where a function stands at its entry. */
struct entry {
	__u64 sp;
	__u64 fp;
	__u64 lr;
};

/*
 * The arguments are copied at once (arch_args): one of them is then an index and not a branch, which would double the
 * verifier's work at each use. Probe sites lie before any is written (src/target/site.h).
 */
static inline __attribute__((always_inline)) __u64 argument(const __u64 args[8], __u8 number)
{
	return args[number & 7];
}

/* No allocator can hand out as much: half of the 48-bit address space is the kernel's. */
#define REQUEST_MAX (1ull << 47)

/* The bytes asked for. False if no call for as much can succeed. */
static bool requested_bytes(const __u64 args[8], const struct probe *probe, __u64 *ret)
{
	__u64 bytes = argument(args, probe->size_arg), cnt, limit = ~0ull;

	if (probe->count_arg) {
		cnt = argument(args, probe->count_arg);
		if (cnt)
			limit /= cnt;
		/* Else the compiler makes it a 128-bit product, which BPF has not. */
		asm volatile("" : "+r"(limit));
		if (bytes > limit)
			return false;
		bytes *= cnt;
	}
	if (bytes > REQUEST_MAX)
		return false;
	*ret = bytes;
	return true;
}

/* The old block of a realloc is where it was. */
static void old_put_back(struct call *call)
{
	live_add(call->image, call->old_addr, &call->old);
	if (config.lifetimes)
		why_put_back(call->image, call->old_addr, &call->story);
}

/* Give up a call that never returned. Its old block is taken to be where it was. */
static void call_abandon(struct call *call)
{
	call->sp = 0;
	/* A throwing function that did not return has thrown. */
	stats_add(call->flags & PROBE_RET_SITES ? STAT_ALLOC_FAILED : STAT_RETURN_MISSED, 1);
	if (call->old_addr)
		old_put_back(call);
}

/*
 * Has the call in progress not ended behind our back, by an exception or a longjmp? Its return address is still there,
 * and the stack leads to it from here.
 */
static inline __attribute__((always_inline)) bool
call_is_live(const struct entry *entry, const struct probe *probe, const struct call *call)
{
	__u64 expected = call->flags & PROBE_RET_SITES ? call->ra : walk_trampoline(), ra;

	/* Where return addresses are on the stack, one look tells most of those that have ended. */
	if (ARCH_RA_BYTES && arch_return_address(call->sp, 0) != expected)
		return false;
	if (entry->sp == call->sp)
		return arch_return_address(entry->sp, entry->lr) == expected &&
		       (!(call->flags & PROBE_RET_SITES) || (probe->flags & PROBE_TAIL_CALLED));
	ra = walk_return_of(call->image, entry->sp, entry->fp, entry->lr, call->sp);
	return ra == WALK_UNKNOWN || ra == expected;
}

/* Is @ra the return address at this entry, be it that a return probe has displaced it since? */
static bool still_returns_to(const struct entry *entry, __u64 ra)
{
	return arch_return_address(entry->sp, entry->lr) == ra ||
	       walk_return_address(entry->sp, entry->lr) == ra;
}

/* Is this entry part of a call that is in progress, or of the last one's tail? */
static inline __attribute__((always_inline)) bool
is_nested(const struct entry *entry, const struct probe *probe, struct thread *thread, __u64 bytes)
{
	__u64 sp = entry->sp;

	if (thread->call.sp) {
		if (sp <= thread->call.sp && call_is_live(entry, probe, &thread->call))
			return true;
		call_abandon(&thread->call);
	}
	if ((probe->flags & PROBE_TAIL_CALLED) && thread->tail_sp == sp &&
	    thread->tail_fn != probe->fn && thread->tail_bytes == bytes &&
	    still_returns_to(entry, thread->tail_ra)) {
		/* Jumps can follow one another: reallocarray to realloc to malloc. */
		if (!(probe->flags & PROBE_TAIL_CALLS))
			thread->tail_sp = 0;
		thread->tail_fn = probe->fn;
		return true;
	}
	thread->tail_sp = 0;
	if (probe->flags & PROBE_TAIL_CALLS) {
		thread->tail_sp = sp;
		thread->tail_ra = arch_return_address(sp, entry->lr);
		thread->tail_bytes = bytes;
		thread->tail_fn = probe->fn;
	}
	return false;
}

/* A throwing function has jumped here: it has no return of its own, this one's is the call's. */
static bool takes_over(const struct entry *entry, const struct probe *probe, struct call *call)
{
	if (call->sp != entry->sp || !(call->flags & PROBE_RET_SITES) ||
	    (probe->flags & (PROBE_RET_SITES | PROBE_NO_RETURN)))
		return false;
	call->flags &= ~PROBE_RET_SITES;
	return true;
}

/* Samples come in faster than user space can look after the mean. */
static void brake(struct image *image, __u64 cnt)
{
	__u64 now = bpf_ktime_get_ns();

	if (now - image->since_ns < config.brake_ns)
		image->mean_bytes = sample_brake(image->mean_bytes);
	image->since_cnt = cnt;
	image->since_ns = now;
}

/* The weight of an allocation of @bytes, 0 if it is not kept. */
static __u64 decide(const struct image *image, __u64 bytes)
{
	if (!config.sampling)
		return WEIGHT_ONE;
	return sample_weight(bytes ? bytes : 1, image->mean_bytes, bpf_get_prandom_u32());
}

/* One allocation more is kept. */
static void count_kept(struct image *image)
{
	__u64 cnt = __sync_fetch_and_add(&image->kept_cnt, 1);

	if (config.brake_ns && cnt - image->since_cnt >= config.brake_cnt)
		brake(image, cnt);
}

/* Walk the stack and find the call's site; what it adds there is put into @call. */
static inline __attribute__((always_inline)) void
call_keep(const struct entry *entry, const struct probe *probe, struct call *call, __u64 weight)
{
	int slot;

	call->kept = 1;
	call->weight = weight;
	call->bytes = call->requested;
	if (weight != WEIGHT_ONE)
		call->bytes = sample_bytes(call->requested, weight, bpf_get_prandom_u32());
	if (config.totals) {
		call->site = call->image;
		return;
	}
	slot = walk_stack(call->image, entry->sp, entry->fp, entry->lr);
	if (slot < 0) {
		call->site = site_lost(call->image, probe->fn, size_class(call->requested),
				       STAT_WALK_NO_SCRATCH - STAT_WALK_ROOT);
		return;
	}
	call->site = site_of(call->image, probe->fn, size_class(call->requested), slot);
	walk_end(slot);
}

/* The call has given a block. */
static void count_allocation(const struct call *call)
{
	site_allocated(call->site, call->weight, call->bytes);
	stats_add(STAT_EVENT_ALLOC, 1);
	if (config.ops && call->in_op)
		op_allocated(call->image, call->requested);
}

/* An allocating function is entered. True if its return is wanted. */
static inline __attribute__((always_inline)) bool enter(struct pt_regs *ctx, __u64 cookie,
							__u32 image, struct image *info)
{
	struct probe *probe;
	struct thread *thread;
	struct call *call;
	struct entry at, *entry = &at;
	__u64 args[8], bytes, weight;
	bool tracked;

	probe = probe_of(cookie);
	if (!probe)
		return false;
	arch_args(args, ctx);
	at = (struct entry){ ARCH_SP(ctx), ARCH_FP(ctx), ARCH_LR(ctx) };
	if (!requested_bytes(args, probe, &bytes)) {
		stats_add(STAT_ALLOC_FAILED, 1);
		return false;
	}
	if ((probe->flags & PROBE_MAPS) &&
	    (!bytes || (!(probe->flags & PROBE_FREE) &&
			!mapped_asks_memory(image, args[1], args[2], args[3], args[4]))))
		return false;
	weight = decide(info, bytes);
	tracked =
		config.live && !(probe->flags & PROBE_NO_RETURN) && !(info->flags & IMAGE_NO_LIVE);
	/* Nothing to count and nobody to tell: the way that most calls take, short. */
	if (!weight && !tracked && !(probe->flags & PROBE_TAIL_CALLS))
		return false;
	thread = thread_current();
	if (!thread)
		return false;
	if (is_nested(entry, probe, thread, bytes)) {
		stats_add(STAT_ALLOC_NESTED, 1);
		return takes_over(entry, probe, &thread->call);
	}

	call = &thread->call;
	call->image = image;
	call->requested = bytes;
	call->old_addr = 0;
	call->kept = 0;
	if (config.lifetimes)
		call->story.born_ns = 0;
	call->flags = probe->flags;
	call->out = probe->out_arg ? argument(args, probe->out_arg) : 0;
	call->in_op = config.ops && op_is_running(thread, image, entry->sp, entry->fp, entry->lr);
	if (weight)
		count_kept(info);

	if (!tracked) {
		/* realloc(p, 0) gives back; that it may also return a block cannot be seen from here. */
		if (!weight ||
		    (!bytes && call->flags & PROBE_FREE && argument(args, probe->ptr_arg)))
			return false;
		call_keep(entry, probe, call, weight);
		count_allocation(call);
		if (config.live && (call->flags & PROBE_NO_RETURN)) {
			/* Not in use as far as anyone can tell. */
			site_freed(call->site, call->weight, call->bytes);
			stats_add(STAT_LIVE_UNTRACKED, 1);
		}
		return false;
	}
	if (probe->flags & PROBE_FREE) {
		__u64 old = argument(args, probe->ptr_arg);

		call->in_place = old;
		call->unknown = 0;
		if (old && !live_take(image, old, &call->old)) {
			call->old_addr = old;
			if (config.lifetimes)
				why_take(image, old, &call->story);
		}
		if (old && !call->old_addr && !config.sampling)
			call->unknown = 1;
	}
	if (weight)
		call_keep(entry, probe, call, weight);
	else
		stats_add(STAT_ALLOC_DECLINED, 1);
	if (!weight && !call->old_addr)
		return false;
	if (call->flags & PROBE_RET_SITES)
		call->ra = arch_return_address(entry->sp, entry->lr);
	call->sp = entry->sp;
	return true;
}

static inline __attribute__((always_inline)) bool on_enter(struct pt_regs *ctx)
{
	__u64 cookie = bpf_get_attach_cookie(ctx);
	struct image *info;
	struct cost cost;
	__u32 image = IMAGE_NONE;
	bool wanted;

	if (!counts(cookie))
		return false;
	info = process_current(&image);
	if (!info)
		return false;
	cost_begin(&cost, info, &info->enter_cnt);
	wanted = info->flags & IMAGE_CLOSED ? false : enter(ctx, cookie, image, info);
	cost_end(&cost);
	return wanted;
}

/* What the call returned as a block: 0 if it failed. */
static __u64 returned_block(__u64 result, const struct call *call)
{
	__u64 block = 0;

	if (call->flags & PROBE_MAPS)
		return MAPPED_IS_ERROR(result) ? 0 : result;
	if (call->flags & PROBE_IN_PLACE)
		return result >= call->requested ? call->in_place : 0;
	if (!call->out)
		return result;
	if ((__u32)result)
		return 0;
	if (bpf_probe_read_user(&block, sizeof(block), (void *)call->out))
		stats_add(STAT_ARG_FAULT, 1);
	return block;
}

static void settle_old(struct call *call, bool failed)
{
	if (failed && call->requested && !(call->flags & PROBE_FREE_ON_FAIL)) {
		if (call->old_addr)
			old_put_back(call);
		return;
	}
	if (call->old_addr) {
		site_freed(call->old.site, call->old.weight, call->old.bytes);
		stats_add(STAT_EVENT_FREE, 1);
		if (config.lifetimes && failed)
			why_dropped(call);
	} else if (call->unknown) {
		stats_add(STAT_FREE_UNKNOWN, 1);
	}
}

/* An allocating function returns. */
static inline __attribute__((always_inline)) void leave(struct pt_regs *ctx, bool at_ret)
{
	struct thread *thread = thread_current();
	struct live_value value = {};
	struct call *call;
	__u64 block;

	if (!thread)
		return;
	call = &thread->call;
	/* Of a call that was not ours: nested, or entered before tracing began. */
	if (!call->sp || ARCH_SP(ctx) != call->sp + (at_ret ? 0 : ARCH_RA_BYTES))
		return;
	call->sp = 0;
	block = returned_block(ARCH_RESULT(ctx), call);
	if (call->flags & PROBE_FREE)
		settle_old(call, !block);
	if (!block) {
		if (call->requested)
			stats_add(STAT_ALLOC_FAILED, 1);
		return;
	}
	if (!call->kept)
		return;
	count_allocation(call);
	value.weight = call->weight;
	value.bytes = call->bytes;
	value.site = call->site;
	live_add(call->image, block, &value);
	if (config.lifetimes)
		why_born(call, block);
}

static inline __attribute__((always_inline)) void on_return(struct pt_regs *ctx, bool at_ret)
{
	__u32 image = IMAGE_NONE;
	struct image *info = process_current(&image);
	struct cost cost;

	if (!info)
		return;
	cost_begin(&cost, info, &info->return_cnt);
	leave(ctx, at_ret);
	cost_end(&cost);
}

/* Beneath a realloc, or the free that a wrapper's free calls: the block is accounted for already. */
static bool is_nested_free(__u64 sp, const struct thread *thread, __u64 block)
{
	if (thread->call.sp && sp < thread->call.sp)
		return true;
	return thread->freed_addr == block && sp <= thread->freed_sp;
}

/* The block that a freeing function was given. On its own: the walk that may follow needs the stack. */
static __attribute__((noinline)) __u64 freed_block(struct pt_regs *ctx, __u8 number)
{
	__u64 args[8];

	arch_args(args, ctx);
	return argument(args, number);
}

static inline __attribute__((always_inline)) void tell_why(struct pt_regs *ctx,
							   const struct probe *probe, __u64 block,
							   __u32 image,
							   const struct live_value *value)
{
	struct thread *thread = thread_current();
	struct why_end *end;

	if (!thread)
		return;
	end = &thread->end;
	end->addr = block;
	end->sp = ARCH_SP(ctx);
	end->fp = ARCH_FP(ctx);
	end->lr = ARCH_LR(ctx);
	end->weight = value->weight;
	end->image = image;
	end->site = value->site;
	end->fn = probe->fn;
	why_freed(end);
}

/* A freeing function is entered. */
static inline __attribute__((always_inline)) void release(struct pt_regs *ctx, __u64 cookie,
							  __u32 image)
{
	struct probe *probe = probe_of(cookie);
	struct live_value value;
	struct thread *thread;
	bool known = false;
	__u64 block;

	if (!probe)
		return;
	block = freed_block(ctx, probe->ptr_arg);
	if (!block)
		return;
	if (probe->flags & PROBE_MAPS) {
		known = mapped_away(image, block, freed_block(ctx, probe->size_arg), &value);
		if (known && config.lifetimes)
			tell_why(ctx, probe, block, image, &value);
		return;
	}
	if (!live_take(image, block, &value)) {
		site_freed(value.site, value.weight, value.bytes);
		stats_add(STAT_EVENT_FREE, 1);
		known = true;
		if (config.lifetimes)
			tell_why(ctx, probe, block, image, &value);
	} else if (config.sampling) {
		return;
	}
	thread = thread_current();
	if (!thread)
		return;
	if (!known && !is_nested_free(ARCH_SP(ctx), thread, block))
		stats_add(STAT_FREE_UNKNOWN, 1);
	thread->freed_addr = block;
	thread->freed_sp = ARCH_SP(ctx);
}

SEC("uprobe")
int heaptap_free(struct pt_regs *ctx)
{
	struct image *info;
	struct cost cost;
	__u32 image = IMAGE_NONE;
	__u64 cookie;

	OWN_STACK(ctx, alloc_stack);
	cookie = bpf_get_attach_cookie(ctx);
	if (!counts(cookie))
		return 0;
	info = process_current(&image);
	if (!info)
		return 0;
	cost_begin(&cost, info, &info->free_cnt);
	if (!(info->flags & IMAGE_NO_LIVE))
		release(ctx, cookie, image);
	cost_end(&cost);
	return 0;
}

/* Entry and return as two programs: every kernel that has uprobes. */
SEC("uprobe")
int heaptap_enter(struct pt_regs *ctx)
{
	OWN_STACK(ctx, alloc_stack);
	on_enter(ctx);
	return 0;
}

SEC("uretprobe")
int heaptap_return(struct pt_regs *ctx)
{
	OWN_STACK(ctx, alloc_stack);
	on_return(ctx, false);
	return 0;
}

/* A return instruction of a function that may throw. */
SEC("uprobe")
int heaptap_ret(struct pt_regs *ctx)
{
	on_return(ctx, true);
	return 0;
}

/*
 * Entry and return as one (uprobe session, Linux 6.13): returning 1 from the entry spares the return probe. The
 * program is at the entry iff it stands where its probe does.
 */
SEC("uprobe")
int heaptap_session(struct pt_regs *ctx)
{
	OWN_STACK(ctx, session_stack);
	if (ARCH_PC(ctx) != bpf_get_func_ip(ctx)) {
		on_return(ctx, false);
		return 0;
	}
	return on_enter(ctx) ? 0 : 1;
}

/* What the traps themselves cost: the floor that `make bench` compares with. */
SEC("uprobe")
int heaptap_empty(struct pt_regs *ctx)
{
	return 0;
}

SEC("uprobe")
int heaptap_empty_session(struct pt_regs *ctx)
{
	return 0;
}
