/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The receive queue against a model of its own: the rules as they are written down
 * (reasm/queue.c, 1 to 4), over a tree that is built and mended the way the textbook
 * prints it (Cormen et al., chapter 13: numbers and a sentinel instead of pointers). After each
 * segment both trees must have the same shape, colours and bytes; and in the end the
 * same stream.
 */
#include "world.h"

enum { NODES = 64, NIL = 0, LONGEST = 256 };

/* -- the model ------------------------------------------------------------------ */

struct node {
	int parent, left, right;
	bool red;
	int64_t start, end;
	char bytes[LONGEST];
};

struct model {
	struct node n[NODES]; /* n[NIL] is the sentinel, black */
	int root, last;
};

static void m_turn_left(struct model *m, int x)
{
	int y = m->n[x].right;
	m->n[x].right = m->n[y].left;
	if (m->n[y].left != NIL)
		m->n[m->n[y].left].parent = x;
	m->n[y].parent = m->n[x].parent;
	if (m->n[x].parent == NIL)
		m->root = y;
	else if (x == m->n[m->n[x].parent].left)
		m->n[m->n[x].parent].left = y;
	else
		m->n[m->n[x].parent].right = y;
	m->n[y].left = x;
	m->n[x].parent = y;
}

static void m_turn_right(struct model *m, int x)
{
	int y = m->n[x].left;
	m->n[x].left = m->n[y].right;
	if (m->n[y].right != NIL)
		m->n[m->n[y].right].parent = x;
	m->n[y].parent = m->n[x].parent;
	if (m->n[x].parent == NIL)
		m->root = y;
	else if (x == m->n[m->n[x].parent].right)
		m->n[m->n[x].parent].right = y;
	else
		m->n[m->n[x].parent].left = y;
	m->n[y].right = x;
	m->n[x].parent = y;
}

static int m_parent(const struct model *m, int x)
{
	return m->n[x].parent;
}

/* RB-INSERT-FIXUP */
static void m_insert_fixup(struct model *m, int z)
{
	while (m->n[m_parent(m, z)].red) {
		int p = m_parent(m, z), g = m_parent(m, p);
		bool left = p == m->n[g].left;
		int uncle = left ? m->n[g].right : m->n[g].left;
		if (m->n[uncle].red) {
			m->n[p].red = m->n[uncle].red = false;
			m->n[g].red = true;
			z = g;
			continue;
		}
		if (z == (left ? m->n[p].right : m->n[p].left)) {
			z = p;
			(left ? m_turn_left : m_turn_right)(m, z);
		}
		p = m_parent(m, z);
		g = m_parent(m, p);
		m->n[p].red = false;
		m->n[g].red = true;
		(left ? m_turn_right : m_turn_left)(m, g);
	}
	m->n[m->root].red = false;
}

/* RB-TRANSPLANT */
static void m_transplant(struct model *m, int u, int v)
{
	int p = m->n[u].parent;
	if (p == NIL)
		m->root = v;
	else if (u == m->n[p].left)
		m->n[p].left = v;
	else
		m->n[p].right = v;
	m->n[v].parent = p;
}

static void m_delete_fixup(struct model *m, int x)
{
	while (x != m->root && !m->n[x].red) {
		int p = m_parent(m, x);
		bool left = x == m->n[p].left;
		int w = left ? m->n[p].right : m->n[p].left;
		if (m->n[w].red) {
			m->n[w].red = false;
			m->n[p].red = true;
			(left ? m_turn_left : m_turn_right)(m, p);
			w = left ? m->n[p].right : m->n[p].left;
		}
		if (!m->n[m->n[w].left].red && !m->n[m->n[w].right].red) {
			m->n[w].red = true;
			x = p;
			continue;
		}
		if (!m->n[left ? m->n[w].right : m->n[w].left].red) {
			m->n[left ? m->n[w].left : m->n[w].right].red = false;
			m->n[w].red = true;
			(left ? m_turn_right : m_turn_left)(m, w);
			w = left ? m->n[p].right : m->n[p].left;
		}
		m->n[w].red = m->n[p].red;
		m->n[p].red = false;
		m->n[left ? m->n[w].right : m->n[w].left].red = false;
		(left ? m_turn_left : m_turn_right)(m, p);
		x = m->root;
	}
	m->n[x].red = false;
}

