/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's code in every process. It is the same in all of one architecture: ours will do. */
#pragma once

#include <stddef.h>

/* The ELF image, there for as long as we run. 0, or -ENOENT if this kernel gave us none. */
int vdso_image(const void **ret, size_t *ret_len_bytes);
