// SPDX-License-Identifier: Apache-2.0
#include "symbolize/symbolizer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hashmap.h"
#include "base/vec.h"
#include "proc/proc_info.h"
#include "proc/root_dir.h"
#include "symbolize/debuginfod.h"
#include "symbolize/sym_file.h"
#include "symbolize/sym_jit.h"
#include "symbolize/sym_lines.h"
#include "symbolize/vdso.h"

#define NO_FILE           UINT32_MAX
#define PROGRESS_INTERVAL 256u
#define READ_MAX          4096u /* places in one request to a reader */

/* The same directory in another mount namespace is another tree: mounts lie on it. */
struct root {
	int fd; /* -1: nobody uses it */
	uint64_t mount, ino;
	uint32_t user_cnt;
};

struct file {
	struct sym_file *source;
	int root_fd;             /* of another root than ours, or -1 */
	struct hashmap *results; /* offset -> index in symbolizer.results */
};

struct process {
	struct sym_jit *jit;     /* NULL: dropped */
	int root_fd;             /* or -1 */
	struct hashmap *results; /* address -> index in symbolizer.results */
};

struct result {
	const struct sym_line *lines;
	size_t cnt;
};

struct symbolizer {
	struct sym_reader reader;
	struct sym_sources sources; /* with our root only */
	VEC(struct root) roots;     /* [0] is ours */
	VEC(struct file) files;
	VEC(struct process) processes;
	VEC(struct result) results;
	struct sym_lines *lines;
	struct sym_place place;
	uint32_t vdso;
	struct symbolizer_stats stats;
};

/* --- making and freeing --- */

/* Each is to be let go of again. */
static int take_root(struct symbolizer *sym, const char *path, int *ret_fd)
{
	int fd __close_fd = -1;
	struct root *root = NULL;
	struct statx st;
	size_t i;
	int err;

	err = root_dir_open(path, &fd);
	if (err)
		return err;
	if (statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &st))
		return -errno;
	for (i = 0; i < sym->roots.cnt; i++) {
		struct root *at = &sym->roots.at[i];

		if (at->fd >= 0 && at->mount == st.stx_mnt_id && at->ino == st.stx_ino) {
			at->user_cnt++;
			*ret_fd = at->fd;
			return 0;
		}
		if (at->fd < 0)
			root = at;
	}
	if (root)
		*root = (struct root){ fd, st.stx_mnt_id, st.stx_ino, 1 };
	else
		err = vec__push(&sym->roots, (struct root){ fd, st.stx_mnt_id, st.stx_ino, 1 });
	if (err)
		return err;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static void drop_root(struct symbolizer *sym, int fd)
{
	size_t i;

	for (i = 0; fd >= 0 && i < sym->roots.cnt; i++) {
		struct root *root = &sym->roots.at[i];

		if (root->fd != fd || --root->user_cnt)
			continue;
		close(fd);
		root->fd = -1;
	}
}

struct symbolizer *symbolizer__new(const struct symbolizer_opts *opts)
{
	struct symbolizer *sym __free(symbolizer) = calloc(1, sizeof(*sym));
	struct sym_sources *sources;

	if (!sym)
		return NULL;
	sym->vdso = NO_FILE;
	sym->lines = sym_lines__new();
	if (!sym->lines)
		return NULL;
	sources = &sym->sources;
	sources->roots.debug_dir = opts && opts->debug_dir ? opts->debug_dir : DEBUG_DIR;
	sources->no_lines = opts && opts->no_lines;
	sources->no_debug_files = opts && opts->no_debug_files;
	if (opts)
		sym->reader = opts->reader;
	if (opts && opts->opener) {
		sources->roots.opener = opts->opener;
		sources->roots.cnt = opts->root_cnt;
		return TAKE_PTR(sym);
	}
	if (!sources->no_debug_files)
		sources->debuginfod = debuginfod__new();
	if (!take_root(sym, "/", &sources->roots.fds[0]))
		sources->roots.cnt = 1;
	return TAKE_PTR(sym);
}

