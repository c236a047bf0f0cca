// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"
#include "worker/worker_child.h"

int main(int argc, char **argv)
{
	if (worker_child_is(argc, argv))
		return worker_child_run(argv, worker_child_answer);
	return cli_main(argc, argv);
}
