// SPDX-License-Identifier: Apache-2.0
#include "symbolize/sym_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "elf/eh_frame_hdr.h"
#include "elf/gnu_debugdata.h"
#include "symbolize/debuginfod.h"
#include "symbolize/symbolizer.h"

struct sym_file {
	struct sym_sources sources;
	int fd;
	const void *image; /* instead of fd */
	size_t image_bytes;
	char *path;
	struct build_id id;
	bool has_id;

	/* All below is made by load() and released by drop(). */
	bool loaded;
	bool has_symtab; /* from a full table, not just .dynsym */
	bool limited;    /* there is DWARF, but too much of it */
	struct elf_file *elf;
	struct debug_file debug; /* .elf is NULL if there is none */
	struct elf_file *mini;   /* over mini_image */
	uint8_t *mini_image;
	struct sym_table *table;
	struct dwarf *dwarf;
	struct debug_file dwarf_home; /* borrowed: the one of the above that dwarf reads */
	struct dwarf_files dwarf_files;
};

void sym_place_done(struct sym_place *place)
{
	vec__done(&place->frames.list);
}

static struct sym_file *make(const struct sym_sources *sources, const char *path)
{
	struct sym_file *file __free(sym_file) = calloc(1, sizeof(*file));

	if (!file)
		return NULL;
	file->fd = -1;
	file->sources = *sources;
	file->path = strdup(path);
	return file->path ? TAKE_PTR(file) : NULL;
}

struct sym_file *sym_file__new(const struct sym_sources *sources, int fd, const char *path,
			       const struct build_id *id)
{
	struct sym_file *file = make(sources, path);

	if (!file)
		return NULL;
	if (fd >= 0)
		file->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	file->has_id = id;
	if (id)
		file->id = *id;
	return file;
}

struct sym_file *sym_file__new_mem(const struct sym_sources *sources, const void *image,
				   size_t len_bytes, const char *path)
{
	struct sym_file *file = make(sources, path);

	if (file) {
		file->image = image;
		file->image_bytes = len_bytes;
	}
	return file;
}

void sym_file__drop(struct sym_file *file)
{
	/* The table and the DWARF point into the files, so they go first. */
	dwarf__free(TAKE_PTR(file->dwarf));
	sym_table__free(TAKE_PTR(file->table));
	elf_file__free(TAKE_PTR(file->mini));
	free(TAKE_PTR(file->mini_image));
	elf_file__free(TAKE_PTR(file->debug.elf));
	free(TAKE_PTR(file->debug.path));
	elf_file__free(TAKE_PTR(file->elf));
	file->loaded = file->has_symtab = file->limited = false;
}

void sym_file__close(struct sym_file *file)
{
	sym_file__drop(file);
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
	/* What is asked from now on has no other root than ours. */
	if (file->sources.roots.cnt > 1)
		file->sources.roots.cnt = 1;
}

void sym_file__free(struct sym_file *file)
{
	if (!file)
		return;
	sym_file__close(file);
	free(file->path);
	free(file);
}

int sym_file__fd(const struct sym_file *file)
{
	return file->fd;
}

const char *sym_file__path(const struct sym_file *file)
{
	return file->path;
}

const struct sym_sources *sym_file__sources(const struct sym_file *file)
{
	return &file->sources;
}

const char *sym_file__basename(const struct sym_file *file)
{
	const char *slash = strrchr(file->path, '/');
	const char *base = slash && slash[1] ? slash + 1 : file->path;

	return *base ? base : "[unknown]";
}

/* --- DWARF
 * ------------------------------------------------------------------------------------------ */

static int open_dwo(void *ctx, const char *comp_dir, const char *name, struct elf_file **ret)
{
	struct sym_file *file = ctx;

	return debug_files_dwo(&file->sources.roots, file->path, comp_dir, name, ret);
}

static int open_dwp(void *ctx, struct elf_file **ret)
{
	struct sym_file *file = ctx;
	int err = debug_files_dwp(&file->sources.roots, file->path, ret);

	if (err == -ENOENT && file->dwarf_home.path != file->path)
		err = debug_files_dwp(&file->sources.roots, file->dwarf_home.path, ret);
	return err;
}

static int open_alt(void *ctx, struct elf_file **ret)
{
	struct sym_file *file = ctx;

	return debug_files_alt(&file->sources.roots, &file->dwarf_home, ret);
}

/* Lowest address of code. */
static uint64_t text_lo(const struct elf_file *elf)
{
	uint64_t lo = UINT64_MAX;
	size_t i;

	for (i = 0; i < elf_file__phdr_cnt(elf); i++) {
		const Elf64_Phdr *phdr = elf_file__phdr(elf, i);

		if (phdr->p_type == PT_LOAD && (phdr->p_flags & PF_X) && phdr->p_vaddr < lo)
			lo = phdr->p_vaddr;
	}
	return lo == UINT64_MAX ? 0 : lo;
}

