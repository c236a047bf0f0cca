// SPDX-License-Identifier: Apache-2.0
/* For test-own: 50,000 nodes of 32 bytes in one line, a buffer that doubles 13 times in another. */
#include <stdlib.h>
#include <string.h>

struct node {
	struct node *next;
	char name[24];
};

static struct node *head;

static void push(const char *name)
{
	struct node *node = malloc(sizeof(*node)); /* here: push */

	memcpy(node->name, name, sizeof("node"));
	node->next = head;
	head = node;
}

static char *grow(size_t last)
{
	char *text = NULL;
	size_t size;

	for (size = 1; size <= last; size *= 2)
		text = realloc(text, size * 1024); /* here: grow */
	return text;
}

int main(void)
{
	int i;

	for (i = 0; i < 50000; i++)
		push("node"); /* here: main */
	free(grow(4096));
	return head->name[0] != 'n';
}
