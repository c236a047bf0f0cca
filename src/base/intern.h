/* SPDX-License-Identifier: Apache-2.0 */
/* Strings by small number: equal strings get equal ids, in order of first sight. Id 0 is always "". */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct intern;

struct intern *intern__new(void);
void intern__free(struct intern *in);
DEFINE_CLEANUP(intern);

/* 0 or -ENOMEM. @str need not be NUL-terminated for intern__add_n; embedded NULs end the string. */
int intern__add(struct intern *in, const char *str, uint32_t *ret_id);
int intern__add_n(struct intern *in, const char *str, size_t len_bytes, uint32_t *ret_id);
/* Is it there? -ENOENT if not. */
int intern__find(const struct intern *in, const char *str, uint32_t *ret_id);
/* Stable for the life of @in. Ids out of range give "". */
const char *intern__str(const struct intern *in, uint32_t id);
size_t intern__cnt(const struct intern *in);
