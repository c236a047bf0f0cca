// SPDX-License-Identifier: Apache-2.0
/* live CNT: for each byte on standard input, CNT blocks more that stay. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	size_t cnt = argc > 1 ? strtoull(argv[1], NULL, 0) : 1000000, i;
	void **last = NULL, **block;
	char byte;

	puts("ready");
	fflush(stdout);
	while (read(0, &byte, 1) == 1) {
		for (i = 0; i < cnt; i++) {
			block = malloc(32);
			if (!block)
				return 1;
			*block = last;
			last = block;
		}
		puts("done");
		fflush(stdout);
	}
	return 0;
}
