// SPDX-License-Identifier: Apache-2.0
/*
 * From a file to its probes:
 *
 * - symbols: every defined function of the table, in .symtab and .dynsym; names for one address collapse;
 * - evidence: names others may use (free_sized, mi_zalloc) count only beside what shows that it is their family;
 * - dynamic linker: its own malloc, which it uses before libc is there, is not the program's;
 * - wrappers: operator new that calls malloc is left out, malloc sees its calls;
 * - sites: the cheapest instruction to probe;
 * - tail jumps: functions that end in a jump to another one, whose caller will seem to be theirs.
 */
#include "target/target_object.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "elf/elf_file.h"
#include "elf/elf_syms.h"
#include "target/fn_code.h"
#include "target/fn_flow.h"
#include "target/fn_links.h"

/* A forged file must not keep us busy: mimalloc, with the most, has 110 names and 10,000 instructions behind them. */
#define INSN_MAX_CNT (1u << 19)

struct found {
	uint64_t vaddr;
	uint64_t size_bytes;
	const struct alloc_fn *fn;
};

struct build {
	const struct alloc_fns *fns;
	const struct elf_file *elf;
	struct target_object *object;
	struct insn_decoder *decoder; /* NULL: none for this machine */
	struct fn_links *links;
	VEC(struct found) found;
	VEC(struct target_probe) probes;
	VEC(struct target_name) names;
	VEC(uint16_t) tail_fns;
	size_t insn_cnt;              /* read so far */
	struct target_probe *visited; /* whose tail jumps are being listed */
	int visit_err;
};

static bool is_notify_name(const char *name)
{
	return !strcmp(name, "_dl_debug_state") || !strcmp(name, "dl_debug_state");
}

static int note_symbol(struct build *build, const struct elf_sym *sym)
{
	const struct alloc_fn *fn;

	if (sym->shndx == SHN_UNDEF || !sym->executable || !*sym->name)
		return 0;
	if (is_notify_name(sym->name))
		elf_file__vaddr_to_off(build->elf, sym->value, &build->object->notify_off);
	if (!strncmp(sym->name, "__libc_start_main", 17))
		build->object->is_libc = true;
	fn = alloc_fns__find(build->fns, sym->name);
	if (!fn)
		return fn_links__add_symbol(build->links, sym->value, sym->name);
	if (sym->type == STT_GNU_IFUNC) {
		build->object->ifunc_cnt++;
		return 0;
	}
	if (sym->type != STT_FUNC || build->found.cnt == TARGET_OBJECT_FN_MAX)
		return 0;
	return vec__push(&build->found, (struct found){ sym->value, sym->size_bytes, fn });
}

static int read_symbols(struct build *build, uint32_t section_type)
{
	struct elf_sym_iter it;
	struct elf_sym sym;
	int err;

	err = elf_sym_iter__init(&it, build->elf, section_type);
	/* No table, or a broken one: there is nothing to find in it. */
	if (err)
		return err == -ENOMEM ? err : 0;
	while (!err && elf_sym_iter__next(&it, &sym))
		err = note_symbol(build, &sym);
	return err;
}

/* By address; of one address the row that comes first in the table, which is the public name. */
static int compare_found(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	if (x->vaddr != y->vaddr)
		return x->vaddr < y->vaddr ? -1 : 1;
	return (int)x->fn->probe.fn - (int)y->fn->probe.fn;
}

/* In order; what is in both tables once. */
static void sort_found(struct build *build)
{
	struct found *at = build->found.at;
	size_t i, kept = 0;

	if (build->found.cnt)
		qsort(at, build->found.cnt, sizeof(*at), compare_found);
	for (i = 0; i < build->found.cnt; i++) {
		if (!kept || compare_found(&at[kept - 1], &at[i]))
			at[kept++] = at[i];
	}
	build->found.cnt = kept;
}

/* All families are judged before the first function is dropped: the evidence is among them. */
static int drop_doubted(struct build *build)
{
	size_t i, kept = 0;
	unsigned int *shown __free_mem = calloc(alloc_fns__family_cnt(build->fns), sizeof(*shown));
	const struct alloc_fn *fn;

	if (!shown)
		return -ENOMEM;
	for (i = 0; i < build->found.cnt; i++) {
		fn = build->found.at[i].fn;
		shown[fn->family] |= alloc_fn__evidence(fn);
	}
	for (i = 0; i < build->found.cnt; i++) {
		fn = build->found.at[i].fn;
		if (!(fn->flags & ALLOC_FN_NEEDS_ANCHOR) ||
		    shown[fn->family] == (PROBE_ALLOC | PROBE_FREE)) {
			build->found.at[kept++] = build->found.at[i];
			continue;
		}
		build->object->doubted_cnt++;
		build->object->doubted_fn = fn->probe.fn;
	}
	build->found.cnt = kept;
	return 0;
}

