/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recording made by hand: process 42 "shop", main -> work -> malloc of libc.so, 3 blocks of 100 bytes, one of them freed.
 * Ends the test on failure.
 */
#pragma once

#include "collect/snapshot.h"

#define SMALL_IMAGE 2u
#define SMALL_EXE   3u /* ids of files */
#define SMALL_LIBC  4u

struct snapshot *small_snapshot(void);
