// SPDX-License-Identifier: Apache-2.0
#include "elf/elf_syms.h"

#include <errno.h>
#include <string.h>

int elf_sym_iter__init_section(struct elf_sym_iter *it, const struct elf_file *elf, size_t idx)
{
	const Elf64_Shdr *section;
	struct elf_symtab tab;
	int err;

	*it = (struct elf_sym_iter){ .elf = elf };
	if (idx >= elf_file__section_cnt(elf))
		return -EINVAL;
	section = elf_file__section(elf, idx);
	if ((section->sh_type != SHT_SYMTAB && section->sh_type != SHT_DYNSYM) ||
	    section->sh_link >= elf_file__section_cnt(elf))
		return -EINVAL;
	err = elf_file__section_data(elf, idx, &tab.syms);
	if (!err)
		err = elf_file__section_data(elf, section->sh_link, &tab.strs);
	if (err)
		return err;
	elf_span_trim_strs(&tab.strs);
	it->tab = tab;
	return 0;
}

int elf_sym_iter__init(struct elf_sym_iter *it, const struct elf_file *elf, uint32_t section_type)
{
	*it = (struct elf_sym_iter){ .elf = elf };
	if (section_type == SHT_DYNSYM)
		return elf_dyn_symtab(elf, &it->tab);
	for (size_t i = 1; i < elf_file__section_cnt(elf); i++)
		if (elf_file__section(elf, i)->sh_type == section_type)
			return elf_sym_iter__init_section(it, elf, i);
	return -ENOENT;
}

static bool elf_sym_executable(const struct elf_file *elf, const Elf64_Sym *sym)
{
	const Elf64_Phdr *load;

	if (sym->st_shndx == SHN_UNDEF || sym->st_shndx == SHN_ABS ||
	    ELF64_ST_TYPE(sym->st_info) == STT_TLS)
		return false;
	if (sym->st_shndx < elf_file__section_cnt(elf))
		return elf_file__section(elf, sym->st_shndx)->sh_flags & SHF_EXECINSTR;
	load = elf_file__load_by_vaddr(elf, sym->st_value);
	return load && (load->p_flags & PF_X);
}

bool elf_sym_iter__next(struct elf_sym_iter *it, struct elf_sym *ret)
{
	Elf64_Sym sym;

	if (it->tab.syms.len_bytes / sizeof(sym) <= it->idx + 1ull)
		return false;
	it->idx++;
	memcpy(&sym, it->tab.syms.at + it->idx * sizeof(sym), sizeof(sym));
	*ret = (struct elf_sym){
		.name = elf_symtab_name(&it->tab, it->idx),
		.value = sym.st_value,
		.size_bytes = sym.st_size,
		.idx = it->idx,
		.shndx = sym.st_shndx,
		.type = ELF64_ST_TYPE(sym.st_info),
		.bind = ELF64_ST_BIND(sym.st_info),
		.executable = elf_sym_executable(it->elf, &sym),
	};
	return true;
}
