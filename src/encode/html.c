// SPDX-License-Identifier: Apache-2.0
/*
 * The interactive page: a template with the style, the scripts and the data filled in. It may load
 * nothing and run nothing but the scripts whose hashes it names, so even a name that got past the
 * escaping would stay text. README has the layout of the data.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/sha256.h"
#include "base/vec.h"
#include "encode/flame.h"
#include "encode/flame_about.h"
#include "encode/flame_tree.h"
#include "encode/markup.h"

struct asset {
	const char *start;
	const char *end;
};

#define ASSET(name)                                                                                \
	({                                                                                         \
		extern const char _binary_##name##_start[], _binary_##name##_end[];                \
		(struct asset){ _binary_##name##_start, _binary_##name##_end };                    \
	})

/* Numbers as the page has them: in the order of first use, so that what is not used is left out. */
struct renumber {
	VEC(uint32_t) kept;     /* new -> old */
	uint32_t *new_plus_one; /* old -> new */
};

struct page {
	const struct profile *before; /* or NULL */
	const struct profile *after;
	const struct encode_options *options;
	const struct flame_paths *paths;
	const struct flame_frames *frames;
	const struct flame_tree *tree;
	struct writer *writer;
	struct buf *title;
	struct buf *style;
	struct buf *script;
	struct renumber frame_numbers;
	struct renumber string_numbers;
	VEC(uint32_t) nodes; /* in pre-order, without the root */
	VEC(uint32_t) up;    /* by position in nodes: steps from the one before to the parent */
};

static int renumber__init(struct renumber *numbers, size_t old_cnt)
{
	numbers->new_plus_one = calloc(old_cnt + 1, sizeof(*numbers->new_plus_one));
	return numbers->new_plus_one ? 0 : -ENOMEM;
}

static void renumber__done(struct renumber *numbers)
{
	vec__done(&numbers->kept);
	free(numbers->new_plus_one);
}

static int renumber__add(struct renumber *numbers, uint32_t old)
{
	int err;

	if (numbers->new_plus_one[old])
		return 0;
	err = vec__push(&numbers->kept, old);
	if (!err)
		numbers->new_plus_one[old] = (uint32_t)numbers->kept.cnt;
	return err;
}

static uint32_t renumber__get(const struct renumber *numbers, uint32_t old)
{
	return numbers->new_plus_one[old] - 1;
}

/* --- what goes into the page
 * ------------------------------------------------------------------------- */

/* Scripts as they are but for indentation and comments that stand on lines of their own. */
static void append_stripped(struct buf *buf, struct asset asset)
{
	const char *at = asset.start, *end, *stop;

	while (at < asset.end) {
		while (at < asset.end && (*at == '\t' || *at == '\n'))
			at++;
		if (asset.end - at >= 2 && (!memcmp(at, "/*", 2) || !memcmp(at, "//", 2))) {
			const char *close = at[1] == '*' ? "*/" : "\n";

			stop = memmem(at, (size_t)(asset.end - at), close, strlen(close));
			at = stop ? stop + strlen(close) : asset.end;
			continue;
		}
		end = memchr(at, '\n', (size_t)(asset.end - at));
		stop = end ? end + 1 : asset.end;
		buf__append(buf, at, (size_t)(stop - at));
		at = stop;
	}
}

/* Children after their parent and heaviest first: pushed in reverse, popped in order. */
static int order_nodes(struct page *page)
{
	struct {
		uint32_t node;
		uint32_t depth;
	} top;
	VEC(__typeof__(top)) open = {};
	uint32_t depth_before = 0;
	int err = 0;

	top.node = top.depth = 0;
	err = vec__push(&open, top);
	while (!err && open.cnt) {
		const struct flame_node *node;

		top = open.at[--open.cnt];
		node = flame_tree__node(page->tree, top.node);
		if (top.node) {
			err = vec__push(&page->nodes, top.node);
			if (!err)
				err = vec__push(&page->up, depth_before + 1 - top.depth);
			depth_before = top.depth;
		}
		for (uint32_t i = node->child_cnt; !err && i--;) {
			__typeof__(top) child = { node->first_child + i, top.depth + 1 };

			err = vec__push(&open, child);
		}
	}
	vec__done(&open);
	return err;
}

static int choose_numbers(struct page *page)
{
	const struct flame_frames *frames = page->frames;
	int err = renumber__init(&page->frame_numbers, flame_frames__cnt(frames));

	if (!err)
		err = renumber__init(&page->string_numbers, flame_frames__string_cnt(frames));
	if (!err)
		err = renumber__add(&page->string_numbers, 0);
	for (size_t i = 0; !err && i < flame_frames__module_cnt(frames); i++)
		err = renumber__add(&page->string_numbers,
				    flame_frames__module(frames, (uint32_t)i)->name);
	for (size_t i = 0; !err && i < page->nodes.cnt; i++) {
		uint32_t id = flame_tree__node(page->tree, page->nodes.at[i])->frame;
		const struct flame_frame *frame = flame_frames__at(frames, id);

		err = renumber__add(&page->frame_numbers, id);
		if (!err)
			err = renumber__add(&page->string_numbers, frame->name);
		if (!err)
			err = renumber__add(&page->string_numbers, frame->file);
	}
	return err;
}

