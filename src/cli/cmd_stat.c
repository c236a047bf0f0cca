// SPDX-License-Identifier: Apache-2.0
/* heaptap stat: how much is allocated, a line per interval, while it happens. */
#include "cli/command.h"
#include "cli/tracing.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"
#include "base/units.h"

#define HEADING_EVERY 20 /* lines: a terminal is not much higher */

struct stat_out {
	bool json;
	const char *op;
	size_t line_cnt;
	struct session_totals last;
};

static double per(uint64_t amount, uint64_t cnt)
{
	return cnt ? (double)amount / (double)cnt : 0;
}

/* What happened between two readings; what lives is not a difference. */
static struct session_totals since(const struct session_totals *now,
				   const struct session_totals *then)
{
	struct session_totals diff = *now;

	diff.time_ns -= then->time_ns;
	diff.alloc_cnt -= then->alloc_cnt;
	diff.alloc_bytes -= then->alloc_bytes;
	diff.free_cnt -= then->free_cnt;
	diff.op_cnt -= then->op_cnt;
	diff.op_alloc_cnt -= then->op_alloc_cnt;
	diff.op_bytes -= then->op_bytes;
	return diff;
}

static const char *cnt_text(double cnt, char out[static 16])
{
	return units_format_cnt((int64_t)(cnt + 0.5), out);
}

static const char *bytes_text(double bytes, char out[static 16])
{
	return units_format_bytes((int64_t)(bytes + 0.5), out);
}

static void print_heading(const struct stat_out *out)
{
	printf("%8s %10s %12s %10s %10s %10s %12s", "time", "allocs/s", "bytes/s", "mean size",
	       "frees/s", "live", "live bytes");
	if (out->op)
		printf(" %10s %11s %12s", "ops/s", "allocs/op", "bytes/op");
	putchar('\n');
}

static void print_line(struct stat_out *out, const struct session_totals *now)
{
	struct session_totals diff = since(now, &out->last);
	double seconds = (double)diff.time_ns / 1e9;
	char a[16], b[16], c[16], d[16], e[16], f[16], t[16];

	if (seconds <= 0)
		return;
	if (out->line_cnt++ % HEADING_EVERY == 0)
		print_heading(out);
	snprintf(t, sizeof(t), "%.1fs", (double)now->time_ns / 1e9);
	printf("%8s %10s %12s %10s %10s %10s %12s", t,
	       cnt_text((double)diff.alloc_cnt / seconds, a),
	       bytes_text((double)diff.alloc_bytes / seconds, b),
	       bytes_text(per(diff.alloc_bytes, diff.alloc_cnt), c),
	       cnt_text((double)diff.free_cnt / seconds, d), cnt_text((double)now->live_cnt, e),
	       bytes_text((double)now->live_bytes, f));
	if (out->op)
		printf(" %10s %11.2f %12s", cnt_text((double)diff.op_cnt / seconds, a),
		       per(diff.op_alloc_cnt, diff.op_cnt),
		       bytes_text(per(diff.op_bytes, diff.op_cnt), b));
	putchar('\n');
}

/* Totals, from which a reader makes the rates it wants. */
static void print_json(const struct stat_out *out, const struct session_totals *now)
{
	printf("{\"seconds\":%.6f,\"alloc_objects\":%" PRIu64 ",\"alloc_space\":%" PRIu64
	       ",\"free_objects\":%" PRIu64 ",\"inuse_objects\":%" PRIu64
	       ",\"inuse_space\":%" PRIu64,
	       (double)now->time_ns / 1e9, now->alloc_cnt, now->alloc_bytes, now->free_cnt,
	       now->live_cnt, now->live_bytes);
	if (out->op)
		printf(",\"ops\":%" PRIu64 ",\"op_alloc_objects\":%" PRIu64
		       ",\"op_alloc_space\":%" PRIu64,
		       now->op_cnt, now->op_alloc_cnt, now->op_bytes);
	puts("}");
}

static void print_summary(const struct stat_out *out, const struct session_totals *all)
{
	char bytes[16], live[16];

	printf("total: %" PRIu64 " allocations, %s in %.1fs; %" PRIu64 " frees; live: %" PRIu64
	       " objects, %s\n",
	       all->alloc_cnt, bytes_text((double)all->alloc_bytes, bytes),
	       (double)all->time_ns / 1e9, all->free_cnt, all->live_cnt,
	       bytes_text((double)all->live_bytes, live));
	if (out->op)
		printf("%s: %" PRIu64 " calls, %.2f allocs/op, %.0f B/op\n", out->op, all->op_cnt,
		       per(all->op_alloc_cnt, all->op_cnt), per(all->op_bytes, all->op_cnt));
}

static void on_totals(const struct session_totals *totals, bool is_last, void *ctx)
{
	struct stat_out *out = ctx;

	if (out->json)
		print_json(out, totals);
	else if (is_last)
		print_summary(out, totals);
	else
		print_line(out, totals);
	fflush(stdout);
	out->last = *totals;
}

int cmd_stat(const struct options *opts)
{
	struct stat_out out = { .json = opts->json, .op = opts->op };
	struct tracing tracing __tracing = {};
	struct session_result result = {};
	int status = tracing__init(&tracing, opts);

	if (!status && opts->op && !opts->pids.cnt && !opts->operand_cnt) {
		log_err(0, "stat: --op needs to know the program: -p PID or -- CMD");
		status = EXIT_USAGE;
	}
	if (status)
		return status;
	/* Without stacks a call within another cannot be told from one that was not kept: all are. */
	tracing.config.sample_bytes = SAMPLE_EXACT;
	tracing.config.on_totals = on_totals;
	tracing.config.ctx = &out;
	tracing.config.interval_ns = opts->interval_ns;
	tracing.config.op = opts->op;
	status = tracing_exit_status(session_stat(&tracing.config, &result));
	return status ? status : result.cmd_status > 0 ? result.cmd_status : EXIT_OK;
}
