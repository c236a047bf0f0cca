// SPDX-License-Identifier: Apache-2.0
#include "debugger.h"

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define ENDED -1

struct debugger {
	pid_t pid;
	struct pulse *pulse;
	int sig; /* to hand on when it continues; ENDED */
};

/* A single step ends with a SIGTRAP too, but that one does not come from an int3. */
static bool is_strange(pid_t pid)
{
	siginfo_t info = {};

	return !ptrace(PTRACE_GETSIGINFO, pid, NULL, &info) && info.si_code == SI_KERNEL;
}

static void on_stop(struct debugger *debugger, int status)
{
	int sig = WIFSTOPPED(status) ? WSTOPSIG(status) : ENDED;

	debugger->sig = sig;
	if (sig == ENDED || (sig != SIGTRAP && !(status >> 16)))
		return;
	debugger->sig = 0;
	if (status >> 16 || !is_strange(debugger->pid))
		return;
	__atomic_store_n(&debugger->pulse->strange_trap, 1, __ATOMIC_SEQ_CST);
	kill(debugger->pid, SIGKILL);
	debugger->sig = ENDED;
}

/* Go on in the given way until the next stop. */
static void step(struct debugger *debugger, enum __ptrace_request how)
{
	int status;

	if (debugger->sig == ENDED)
		return;
	ptrace(how, debugger->pid, NULL, debugger->sig);
	debugger->sig = ENDED;
	if (waitpid(debugger->pid, &status, __WALL) == debugger->pid)
		on_stop(debugger, status);
}

static void look_at_it(struct debugger *debugger, unsigned step_cnt)
{
	int status;

	if (ptrace(PTRACE_INTERRUPT, debugger->pid, NULL, NULL) ||
	    waitpid(debugger->pid, &status, __WALL) != debugger->pid)
		debugger->sig = ENDED;
	else
		on_stop(debugger, status);
	while (step_cnt-- && debugger->sig != ENDED) {
		__atomic_fetch_add(&debugger->pulse->steps, 1, __ATOMIC_RELAXED);
		step(debugger, PTRACE_SINGLESTEP);
	}
}

/* A trap may still be on its way to the process, and would kill it without us: it is through once work has been done. */
static void let_go(struct debugger *debugger)
{
	uint64_t beats = __atomic_load_n(&debugger->pulse->beats, __ATOMIC_SEQ_CST);
	int status;

	while (debugger->sig != ENDED &&
	       __atomic_load_n(&debugger->pulse->beats, __ATOMIC_SEQ_CST) < beats + 2) {
		ptrace(PTRACE_CONT, debugger->pid, NULL, debugger->sig);
		debugger->sig = 0;
		usleep(1000);
		if (waitpid(debugger->pid, &status, __WALL | WNOHANG) == debugger->pid)
			on_stop(debugger, status);
	}
	look_at_it(debugger, 0);
	if (debugger->sig != ENDED)
		ptrace(PTRACE_DETACH, debugger->pid, NULL, debugger->sig);
}

int debug_process(pid_t pid, struct pulse *pulse)
{
	struct debugger debugger = { .pid = pid, .pulse = pulse };
	unsigned random = (unsigned)pid;

	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL))
		return 1;
	while (!__atomic_load_n(&pulse->debugger_stop, __ATOMIC_SEQ_CST) && debugger.sig != ENDED) {
		usleep(rand_r(&random) % 8000);
		look_at_it(&debugger, rand_r(&random) % 30);
		if (debugger.sig != ENDED)
			ptrace(PTRACE_CONT, pid, NULL, debugger.sig);
	}
	let_go(&debugger);
	return 0;
}
