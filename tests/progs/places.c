// SPDX-License-Identifier: Apache-2.0
/*
 * Allocations at unusual places: before main and after it, at the end of a thread, while a library is loaded, in a
 * vfork child, below a deep recursion. A site's name says where; tests/stacks/test-places says what must be above it.
 *
 *	places [OPTION...] once PLUGIN | churn ROUNDS PLUGIN PLUGIN | busy ROUNDS PLUGIN PLUGIN
 *
 * busy: churn, while another thread changes the address space and hardly ever unlocks it.
 */
#define _GNU_SOURCE
#include "site.h"

#include <dlfcn.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* What was called before this is not left by a jump. */
#define STAY __asm__ volatile("" : : : "memory")

#define SITE_OF(where)                                                                             \
	SITE void site_##where(void)                                                               \
	{                                                                                          \
		void *p = malloc(72);                                                              \
		KEEP(p);                                                                           \
		free(p);                                                                           \
	}

/* A function that calls the site, and not by a jump. */
#define PLACE(where, ret, args, result)                                                            \
	SITE_OF(where)                                                                             \
	SITE ret where args                                                                        \
	{                                                                                          \
		site_##where();                                                                    \
		STAY;                                                                              \
		return result;                                                                     \
	}

#define NOTHING
__attribute__((constructor)) SITE void before_main(void);
__attribute__((destructor)) SITE void after_main(void);

PLACE(before_main, void, (void), NOTHING)
PLACE(after_main, void, (void), NOTHING)
PLACE(at_exit, void, (void), NOTHING)
PLACE(at_thread_end, void, (void *arg), NOTHING)
PLACE(in_thread, void, (void), NOTHING)
PLACE(in_handler, void, (int sig), NOTHING)
PLACE(after_jump, void, (void), NOTHING)
PLACE(in_vfork, void, (void), NOTHING)
PLACE(after_dlopen, void, (void), NOTHING)
PLACE(in_once, void, (void), NOTHING)

static pthread_key_t key;

SITE void *thread_main(void *arg)
{
	pthread_setspecific(key, &key);
	in_thread();
	STAY;
	return NULL;
}

static jmp_buf back;

SITE void jumper(int depth)
{
	if (depth > 0)
		jumper(depth - 1);
	else if (!depth)
		longjmp(back, 1);
	STAY;
}

SITE void jump(void)
{
	if (!setjmp(back))
		jumper(10);
	after_jump();
	STAY;
}

SITE void spawn(void)
{
	static char *const argv[] = { "true", NULL };
	pid_t pid = vfork();

	if (!pid) {
		in_vfork();
		execv("/bin/true", argv);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
}

SITE void load(const char *path, int n)
{
	void *plugin = dlopen(path, RTLD_NOW);
	void (*run)(int) = plugin ? (void (*)(int))dlsym(plugin, "plugin_run") : NULL;

	if (!run)
		_exit(95);
	run(n);
	dlclose(plugin);
}

SITE void once(const char *plugin)
{
	pthread_once_t control = PTHREAD_ONCE_INIT;
	pthread_t thread;

	atexit(at_exit);
	signal(SIGUSR1, in_handler);
	raise(SIGUSR1);
	pthread_key_create(&key, at_thread_end);
	pthread_create(&thread, NULL, thread_main, NULL);
	pthread_join(thread, NULL);
	pthread_once(&control, in_once);
	jump();
	spawn();
	load(plugin, 1);
	after_dlopen();
}

SITE void churn(int rounds, const char *a, const char *b)
{
	for (int i = 0; i < rounds; i++)
		load(i % 2 ? a : b, i % 5);
}

#define LOCKED_BYTES ((size_t)16 << 20)

/* As many pages as these take a while to protect, with the mappings locked. */
static void *lock(void *arg)
{
	for (int i = 0;; i++)
		if (mprotect(arg, LOCKED_BYTES, i % 2 ? PROT_READ | PROT_WRITE : PROT_READ))
			_exit(98);
	return NULL;
}

static void keep_locked(void)
{
	pthread_t thread;
	void *at = mmap(NULL, LOCKED_BYTES, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (at == MAP_FAILED || pthread_create(&thread, NULL, lock, at))
		_exit(97);
}

int main(int argc, char **argv)
{
	sites_setup(argc, argv);
	if (!sites_args[0] || !sites_args[1])
		_exit(96);
	sites_ready();
	if (!strcmp(sites_args[0], "once"))
		once(sites_args[1]);
	else {
		if (!strcmp(sites_args[0], "busy"))
			keep_locked();
		churn(atoi(sites_args[1]), sites_args[2], sites_args[3]);
	}
	sites_done();
	return 0;
}
