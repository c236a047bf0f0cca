// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "cli/command.h"
#include "cli/load_profile.h"
#include "cli/output.h"
#include "encode/pprof_check.h"
#include "view/table.h"
#include "view/text.h"

static void write_finding(const struct pprof_finding *finding, bool colored, struct buf *out)
{
	bool is_error = finding->rule->severity == PPROF_ERROR;

	table_styled(out, is_error ? "error" : "warning", is_error ? TABLE_RED : TABLE_YELLOW,
		     colored);
	buf__append_str(out, ": ");
	table_styled(out, finding->rule->id, TABLE_BOLD, colored);
	buf__printf(out, ": %s (%" PRIu64 "×, first: ", finding->rule->message, finding->cnt);
	text_append_safe(out, finding->first, strlen(finding->first));
	buf__append_str(out, ")\n");
}

static int write_findings(const struct options *opts, const struct pprof_report *report)
{
	size_t errors = pprof_report__severity_cnt(report, PPROF_ERROR), i;
	size_t warnings = pprof_report__severity_cnt(report, PPROF_WARNING);
	struct buf *out __free(buf) = buf__new(0);
	int status;

	if (!out)
		return -ENOMEM;
	for (i = 0; i < pprof_report__cnt(report); i++)
		write_finding(pprof_report__at(report, i), output_colored(opts), out);
	text_append_safe(out, opts->operands[0], strlen(opts->operands[0]));
	if (errors || warnings)
		buf__printf(out, ": %zu error%s, %zu warning%s\n", errors, errors == 1 ? "" : "s",
			    warnings, warnings == 1 ? "" : "s");
	else
		buf__append_str(out, ": obeys every rule\n");
	status = output_write(out);
	return status ? status : errors ? EXIT_FAILED : EXIT_OK;
}

int cmd_check(const struct options *opts)
{
	struct pprof_report *report __free(pprof_report) = NULL;
	struct load_source source = { .fd = -1 };
	int err = load_open(opts->operands[0], &source);
	int fd __close_fd = source.fd;

	if (!err)
		err = load_report(&source, pprof_check_fd(fd, source.limits, &report));
	return err ? err : write_findings(opts, report);
}
