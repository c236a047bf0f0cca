// SPDX-License-Identifier: Apache-2.0
/*
 * A program that notices when it is harmed: it fills every block that it allocates with a pattern of its own and looks
 * at it again before the block goes, and it knows how its children, its next images and its libraries must end.
 * `victim KIND FD SEED`; FD is the page of victim.h.
 */
#define _GNU_SOURCE
#include "victim.h"

#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SLOTS        64
#define CHILD_STATUS 42

static struct pulse *pulse;
static char **args;

struct slot {
	unsigned char *at;
	size_t size;
	unsigned seed;
};

/* What one thread holds. */
struct work {
	struct slot slots[SLOTS];
	unsigned random;
};

static void __attribute__((noreturn)) harmed(int line)
{
	__atomic_store_n(&pulse->harm_line, (uint32_t)line, __ATOMIC_SEQ_CST);
	_exit(VICTIM_HARMED);
}

#define MUST(truth)                                                                                \
	do {                                                                                       \
		if (!(truth))                                                                      \
			harmed(__LINE__);                                                          \
	} while (0)

static unsigned next_random(unsigned *state)
{
	*state = *state * 1103515245u + 12345u;
	return *state >> 8;
}

static unsigned char pattern(unsigned seed, size_t at)
{
	return (unsigned char)(seed + at * 131 + (at >> 8) * 7);
}

static void check(const struct slot *slot, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		MUST(slot->at[i] == pattern(slot->seed, i));
}

static void fill(struct slot *slot, unsigned seed)
{
	size_t i;

	slot->seed = seed;
	for (i = 0; i < slot->size; i++)
		slot->at[i] = pattern(seed, i);
}

/* Give the slot another block, by one of the ways there are. */
static void renew(struct work *work, struct slot *slot)
{
	size_t old = slot->size, size = 1 + next_random(&work->random) % 700, i;
	unsigned how = next_random(&work->random) % 8;
	void *block = NULL;

	if (how < 2) {
		slot->at = realloc(slot->at, size);
		MUST(slot->at);
		check(slot, old < size ? old : size);
	} else {
		free(slot->at);
		if (how == 2)
			MUST(!posix_memalign(&block, 64, size) && !((uintptr_t)block & 63));
		else if (how == 3)
			block = aligned_alloc(256, (size + 255) & ~(size_t)255);
		else
			block = how == 4 ? calloc(1, size) : malloc(size);
		MUST(block && malloc_usable_size(block) >= size);
		slot->at = block;
		for (i = 0; how == 4 && i < size; i++)
			MUST(!slot->at[i]);
	}
	slot->size = size;
	fill(slot, next_random(&work->random));
}

static void work_round(struct work *work)
{
	struct slot *slot;
	int i;

	for (i = 0; i < 40; i++) {
		slot = &work->slots[next_random(&work->random) % SLOTS];
		check(slot, slot->size);
		renew(work, slot);
	}
	__atomic_fetch_add(&pulse->beats, 1, __ATOMIC_RELAXED);
}

static void work_done(struct work *work)
{
	int i;

	for (i = 0; i < SLOTS; i++) {
		check(&work->slots[i], work->slots[i].size);
		free(work->slots[i].at);
		work->slots[i] = (struct slot){};
	}
}

static int goes_on(void)
{
	return !__atomic_load_n(&pulse->stop, __ATOMIC_RELAXED);
}

/* Others want the CPU as well; and a probe may come or go while we sleep. */
static void rest(unsigned us)
{
	struct timespec time = { 0, (long)us * 1000 };

	nanosleep(&time, NULL);
}

static void *thread(void *seed)
{
	struct work work = { .random = (unsigned)(uintptr_t)seed };
	int i;

	for (i = 0; i < 300 && goes_on(); i++) {
		work_round(&work);
		rest(4000);
	}
	work_done(&work);
	return seed;
}

