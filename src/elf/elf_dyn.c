// SPDX-License-Identifier: Apache-2.0
#include "elf/elf_dyn.h"

#include <errno.h>
#include <string.h>

#define DYN_MAX_BYTES (1u << 20)

static int elf_dyn_table(const struct elf_file *elf, struct elf_span *ret)
{
	const Elf64_Phdr *phdr = elf_file__find_phdr(elf, PT_DYNAMIC);
	size_t len_bytes;

	if (!phdr || !phdr->p_filesz)
		return -ENOENT;
	len_bytes = phdr->p_filesz < DYN_MAX_BYTES ? phdr->p_filesz : DYN_MAX_BYTES;
	return elf_file__bytes(elf, phdr->p_offset, len_bytes, ret);
}

/* The next entry of @dyns from *@pos on; false at DT_NULL or the end. */
static bool elf_dyn_next(const struct elf_span *dyns, size_t *pos, Elf64_Dyn *ret)
{
	if (dyns->len_bytes - *pos < sizeof(*ret))
		return false;
	memcpy(ret, dyns->at + *pos, sizeof(*ret));
	*pos += sizeof(*ret);
	return ret->d_tag != DT_NULL;
}

int elf_dyn_value(const struct elf_file *elf, int64_t tag, uint64_t *ret)
{
	struct elf_span dyns;
	size_t pos = 0;
	Elf64_Dyn dyn;
	int err = elf_dyn_table(elf, &dyns);

	if (err)
		return err;
	while (elf_dyn_next(&dyns, &pos, &dyn)) {
		if (dyn.d_tag == tag) {
			*ret = dyn.d_un.d_val;
			return 0;
		}
	}
	return -ENOENT;
}

/* @len_bytes at @vaddr, or as much of them as its segment's file part has. */
static int elf_dyn_bytes(const struct elf_file *elf, uint64_t vaddr, uint64_t len_bytes,
			 struct elf_span *ret)
{
	const Elf64_Phdr *load = elf_file__load_by_vaddr(elf, vaddr);
	uint64_t in_load;

	if (!load)
		return -ENOENT;
	in_load = vaddr - load->p_vaddr;
	if (len_bytes > load->p_filesz - in_load)
		len_bytes = load->p_filesz - in_load;
	return elf_file__bytes(elf, load->p_offset + in_load, len_bytes, ret);
}

void elf_span_trim_strs(struct elf_span *strs)
{
	const uint8_t *last = strs->len_bytes ? memrchr(strs->at, '\0', strs->len_bytes) : NULL;

	strs->len_bytes = last ? (size_t)(last - strs->at) + 1 : 0;
}

static int elf_dyn_strings(const struct elf_file *elf, struct elf_span *ret)
{
	uint64_t vaddr, len_bytes;
	int err = elf_dyn_value(elf, DT_STRTAB, &vaddr);

	if (!err)
		err = elf_dyn_value(elf, DT_STRSZ, &len_bytes);
	if (!err)
		err = elf_dyn_bytes(elf, vaddr, len_bytes, ret);
	if (!err)
		elf_span_trim_strs(ret);
	return err;
}

/* --- how many dynamic symbols there are, without sections -------------------------------- */

static uint32_t span_u32(const struct elf_span *span, uint64_t pos)
{
	uint32_t value = 0;

	if (pos + 4 >= pos && pos + 4 <= span->len_bytes)
		memcpy(&value, span->at + pos, 4);
	return value;
}

/*
 * DT_GNU_HASH: {bucket count, first hashed symbol, bloom words, shift}, bloom words of 8 bytes,
 * buckets, and one hash per symbol whose lowest bit ends a chain. The last symbol ends the chain
 * that starts last.
 */
static uint64_t elf_gnu_hash_sym_cnt(const struct elf_span *hash)
{
	uint32_t bucket_cnt = span_u32(hash, 0), first = span_u32(hash, 4), last = 0, start;
	uint64_t buckets = 16 + 8ull * span_u32(hash, 8), chains = buckets + 4ull * bucket_cnt;
	uint64_t pos;

	if (chains > hash->len_bytes)
		return 0;
	for (uint32_t i = 0; i < bucket_cnt; i++) {
		start = span_u32(hash, buckets + 4ull * i);
		if (start > last)
			last = start;
	}
	if (last < first)
		return 0;
	for (pos = chains + 4ull * (last - first); pos < hash->len_bytes; pos += 4, last++)
		if (span_u32(hash, pos) & 1)
			return last + 1ull;
	return 0;
}

static int elf_dyn_sym_cnt(const struct elf_file *elf, uint64_t symtab_vaddr, uint64_t *ret)
{
	struct elf_span hash;
	uint64_t vaddr, cnt = 0;

	/* Undefined symbols are in no GNU hash chain, but they come first. */
	if (!elf_dyn_value(elf, DT_HASH, &vaddr) && !elf_dyn_bytes(elf, vaddr, 8, &hash))
		cnt = span_u32(&hash, 4);
	else if (!elf_dyn_value(elf, DT_GNU_HASH, &vaddr) &&
		 !elf_dyn_bytes(elf, vaddr, ELF_RANGE_MAX_BYTES, &hash))
		cnt = elf_gnu_hash_sym_cnt(&hash);
	/* Nothing exported: linkers lay the strings behind the symbols. */
	if (!cnt && !elf_dyn_value(elf, DT_STRTAB, &vaddr) && vaddr > symtab_vaddr)
		cnt = (vaddr - symtab_vaddr) / sizeof(Elf64_Sym);
	if (!cnt || cnt > ELF_RANGE_MAX_BYTES / sizeof(Elf64_Sym))
		return -ENOENT;
	*ret = cnt;
	return 0;
}

