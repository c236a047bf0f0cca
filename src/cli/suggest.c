// SPDX-License-Identifier: Apache-2.0
#include "cli/suggest.h"

#include <string.h>
#include <sys/param.h>

#define MAX_LEN 63

size_t suggest_distance(const char *a, const char *b)
{
	size_t rows[3][MAX_LEN + 1], a_len = strlen(a), b_len = strlen(b), i, j;
	size_t *before = rows[0], *above = rows[1], *here = rows[2], *spare;

	if (a_len > MAX_LEN || b_len > MAX_LEN)
		return (size_t)MAX_LEN * 2;
	for (j = 0; j <= b_len; j++)
		above[j] = j;
	for (i = 1; i <= a_len; i++) {
		here[0] = i;
		for (j = 1; j <= b_len; j++) {
			here[j] = MIN(MIN(above[j], here[j - 1]) + 1,
				      above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				here[j] = MIN(here[j], before[j - 2] + 1);
		}
		spare = before;
		before = above;
		above = here;
		here = spare;
	}
	return above[b_len];
}

void suggestion__consider(struct suggestion *sug, const char *name)
{
	size_t len = strlen(sug->word), distance = suggest_distance(sug->word, name);

	/* One slip in three letters still reads as the same word. A beginning of it does too. */
	if (len >= 2 && !strncmp(sug->word, name, len))
		distance = 1;
	if (distance > 1 + len / 4 || distance >= strlen(name) || distance >= sug->best_distance)
		return;
	sug->best = name;
	sug->best_distance = distance;
}
