// SPDX-License-Identifier: Apache-2.0
#include "worker/wire_object.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "worker/wire_answers.h"

/* Registers that hold arguments; 0 is none (abi/probe.h). */
#define ARG_MAX    6
/* What reading the code adds to what the table says of a function. */
#define CODE_FLAGS (PROBE_TAIL_CALLS | PROBE_TAIL_CALLED | PROBE_RET_SITES | PROBE_NO_RETURN)

static void put_probe(struct buf *buf, const struct target_probe *probe)
{
	buf__append(buf, &probe->probe, sizeof(probe->probe));
	buf__append(buf, &probe->site.probe, sizeof(probe->site.probe));
	wire_put_u64(buf, probe->vaddr);
	wire_put_u64(buf, probe->size_bytes);
	wire_put_u64(buf, probe->site.entry_off);
	wire_put_u64(buf, probe->site.site_off);
	wire_put_u32(buf, probe->site.emulated);
	wire_put_u32(buf, probe->site.reason);
	wire_put_u32(buf, (uint32_t)probe->ret_cnt);
	buf__append(buf, probe->rets, probe->ret_cnt * sizeof(*probe->rets));
}

void wire_put_object(struct buf *buf, const struct target_object *object)
{
	size_t i;

	wire_put_id(buf, &object->build_id);
	wire_put_u32(buf, object->machine);
	wire_put_u32(buf, object->is_libc);
	wire_put_u32(buf, (uint32_t)object->wrapper_cnt);
	wire_put_u32(buf, (uint32_t)object->ifunc_cnt);
	wire_put_u64(buf, object->notify_off);
	wire_put_u32(buf, (uint32_t)object->doubted_cnt);
	wire_put_u32(buf, object->doubted_fn);
	wire_put_u32(buf, (uint32_t)object->probe_cnt);
	for (i = 0; i < object->probe_cnt; i++)
		put_probe(buf, &object->probes[i]);
	wire_put_u32(buf, (uint32_t)object->name_cnt);
	for (i = 0; i < object->name_cnt; i++) {
		wire_put_u64(buf, object->names[i].vaddr);
		wire_put_u32(buf, object->names[i].fn);
	}
	wire_put_u32(buf, (uint32_t)object->tail_fn_cnt);
	for (i = 0; i < object->tail_fn_cnt; i++)
		wire_put_u32(buf, object->tail_fns[i]);
}

/* Is it @fn's, with its arguments in some register each, and nothing else changed? */
static bool is_probe_of(const struct probe *probe, const struct alloc_fn *fn)
{
	const struct probe *row = &fn->probe;

	return !((probe->flags ^ row->flags) & ~CODE_FLAGS) && probe->fn == row->fn &&
	       probe->size_arg <= ARG_MAX && probe->count_arg <= ARG_MAX &&
	       probe->ptr_arg <= ARG_MAX && probe->out_arg <= ARG_MAX &&
	       !probe->size_arg == !row->size_arg && !probe->count_arg == !row->count_arg &&
	       !probe->ptr_arg == !row->ptr_arg && !probe->out_arg == !row->out_arg;
}

/* A structure of bytes, which have no alignment here. */
static void get_raw(struct wire_reader *reader, void *to, size_t len_bytes)
{
	const void *bytes = wire_get_bytes(reader, len_bytes);

	if (bytes)
		memcpy(to, bytes, len_bytes);
	else
		reader->bad = true;
}

static int get_rets(struct wire_reader *reader, uint64_t file_bytes, struct target_probe *probe)
{
	size_t cnt = wire_get_u32(reader), i;
	const void *bytes = wire_get_bytes(reader, cnt * sizeof(*probe->rets));

	if (reader->bad || !bytes)
		return -EIO;
	probe->rets = calloc(cnt + 1, sizeof(*probe->rets));
	if (!probe->rets)
		return -ENOMEM;
	memcpy(probe->rets, bytes, cnt * sizeof(*probe->rets));
	probe->ret_cnt = cnt;
	for (i = 0; i < cnt; i++) {
		if (probe->rets[i] >= file_bytes)
			return -EIO;
	}
	return 0;
}

static int get_probe(struct wire_reader *reader, const struct alloc_fns *fns, uint64_t file_bytes,
		     struct target_probe *probe)
{
	const struct alloc_fn *fn;
	uint32_t reason;

