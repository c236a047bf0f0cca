// SPDX-License-Identifier: Apache-2.0
#include "elf/elf_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/fdio.h"
#include "base/vec.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "ELF structs are read as they are");

/* deflate cannot do better than 1032:1, so a larger claim is a lie and not worth the allocation. */
#define INFLATE_MAX_RATIO       1032u
#define SECTION_NAMES_MAX_BYTES (16u << 20)

/* A range that was handed out: read at @off, or inflated from there. */
struct elf_held {
	uint64_t off;
	size_t len_bytes;
	bool inflated;
	uint8_t *data;
};

struct elf_held_list {
	VEC(struct elf_held) ranges;
	size_t bytes;
};

struct elf_file {
	int fd;
	const uint8_t *image; /* or NULL, and fd holds the bytes */
	uint64_t size_bytes;
	Elf64_Ehdr ehdr;
	Elf64_Phdr *phdrs;
	size_t phdr_cnt;
	Elf64_Shdr *sections;
	size_t section_cnt;
	char *names; /* NUL behind the last byte */
	size_t names_bytes;
	struct elf_held_list *held; /* a cache: changes behind a const elf_file */
};

int elf_file__read(const struct elf_file *elf, uint64_t off, void *data, size_t len_bytes)
{
	if (off > elf->size_bytes || len_bytes > elf->size_bytes - off)
		return -ENODATA;
	if (!elf->image)
		return fdio_pread(elf->fd, data, len_bytes, off);
	if (len_bytes)
		memcpy(data, elf->image + off, len_bytes);
	return 0;
}

static int elf_check_ident(const Elf64_Ehdr *ehdr, bool linked)
{
	if (memcmp(ehdr->e_ident, ELFMAG, SELFMAG) != 0)
		return -ENOEXEC;
	if (ehdr->e_ident[EI_CLASS] != ELFCLASS64 || ehdr->e_ident[EI_DATA] != ELFDATA2LSB)
		return -ENOTSUP;
	if (ehdr->e_machine != EM_X86_64 && ehdr->e_machine != EM_AARCH64)
		return -ENOTSUP;
	if (ehdr->e_type != ET_EXEC && ehdr->e_type != ET_DYN && (linked || ehdr->e_type != ET_REL))
		return -ENOTSUP;
	return 0;
}

/* A table of @cnt records at @off, as a new array. */
static int elf_read_table(const struct elf_file *elf, uint64_t off, size_t cnt, size_t elem_bytes,
			  void **ret)
{
	void *table __free_mem = NULL;
	int err;

	if (off > elf->size_bytes || cnt > (elf->size_bytes - off) / elem_bytes)
		return -ENODATA;
	table = malloc(cnt * elem_bytes + 1);
	if (!table)
		return -ENOMEM;
	err = elf_file__read(elf, off, table, cnt * elem_bytes);
	if (err)
		return err;
	*ret = TAKE_PTR(table);
	return 0;
}

static int elf_load_phdrs(struct elf_file *elf)
{
	size_t cnt = elf->ehdr.e_phnum;
	Elf64_Shdr first;
	int err;

	if (cnt == PN_XNUM) {
		/* gABI: the true count is in the first section header. */
		err = elf_file__read(elf, elf->ehdr.e_shoff, &first, sizeof(first));
		if (err)
			return err == -ENODATA ? -ENOEXEC : err;
		cnt = first.sh_info;
	}
	if (!cnt || cnt > ELF_PHDR_MAX || elf->ehdr.e_phentsize != sizeof(Elf64_Phdr))
		return -ENOEXEC;
	err = elf_read_table(elf, elf->ehdr.e_phoff, cnt, sizeof(Elf64_Phdr), (void **)&elf->phdrs);
	if (err)
		return err == -ENODATA ? -ENOEXEC : err;
	elf->phdr_cnt = cnt;
	return 0;
}

/* Without names a section table is of no use: nothing here looks for sections by type alone. */
static int elf_load_section_names(struct elf_file *elf, uint32_t idx)
{
	const Elf64_Shdr *strtab;
	char *names __free_mem = NULL;
	int err;

	if (idx == SHN_XINDEX)
		/* pread() filled them. NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign) */
		idx = elf->sections[0].sh_link;
	if (idx >= elf->section_cnt)
		return -ENODATA;
	strtab = &elf->sections[idx];
	/* As above. NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult) */
	if (strtab->sh_type != SHT_STRTAB || strtab->sh_size > SECTION_NAMES_MAX_BYTES ||
	    strtab->sh_size > elf->size_bytes)
		return -ENODATA;
	names = malloc(strtab->sh_size + 1);
	if (!names)
		return -ENOMEM;
	err = elf_file__read(elf, strtab->sh_offset, names, strtab->sh_size);
	if (err)
		return err;
	names[strtab->sh_size] = '\0';
	elf->names_bytes = strtab->sh_size + 1;
	elf->names = TAKE_PTR(names);
	return 0;
}

