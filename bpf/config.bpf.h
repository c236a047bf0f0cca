/* SPDX-License-Identifier: GPL-2.0-only */
/* The knobs and switches of abi/config.h; defined in process.bpf.c. */
#pragma once

#include "abi/config.h"

extern const volatile struct config config;
extern struct control control;
