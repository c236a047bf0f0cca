// SPDX-License-Identifier: Apache-2.0
#include "proc/proc_owner.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define CONTAINER_DIGITS 64
#define UUID_DIGITS      32

struct part {
	const char *at;
	size_t len;
};

static bool next_part(const char **pos, struct part *ret)
{
	*pos += strspn(*pos, "/");
	ret->at = *pos;
	ret->len = strcspn(*pos, "/");
	*pos += ret->len;
	return ret->len > 0;
}

static bool ends_in(const struct part *part, const char *suffix)
{
	size_t len = strlen(suffix);

	return part->len > len && !memcmp(part->at + part->len - len, suffix, len);
}

static void copy(char *to, size_t size, const char *from, size_t len)
{
	snprintf(to, size, "%.*s", (int)(len < size ? len : size - 1), from);
}

/* "docker-HEX.scope", "cri-containerd-HEX.scope", "HEX", "HEX:cri-containerd:...": 64 digits,
 * bounded. */
static bool take_container(const struct part *part, struct proc_owner *owner)
{
	size_t i, run = 0;

	for (i = 0; i <= part->len; i++) {
		if (i < part->len && isxdigit((unsigned char)part->at[i])) {
			run++;
			continue;
		}
		if (run == CONTAINER_DIGITS) {
			copy(owner->container, sizeof(owner->container), part->at + i - run, run);
			return true;
		}
		run = 0;
	}
	return false;
}

/* "pod1234...", "kubepods-besteffort-pod1234_....slice": a UUID whose dashes systemd's names cannot
 * have. */
static void take_pod(const struct part *part, struct proc_owner *owner)
{
	const char *pod = part->at, *end = part->at + part->len;
	char uuid[PROC_POD_SIZE];
	size_t len = 0, digits = 0;

	while ((pod = memmem(pod, (size_t)(end - pod), "pod", 3))) {
		pod += 3;
		for (len = digits = 0; pod + len < end && len < sizeof(uuid) - 1; len++) {
			char c = pod[len];

			if (!isxdigit((unsigned char)c) && c != '-' && c != '_')
				break;
			digits += !!isxdigit((unsigned char)c);
			uuid[len] = (char)(c == '_' ? '-' : c);
		}
		if (digits == UUID_DIGITS) {
			copy(owner->pod, sizeof(owner->pod), uuid, len);
			return;
		}
	}
}

void proc_owner__parse(const char *cgroup_path, struct proc_owner *ret)
{
	struct proc_owner owner = {};
	const char *pos = cgroup_path;
	struct part part;

	while (next_part(&pos, &part)) {
		if (take_container(&part, &owner))
			continue;
		take_pod(&part, &owner);
		if (ends_in(&part, ".service") || ends_in(&part, ".scope"))
			copy(owner.unit, sizeof(owner.unit), part.at, part.len);
	}
	*ret = owner;
}

const char *proc_environ_find(const char *environment, size_t len_bytes, const char *name)
{
	const char *at = environment, *end = environment + len_bytes;
	size_t name_len = strlen(name), len;

	for (; at < end; at += len + 1) {
		len = strnlen(at, (size_t)(end - at));
		if (at + len == end)
			return NULL;
		if (len > name_len && at[name_len] == '=' && !memcmp(at, name, name_len))
			return at + name_len + 1;
	}
	return NULL;
}