/* 0 also when the table is absent or broken; only a failing system is an error. */
static int elf_load_sections(struct elf_file *elf)
{
	uint64_t cnt = elf->ehdr.e_shnum;
	Elf64_Shdr first;
	int err;

	if (!elf->ehdr.e_shoff || elf->ehdr.e_shentsize != sizeof(Elf64_Shdr))
		return 0;
	if (!cnt) {
		err = elf_file__read(elf, elf->ehdr.e_shoff, &first, sizeof(first));
		if (err)
			return err == -ENODATA ? 0 : err;
		cnt = first.sh_size;
	}
	if (!cnt || cnt > ELF_SECTION_MAX)
		return 0;
	err = elf_read_table(elf, elf->ehdr.e_shoff, cnt, sizeof(Elf64_Shdr),
			     (void **)&elf->sections);
	if (err)
		return err == -ENODATA ? 0 : err;
	elf->section_cnt = cnt;
	err = elf_load_section_names(elf, elf->ehdr.e_shstrndx);
	if (err == -ENODATA)
		elf->section_cnt = 0;
	return err == -ENODATA ? 0 : err;
}

/* @linked: without program headers it is no file for us. */
static int elf_open(struct elf_file *elf, bool linked)
{
	int err;

	elf->held = calloc(1, sizeof(*elf->held));
	if (!elf->held)
		return -ENOMEM;
	err = elf_file__read(elf, 0, &elf->ehdr, sizeof(elf->ehdr));
	if (err)
		return err == -ENODATA ? -ENOEXEC : err;
	err = elf_check_ident(&elf->ehdr, linked);
	if (err)
		return err;
	err = linked || elf->ehdr.e_phnum ? elf_load_phdrs(elf) : 0;
	if (err)
		return err;
	return elf_load_sections(elf);
}

static struct elf_file *elf_file__new(void)
{
	struct elf_file *elf = calloc(1, sizeof(*elf));

	if (elf)
		elf->fd = -1;
	return elf;
}

static int elf_file__open_any(int fd, bool linked, struct elf_file **ret)
{
	struct elf_file *elf __free(elf_file) = NULL;
	struct stat st;
	int err;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	elf = elf_file__new();
	if (!elf)
		return -ENOMEM;
	elf->size_bytes = (uint64_t)st.st_size;
	elf->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (elf->fd < 0)
		return -errno;
	err = elf_open(elf, linked);
	if (err)
		return err;
	*ret = TAKE_PTR(elf);
	return 0;
}

int elf_file__open_fd(int fd, struct elf_file **ret)
{
	return elf_file__open_any(fd, true, ret);
}

int elf_file__open_debug_fd(int fd, struct elf_file **ret)
{
	return elf_file__open_any(fd, false, ret);
}

int elf_file__open(const char *path, struct elf_file **ret)
{
	/* O_NONBLOCK: a FIFO under that name must not hang us. */
	int fd __close_fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return -errno;
	return elf_file__open_fd(fd, ret);
}

int elf_file__open_mem(const void *image, size_t len_bytes, struct elf_file **ret)
{
	struct elf_file *elf __free(elf_file) = elf_file__new();
	int err;

	if (!elf)
		return -ENOMEM;
	elf->image = image;
	elf->size_bytes = len_bytes;
	err = elf_open(elf, true);
	if (err)
		return err;
	*ret = TAKE_PTR(elf);
	return 0;
}

void elf_file__free(struct elf_file *elf)
{
	if (!elf)
		return;
	if (elf->held) {
		for (size_t i = 0; i < elf->held->ranges.cnt; i++)
			free(elf->held->ranges.at[i].data);
		vec__done(&elf->held->ranges);
		free(elf->held);
	}
	free(elf->phdrs);
	free(elf->sections);
	free(elf->names);
	if (elf->fd >= 0)
		close(elf->fd);
	free(elf);
}

