// SPDX-License-Identifier: Apache-2.0
#include "worker/lately.h"

#include <fcntl.h>
#include <malloc.h>
#include <string.h>
#include <unistd.h>

/* So many, and together no more memory than this: what is kept is there for nothing most of the time. */
#define KEPT_MAX       12u
#define KEPT_MAX_BYTES ((size_t)48 << 20)
/* Who takes less is opened anew in no time, and would only drive out the others. */
#define KEPT_MIN_BYTES ((size_t)256 << 10)
/* Half of what a process in a sandbox may open. */
#define KEPT_MAX_FDS   32
/* What was found is kept as well, though it is not asked for again. */
#define PLACES_MAX     20000u

static struct kept {
	struct lately_key key;
	struct symbolizer *sym;
	uint32_t file;
	size_t its_bytes;
} all[KEPT_MAX]; /* the latest last */
static size_t kept_cnt;

static void take_out(size_t i)
{
	memmove(&all[i], &all[i + 1], (--kept_cnt - i) * sizeof(*all));
}

struct symbolizer *lately_take(const struct lately_key *key, uint32_t *ret_file, size_t *ret_bytes)
{
	struct symbolizer *sym;
	size_t i;

	for (i = 0; i < kept_cnt; i++) {
		if (memcmp(&all[i].key, key, sizeof(*key)) != 0)
			continue;
		sym = all[i].sym;
		*ret_file = all[i].file;
		*ret_bytes = all[i].its_bytes;
		take_out(i);
		return sym;
	}
	return NULL;
}

static void drop_oldest(void)
{
	symbolizer__free(all[0].sym);
	take_out(0);
}

size_t lately_used_bytes(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

/* Numbers of descriptors are given out from below. */
static bool too_many_are_open(void)
{
	int next = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);

	if (next >= 0)
		close(next);
	return next < 0 || next >= KEPT_MAX_FDS;
}

/* Is it worth its room? */
static bool is_worth_it(const struct symbolizer *sym, size_t its_bytes)
{
	struct symbolizer_stats stats;

	symbolizer__stats(sym, &stats);
	return its_bytes >= KEPT_MIN_BYTES && stats.resolved_cnt <= PLACES_MAX;
}

void lately_keep(const struct lately_key *key, struct symbolizer *sym, uint32_t file,
		 size_t its_bytes)
{
	if (!is_worth_it(sym, its_bytes)) {
		symbolizer__free(sym);
		return;
	}
	if (kept_cnt == KEPT_MAX)
		drop_oldest();
	all[kept_cnt++] = (struct kept){ *key, sym, file, its_bytes };
	while (kept_cnt && (lately_used_bytes() > KEPT_MAX_BYTES || too_many_are_open()))
		drop_oldest();
}

void lately_forget(void)
{
	while (kept_cnt)
		drop_oldest();
}
