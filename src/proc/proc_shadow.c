// SPDX-License-Identifier: Apache-2.0
#include "proc/proc_shadow.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fdio.h"
#include "proc/proc_info.h"

#define STATUS_MAX_BYTES (64u << 10)

/* Is @word on the line that @text begins with? */
static bool has_word(const char *text, const char *word)
{
	size_t word_len = strlen(word), len;

	while (*text && *text != '\n') {
		text += strspn(text, " \t");
		len = strcspn(text, " \t\n");
		if (len == word_len && !strncmp(text, word, len))
			return true;
		text += len;
	}
	return false;
}

int proc_shadow__from_status(const char *status)
{
	const char *words = proc_status_value(status, "x86_Thread_features");

	return words ? has_word(words, "shstk") : -ENODATA;
}

bool proc_shadow__is_smap(const char *line)
{
	static const char key[] = "VmFlags:";

	return !strncmp(line, key, sizeof(key) - 1) && has_word(line + sizeof(key) - 1, "ss");
}

static bool is_in_smaps(pid_t pid)
{
	FILE *file __close_file = NULL;
	char *line __free_mem = NULL, path[64];
	size_t room = 0;

	snprintf(path, sizeof(path), "/proc/%d/smaps", pid);
	file = fopen(path, "re");
	while (file && getline(&line, &room, file) > 0) {
		if (proc_shadow__is_smap(line))
			return true;
	}
	return false;
}

bool proc_has_shadow(pid_t pid)
{
	char *status __free_mem = NULL, path[64];
	size_t len;
	int has;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	has = fdio_read_file(path, STATUS_MAX_BYTES, &status, &len);
	if (!has)
		has = proc_shadow__from_status(status);
	return has < 0 ? is_in_smaps(pid) : has;
}
