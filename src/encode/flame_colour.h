/* SPDX-License-Identifier: Apache-2.0 */
/* Colours of frames: a hue by module, a shade by function; the same in every picture and every run.
 */
#pragma once

#include <stdint.h>

enum flame_theme { FLAME_LIGHT, FLAME_DARK, FLAME_THEME_CNT };

enum flame_origin {
	FLAME_ORIGIN_LIBRARY,
	FLAME_ORIGIN_MAIN, /* the program itself: the one hue of fire */
	FLAME_ORIGIN_KERNEL,
};

#define FLAME_COLOUR_CNT 48

/* Shades from "gone" over "unchanged" to "new": blue, grey, orange, which the colour-blind can tell
 * apart. */
#define FLAME_CHANGE_CNT 17

/* "#rrggbb" */
const char *flame_colour(enum flame_theme theme, uint32_t colour);
/* The first of a module's shades. @module without version numbers, so that an upgrade keeps it. */
uint32_t flame_colour_of_module(const char *module, enum flame_origin origin);
uint32_t flame_colour_of_function(uint32_t module_colour, const char *name);

/* Which shade a change has: @ratio -1 (gone) .. 0 .. 1 (new). 0 .. FLAME_CHANGE_CNT - 1. */
uint32_t flame_change_shade(double ratio);
/* "#rrggbb" */
const char *flame_change_colour(enum flame_theme theme, uint32_t shade);
