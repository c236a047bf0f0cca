// SPDX-License-Identifier: Apache-2.0
#include "session/stop_signals.h"

#include <stdbool.h>

static bool is_ignored(int signo)
{
	struct sigaction action;

	return !sigaction(signo, NULL, &action) && action.sa_handler == SIG_IGN;
}

void stop_signals__block(struct stop_signals *stop)
{
	sigemptyset(&stop->set);
	sigaddset(&stop->set, SIGINT);
	sigaddset(&stop->set, SIGTERM);
	sigprocmask(SIG_BLOCK, &stop->set, &stop->before);
	if (sigismember(&stop->before, SIGHUP) || is_ignored(SIGHUP))
		return;
	sigaddset(&stop->set, SIGHUP);
	sigprocmask(SIG_BLOCK, &stop->set, NULL);
}

void stop_signals__let_through(const struct stop_signals *stop)
{
	int signo;

	for (signo = 1; signo < NSIG; signo++) {
		/* Ignored ones are heard while they are blocked, and so are to be heard now. */
		if (sigismember(&stop->set, signo) == 1 && is_ignored(signo))
			signal(signo, SIG_DFL);
	}
	sigprocmask(SIG_UNBLOCK, &stop->set, NULL);
}