static int m_lowest(const struct model *m, int x)
{
	while (x != NIL && m->n[x].left != NIL)
		x = m->n[x].left;
	return x;
}

/* RB-DELETE */
static void m_delete(struct model *m, int z)
{
	int y = z, x;
	bool was_red = m->n[y].red;
	if (m->n[z].left == NIL) {
		x = m->n[z].right;
		m_transplant(m, z, x);
	} else if (m->n[z].right == NIL) {
		x = m->n[z].left;
		m_transplant(m, z, x);
	} else {
		y = m_lowest(m, m->n[z].right);
		was_red = m->n[y].red;
		x = m->n[y].right;
		if (m->n[y].parent == z) {
			m->n[x].parent = y;
		} else {
			m_transplant(m, y, x);
			m->n[y].right = m->n[z].right;
			m->n[m->n[y].right].parent = y;
		}
		m_transplant(m, z, y);
		m->n[y].left = m->n[z].left;
		m->n[m->n[y].left].parent = y;
		m->n[y].red = m->n[z].red;
	}
	if (!was_red)
		m_delete_fixup(m, x);
	m->n[z].end = m->n[z].start; /* free */
}

/* The next in order of start. The offsets tell: no two start alike. */
static int m_next(const struct model *m, int x)
{
	int found = NIL;
	for (int i = m->root; i != NIL;) {
		if (m->n[i].start > m->n[x].start) {
			found = i;
			i = m->n[i].left;
		} else {
			i = m->n[i].right;
		}
	}
	return found;
}

static bool m_join(struct model *m, int at, const struct node *s)
{
	struct node *n = &m->n[at];
	if (s->start != n->end)
		return false;
	memcpy(n->bytes + (n->end - n->start), s->bytes, (size_t)(s->end - s->start));
	n->end = s->end;
	return true;
}

static int m_place(struct model *m, const struct node *s)
{
	int i = 1;
	while (m->n[i].end > m->n[i].start)
		i++;
	assert_true(i < NODES);
	m->n[i] = *s;
	return i;
}

static void m_cover(struct model *m, int at)
{
	int next;
	while ((next = m_next(m, at)) != NIL && m->n[next].end <= m->n[at].end)
		m_delete(m, next);
	if (next == NIL)
		m->last = at;
}

static void m_add_leaf(struct model *m, const struct node *s, int parent, bool left)
{
	int i = m_place(m, s);
	m->n[i].parent = parent;
	m->n[i].left = m->n[i].right = NIL;
	m->n[i].red = true;
	if (parent == NIL)
		m->root = i;
	else if (left)
		m->n[parent].left = i;
	else
		m->n[parent].right = i;
	m_insert_fixup(m, i);
	m_cover(m, i);
}

static void m_segment(struct model *m, const struct node *s)
{
	if (m->root == NIL) {
		m_add_leaf(m, s, NIL, false);
		return;
	}
	if (m_join(m, m->last, s)) /* 1 */
		return;
	if (s->start >= m->n[m->last].end) { /* 2 */
		m_add_leaf(m, s, m->last, false);
		return;
	}
	int i = m->root, parent = NIL; /* 3 */
	bool left = false;
	while (i != NIL) {
		struct node *n = &m->n[i];
		parent = i;
		left = s->start < n->start;
		if (!left && s->start < n->end && s->end <= n->end)
			return;
		if (s->start == n->start) {
			memcpy(n->bytes, s->bytes, (size_t)(s->end - s->start));
			n->end = s->end;
			m_cover(m, i);
			return;
		}
		if (!left && m_join(m, i, s))
			return;
		i = left ? n->left : n->right;
	}
	m_add_leaf(m, s, parent, left);
}

