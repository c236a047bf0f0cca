/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (FIPS 180-4) in one go: for content security policies, not for secrets. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES        32
#define SHA256_BASE64_CHARS 44

void sha256(const void *data, size_t len_bytes, uint8_t ret[static SHA256_BYTES]);
/* The same as base64 with padding, NUL-terminated. */
void sha256_base64(const void *data, size_t len_bytes, char ret[static SHA256_BASE64_CHARS + 1]);
