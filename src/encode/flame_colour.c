// SPDX-License-Identifier: Apache-2.0
/*
 * 16 hues of even lightness (OKLCH L 0.83 on white, 0.52 on black), 3 shades of each, so that text
 * stays readable on all of them and no module shouts. A module keeps its hue in every profile.
 */
#include "encode/flame_colour.h"

#include <math.h>
#include <string.h>

#include "base/hash.h"

enum { HUE_MAIN, HUE_KERNEL, HUE_FIRST_HASHED, HUE_CNT = 16, SHADE_CNT = 3 };

/* Chosen so that the libraries seen most often get hues far apart. */
#define MODULE_SALT 276488

static const char *const palettes[FLAME_THEME_CNT][FLAME_COLOUR_CNT] = {
	[FLAME_LIGHT] = {
		"#ffb16c", "#fdab61", "#f2a556", "#ffaba3", "#ffa498", "#f69d8d",
		"#e2c384", "#d7bd7d", "#cdb675", "#cfcb87", "#c5c481", "#babe7b",
		"#bad293", "#afcb8e", "#a4c489", "#a4d7a4", "#99d0a0", "#8ec99b",
		"#91dab7", "#87d2b3", "#7ccbae", "#83dacc", "#79d2c7", "#70cac2",
		"#7dd9de", "#75d1d9", "#6ec8d4", "#82d6ed", "#7ccde8", "#76c5e2",
		"#8ed1f9", "#89c8f3", "#85bfec", "#a0cbff", "#9bc2f8", "#97b9f1",
		"#b3c4ff", "#afbcf9", "#aab3f0", "#c8bdfc", "#c3b5f3", "#beacea",
		"#dbb7f1", "#d5afe7", "#d0a7dd", "#ecb2de", "#e6aad3", "#dfa2c9",
	},
	[FLAME_DARK] = {
		"#b15c1c", "#a75605", "#9d5000", "#9d4e49", "#95473f", "#8d4134",
		"#7f6528", "#765f20", "#6d5917", "#706b2c", "#676526", "#5d5f1f",
		"#5e7138", "#546b34", "#4a642f", "#48764a", "#3d6f46", "#336842",
		"#33785b", "#277157", "#196a52", "#1c796d", "#0a7168", "#006a64",
		"#10777c", "#007077", "#006872", "#1c7489", "#146c84", "#0b647e",
		"#317093", "#2d688d", "#296086", "#456b99", "#416392", "#3e5b8a",
		"#58659a", "#545d92", "#50558a", "#6a6096", "#65588d", "#615084",
		"#795a8c", "#745283", "#6f4b7a", "#87567c", "#814e73", "#7b4769",
	},
};

static const char *const changes[FLAME_THEME_CNT][FLAME_CHANGE_CNT] = {
	[FLAME_LIGHT] = {
		"#5296de", "#649fdd", "#76a8dd", "#88b1dc", "#9abadc", "#abc3db",
		"#bdccda", "#cfd5da", "#e1ded9", "#e2d1c2", "#e4c4ac", "#e5b695",
		"#e6a97e", "#e89c68", "#e98e51", "#eb813b", "#ec7424",
	},
	[FLAME_DARK] = {
		"#1e69b2", "#2264a5", "#266098", "#2a5b8c", "#2e567f", "#325172",
		"#364c66", "#3a4859", "#3e434c", "#4f4544", "#60473c", "#704934",
		"#814c2c", "#924e24", "#a2501c", "#b35214", "#c4540c",
	},
};

_Static_assert(FLAME_COLOUR_CNT == HUE_CNT * SHADE_CNT, "a colour per hue and shade");

const char *flame_colour(enum flame_theme theme, uint32_t colour)
{
	return palettes[theme][colour % FLAME_COLOUR_CNT];
}

uint32_t flame_colour_of_module(const char *module, enum flame_origin origin)
{
	uint32_t hue = HUE_FIRST_HASHED;

	if (origin == FLAME_ORIGIN_MAIN)
		hue = HUE_MAIN;
	else if (origin == FLAME_ORIGIN_KERNEL)
		hue = HUE_KERNEL;
	else
		hue += hash_combine(MODULE_SALT, hash_bytes(module, strlen(module))) %
		       (HUE_CNT - HUE_FIRST_HASHED);
	return hue * SHADE_CNT;
}

uint32_t flame_colour_of_function(uint32_t module_colour, const char *name)
{
	return module_colour + hash_bytes(name, strlen(name)) % SHADE_CNT;
}

/* The curve spreads small changes: most are. assets/flame_paint.js has the same. */
uint32_t flame_change_shade(double ratio)
{
	double middle = (FLAME_CHANGE_CNT - 1) / 2.0, strength = pow(fmin(fabs(ratio), 1), 0.6);

	return (uint32_t)lround(middle + copysign(strength * middle, ratio));
}

const char *flame_change_colour(enum flame_theme theme, uint32_t shade)
{
	return changes[theme][shade % FLAME_CHANGE_CNT];
}
