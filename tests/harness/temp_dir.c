// SPDX-License-Identifier: Apache-2.0
#include "harness/temp_dir.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

char temp_dir[64];

int temp_dir_make(void **state)
{
	snprintf(temp_dir, sizeof(temp_dir), "/tmp/heaptap-unit-XXXXXX");
	return mkdtemp(temp_dir) ? 0 : -1;
}

int temp_dir_remove(void **state)
{
	DIR *stream = opendir(temp_dir);
	struct dirent *entry;

	if (!stream)
		return -1;
	while ((entry = readdir(stream)))
		unlinkat(dirfd(stream), entry->d_name, 0);
	closedir(stream);
	return rmdir(temp_dir);
}
