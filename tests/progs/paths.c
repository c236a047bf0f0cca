// SPDX-License-Identifier: Apache-2.0
/*
 * Stacks known from inside. Every function here notes on entry its name and who called it, so the
 * program has a shadow of its stack that no unwinder made, and says it at each allocation. The
 * way from `walk` to a site is drawn by lot among ways of calling that are hard to unwind: frames
 * that are large, of variable size or realigned, callbacks from libc, signal handlers, other
 * stacks, jumps, code made at run time.
 *
 *	paths [OPTION...] TRACE mix ROUNDS | called ROUNDS | deep DEPTH
 *
 * TRACE gets the mappings of the process, an empty line, and for each allocation a line
 * "SITE SIZE [CALLER RETURN-ADDRESS]...", innermost first: CALLER called what stands before it and
 * gets control back at that address (which is in another file when that file was in between).
 * "called" leaves out coroutines, so that everything has a caller.
 */
#define _GNU_SOURCE
#include "site.h"

#include <alloca.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#ifndef NO_CONTEXT
#include <ucontext.h>
#endif
#include <unistd.h>

#define DEPTH_MAX      4096
#define TRACE_MAX      (48u << 20)
#define LINE_MAX_BYTES (DEPTH_MAX * 40)
#define STACK_BYTES    (1u << 20)

struct level {
	const char *name;
	const void *ra;
};

static __thread struct {
	int base; /* of the stack we are on */
	int depth;
	struct level level[DEPTH_MAX];
} shadow;

static char trace[TRACE_MAX];
static size_t trace_bytes;
static uint32_t seed = 1;

static void leave(void *unused)
{
	shadow.depth--;
}

static inline __attribute__((always_inline)) void enter(const char *name, const void *ra)
{
	if (shadow.depth == DEPTH_MAX)
		abort();
	shadow.level[shadow.depth++] = (struct level){ name, ra };
}

/* The clean-up also keeps the last call of a function from becoming a jump. */
#define ENTER                                                                                      \
	__attribute__((cleanup(leave), unused)) char entered =                                     \
		(enter(__func__, __builtin_return_address(0)), 0)

