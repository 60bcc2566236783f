/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A red-black tree whose nodes lie inside the objects it orders. The caller
 * walks down itself (which way to go is its business), then links the node.
 *
 * Invariants (tree_check): T1 a child's parent is its parent; T2 a red node has
 * no red child; T3 every way down has as many black nodes; T4 the root is black.
 *
 * The shape after each insertion and removal is the textbook's (Cormen et al.,
 * Introduction to Algorithms, chapter 13): the receive queue depends on it.
 */
#ifndef BASE_TREE_H
#define BASE_TREE_H

#include <stdbool.h>
#include <stddef.h>

struct tree_node {
	struct tree_node *parent, *left, *right;
	bool red;
};

struct tree {
	struct tree_node *root;
};

/* Links node as the child of parent at *place (NULL until now; &tree->root when
   parent is NULL), and balances. */
void tree_link(struct tree *t, struct tree_node *node, struct tree_node *parent,
               struct tree_node **place);

/* Puts node in the place of old, which leaves the tree. */
void tree_replace(struct tree *t, struct tree_node *old, struct tree_node *node);

void tree_remove(struct tree *t, struct tree_node *node);

struct tree_node *tree_first(const struct tree *t);
struct tree_node *tree_next(const struct tree_node *node);

/* -> whether T1..T4 hold. For tests. */
bool tree_check(const struct tree *t);

#endif
