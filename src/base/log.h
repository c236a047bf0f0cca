/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages for people, on stderr. Only session/ and cli/ log; the layers below return errors and count.
 * Each message is one line, prefixed "heaptap: ", without control characters.
 */
#pragma once

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Messages above @level are dropped. The default is LOG_LEVEL_INFO. */
void log_set_level(enum log_level level);
bool log_enabled(enum log_level level);

/* Both return @err, so that a failure is logged and forwarded in one statement:
 * `return log_err(err, "cannot open %s", path);`. A negative @err adds ": strerror". */
int log_err(int err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int log_warn(int err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* A message per line of @text. */
void log_debug_lines(const char *text);
