/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies of answers: profiles in the format that was asked for, and the few pages there are. */
#pragma once

#include "base/buf.h"
#include "serve/desk.h"

struct answer {
	unsigned status; /* HTTP's */
	const char *mime;
	const char *filename; /* of an attachment, or NULL */
	unsigned retry_sec;   /* with 503: when to come again; 0: not said */
	struct buf *body;     /* the caller frees it; NULL with an error: out of memory */
};

/* From an answered question, or one that needs no answer of the recording. */
struct answer answer_make(const struct question *question);
/* One line of text. */
struct answer answer_text(unsigned status, const char *text);
/* 503, and when to come again. */
struct answer answer_busy(void);
