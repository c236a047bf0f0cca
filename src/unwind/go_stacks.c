// SPDX-License-Identifier: Apache-2.0
#include "unwind/go_stacks.h"

#include <string.h>

#include "elf/elf_syms.h"

static bool is_switch(const char *name)
{
	static const char *const names[] = {
		"runtime.asmcgocall",
		"runtime.asmcgocall.abi0",
		"runtime.systemstack",
		"runtime.systemstack.abi0",
	};

	if (strncmp(name, "runtime.", strlen("runtime.")) != 0)
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

void go_stacks_read(const struct elf_file *elf, struct go_stacks *ret)
{
	struct elf_sym_iter it;
	struct elf_sym sym;
	size_t idx;

	*ret = (struct go_stacks){};
	if (elf_file__machine(elf) != EM_X86_64 ||
	    (elf_file__find_section(elf, ".gopclntab", &idx) &&
	     elf_file__find_section(elf, ".data.rel.ro.gopclntab", &idx)))
		return;
	ret->is_go = true;
	if (elf_sym_iter__init(&it, elf, SHT_SYMTAB))
		return;
	while (ret->switch_cnt < GO_SWITCH_MAX && elf_sym_iter__next(&it, &sym))
		if (sym.executable && is_switch(sym.name))
			ret->switches[ret->switch_cnt++] = sym.value;
}

bool go_stacks__switches(const struct go_stacks *go, uint64_t vaddr)
{
	for (unsigned i = 0; i < go->switch_cnt; i++)
		if (go->switches[i] == vaddr)
			return true;
	return false;
}
