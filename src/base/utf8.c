// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"

size_t utf8_char_len(const char *str, size_t len_bytes)
{
	const unsigned char *s = (const unsigned char *)str;
	unsigned char lowest = 0x80, highest = 0xbf; /* of the second byte */
	size_t len, i;

	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		len = 2;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		len = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		len = 4;
	else
		return 0;
	if (len > len_bytes)
		return 0;
	if (s[0] == 0xe0)
		lowest = 0xa0; /* shorter forms exist below */
	else if (s[0] == 0xed)
		highest = 0x9f; /* surrogates above */
	else if (s[0] == 0xf0)
		lowest = 0x90;
	else if (s[0] == 0xf4)
		highest = 0x8f; /* beyond U+10FFFF */
	if (s[1] < lowest || s[1] > highest)
		return 0;
	for (i = 2; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

size_t utf8_valid_len(const char *str, size_t len_bytes)
{
	size_t i = 0, len;
	uint64_t word;

	while (i < len_bytes) {
		if (len_bytes - i >= 8) {
			memcpy(&word, str + i, 8);
			if (!(word & 0x8080808080808080ULL)) {
				i += 8;
				continue;
			}
		}
		len = utf8_char_len(str + i, len_bytes - i);
		if (!len)
			break;
		i += len;
	}
	return i;
}

static bool is_control(const unsigned char *s, size_t len_bytes)
{
	if (len_bytes == 1)
		return *s < 0x20 || *s == 0x7f;
	return len_bytes == 2 && s[0] == 0xc2 && s[1] < 0xa0;
}

void utf8_append_clean(struct buf *out, const char *str, size_t len_bytes)
{
	const char *end = str + len_bytes, *kept = str;
	size_t len;

	while (str < end) {
		len = utf8_char_len(str, (size_t)(end - str));
		if (len && !is_control((const unsigned char *)str, len)) {
			str += len;
			continue;
		}
		buf__append(out, kept, (size_t)(str - kept));
		buf__append_str(out, "\xef\xbf\xbd");
		str += len ? len : 1;
		kept = str;
	}
	buf__append(out, kept, (size_t)(end - kept));
}

void utf8_mask(char *str, size_t len_bytes)
{
	char *end = str + len_bytes;
	size_t len;

	while (str < end) {
		len = utf8_char_len(str, (size_t)(end - str));
		if (*str == '\t')
			*str = ' ';
		else if (!len || is_control((const unsigned char *)str, len))
			memset(str, '?', len ? len : 1);
		str += len ? len : 1;
	}
}
