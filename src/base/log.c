// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

static enum log_level log_level = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	log_level = level;
}

bool log_enabled(enum log_level level)
{
	return level <= log_level;
}

__attribute__((format(printf, 4, 0))) static void
log_line(enum log_level level, const char *severity, int err, const char *fmt, va_list args)
{
	char line[2048];
	int len;

	if (!log_enabled(level))
		return;
	/* One write per line: messages of two processes on one terminal do not mix. */
	len = vsnprintf(line, sizeof(line), fmt, args);
	if (len < 0)
		return;
	/* Commands, files and processes are called what strangers like: it must not steer a terminal, nor look like a
	 * line of ours. */
	utf8_mask(line, strlen(line));
	if (err < 0)
		fprintf(stderr, "heaptap: %s%s: %s\n", severity, line, strerror(-err));
	else
		fprintf(stderr, "heaptap: %s%s\n", severity, line);
}

int log_err(int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_line(LOG_LEVEL_ERROR, "", err, fmt, args);
	va_end(args);
	return err;
}

int log_warn(int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_line(LOG_LEVEL_WARN, "warning: ", err, fmt, args);
	va_end(args);
	return err;
}

void log_info(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_line(LOG_LEVEL_INFO, "", 0, fmt, args);
	va_end(args);
}

void log_debug(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_line(LOG_LEVEL_DEBUG, "debug: ", 0, fmt, args);
	va_end(args);
}

void log_debug_lines(const char *text)
{
	size_t len;

	for (; *text; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		log_debug("%.*s", (int)len, text);
	}
}