/* --- data
 * ------------------------------------------------------------------------------------------- */

static void comma(struct writer *writer, size_t index)
{
	if (index)
		writer__char(writer, ',');
}

static void put_about(struct page *page)
{
	struct writer *w = page->writer;
	struct flame_facts facts;
	size_t i;

	flame_about_facts(page->before, page->after, &facts);
	writer__str(w, "{\"version\":1,\"title\":");
	markup_json(w, buf__data(page->title));
	writer__str(w, ",\"facts\":[");
	for (i = 0; i < facts.cnt; i++) {
		comma(w, i);
		markup_json(w, facts.text[i]);
	}
	writer__str(w, "],\n\"comments\":[");
	for (i = 0; i < profile__comment_cnt(page->after); i++) {
		comma(w, i);
		markup_json(w, profile__comment(page->after, i));
	}
	writer__str(w, "],\n\"metrics\":[");
	for (i = 0; i < flame_paths__metric_cnt(page->paths); i++) {
		size_t type = flame_paths__type_of(page->paths, i);

		comma(w, i);
		writer__char(w, '[');
		markup_json(w, profile__type_name(page->after, type));
		writer__char(w, ',');
		markup_json(w, profile__type_unit(page->after, type));
		writer__char(w, ']');
	}
}

/* The metric shown first: the one asked for, if both sides have it. */
static size_t first_metric(const struct page *page)
{
	for (size_t i = 0; page->options && i < flame_paths__metric_cnt(page->paths); i++)
		if (flame_paths__type_of(page->paths, i) == page->options->metric)
			return i;
	return 0;
}

static void put_colours(struct writer *w, const char *name,
			const char *(*colour)(enum flame_theme theme, uint32_t i),
			enum flame_theme theme, uint32_t cnt)
{
	writer__printf(w, "\"%s\":[", name);
	for (uint32_t i = 0; i < cnt; i++) {
		comma(w, i);
		writer__printf(w, "\"%s\"", colour(theme, i));
	}
	writer__char(w, ']');
}

static void put_palette(struct writer *w)
{
	writer__str(w, ",\n\"palette\":{");
	put_colours(w, "light", flame_colour, FLAME_LIGHT, FLAME_COLOUR_CNT);
	writer__char(w, ',');
	put_colours(w, "dark", flame_colour, FLAME_DARK, FLAME_COLOUR_CNT);
	writer__str(w, ",\"changes\":{");
	put_colours(w, "light", flame_change_colour, FLAME_LIGHT, FLAME_CHANGE_CNT);
	writer__char(w, ',');
	put_colours(w, "dark", flame_change_colour, FLAME_DARK, FLAME_CHANGE_CNT);
	writer__str(w, "}}");
}

static void put_tables(struct page *page)
{
	const struct renumber *strings = &page->string_numbers, *frames = &page->frame_numbers;
	struct writer *w = page->writer;

	writer__str(w, ",\n\"strings\":[");
	for (size_t i = 0; i < strings->kept.cnt; i++) {
		comma(w, i);
		markup_json(w, flame_frames__str(page->frames, strings->kept.at[i]));
	}
	writer__str(w, "],\n\"modules\":[");
	for (size_t i = 0; i < flame_frames__module_cnt(page->frames); i++) {
		const struct flame_module *module = flame_frames__module(page->frames, (uint32_t)i);

		comma(w, i);
		writer__printf(w, "[%u,%u]", renumber__get(strings, module->name), module->colour);
	}
	writer__str(w, "],\n\"frames\":[");
	for (size_t i = 0; i < frames->kept.cnt; i++) {
		const struct flame_frame *frame =
			flame_frames__at(page->frames, frames->kept.at[i]);

		comma(w, i);
		writer__printf(w, "%u,%u,%u,%u,%u", renumber__get(strings, frame->name),
			       frame->module, renumber__get(strings, frame->file), frame->colour,
			       frame->flags);
	}
}

static bool has_self(const struct page *page, uint32_t node)
{
	for (size_t k = 0; k < flame_paths__set_cnt(page->paths); k++)
		if (flame_tree__self(page->tree, node, k))
			return true;
	return false;
}

static void put_self(struct page *page, size_t *before, size_t position, uint32_t node)
{
	struct writer *w = page->writer;

	if (!has_self(page, node))
		return;
	comma(w, *before != SIZE_MAX);
	writer__i64(w, (int64_t)(position - (*before == SIZE_MAX ? 0 : *before)));
	*before = position;
	for (size_t k = 0; k < flame_paths__set_cnt(page->paths); k++) {
		writer__char(w, ',');
		writer__i64(w, flame_tree__self(page->tree, node, k));
	}
	if (!flame_paths__variances(page->paths, 0))
		return;
	for (size_t m = 0; m < flame_paths__metric_cnt(page->paths); m++) {
		double variance = flame_tree__self_variance(page->tree, node, m);

		writer__char(w, ',');
		writer__i64(w, variance < 9e18 ? llround(variance) : INT64_MAX);
	}
}