void symbolizer__free(struct symbolizer *sym)
{
	size_t i;

	if (!sym)
		return;
	for (i = 0; i < sym->files.cnt; i++) {
		sym_file__free(sym->files.at[i].source);
		hashmap__free(sym->files.at[i].results);
	}
	for (i = 0; i < sym->processes.cnt; i++) {
		sym_jit__free(sym->processes.at[i].jit);
		hashmap__free(sym->processes.at[i].results);
	}
	for (i = 0; i < sym->roots.cnt; i++)
		cleanup_fd(&sym->roots.at[i].fd);
	vec__done(&sym->files);
	vec__done(&sym->processes);
	vec__done(&sym->roots);
	vec__done(&sym->results);
	sym_place_done(&sym->place);
	debuginfod__free(sym->sources.debuginfod);
	sym_lines__free(sym->lines);
	free(sym);
}

/* Takes @source over, also on failure. */
static int push_file(struct symbolizer *sym, struct sym_file *source, int root_fd,
		     uint32_t *ret_file)
{
	struct sym_file *owned __free(sym_file) = source;
	struct hashmap *results __free(hashmap) = hashmap__new();

	if (!owned || !results || sym->files.cnt >= NO_FILE)
		return -ENOMEM;
	if (vec__push(&sym->files, (struct file){ owned, root_fd, results }))
		return -ENOMEM;
	owned = NULL;
	results = NULL;
	*ret_file = (uint32_t)(sym->files.cnt - 1);
	return 0;
}

int symbolizer__add_file(struct symbolizer *sym, const struct sym_file_desc *desc,
			 uint32_t *ret_file)
{
	struct sym_sources sources = sym->sources;
	struct debug_roots *roots = &sources.roots;
	int root_fd = -1, err;

	/* A root that is gone only means that nothing is looked for there. */
	if (desc->root && roots->cnt == 1 && !take_root(sym, desc->root, &root_fd)) {
		if (root_fd == roots->fds[0]) {
			drop_root(sym, root_fd);
			root_fd = -1;
		} else {
			roots->fds[roots->cnt++] = root_fd;
		}
	}
	err = push_file(sym, sym_file__new(&sources, desc->fd, desc->path, desc->id), root_fd,
			ret_file);
	if (err)
		drop_root(sym, root_fd);
	return err;
}

void symbolizer__close_file(struct symbolizer *sym, uint32_t file)
{
	struct file *from = &sym->files.at[file];

	sym_file__close(from->source);
	drop_root(sym, from->root_fd);
	from->root_fd = -1;
}

int symbolizer__vdso(struct symbolizer *sym, uint32_t *ret_file)
{
	const void *image;
	size_t len;
	int err;

	if (sym->vdso == NO_FILE) {
		err = vdso_image(&image, &len);
		if (err)
			return err;
		err = push_file(sym, sym_file__new_mem(&sym->sources, image, len, "[vdso]"), -1,
				&sym->vdso);
		if (err)
			return err;
	}
	*ret_file = sym->vdso;
	return 0;
}

/* The number of one that was dropped, or the next. */
static int place_for_process(struct symbolizer *sym, uint32_t *ret)
{
	size_t i;
	int err = 0;

	for (i = 0; i < sym->processes.cnt && sym->processes.at[i].jit; i++)
		;
	if (i == sym->processes.cnt)
		err = vec__push(&sym->processes, (struct process){ .root_fd = -1 });
	if (!err)
		*ret = (uint32_t)i;
	return err;
}

int symbolizer__add_process(struct symbolizer *sym, pid_t pid, uint32_t *ret_process)
{
	struct hashmap *results __free(hashmap) = hashmap__new();
	struct sym_jit *jit __free(sym_jit) = NULL;
	struct proc_info info;
	char root[32];
	int root_fd = -1;

	snprintf(root, sizeof(root), "/proc/%d/root", (int)pid);
	if (proc_info__read(pid, &info) || !info.ns_pid_cnt || take_root(sym, root, &root_fd))
		jit = sym_jit__new(-1, pid, 0);
	else
		jit = sym_jit__new(root_fd, info.ns_pid[info.ns_pid_cnt - 1], info.uid);
	if (!results || !jit || place_for_process(sym, ret_process)) {
		drop_root(sym, root_fd);
		return -ENOMEM;
	}
	sym->processes.at[*ret_process] =
		(struct process){ TAKE_PTR(jit), root_fd, TAKE_PTR(results) };
	return 0;
}