/* The hole [0, filler) is filled: -> the stream */
static size_t m_stream(const struct model *m, const char *filler, char *to)
{
	size_t n = strlen(filler);
	memcpy(to, filler, n);
	for (int i = m_lowest(m, m->root); i != NIL; i = m_next(m, i)) {
		const struct node *s = &m->n[i];
		if (s->start > (int64_t)n)
			break;
		if (s->end > (int64_t)n) {
			memcpy(to + n, s->bytes + ((int64_t)n - s->start),
			       (size_t)(s->end - (int64_t)n));
			n = (size_t)s->end;
		}
	}
	return n;
}

/* -- both ------------------------------------------------------------------------- */

static void same_bytes(const struct held *h, const struct node *n)
{
	uint8_t got[LONGEST];
	size_t size = (size_t)(n->end - n->start);
	assert_int_equal(hold_copy(h, h->start, got, sizeof got), size);
	assert_memory_equal(got, n->bytes, size);
}

static void same_tree(struct tree_node *t, const struct model *m, int i)
{
	assert_int_equal(t == NULL, i == NIL);
	if (t == NULL)
		return;
	const struct held *h = held_of(t);
	assert_int_equal(h->start, m->n[i].start);
	assert_int_equal(h->end, m->n[i].end);
	assert_int_equal(t->red, m->n[i].red);
	same_bytes(h, &m->n[i]);
	same_tree(t->left, m, m->n[i].left);
	same_tree(t->right, m, m->n[i].right);
}

/* offset and length of each segment; all early. The hole is [0, HOLE). */
enum { HOLE = 4 };

static void run(int (*segment)[2], size_t count)
{
	static struct model m;
	static struct world w;
	char stream[4 * LONGEST];
	memset(&m, 0, sizeof m);
	world_start(&w, 1 << 16, 512);
	world_syn(&w, 0);
	int64_t bytes = HOLE;
	for (size_t i = 0; i < count; i++) {
		struct node s = {.start = segment[i][0], .end = segment[i][0] + segment[i][1]};
		memset(s.bytes, 'A' + (int)(i % 26), (size_t)segment[i][1]);
		bytes += segment[i][1];
		m_segment(&m, &s);
		world_packet(&w, 0, s.start, s.bytes, (size_t)segment[i][1], 0, 0);
		same_tree(w.half[0].queue.root, &m, m.root);
		if (m.root != NIL)
			assert_int_equal(w.half[0].last->start, m.n[m.last].start);
	}
	say(&w, 0, "....");
	size_t n = m_stream(&m, "....", stream);
	assert_int_equal(w.half[0].next, n);
	assert_memory_equal(w.told[0].byte + LOW, stream, n);
	world_end(&w);
	assert_int_equal(w.half[0].account.seen, bytes);
	assert_int_equal(w.half[0].account.evicted, 0);
}

static unsigned dice = 1;

static int roll(int sides)
{
	dice = dice * 1103515245 + 12345;
	return (int)((dice >> 16) % (unsigned)sides);
}

static void random_schedules(void **state)
{
	(void)state;
	for (int round = 0; round < 6000; round++) {
		int segment[24][2];
		size_t count = (size_t)(2 + roll(round % 3 == 0 ? 23 : 9));
		int unit = round % 2 ? 4 : 1, room = 4 + roll(40);
		for (size_t i = 0; i < count; i++) {
			segment[i][0] = HOLE + unit * roll(room);
			segment[i][1] = unit * (1 + roll(1 + room / 3));
		}
		run(segment, count);
	}
}

/* Every pair and triple of a small grid. */
static void all_triples(void **state)
{
	(void)state;
	enum { GRID = 5, PIECES = GRID * (GRID + 1) / 2 };
	int piece[PIECES][2], n = 0;
	for (int start = 0; start < GRID; start++)
		for (int size = 1; start + size <= GRID; size++, n++) {
			piece[n][0] = HOLE + start;
			piece[n][1] = size;
		}
	for (int i = 0; i < PIECES * PIECES * PIECES; i++) {
		int segment[3][2];
		int at = i;
		for (int k = 0; k < 3; k++, at /= PIECES)
			memcpy(segment[k], piece[at % PIECES], sizeof segment[k]);
		run(segment, 3);
	}
}

