/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kernel's rings that are captured from: one for each interface, or several that share
 * one in a fan-out group. They are read by one thread, in the order of their packets' times.
 *
 *	ring 0   1  4  5  9          dispatched: 1 2 3 4 5 6 ...
 *	ring 1   2  3  6  8
 *
 * Of each ring but the one that is being read, the next frame is held, and tells until when
 * the one may be read. So most frames are copied once, and a frame where a turn ends twice.
 * A ring that was found empty is not asked again in that round; it may still get packets that
 * came LIVE_LATE_NS ago, so what the others hold that is younger waits.
 *
 * Packets that belong together and lie in two rings are thus seen in their order, too:
 * fragments and whole packets of a connection, both directions of one within a tunnel (each has
 * its own port outside), and what two interfaces have of it.
 *
 * A clock that was set back must not keep a ring from being read: a frame that is FAR ahead of the
 * clock waits for none. That others are far behind it says nothing: they may have waited for us.
 */
#include "base/error.h"
#include "engine/inside.h"

#include <stdlib.h>
#include <string.h>

/* Frames of a ring in one turn, and about the frames of a round. Drops are looked at before each
   round: it has to end before a ring that fills meanwhile has been read to its hole. */
enum { TAKE = 128 };

#define FAR INT64_C(1000000000)

/* -- which ones ------------------------------------------------------------------------ */

static bool open_ring(struct ears *ears, const struct live_setup *how, struct tf_error *err)
{
	struct ear *ear = &ears->ear[ears->count];
	*ear = (struct ear){.interface = ears->interfaces, .room = malloc(how->snaplen)};
	if (ear->room == NULL)
		return error_set(err, TF_USAGE, "out of memory");
	ears->live[ears->count] = live_open(how, err);
	if (ears->live[ears->count] == NULL) {
		free(ear->room);
		return false;
	}
	ears->count++;
	return true;
}

static void close_last(struct ears *ears)
{
	ears->count--;
	live_close(ears->live[ears->count]);
	free(ears->ear[ears->count].room);
}

/* -> how many rings the next interface gets; each that may follow finds room for one. */
static unsigned rings_of(const struct tf_engine *e, const struct tf_listening *how)
{
	unsigned wanted = how->rings > 0 ? how->rings : e->config.workers;
	unsigned room = EARS - e->ears.count - (EARS_INTERFACES - 1 - e->ears.interfaces);
	if (!live_can_share())
		return 1;
	return wanted < room ? wanted : room;
}

/* All of them, or none -> false with *err */
static bool open_rings(struct ears *ears, const struct live_setup *how, unsigned rings,
                       struct tf_error *err)
{
	const unsigned before = ears->count;
	bool ok = true;
	while (ok && ears->count < before + rings)
		ok = open_ring(ears, how, err);
	if (ok && rings > 1)
		ok = live_share(ears->live + before, rings, err);
	while (!ok && ears->count > before)
		close_last(ears);
	return ok;
}

bool tf_engine_listen(struct tf_engine *e, const struct tf_listening *how, struct tf_error *err)
{
	struct ears *ears = &e->ears;
	if (e->started)
		return error_set(err, TF_USAGE, "interfaces are opened before the first frame");
	if (ears->interfaces == EARS_INTERFACES)
		return error_set(err, TF_USAGE, "no more than %d interfaces", EARS_INTERFACES);
	if (how->snaplen < 1 || how->snaplen > LIVE_SNAPLEN_MOST)
		return error_set(err, TF_USAGE, "the snaplen must lie between 1 and %d",
		                 LIVE_SNAPLEN_MOST);
	const unsigned rings = rings_of(e, how);
	struct live_setup setup = {.interface = how->interface,
	                           .ring = how->ring / rings,
	                           .snaplen = how->snaplen,
	                           .promiscuous = how->promiscuous,
	                           .filter = filter_text(e->filter),
	                           .index = e->sources};
	bool ok = open_rings(ears, &setup, rings, err);
	if (!ok && rings > 1 && how->rings == 0) { /* not all that libpcap opens can be shared */
		setup.ring = how->ring;
		ok = open_rings(ears, &setup, 1, err);
	}
	if (!ok)
		return false;
	e->sources++;
	ears->interfaces++;
	return true;
}

bool tf_interface_first(char to[TF_INTERFACE_ROOM], struct tf_error *err)
{
	return live_first(to, err);
}

void ears_close(struct ears *ears)
{
	while (ears->count > 0)
		close_last(ears);
}

void ears_add_losses(struct live_losses *to, struct live *l)
{
	struct live_losses more = live_losses(l);
	to->kernel += more.kernel;
	to->interface += more.interface;
}

/* A ring that is gone: the others go on. */
static void leave(struct ears *ears, unsigned i)
{
	ears_add_losses(&ears->gone, ears->live[i]);
	live_close(ears->live[i]);
	free(ears->ear[i].room);
	ears->count--;
	ears->live[i] = ears->live[ears->count];
	ears->ear[i] = ears->ear[ears->count];
}