void symbolizer__drop_process(struct symbolizer *sym, uint32_t process)
{
	struct process *from = &sym->processes.at[process];

	sym_jit__free(TAKE_PTR(from->jit));
	hashmap__free(TAKE_PTR(from->results));
	drop_root(sym, from->root_fd);
	from->root_fd = -1;
}

/* --- results --- */

/*
 * The function itself has its name from the symbol table where that knows it: that is the same with
 * and without DWARF, and of aliases the one in use (DWARF calls malloc "__libc_malloc").
 */
static int name_function(struct symbolizer *sym, const struct file *file,
			 const struct dwarf_frame *frame, struct sym_line *line)
{
	const char *base = sym_file__basename(file->source);
	const struct sym_place *place = &sym->place;

	if (place->has_sym && (place->sym.sized || !frame || !frame->name))
		return sym_lines__name_symbol(sym->lines, place->sym.name, place->sym.name_len,
					      line);
	if (frame && frame->linkage_name && *frame->linkage_name)
		return sym_lines__name_symbol(sym->lines, frame->linkage_name,
					      strlen(frame->linkage_name), line);
	if (frame && frame->name && *frame->name)
		return sym_lines__name(sym->lines, frame->name, strlen(frame->name), line);
	/* "cc1!fn@0x1234": a stripped function is one all the same, and its calls add up. */
	if (place->has_start)
		return sym_lines__name_place(sym->lines, base, "!fn@", place->start, line);
	return sym_lines__name_place(sym->lines, base, "+", place->vaddr, line);
}

static int name_inlined(struct symbolizer *sym, const struct dwarf_frame *frame,
			struct sym_line *line)
{
	const char *name = frame->name && *frame->name ? frame->name : "[inlined]";

	if (frame->linkage_name && *frame->linkage_name)
		return sym_lines__name_symbol(sym->lines, frame->linkage_name,
					      strlen(frame->linkage_name), line);
	return sym_lines__name(sym->lines, name, strlen(name), line);
}

static int fill_line(struct symbolizer *sym, const struct file *file,
		     const struct dwarf_frame *frame, struct sym_line *line)
{
	int err;

	*line = (struct sym_line){ .path = "" };
	if (!frame)
		return name_function(sym, file, NULL, line);
	line->line = frame->line;
	line->start_line = frame->start_line;
	line->flags = frame->inlined ? SYM_LINE_INLINED : 0;
	err = sym_lines__set_path(sym->lines, frame->path, line);
	if (err)
		return err;
	return frame->inlined ? name_inlined(sym, frame, line)
			      : name_function(sym, file, frame, line);
}

/* Turn sym->place into lines. */
static int make_result(struct symbolizer *sym, const struct file *file, struct result *ret)
{
	const struct dwarf_frames *frames = &sym->place.frames;
	size_t i, cnt = frames->list.cnt ? frames->list.cnt : 1;
	struct sym_line *lines = sym_lines__alloc(sym->lines, cnt);
	int err = lines ? 0 : -ENOMEM;

	for (i = 0; i < cnt && !err; i++)
		err = fill_line(sym, file, frames->list.cnt ? &frames->list.at[i] : NULL,
				&lines[i]);
	if (err)
		return err;
	*ret = (struct result){ lines, cnt };
	return 0;
}

/* Remember @result under @key, and count it. */
static int keep_result(struct symbolizer *sym, struct hashmap *results, uint64_t key,
		       struct result result)
{
	int err = vec__push(&sym->results, result);

	if (!err)
		err = hashmap__set(results, key, sym->results.cnt - 1);
	if (err)
		return err;
	sym->stats.resolved_cnt++;
	sym->stats.nameless_cnt += !!(result.lines[result.cnt - 1].flags & SYM_LINE_FALLBACK);
	sym->stats.with_line_cnt += result.lines[0].line != 0;
	return 0;
}

/* --- files that another process reads --- */

struct reading {
	struct symbolizer *sym;
	const struct file *file;
};

static int open_for_reader(const struct sym_read_request *request, size_t root, const char *path,
			   int *ret_fd)
{
	const struct reading *reading = request->ctx;

	return debug_roots_open(&sym_file__sources(reading->file->source)->roots, root, path,
				ret_fd);
}

