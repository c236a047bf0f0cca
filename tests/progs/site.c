// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "site.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct row {
	const char *site;
	long value[4];
};

#define ROWS_MAX 256
static struct row rows[ROWS_MAX];
static int row_cnt;
static pthread_mutex_t rows_lock = PTHREAD_MUTEX_INITIALIZER;

int sites_threads;
char **sites_args, **sites_argv;
static int opt_now, opt_hold;
static const char *opt_out;

static void die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	_exit(99);
}

static struct row *find_row(const char *site)
{
	for (int i = 0; i < row_cnt; i++)
		if (!strcmp(rows[i].site, site))
			return &rows[i];
	if (row_cnt == ROWS_MAX)
		die("too many sites");
	rows[row_cnt].site = site;
	return &rows[row_cnt++];
}

void expect(const char *site, long alloc_objects, long alloc_space, long inuse_objects,
	    long inuse_space)
{
	struct row *row;

	pthread_mutex_lock(&rows_lock);
	row = find_row(site);
	row->value[0] += alloc_objects;
	row->value[1] += alloc_space;
	row->value[2] += inuse_objects;
	row->value[3] += inuse_space;
	pthread_mutex_unlock(&rows_lock);
}

static void write_all(int fd, const char *s, size_t n)
{
	while (n) {
		ssize_t done = write(fd, s, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			die("write");
		s += done;
		n -= done;
	}
}

void sites_say(const char *line)
{
	write_all(1, line, strlen(line));
}

void sites_gate(void)
{
	char c;

	while (read(0, &c, 1) < 0 && errno == EINTR)
		;
}

size_t hide(size_t n)
{
	KEEP(n);
	return n;
}

int served(const char *name)
{
#ifdef ONE_ALLOCATOR
	return 1;
#else
	Dl_info a, b;
	void *theirs = dlsym(RTLD_DEFAULT, name);

	return theirs && dladdr(dlsym(RTLD_DEFAULT, "malloc"), &a) && dladdr(theirs, &b) &&
	       a.dli_fbase == b.dli_fbase;
#endif
}

void sites_setup(int argc, char **argv)
{
	int i;

	sites_argv = argv;
	for (i = 1; i < argc && !strncmp(argv[i], "--", 2); i++) {
		if (!strcmp(argv[i], "--now"))
			opt_now = 1;
		else if (!strcmp(argv[i], "--hold"))
			opt_hold = 1;
		else if (!strcmp(argv[i], "--threads") && i + 1 < argc)
			sites_threads = atoi(argv[++i]);
		else if (!strcmp(argv[i], "--out") && i + 1 < argc)
			opt_out = argv[++i];
		else
			die(argv[i]);
	}
	sites_args = argv + i;
}

void sites_ready(void)
{
	char line[32];

	if (opt_now)
		return;
	snprintf(line, sizeof(line), "ready %d\n", (int)getpid());
	sites_say(line);
	sites_gate();
}

void sites_write(void)
{
	char line[256];
	int fd;

	if (!opt_out)
		return;
	fd = open(opt_out, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd < 0)
		die(opt_out);
	for (int i = 0; i < row_cnt; i++) {
		const long *v = rows[i].value;
		int n = snprintf(line, sizeof(line), "%s %ld %ld %ld %ld\n", rows[i].site, v[0],
				 v[1], v[2], v[3]);

		write_all(fd, line, n);
	}
	close(fd);
}

void sites_done(void)
{
	sites_write();
	sites_say("done\n");
	if (!opt_now || opt_hold)
		sites_gate();
}

/* All threads exist before "ready", so that making them is not in the profile. */
static pthread_barrier_t start, end;

static void *run_thread(void *arg)
{
	void (*work)(void) = (void (*)(void))arg;

	pthread_barrier_wait(&start);
	work();
	pthread_barrier_wait(&end);
	pause();
	return NULL;
}

int sites_main(int argc, char **argv, void (*work)(void))
{
	pthread_t thread;

	sites_setup(argc, argv);
	if (!sites_threads) {
		sites_ready();
		work();
		sites_done();
		return 0;
	}
	pthread_barrier_init(&start, NULL, sites_threads + 1);
	pthread_barrier_init(&end, NULL, sites_threads + 1);
	for (int i = 0; i < sites_threads; i++)
		if (pthread_create(&thread, NULL, run_thread, (void *)work))
			die("pthread_create");
	sites_ready();
	pthread_barrier_wait(&start);
	pthread_barrier_wait(&end);
	sites_done();
	return 0;
}
