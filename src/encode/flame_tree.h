/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flame graph: stacks with a common beginning share it. Every node's total is the sum of what
 * ended in it (self) and its children's totals, always: what does not fit is gathered, not dropped.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "encode/flame_paths.h"

#define FLAME_NODES_MAX 100000 /* what the viewer stays fluid with */

/* Node 0 is the root and has no frame. */
struct flame_node {
	uint32_t parent;
	uint32_t frame;
	uint32_t site;        /* see flame_step; of gathered frames: how many there are */
	uint32_t first_child; /* children are neighbours, heaviest (in any metric) first */
	uint32_t child_cnt;
};

struct flame_tree;

/*
 * Walks @paths to their ends or until there are @node_max nodes (plus at most one gathered child
 * for each): heaviest nodes are opened first, so the nodes left closed are the lightest. 0 or
 * -ENOMEM.
 */
int flame_tree_build(struct flame_paths *paths, size_t node_max, struct flame_tree **ret);
void flame_tree__free(struct flame_tree *tree);
DEFINE_CLEANUP(flame_tree);

size_t flame_tree__cnt(const struct flame_tree *tree);
const struct flame_node *flame_tree__node(const struct flame_tree *tree, uint32_t node);
/* Value sets as in flame_paths.h. */
int64_t flame_tree__total(const struct flame_tree *tree, uint32_t node, size_t set);
int64_t flame_tree__self(const struct flame_tree *tree, uint32_t node, size_t set);
/* Variance of the node's own value; 0 if the paths have none. */
double flame_tree__self_variance(const struct flame_tree *tree, uint32_t node, size_t metric);
