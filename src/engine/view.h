/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a thread shows of itself, while it works, to another that looks.
 *
 *	owner:   its own plain counters --copied, now and then--> view.word[]
 *	others:  view.word[] --copied--> struct glance, again while it was being changed
 *
 * Counting costs what it always did: the counters stay the owner's, and are plain. `version` is
 * odd while the words change. They are atomic, each stored with release and loaded with acquire:
 * who sees a new word sees the odd version too, and looks again. So a glance is of one moment.
 *
 * The owner never waits. Who looks does so for as long as one copy takes; there are some two a
 * second (dispatch_look_at_clock()).
 */
#ifndef ENGINE_VIEW_H
#define ENGINE_VIEW_H

#include <tcpflow/tcpflow.h>

#include <stdatomic.h>

/* Words of 64 bits, all of them. */
struct glance {
	struct tf_counters counters;
	uint64_t memory;   /* bytes in use of what was set aside at the start */
	int64_t latest_ns; /* time of the latest segment; 0: there was none */
};

enum { VIEW_WORDS = sizeof(struct glance) / sizeof(uint64_t) };

struct view {
	_Atomic uint64_t version;
	_Atomic uint64_t word[VIEW_WORDS];
};

/* By the owner. */
void view_show(struct view *v, const struct glance *g);

/* By any thread. All of it is 0 before the owner has shown anything. */
void view_look(const struct view *v, struct glance *to);

/* Adds g to *sum; of the times the later one counts. */
void glance_add(struct glance *sum, const struct glance *g);

#endif
