// SPDX-License-Identifier: Apache-2.0
/*
 * The tree grows from the root. A node is first closed: a range of paths that all begin with it.
 * Opening a node sorts its range by the next frame; every run of equal frames becomes a child,
 * closed for now. Nodes wait in a heap and the heaviest is opened next, so that a million stacks
 * cost no more than the part of the tree that is kept, and the part left out is the lightest. A
 * node is heavy if its share of any value set is: what is small in bytes may be large in objects.
 */
#include "encode/flame_tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

struct closed { /* the paths of a node that has not been opened: order[from .. from + cnt - 1] */
	uint32_t from;
	uint32_t cnt;
	double weight;
};

struct flame_tree {
	struct flame_paths *paths; /* while building */
	size_t set_cnt;
	size_t metric_cnt;
	VEC(struct flame_node) nodes;
	VEC(int64_t) totals; /* set_cnt per node */
	VEC(int64_t) selfs;
	VEC(double) variances; /* metric_cnt per node, or empty */
	VEC(struct closed) closed;
	uint32_t *order;
	uint64_t *sort_room;
	VEC(uint32_t) heap; /* nodes to open, heaviest on top */
};

/* A run of paths with the same next frame. */
struct run {
	struct flame_step step;
	struct closed range;
};

void flame_tree__free(struct flame_tree *tree)
{
	if (!tree)
		return;
	vec__done(&tree->nodes);
	vec__done(&tree->totals);
	vec__done(&tree->selfs);
	vec__done(&tree->variances);
	vec__done(&tree->closed);
	vec__done(&tree->heap);
	free(tree->order);
	free(tree->sort_room);
	free(tree);
}

static void add_saturating(int64_t *sum, int64_t value)
{
	if (__builtin_add_overflow(*sum, value, sum))
		*sum = INT64_MAX;
}

/* --- the heap ------------------------------------------------------------------------------------
 */

/* Ties go to the node made first: equal profiles give equal trees. */
static bool heavier(const struct flame_tree *tree, uint32_t a, uint32_t b)
{
	double wa = tree->closed.at[a].weight, wb = tree->closed.at[b].weight;

	return wa > wb || (wa == wb && a < b);
}

static int heap_push(struct flame_tree *tree, uint32_t node)
{
	int err = vec__push(&tree->heap, node);
	uint32_t *heap = tree->heap.at;

	if (err)
		return err;
	for (size_t i = tree->heap.cnt - 1; i && heavier(tree, node, heap[(i - 1) / 2]);
	     i = (i - 1) / 2) {
		heap[i] = heap[(i - 1) / 2];
		heap[(i - 1) / 2] = node;
	}
	return 0;
}

static uint32_t heap_pop(struct flame_tree *tree)
{
	uint32_t *heap = tree->heap.at, top = heap[0], last = heap[--tree->heap.cnt];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < tree->heap.cnt) {
		if (child + 1 < tree->heap.cnt && heavier(tree, heap[child + 1], heap[child]))
			child++;
		if (!heavier(tree, heap[child], last))
			break;
		heap[i] = heap[child];
		i = child;
	}
	heap[i] = last;
	return top;
}

/* --- nodes
 * ----------------------------------------------------------------------------------------- */

static int add_node(struct flame_tree *tree, const struct flame_node *node,
		    const struct closed *range)
{
	size_t cnt = tree->nodes.cnt + 1;
	int err = vec__reserve(&tree->totals, cnt * tree->set_cnt);

	if (!err)
		err = vec__reserve(&tree->selfs, cnt * tree->set_cnt);
	if (!err && flame_paths__variances(tree->paths, 0))
		err = vec__reserve(&tree->variances, cnt * tree->metric_cnt);
	if (!err)
		err = vec__push(&tree->closed, *range);
	if (!err)
		err = vec__push(&tree->nodes, *node);
	if (err)
		return err;
	memset(&tree->totals.at[tree->totals.cnt], 0, tree->set_cnt * sizeof(int64_t));
	memset(&tree->selfs.at[tree->selfs.cnt], 0, tree->set_cnt * sizeof(int64_t));
	tree->totals.cnt += tree->set_cnt;
	tree->selfs.cnt += tree->set_cnt;
	if (tree->variances.room) {
		memset(&tree->variances.at[tree->variances.cnt], 0,
		       tree->metric_cnt * sizeof(double));
		tree->variances.cnt += tree->metric_cnt;
	}
	return 0;
}

