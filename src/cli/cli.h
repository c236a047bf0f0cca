/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Do what the command line says. The exit status of the program, see enum exit_status. */
int cli_main(int argc, char **argv);
