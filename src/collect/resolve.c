// SPDX-License-Identifier: Apache-2.0
#include "collect/resolve.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/stack.h"
#include "base/hash.h"
#include "base/hashmap.h"
#include "collect/lasting.h"
#include "symbolize/symbolizer.h"
#include "target/alloc_internal.h"

struct resolver {
	struct snapshot *snapshot; /* being resolved */
	const struct file_table *files;
	struct symbolizer *sym;
	struct hashmap *file_numbers; /* file id -> symbolizer's number */
	struct hashmap *processes;    /* image -> symbolizer's number */
	struct lasting *lasting;
	struct hashmap *judged; /* hash of names -> SNAPSHOT_LINE_* */
	resolve_progress_fn progress;
	void *ctx;
};

static int by_frame(const void *a, const void *b)
{
	const struct snapshot_symbol *x = a, *y = b;

	if (x->frame != y->frame)
		return x->frame < y->frame ? -1 : 1;
	return x->image < y->image ? -1 : x->image > y->image;
}

/* Every distinct frame once, sorted: the symbol table with its names still to come. */
static int collect_frames(struct snapshot *snapshot)
{
	struct hashmap *seen __free(hashmap) = hashmap__new();
	size_t i;
	uint32_t j;
	bool is_new;
	int err;

	if (!seen)
		return -ENOMEM;
	for (i = 0; i < snapshot->sites.cnt; i++) {
		const struct alloc_site *site = &snapshot->sites.at[i];

		for (j = 0; j < site->frame_cnt; j++) {
			struct snapshot_symbol symbol = {
				.frame = snapshot->frames.at[site->frame_start + j]
			};

			if (FRAME_IS_ANON(symbol.frame))
				symbol.image = site->image;
			if (!hashmap__slot(seen, hash_combine(symbol.image, symbol.frame), 1,
					   &is_new))
				return -ENOMEM;
			err = is_new ? vec__push(&snapshot->symbols, symbol) : 0;
			if (err)
				return err;
		}
	}
	if (snapshot->symbols.cnt)
		qsort(snapshot->symbols.at, snapshot->symbols.cnt, sizeof(*snapshot->symbols.at),
		      by_frame);
	return 0;
}

/* The symbolizer's number of file @id; -ENOENT if nobody knows the file. */
static int file_number(struct resolver *r, uint32_t id, uint32_t *ret)
{
	char root[64];
	uint64_t known;
	size_t i;
	int err;

	if (hashmap__get(r->file_numbers, id, &known)) {
		*ret = (uint32_t)known;
		return 0;
	}
	for (i = 0; i < file_table__cnt(r->files); i++) {
		const struct file_entry *entry = file_table__at(r->files, i);
		struct sym_file_desc desc = { .fd = entry->fd, .path = entry->path, .root = root };

		if (entry->id != id)
			continue;
		snprintf(root, sizeof(root), "/proc/%d/root", (int)entry->pid);
		err = symbolizer__add_file(r->sym, &desc, ret);
		return err ? err : hashmap__set(r->file_numbers, id, *ret);
	}
	return -ENOENT;
}

static int process_number(struct resolver *r, uint32_t image, uint32_t *ret)
{
	const struct snapshot_image *info = snapshot__image(r->snapshot, image);
	uint64_t known;
	int err;

	if (hashmap__get(r->processes, image, &known)) {
		*ret = (uint32_t)known;
		return 0;
	}
	err = symbolizer__add_process(r->sym, info ? (pid_t)info->tgid : 0, ret);
	return err ? err : hashmap__set(r->processes, image, *ret);
}

static int find_anon(struct resolver *r, const struct snapshot_symbol *symbol,
		     const struct sym_line **ret, size_t *ret_cnt)
{
	const struct snapshot_map *map = snapshot__map(r->snapshot, symbol->image, symbol->frame);
	const char *name = map ? snapshot__str(r->snapshot, map->name) : "";
	uint64_t ip = FRAME_ADDR(symbol->frame);
	uint32_t number;
	int err;

	if (map && !strcmp(name, "[vdso]") && !symbolizer__vdso(r->sym, &number))
		return symbolizer__resolve(r->sym, number, ip - map->start, ret, ret_cnt);
	if (map && map->file && !file_number(r, map->file, &number))
		return symbolizer__resolve(r->sym, number, ip - map->start + map->offset, ret,
					   ret_cnt);
	err = process_number(r, symbol->image, &number);
	if (err)
		return err;
	*ret_cnt = 1;
	return symbolizer__resolve_anon(r->sym, number, ip, *name ? name : "[anon]",
					map ? map->start : 0, ret);
}