uint16_t elf_file__machine(const struct elf_file *elf)
{
	return elf->ehdr.e_machine;
}

uint16_t elf_file__type(const struct elf_file *elf)
{
	return elf->ehdr.e_type;
}

uint64_t elf_file__entry(const struct elf_file *elf)
{
	return elf->ehdr.e_entry;
}

uint64_t elf_file__size_bytes(const struct elf_file *elf)
{
	return elf->size_bytes;
}

int elf_file__fd(const struct elf_file *elf)
{
	return elf->fd;
}

/* --- ranges that stay -------------------------------------------------------------------- */

static bool elf_held_find(const struct elf_file *elf, uint64_t off, size_t len_bytes, bool inflated,
			  struct elf_span *ret)
{
	const struct elf_held *h;

	for (size_t i = 0; i < elf->held->ranges.cnt; i++) {
		h = &elf->held->ranges.at[i];
		if (h->off != off || h->len_bytes != len_bytes || h->inflated != inflated)
			continue;
		*ret = (struct elf_span){ h->data, len_bytes };
		return true;
	}
	return false;
}

/* Memory for a range, within the limits; not yet in the list. */
static int elf_held_alloc(const struct elf_file *elf, size_t len_bytes, uint8_t **ret)
{
	if (len_bytes > ELF_RANGE_MAX_BYTES || len_bytes > ELF_FILE_MAX_BYTES - elf->held->bytes)
		return -EFBIG;
	*ret = malloc(len_bytes + 1);
	return *ret ? 0 : -ENOMEM;
}

static int elf_held_add(const struct elf_file *elf, struct elf_held held)
{
	int err = vec__push(&elf->held->ranges, held);

	if (!err)
		elf->held->bytes += held.len_bytes;
	return err;
}

int elf_file__bytes(const struct elf_file *elf, uint64_t off, size_t len_bytes,
		    struct elf_span *ret)
{
	uint8_t *data __free_mem = NULL;
	int err;

	if (off > elf->size_bytes || len_bytes > elf->size_bytes - off)
		return -ENODATA;
	if (elf->image) {
		*ret = (struct elf_span){ elf->image + off, len_bytes };
		return 0;
	}
	if (elf_held_find(elf, off, len_bytes, false, ret))
		return 0;
	err = elf_held_alloc(elf, len_bytes, &data);
	if (err)
		return err;
	err = elf_file__read(elf, off, data, len_bytes);
	if (err)
		return err;
	err = elf_held_add(elf, (struct elf_held){ off, len_bytes, false, data });
	if (err)
		return err;
	*ret = (struct elf_span){ TAKE_PTR(data), len_bytes };
	return 0;
}

static int elf_inflate(struct elf_span packed, uint8_t *data, size_t len_bytes)
{
	uLongf got = len_bytes;

	if (uncompress(data, &got, packed.at, packed.len_bytes) != Z_OK || got != len_bytes)
		return -EBADMSG;
	return 0;
}

static int elf_section_inflated(const struct elf_file *elf, const Elf64_Shdr *section,
				struct elf_span *ret)
{
	uint8_t *packed __free_mem = NULL;
	uint8_t *data __free_mem = NULL;
	Elf64_Chdr chdr;
	size_t packed_bytes;
	int err;

	if (section->sh_size < sizeof(chdr))
		return -EBADMSG;
	err = elf_file__read(elf, section->sh_offset, &chdr, sizeof(chdr));
	if (err)
		return err;
	if (chdr.ch_type != ELFCOMPRESS_ZLIB)
		return -ENOTSUP;
	packed_bytes = section->sh_size - sizeof(chdr);
	if (packed_bytes > elf->size_bytes)
		return -ENODATA;
	if (chdr.ch_size / INFLATE_MAX_RATIO > packed_bytes)
		return -EBADMSG;
	if (elf_held_find(elf, section->sh_offset, chdr.ch_size, true, ret))
		return 0;
	err = elf_held_alloc(elf, packed_bytes, &packed);
	if (!err)
		err = elf_held_alloc(elf, chdr.ch_size, &data);
	if (!err)
		err = elf_file__read(elf, section->sh_offset + sizeof(chdr), packed, packed_bytes);
	if (!err)
		err = elf_inflate((struct elf_span){ packed, packed_bytes }, data, chdr.ch_size);
	if (!err)
		err = elf_held_add(
			elf, (struct elf_held){ section->sh_offset, chdr.ch_size, true, data });
	if (err)
		return err;
	*ret = (struct elf_span){ TAKE_PTR(data), chdr.ch_size };
	return 0;
}

