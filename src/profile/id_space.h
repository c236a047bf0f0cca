/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Foreign 64-bit ids, as a file chose them, to row numbers of ours. Ids may be referred to before
 * they are defined: they get a handle at first sight. Files nearly always count 1, 2, 3…, and then
 * the handle is the id and nothing is looked up.
 */
#pragma once

#include <stdint.h>

#include "base/hashmap.h"
#include "base/vec.h"

struct id_space {
	VEC(uint32_t) rows;  /* by handle; 0: not defined */
	struct hashmap *big; /* id → handle, for ids too big to be handles */
	uint32_t big_cnt;
};

void id_space__done(struct id_space *ids);
/* 0, -ENOMEM or -EOVERFLOW. Id 0 has handle 0. */
int id_space__handle(struct id_space *ids, uint64_t id, uint32_t *ret);
/* -EEXIST if it is defined already, -EINVAL for id 0. */
int id_space__define(struct id_space *ids, uint64_t id, uint32_t row);
/* 0 if the handle's id has never been defined. */
uint32_t id_space__row(const struct id_space *ids, uint32_t handle);
