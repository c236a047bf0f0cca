/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text form of heap profiles that gperftools and jemalloc write and Go's handlers give for ?debug=1:
 *
 *	heap profile: 1: 64 [2: 128] @ heap/2
 *	1: 64 [2: 128] @ 0x401234 0x401300
 *	#	0x401233	main+0x13	main.c:7
 *
 *	MAPPED_LIBRARIES:
 *	00400000-00402000 r-xp 00000000 00:00 0 /bin/prog
 *
 * Addresses are those behind the calls. "heap/2" says that the numbers are whole already (readers scale by the half of it,
 * which is 1). Reader: github.com/google/pprof profile/legacy_profile.go.
 */
#pragma once

#include <stdbool.h>

#include "base/writer.h"
#include "profile/profile.h"

/*
 * @mapped: addresses are those of one process. Else files are not where the profile says: readers that know of them would
 * look for names there and find those of others, so they are left out, and it is the server that is asked.
 * 0, -EINVAL unless the profile has the standard four types, or the writer's error.
 */
int encode_legacy(const struct profile *profile, bool mapped, struct writer *writer);
