/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes, durations and numbers as people write and read them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* "4096", "512K", "1M", "2GiB" (powers of 1024). 0, -EINVAL or -ERANGE. */
int units_parse_bytes(const char *text, uint64_t *ret_bytes);
/* "30" (seconds), "500ms", "30s", "5m", "1h", "1.5s". 0, -EINVAL or -ERANGE. */
int units_parse_duration(const char *text, uint64_t *ret_ns);
/* Unsigned decimal with nothing before or behind it. 0, -EINVAL or -ERANGE. */
int units_parse_u64(const char *text, uint64_t *ret);

/* "512 B", "1.50 MiB", "-3.00 KiB": at most 3 decimals' width, fits 16 bytes. Returns @out. */
const char *units_format_bytes(int64_t bytes, char out[static 16]);
/* "950", "12.3k", "4.56M". Returns @out. */
const char *units_format_cnt(int64_t cnt, char out[static 16]);
/* "350ms", "10.0s", "5m00s". Returns @out. */
const char *units_format_duration(uint64_t ns, char out[static 16]);
