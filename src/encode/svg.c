// SPDX-License-Identifier: Apache-2.0
/*
 * A static picture: no script, names and numbers as tooltips (title elements), dark where the
 * reader's system is. The look is that of the page (html.c); widths of text are known because it is
 * monospaced.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/utf8.h"
#include "base/vec.h"
#include "encode/flame.h"
#include "encode/flame_about.h"
#include "encode/flame_tree.h"
#include "encode/markup.h"

#define PICTURE_PX 1200.0
#define MARGIN_PX  10.0
#define ROW_PX     18.0
#define HEAD_PX    58.0
#define FOOT_PX    28.0
#define CHAR_PX    6.65 /* 11 px monospace, the widest of the usual fonts */
#define TEXT_PX    4.0  /* between a frame's edge and its name */
#define NARROW_PX  1.5  /* frames narrower than that are gathered */
#define UNSEEN_PX  0.3  /* and not drawn if they are narrower still together */
#define DEPTH_MAX  400  /* rows; deeper frames are gathered */

struct drawn { /* one box: a node, or so many of its children gathered */
	uint32_t node;
	uint32_t gathered;
	uint32_t depth;
	double x;
	double width;
};

struct picture {
	const struct profile *before;
	const struct profile *after;
	const struct encode_options *options;
	const struct flame_paths *paths;
	const struct flame_frames *frames;
	const struct flame_tree *tree;
	struct writer *writer;
	size_t metric;
	const char *unit;
	double *widths; /* by node, in the unit of the metric */
	double scale;   /* px per unit */
	uint32_t deepest;
	VEC(struct drawn) boxes;
};

/* --- which boxes
 * -------------------------------------------------------------------------------------- */

static int64_t before_of(const struct picture *p, uint32_t node)
{
	return flame_paths__is_diff(p->paths) ? flame_tree__total(p->tree, node, p->metric) : 0;
}

static int64_t total_of(const struct picture *p, uint32_t node)
{
	bool is_diff = flame_paths__is_diff(p->paths);

	return flame_tree__total(p->tree, node,
				 p->metric + (is_diff ? flame_paths__metric_cnt(p->paths) : 0));
}

/* Differences are as wide as the larger of before and after, node by node, so that nothing is
 * hidden. */
static int measure(struct picture *p)
{
	size_t cnt = flame_tree__cnt(p->tree), after = p->metric;

	p->widths = calloc(cnt, sizeof(*p->widths));
	if (!p->widths)
		return -ENOMEM;
	if (flame_paths__is_diff(p->paths))
		after += flame_paths__metric_cnt(p->paths);
	/* Children have larger numbers than their parents. */
	for (size_t i = cnt; i--;) {
		uint32_t node = (uint32_t)i;

		p->widths[node] += fmax((double)flame_tree__self(p->tree, node, p->metric),
					(double)flame_tree__self(p->tree, node, after));
		if (node)
			p->widths[flame_tree__node(p->tree, node)->parent] += p->widths[node];
	}
	if (p->widths[0] > 0)
		p->scale = (PICTURE_PX - 2 * MARGIN_PX) / p->widths[0];
	return 0;
}

struct child {
	uint32_t node;
	double width;
};

static int compare_children(const void *a, const void *b)
{
	const struct child *x = a, *y = b;

	if (x->width != y->width)
		return x->width > y->width ? -1 : 1;
	return x->node < y->node ? -1 : x->node > y->node;
}

static int add_children(struct picture *p, const struct drawn *parent)
{
	const struct flame_node *node = flame_tree__node(p->tree, parent->node);
	struct child *children __free_mem = calloc((size_t)node->child_cnt + 1, sizeof(*children));
	struct drawn box = { .depth = parent->depth + 1, .x = parent->x };
	double rest = 0;
	uint32_t i;
	int err = 0;

	if (!children)
		return -ENOMEM;
	for (i = 0; i < node->child_cnt; i++)
		children[i] =
			(struct child){ node->first_child + i, p->widths[node->first_child + i] };
	qsort(children, node->child_cnt, sizeof(*children), compare_children);
	for (i = 0; !err && i < node->child_cnt && box.depth < DEPTH_MAX; i++) {
		box.node = children[i].node;
		box.width = children[i].width * p->scale;
		if (box.width < NARROW_PX)
			break;
		err = vec__push(&p->boxes, box);
		box.x += box.width;
	}
	box.node = parent->node;
	for (; i < node->child_cnt && children[i].width > 0; i++) {
		box.gathered++;
		rest += children[i].width;
	}
	box.width = rest * p->scale;
	return !err && box.width >= UNSEEN_PX ? vec__push(&p->boxes, box) : err;
}