static int elf_dyn_symtab_from_tags(const struct elf_file *elf, struct elf_symtab *ret)
{
	uint64_t vaddr, cnt;
	int err = elf_dyn_value(elf, DT_SYMTAB, &vaddr);

	if (!err)
		err = elf_dyn_sym_cnt(elf, vaddr, &cnt);
	if (!err)
		err = elf_dyn_bytes(elf, vaddr, cnt * sizeof(Elf64_Sym), &ret->syms);
	return err ? err : elf_dyn_strings(elf, &ret->strs);
}

int elf_dyn_symtab(const struct elf_file *elf, struct elf_symtab *ret)
{
	const Elf64_Shdr *section;
	struct elf_symtab tab;
	int err = -ENOENT;

	for (size_t i = 1; i < elf_file__section_cnt(elf) && err; i++) {
		section = elf_file__section(elf, i);
		if (section->sh_type != SHT_DYNSYM ||
		    section->sh_link >= elf_file__section_cnt(elf))
			continue;
		err = elf_file__section_data(elf, i, &tab.syms);
		if (!err)
			err = elf_file__section_data(elf, section->sh_link, &tab.strs);
	}
	if (err)
		err = elf_dyn_symtab_from_tags(elf, &tab);
	if (err)
		return err;
	tab.syms.len_bytes -= tab.syms.len_bytes % sizeof(Elf64_Sym);
	elf_span_trim_strs(&tab.strs);
	*ret = tab;
	return 0;
}

/* @strs must end in a NUL (elf_span_trim_strs). */
static const char *elf_span_str(const struct elf_span *strs, uint64_t pos)
{
	return pos < strs->len_bytes ? (const char *)strs->at + pos : "";
}

static bool elf_symtab_at(const struct elf_symtab *tab, uint32_t idx, Elf64_Sym *ret)
{
	if (idx >= tab->syms.len_bytes / sizeof(*ret))
		return false;
	memcpy(ret, tab->syms.at + idx * sizeof(*ret), sizeof(*ret));
	return true;
}

const char *elf_symtab_name(const struct elf_symtab *tab, uint32_t idx)
{
	Elf64_Sym sym;

	return elf_symtab_at(tab, idx, &sym) ? elf_span_str(&tab->strs, sym.st_name) : "";
}

/* --- iterators --------------------------------------------------------------------------- */

int elf_dyn_str_iter__init(struct elf_dyn_str_iter *it, const struct elf_file *elf, int64_t tag)
{
	int err;

	*it = (struct elf_dyn_str_iter){ .tag = tag };
	err = elf_dyn_strings(elf, &it->strs);
	return err ? err : elf_dyn_table(elf, &it->dyns);
}

const char *elf_dyn_str_iter__next(struct elf_dyn_str_iter *it)
{
	Elf64_Dyn dyn;

	while (elf_dyn_next(&it->dyns, &it->pos, &dyn))
		if (dyn.d_tag == it->tag)
			return elf_span_str(&it->strs, dyn.d_un.d_val);
	it->pos = it->dyns.len_bytes;
	return NULL;
}

static int elf_reloc_table(const struct elf_file *elf, int64_t tag, int64_t size_tag,
			   struct elf_span *ret)
{
	uint64_t vaddr, len_bytes;
	int err = elf_dyn_value(elf, tag, &vaddr);

	if (!err)
		err = elf_dyn_value(elf, size_tag, &len_bytes);
	if (!err)
		err = elf_dyn_bytes(elf, vaddr, len_bytes, ret);
	return err == -ENOENT ? 0 : err;
}

int elf_reloc_iter__init(struct elf_reloc_iter *it, const struct elf_file *elf)
{
	struct elf_span dyns;
	int err;

	*it = (struct elf_reloc_iter){};
	err = elf_dyn_table(elf, &dyns);
	if (err)
		return err;
	/* A static-pie file has relocations but no symbols: names are then "". */
	err = elf_dyn_symtab(elf, &it->symtab);
	if (err && err != -ENOENT)
		return err;
	err = elf_reloc_table(elf, DT_JMPREL, DT_PLTRELSZ, &it->tables[0]);
	return err ? err : elf_reloc_table(elf, DT_RELA, DT_RELASZ, &it->tables[1]);
}

bool elf_reloc_iter__next(struct elf_reloc_iter *it, struct elf_reloc *ret)
{
	Elf64_Rela rela;
	Elf64_Sym sym;

	while (it->table < 2 && it->tables[it->table].len_bytes - it->pos < sizeof(rela)) {
		it->table++;
		it->pos = 0;
	}
	if (it->table == 2)
		return false;
	memcpy(&rela, it->tables[it->table].at + it->pos, sizeof(rela));
	it->pos += sizeof(rela);
	*ret = (struct elf_reloc){
		.vaddr = rela.r_offset,
		.type = ELF64_R_TYPE(rela.r_info),
		.sym_idx = ELF64_R_SYM(rela.r_info),
		.addend = rela.r_addend,
		.sym_name = "",
	};
	if (ret->sym_idx && elf_symtab_at(&it->symtab, ret->sym_idx, &sym)) {
		ret->sym_name = elf_span_str(&it->symtab.strs, sym.st_name);
		ret->sym_vaddr = sym.st_shndx != SHN_UNDEF ? sym.st_value : 0;
	}
	return true;
}