/* Many prefixes are compared; a name is met again in every snapshot. */
static int judge(struct resolver *r, const struct sym_line *line, uint32_t *ret)
{
	uint64_t hash = hash_combine(hash_bytes(line->name, strlen(line->name)),
				     hash_bytes(line->system_name, strlen(line->system_name)));
	uint64_t *slot = hashmap__slot(r->judged, hash, 0, NULL);

	if (!slot)
		return -ENOMEM;
	if (!*slot)
		*slot = SNAPSHOT_LINE_JUDGED |
			(alloc_fn__is_internal_name(line->system_name) ||
					 alloc_fn__is_internal_name(line->name)
				 ? SNAPSHOT_LINE_INTERNAL
				 : 0);
	*ret = (uint32_t)*slot;
	return 0;
}

static int keep_lines(struct resolver *r, struct snapshot_symbol *symbol,
		      const struct sym_line *lines, size_t cnt)
{
	struct snapshot *snapshot = r->snapshot;
	size_t i;
	int err = 0;

	symbol->line_start = (uint32_t)snapshot->lines.cnt;
	symbol->line_cnt = (uint32_t)cnt;
	for (i = 0; !err && i < cnt; i++) {
		struct snapshot_line line = { .line = lines[i].line,
					      .start_line = lines[i].start_line };

		err = judge(r, &lines[i], &line.flags);
		if (!err)
			err = intern__add(snapshot->strings, lines[i].name, &line.name);
		if (!err)
			err = intern__add(snapshot->strings, lines[i].system_name,
					  &line.system_name);
		if (!err)
			err = intern__add(snapshot->strings, lines[i].path, &line.path);
		if (!err)
			err = vec__push(&snapshot->lines, line);
	}
	return err;
}

static void note_lines(struct snapshot *snapshot, uint64_t frame, const struct sym_line *lines)
{
	struct snapshot_file *file;

	if (FRAME_IS_ANON(frame) || !lines[0].line)
		return;
	file = (struct snapshot_file *)snapshot__file(snapshot, FRAME_FILE(frame));
	if (file)
		file->has_lines = 1;
}

/* Those of processes that are gone have no addresses, but names. */
static bool is_gone(const struct resolver *r, const struct snapshot_symbol *symbol)
{
	const struct snapshot_image *image = snapshot__image(r->snapshot, symbol->image);

	return FRAME_IS_ANON(symbol->frame) && (!image || !image->tgid);
}

/* As it is shown now it will be shown for ever. */
static int keep_lasting(struct resolver *r, struct snapshot_symbol *symbol, const char *name)
{
	uint64_t frame = symbol->frame,
		 in_file = snapshot__file_frame(r->snapshot, symbol->image, frame);
	int err;

	if (!FRAME_IS_ANON(frame))
		return 0;
	if (!is_gone(r, symbol)) {
		err = lasting__note(r->lasting, symbol->image, frame,
				    in_file == frame ? 0 : in_file, name);
		if (err)
			return err;
		frame = lasting__frame(r->lasting, symbol->image, frame);
	}
	if (!FRAME_IS_ANON(frame))
		return 0;
	return intern__add(r->snapshot->strings, lasting__name(r->lasting, frame),
			   &symbol->lasting);
}

static const char *fallback_name(const struct resolver *r, const struct snapshot_symbol *symbol,
				 char out[static 64])
{
	if (is_gone(r, symbol))
		return lasting__name(r->lasting, symbol->frame);
	snprintf(out, 64, "[unknown file]+0x%llx", (unsigned long long)FRAME_OFF(symbol->frame));
	return out;
}