/* Threads that come and go; the result must be theirs. */
static void runs(struct work *work)
{
	uintptr_t seed = 1;
	pthread_t id;
	void *ret;
	int i;

	while (goes_on()) {
		MUST(!pthread_create(&id, NULL, thread, (void *)++seed));
		for (i = 0; i < 300 && goes_on(); i++) {
			work_round(work);
			if (i % 8)
				rest(2000);
		}
		MUST(!pthread_join(id, &ret) && (uintptr_t)ret == seed);
	}
}

/* A child checks what it inherited, works with it and on; its status says so. */
static void forks(struct work *work)
{
	int status, i;
	pid_t pid;

	while (goes_on()) {
		work_round(work);
		pid = fork();
		MUST(pid >= 0);
		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			for (i = 0; i < 8; i++) {
				work_round(work);
				rest(next_random(&work->random) % 4000);
			}
			work_done(work);
			_exit(CHILD_STATUS);
		}
		work_round(work);
		MUST(waitpid(pid, &status, 0) == pid);
		MUST(WIFEXITED(status) && WEXITSTATUS(status) == CHILD_STATUS);
		__atomic_fetch_add(&pulse->forks, 1, __ATOMIC_RELAXED);
	}
}

/* The next image is this program again, with another seed. */
static void execs(struct work *work)
{
	char seed[16];
	int i;

	for (i = 0; i < 12 && goes_on(); i++) {
		work_round(work);
		rest(next_random(&work->random) % 4000);
	}
	work_done(work);
	if (!goes_on())
		return;
	__atomic_fetch_add(&pulse->execs, 1, __ATOMIC_RELAXED);
	snprintf(seed, sizeof(seed), "%u", work->random & 0xffffff);
	args[3] = seed;
	execv("/proc/self/exe", args);
	harmed(__LINE__);
}

static void loads(struct work *work)
{
	void *(*their_malloc)(size_t);
	void (*their_free)(void *);
	struct slot block = { .size = 300 };
	char path[4096];
	void *plugin;
	int i;

	MUST(snprintf(path, sizeof(path), "%s-plugin.so", args[0]) < (int)sizeof(path));
	while (goes_on()) {
		plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL);
		MUST(plugin);
		their_malloc = (void *(*)(size_t))(uintptr_t)dlsym(plugin, "malloc");
		their_free = (void (*)(void *))(uintptr_t)dlsym(plugin, "free");
		MUST(their_malloc && their_free);
		for (i = 0; i < 10; i++) {
			block.at = their_malloc(block.size);
			MUST(block.at);
			fill(&block, next_random(&work->random));
			work_round(work);
			check(&block, block.size);
			their_free(block.at);
			rest(next_random(&work->random) % 2000);
		}
		rest(next_random(&work->random) % 1000);
		MUST(!dlclose(plugin));
		__atomic_fetch_add(&pulse->loads, 1, __ATOMIC_RELAXED);
	}
}

static void exits(struct work *work)
{
	int i, cnt = (int)(next_random(&work->random) % 40);

	for (i = 0; i < cnt && goes_on(); i++) {
		work_round(work);
		rest(next_random(&work->random) % 5000);
	}
}

int main(int argc, char **argv)
{
	static void (*const lives[VICTIM_KIND_CNT])(struct work *) = {
		[VICTIM_RUNS] = runs,    [VICTIM_FORKS] = forks, [VICTIM_EXECS] = execs,
		[VICTIM_LOADS] = loads,  [VICTIM_EXITS] = exits, [VICTIM_STOPPED] = runs,
		[VICTIM_PTRACED] = runs,
	};
	struct work work = {};
	int kind;

	if (argc != 4 || (kind = atoi(argv[1])) < 0 || kind >= VICTIM_KIND_CNT)
		return 2;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	args = argv;
	pulse = mmap(NULL, sizeof(*pulse), PROT_READ | PROT_WRITE, MAP_SHARED, atoi(argv[2]), 0);
	if (pulse == MAP_FAILED)
		return 2;
	work.random = (unsigned)strtoul(argv[3], NULL, 10);
	lives[kind](&work);
	work_done(&work);
	return 0;
}
