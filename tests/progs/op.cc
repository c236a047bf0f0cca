// SPDX-License-Identifier: Apache-2.0
// Operations: functions whose every call allocates a known amount, ended in every way a call can end.
#include "site.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define CALLS 1000

// Two blocks, 30 bytes, at each of its depths.
namespace work {
SITE int recursive(int depth)
{
	void *a = malloc(10), *b = malloc(20);
	int sum = 1;

	KEEP(a);
	KEEP(b);
	if (depth)
		sum += recursive(depth - 1);
	free(a);
	free(b);
	return sum;
}

// One of 50 bytes for its caller, and one for the exception: of 8 bytes, and what the C++ runtime keeps with it.
SITE void throws(void **ret)
{
	*ret = malloc(50);
	throw(long)1;
}
}

// One block; ends in a jump to free, which returns to the caller in its place.
extern "C" SITE void op_jumps(void *old)
{
	void *p = malloc(70);

	KEEP(p);
	memcpy(p, old, 1);
	*(void **)old = p;
	free(old);
}

SITE void *outside(size_t n)
{
	void *p = malloc(n);

	KEEP(p);
	return p;
}

static void *recursive_calls(void *)
{
	for (int i = 0; i < CALLS; i++) {
		work::recursive(i % 3);
		free(outside(1000));
	}
	return NULL;
}

static void thread_calls(void)
{
	pthread_t thread[4];

	for (pthread_t &t : thread)
		pthread_create(&t, NULL, recursive_calls, NULL);
	for (pthread_t &t : thread)
		pthread_join(t, NULL);
}

static void throwing_calls(void)
{
	void *p = NULL;

	for (int i = 0; i < CALLS; i++) {
		try {
			work::throws(&p);
		} catch (long) {
			free(p);
		}
		free(outside(1000));
	}
}

static void jumping_calls(void)
{
	for (int i = 0; i < CALLS; i++) {
		void *old = outside(1000);

		op_jumps(old);
		free(outside(1000));
	}
}

int main(int argc, char **argv)
{
	sites_setup(argc, argv);
	const char *what = sites_args[0] ? sites_args[0] : "recursive";

	sites_ready();
	if (!strcmp(what, "threads"))
		thread_calls();
	else if (!strcmp(what, "throws"))
		throwing_calls();
	else if (!strcmp(what, "jumps"))
		jumping_calls();
	else
		recursive_calls(NULL);
	sites_done();
	return 0;
}
