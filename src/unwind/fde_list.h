/* SPDX-License-Identifier: Apache-2.0 */
/* The functions that a file has call frame information for, in the order of their code in the file.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "unwind/cfi_program.h"
#include "unwind/unwind_table.h"

/* .eh_frame, then .debug_frame, which only counts where the former says nothing. */
#define FDE_SECTIONS 2

struct fde_ref {
	uint32_t off; /* file offset of the code; ranges do not overlap */
	uint32_t len_bytes;
	uint32_t pos; /* of the FDE in its section */
	uint32_t section;
};

struct fde_list;

/* @elf must outlive the list. @stats counts what is left out. 0 (the list may be empty), or as
 * unwind_table__build() says. */
int fde_list__new(const struct elf_file *elf, const struct cfi_machine *machine,
		  struct unwind_stats *stats, struct fde_list **ret);
void fde_list__free(struct fde_list *list);
DEFINE_CLEANUP(fde_list);

size_t fde_list__cnt(const struct fde_list *list);
const struct fde_ref *fde_list__at(const struct fde_list *list, size_t idx);
/* Start running the program of @ref; the run ends where @ref does. 0, -EBADMSG or -E2BIG. */
int fde_list__run(struct fde_list *list, const struct fde_ref *ref, struct cfi_run *run);
