// SPDX-License-Identifier: Apache-2.0
#include "base/buf.h"
#include "cli/command.h"
#include "cli/output.h"
#include "session/doctor.h"

int cmd_doctor(const struct options *opts)
{
	struct buf *text __free(buf) = buf__new(0);
	bool ok;
	int status;

	if (!text)
		return EXIT_FAILED;
	ok = doctor_examine(text);
	status = output_write(text);
	return status ? status : ok ? EXIT_OK : EXIT_PRIVILEGE;
}