static int fetch_for_reader(const struct sym_read_request *request, const struct build_id *id,
			    int *ret_fd)
{
	const struct reading *reading = request->ctx;
	struct debuginfod *debuginfod = reading->sym->sources.debuginfod;

	return debuginfod ? debuginfod__fetch(debuginfod, id, ret_fd) : -ENOENT;
}

static int keep_read(const struct sym_read_request *request, uint64_t offset,
		     const struct sym_line *lines, size_t cnt)
{
	const struct reading *reading = request->ctx;
	struct sym_line *copies = sym_lines__alloc(reading->sym->lines, cnt);
	size_t i;
	int err = copies ? 0 : -ENOMEM;

	for (i = 0; !err && i < cnt; i++)
		err = sym_lines__copy(reading->sym->lines, &lines[i], &copies[i]);
	return err ? err
		   : keep_result(reading->sym, reading->file->results, offset,
				 (struct result){ copies, cnt });
}

/* Places of a file that cannot be read have the names that can be had without. */
static int keep_unread(struct symbolizer *sym, const struct file *file, uint64_t offset)
{
	struct sym_line *line = sym_lines__alloc(sym->lines, 1);
	int err = line ? 0 : -ENOMEM;

	if (!err) {
		*line = (struct sym_line){ .path = "" };
		err = sym_lines__name_place(sym->lines, sym_file__basename(file->source), "+",
					    offset, line);
	}
	if (!err)
		err = keep_result(sym, file->results, offset, (struct result){ line, 1 });
	sym->stats.unread_cnt += !err;
	return err;
}

/* Have the reader name @offsets, none of which has a result yet. */
static int read_elsewhere(struct symbolizer *sym, const struct file *file, const uint64_t *offsets,
			  size_t cnt)
{
	const struct sym_sources *sources = sym_file__sources(file->source);
	struct reading reading = { sym, file };
	struct sym_read_request request = {
		.fd = sym_file__fd(file->source),
		.path = sym_file__path(file->source),
		.flags = (sources->no_lines ? SYM_READ_NO_LINES : 0) |
			 (sources->no_debug_files ? SYM_READ_NO_DEBUG_FILES : 0),
		.root_cnt = sources->roots.cnt,
		.offsets = offsets,
		.cnt = cnt,
		.open = open_for_reader,
		.fetch = fetch_for_reader,
		.keep = keep_read,
		.ctx = &reading,
	};
	uint64_t known;
	size_t i;
	int err = sym->reader.read(sym->reader.ctx, &request);

	for (i = 0; err != -ENOMEM && i < cnt; i++) {
		if (!hashmap__get(file->results, offsets[i], &known) &&
		    keep_unread(sym, file, offsets[i]))
			return -ENOMEM;
	}
	return err == -ENOMEM ? err : 0;
}

static bool is_read_elsewhere(const struct symbolizer *sym, const struct file *file)
{
	return sym->reader.read && sym_file__fd(file->source) >= 0;
}

static int read_here(struct symbolizer *sym, const struct file *file, uint64_t offset)
{
	struct result result = {};
	int err = sym_file__find(file->source, offset, &sym->place);

	if (!err)
		err = make_result(sym, file, &result);
	if (!err)
		err = keep_result(sym, file->results, offset, result);
	if (!err)
		sym->stats.limited_cnt += sym->place.limited;
	return err;
}

int symbolizer__resolve(struct symbolizer *sym, uint32_t file, uint64_t file_offset,
			const struct sym_line **ret, size_t *ret_cnt)
{
	const struct file *from;
	uint64_t known;
	int err;

	if (file >= sym->files.cnt)
		return -EINVAL;
	from = &sym->files.at[file];
	if (!hashmap__get(from->results, file_offset, &known)) {
		err = is_read_elsewhere(sym, from) ? read_elsewhere(sym, from, &file_offset, 1)
						   : read_here(sym, from, file_offset);
		if (err)
			return err;
		if (!hashmap__get(from->results, file_offset, &known))
			return -ENOMEM;
	}
	*ret = sym->results.at[known].lines;
	*ret_cnt = sym->results.at[known].cnt;
	return 0;
}

