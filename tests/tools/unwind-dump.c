// SPDX-License-Identifier: Apache-2.0
/*
 * Shows what unwind/ makes of ELF files.
 *
 *	unwind-dump [-f] [-i] FILE	the table; -f every row, -i only what the file itself says
 *	unwind-dump -r [-f] [-i] FILE	as two hex numbers per line, for scripts
 *	unwind-dump -c FILE < ADDRS	is the reduced table the full one at these addresses?
 *	unwind-dump -g FILE < ADDRS	.text studied as if nothing were said of it: is it right?
 *	unwind-dump -s FILE...		per file rows, bytes, seconds; then the total
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "elf/elf_file.h"
#include "unwind/code_frames.h"
#include "unwind/unwind_table.h"

static const char *const kind_names[16] = {
	[UNWIND_NONE] = "none",
	[UNWIND_SP] = "sp",
	[UNWIND_FP] = "fp",
	[UNWIND_SP_DEREF] = "*sp",
	[UNWIND_FP_DEREF] = "*fp",
	[UNWIND_PLT] = "plt",
	[UNWIND_SIGNAL] = "signal",
	[UNWIND_ROOT] = "root",
	[UNWIND_LR] = "lr",
	[UNWIND_FRAME] = "frame",
	[UNWIND_FP_FRAME] = "fp-frame",
	[UNWIND_LR_SAVED] = "lr-saved",
	[UNWIND_FRAME_SP] = "frame",
	[UNWIND_FP_RECORD] = "record at fp",
	[UNWIND_LR_SAVED_SP] = "lr-saved",
};

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* 0, UNWIND_NO_CFI, or an error. */
static int open_table(const char *path, unsigned flags, struct elf_file **ret_elf,
		      struct unwind_table **ret)
{
	int err = elf_file__open(path, ret_elf);

	if (!err)
		err = unwind_table__build(*ret_elf, flags, ret);
	return err;
}

static void print_rule(uint32_t rule)
{
	uint32_t kind = UNWIND_RULE_KIND(rule), fp = UNWIND_RULE_FP(rule);

	printf("%s", kind_names[kind] ?: "?");
	if (kind == UNWIND_SP_DEREF || kind == UNWIND_FP_DEREF)
		printf("%+d, +%d", 8 * UNWIND_DEREF_OFF(rule), 8 * UNWIND_DEREF_ADD(rule));
	else if (kind != UNWIND_NONE && kind != UNWIND_ROOT && kind != UNWIND_SIGNAL)
		printf("+%u", 8 * UNWIND_RULE_OFF(rule));
	if (fp == UNWIND_FP_LOST)
		printf(" fp lost");
	else if (fp == UNWIND_FP_CHAIN)
		printf(" fp at *fp");
	else if (kind == UNWIND_FRAME_SP || kind == UNWIND_LR_SAVED_SP)
		printf(" fp at sp+%u", 8 * fp);
	else if (fp)
		printf(" %s at cfa-%u", kind == UNWIND_LR_SAVED ? "lr" : "fp", 8 * fp);
	putchar('\n');
}

static void print_table(const struct unwind_table *table, int raw)
{
	const struct unwind_row *rows = unwind_table__rows(table);

	for (size_t i = 0; i < unwind_table__row_cnt(table); i++) {
		if (raw) {
			printf("%x %x\n", rows[i].off, rows[i].rule);
			continue;
		}
		printf("%8x  ", rows[i].off);
		print_rule(rows[i].rule);
	}
}

static void print_losses(const char *path, const struct unwind_stats *stats)
{
	if (stats->fde_bad_cnt || stats->section_cut_cnt || stats->fde_overlap_cnt)
		printf("# %s: %u functions broken, %u sections cut, %u functions overlap\n", path,
		       stats->fde_bad_cnt, stats->section_cut_cnt, stats->fde_overlap_cnt);
	if (stats->studied_bytes)
		printf("# %s: found frames in %" PRIu64 " bytes without information\n", path,
		       stats->studied_bytes);
	for (int i = 0; i < UNWIND_NONE_REASON_CNT; i++)
		if (stats->none_cnt[i])
			printf("# %s: %u ranges, %" PRIu64 " bytes: %s\n", path, stats->none_cnt[i],
			       stats->none_bytes[i], unwind_none_reason_text(i));
}

static int compare_at_stdin(const char *path)
{
	struct unwind_table *reduced __free(unwind_table) = NULL;
	struct unwind_table *full __free(unwind_table) = NULL;
	struct elf_file *elf __free(elf_file) = NULL;
	uint64_t vaddr, off, cnt = 0, bad = 0;
	uint32_t want, got;
	int err = open_table(path, UNWIND_FULL, &elf, &full);

	if (!err)
		err = unwind_table__build(elf, 0, &reduced);
	if (err)
		return err;
	while (scanf("%" SCNx64, &vaddr) == 1) {
		if (elf_file__vaddr_to_off(elf, vaddr, &off))
			continue;
		want = unwind_table__find(full, off);
		got = unwind_table__find(reduced, off);
		cnt++;
		if (want == got)
			continue;
		bad++;
		printf("%s: at %" PRIx64 " reduced %x, full %x\n", path, vaddr, got, want);
	}
	printf("%" PRIu64 " call sites, %" PRIu64 " differ\n", cnt, bad);
	return bad ? -EINVAL : 0;
}

