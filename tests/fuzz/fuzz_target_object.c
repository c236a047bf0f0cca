// SPDX-License-Identifier: Apache-2.0
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fdio.h"
#include "target/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A file full of lies gives probes inside the file or none. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct alloc_fns *fns;
	struct target_set *set __free(target_set) = NULL;
	int fd __close_fd = memfd_create("fuzz", MFD_CLOEXEC);
	const struct target_object *object;
	size_t i;

	if (fd < 0 || (!fns && alloc_fns__new(NULL, 0, false, &fns)) ||
	    target_set__new(fns, NULL, &set) || fdio_write(fd, data, size))
		return 0;
	target_set__add_fd(set, fd, "fuzz", NULL);
	object = target_set__cnt(set) ? target_set__at(set, 0) : NULL;
	for (i = 0; object && i < object->probe_cnt; i++) {
		if (object->probes[i].site.entry_off >= size ||
		    object->probes[i].site.site_off >= size)
			__builtin_trap();
	}
	return 0;
}
