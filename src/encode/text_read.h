/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profiles back from the text formats: heaptap's JSON, which holds everything, speedscope's, which holds names and
 * values, and folded stacks, which hold one value. The input is taken as hostile.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "profile/profile.h"

enum text_outcome { /* positive returns; text by text_outcome_text() */
		    TEXT_OK = 0,
		    TEXT_BROKEN,        /* not what it began as */
		    TEXT_NOT_SAMPLED,   /* speedscope: an "evented" profile, or none at all */
		    TEXT_BAD_REFERENCE, /* a number of something that is not there */
		    TEXT_OUTCOME_CNT
};
const char *text_outcome_text(int outcome);

enum text_kind { TEXT_NONE, TEXT_JSON, TEXT_SPEEDSCOPE, TEXT_FOLDED };
/* What a file that begins with @head is; TEXT_NONE: none of these. */
enum text_kind text_kind_of(const char *head, size_t len_bytes);

/* 0, an enum text_outcome, or -ENOMEM. */
int text_read(enum text_kind kind, const char *text, size_t len_bytes, struct profile **ret);

/* One for each kind; as above. */
int json_read(const char *text, size_t len_bytes, struct profile **ret);
int speedscope_read(const char *text, size_t len_bytes, struct profile **ret);
/* "a;b;c 12": the only sample type is "samples", for the file does not say what it counts. */
int folded_read(const char *text, size_t len_bytes, struct profile **ret);