static int resolve_one(struct resolver *r, struct snapshot_symbol *symbol)
{
	const struct sym_line *lines = NULL;
	struct sym_line unknown = { .path = "" };
	char name[64];
	uint32_t number;
	size_t cnt = 0;
	int err;

	if (is_gone(r, symbol)) {
		err = -ENOENT;
	} else if (FRAME_IS_ANON(symbol->frame)) {
		err = find_anon(r, symbol, &lines, &cnt);
	} else {
		err = file_number(r, FRAME_FILE(symbol->frame), &number);
		if (!err)
			err = symbolizer__resolve(r->sym, number, FRAME_OFF(symbol->frame), &lines,
						  &cnt);
	}
	if (err == -ENOMEM)
		return err;
	if (err || !cnt) {
		unknown.name = unknown.system_name = fallback_name(r, symbol, name);
		lines = &unknown;
		cnt = 1;
	}
	note_lines(r->snapshot, symbol->frame, lines);
	err = keep_lasting(r, symbol, lines[cnt - 1].name);
	return err ? err : keep_lines(r, symbol, lines, cnt);
}

static bool on_progress(void *ctx, size_t done, size_t total)
{
	struct resolver *r = ctx;

	if (r->progress)
		r->progress(done, total, r->ctx);
	return true;
}

/* Let the symbolizer take all places at once, file by file. */
static int resolve_ahead(struct resolver *r)
{
	const struct snapshot *s = r->snapshot;
	struct sym_address *addrs __free_mem = calloc(s->symbols.cnt + 1, sizeof(*addrs));
	size_t i, cnt = 0;
	uint32_t number;
	int err;

	if (!addrs)
		return -ENOMEM;
	for (i = 0; i < s->symbols.cnt; i++) {
		uint64_t frame = s->symbols.at[i].frame;

		if (FRAME_IS_ANON(frame))
			continue;
		err = file_number(r, FRAME_FILE(frame), &number);
		if (err == -ENOMEM)
			return err;
		if (!err)
			addrs[cnt++] = (struct sym_address){ number, FRAME_OFF(frame) };
	}
	return symbolizer__resolve_all(r->sym, addrs, cnt, on_progress, r);
}

struct resolver *resolver__new(const struct file_table *files, struct worker *worker)
{
	struct symbolizer_opts opts = {};
	struct resolver *r __free(resolver) = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->files = files;
	if (worker)
		opts.reader = worker__reader(worker);
	r->sym = symbolizer__new(&opts);
	r->file_numbers = hashmap__new();
	r->processes = hashmap__new();
	r->lasting = lasting__new();
	r->judged = hashmap__new();
	return r->sym && r->file_numbers && r->processes && r->lasting && r->judged ? TAKE_PTR(r)
										    : NULL;
}

void resolver__free(struct resolver *resolver)
{
	if (!resolver)
		return;
	symbolizer__free(resolver->sym);
	hashmap__free(resolver->file_numbers);
	hashmap__free(resolver->processes);
	lasting__free(resolver->lasting);
	hashmap__free(resolver->judged);
	free(resolver);
}

void resolver__forget_file(struct resolver *resolver, uint32_t id)
{
	uint64_t number;

	if (hashmap__get(resolver->file_numbers, id, &number))
		symbolizer__close_file(resolver->sym, (uint32_t)number);
}

void resolver__forget_image(struct resolver *resolver, uint32_t image)
{
	uint64_t number;

	lasting__forget(resolver->lasting, image);
	if (!hashmap__get(resolver->processes, image, &number))
		return;
	symbolizer__drop_process(resolver->sym, (uint32_t)number);
	hashmap__del(resolver->processes, image);
}

uint64_t resolver__lasting(const struct resolver *resolver, uint32_t image, uint64_t frame)
{
	return FRAME_IS_ANON(frame) ? lasting__frame(resolver->lasting, image, frame) : frame;
}

int resolver__run(struct resolver *resolver, struct snapshot *snapshot,
		  resolve_progress_fn progress, void *ctx)
{
	size_t i;
	int err;

	resolver->snapshot = snapshot;
	resolver->progress = progress;
	resolver->ctx = ctx;
	err = collect_frames(snapshot);
	if (!err)
		err = resolve_ahead(resolver);
	for (i = 0; !err && i < snapshot->symbols.cnt; i++)
		err = resolve_one(resolver, &snapshot->symbols.at[i]);
	resolver->snapshot = NULL;
	return err;
}
