// SPDX-License-Identifier: Apache-2.0
/* What happens to a process: fork, exec, exit; signals and jumps; blocks older than the tracing. */
#define _GNU_SOURCE
#include "site.h"

#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define SITE1(name)                                                                                \
	SITE void *name(size_t n)                                                                  \
	{                                                                                          \
		void *p = malloc(n);                                                               \
		KEEP(p);                                                                           \
		return p;                                                                          \
	}

/* Blocks from before: their frees (and the realloc of one) are unknown, never negative. */
SITE1(site_old)
SITE1(site_young)

SITE void *site_realloc_old(void *old, size_t n)
{
	void *p = realloc(old, n);

	KEEP(p);
	return p;
}

static void old(void)
{
	void *p[50];

	for (int i = 0; i < 50; i++)
		p[i] = site_old(40);
	sites_ready();
	for (int i = 0; i < 40; i++)
		free(p[i]);
	free(site_young(41));
	site_young(42);
	site_realloc_old(p[40], 4000);
	free(site_realloc_old(p[41], 5000));
	EXPECT(site_young, 2, 83, 1, 42);
	EXPECT(site_realloc_old, 2, 9000, 1, 4000);
}

/* A child frees what it inherited and allocates: its parent's blocks stay. */
SITE1(site_parent)
SITE1(site_child)
static void *inherited[10];

static void in_child(void)
{
	for (int i = 0; i < 10; i++)
		free(inherited[i]);
	for (int i = 0; i < 7; i++)
		site_child(70);
	free(site_child(71));
}

static void forks(void)
{
	int status;
	pid_t pid;

	sites_ready();
	for (int i = 0; i < 10; i++)
		inherited[i] = site_parent(100);
	pid = fork();
	if (!pid) {
		in_child();
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		_exit(99);
	free(inherited[0]);
	EXPECT(site_parent, 10, 1000, 9, 900);
	/* With --follow; its live set ended with it. */
	EXPECT(site_child, 8, 561, 0, 0);
}

/* The same, and the child lives on, so its own blocks do; the inherited ones are nobody's
 * allocation. */
static void fork_lives(void)
{
	int done[2], status;
	pid_t pid;
	char c;

	sites_ready();
	for (int i = 0; i < 10; i++)
		inherited[i] = site_parent(100);
	if (pipe(done))
		_exit(99);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		in_child();
		if (write(done[1], "x", 1) != 1)
			_exit(99);
		sites_gate();
		_exit(0);
	}
	if (pid < 0 || read(done[0], &c, 1) != 1)
		_exit(99);
	EXPECT(site_parent, 10, 1000, 10, 1000);
	EXPECT(site_child, 8, 561, 7, 490);
	sites_done();
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	_exit(0);
}

/* An exec drops the image's blocks; what it allocated stays allocated. The new image is this
 * program again. */
SITE1(site_before_exec)
SITE1(site_after_exec)

static void exec_again(int sig)
{
	for (char **arg = sites_argv; *arg; arg++)
		if (!strncmp(*arg, "exec", 4))
			*arg = "exec-2";
	execv("/proc/self/exe", sites_argv);
	_exit(99);
}

static void execs(void)
{
	sites_ready();
	for (int i = 0; i < 10; i++)
		site_before_exec(50);
	exec_again(0);
}

/* From within a call of malloc: glibc's aborts when it finds its list of small free blocks broken. */
static void execs_amid(void)
{
	uintptr_t *p, *q;

	sites_ready();
	for (int i = 0; i < 7; i++)
		site_before_exec(50);
	p = site_before_exec(50);
	q = site_before_exec(50);
	free(p);
	free(q);
	*q = (uintptr_t)q >> 12 ^ 1;
	signal(SIGABRT, exec_again);
	site_before_exec(50);
	site_before_exec(50);
	_exit(99);
}

static void after_exec(void)
{
	EXPECT(site_before_exec, 10, 500, 0, 0);
	for (int i = 0; i < 7; i++)
		site_after_exec(80);
	EXPECT(site_after_exec, 7, 560, 7, 560);
	sites_done();
	_exit(0);
}

/* Ends while traced, by exit and by signal: the recording ends with it. */
SITE1(site_before_end)

static void allocate_and(void (*end)(void))
{
	sites_ready();
	for (int i = 0; i < 12; i++)
		site_before_end(20);
	free(site_before_end(21));
	EXPECT(site_before_end, 13, 261, 0, 0);
	sites_write();
	end();
}

static void end_exit(void)
{
	exit(7);
}

static void end_kill(void)
{
	raise(SIGKILL);
}

static void ends(void)
{
	allocate_and(end_exit);
}

static void killed(void)
{
	allocate_and(end_kill);
}

/* Signal handlers allocate, on a stack of their own and on the thread's; one leaves by a jump. */
SITE1(site_in_handler)
SITE1(site_interrupted)
static sigjmp_buf out;

static void handler(int sig)
{
	site_in_handler(30);
	if (sig == SIGUSR2)
		siglongjmp(out, 1);
}

static void signals(void)
{
	static char altstack[65536];
	stack_t ss = { .ss_sp = altstack, .ss_size = sizeof(altstack) };
	struct sigaction sa = { .sa_handler = handler };
	volatile int i;

	sites_ready();
	sigaltstack(&ss, NULL);
	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGUSR2, &sa, NULL);
	sa.sa_flags = SA_ONSTACK;
	sigaction(SIGHUP, &sa, NULL);
	for (i = 0; i < 10; i++) {
		raise(SIGUSR1);
		raise(SIGHUP);
		if (!sigsetjmp(out, 1))
			raise(SIGUSR2);
		site_interrupted(31);
	}
	EXPECT(site_in_handler, 30, 900, 30, 900);
	EXPECT(site_interrupted, 10, 310, 10, 310);
}

/* Frames that end by a jump, not by their return. */
SITE1(site_deep)
static jmp_buf back;

__attribute__((noipa)) static void descend(int depth)
{
	if (!depth) {
		free(site_deep(25));
		site_deep(26);
		if (hide(1))
			longjmp(back, 1);
		return;
	}
	descend(depth - 1);
	__asm__ volatile("");
}

static void jumps(void)
{
	volatile int i;

	sites_ready();
	for (i = 0; i < 500; i++)
		if (!setjmp(back))
			descend(1 + i % 30);
	EXPECT(site_deep, 1000, 500 * 51, 500, 500 * 26);
}

static const struct {
	const char *name;
	void (*fn)(void);
} cases[] = {
	{ "old", old },       { "fork", forks },        { "fork-lives", fork_lives },
	{ "exec", execs },    { "exec-2", after_exec }, { "exec-amid", execs_amid },
	{ "exit", ends },     { "kill", killed },       { "signal", signals },
	{ "longjmp", jumps },
};

int main(int argc, char **argv)
{
	sites_setup(argc, argv);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (!sites_args[0] || strcmp(cases[i].name, sites_args[0]))
			continue;
		cases[i].fn();
		sites_done();
		return 0;
	}
	sites_say("life: old | fork | fork-lives | exec | exec-amid | exit | kill | signal | "
		  "longjmp\n");
	return 99;
}