/* How good is code_frames? Calls of which it says the same as the file, nothing, or something else.
 */
static int compare_guesses(const char *path)
{
	struct code_frames *frames __free(code_frames) = NULL;
	struct unwind_table *full __free(unwind_table) = NULL;
	struct elf_file *elf __free(elf_file) = NULL;
	uint64_t vaddr, off, end, cnt = 0, same = 0, unknown = 0;
	const Elf64_Shdr *text;
	uint32_t want, got;
	size_t idx;
	int err = open_table(path, UNWIND_FULL | UNWIND_CFI_ONLY, &elf, &full);

	if (!err)
		err = elf_file__find_section(elf, ".text", &idx);
	if (!err)
		err = code_frames__new(elf, &frames);
	if (err)
		return err;
	text = elf_file__section(elf, idx);
	err = code_frames__study(frames, text->sh_offset, text->sh_offset + text->sh_size,
				 text->sh_addr);
	while (!err && scanf("%" SCNx64, &vaddr) == 1) {
		if (elf_file__vaddr_to_off(elf, vaddr, &off))
			continue;
		want = unwind_table__find(full, off);
		/* Frames are kept where instructions begin. */
		got = UNWIND_RULE(UNWIND_NONE, 0, 0);
		for (int back = 1; back < 8 && !got; back++)
			got = code_frames__rule(frames, off - back, off, &end);
		if (UNWIND_RULE_KIND(want) != UNWIND_SP && UNWIND_RULE_KIND(want) != UNWIND_FP)
			continue;
		cnt++;
		same += got == want;
		unknown += UNWIND_RULE_KIND(got) == UNWIND_NONE;
	}
	printf("%" PRIu64 " calls: %" PRIu64 " same, %" PRIu64 " unknown, %" PRIu64 " wrong\n", cnt,
	       same, unknown, cnt - same - unknown);
	return err;
}

static int print_summary(char **paths, int cnt, unsigned flags)
{
	uint64_t rows = 0, bytes = 0, text = 0, table_bytes;
	double start = now_s(), before;
	int files = 0;

	for (int i = 0; i < cnt; i++) {
		struct unwind_table *table __free(unwind_table) = NULL;
		struct elf_file *elf __free(elf_file) = NULL;
		const struct unwind_stats *stats;
		int err;

		before = now_s();
		err = open_table(paths[i], flags, &elf, &table);
		if (err) {
			printf("# %s: %s\n", paths[i],
			       err == UNWIND_NO_CFI ? "no information" : strerror(-err));
			continue;
		}
		stats = unwind_table__stats(table);
		table_bytes = unwind_table__row_cnt(table) * sizeof(struct unwind_row) +
			      (unwind_table__page_cnt(table) + 1) * sizeof(uint32_t);
		printf("%zu rows of %u, %" PRIu64 " bytes, functions %" PRIu64 ", %.3f s: %s\n",
		       unwind_table__row_cnt(table), stats->rule_cnt, table_bytes,
		       stats->covered_bytes, now_s() - before, paths[i]);
		print_losses(paths[i], stats);
		files++;
		rows += unwind_table__row_cnt(table);
		bytes += table_bytes;
		text += stats->covered_bytes;
	}
	printf("%d files, %" PRIu64
	       " rows, %.1f MB of tables, %.1f MB of functions, %.0f bytes per MB, %.2f s\n",
	       files, rows, (double)bytes / 1e6, (double)text / 1e6,
	       text ? (double)bytes / ((double)text / 1e6) : 0.0, now_s() - start);
	return 0;
}

int main(int argc, char **argv)
{
	struct unwind_table *table __free(unwind_table) = NULL;
	struct elf_file *elf __free(elf_file) = NULL;
	int opt, raw = 0, compare = 0, guess = 0, summary = 0, err;
	unsigned flags = 0;

	while ((opt = getopt(argc, argv, "fcgirs")) != -1) {
		switch (opt) {
		case 'f':
			flags |= UNWIND_FULL;
			break;
		case 'i':
			flags |= UNWIND_CFI_ONLY;
			break;
		case 'r':
			raw = 1;
			break;
		case 'c':
			compare = 1;
			break;
		case 'g':
			guess = 1;
			break;
		case 's':
			summary = 1;
			break;
		default:
			return 2;
		}
	}
	if (optind == argc) {
		fprintf(stderr, "usage: unwind-dump [-f] [-i] [-r | -c | -g | -s] FILE...\n");
		return 2;
	}
	if (summary)
		return print_summary(argv + optind, argc - optind, flags);
	if (compare)
		err = compare_at_stdin(argv[optind]);
	else if (guess)
		err = compare_guesses(argv[optind]);
	else
		err = open_table(argv[optind], flags, &elf, &table);
	if (err)
		fprintf(stderr, "%s: %s\n", argv[optind],
			err == UNWIND_NO_CFI ? "no information" : strerror(-err));
	else if (!compare && !guess)
		print_table(table, raw);
	return err ? 1 : 0;
}