/* Broken DWARF is no DWARF; only lack of memory is an error. */
/* dwarf_home keeps it as its own. NOLINTNEXTLINE(readability-non-const-parameter) */
static int use_dwarf(struct sym_file *file, struct elf_file *elf, char *path)
{
	int err;

	if (file->dwarf || file->sources.no_lines)
		return 0;
	file->dwarf_home = (struct debug_file){ elf, path };
	file->dwarf_files = (struct dwarf_files){ .ctx = file };
	if (!file->sources.no_debug_files) {
		file->dwarf_files.open_dwo = open_dwo;
		file->dwarf_files.open_dwp = open_dwp;
		file->dwarf_files.open_alt = open_alt;
	}
	err = dwarf__new(elf, text_lo(file->elf), &file->dwarf_files, &file->dwarf);
	file->limited |= err == -E2BIG;
	return err == -ENOMEM ? err : 0;
}

/* --- sources, in order
 * ------------------------------------------------------------------------------ */

static int use_symtab(struct sym_file *file, const struct elf_file *elf)
{
	size_t before = sym_table__cnt(file->table);
	int err;

	if (file->has_symtab)
		return 0;
	err = sym_table__add(file->table, elf, SHT_SYMTAB);
	file->has_symtab = sym_table__cnt(file->table) > before;
	return err == -ENOMEM ? err : 0;
}

/* Is there anything a debug file could add? */
static bool is_lacking(const struct sym_file *file)
{
	return !file->has_symtab || (!file->dwarf && !file->sources.no_lines);
}

static int use_debug_file(struct sym_file *file)
{
	int err = use_symtab(file, file->debug.elf);

	return err ? err : use_dwarf(file, file->debug.elf, file->debug.path);
}

static int find_local(struct sym_file *file)
{
	const struct debug_roots *roots = &file->sources.roots;
	int err = -ENOENT;

	if (file->has_id)
		err = debug_files_by_build_id(roots, &file->id, &file->debug);
	if (err == -ENOENT)
		err = debug_files_by_link(roots, file->elf, file->path,
					  file->has_id ? &file->id : NULL, &file->debug);
	if (err)
		return err == -ENOMEM ? err : 0;
	return use_debug_file(file);
}

static int use_debugdata(struct sym_file *file)
{
	size_t len;
	int err;

	if (file->has_symtab)
		return 0;
	err = gnu_debugdata_unpack(file->elf, &file->mini_image, &len);
	if (!err)
		err = elf_file__open_mem(file->mini_image, len, &file->mini);
	if (!err)
		err = use_symtab(file, file->mini);
	return err == -ENOMEM ? err : 0;
}

static int use_debuginfod(struct sym_file *file)
{
	const struct sym_opener *opener = file->sources.roots.opener;
	int fd __close_fd = -1;
	int err;

	if ((!file->sources.debuginfod && !opener) || !file->has_id || file->debug.elf)
		return 0;
	err = opener ? opener->fetch(opener->ctx, &file->id, &fd)
		     : debuginfod__fetch(file->sources.debuginfod, &file->id, &fd);
	if (!err)
		err = elf_file__open_debug_fd(fd, &file->debug.elf);
	if (err)
		return err == -ENOMEM ? err : 0;
	file->debug.path = strdup(file->path);
	return file->debug.path ? use_debug_file(file) : -ENOMEM;
}

static int load_sources(struct sym_file *file)
{
	bool own_symtab;
	int err;

	file->table = sym_table__new();
	if (!file->table)
		return -ENOMEM;
	err = use_symtab(file, file->elf);
	own_symtab = file->has_symtab;
	if (!err)
		err = use_dwarf(file, file->elf, file->path);
	if (!err && !file->sources.no_debug_files && is_lacking(file))
		err = find_local(file);
	if (!err)
		err = use_debugdata(file);
	if (!err && !file->sources.no_debug_files && is_lacking(file))
		err = use_debuginfod(file);
	/* .gnu_debugdata leaves out what .dynsym has. */
	if (!err && !own_symtab) {
		err = sym_table__add(file->table, file->elf, SHT_DYNSYM);
		err = err == -ENOMEM ? err : 0;
	}
	return err ? err : sym_table__seal(file->table);
}

/* A file that cannot be read has no symbols, and that is no error. */
static int load(struct sym_file *file)
{
	int err;

	if (file->loaded)
		return 0;
	if (file->image)
		err = elf_file__open_mem(file->image, file->image_bytes, &file->elf);
	else
		err = file->fd < 0 ? -EBADF : elf_file__open_fd(file->fd, &file->elf);
	if (!err) {
		if (!file->has_id)
			file->has_id = !build_id_read(file->elf, &file->id);
		err = load_sources(file);
	}
	if (err == -ENOMEM) {
		sym_file__drop(file);
		return err;
	}
	file->loaded = true;
	return 0;
}

int sym_file__find(struct sym_file *file, uint64_t file_offset, struct sym_place *ret)
{
	int err;

	ret->frames.list.cnt = 0;
	ret->vaddr = file_offset;
	ret->has_sym = ret->has_start = ret->limited = false;
	err = load(file);
	if (err || !file->elf || elf_file__off_to_vaddr(file->elf, file_offset, &ret->vaddr))
		return err;
	ret->has_sym = !sym_table__find(file->table, ret->vaddr, &ret->sym);
	ret->has_start = !ret->has_sym && !eh_frame_hdr_find(file->elf, ret->vaddr, &ret->start);
	ret->limited = file->limited;
	if (!file->dwarf)
		return 0;
	err = dwarf__find(file->dwarf, ret->vaddr, &ret->frames);
	if (err)
		ret->frames.list.cnt = 0;
	ret->limited |= err == -E2BIG;
	return err == -ENOMEM ? err : 0;
}