static void leave_gone(struct ears *ears)
{
	for (unsigned i = ears->count; i-- > 0;)
		if (ears->ear[i].gone)
			leave(ears, i);
}

/* -- turns -------------------------------------------------------------------------------- */

static bool give(struct tf_engine *e, const struct ear *ear, const struct tf_frame *frame)
{
	struct tf_frame numbered = *frame;
	numbered.number = ++e->ears.frames[ear->interface];
	e->ears.round++;
	return live_frame(e, &numbered);
}

static void hold(struct ear *ear, const struct tf_frame *frame)
{
	ear->held = *frame;
	ear->held.bytes = ear->room;
	ear->holds = true;
	if (frame->captured > 0)
		memcpy(ear->room, frame->bytes, frame->captured);
}

static bool take(void *arg, const struct tf_frame *frame)
{
	struct tf_engine *e = arg;
	struct ear *ear = &e->ears.ear[e->ears.turn];
	if (frame->ts_ns <= e->ears.until_ns)
		return give(e, ear, frame);
	hold(ear, frame);
	return false;
}

/* Reads ring i until a frame comes that is later, which is held. */
static void read_until(struct tf_engine *e, unsigned i, int64_t until_ns, struct ears_end *end)
{
	struct ears *ears = &e->ears;
	struct tf_error why;
	int taken;
	ears->turn = i;
	ears->until_ns = until_ns;
	if (live_take(ears->live[i], TAKE, take, e, &taken, &why) == LIVE_GONE) {
		ears->ear[i].gone = true;
		if (!end->gone)
			end->why = why;
		end->gone = true;
	}
	ears->ear[i].dry = !ears->ear[i].holds && taken < TAKE;
}

/* The order of two held frames: of equal times the one of the ring that was opened first. */
static bool is_earlier(const struct ears *ears, unsigned a, unsigned b)
{
	return ears->ear[a].held.ts_ns < ears->ear[b].held.ts_ns;
}

struct ears_turn ears_choose(const struct ears *ears, int64_t now_ns)
{
	bool all = true; /* rings hold a frame */
	unsigned first = EARS, second = EARS, last = EARS;
	for (unsigned i = 0; i < ears->count; i++) {
		all = all && (ears->ear[i].holds || ears->ear[i].gone);
		if (!ears->ear[i].holds)
			continue;
		if (first == EARS || is_earlier(ears, i, first)) {
			second = first;
			first = i;
		} else if (second == EARS || is_earlier(ears, i, second)) {
			second = i;
		}
		if (last == EARS || is_earlier(ears, last, i))
			last = i;
	}
	if (first == EARS)
		return (struct ears_turn){EARS, false, 0};
	if (ears->ear[last].held.ts_ns > now_ns + FAR)
		return (struct ears_turn){last, false, INT64_MIN};
	int64_t from_ns = ears->ear[first].held.ts_ns;
	int64_t until_ns = second == EARS ? INT64_MAX : ears->ear[second].held.ts_ns;
	if (all)
		return (struct ears_turn){first, false, until_ns};
	int64_t sure_ns = now_ns - LIVE_LATE_NS;
	if (from_ns > sure_ns)
		return (struct ears_turn){EARS, true, 0};
	return (struct ears_turn){first, false, until_ns < sure_ns ? until_ns : sure_ns};
}

static void take_turn(struct tf_engine *e, struct ears_turn t, struct ears_end *end)
{
	struct ear *ear = &e->ears.ear[t.ear];
	ear->holds = false;
	if (give(e, ear, &ear->held))
		read_until(e, t.ear, t.until_ns, end);
}

/* Each ring that is not known to be empty has its next frame held. */
static void look_ahead(struct tf_engine *e, struct ears_end *end)
{
	for (unsigned i = 0; i < e->ears.count; i++) {
		const struct ear *ear = &e->ears.ear[i];
		if (!ear->holds && !ear->dry && !ear->gone)
			read_until(e, i, INT64_MIN, end);
	}
}

static void take_in_order(struct tf_engine *e, struct ears_end *end)
{
	struct ears *ears = &e->ears;
	const int64_t now_ns = live_now(); /* before any ring is found empty */
	while (ears->round < TAKE && !ears->failed && live_goes_on(e)) {
		look_ahead(e, end);
		struct ears_turn t = ears_choose(ears, now_ns);
		ears->waits = t.waits;
		if (t.ear == EARS)
			return;
		take_turn(e, t, end);
	}
}

unsigned ears_take(struct tf_engine *e, struct ears_end *end)
{
	struct ears *ears = &e->ears;
	ears->round = 0;
	ears->waits = false;
	for (unsigned i = 0; i < ears->count; i++)
		ears->ear[i].dry = false;
	if (ears->count == 1 && !ears->ear[0].holds)
		read_until(e, 0, INT64_MAX, end);
	else
		take_in_order(e, end);
	ears->emptied = true;
	for (unsigned i = 0; i < ears->count; i++)
		ears->emptied = ears->emptied && (ears->ear[i].dry || ears->waits);
	leave_gone(ears);
	return ears->round;
}
