/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON (RFC 8259) taken in one pass, by somebody who knows what should come: ask for what is wanted, skip the rest. The
 * first fault sticks; everything asked afterwards gives nothing, so that it is enough to look once, at the end.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define JSON_DEPTH_MAX 64

struct json_scan {
	const char *at;
	const char *end;
	unsigned depth;
	bool first; /* of the innermost array or object: no comma is due */
	bool bad;
};

void json_scan__init(struct json_scan *scan, const char *text, size_t len_bytes);
/* Was all of it JSON, to the end? */
bool json_scan__done(struct json_scan *scan);

/* Each begins an array or object: `json_scan__enter(scan, '['); while (json_scan__next(scan, ']')) take an element;` */
void json_scan__enter(struct json_scan *scan, char open);
bool json_scan__next(struct json_scan *scan, char close);
/* In an object, after json_scan__next(): the key. @out is emptied before. */
void json_scan__key(struct json_scan *scan, struct buf *out);

void json_scan__string(struct json_scan *scan, struct buf *out);
/* Whole numbers; fractions are rounded, what is out of range is a fault. */
int64_t json_scan__int(struct json_scan *scan);
double json_scan__double(struct json_scan *scan);
/* Any value. */
void json_scan__skip(struct json_scan *scan);
/* The next character that is no blank, 0 at the end: to see what kind of value comes. */
char json_scan__peek(struct json_scan *scan);
