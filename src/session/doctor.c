// SPDX-License-Identifier: Apache-2.0
#include "session/doctor.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "abi/config.h"
#include "base/cleanup.h"
#include "base/fdio.h"
#include "base/units.h"
#include "kernel/features.h"
#include "kernel/tracer.h"
#include "session/privileges.h"

/* Needed: without it nothing works. Better: it works, at more cost or with less. */
enum need { NEEDED, BETTER };

static void say(struct buf *out, const char *verdict, const char *what, const char *more)
{
	buf__printf(out, "%-7s %s%s%s\n", verdict, what, *more ? ": " : "", more);
}

static bool examine_feature(struct buf *out, enum feature feature, enum need need)
{
	char more[512];

	if (feature_has(feature)) {
		say(out, "ok", feature_title(feature), "");
		return true;
	}
	snprintf(more, sizeof(more), "%s; %s", strerror(-feature_error(feature)),
		 feature_remedy(feature));
	say(out, need == NEEDED ? "MISSING" : "without", feature_title(feature), more);
	return need != NEEDED;
}

/* Load the real programs, in the mode a plain `record` uses. */
static bool examine_load(struct buf *out)
{
	struct tracer_options options = tracer_options_least();
	struct tracer *tracer __free(tracer) = NULL;
	enum tracer_open_error why;
	int err;

	options.live = true;
	err = tracer__open(&options, &tracer, &why);
	if (!err) {
		say(out, "ok", "the tracing programs load",
		    tracer_backend_name(tracer__backend(tracer)));
		return true;
	}
	say(out, "MISSING", "the tracing programs do not load", strerror(-err));
	buf__append_str(out, tracer_last_log());
	return false;
}

static void examine_names(struct buf *out)
{
	const char *urls = getenv("DEBUGINFOD_URLS");

	say(out, access("/usr/lib/debug/.build-id", R_OK) ? "without" : "ok",
	    "debug symbols in /usr/lib/debug",
	    access("/usr/lib/debug/.build-id", R_OK)
		    ? "functions without symbols show as file+offset; install -dbgsym or -dbg "
		      "packages"
		    : "");
	if (urls && *urls)
		say(out, "ok", "debuginfod", urls);
	else
		say(out, "without", "debuginfod",
		    "off; set DEBUGINFOD_URLS to fetch symbols, e.g. "
		    "https://debuginfod.debian.net");
}

/* What is known to be less on this machine than on x86_64. */
static void examine_machine(struct buf *out, const char *machine)
{
	if (!strcmp(machine, "aarch64"))
		say(out, "without", "frames of code that has no call frame information",
		    "on arm64 it is walked by its frame pointers, as musl and assembly are");
}

bool doctor_examine(struct buf *out)
{
	struct utsname uts;
	bool ok = true;

	uname(&uts);
	buf__printf(out, "heaptap %s on Linux %s, %s, %ld CPUs\n", HEAPTAP_VERSION, uts.release,
		    uts.machine, sysconf(_SC_NPROCESSORS_ONLN));
	examine_machine(out, uts.machine);
	if (privileges_examine(out))
		say(out, "ok", "CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH", "");
	ok &= examine_feature(out, FEATURE_BTF, NEEDED);
	ok &= examine_feature(out, FEATURE_BPF, NEEDED);
	ok &= examine_feature(out, FEATURE_HOST_PIDS, NEEDED);
	if (ok) {
		ok &= examine_feature(out, FEATURE_UPROBE_PERF,
				      feature_has(FEATURE_UPROBE_MULTI) ? BETTER : NEEDED);
		examine_feature(out, FEATURE_UPROBE_MULTI, BETTER);
		examine_feature(out, FEATURE_UPROBE_MULTI_PID, BETTER);
		examine_feature(out, FEATURE_UPROBE_SESSION, BETTER);
		examine_feature(out, FEATURE_RETURN_UNDER_SECCOMP, BETTER);
		examine_feature(out, FEATURE_RETURN_BESIDE_SHADOW, BETTER);
		ok &= examine_load(out);
	}
	examine_names(out);
	buf__append_str(out, ok ? "heaptap record works here\n"
				: "heaptap record does not work here; see MISSING above\n");
	return ok;
}
