// SPDX-License-Identifier: Apache-2.0
/* A saved recording, and all that is made of one: the profile and the places. */
#include <stdlib.h>

#include "collect/build_places.h"
#include "collect/build_profile.h"
#include "collect/snapshot_file.h"
#include "view/why.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct snapshot *snapshot __free(snapshot) = NULL;
	struct profile *profile __free(profile) = NULL;
	struct places *places __free(places) = NULL;
	struct build_options options = {};
	struct buf *out __free(buf) = buf__new(0);
	struct why_options why = { .name = "fuzz" };

	if (!out || snapshot_file_parse(data, size, &snapshot))
		return 0;
	if (!build_profile(snapshot, &options, &profile, NULL) && !profile)
		abort();
	if (!build_places(snapshot, &places) && why_write(places, &why, out) == 0 && !buf__len(out))
		abort();
	return 0;
}