static void put_nodes(struct page *page)
{
	struct writer *w = page->writer;
	size_t before = SIZE_MAX;

	writer__str(w, "],\n\"up\":[");
	for (size_t i = 0; i < page->nodes.cnt; i++) {
		comma(w, i);
		writer__i64(w, page->up.at[i]);
	}
	writer__str(w, "],\n\"frame\":[");
	for (size_t i = 0; i < page->nodes.cnt; i++) {
		const struct flame_node *node = flame_tree__node(page->tree, page->nodes.at[i]);

		comma(w, i);
		writer__i64(w, renumber__get(&page->frame_numbers, node->frame));
	}
	writer__str(w, "],\n\"site\":[");
	for (size_t i = 0; i < page->nodes.cnt; i++) {
		comma(w, i);
		writer__i64(w, flame_tree__node(page->tree, page->nodes.at[i])->site);
	}
	writer__str(w, "],\n\"self\":[");
	put_self(page, &before, 0, 0);
	for (size_t i = 0; i < page->nodes.cnt; i++)
		put_self(page, &before, i + 1, page->nodes.at[i]);
	writer__str(w, "]}\n");
}

static void put_data(struct page *page)
{
	put_about(page);
	writer__printf(page->writer, "],\"metric\":%zu,\"diff\":%s,\"variance\":%s",
		       first_metric(page), flame_paths__is_diff(page->paths) ? "true" : "false",
		       flame_paths__variances(page->paths, 0) ? "true" : "false");
	put_palette(page->writer);
	put_tables(page);
	put_nodes(page);
}

/* --- the page
 * ------------------------------------------------------------------------------------------ */

static void put_csp(struct page *page)
{
	char script[SHA256_BASE64_CHARS + 1], style[SHA256_BASE64_CHARS + 1];

	sha256_base64(buf__data(page->script), buf__len(page->script), script);
	sha256_base64(buf__data(page->style), buf__len(page->style), style);
	writer__printf(page->writer,
		       "default-src 'none'; script-src 'sha256-%s'; style-src 'sha256-%s'; "
		       "base-uri 'none'; form-action 'none'",
		       script, style);
}

static void put_title(struct page *page)
{
	markup_text(page->writer, buf__data(page->title));
}

static void put_version(struct page *page)
{
	writer__str(page->writer, HEAPTAP_VERSION);
}

static void put_style(struct page *page)
{
	writer__write(page->writer, buf__data(page->style), buf__len(page->style));
}

static void put_script(struct page *page)
{
	writer__write(page->writer, buf__data(page->script), buf__len(page->script));
}

static const struct {
	const char *name;
	void (*put)(struct page *page);
} fields[] = {
	{ "{{CSP}}", put_csp },   { "{{TITLE}}", put_title }, { "{{VERSION}}", put_version },
	{ "{{CSS}}", put_style }, { "{{JS}}", put_script },   { "{{DATA}}", put_data },
};

static void put_template(struct page *page, struct asset template)
{
	const char *at = template.start, *mark;

	while ((mark = memmem(at, (size_t)(template.end - at), "{{", 2))) {
		writer__write(page->writer, at, (size_t)(mark - at));
		at = mark;
		for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
			size_t len = strlen(fields[i].name);

			if ((size_t)(template.end - at) < len || memcmp(at, fields[i].name, len))
				continue;
			fields[i].put(page);
			at += len;
			break;
		}
		if (at == mark) /* not one of ours: as it is */
			writer__write(page->writer, at++, 1);
	}
	writer__write(page->writer, at, (size_t)(template.end - at));
}

static int write_page(struct page *page)
{
	struct buf *title __free(buf) = buf__new(0), *style __free(buf) = buf__new(0);
	struct buf *script __free(buf) = buf__new(0);
	int err;

	if (!title || !style || !script)
		return -ENOMEM;
	flame_about_title(page->before, page->after, page->options, title);
	append_stripped(style, ASSET(flame_css));
	append_stripped(script, ASSET(flame_model_js));
	append_stripped(script, ASSET(flame_paint_js));
	append_stripped(script, ASSET(flame_table_js));
	append_stripped(script, ASSET(flame_app_js));
	if (buf__error(title) || buf__error(style) || buf__error(script))
		return -ENOMEM;
	page->title = title;
	page->style = style;
	page->script = script;
	err = order_nodes(page);
	if (!err)
		err = choose_numbers(page);
	if (!err)
		put_template(page, ASSET(flame_html));
	renumber__done(&page->frame_numbers);
	renumber__done(&page->string_numbers);
	vec__done(&page->nodes);
	vec__done(&page->up);
	return err ? err : writer__error(page->writer);
}

int flame_diff_html(const struct profile *before, const struct profile *after,
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
	return write_page(&(struct page){
		.before = before,
		.after = after,
		.options = options,
		.paths = paths,
		.frames = flame_paths__frames(paths),
		.tree = tree,
		.writer = writer,
	});
}

int encode_html(const struct profile *profile, const struct encode_options *options,
		struct writer *writer)
{
	int err = flame_diff_html(NULL, profile, options, writer);

	return err == FLAME_NO_COMMON_TYPE ? -EINVAL : err;
}
