/* SPDX-License-Identifier: Apache-2.0 */
/* How cli/ wants text: what every view takes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct view_style {
	size_t width; /* of the terminal; 0: none, lines as long as they get */
	bool colored;
	bool exact; /* numbers in full, without units */
};