static int collapse_aliases(struct build *build)
{
	struct found *at = build->found.at;
	size_t i, kept = 0;
	int err = 0;

	for (i = 0; i < build->found.cnt && !err; i++) {
		err = vec__push(&build->names,
				(struct target_name){ at[i].vaddr, at[i].fn->probe.fn });
		if (err)
			break;
		if (kept && at[kept - 1].vaddr == at[i].vaddr) {
			if (at[i].size_bytes > at[kept - 1].size_bytes)
				at[kept - 1].size_bytes = at[i].size_bytes;
			continue;
		}
		at[kept++] = at[i];
		err = fn_links__add_fn(build->links, at[i].vaddr, at[i].fn);
	}
	build->found.cnt = kept;
	return err;
}

/* Who is jumped to is known by name alone: the dynamic linker may choose another file's, so the set
 * marks all of that name. */
static void note_tail_call(void *arg, const struct alloc_fn *callee)
{
	struct build *build = arg;
	size_t i;

	build->visited->probe.flags |= PROBE_TAIL_CALLS;
	for (i = 0; i < build->tail_fns.cnt; i++) {
		if (build->tail_fns.at[i] == callee->probe.fn)
			return;
	}
	if (!build->visit_err)
		build->visit_err = vec__push(&build->tail_fns, callee->probe.fn);
}

/* Does control leave the function in any other way than by a return or a jump to another allocator
 * function? */
static bool exits_unseen(const struct build *build, const struct fn_code *code)
{
	const struct insn *insn;
	size_t i;

	if (!code || fn_code__is_cut(code))
		return true;
	for (i = 0; i < fn_code__cnt(code); i++) {
		insn = fn_code__insn(code, i);
		if (insn->flow == INSN_JUMP && !insn->target &&
		    !fn_links__own(build->links, insn) &&
		    fn_links__follow(build->links, build->decoder, insn).kind != LINK_ALLOC_FN)
			return true;
	}
	return false;
}

/* Functions can share their tails: one probe at each return is enough for all of them. */
static bool is_known_ret(const struct build *build, uint64_t off)
{
	size_t i, j;

	for (i = 0; i < build->probes.cnt; i++) {
		for (j = 0; j < build->probes.at[i].ret_cnt; j++) {
			if (build->probes.at[i].rets[j] == off)
				return true;
		}
	}
	return false;
}

/* Every return instruction control can come to from the entry, or PROBE_NO_RETURN. 0 or -errno. */
static int find_rets(const struct build *build, const struct fn_code *code,
		     struct target_probe *probe)
{
	uint64_t off;
	size_t i;

	if (exits_unseen(build, code)) {
		probe->probe.flags |= PROBE_NO_RETURN;
		return 0;
	}
	probe->probe.flags |= PROBE_RET_SITES;
	probe->rets = calloc(fn_code__cnt(code), sizeof(*probe->rets));
	if (!probe->rets)
		return -ENOMEM;
	for (i = 0; i < fn_code__cnt(code); i++) {
		if (fn_code__insn(code, i)->flow == INSN_RETURN &&
		    !elf_file__vaddr_to_off(build->elf, fn_code__insn(code, i)->addr, &off) &&
		    !is_known_ret(build, off))
			probe->rets[probe->ret_cnt++] = off;
	}
	return 0;
}

static int add_probe(struct build *build, const struct found *found)
{
	struct fn_code *code __free(fn_code) = NULL;
	struct target_probe probe = {
		.name = found->fn->name,
		.label = found->fn->label,
		.vaddr = found->vaddr,
		.size_bytes = found->size_bytes,
	};
	bool is_wrapper = false;
	int err = 0;

	if (build->decoder && build->insn_cnt < INSN_MAX_CNT)
		err = fn_code__read(build->elf, build->decoder, build->links, found->vaddr,
				    found->size_bytes, &code);
	build->insn_cnt += code ? fn_code__cnt(code) : 0;
	if (!err && code && found->fn->flags & ALLOC_FN_WRAPPER)
		err = fn_flow_is_wrapper(code, build->links, build->decoder, found->fn,
					 &is_wrapper);
	if (err)
		return err;
	if (is_wrapper) {
		build->object->wrapper_cnt++;
		return 0;
	}
	/* A symbol outside the file's bytes: forged, nothing to probe. */
	if (site_choose(build->elf, code, found->vaddr, &found->fn->probe, &probe.site))
		return 0;
	probe.probe = probe.site.probe;
	if (alloc_fn__may_throw(found->fn)) {
		err = find_rets(build, code, &probe);
		if (err)
			return err;
	}
	if (code) {
		build->visited = &probe;
		fn_flow_tail_calls(code, build->links, build->decoder, note_tail_call, build);
	}
	err = build->visit_err ? build->visit_err : vec__push(&build->probes, probe);
	if (err)
		free(probe.rets);
	return err;
}

