// SPDX-License-Identifier: Apache-2.0
#include "proc/proc_shadow.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

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
	static const char key[] = "\nx86_Thread_features:";
	const char *line = strstr(status, key);

	return line ? has_word(line + sizeof(key) - 1, "shstk") : -ENODATA;
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
	char status[8192], path[64];
	FILE *file __close_file = NULL;
	int has;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	status[fread(status, 1, sizeof(status) - 1, file)] = '\0';
	has = proc_shadow__from_status(status);
	return has < 0 ? is_in_smaps(pid) : has;
}
