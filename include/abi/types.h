/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Integer types for either side of the kernel/user contract. Everything under abi/ is read by both compilers. */
#pragma once

#ifdef __bpf__
#include "vmlinux.h"
#else
#include <linux/types.h>
#endif
