/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process that reads what traced programs brought along. ELF, DWARF and mangled names are other people's bytes, and the
 * parsers of them large; they run where a fault in them has nothing to take: a child (worker_child.h) without privileges,
 * files or network, with a bound on memory, that is given open descriptors and gives back bounded bytes.
 *
 * A request that kills the child, or takes too long, costs what was asked, and the file is not read again; the next request
 * has a new child. After too many of them there are no more, and every request fails.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "elf/build_id.h"
#include "symbolize/symbolizer.h"
#include "target/target.h"
#include "unwind/unwind_table.h"

struct worker;

struct worker_options {
	const char *
		program; /* what to run as the child; NULL: ourselves (main() has to ask worker_child_is()) */
	uint64_t memory_bytes; /* for the child; 0: no bound */
	uint64_t patience_ns;  /* for one request */
	unsigned start_max;    /* children that may be begun in all, the first included */
	bool is_lazy;          /* the first is begun when something is asked */
};

struct worker_options worker_options_default(void);

/* Starts the child. 0; -EPERM: it runs, but could not lock itself in; or -errno. */
int worker__new(const struct worker_options *options, struct worker **ret);
void worker__free(struct worker *worker);
DEFINE_CLEANUP(worker);

/*
 * The table and the build id of the file open as @fd, as unwind_table__build_within(). 0; UNWIND_NO_CFI, and @ret is NULL;
 * -EIO: the child died of it, took too long, or there is none any more; or -errno. @ret_id is empty if there is none.
 */
int worker__table(struct worker *worker, int fd, size_t rows_max, struct unwind_table **ret,
		  struct build_id *ret_id);

/*
 * The same in two steps, between which nobody waits; nothing else may be asked meanwhile (-EBUSY). 0 or an error, as above:
 * then nothing was begun.
 */
int worker__begin_table(struct worker *worker, int fd, size_t rows_max);
/* What was begun ends here, waited for if it must be. As worker__table(). */
int worker__end_table(struct worker *worker, struct unwind_table **ret, struct build_id *ret_id);
/* Ready to be read once worker__end_table() has not to wait. The worker's. */
int worker__fd(const struct worker *worker);
/* It has taken longer than there is patience: worker__end_table() gives it up. @now_ns is of CLOCK_MONOTONIC. */
bool worker__is_late(const struct worker *worker, uint64_t now_ns);

/* For symbolizer_opts.reader. */
struct sym_reader worker__reader(struct worker *worker);

/* For target_set__new(). Of the functions it knows only those that come without prefixes of one's own. */
struct target_reader worker__target_reader(struct worker *worker);

struct worker_stats {
	uint64_t request_cnt;
	uint64_t death_cnt;   /* children that ended in the middle of a request */
	uint64_t late_cnt;    /* ... that were ended, being late */
	uint64_t large_cnt;   /* requests that needed more memory than there may be */
	uint64_t refused_cnt; /* requests that nobody was there for */
};
void worker__stats(const struct worker *worker, struct worker_stats *ret);
