/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of a test's own, with nothing but files in it: for cmocka_unit_test_setup_teardown(). */
#pragma once

/* Its path, while a test runs. */
extern char temp_dir[];

int temp_dir_make(void **state);
int temp_dir_remove(void **state);