int elf_file__section_data(const struct elf_file *elf, size_t idx, struct elf_span *ret)
{
	const Elf64_Shdr *section = &elf->sections[idx];

	if (section->sh_type == SHT_NOBITS || section->sh_type == SHT_NULL)
		return -ENODATA;
	if (section->sh_flags & SHF_COMPRESSED)
		return elf_section_inflated(elf, section, ret);
	return elf_file__bytes(elf, section->sh_offset, section->sh_size, ret);
}

int elf_file__section_data_by_name(const struct elf_file *elf, const char *name,
				   struct elf_span *ret)
{
	size_t idx;
	int err = elf_file__find_section(elf, name, &idx);

	return err ? err : elf_file__section_data(elf, idx, ret);
}

/* --- headers ----------------------------------------------------------------------------- */

size_t elf_file__section_cnt(const struct elf_file *elf)
{
	return elf->section_cnt;
}

const Elf64_Shdr *elf_file__section(const struct elf_file *elf, size_t idx)
{
	return &elf->sections[idx];
}

const char *elf_file__section_name(const struct elf_file *elf, size_t idx)
{
	uint32_t name = elf->sections[idx].sh_name;

	return name < elf->names_bytes ? elf->names + name : "";
}

int elf_file__find_section(const struct elf_file *elf, const char *name, size_t *ret_idx)
{
	for (size_t i = 1; i < elf->section_cnt; i++) {
		if (strcmp(elf_file__section_name(elf, i), name) == 0) {
			*ret_idx = i;
			return 0;
		}
	}
	return -ENOENT;
}

size_t elf_file__phdr_cnt(const struct elf_file *elf)
{
	return elf->phdr_cnt;
}

const Elf64_Phdr *elf_file__phdr(const struct elf_file *elf, size_t idx)
{
	return &elf->phdrs[idx];
}

const Elf64_Phdr *elf_file__find_phdr(const struct elf_file *elf, uint32_t type)
{
	for (size_t i = 0; i < elf->phdr_cnt; i++)
		if (elf->phdrs[i].p_type == type)
			return &elf->phdrs[i];
	return NULL;
}

/* The PT_LOAD for which @pos is within [start of field, + p_filesz); executable ones win. */
static const Elf64_Phdr *elf_find_load(const struct elf_file *elf, uint64_t pos, bool by_vaddr)
{
	const Elf64_Phdr *found = NULL, *p;
	uint64_t start;

	for (size_t i = 0; i < elf->phdr_cnt; i++) {
		p = &elf->phdrs[i];
		start = by_vaddr ? p->p_vaddr : p->p_offset;
		if (p->p_type != PT_LOAD || pos < start || pos - start >= p->p_filesz)
			continue;
		if (p->p_flags & PF_X)
			return p;
		if (!found)
			found = p;
	}
	return found;
}

const Elf64_Phdr *elf_file__load_by_vaddr(const struct elf_file *elf, uint64_t vaddr)
{
	return elf_find_load(elf, vaddr, true);
}

const Elf64_Phdr *elf_file__load_by_off(const struct elf_file *elf, uint64_t off)
{
	return elf_find_load(elf, off, false);
}

int elf_file__vaddr_to_off(const struct elf_file *elf, uint64_t vaddr, uint64_t *ret_off)
{
	const Elf64_Phdr *load = elf_find_load(elf, vaddr, true);

	if (!load)
		return -ENOENT;
	*ret_off = vaddr - load->p_vaddr + load->p_offset;
	return 0;
}

int elf_file__off_to_vaddr(const struct elf_file *elf, uint64_t off, uint64_t *ret_vaddr)
{
	const Elf64_Phdr *load = elf_find_load(elf, off, false);

	if (!load)
		return -ENOENT;
	*ret_vaddr = off - load->p_offset + load->p_vaddr;
	return 0;
}

int elf_file__read_vaddr(const struct elf_file *elf, uint64_t vaddr, void *data, size_t len_bytes)
{
	const Elf64_Phdr *load = elf_find_load(elf, vaddr, true);

	if (!load || len_bytes > load->p_filesz - (vaddr - load->p_vaddr))
		return -EFAULT;
	return elf_file__read(elf, vaddr - load->p_vaddr + load->p_offset, data, len_bytes);
}