static int arrange(struct picture *p)
{
	struct drawn root = { .x = MARGIN_PX, .width = p->widths[0] * p->scale };
	int err = root.width > 0 ? vec__push(&p->boxes, root) : 0;

	for (size_t i = 0; !err && i < p->boxes.cnt; i++) {
		struct drawn box = p->boxes.at[i]; /* the vector may move */

		if (box.depth > p->deepest)
			p->deepest = box.depth;
		if (!box.gathered)
			err = add_children(p, &box);
	}
	return err;
}

/* --- boxes as text
 * -------------------------------------------------------------------------------------- */

static bool is_gathered(const struct picture *p, const struct drawn *box)
{
	return box->gathered ||
	       (box->node &&
		flame_frames__at(p->frames, flame_tree__node(p->tree, box->node)->frame)->flags &
			FLAME_GATHERED);
}

/* -1 (gone) .. 1 (new) */
static double change_of(const struct picture *p, uint32_t node)
{
	double before = (double)before_of(p, node), after = (double)total_of(p, node);
	double most = fmax(before, after);

	return most > 0 ? (after - before) / most : 0;
}

/* "new ", "gone ", "+12% " or "". */
static void append_change(const struct picture *p, uint32_t node, struct buf *ret)
{
	double before = (double)before_of(p, node), after = (double)total_of(p, node);
	double percent = before > 0 ? round(100 * (after - before) / before) : 0;

	if (!flame_paths__is_diff(p->paths))
		return;
	if (before <= 0 && after > 0)
		buf__append_str(ret, "new ");
	else if (after <= 0 && before > 0)
		buf__append_str(ret, "gone ");
	else if (percent != 0)
		buf__printf(ret, "%+.0f%% ", percent);
}

static void append_name(const struct picture *p, const struct drawn *box, struct buf *ret)
{
	const struct flame_node *node = flame_tree__node(p->tree, box->node);
	uint32_t cnt = box->gathered ? box->gathered : node->site;

	if (is_gathered(p, box))
		buf__printf(ret, "(%u %s frame%s)", cnt,
			    box->depth < DEPTH_MAX ? "small" : "deeper", cnt == 1 ? "" : "s");
	else
		buf__append_str(ret,
				box->node ? flame_frames__name(p->frames, node->frame) : "all");
}

static void put_place(struct picture *p, const struct drawn *box)
{
	const struct flame_node *node = flame_tree__node(p->tree, box->node);
	const struct flame_frame *frame = flame_frames__at(p->frames, node->frame);
	const char *file = flame_frames__str(p->frames, frame->file);
	const char *module =
		flame_frames__str(p->frames, flame_frames__module(p->frames, frame->module)->name);
	uint32_t line = node->site >> FLAME_SITE_LINE_SHIFT;

	if (file[0]) {
		writer__char(p->writer, '\n');
		markup_text(p->writer, file);
		if (line)
			writer__printf(p->writer, ":%u%s", line,
				       node->site & FLAME_SITE_LINES_DIFFER ? ", …" : "");
	}
	if (module[0]) {
		writer__char(p->writer, '\n');
		markup_text(p->writer, module);
	}
	if (node->site & FLAME_SITE_INLINED)
		writer__str(p->writer, "\ninlined");
}

/* One line of the tooltip: value and its share. */
static void put_value(struct picture *p, const char *what, double value, double whole)
{
	char text[32];

	writer__printf(p->writer, "\n%s%s", what, flame_about_value((int64_t)value, p->unit, text));
	if (whole > 0)
		writer__printf(p->writer, " (%.2f %%)", 100 * value / whole);
}

static void put_tooltip(struct picture *p, const struct drawn *box, const char *name)
{
	size_t after = p->metric;

	writer__str(p->writer, "<title>");
	markup_text(p->writer, name);
	if (is_gathered(p, box)) {
		put_value(p, "", box->width / p->scale, p->widths[0]);
		writer__str(p->writer, "</title>");
		return;
	}
	if (box->node)
		put_place(p, box);
	if (flame_paths__is_diff(p->paths)) {
		after += flame_paths__metric_cnt(p->paths);
		put_value(p, "before ", (double)before_of(p, box->node), (double)before_of(p, 0));
		put_value(p, "after ", (double)total_of(p, box->node), (double)total_of(p, 0));
	} else {
		put_value(p, "", (double)total_of(p, box->node), (double)total_of(p, 0));
	}
	if (flame_tree__self(p->tree, box->node, after))
		put_value(p, "self ", (double)flame_tree__self(p->tree, box->node, after),
			  (double)total_of(p, 0));
	writer__str(p->writer, "</title>");
}