/* Nine relations of a second early segment to the first: which one Linux keeps. */
static const struct {
	int first[2], second[2];
	const char *stream;
} pairs[] = {
        {{8, 4}, {8, 4}, "....____AAAA"},     {{8, 8}, {8, 4}, "....____AAAAAAAA"},
        {{8, 4}, {8, 8}, "....____BBBBBBBB"}, {{8, 8}, {10, 4}, "....____AAAAAAAA"},
        {{8, 4}, {6, 8}, "....__BBBBBBBB"},   {{8, 8}, {12, 4}, "....____AAAAAAAA"},
        {{8, 4}, {6, 6}, "....__BBBBBB"},     {{8, 6}, {10, 8}, "....____AAAAAABBBB"},
        {{8, 6}, {6, 6}, "....__BBBBBBAA"},   {{4, 4}, {8, 4}, "....AAAABBBB"},
        {{8, 4}, {4, 4}, "....BBBBAAAA"},     {{12, 4}, {4, 4}, "....BBBB____AAAA"},
};

static void nine_relations(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		static struct world w;
		world_start(&w, 1 << 16, 512);
		world_syn(&w, 0);
		char text[2][32] = {{0}, {0}};
		memset(text[0], 'A', (size_t)pairs[i].first[1]);
		memset(text[1], 'B', (size_t)pairs[i].second[1]);
		say(&w, pairs[i].first[0], text[0]);
		say(&w, pairs[i].second[0], text[1]);
		say(&w, 0, "....");
		world_finish_half(&w, 0);
		told(&w, 0, pairs[i].stream);
		world_end(&w);
	}
}

/* A segment whose end was cut off is not joined to: what follows would stand where the
   missing bytes are. */
static void never_behind_a_cut(void **state)
{
	(void)state;
	static struct world w;
	world_start(&w, 1 << 16, 512);
	world_syn(&w, 0);
	world_packet(&w, 0, 4, "AA", 2, 2, 0); /* 6 and 7 are cut */
	say(&w, 8, "BB");
	say(&w, 14, "CC");
	world_packet(&w, 0, 10, "DD", 2, 0, 0); /* joins B, not at the right end */
	say(&w, 0, "....");
	told(&w, 0, "....AA..BBDD..");
	world_finish_half(&w, 0);
	told(&w, 0, "....AA__BBDD__CC.");
	assert_int_equal(w.half[0].account.cut, 2);
	assert_int_equal(w.half[0].account.missing, 4);
	assert_int_equal(w.told[0].snaplen_gaps, 1);
	world_end(&w);
}

/* What lost inside the queue is compared with what beat it. */
static void losers_are_compared(void **state)
{
	(void)state;
	static struct world w;
	world_start(&w, 1 << 16, 512);
	world_syn(&w, 0);
	say(&w, 4, "abcdefgh");
	say(&w, 6, "cdXXgh"); /* inside */
	assert_int_equal(w.told[0].conflicts, 1);
	assert_int_equal(w.told[0].conflict_at, 8);
	assert_int_equal(w.half[0].account.conflicting, 2);
	assert_int_equal(w.half[0].account.duplicate, 4);
	say(&w, 2, "..abcdefgY.."); /* covers it */
	assert_int_equal(w.told[0].conflicts, 2);
	assert_int_equal(w.told[0].conflict_at, 11);
	assert_int_equal(w.half[0].account.conflicting, 3);
	assert_int_equal(w.half[0].account.unchecked, 0);
	say(&w, 0, "..");
	told(&w, 0, "....abcdefgY...");
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(nine_relations),      cmocka_unit_test(all_triples),
	        cmocka_unit_test(random_schedules),    cmocka_unit_test(never_behind_a_cut),
	        cmocka_unit_test(losers_are_compared),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