static void add_path_values(struct flame_tree *tree, int64_t *sums, uint32_t path)
{
	const int64_t *values = flame_paths__values(tree->paths, path);

	for (size_t k = 0; k < tree->set_cnt; k++)
		add_saturating(&sums[k], values[k]);
}

static void add_variances(struct flame_tree *tree, uint32_t node, uint32_t path)
{
	const double *variances = flame_paths__variances(tree->paths, path);

	for (size_t m = 0; variances && m < tree->metric_cnt; m++)
		tree->variances.at[node * tree->metric_cnt + m] += variances[m];
}

/* The largest share of the whole that @values are, over all value sets. */
static double weight_of(const struct flame_tree *tree, const int64_t *values)
{
	double weight = 0;

	for (size_t k = 0; k < tree->set_cnt; k++) {
		int64_t whole = tree->totals.at[k];
		double share = whole > 0 ? (double)values[k] / (double)whole : 0;

		if (share > weight)
			weight = share;
	}
	return weight;
}

/* --- opening a node
 * ---------------------------------------------------------------------------------- */

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/*
 * Order the paths of @range by their next frame, those that end here first. Returns how many end
 * here.
 */
static uint32_t sort_range(struct flame_tree *tree, const struct closed *range)
{
	uint32_t *order = &tree->order[range->from], ended = 0;
	uint64_t *keys = tree->sort_room;
	bool sorted = true;

	for (uint32_t i = 0; i < range->cnt; i++) {
		struct flame_step step;
		bool more = flame_paths__peek(tree->paths, order[i], &step);

		ended += !more;
		keys[i] = (uint64_t)(more ? step.frame + 1 : 0) << 32 | order[i];
		sorted = sorted && (!i || keys[i - 1] <= keys[i]);
	}
	if (!sorted)
		qsort(keys, range->cnt, sizeof(*keys), compare_u64);
	for (uint32_t i = 0; i < range->cnt; i++)
		order[i] = (uint32_t)keys[i];
	return ended;
}

/* One step, from several call sites perhaps: the site of the heaviest, marked if there are others.
 */
static struct flame_step common_step(struct flame_tree *tree, const struct closed *range)
{
	struct flame_step best = {}, step;
	double best_weight = -1, weight;
	uint32_t differs = 0;

	for (uint32_t i = 0; i < range->cnt; i++) {
		uint32_t path = tree->order[range->from + i];

		flame_paths__peek(tree->paths, path, &step);
		weight = weight_of(tree, flame_paths__values(tree->paths, path));
		if (i && step.site != best.site)
			differs = FLAME_SITE_LINES_DIFFER;
		if (weight > best_weight) {
			best = step;
			best_weight = weight;
		}
		flame_paths__advance(tree->paths, path);
	}
	best.site |= differs;
	return best;
}

/* The run of equal next frames that starts at @from, weighed. */
static struct run next_run(struct flame_tree *tree, uint32_t from, uint32_t end)
{
	struct run run = { .range.from = from };
	struct flame_step step;
	int64_t sums[2 * PROFILE_TYPES_MAX] = {};

	flame_paths__peek(tree->paths, tree->order[from], &run.step);
	for (uint32_t i = from; i < end; i++, run.range.cnt++) {
		flame_paths__peek(tree->paths, tree->order[i], &step);
		if (step.frame != run.step.frame)
			break;
		add_path_values(tree, sums, tree->order[i]);
	}
	run.range.weight = weight_of(tree, sums);
	return run;
}

static int compare_runs(const void *a, const void *b)
{
	const struct run *x = a, *y = b;

	if (x->range.weight != y->range.weight)
		return x->range.weight > y->range.weight ? -1 : 1;
	return x->step.frame < y->step.frame ? -1 : x->step.frame > y->step.frame;
}

static int add_child(struct flame_tree *tree, uint32_t parent, const struct run *run)
{
	struct flame_step step = common_step(tree, &run->range);
	struct flame_node node = { .parent = parent, .frame = step.frame, .site = step.site };
	uint32_t child = (uint32_t)tree->nodes.cnt;
	int err = add_node(tree, &node, &run->range);

	if (err)
		return err;
	tree->nodes.at[parent].child_cnt++;
	for (uint32_t i = 0; i < run->range.cnt; i++)
		add_path_values(tree, &tree->totals.at[child * tree->set_cnt],
				tree->order[run->range.from + i]);
	return heap_push(tree, child);
}

