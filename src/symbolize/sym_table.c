// SPDX-License-Identifier: Apache-2.0
/*
 * Symbols become ranges (ranges.h), their ids given out from worst to best:
 *
 *	without a size		hand-written assembly, stubs; up to the next symbol
 *	then by address		so that of two that overlap the inner one wins
 *	then by quality		so that of aliases the best name wins
 */
#include "symbolize/sym_table.h"

#include <string.h>

#include "base/vec.h"
#include "elf/elf_file.h"
#include "elf/elf_syms.h"
#include "symbolize/ranges.h"

/* A file may name a million symbols by one string of megabytes: names are compared this far only.
 */
#define COMPARED_BYTES 256u

struct entry {
	const char *name;
	uint8_t underscores; /* leading ones; a mangled name's own do not count */
	uint8_t bind;
	bool sized;
	uint64_t start, end;
	uint64_t limit; /* end of the section */
};

struct sym_table {
	VEC(struct entry) entries;
	struct ranges ranges; /* id: index in entries */
};

struct sym_table *sym_table__new(void)
{
	return calloc(1, sizeof(struct sym_table));
}

void sym_table__free(struct sym_table *table)
{
	if (!table)
		return;
	vec__done(&table->entries);
	ranges_done(&table->ranges);
	free(table);
}

/* arm64 marks code and data by "$x" and "$d", some compilers local labels by ".L". */
static bool is_marker(const char *name)
{
	if (name[0] == '$' && strchr("xadt", name[1]) && name[1])
		return !name[2] || name[2] == '.';
	return !strncmp(name, ".L", 2);
}

static bool is_function(const struct elf_sym *sym)
{
	if (!sym->executable || !sym->name[0] || is_marker(sym->name))
		return false;
	return sym->type == STT_FUNC || sym->type == STT_GNU_IFUNC || sym->type == STT_NOTYPE;
}

static uint64_t section_end(const struct elf_file *elf, const struct elf_sym *sym)
{
	const Elf64_Shdr *section;

	if (sym->shndx >= elf_file__section_cnt(elf))
		return UINT64_MAX;
	section = elf_file__section(elf, sym->shndx);
	if (section->sh_size > UINT64_MAX - section->sh_addr)
		return UINT64_MAX;
	return section->sh_addr + section->sh_size;
}

static uint8_t leading_underscores(const char *name)
{
	uint8_t cnt = 0;

	if (!strncmp(name, "_Z", 2) || !strncmp(name, "_R", 2))
		return 0;
	while (cnt < UINT8_MAX && name[cnt] == '_')
		cnt++;
	return cnt;
}

static struct entry make_entry(const struct elf_file *elf, const struct elf_sym *sym)
{
	struct entry entry = {
		.name = sym->name,
		.underscores = leading_underscores(sym->name),
		.bind = sym->bind,
		.start = sym->value,
		.end = sym->value,
		.limit = section_end(elf, sym),
	};

	if (sym->size_bytes && sym->size_bytes <= UINT64_MAX - sym->value) {
		entry.sized = true;
		entry.end += sym->size_bytes;
	}
	return entry;
}

int sym_table__add(struct sym_table *table, const struct elf_file *elf, uint32_t section_type)
{
	struct elf_sym_iter it;
	struct elf_sym sym;
	int err;

	err = elf_sym_iter__init(&it, elf, section_type);
	while (!err && table->entries.cnt < SYM_TABLE_MAX && elf_sym_iter__next(&it, &sym))
		if (is_function(&sym))
			err = vec__push(&table->entries, make_entry(elf, &sym));
	return err;
}

/* Anything with a name for other files, then the name in use, then what was meant to be the name.
 */
static int by_quality(const struct entry *x, const struct entry *y)
{
	bool x_local = x->bind == STB_LOCAL, y_local = y->bind == STB_LOCAL;
	bool x_weak = x->bind == STB_WEAK, y_weak = y->bind == STB_WEAK;
	size_t x_len, y_len;

	if (x_local != y_local)
		return x_local ? -1 : 1;
	if (x->underscores != y->underscores)
		return x->underscores > y->underscores ? -1 : 1;
	if (x_weak != y_weak)
		return x_weak ? -1 : 1;
	x_len = strnlen(x->name, COMPARED_BYTES);
	y_len = strnlen(y->name, COMPARED_BYTES);
	if (x_len != y_len)
		return x_len > y_len ? -1 : 1;
	return memcmp(y->name, x->name, x_len);
}

static int worst_first(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->sized != y->sized)
		return x->sized ? 1 : -1;
	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return by_quality(x, y);
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Give symbols without a size one: up to the next symbol of any kind, within the section. */
static int bound_sizeless(struct sym_table *table)
{
	uint64_t *starts __free_mem = malloc((table->entries.cnt + 1) * sizeof(*starts));
	struct entry *entry;
	size_t i, next = 0, cnt = table->entries.cnt;
	uint64_t end;

	if (!starts)
		return -ENOMEM;
	for (i = 0; i < cnt; i++)
		starts[i] = table->entries.at[i].start;
	qsort(starts, cnt, sizeof(*starts), by_value);
	/* Those without a size come first, by start. */
	for (i = 0; i < cnt && !table->entries.at[i].sized; i++) {
		entry = &table->entries.at[i];
		while (next < cnt && starts[next] <= entry->start)
			next++;
		end = next < cnt ? starts[next] : UINT64_MAX;
		if (end > entry->limit)
			end = entry->limit;
		if (end > entry->start && end - entry->start > SYM_SIZELESS_MAX_BYTES)
			end = entry->start + SYM_SIZELESS_MAX_BYTES;
		if (end > entry->start)
			entry->end = end;
	}
	return 0;
}

int sym_table__seal(struct sym_table *table)
{
	size_t i;
	int err;

	if (!table->entries.cnt)
		return 0;
	qsort(table->entries.at, table->entries.cnt, sizeof(struct entry), worst_first);
	err = bound_sizeless(table);
	for (i = 0; !err && i < table->entries.cnt && i < RANGES_NONE; i++)
		err = ranges_add(&table->ranges, table->entries.at[i].start,
				 table->entries.at[i].end, (uint32_t)i);
	return err ? err : ranges_seal(&table->ranges);
}

int sym_table__find(const struct sym_table *table, uint64_t vaddr, struct sym *ret)
{
	uint32_t id = ranges_find(&table->ranges, vaddr);
	const struct entry *entry;
	const char *version;
	size_t len;

	if (id == RANGES_NONE)
		return -ENOENT;
	entry = &table->entries.at[id];
	len = strnlen(entry->name, SYM_NAME_MAX_BYTES);
	version = memchr(entry->name + 1, '@', len - 1);
	if (version)
		len = (size_t)(version - entry->name);
	*ret = (struct sym){ entry->name, len, entry->start, entry->sized };
	return 0;
}

size_t sym_table__cnt(const struct sym_table *table)
{
	return table->entries.cnt;
}