/* As much of @text as @room_px holds, cut between characters. */
static void put_label(struct picture *p, const char *text, double room_px)
{
	size_t left = strlen(text), chars = 0, len,
	       room = room_px > 0 ? (size_t)(room_px / CHAR_PX) : 0;
	char cut[512];
	size_t cut_len = 0, fitting = 0;

	for (size_t at = 0; at < left && chars <= room; chars++) {
		len = utf8_char_len(text + at, left - at);
		at += len ? len : 1;
		if (chars + 1 < room && at < sizeof(cut) - 4)
			fitting = at;
		cut_len = at;
	}
	if (chars <= room && cut_len < sizeof(cut) - 4) {
		markup_text(p->writer, text);
	} else if (room >= 3) {
		memcpy(cut, text, fitting);
		memcpy(cut + fitting, "…", sizeof("…"));
		markup_text(p->writer, cut);
	}
}

static void put_class(struct picture *p, const struct drawn *box)
{
	const struct flame_frame *frame;

	/* In this order. NOLINTNEXTLINE(bugprone-branch-clone) */
	if (is_gathered(p, box)) {
		writer__char(p->writer, 'g');
	} else if (flame_paths__is_diff(p->paths)) {
		writer__printf(p->writer, "d%u", flame_change_shade(change_of(p, box->node)));
	} else if (!box->node) {
		writer__char(p->writer, 'g');
	} else {
		frame = flame_frames__at(p->frames, flame_tree__node(p->tree, box->node)->frame);
		if (frame->flags & FLAME_SYNTHETIC)
			writer__char(p->writer, 'g');
		else
			writer__printf(p->writer, "c%u", frame->colour);
	}
}

static int put_box(struct picture *p, const struct drawn *box)
{
	double y = HEAD_PX + (p->deepest - box->depth) * ROW_PX;
	struct buf *name __free(buf) = buf__new(0);
	bool inlined = box->node && !is_gathered(p, box) &&
		       flame_tree__node(p->tree, box->node)->site & FLAME_SITE_INLINED;

	if (!name)
		return -ENOMEM;
	if (!box->gathered)
		append_change(p, box->node, name);
	append_name(p, box, name);
	if (buf__error(name))
		return buf__error(name);
	writer__str(p->writer, "<g>");
	put_tooltip(p, box, buf__data(name));
	writer__printf(
		p->writer,
		"<rect x=\"%.2f\" y=\"%.0f\" width=\"%.2f\" height=\"%.0f\" rx=\"2\" class=\"",
		box->x, y, fmax(box->width - 0.7, 0.3), ROW_PX - 1);
	put_class(p, box);
	writer__str(p->writer, "\"/>");
	if (box->width > 3 * CHAR_PX + 2 * TEXT_PX) {
		writer__printf(p->writer, "<text x=\"%.2f\" y=\"%.1f\"%s>", box->x + TEXT_PX,
			       y + ROW_PX - 5.5, inlined ? " class=\"i\"" : "");
		put_label(p, buf__data(name), box->width - 2 * TEXT_PX);
		writer__str(p->writer, "</text>");
	}
	writer__str(p->writer, "</g>\n");
	return 0;
}

/* --- the picture
 * ---------------------------------------------------------------------------------------- */

static void put_colours(struct picture *p, enum flame_theme theme)
{
	bool used[FLAME_COLOUR_CNT] = {};

	if (flame_paths__is_diff(p->paths)) {
		for (uint32_t i = 0; i < FLAME_CHANGE_CNT; i++)
			writer__printf(p->writer, ".d%u{fill:%s}", i,
				       flame_change_colour(theme, i));
		return;
	}
	for (size_t i = 0; i < p->boxes.cnt; i++) {
		uint32_t node = p->boxes.at[i].node;

		if (node)
			used[flame_frames__at(p->frames, flame_tree__node(p->tree, node)->frame)
				     ->colour] = true;
	}
	for (uint32_t i = 0; i < FLAME_COLOUR_CNT; i++)
		if (used[i])
			writer__printf(p->writer, ".c%u{fill:%s}", i, flame_colour(theme, i));
}

