// SPDX-License-Identifier: Apache-2.0
#include "session/late.h"

#include <inttypes.h>
#include <unistd.h>

#include "base/log.h"
#include "proc/proc_maps.h"
#include "session/recording.h"

/* glibc's linker speaks before it maps anything, and when all is there. */
#define LIBS_MAPPED 2u

static const struct image *image_at(const struct recording *rec, uint32_t image)
{
	const struct image *images;
	size_t cnt;

	images = tracer__images(rec->tracer, &cnt);
	return image && image < cnt ? &images[image] : NULL;
}

/* Is it one? operator new and the like ask another one for memory, which has probes of its own. */
static bool is_allocator(const struct recording *rec, const struct target_object *object)
{
	size_t i;

	for (i = 0; i < object->probe_cnt; i++) {
		const struct probe *probe = &object->probes[i].probe;
		const struct alloc_fn *fn = alloc_fns__at(rec->fns, probe->fn);

		if (probe->flags & PROBE_ALLOC && fn && !(fn->flags & ALLOC_FN_WRAPPER))
			return true;
	}
	return false;
}

static void forget_mapped(struct late *late)
{
	late->mapped_cnt = 0;
	late->probed_ns = 0;
	late->linker_allocates = false;
}

void late__note_mapped(struct recording *rec, const struct target_refs *refs, pid_t pid)
{
	uint64_t probed_ns;
	size_t i;

	forget_mapped(&rec->late);
	for (i = 0; i < refs->cnt; i++) {
		const struct target_object *object = target_set__at(rec->targets, refs->at[i]);

		if (!is_allocator(rec, object))
			continue;
		rec->late.mapped_cnt++;
		rec->late.linker_allocates |= object->notify_off != 0;
		if (hashmap__get(rec->attached, recording_probe_key(refs->at[i], pid),
				 &probed_ns) &&
		    probed_ns > rec->late.probed_ns)
			rec->late.probed_ns = probed_ns;
	}
}

void late__know_files(struct recording *rec)
{
	struct proc_maps maps __proc_maps = {};
	struct proc_map map;
	size_t i;

	for (i = 0; i < target_set__cnt(rec->targets); i++) {
		const struct target_object *object = target_set__at(rec->targets, i);

		tracer__know_entry(rec->tracer, object->kernel_dev, object->ino);
	}
	/* As the kernel sees them, which file systems of several layers may call otherwise. */
	if (recording__is_listed(rec) || proc_maps__open(&maps, getpid()))
		return;
	while (proc_maps__next(&maps, &map)) {
		if (map.perms & PROC_MAP_EXEC && map.ino)
			tracer__know_entry(rec->tracer, map.dev, map.ino);
	}
}

void late__begin(struct recording *rec, uint32_t image, unsigned flags)
{
	struct late *late = &rec->late;
	const struct image *info = image_at(rec, image);

	/* What happens while we arm is from before. */
	if (!info || !rec->start_mono_ns || info->start_ns < rec->start_mono_ns)
		return;
	/* Hooks of its own come with its own probes. */
	if (recording__is_listed(rec) || rec->has_own_hooks)
		flags |= LATE_UNHOOKED;
	if (!late->waiting)
		late->waiting = hashmap__new();
	forget_mapped(late);
	if (late->waiting)
		hashmap__set(late->waiting, image, flags);
}

static void count(struct recording *rec, const struct image *info)
{
	uint64_t end_ns = info->end_ns,
		 us = ((end_ns ? end_ns : rec->late.probed_ns) - info->start_ns) / 1000;

	log_debug("process %" PRIu32 " (%.16s) ran without probes for %" PRIu64 " us%s", info->tgid,
		  info->comm, us, end_ns ? " and ended" : "");
	tracer__add_stat(rec->tracer, STAT_LATE_PROGRAM, 1);
	tracer__add_stat(rec->tracer, STAT_LATE_US, us);
	if (end_ns)
		tracer__add_stat(rec->tracer, STAT_LATE_ENDED, 1);
}

bool late__has_begun(const struct recording *rec, uint32_t image)
{
	const struct image *info = image_at(rec, image);

	/* musl's is its C library, and speaks once. */
	return !info || info->map_gen >= LIBS_MAPPED ||
	       (info->map_gen && rec->late.linker_allocates);
}

bool late__is_seen(const struct recording *rec, uint32_t image)
{
	const struct image *info = image_at(rec, image);

	return info && !info->end_ns;
}

/* Did it run without its probes, as far as can be told of it now? */
static bool was_late(struct recording *rec, const struct image *info, uint32_t image, pid_t pid,
		     bool hooked)
{
	bool own = rec->is_apart || recording__is_listed(rec);

	/* Gone before we came, for good or to be another program; its probes may have been there. */
	if (info->end_ns)
		return (!hooked || own) && !(own && tracer__is_probed(rec->tracer, pid));
	return rec->late.probed_ns > info->start_ns && (!hooked || late__has_begun(rec, image));
}

void late__look(struct recording *rec, uint32_t image, pid_t pid)
{
	struct late *late = &rec->late;
	const struct image *info = image_at(rec, image);
	bool hooked, wanted, known;
	uint64_t flags;

	if (!late->waiting || !info || !hashmap__get(late->waiting, image, &flags))
		return;
	hooked = !(flags & LATE_UNHOOKED);
	wanted = recording__wants(rec, image);
	known = info->end_ns || late->probed_ns > info->start_ns ||
		(late->mapped_cnt && (!hooked || info->map_gen >= LIBS_MAPPED));
	if (wanted && !known)
		return;
	if (wanted && was_late(rec, info, image, pid, hooked))
		count(rec, info);
	hashmap__del(late->waiting, image);
}

void late__end(struct recording *rec, uint32_t image)
{
	if (rec->late.waiting)
		hashmap__del(rec->late.waiting, image);
}

void late__done(struct late *late)
{
	hashmap__free(late->waiting);
	late->waiting = NULL;
}