static int add_probes(struct build *build)
{
	struct target_object *object = build->object;
	size_t i;
	int err = 0;

	/* The dynamic linker's malloc is its own, until libc is there. A libc that is its own
	 * linker (musl) is the program's. */
	if (object->notify_off && !object->is_libc)
		return 0;
	for (i = 0; i < build->found.cnt && !err; i++)
		err = add_probe(build, &build->found.at[i]);
	return err;
}

static int build_object(struct build *build)
{
	int err;

	err = fn_links__new(build->fns, build->elf, &build->links);
	if (err)
		return err;
	err = insn_decoder__new(elf_file__machine(build->elf), &build->decoder);
	if (err && err != -ENOTSUP)
		return err;
	err = read_symbols(build, SHT_DYNSYM);
	if (!err)
		err = read_symbols(build, SHT_SYMTAB);
	if (err)
		return err;
	sort_found(build);
	err = drop_doubted(build);
	if (!err)
		err = collapse_aliases(build);
	if (!err)
		err = add_probes(build);
	if (err)
		return err;
	if (build_id_read(build->elf, &build->object->build_id))
		build->object->build_id.len_bytes = 0;
	build->object->machine = elf_file__machine(build->elf);
	build->object->probe_cnt = build->probes.cnt;
	build->object->probes = TAKE_PTR(build->probes.at);
	build->object->name_cnt = build->names.cnt;
	build->object->names = TAKE_PTR(build->names.at);
	build->object->tail_fn_cnt = build->tail_fns.cnt;
	build->object->tail_fns = TAKE_PTR(build->tail_fns.at);
	return 0;
}

static void build_done(struct build *build)
{
	size_t i;

	insn_decoder__free(build->decoder);
	fn_links__free(build->links);
	vec__done(&build->found);
	for (i = 0; build->probes.at && i < build->probes.cnt; i++)
		free(build->probes.at[i].rets);
	vec__done(&build->probes);
	vec__done(&build->names);
	vec__done(&build->tail_fns);
}

int target_object__read(const struct alloc_fns *fns, int fd, struct target_object **ret)
{
	struct target_object *object __free(target_object) = calloc(1, sizeof(*object));
	struct elf_file *elf __free(elf_file) = NULL;
	struct build build = { .fns = fns, .object = object };
	int err;

	if (!object)
		return -ENOMEM;
	object->fd = -1;
	err = elf_file__open_fd(fd, &elf);
	if (err == -ENOEXEC || err == -ENOTSUP || err == -EINVAL)
		return TARGET_OBJECT_NOTHING;
	if (err)
		return err;
	build.elf = elf;
	err = build_object(&build);
	build_done(&build);
	if (err)
		return err;
	if (!object->probe_cnt && !object->notify_off && !object->doubted_cnt)
		return TARGET_OBJECT_NOTHING;
	*ret = TAKE_PTR(object);
	return TARGET_OBJECT_OK;
}

void target_object__free(struct target_object *object)
{
	size_t i;

	if (!object)
		return;
	if (object->fd >= 0)
		close(object->fd);
	free(object->path);
	for (i = 0; object->probes && i < object->probe_cnt; i++)
		free(object->probes[i].rets);
	free(object->probes);
	free(object->names);
	free(object->tail_fns);
	free(object);
}

void target_object__mark_tail_called(struct target_object *object, uint16_t fn)
{
	size_t i, j;

	for (i = 0; i < object->name_cnt; i++) {
		if (object->names[i].fn != fn)
			continue;
		for (j = 0; j < object->probe_cnt; j++) {
			if (object->probes[j].vaddr == object->names[i].vaddr)
				object->probes[j].probe.flags |= PROBE_TAIL_CALLED;
		}
	}
}
