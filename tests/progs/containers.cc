// SPDX-License-Identifier: Apache-2.0
/* A container that grows as it is filled, and one that was told how large it will be. For `heaptap why`. */
#include <cstdio>
#include <cstring>
#include <vector>

#include "site.h"

/* 500 numbers: blocks of 4, 8, 16 ... 2048 bytes. One in a hundred has 5000. */
SITE static void site_fill(int i)
{
	std::vector<int> v;

	for (int j = 0; j < (i % 100 ? 500 : 5000); j++)
		v.push_back(j);
	__asm__ volatile("" : : "r"(v.data()) : "memory");
}

SITE static void site_fill_not(int i)
{
	std::vector<int> v;

	v.reserve(5000);
	for (int j = 0; j < (i % 100 ? 500 : 5000); j++)
		v.push_back(j);
	__asm__ volatile("" : : "r"(v.data()) : "memory");
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	for (int i = 0; i < 1000; i++) {
		if (!strcmp(name, "grow"))
			site_fill(i);
		else if (!strcmp(name, "grow-not"))
			site_fill_not(i);
		else
			return 2;
	}
	return 0;
}
