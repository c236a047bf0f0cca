// SPDX-License-Identifier: Apache-2.0
/*
 * An independent counter: preloaded, it stands before the allocator and counts every outermost call
 * in process, by the rules that the tool states for itself, with none of its code. The counts live
 * in a shared file mapping (COUNT_OUT.PID.N, one per process image), so they are complete whatever
 * way the process ends.
 *
 * It keeps the live blocks as well, hence knows what is in use by call site: a site is the return
 * address of the outermost call. One lock around everything: this is a yardstick, not a tool.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAGIC      0x31746e756f637468ull
#define SITES_LOG2 15
#define LIVE_LOG2  22
#define FN_MAX     16

struct values {
	uint64_t alloc_objects, alloc_space, inuse_objects, inuse_space;
};

struct site {
	uint64_t address; /* 0: free slot */
	struct values values;
};

/* The file. tests/e2e/counter.py reads it. */
struct counts {
	uint64_t magic;
	uint64_t exe_bias;
	uint64_t pid;
	uint64_t overflow; /* a table was full: the counts are not to be trusted */
	uint64_t free_calls, unknown_frees;
	struct values total;
	uint64_t fn_calls[FN_MAX];
	char exe[256];
	struct site sites[1 << SITES_LOG2];
};

struct live {
	uint64_t ptr; /* 0: free slot */
	uint64_t size;
	uint32_t site;
};

enum fn {
	FN_MALLOC,
	FN_CALLOC,
	FN_REALLOC,
	FN_REALLOCARRAY,
	FN_MEMALIGN,
	FN_ALIGNED_ALLOC,
	FN_POSIX_MEMALIGN,
	FN_VALLOC,
	FN_PVALLOC,
	FN_NEW,
};

static struct counts scratch_counts, *counts = &scratch_counts;
static struct live *live;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static __thread int depth __attribute__((tls_model("initial-exec")));

static uint64_t mix(uint64_t x)
{
	x ^= x >> 31;
	x *= 0x9e3779b97f4a7c15ull;
	return x ^ x >> 29;
}

static uint32_t find_site(uint64_t address)
{
	uint32_t mask = (1u << SITES_LOG2) - 1, i = mix(address) & mask;

	for (uint32_t n = 0; n <= mask; n++, i = (i + 1) & mask) {
		if (counts->sites[i].address == address)
			return i;
		if (!counts->sites[i].address) {
			counts->sites[i].address = address;
			return i;
		}
	}
	counts->overflow = 1;
	return 0;
}

static void live_add(uint64_t ptr, uint64_t size, uint32_t site)
{
	uint32_t mask = (1u << LIVE_LOG2) - 1, i = mix(ptr) & mask;

	for (uint32_t n = 0; n <= mask; n++, i = (i + 1) & mask) {
		if (live[i].ptr && live[i].ptr != ptr)
			continue;
		/* The same address twice, no free between: something went past us. */
		if (live[i].ptr == ptr)
			counts->overflow = 2;
		live[i] = (struct live){ ptr, size, site };
		return;
	}
	counts->overflow = 1;
}

/* Linear probing, so a removal moves what it would cut off. */
static int live_take(uint64_t ptr, struct live *ret)
{
	uint32_t mask = (1u << LIVE_LOG2) - 1, i = mix(ptr) & mask, hole, k;

	while (live[i].ptr && live[i].ptr != ptr)
		i = (i + 1) & mask;
	if (!live[i].ptr)
		return 0;
	*ret = live[i];
	for (hole = i, k = (i + 1) & mask; live[k].ptr; k = (k + 1) & mask) {
		uint32_t home = mix(live[k].ptr) & mask;

		if (((k - home) & mask) >= ((k - hole) & mask)) {
			live[hole] = live[k];
			hole = k;
		}
	}
	live[hole].ptr = 0;
	return 1;
}

static void add(struct values *v, uint64_t size, int sign)
{
	v->inuse_objects += sign;
	v->inuse_space += sign * size;
	if (sign > 0) {
		v->alloc_objects++;
		v->alloc_space += size;
	}
}

static int bias_of_first(struct dl_phdr_info *info, size_t size, void *arg)
{
	*(uint64_t *)arg = info->dlpi_addr;
	return 1;
}