/* @runs in one child without children: all they hold is its own. */
static int add_gathered(struct flame_tree *tree, uint32_t parent, const struct run *runs,
			size_t run_cnt)
{
	struct flame_node node = {
		.parent = parent,
		.frame = flame_paths__gathered_frame(tree->paths),
		.site = (uint32_t)run_cnt,
	};
	uint32_t child = (uint32_t)tree->nodes.cnt;
	int err = add_node(tree, &node, &(struct closed){});

	if (err)
		return err;
	tree->nodes.at[parent].child_cnt++;
	for (size_t r = 0; r < run_cnt; r++)
		for (uint32_t i = 0; i < runs[r].range.cnt; i++) {
			uint32_t path = tree->order[runs[r].range.from + i];

			add_path_values(tree, &tree->totals.at[child * tree->set_cnt], path);
			add_path_values(tree, &tree->selfs.at[child * tree->set_cnt], path);
			add_variances(tree, child, path);
		}
	return 0;
}

static int open_node(struct flame_tree *tree, uint32_t node, size_t node_max)
{
	struct closed range = tree->closed.at[node];
	uint32_t end = range.from + range.cnt, at = range.from + sort_range(tree, &range);
	VEC(struct run) runs = {};
	size_t room = node_max > tree->nodes.cnt ? node_max - tree->nodes.cnt : 0, kept;
	int err = 0;

	for (uint32_t i = range.from; i < at; i++) {
		add_path_values(tree, &tree->selfs.at[node * tree->set_cnt], tree->order[i]);
		add_variances(tree, node, tree->order[i]);
	}
	tree->nodes.at[node].first_child = (uint32_t)tree->nodes.cnt;
	while (!err && at < end) {
		struct run run = next_run(tree, at, end);

		at += run.range.cnt;
		err = vec__push(&runs, run);
	}
	if (!err && runs.cnt)
		qsort(runs.at, runs.cnt, sizeof(*runs.at), compare_runs);
	kept = runs.cnt <= room ? runs.cnt : room;
	for (size_t r = 0; !err && r < kept; r++)
		err = add_child(tree, node, &runs.at[r]);
	if (!err && kept < runs.cnt)
		err = add_gathered(tree, node, &runs.at[kept], runs.cnt - kept);
	vec__done(&runs);
	return err;
}

/* --- the whole
 * ------------------------------------------------------------------------------------------ */

static int plant(struct flame_tree *tree)
{
	size_t cnt = flame_paths__cnt(tree->paths);
	struct closed all = { .cnt = (uint32_t)cnt, .weight = 1 };
	int err = add_node(tree, &(struct flame_node){}, &all);

	tree->order = calloc(cnt + 1, sizeof(*tree->order));
	tree->sort_room = calloc(cnt + 1, sizeof(*tree->sort_room));
	if (err || !tree->order || !tree->sort_room)
		return -ENOMEM;
	for (size_t i = 0; i < cnt; i++) {
		tree->order[i] = (uint32_t)i;
		add_path_values(tree, tree->totals.at, (uint32_t)i);
	}
	return heap_push(tree, 0);
}

int flame_tree_build(struct flame_paths *paths, size_t node_max, struct flame_tree **ret)
{
	struct flame_tree *tree __free(flame_tree) = calloc(1, sizeof(*tree));
	int err;

	if (!tree)
		return -ENOMEM;
	tree->paths = paths;
	tree->set_cnt = flame_paths__set_cnt(paths);
	tree->metric_cnt = flame_paths__metric_cnt(paths);
	err = plant(tree);
	while (!err && tree->heap.cnt)
		err = open_node(tree, heap_pop(tree), node_max);
	if (err)
		return err;
	tree->paths = NULL;
	*ret = TAKE_PTR(tree);
	return 0;
}

size_t flame_tree__cnt(const struct flame_tree *tree)
{
	return tree->nodes.cnt;
}

const struct flame_node *flame_tree__node(const struct flame_tree *tree, uint32_t node)
{
	return &tree->nodes.at[node];
}

int64_t flame_tree__total(const struct flame_tree *tree, uint32_t node, size_t set)
{
	return tree->totals.at[node * tree->set_cnt + set];
}

int64_t flame_tree__self(const struct flame_tree *tree, uint32_t node, size_t set)
{
	return tree->selfs.at[node * tree->set_cnt + set];
}

double flame_tree__self_variance(const struct flame_tree *tree, uint32_t node, size_t metric)
{
	return tree->variances.cnt ? tree->variances.at[node * tree->metric_cnt + metric] : 0;
}
