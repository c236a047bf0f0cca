/* SPDX-License-Identifier: Apache-2.0 */
/* Which frames at the leaf end of a stack are the allocator's own. */
#pragma once

#include <stdbool.h>

/*
 * Is the function of this symbol name, mangled or not, allocator code, so that its frame tells a
 * user nothing? Entry points (malloc, operator new, __rust_alloc), their prefixed forms and what
 * lies behind them; not the wrappers programs write around them (xmalloc, my_malloc_wrapper,
 * g_malloc, allocate).
 */
bool alloc_fn__is_internal_name(const char *symbol);
