// SPDX-License-Identifier: Apache-2.0
/*
 * A file with DWARF and the one that is its .dwo, its .dwp and its dwz file. The input is the
 * length of the first, in 4 bytes, and both.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/fdio.h"
#include "elf/elf_file.h"
#include "symbolize/dwarf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct image {
	const uint8_t *data;
	size_t size;
};

static int open_again(void *ctx, struct elf_file **ret)
{
	const struct image *image = ctx;
	int fd __close_fd = memfd_create("again", MFD_CLOEXEC);

	if (fd < 0 || fdio_write(fd, image->data, image->size))
		abort();
	return elf_file__open_debug_fd(fd, ret);
}

static int open_dwo(void *ctx, const char *comp_dir, const char *name, struct elf_file **ret)
{
	if (comp_dir && !strlen(comp_dir) && !strlen(name))
		return -1;
	return open_again(ctx, ret);
}

static void check(const struct dwarf_frames *frames)
{
	const struct dwarf_frame *frame;
	size_t i;

	if (!frames->list.cnt || frames->list.cnt > DWARF_MAX_INLINES)
		abort();
	for (i = 0; i < frames->list.cnt; i++) {
		frame = &frames->list.at[i];
		/* Reading them to their ends is the point. */
		if (strlen(frame->path) + (frame->name ? strlen(frame->name) : 0) +
			    (frame->linkage_name ? strlen(frame->linkage_name) : 0) ==
		    SIZE_MAX)
			abort();
		if (frame->inlined != (i + 1 < frames->list.cnt) &&
		    frames->list.cnt < DWARF_MAX_INLINES)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image image;
	const struct dwarf_files files = { &image, open_dwo, open_again, open_again };
	struct elf_file *elf __free(elf_file) = NULL;
	struct dwarf *dw __free(dwarf) = NULL;
	struct dwarf_frames frames = {};
	uint64_t vaddr, base = 0;
	uint32_t len;
	int round;

	if (size < sizeof(len))
		return 0;
	memcpy(&len, data, sizeof(len));
	data += sizeof(len);
	size -= sizeof(len);
	len = len < size ? len : (uint32_t)size;
	image = (struct image){ data + len, size - len };
	if (elf_file__open_mem(data, len, &elf) || dwarf__new(elf, 0, &files, &dw))
		return 0;
	for (round = 0; round < 2; round++, base = elf_file__entry(elf) & ~0xfffull)
		for (vaddr = base; vaddr - base < 0x1000; vaddr += 5)
			if (!dwarf__find(dw, vaddr, &frames))
				check(&frames);
	vec__done(&frames.list);
	return 0;
}
