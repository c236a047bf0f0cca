// SPDX-License-Identifier: Apache-2.0
#include "collect/op.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "elf/elf_syms.h"
#include "proc/proc_maps.h"
#include "proc/proc_open.h"
#include "symbolize/demangle.h"
#include "target/fn_code.h"
#include "target/fn_links.h"
#include "target/site.h"

#define SITES_MAX_CNT 64

static void op_site__done(struct op_site *site)
{
	if (site->fd >= 0)
		close(site->fd);
	free(site->rets);
}

void op_sites__done(struct op_sites *sites)
{
	size_t i;

	for (i = 0; i < sites->all.cnt; i++)
		op_site__done(&sites->all.at[i]);
	vec__done(&sites->all);
}

/* Parts that the compiler moved elsewhere are no functions that anybody calls. */
static bool is_part(const char *symbol)
{
	return strstr(symbol, ".cold") || strstr(symbol, ".part.");
}

static bool is_called(const char *symbol, const char *name)
{
	char *readable __free_mem = NULL;

	if (!strcmp(symbol, name))
		return true;
	if (is_part(symbol))
		return false;
	readable = demangle(symbol);
	return readable && !strcmp(readable, name);
}

struct search {
	const struct alloc_fns *fns;
	const char *name;
	const struct elf_file *elf;
	struct fn_links *links;
	struct insn_decoder *decoder;
	struct op_sites *sites;
	size_t first; /* of this file's */
};

static int find_rets(const struct search *search, const struct fn_code *code, struct op_site *site)
{
	size_t i;

	site->rets = calloc(fn_code__cnt(code) + 1, sizeof(*site->rets));
	if (!site->rets)
		return -ENOMEM;
	for (i = 0; i < fn_code__cnt(code); i++) {
		if (fn_code__insn(code, i)->flow == INSN_RETURN &&
		    !elf_file__vaddr_to_off(search->elf, fn_code__insn(code, i)->addr,
					    &site->rets[site->ret_cnt]))
			site->ret_cnt++;
	}
	return 0;
}

static int add_function(struct search *search, const struct elf_sym *sym)
{
	struct fn_code *code __free(fn_code) = NULL;
	const struct probe plain = {};
	struct op_site op = { .fd = -1 };
	struct site site;
	size_t i;
	int err = 0;

	if (search->decoder)
		err = fn_code__read(search->elf, search->decoder, search->links, sym->value,
				    sym->size_bytes, &code);
	if (err)
		return err;
	if (site_choose(search->elf, code, sym->value, &plain, &site))
		return 0;
	op.entry = site.site_off;
	/* One of several names of the same function. */
	for (i = search->first; i < search->sites->all.cnt; i++) {
		if (search->sites->all.at[i].entry == op.entry)
			return 0;
	}
	if (code)
		err = find_rets(search, code, &op);
	op.fd = fcntl(elf_file__fd(search->elf), F_DUPFD_CLOEXEC, 0);
	if (!err)
		err = op.fd < 0 ? -errno : vec__push(&search->sites->all, op);
	if (err)
		op_site__done(&op);
	return err;
}

static int search_symbols(struct search *search, uint32_t section_type)
{
	struct elf_sym_iter it;
	struct elf_sym sym;
	int err = elf_sym_iter__init(&it, search->elf, section_type);

	if (err)
		return err == -ENOMEM ? err : 0;
	while (!err && elf_sym_iter__next(&it, &sym)) {
		if (sym.shndx == SHN_UNDEF || !sym.executable || sym.type != STT_FUNC ||
		    search->sites->all.cnt >= SITES_MAX_CNT || !is_called(sym.name, search->name))
			continue;
		err = add_function(search, &sym);
	}
	return err;
}

int op_sites__add_fd(struct op_sites *sites, const struct alloc_fns *fns, int fd, const char *name)
{
	struct elf_file *elf __free(elf_file) = NULL;
	struct fn_links *links __free(fn_links) = NULL;
	struct insn_decoder *decoder __free(insn_decoder) = NULL;
	struct search search = {
		.fns = fns, .name = name, .sites = sites, .first = sites->all.cnt
	};
	int err = elf_file__open_fd(fd, &elf);

	if (err)
		return err == -ENOMEM ? err : 0;
	err = fn_links__new(fns, elf, &links);
	if (!err)
		err = insn_decoder__new(elf_file__machine(elf), &decoder);
	if (err && err != -ENOTSUP)
		return err;
	search.elf = elf;
	search.links = links;
	search.decoder = decoder;
	err = search_symbols(&search, SHT_SYMTAB);
	return err ? err : search_symbols(&search, SHT_DYNSYM);
}

int op_sites__add_pid(struct op_sites *sites, const struct alloc_fns *fns, pid_t pid,
		      const char *name)
{
	struct proc_maps maps __proc_maps = {};
	struct proc_map map;
	uint64_t last_ino = 0;
	int err = proc_maps__open(&maps, pid);

	while (!err && proc_maps__next(&maps, &map)) {
		int fd __close_fd = -1;

		if (!(map.perms & PROC_MAP_EXEC) || !proc_map_is_file(&map) || map.ino == last_ino)
			continue;
		last_ino = map.ino;
		if (!proc_map_open(pid, &map, &fd))
			err = op_sites__add_fd(sites, fns, fd, name);
	}
	return err;
}

int op_sites__attach(const struct op_sites *sites, struct tracer *tracer, pid_t pid)
{
	size_t i;
	int err = 0;

	for (i = 0; !err && i < sites->all.cnt; i++)
		err = tracer__attach_op(tracer, sites->all.at[i].fd, pid, sites->all.at[i].entry,
					sites->all.at[i].rets, sites->all.at[i].ret_cnt);
	return err;
}