static void put_style(struct picture *p)
{
	struct writer *w = p->writer;

	writer__str(w, "<style>text{font:11px ui-monospace,SFMono-Regular,Menlo,Consolas,"
		       "'DejaVu Sans Mono',monospace;fill:#231d18}.i{font-style:italic}"
		       ".t{font:600 17px ui-sans-serif,system-ui,'Segoe UI','DejaVu Sans',"
		       "sans-serif}.s{font:12px ui-sans-serif,system-ui,'Segoe UI','DejaVu Sans',"
		       "sans-serif;fill:#6d675f}.b{fill:#fdfcfa}.g{fill:#e9e5df}");
	put_colours(p, FLAME_LIGHT);
	writer__str(w, "@media (prefers-color-scheme:dark){text{fill:#f4f1ec}.s{fill:#9a9fa8}"
		       ".b{fill:#16181d}.g{fill:#31363f}");
	put_colours(p, FLAME_DARK);
	writer__str(w, "}g:hover rect{stroke:#888;stroke-width:1.5}</style>\n");
}

static void put_head(struct picture *p, const char *title)
{
	size_t type = flame_paths__type_of(p->paths, p->metric);
	struct flame_facts facts;
	char text[32];

	writer__printf(p->writer, "<text x=\"%.0f\" y=\"26\" class=\"t\">", MARGIN_PX);
	markup_text(p->writer, title);
	writer__printf(p->writer, "</text>\n<text x=\"%.0f\" y=\"45\" class=\"s\">", MARGIN_PX);
	markup_text(p->writer, profile__type_name(p->after, type));
	writer__char(p->writer, ' ');
	if (flame_paths__is_diff(p->paths))
		writer__printf(p->writer, "%s → ",
			       flame_about_value(before_of(p, 0), p->unit, text));
	writer__str(p->writer, flame_about_value(total_of(p, 0), p->unit, text));
	flame_about_facts(p->before, p->after, &facts);
	for (size_t i = 0; i < facts.cnt; i++) {
		writer__str(p->writer, " · ");
		markup_text(p->writer, facts.text[i]);
	}
	writer__str(p->writer, "</text>\n");
}

static int put_picture(struct picture *p)
{
	double height = HEAD_PX + (p->deepest + 1) * ROW_PX + FOOT_PX;
	struct buf *title __free(buf) = buf__new(0);
	struct writer *w = p->writer;
	int err = 0;

	if (!title)
		return -ENOMEM;
	flame_about_title(p->before, p->after, p->options, title);
	if (buf__error(title))
		return buf__error(title);
	writer__printf(w,
		       "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		       "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" "
		       "width=\"%.0f\" height=\"%.0f\" role=\"img\">\n<title>",
		       PICTURE_PX, height, PICTURE_PX, height);
	markup_text(w, buf__data(title));
	writer__str(w, "</title>\n");
	put_style(p);
	writer__printf(w, "<rect width=\"%.0f\" height=\"%.0f\" class=\"b\"/>\n", PICTURE_PX,
		       height);
	put_head(p, buf__data(title));
	for (size_t i = 0; !err && i < p->boxes.cnt; i++)
		err = put_box(p, &p->boxes.at[i]);
	writer__printf(
		w,
		"<text x=\"%.0f\" y=\"%.0f\" class=\"s\">%s. Hover a frame for its numbers."
		"</text>\n</svg>\n",
		MARGIN_PX, height - 10,
		flame_paths__is_diff(p->paths)
			? "Orange grew, blue shrank; widths are the larger of before and after"
			: "Width is what was allocated under a frame, colour its module");
	return err ? err : writer__error(w);
}

static int draw(struct picture *p)
{
	int err;

	for (size_t i = 0; p->options && i < flame_paths__metric_cnt(p->paths); i++)
		if (flame_paths__type_of(p->paths, i) == p->options->metric)
			p->metric = i;
	p->unit = profile__type_unit(p->after, flame_paths__type_of(p->paths, p->metric));
	err = measure(p);
	if (!err)
		err = arrange(p);
	if (!err)
		err = put_picture(p);
	free(p->widths);
	vec__done(&p->boxes);
	return err;
}

int flame_diff_svg(const struct profile *before, const struct profile *after,
		   const struct encode_options *options, struct writer *writer)
{
	struct flame_paths *paths __free(flame_paths) = NULL;
	struct flame_tree *tree __free(flame_tree) = NULL;
	int err = flame_paths_new(before, after, &paths);

	if (err)
		return err;
	err = flame_tree_build(paths, FLAME_NODES_MAX, &tree);
	if (err)
		return err;
	return draw(&(struct picture){
		.before = before,
		.after = after,
		.options = options,
		.paths = paths,
		.frames = flame_paths__frames(paths),
		.tree = tree,
		.writer = writer,
	});
}

int encode_svg(const struct profile *profile, const struct encode_options *options,
	       struct writer *writer)
{
	int err = flame_diff_svg(NULL, profile, options, writer);

	return err == FLAME_NO_COMMON_TYPE ? -EINVAL : err;
}