static uint32_t draw(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

static size_t put_hex(char *to, uintptr_t value)
{
	char digits[16];
	size_t n = 0, used = 0;

	do {
		digits[n++] = "0123456789abcdef"[value & 15];
	} while (value >>= 4);
	while (n)
		to[used++] = digits[--n];
	return used;
}

static size_t put_text(char *to, const char *text)
{
	size_t n = strlen(text);

	memcpy(to, text, n);
	return n;
}

/* What the allocation to come must look like. Allocates nothing itself. */
static __attribute__((noinline)) void note(size_t size)
{
	char *to = trace + trace_bytes;
	int i;

	if (trace_bytes + LINE_MAX_BYTES > TRACE_MAX)
		abort();
	to += put_text(to, shadow.level[shadow.depth - 1].name);
	*to++ = ' ';
	to += put_hex(to, size);
	for (i = shadow.depth - 2; i >= shadow.base; i--) {
		*to++ = ' ';
		to += put_text(to, shadow.level[i].name);
		*to++ = ' ';
		to += put_hex(to, (uintptr_t)shadow.level[i + 1].ra);
	}
	*to++ = '\n';
	trace_bytes = to - trace;
}

#define ALLOCATE(call, size)                                                                       \
	do {                                                                                       \
		void *p;                                                                           \
		note(size);                                                                        \
		p = call;                                                                          \
		KEEP(p);                                                                           \
		free(p);                                                                           \
	} while (0)

SITE void site_malloc(size_t size)
{
	ENTER;
	ALLOCATE(malloc(size), size);
}

SITE void site_calloc(size_t size)
{
	ENTER;
	ALLOCATE(calloc(1, size), size);
}

SITE void site_realloc(size_t size)
{
	ENTER;
	ALLOCATE(realloc(NULL, size), size);
}

SITE void go(int budget);

/* --- ways down ------------------------------------------------------------------------------ */

SITE void step_plain(int budget)
{
	ENTER;
	go(budget);
}

SITE void step_alloca(int budget)
{
	ENTER;
	char *room = alloca(16 + draw(3000));

	KEEP(room);
	go(budget);
}

SITE void step_big(int budget)
{
	ENTER;
	char room[40000];

	__asm__ volatile("" : : "r"(room) : "memory");
	go(budget);
}

SITE void step_aligned(int budget)
{
	ENTER;
	char room[64] __attribute__((aligned(64)));
	char *more = alloca(draw(100) + 1);

	KEEP(more);
	__asm__ volatile("" : : "r"(room) : "memory");
	go(budget);
}

SITE int many(int a, int b, int c, int d, int e, int f, int g, int h, int i, int budget)
{
	ENTER;
	go(budget);
	return a + b + c + d + e + f + g + h + i;
}

SITE void step_args(int budget)
{
	ENTER;
	int sum = many(1, 2, 3, 4, 5, 6, 7, 8, 9, budget);

	KEEP(sum);
}

static __thread int compare_budget;

SITE int compare(const void *a, const void *b)
{
	ENTER;
	int budget = compare_budget;

	compare_budget = 0;
	if (budget)
		go(budget);
	return *(const int *)a - *(const int *)b;
}

SITE void step_qsort(int budget)
{
	ENTER;
	int numbers[] = { 3, 2, 1 };

	compare_budget = budget;
	qsort(numbers, 3, sizeof(int), compare);
	compare_budget = 0;
}

SITE void step_bsearch(int budget)
{
	ENTER;
	int numbers[] = { 1, 2, 3 }, key = 2;

	compare_budget = budget;
	KEEP(key);
	(void)!bsearch(&key, numbers, 3, sizeof(int), compare);
	compare_budget = 0;
}

/* No note: it leaves by a jump, so it is on nobody's stack. */
SITE __attribute__((optimize("O2"))) void step_tail(int budget)
{
	go(budget);
}

/* Its last instruction is a call, so that the return address lies behind it. */
SITE __attribute__((noreturn)) void leap(int budget, jmp_buf *back)
{
	ENTER;
	go(budget);
	longjmp(*back, 1);
}

SITE __attribute__((noreturn)) void run_up(int budget, jmp_buf *back)
{
	ENTER;
	leap(budget, back);
}

SITE void step_jump(int budget)
{
	ENTER;
	volatile int depth = shadow.depth;
	jmp_buf back;

	if (!setjmp(back))
		run_up(budget - 1, &back);
	shadow.depth = depth;
	site_malloc(40);
}

static __thread int signal_budget;

/* Headers promise that raise() does not call back: not the compiler's to know. */
static int (*volatile send)(int) = raise;

SITE void on_signal(int sig)
{
	ENTER;
	go(signal_budget);
}

SITE void step_signal(int budget)
{
	ENTER;
	signal_budget = budget;
	send(SIGUSR1);
}

/* One at a time: from a third stack the kernel would begin this one anew. */
static int altstack_busy;

SITE void step_altstack(int budget)
{
	ENTER;
	signal_budget = budget;
	send(altstack_busy++ ? SIGUSR1 : SIGUSR2);
	altstack_busy--;
}

/* What a runtime with frame pointers makes. */
#ifdef __aarch64__
/* stp x29, x30, [sp, #-16]!; mov x29, sp; blr x1; ldp x29, x30, [sp], #16; ret */
static const uint32_t code[] = { 0xa9bf7bfd, 0x910003fd, 0xd63f0020, 0xa8c17bfd, 0xd65f03c0 };
#else
/* push %rbp; mov %rsp,%rbp; call *%rsi; pop %rbp; ret */
static const uint8_t code[] = { 0x55, 0x48, 0x89, 0xe5, 0xff, 0xd6, 0x5d, 0xc3 };
#endif
static void (*made_code)(int budget, void (*fn)(int));

static void make_code(void)
{
	char *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		abort();
	memcpy(at, code, sizeof(code));
	__builtin___clear_cache(at, at + sizeof(code));
	if (mprotect(at, 4096, PROT_READ | PROT_EXEC))
		abort();
	made_code = (void (*)(int, void (*)(int)))at;
}

SITE void step_made(int budget)
{
	ENTER;
	made_code(budget, go);
	KEEP(budget);
}

#ifndef NO_CONTEXT
static ucontext_t context_back, context_here;
static char context_stack[STACK_BYTES];
static int context_busy, context_budget;

SITE void coroutine(void)
{
	ENTER;
	shadow.base = shadow.depth - 1;
	go(context_budget);
	shadow.base = 0;
}

SITE void step_context(int budget)
{
	ENTER;
	if (context_busy++) {
		go(budget);
	} else {
		context_budget = budget;
		getcontext(&context_here);
		context_here.uc_stack.ss_sp = context_stack;
		context_here.uc_stack.ss_size = sizeof(context_stack);
		context_here.uc_link = &context_back;
		makecontext(&context_here, coroutine, 0);
		swapcontext(&context_back, &context_here);
	}
	context_busy--;
}
#endif

static void (*const steps[])(int) = {
	step_plain,   step_alloca, step_big,    step_aligned, step_args,     step_qsort,
	step_tail,    step_jump,   step_signal, step_bsearch, step_altstack, step_made,
#ifndef NO_CONTEXT
	step_context, /* the last */
#endif
};
#define STEP_CNT (sizeof(steps) / sizeof(steps[0]))
static uint32_t step_cnt = STEP_CNT;

SITE void go(int budget)
{
	ENTER;
	static void (*const sites[])(size_t) = { site_malloc, site_calloc, site_realloc };

	if (budget > 0)
		steps[draw(step_cnt)](budget - 1);
	else
		sites[draw(3)](16 + draw(200));
	KEEP(budget);
}

SITE void deeper(int depth)
{
	ENTER;
	if (depth > 1)
		deeper(depth - 1);
	else
		site_malloc(48);
	KEEP(depth);
}

/* --- the run -------------------------------------------------------------------------------- */

static void copy_maps(int to)
{
	int fd = open("/proc/self/maps", O_RDONLY);
	static char buffer[65536];
	ssize_t n;

	while (fd >= 0 && (n = read(fd, buffer, sizeof(buffer))) > 0)
		(void)!write(to, buffer, n);
	close(fd);
	(void)!write(to, "\n", 1);
}

static void write_trace(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	size_t done = 0;

	copy_maps(fd);
	while (done < trace_bytes) {
		ssize_t n = write(fd, trace + done, trace_bytes - done);

		if (n <= 0)
			_exit(98);
		done += n;
	}
	close(fd);
}

static void catch (int sig, int flags)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = flags | SA_NODEFER };

	if (sigaction(sig, &action, NULL))
		_exit(97);
}

SITE void walk(const char *what, int number)
{
	ENTER;
	int i;

	if (!strcmp(what, "deep"))
		deeper(number);
#ifndef NO_CONTEXT
	if (!strcmp(what, "called"))
		step_cnt--;
#endif
	for (i = 0; i < number && strcmp(what, "deep"); i++)
		go(1 + draw(12));
}

int main(int argc, char **argv)
{
	static char altstack[2 * STACK_BYTES];
	stack_t stack = { .ss_sp = altstack, .ss_size = sizeof(altstack) };

	sites_setup(argc, argv);
	if (!sites_args[0] || !sites_args[1] || !sites_args[2] || sigaltstack(&stack, NULL))
		_exit(96);
	catch (SIGUSR1, 0);
	catch (SIGUSR2, SA_ONSTACK);
	make_code();
	sites_ready();
	walk(sites_args[1], atoi(sites_args[2]));
	write_trace(sites_args[0]);
	sites_done();
	return 0;
}
