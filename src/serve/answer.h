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

/* From an answered question. */
struct answer answer_make(const struct question *question);
/* For what needs no answer of the recording, and for errors: one line of text. */
struct answer answer_text(unsigned status, const char *text);
/* 503, and when to come again. */
struct answer answer_busy(void);
struct answer answer_index(const struct route *route);
struct answer answer_cmdline(void);
/* @addresses as in "0x1+0x2". Names are in the profile: nothing is looked up. */
struct answer answer_symbol(const char *addresses);
