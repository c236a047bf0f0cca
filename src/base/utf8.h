/* SPDX-License-Identifier: Apache-2.0 */
/* Names come from symbol tables and processes: any bytes. What we write must be UTF-8, and
 * printable. */
#pragma once

#include <stddef.h>

struct buf;

/*
 * Length of the longest valid UTF-8 prefix of @str (RFC 3629: no surrogates, no overlong forms,
 * nothing beyond U+10FFFF). Equal to @len_bytes if all of it is valid.
 */
size_t utf8_valid_len(const char *str, size_t len_bytes);

/*
 * Length of the character that starts at @str, or 0 if none does. @len_bytes > 0 is what may be
 * read.
 */
size_t utf8_char_len(const char *str, size_t len_bytes);

/*
 * Append @str to @out with U+FFFD for each byte that is not UTF-8 and for each control character
 * (C0, DEL, C1), so that a name cannot steer a terminal. Failures are @out's.
 */
void utf8_append_clean(struct buf *out, const char *str, size_t len_bytes);

/* The same where @str stands, without memory: '?' for each byte that utf8_append_clean() replaces, a blank for a tab. */
void utf8_mask(char *str, size_t len_bytes);