static void open_counts(void)
{
	const char *prefix = getenv("COUNT_OUT");
	char path[512];
	void *map;
	int fd = -1;

	live = mmap(NULL, sizeof(*live) << LIVE_LOG2, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (live == MAP_FAILED)
		_exit(97);
	for (int n = 0; prefix && fd < 0; n++) {
		snprintf(path, sizeof(path), "%s.%d.%d", prefix, (int)getpid(), n);
		fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
		if (fd < 0 && errno != EEXIST)
			_exit(97);
	}
	if (fd < 0)
		return;
	if (ftruncate(fd, sizeof(*counts)))
		_exit(97);
	map = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		_exit(97);
	close(fd);
	counts = map;
	counts->pid = getpid();
	dl_iterate_phdr(bias_of_first, &counts->exe_bias);
	if (readlink("/proc/self/exe", counts->exe, sizeof(counts->exe) - 1) < 0)
		_exit(97);
	counts->magic = MAGIC;
}

/* A forked child has allocated nothing yet, and what it inherited is not its own. */
static void in_fork_child(void)
{
	pthread_mutex_init(&lock, NULL);
	munmap(live, sizeof(*live) << LIVE_LOG2);
	counts = &scratch_counts;
	open_counts();
}

static void opened(void)
{
	static int state;

	if (state)
		return;
	state = 1;
	depth++;
	open_counts();
	pthread_atfork(NULL, NULL, in_fork_child);
	depth--;
}

static void took(enum fn fn, void *ptr, size_t size, void *caller)
{
	uint32_t site;

	pthread_mutex_lock(&lock);
	opened();
	counts->fn_calls[fn]++;
	if (ptr) {
		site = find_site((uint64_t)caller);
		live_add((uint64_t)ptr, size, site);
		add(&counts->sites[site].values, size, 1);
		add(&counts->total, size, 1);
	}
	pthread_mutex_unlock(&lock);
}

/* Before the allocator has it back: afterwards another thread may own the address. */
static struct live gave(void *ptr, int is_free_call)
{
	struct live block = {};

	if (!ptr)
		return block;
	pthread_mutex_lock(&lock);
	opened();
	counts->free_calls += is_free_call;
	if (live_take((uint64_t)ptr, &block)) {
		add(&counts->sites[block.site].values, block.size, -1);
		add(&counts->total, block.size, -1);
	} else {
		counts->unknown_frees++;
	}
	pthread_mutex_unlock(&lock);
	return block;
}

/* A realloc that failed: the old block is where it was. */
static void gave_not(const struct live *block)
{
	if (!block->ptr)
		return;
	pthread_mutex_lock(&lock);
	live_add(block->ptr, block->size, block->site);
	counts->sites[block->site].values.inuse_objects++;
	counts->sites[block->site].values.inuse_space += block->size;
	counts->total.inuse_objects++;
	counts->total.inuse_space += block->size;
	pthread_mutex_unlock(&lock);
}

/* dlsym itself allocates while the first symbol is looked up; that comes from here and is never
 * given back. */
static char early[65536];
static size_t early_used;

static void *early_alloc(size_t size)
{
	void *p = early + early_used;

	early_used += (size + 15) & ~(size_t)15;
	if (early_used > sizeof(early))
		_exit(97);
	return p;
}

static int is_early(const void *p)
{
	return (const char *)p >= early && (const char *)p < early + sizeof(early);
}

static void *real(const char *name)
{
	static __thread int looking __attribute__((tls_model("initial-exec")));
	void *fn;

	if (looking)
		return NULL;
	looking = 1;
	fn = dlsym(RTLD_NEXT, name);
	looking = 0;
	if (!fn)
		_exit(96);
	return fn;
}

#define REAL(ret, name, ...)                                                                       \
	static ret (*real_fn)(__VA_ARGS__);                                                        \
	if (!real_fn)                                                                              \
	real_fn = (ret(*)(__VA_ARGS__))real(name)

/* Leaves the call's depth also when an exception passes through. */
static void leave(int *unused)
{
	depth--;
}
#define ENTER()   __attribute__((cleanup(leave), unused)) int entered = depth++
#define OUTERMOST (entered == 0)
#define CALLER    __builtin_return_address(0)
#define EXPORT    __attribute__((visibility("default")))

EXPORT void *malloc(size_t size)
{
	REAL(void *, "malloc", size_t);
	void *p;

	if (!real_fn)
		return early_alloc(size);
	ENTER();
	p = real_fn(size);
	if (OUTERMOST)
		took(FN_MALLOC, p, size, CALLER);
	return p;
}

EXPORT void *calloc(size_t n, size_t size)
{
	REAL(void *, "calloc", size_t, size_t);
	void *p;

	if (!real_fn)
		return early_alloc(n * size);
	ENTER();
	p = real_fn(n, size);
	if (OUTERMOST)
		took(FN_CALLOC, p, n * size, CALLER);
	return p;
}

EXPORT void free(void *p)
{
	REAL(void, "free", void *);

	if (is_early(p) || !real_fn)
		return;
	ENTER();
	if (OUTERMOST)
		gave(p, 1);
	real_fn(p);
}

static void *resized(enum fn fn, void *old, void *p, const struct live *block, size_t size,
		     void *caller)
{
	/* NULL for no bytes is what some libcs return when they have freed the block. */
	if (!p && !(old && size == 0))
		gave_not(block);
	took(fn, p, size, caller);
	return p;
}

EXPORT void *realloc(void *old, size_t size)
{
	REAL(void *, "realloc", void *, size_t);
	struct live block;

	if (!real_fn)
		return early_alloc(size);
	ENTER();
	if (!OUTERMOST)
		return real_fn(old, size);
	block = gave(old, 0);
	return resized(FN_REALLOC, old, real_fn(old, size), &block, size, CALLER);
}

EXPORT void *reallocarray(void *old, size_t n, size_t size)
{
	REAL(void *, "reallocarray", void *, size_t, size_t);
	struct live block;
	size_t bytes;

	ENTER();
	if (!OUTERMOST)
		return real_fn(old, n, size);
	block = gave(old, 0);
	if (__builtin_mul_overflow(n, size, &bytes))
		bytes = SIZE_MAX;
	return resized(FN_REALLOCARRAY, old, real_fn(old, n, size), &block, bytes, CALLER);
}

#define ALIGNED(name, fn)                                                                          \
	EXPORT void *name(size_t align, size_t size)                                               \
	{                                                                                          \
		REAL(void *, #name, size_t, size_t);                                               \
		ENTER();                                                                           \
		void *p = real_fn(align, size);                                                    \
		if (OUTERMOST)                                                                     \
			took(fn, p, size, CALLER);                                                 \
		return p;                                                                          \
	}
ALIGNED(memalign, FN_MEMALIGN)
ALIGNED(aligned_alloc, FN_ALIGNED_ALLOC)

#define PAGED(name, fn)                                                                            \
	EXPORT void *name(size_t size)                                                             \
	{                                                                                          \
		REAL(void *, #name, size_t);                                                       \
		ENTER();                                                                           \
		void *p = real_fn(size);                                                           \
		if (OUTERMOST)                                                                     \
			took(fn, p, size, CALLER);                                                 \
		return p;                                                                          \
	}
PAGED(valloc, FN_VALLOC)
PAGED(pvalloc, FN_PVALLOC)

EXPORT int posix_memalign(void **ret, size_t align, size_t size)
{
	REAL(int, "posix_memalign", void **, size_t, size_t);
	int err;

	ENTER();
	err = real_fn(ret, align, size);
	if (OUTERMOST)
		took(FN_POSIX_MEMALIGN, err ? NULL : *ret, size, CALLER);
	return err;
}

/* operator new and delete, by their mangled names: what follows the size, and the pointer, is
 * passed on. */
#define NEW(name, args, pass, types)                                                               \
	EXPORT void *name args;                                                                    \
	EXPORT void *name args                                                                     \
	{                                                                                          \
		REAL(void *, #name, types);                                                        \
		ENTER();                                                                           \
		void *p = real_fn pass;                                                            \
		if (OUTERMOST)                                                                     \
			took(FN_NEW, p, size, CALLER);                                             \
		return p;                                                                          \
	}
#define DELETE(name, args, pass, types)                                                            \
	EXPORT void name args;                                                                     \
	EXPORT void name args                                                                      \
	{                                                                                          \
		REAL(void, #name, types);                                                          \
		ENTER();                                                                           \
		if (OUTERMOST)                                                                     \
			gave(p, 1);                                                                \
		real_fn pass;                                                                      \
	}
#define TYPES(...) __VA_ARGS__

#define BOTH(M, one, array, args, pass, types)                                                     \
	M(one, args, pass, TYPES(types))                                                           \
	M(array, args, pass, TYPES(types))
#define S size_t
#define P void *
BOTH(NEW, _Znwm, _Znam, (S size), (size), S)
BOTH(NEW, _ZnwmRKSt9nothrow_t, _ZnamRKSt9nothrow_t, (S size, P nt), (size, nt), TYPES(S, P))
BOTH(NEW, _ZnwmSt11align_val_t, _ZnamSt11align_val_t, (S size, S al), (size, al), TYPES(S, S))
BOTH(NEW, _ZnwmSt11align_val_tRKSt9nothrow_t, _ZnamSt11align_val_tRKSt9nothrow_t,
     (S size, S al, P nt), (size, al, nt), TYPES(S, S, P))
BOTH(DELETE, _ZdlPv, _ZdaPv, (P p), (p), P)
BOTH(DELETE, _ZdlPvm, _ZdaPvm, (P p, S size), (p, size), TYPES(P, S))
BOTH(DELETE, _ZdlPvRKSt9nothrow_t, _ZdaPvRKSt9nothrow_t, (P p, P nt), (p, nt), TYPES(P, P))
BOTH(DELETE, _ZdlPvSt11align_val_t, _ZdaPvSt11align_val_t, (P p, S al), (p, al), TYPES(P, S))
BOTH(DELETE, _ZdlPvmSt11align_val_t, _ZdaPvmSt11align_val_t, (P p, S size, S al), (p, size, al),
     TYPES(P, S, S))
BOTH(DELETE, _ZdlPvSt11align_val_tRKSt9nothrow_t, _ZdaPvSt11align_val_tRKSt9nothrow_t,
     (P p, S al, P nt), (p, al, nt), TYPES(P, S, P))
