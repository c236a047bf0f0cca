// SPDX-License-Identifier: Apache-2.0
/*
 * The symbolizer as a command, for tests and measurements:
 *
 *	symbolize [-d DEBUG_DIR] [-n] FILE < ADDRESSES	like addr2line -a -f -i: function, place
 *	symbolize [-d DEBUG_DIR] [-n] -b FILE < ADDRESSES	resolve all at once, say how long it
 *took symbolize -p PID < ADDRESSES			code without a file
 *
 * Addresses are the file's (as nm and objdump show them), in hex. -n: no lines, -m: mangled names.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "elf/elf_file.h"
#include "symbolize/symbolizer.h"

struct addresses {
	VEC(uint64_t) vaddrs;
	VEC(struct sym_address) places;
};

static int read_addresses(const struct elf_file *elf, uint32_t file, struct addresses *ret)
{
	unsigned long long vaddr;
	uint64_t off;

	while (scanf("%llx", &vaddr) == 1) {
		off = vaddr;
		if (elf && elf_file__vaddr_to_off(elf, vaddr, &off))
			continue;
		if (vec__push(&ret->vaddrs, vaddr) ||
		    vec__push(&ret->places, (struct sym_address){ file, off }))
			return -ENOMEM;
	}
	return 0;
}

static void print_line(const struct sym_line *line, bool mangled)
{
	printf("%s\n%s:%u\n", mangled ? line->system_name : line->name,
	       *line->path ? line->path : "??", line->line);
}

static int print_all(struct symbolizer *sym, const struct addresses *addrs, bool mangled)
{
	const struct sym_line *lines;
	size_t i, j, cnt;
	int err;

	for (i = 0; i < addrs->places.cnt; i++) {
		err = symbolizer__resolve(sym, addrs->places.at[i].file,
					  addrs->places.at[i].file_offset, &lines, &cnt);
		if (err)
			return err;
		printf("0x%016llx\n", (unsigned long long)addrs->vaddrs.at[i]);
		for (j = 0; j < cnt; j++)
			print_line(&lines[j], mangled);
	}
	return 0;
}

static int bench(struct symbolizer *sym, struct addresses *addrs)
{
	struct symbolizer_stats stats;
	struct timespec start, end;
	struct rusage usage;
	int err;

	clock_gettime(CLOCK_MONOTONIC, &start);
	err = symbolizer__resolve_all(sym, addrs->places.at, addrs->places.cnt, NULL, NULL);
	if (err)
		return err;
	clock_gettime(CLOCK_MONOTONIC, &end);
	getrusage(RUSAGE_SELF, &usage);
	symbolizer__stats(sym, &stats);
	printf("%zu addresses, %llu with a line, %llu without a name: %.3f s, %ld MiB at most\n",
	       addrs->places.cnt, (unsigned long long)stats.with_line_cnt,
	       (unsigned long long)stats.nameless_cnt,
	       (double)(end.tv_sec - start.tv_sec) + 1e-9 * (double)(end.tv_nsec - start.tv_nsec),
	       usage.ru_maxrss / 1024);
	return 0;
}

static int run_file(struct symbolizer *sym, const char *path, bool is_bench, bool mangled)
{
	struct elf_file *elf __free(elf_file) = NULL;
	struct sym_file_desc desc = { .path = path };
	struct addresses addrs = {};
	char *full __free_mem = realpath(path, NULL);
	uint32_t file;
	int err;

	err = elf_file__open(path, &elf);
	if (err)
		return err;
	desc.fd = elf_file__fd(elf);
	desc.path = full ? full : path;
	err = symbolizer__add_file(sym, &desc, &file);
	if (!err)
		err = read_addresses(elf, file, &addrs);
	if (!err)
		err = is_bench ? bench(sym, &addrs) : print_all(sym, &addrs, mangled);
	vec__done(&addrs.vaddrs);
	vec__done(&addrs.places);
	return err;
}

static int run_process(struct symbolizer *sym, pid_t pid)
{
	const struct sym_line *line;
	unsigned long long ip;
	uint32_t process;
	int err;

	err = symbolizer__add_process(sym, pid, &process);
	while (!err && scanf("%llx", &ip) == 1) {
		err = symbolizer__resolve_anon(sym, process, ip, NULL, 0, &line);
		if (!err)
			printf("%s\n", line->name);
	}
	return err;
}

int main(int argc, char **argv)
{
	struct symbolizer *sym __free(symbolizer) = NULL;
	struct symbolizer_opts opts = {};
	bool is_bench = false, mangled = false;
	long pid = 0;
	int opt, err;

	while ((opt = getopt(argc, argv, "d:bmnp:")) != -1) {
		switch (opt) {
		case 'd':
			opts.debug_dir = optarg;
			break;
		case 'b':
			is_bench = true;
			break;
		case 'm':
			mangled = true;
			break;
		case 'n':
			opts.no_lines = true;
			break;
		case 'p':
			pid = strtol(optarg, NULL, 10);
			break;
		default:
			return 2;
		}
	}
	sym = symbolizer__new(&opts);
	if (!sym || (!pid && optind + 1 != argc))
		return 2;
	err = pid ? run_process(sym, (pid_t)pid) : run_file(sym, argv[optind], is_bench, mangled);
	if (err)
		fprintf(stderr, "symbolize: %s\n", strerror(-err));
	return err != 0;
}
