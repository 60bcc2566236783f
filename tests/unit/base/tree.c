/* SPDX-License-Identifier: BSD-3-Clause */
/* The tree's order, its invariants and, by three worked examples, its shape. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/tree.h"

enum { ITEMS = 200 };

struct item {
	struct tree_node node; /* first */
	int key;
	bool in;
};

static struct item items[ITEMS];

static struct item *item_of(struct tree_node *n)
{
	return (struct item *)(void *)n;
}

static void insert(struct tree *t, int key)
{
	struct tree_node *parent = NULL, **place = &t->root;
	while (*place != NULL) {
		parent = *place;
		place = key < item_of(parent)->key ? &parent->left : &parent->right;
	}
	items[key].key = key;
	items[key].in = true;
	tree_link(t, &items[key].node, parent, place);
}

static void take_out(struct tree *t, int key)
{
	tree_remove(t, &items[key].node);
	items[key].in = false;
}

static void check(const struct tree *t)
{
	assert_true(tree_check(t));
	struct tree_node *n = tree_first(t);
	for (int key = 0; key < ITEMS; key++) {
		if (!items[key].in)
			continue;
		assert_non_null(n);
		assert_int_equal(item_of(n)->key, key);
		n = tree_next(n);
	}
	assert_null(n);
}

static void clear(struct tree *t)
{
	memset(items, 0, sizeof items);
	t->root = NULL;
}

static unsigned dice = 1;

static int roll(int sides)
{
	dice = dice * 1103515245 + 12345;
	return (int)((dice >> 16) % (unsigned)sides);
}

static void random_steps(void **state)
{
	(void)state;
	struct tree t = {0};
	clear(&t);
	for (int step = 0; step < 20000; step++) {
		int key = roll(ITEMS);
		if (!items[key].in)
			insert(&t, key);
		else if (roll(3) > 0 || step % 1000 < 500)
			take_out(&t, key);
		check(&t);
	}
	for (int key = 0; key < ITEMS; key++)
		if (items[key].in) {
			take_out(&t, key);
			check(&t);
		}
	assert_null(t.root);
	assert_null(tree_first(&t));
}

static void ascending_and_descending(void **state)
{
	(void)state;
	struct tree t;
	for (int up = 0; up < 2; up++) {
		clear(&t);
		for (int i = 0; i < ITEMS; i++) {
			insert(&t, up ? i : ITEMS - 1 - i);
			check(&t);
		}
		for (int i = 0; i < ITEMS; i++) {
			take_out(&t, up ? i : ITEMS - 1 - i);
			check(&t);
		}
	}
}

static void replaces(void **state)
{
	(void)state;
	struct tree t;
	clear(&t);
	for (int key = 0; key < 20; key++)
		insert(&t, key);
	for (int key = 0; key < 20; key++) {
		static struct item other[20];
		bool red = items[key].node.red;
		other[key] = (struct item){.key = key};
		tree_replace(&t, &items[key].node, &other[key].node);
		assert_true(tree_check(&t));
		assert_int_equal(other[key].node.red, red);
		struct tree_node *n = tree_first(&t);
		for (int k = 0; k < 20; k++, n = tree_next(n))
			assert_ptr_equal(n, k <= key ? &other[k].node : &items[k].node);
		assert_null(n);
	}
}

/* Writes the tree as "(left KEY right)", red keys with a star. */
static char *draw(struct tree_node *n, char *to)
{
	if (n == NULL)
		return to;
	*to++ = '(';
	to = draw(n->left, to);
	to += sprintf(to, n->red ? "%d*" : "%d", item_of(n)->key);
	to = draw(n->right, to);
	*to++ = ')';
	*to = '\0';
	return to;
}

/* Worked by hand after Cormen et al., 13.3 and 13.4. The second is the book's exercise
   13.3-2 and 13.4-3: 41, 38, 31, 12, 19, 8 in, then 8, 12, 19, 31, 38, 41 out. */
static const struct {
	const char *steps, *shape;
} drawn[] = {
        {"1 2 3", "((1*)2(3*))"},
        {"3 2 1", "((1*)2(3*))"},
        {"1 3 2", "((1*)2(3*))"},
        {"3 1 2", "((1*)2(3*))"},
        {"1 2 3 4", "((1)2(3(4*)))"},
        {"1 2 3 4 5", "((1)2((3*)4(5*)))"},
        {"1 2 3 4 5 6", "((1)2((3)4*(5(6*))))"},
        {"1 2 3 4 5 6 7 8", "(((1)2*(3))4((5)6*(7(8*))))"},
        {"41 38 31 12 19 8", "((((8*)12)19*(31))38(41))"},
        {"41 38 31 12 19 8 -8", "(((12)19*(31))38(41))"},
        {"41 38 31 12 19 8 -8 -12", "((19(31*))38(41))"},
        {"41 38 31 12 19 8 -8 -12 -19", "((31)38(41))"},
        {"41 38 31 12 19 8 -8 -12 -19 -31", "(38(41*))"},
        {"41 38 31 12 19 8 -8 -12 -19 -31 -38", "(41)"},
        {"1 2 3 4 5 6 7 8 -4", "(((1)2*(3))5((6)7*(8)))"}, /* the successor's place and colour */
        {"1 2 3 4 5 6 7 8 -1", "((2(3*))4((5)6*(7(8*))))"},
};

static void shapes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof drawn / sizeof *drawn; i++) {
		struct tree t;
		char text[200] = "";
		clear(&t);
		int used = 0, key;
		for (const char *s = drawn[i].steps; sscanf(s, "%d%n", &key, &used) == 1;
		     s += used) {
			if (key < 0)
				take_out(&t, -key);
			else
				insert(&t, key);
			check(&t);
		}
		(void)draw(t.root, text);
		assert_string_equal(text, drawn[i].shape);
	}
}

/* tree_check() itself sees each broken invariant. */
static void check_sees(void **state)
{
	(void)state;
	struct tree t;
	clear(&t);
	assert_true(tree_check(&t));
	for (int key = 1; key <= 8; key++)
		insert(&t, key);
	assert_true(tree_check(&t));
	items[8].node.parent = &items[6].node; /* T1 */
	assert_false(tree_check(&t));
	items[8].node.parent = &items[7].node;
	items[7].node.red = true; /* T2 */
	assert_false(tree_check(&t));
	items[7].node.red = false;
	items[8].node.red = false; /* T3 */
	assert_false(tree_check(&t));
	items[8].node.red = true;
	t.root->red = true; /* T4 */
	assert_false(tree_check(&t));
	t.root->red = false;
	assert_true(tree_check(&t));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(random_steps), cmocka_unit_test(ascending_and_descending),
	        cmocka_unit_test(replaces),     cmocka_unit_test(shapes),
	        cmocka_unit_test(check_sees),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
