// SPDX-License-Identifier: Apache-2.0
#include "profile/id_space.h"

#include <errno.h>

/* A liar who calls his only location 4194303 makes us spend 16 MB, no more. */
#define SMALL_ID_CNT ((uint32_t)1 << 22)

void id_space__done(struct id_space *ids)
{
	vec__done(&ids->rows);
	hashmap__free(ids->big);
	*ids = (struct id_space){};
}

int id_space__handle(struct id_space *ids, uint64_t id, uint32_t *ret)
{
	uint64_t *slot;
	bool is_new;

	if (id < SMALL_ID_CNT) {
		*ret = (uint32_t)id;
		return 0;
	}
	if (ids->big_cnt >= UINT32_MAX - SMALL_ID_CNT - 1)
		return -EOVERFLOW;
	if (!ids->big)
		ids->big = hashmap__new();
	if (!ids->big)
		return -ENOMEM;
	slot = hashmap__slot(ids->big, id, SMALL_ID_CNT + ids->big_cnt, &is_new);
	if (!slot)
		return -ENOMEM;
	ids->big_cnt += is_new;
	*ret = (uint32_t)*slot;
	return 0;
}

int id_space__define(struct id_space *ids, uint64_t id, uint32_t row)
{
	uint32_t handle;
	size_t had = ids->rows.cnt;
	int err = id ? id_space__handle(ids, id, &handle) : -EINVAL;

	if (err)
		return err;
	if (handle >= had) {
		err = vec__reserve(&ids->rows, (size_t)handle + 1);
		if (err)
			return err;
		memset(ids->rows.at + had, 0, (handle + 1 - had) * sizeof(*ids->rows.at));
		ids->rows.cnt = (size_t)handle + 1;
	}
	if (ids->rows.at[handle])
		return -EEXIST;
	ids->rows.at[handle] = row;
	return 0;
}

uint32_t id_space__row(const struct id_space *ids, uint32_t handle)
{
	return handle < ids->rows.cnt ? ids->rows.at[handle] : 0;
}