static int by_place(const void *a, const void *b)
{
	const struct sym_address *x = a, *y = b;

	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	return x->file_offset < y->file_offset ? -1 : x->file_offset > y->file_offset;
}

/* Those of @addrs, all of one file, that have no result yet: for the reader, as many as go into one request. */
static int read_ahead(struct symbolizer *sym, const struct sym_address *addrs, size_t cnt)
{
	const struct file *file = &sym->files.at[addrs->file];
	uint64_t offsets[READ_MAX], known;
	size_t i, wanted = 0;
	int err = 0;

	for (i = 0; !err && i < cnt; i++) {
		if ((!i || addrs[i].file_offset != addrs[i - 1].file_offset) &&
		    !hashmap__get(file->results, addrs[i].file_offset, &known))
			offsets[wanted++] = addrs[i].file_offset;
		if (wanted && (wanted == READ_MAX || i + 1 == cnt)) {
			err = read_elsewhere(sym, file, offsets, wanted);
			wanted = 0;
		}
	}
	return err;
}

/* How many of @addrs, @cnt in all, are of the first one's file. */
static size_t run_of_file(const struct sym_address *addrs, size_t cnt)
{
	size_t run = 1;

	while (run < cnt && addrs[run].file == addrs->file)
		run++;
	return run;
}

int symbolizer__resolve_all(struct symbolizer *sym, struct sym_address *addrs, size_t cnt,
			    bool (*progress)(void *ctx, size_t done, size_t total), void *ctx)
{
	const struct sym_line *lines;
	size_t i, line_cnt, next = 0;
	int err = 0;

	if (cnt)
		qsort(addrs, cnt, sizeof(*addrs), by_place);
	for (i = 0; i < cnt; i++) {
		if (progress && i % PROGRESS_INTERVAL == 0 && !progress(ctx, i, cnt))
			return -ECANCELED;
		if (addrs[i].file >= sym->files.cnt)
			return -EINVAL;
		if (i == next) {
			next += run_of_file(&addrs[i], cnt - i);
			if (is_read_elsewhere(sym, &sym->files.at[addrs[i].file]))
				err = read_ahead(sym, &addrs[i], next - i);
		}
		if (!err)
			err = symbolizer__resolve(sym, addrs[i].file, addrs[i].file_offset, &lines,
						  &line_cnt);
		if (err)
			return err;
		if (i + 1 == next)
			sym_file__drop(sym->files.at[addrs[i].file].source);
	}
	return progress && !progress(ctx, cnt, cnt) ? -ECANCELED : 0;
}

static int make_anon(struct symbolizer *sym, struct sym_jit *jit, uint64_t ip, const char *mapping,
		     uint64_t start, struct sym_line *line)
{
	size_t len;
	const char *name = sym_jit__find(jit, ip, &len);

	*line = (struct sym_line){ .path = "" };
	if (name) {
		line->flags = SYM_LINE_JIT;
		return sym_lines__name(sym->lines, name, len, line);
	}
	if (sym_jit__has_map(jit))
		mapping = "[jit]";
	else if (!mapping || !*mapping)
		mapping = "[anon]";
	return sym_lines__name_place(sym->lines, mapping, "+", ip >= start ? ip - start : ip, line);
}

int symbolizer__resolve_anon(struct symbolizer *sym, uint32_t process, uint64_t ip,
			     const char *mapping, uint64_t start, const struct sym_line **ret)
{
	struct sym_line *line;
	struct process *from;
	uint64_t known;
	int err;

	if (process >= sym->processes.cnt || !sym->processes.at[process].jit)
		return -EINVAL;
	from = &sym->processes.at[process];
	if (hashmap__get(from->results, ip, &known)) {
		*ret = sym->results.at[known].lines;
		return 0;
	}
	line = sym_lines__alloc(sym->lines, 1);
	if (!line)
		return -ENOMEM;
	err = make_anon(sym, from->jit, ip, mapping, start, line);
	if (!err)
		err = keep_result(sym, from->results, ip, (struct result){ line, 1 });
	if (err)
		return err;
	*ret = line;
	return 0;
}

void symbolizer__stats(const struct symbolizer *sym, struct symbolizer_stats *ret)
{
	*ret = sym->stats;
}
