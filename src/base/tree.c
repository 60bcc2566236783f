/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/tree.h"

static bool is_red(const struct tree_node *n)
{
	return n != NULL && n->red;
}

/* Where the pointer to n stands: in its parent, or in the tree. */
static struct tree_node **place_of(struct tree *t, struct tree_node *n)
{
	if (n->parent == NULL)
		return &t->root;
	return n->parent->left == n ? &n->parent->left : &n->parent->right;
}

static void rotate_left(struct tree *t, struct tree_node *n)
{
	struct tree_node *up = n->right;
	*place_of(t, n) = up;
	up->parent = n->parent;
	n->right = up->left;
	if (n->right != NULL)
		n->right->parent = n;
	up->left = n;
	n->parent = up;
}

static void rotate_right(struct tree *t, struct tree_node *n)
{
	struct tree_node *up = n->left;
	*place_of(t, n) = up;
	up->parent = n->parent;
	n->left = up->right;
	if (n->left != NULL)
		n->left->parent = n;
	up->right = n;
	n->parent = up;
}

/* One step of the repair after an insertion, n red under a red parent; left
   tells on which side of the grandparent. -> the node to look at next */
static struct tree_node *mend_red(struct tree *t, struct tree_node *n, bool left)
{
	struct tree_node *parent = n->parent, *grand = parent->parent;
	struct tree_node *uncle = left ? grand->right : grand->left;
	if (is_red(uncle)) {
		parent->red = uncle->red = false;
		grand->red = true;
		return grand;
	}
	if (n == (left ? parent->right : parent->left)) {
		(left ? rotate_left : rotate_right)(t, parent);
		n = parent;
		parent = n->parent;
	}
	parent->red = false;
	grand->red = true;
	(left ? rotate_right : rotate_left)(t, grand);
	return n;
}

void tree_link(struct tree *t, struct tree_node *node, struct tree_node *parent,
               struct tree_node **place)
{
	*node = (struct tree_node){.parent = parent, .red = true};
	*place = node;
	while (is_red(node->parent))
		node = mend_red(t, node, node->parent == node->parent->parent->left);
	t->root->red = false;
}

void tree_replace(struct tree *t, struct tree_node *old, struct tree_node *node)
{
	*place_of(t, old) = node;
	*node = *old;
	if (node->left != NULL)
		node->left->parent = node;
	if (node->right != NULL)
		node->right->parent = node;
}

/* One step of the repair after a removal: the way through parent's left (or
   right) side is one black node short. -> the node now short, NULL when mended */
static struct tree_node *mend_black(struct tree *t, struct tree_node *parent, bool left)
{
	struct tree_node *sibling = left ? parent->right : parent->left;
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): the longer side has one */
	if (sibling->red) {
		sibling->red = false;
		parent->red = true;
		(left ? rotate_left : rotate_right)(t, parent);
		sibling = left ? parent->right : parent->left;
	}
	struct tree_node *near = left ? sibling->left : sibling->right;
	struct tree_node *far = left ? sibling->right : sibling->left;
	if (!is_red(near) && !is_red(far)) {
		sibling->red = true;
		return parent;
	}
	if (!is_red(far)) {
		near->red = false;
		sibling->red = true;
		(left ? rotate_right : rotate_left)(t, sibling);
		sibling = left ? parent->right : parent->left;
		far = left ? sibling->right : sibling->left;
	}
	sibling->red = parent->red;
	parent->red = false;
	far->red = false;
	(left ? rotate_left : rotate_right)(t, parent);
	return NULL;
}

/* child (maybe NULL) under parent took a black node's place. */
static void mend_removal(struct tree *t, struct tree_node *child, struct tree_node *parent)
{
	while (parent != NULL && !is_red(child)) {
		child = mend_black(t, parent, child == parent->left);
		if (child == NULL)
			return;
		parent = child->parent;
	}
	if (child != NULL)
		child->red = false;
}

/* Takes out a node with at most one child. */
static void remove_simple(struct tree *t, struct tree_node *node)
{
	struct tree_node *child = node->left != NULL ? node->left : node->right;
	struct tree_node *parent = node->parent;
	*place_of(t, node) = child;
	if (child != NULL)
		child->parent = parent;
	if (!node->red)
		mend_removal(t, child, parent);
}

/* Takes out a node with two children: its successor, which has no left child,
   takes its place and colour. */
static void remove_inner(struct tree *t, struct tree_node *node)
{
	struct tree_node *heir = tree_next(node);
	struct tree_node *child = heir->right, *parent = heir->parent;
	bool was_red = heir->red;
	if (parent == node) {
		parent = heir;
	} else {
		parent->left = child;
		if (child != NULL)
			child->parent = parent;
		heir->right = node->right;
		heir->right->parent = heir;
	}
	*place_of(t, node) = heir;
	heir->parent = node->parent;
	heir->left = node->left;
	heir->left->parent = heir;
	heir->red = node->red;
	if (!was_red)
		mend_removal(t, child, parent);
}

void tree_remove(struct tree *t, struct tree_node *node)
{
	if (node->left != NULL && node->right != NULL)
		remove_inner(t, node);
	else
		remove_simple(t, node);
}

struct tree_node *tree_first(const struct tree *t)
{
	struct tree_node *n = t->root;
	while (n != NULL && n->left != NULL)
		n = n->left;
	return n;
}

struct tree_node *tree_next(const struct tree_node *node)
{
	if (node->right != NULL) {
		struct tree_node *n = node->right;
		while (n->left != NULL)
			n = n->left;
		return n;
	}
	while (node->parent != NULL && node->parent->right == node)
		node = node->parent;
	return node->parent;
}

/* -> black nodes on each way down from n, or -1 when an invariant is broken */
static int black_height(const struct tree_node *n)
{
	if (n == NULL)
		return 1;
	if ((n->left != NULL && n->left->parent != n) ||
	    (n->right != NULL && n->right->parent != n))
		return -1;
	if (n->red && (is_red(n->left) || is_red(n->right)))
		return -1;
	int left = black_height(n->left), right = black_height(n->right);
	return left < 0 || left != right ? -1 : left + !n->red;
}

bool tree_check(const struct tree *t)
{
	return t->root == NULL ||
	       (t->root->parent == NULL && !t->root->red && black_height(t->root) > 0);
}
