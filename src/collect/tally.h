/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What processes counted that are no more, summed by what they were: equal program, service, owner and user make one
 * group, whichever process it was. Sites come in when images end (tracer__retire()) and stay for good; a machine on
 * which thousands of short-lived processes run has few distinct groups and stacks.
 *
 * Frames without a file mean nothing once their process is gone: what is added has no addresses (collect/lasting.h).
 *
 * Sums only grow. Memory is bounded: past the limit the smallest sites are folded into one "[evicted]" site per group.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "abi/alloc.h"
#include "base/cleanup.h"
#include "collect/process_table.h"
#include "collect/snapshot.h"

struct tally;

/* @max_bytes bounds what sites and stacks take, roughly; 0: no bound. NULL if out of memory. */
struct tally *tally__new(size_t max_bytes);
void tally__free(struct tally *tally);
DEFINE_CLEANUP(tally);

/* The number of the group that an image belongs to. 0 or -ENOMEM. */
int tally__group(struct tally *tally, const struct image *image, const struct process_info *info,
		 uint32_t *ret);
/* Add what @site has counted; @frames are its site->frame_cnt frames, as they are to be kept. 0 or -ENOMEM. */
int tally__add(struct tally *tally, uint32_t group, const struct alloc_site *site,
	       const uint64_t *frames);

size_t tally__group_cnt(const struct tally *tally);
size_t tally__site_cnt(const struct tally *tally);
/* Sites that were folded so far. */
uint64_t tally__evicted_cnt(const struct tally *tally);
size_t tally__bytes(const struct tally *tally);

/*
 * Append everything to @snapshot: group g as the image @first_image + g, without a process number, which has ended.
 * Of @service alone, unless that is NULL. 0 or -ENOMEM.
 */
int tally__append(const struct tally *tally, uint32_t first_image, const char *service,
		  struct snapshot *snapshot);