	get_raw(reader, &probe->probe, sizeof(probe->probe));
	get_raw(reader, &probe->site.probe, sizeof(probe->site.probe));
	probe->vaddr = wire_get_u64(reader);
	probe->size_bytes = wire_get_u64(reader);
	probe->site.entry_off = wire_get_u64(reader);
	probe->site.site_off = wire_get_u64(reader);
	probe->site.emulated = wire_get_u32(reader) != 0;
	reason = wire_get_u32(reader);
	fn = alloc_fns__at(fns, probe->probe.fn);
	if (reader->bad || !fn || !is_probe_of(&probe->probe, fn) ||
	    !is_probe_of(&probe->site.probe, fn) || reason >= SITE_REASON_CNT ||
	    probe->site.entry_off >= file_bytes || probe->site.site_off >= file_bytes)
		return -EIO;
	probe->site.reason = reason;
	probe->name = fn->name;
	probe->label = fn->label;
	return get_rets(reader, file_bytes, probe);
}

/* A number of things, of which there is an array with room for one more: no array is NULL. */
static int get_array(struct wire_reader *reader, size_t elem_bytes, size_t *ret_cnt, void *ret_at)
{
	size_t cnt = wire_get_u32(reader);
	void *at;

	if (reader->bad || cnt > TARGET_OBJECT_FN_MAX)
		return -EIO;
	at = calloc(cnt + 1, elem_bytes);
	if (!at)
		return -ENOMEM;
	memcpy(ret_at, &at, sizeof(at));
	*ret_cnt = cnt;
	return 0;
}

static int get_probes(struct wire_reader *reader, const struct alloc_fns *fns, uint64_t file_bytes,
		      struct target_object *object)
{
	size_t i;
	int err = get_array(reader, sizeof(*object->probes), &object->probe_cnt, &object->probes);

	for (i = 0; !err && i < object->probe_cnt; i++) {
		err = get_probe(reader, fns, file_bytes, &object->probes[i]);
		if (!err && i && object->probes[i].vaddr <= object->probes[i - 1].vaddr)
			err = -EIO;
	}
	return err;
}

static int get_names(struct wire_reader *reader, const struct alloc_fns *fns,
		     struct target_object *object)
{
	size_t i;
	uint32_t fn;
	int err = get_array(reader, sizeof(*object->names), &object->name_cnt, &object->names);

	for (i = 0; !err && i < object->name_cnt; i++) {
		object->names[i].vaddr = wire_get_u64(reader);
		fn = wire_get_u32(reader);
		if (!alloc_fns__at(fns, fn))
			return -EIO;
		object->names[i].fn = (uint16_t)fn;
	}
	if (!err)
		err = get_array(reader, sizeof(*object->tail_fns), &object->tail_fn_cnt,
				&object->tail_fns);
	for (i = 0; !err && i < object->tail_fn_cnt; i++) {
		fn = wire_get_u32(reader);
		if (!alloc_fns__at(fns, fn))
			return -EIO;
		object->tail_fns[i] = (uint16_t)fn;
	}
	return err;
}

int wire_get_object(struct wire_reader *reader, const struct alloc_fns *fns, uint64_t file_bytes,
		    struct target_object **ret)
{
	struct target_object *object __free(target_object) = calloc(1, sizeof(*object));
	int err;

	if (!object)
		return -ENOMEM;
	object->fd = -1;
	err = wire_get_id(reader, &object->build_id);
	if (err)
		return err;
	object->machine = (uint16_t)wire_get_u32(reader);
	object->is_libc = wire_get_u32(reader) != 0;
	object->wrapper_cnt = wire_get_u32(reader);
	object->ifunc_cnt = wire_get_u32(reader);
	object->notify_off = wire_get_u64(reader);
	object->doubted_cnt = wire_get_u32(reader);
	object->doubted_fn = (uint16_t)wire_get_u32(reader);
	err = get_probes(reader, fns, file_bytes, object);
	if (!err)
		err = get_names(reader, fns, object);
	if (!err && (reader->bad || object->notify_off >= file_bytes ||
		     !alloc_fns__at(fns, object->doubted_fn)))
		err = -EIO;
	if (err)
		return err;
	*ret = TAKE_PTR(object);
	return 0;
}
