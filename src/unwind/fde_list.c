// SPDX-License-Identifier: Apache-2.0
#include "unwind/fde_list.h"

#include <errno.h>

#include "base/hash.h"
#include "base/vec.h"

/* CIEs are few and shared by neighbours: a small direct-mapped cache of their initial states is
 * enough, and unlike a map it cannot be made to grow. */
#define CIE_CACHE_SLOTS 256

struct cie_slot {
	bool used;
	int err; /* of parsing the CIE: remembered as well */
	uint32_t pos;
	uint32_t section;
	struct cfi_context ctx;
};

struct fde_list {
	const struct elf_file *elf;
	const struct cfi_machine *machine;
	struct unwind_stats *stats;
	struct cfi_section sections[FDE_SECTIONS];
	struct cfi_budget budget;
	VEC(struct fde_ref) refs;
	struct cie_slot cies[CIE_CACHE_SLOTS];
};

/* The context of the CIE that the FDE at @pos refers to; lives until the next call. */
static int fde_list_context(struct fde_list *list, uint32_t section_idx, uint32_t pos,
			    const struct cfi_context **ret)
{
	const struct cfi_section *section = &list->sections[section_idx];
	struct cie_slot *slot;
	struct cfi_cie cie;
	uint32_t cie_pos;
	int err = cfi_section_fde_cie_pos(section, pos, &cie_pos);

	if (err)
		return err;
	slot = &list->cies[hash_u64((uint64_t)section_idx << 32 | cie_pos) % CIE_CACHE_SLOTS];
	if (!slot->used || slot->pos != cie_pos || slot->section != section_idx) {
		slot->used = true;
		slot->pos = cie_pos;
		slot->section = section_idx;
		slot->err = cfi_section_cie(section, cie_pos, &cie);
		if (!slot->err)
			slot->err = cfi_context_init(section, list->machine, &cie, &list->budget,
						     &slot->ctx);
	}
	*ret = &slot->ctx;
	return slot->err;
}

/* Of @fde the part that is in the file and executable, as [off, off + len). False if none is. */
static bool fde_list_place(const struct fde_list *list, const struct cfi_fde *fde,
			   struct fde_ref *ret)
{
	const Elf64_Phdr *load = elf_file__load_by_vaddr(list->elf, fde->vaddr);
	uint64_t in_load, off, len_bytes = fde->len_bytes;

	if (!load || !(load->p_flags & PF_X) || !len_bytes)
		return false;
	in_load = fde->vaddr - load->p_vaddr;
	off = load->p_offset + in_load;
	if (len_bytes > load->p_filesz - in_load)
		len_bytes = load->p_filesz - in_load;
	if (off > UINT32_MAX || len_bytes > UINT32_MAX - off ||
	    off >= elf_file__size_bytes(list->elf))
		return false;
	ret->off = (uint32_t)off;
	ret->len_bytes = (uint32_t)len_bytes;
	return true;
}

static int fde_list_add(struct fde_list *list, uint32_t section_idx, uint32_t pos)
{
	struct fde_ref ref = { .pos = pos, .section = section_idx };
	const struct cfi_context *ctx;
	struct cfi_fde fde;
	int err = fde_list_context(list, section_idx, pos, &ctx);

	if (!err)
		err = cfi_section_fde(&list->sections[section_idx], pos, &ctx->cie, &fde);
	if (err == -EBADMSG)
		list->stats->fde_bad_cnt++;
	if (err)
		return err == -EBADMSG ? 0 : err;
	if (!fde_list_place(list, &fde, &ref)) {
		list->stats->fde_outside_cnt++;
		return 0;
	}
	if (list->refs.cnt == UNWIND_FDE_MAX)
		return -E2BIG;
	return vec__push(&list->refs, ref);
}

static int fde_list_add_section(struct fde_list *list, uint32_t section_idx)
{
	uint32_t pos = 0, start = 0;
	int err;

	for (;;) {
		switch (cfi_section_next(&list->sections[section_idx], &pos, &start)) {
		case CFI_ENTRY_CIE:
			continue;
		case CFI_ENTRY_FDE:
			err = fde_list_add(list, section_idx, start);
			if (err)
				return err;
			continue;
		case CFI_ENTRY_BAD:
			list->stats->section_cut_cnt++;
			return 0;
		case CFI_ENTRY_END:
			return 0;
		}
	}
}

static int fde_ref_cmp(const void *a, const void *b)
{
	const struct fde_ref *x = a, *y = b;

	if (x->off != y->off)
		return x->off < y->off ? -1 : 1;
	if (x->section != y->section)
		return x->section < y->section ? -1 : 1;
	return x->pos < y->pos ? -1 : x->pos > y->pos;
}

/*
 * Sorted, and each range cut where the next begins: the rule that unwinders follow, who search for
 * the last function that starts at or before the pc. Of two that start together the first in the
 * section is kept.
 */
static void fde_list_arrange(struct fde_list *list)
{
	struct fde_ref *at = list->refs.at, *last = NULL;
	size_t kept = 0;

	if (list->refs.cnt)
		qsort(at, list->refs.cnt, sizeof(*at), fde_ref_cmp);
	for (size_t i = 0; i < list->refs.cnt; i++) {
		if (last && at[i].off - last->off < last->len_bytes) {
			list->stats->fde_overlap_cnt++;
			if (at[i].off == last->off || at[i].section > last->section)
				continue;
			last->len_bytes = at[i].off - last->off;
		}
		at[kept] = at[i];
		last = &at[kept++];
	}
	list->refs.cnt = kept;
}

static int fde_list_collect(struct fde_list *list)
{
	int err = cfi_section_find_eh_frame(list->elf, &list->sections[0]);

	if (!err)
		err = fde_list_add_section(list, 0);
	if (err && err != -ENOENT)
		return err;
	err = cfi_section_find_debug_frame(list->elf, &list->sections[1]);
	/* It is the lesser source: one that cannot be unpacked is not worth failing for. */
	if (err == -ENOMEM)
		return err;
	if (!err)
		err = fde_list_add_section(list, 1);
	else
		err = 0;
	if (!err)
		fde_list_arrange(list);
	return err;
}

int fde_list__new(const struct elf_file *elf, const struct cfi_machine *machine,
		  struct unwind_stats *stats, struct fde_list **ret)
{
	struct fde_list *list __free(fde_list) = calloc(1, sizeof(*list));
	int err;

	if (!list)
		return -ENOMEM;
	list->elf = elf;
	list->machine = machine;
	list->stats = stats;
	list->budget.ops = UNWIND_OPS_MAX;
	err = fde_list_collect(list);
	if (err)
		return err;
	*ret = TAKE_PTR(list);
	return 0;
}

void fde_list__free(struct fde_list *list)
{
	if (!list)
		return;
	vec__done(&list->refs);
	free(list);
}

size_t fde_list__cnt(const struct fde_list *list)
{
	return list->refs.cnt;
}

const struct fde_ref *fde_list__at(const struct fde_list *list, size_t idx)
{
	return &list->refs.at[idx];
}

int fde_list__run(struct fde_list *list, const struct fde_ref *ref, struct cfi_run *run)
{
	const struct cfi_context *ctx;
	struct cfi_fde fde;
	int err = fde_list_context(list, ref->section, ref->pos, &ctx);

	if (!err)
		err = cfi_section_fde(&list->sections[ref->section], ref->pos, &ctx->cie, &fde);
	if (err)
		return err;
	fde.len_bytes = ref->len_bytes;
	cfi_run__init(run, ctx, &fde, &list->budget);
	return 0;
}
