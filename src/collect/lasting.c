// SPDX-License-Identifier: Apache-2.0
#include "collect/lasting.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi/stack.h"
#include "base/hashmap.h"
#include "base/intern.h"
#include "base/vec.h"

struct lasting {
	struct intern *names;
	VEC(struct hashmap *) images; /* by number: frame -> what lasts; NULL: none was noted */
};

struct lasting *lasting__new(void)
{
	struct lasting *lasting __free(lasting) = calloc(1, sizeof(*lasting));

	if (!lasting)
		return NULL;
	lasting->names = intern__new();
	return lasting->names ? TAKE_PTR(lasting) : NULL;
}

void lasting__free(struct lasting *lasting)
{
	size_t i;

	if (!lasting)
		return;
	for (i = 0; i < lasting->images.cnt; i++)
		hashmap__free(lasting->images.at[i]);
	vec__done(&lasting->images);
	intern__free(lasting->names);
	free(lasting);
}

/* "[anon]+0x12f0" is told by where a mapping happened to be: the part of @name that any other process could have. */
static size_t common_len(const char *name)
{
	const char *end = *name == '[' ? strstr(name, "]+0x") : NULL;

	return end ? (size_t)(end + 1 - name) : strlen(name);
}

static int name_frame(struct lasting *lasting, const char *name, uint64_t *ret)
{
	char *common __free_mem = strndup(name, common_len(name));
	uint32_t number = 0;
	int err = 0;

	if (!common)
		return -ENOMEM;
	if (strcmp(common, "[anon]") != 0 && intern__find(lasting->names, common, &number) &&
	    intern__cnt(lasting->names) < LASTING_NAMES_MAX)
		err = intern__add(lasting->names, common, &number);
	if (!err)
		*ret = FRAME_OF_ADDR(number);
	return err;
}

int lasting__note(struct lasting *lasting, uint32_t image, uint64_t frame, uint64_t in_file,
		  const char *name)
{
	struct hashmap **frames;
	uint64_t known;
	int err = 0;

	while (!err && lasting->images.cnt <= image)
		err = vec__push(&lasting->images, (struct hashmap *)NULL);
	if (err)
		return err;
	frames = &lasting->images.at[image];
	if (!*frames)
		*frames = hashmap__new();
	if (!*frames)
		return -ENOMEM;
	if (hashmap__get(*frames, frame, &known))
		return 0;
	err = in_file ? 0 : name_frame(lasting, name, &in_file);
	return err ? err : hashmap__set(*frames, frame, in_file);
}

uint64_t lasting__frame(const struct lasting *lasting, uint32_t image, uint64_t frame)
{
	uint64_t known;

	if (image < lasting->images.cnt && lasting->images.at[image] &&
	    hashmap__get(lasting->images.at[image], frame, &known))
		return known;
	return FRAME_OF_ADDR(0);
}

const char *lasting__name(const struct lasting *lasting, uint64_t frame)
{
	const char *name = intern__str(lasting->names, (uint32_t)FRAME_ADDR(frame));

	return *name ? name : "[anon]";
}

void lasting__forget(struct lasting *lasting, uint32_t image)
{
	if (image >= lasting->images.cnt)
		return;
	hashmap__free(TAKE_PTR(lasting->images.at[image]));
}
