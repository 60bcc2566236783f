/* SPDX-License-Identifier: BSD-3-Clause */
/* When a gap is the kernel's doing: frames that come while its drops rise are marked. */
#include "drive.h"

#include "engine/inside.h"

#define SECOND INT64_C(1000000000)

static struct tf_error err;

/* The hole lies behind what waits in the ring, which may be seconds. */
static void watch(void **state)
{
	(void)state;
	struct hole_watch w = {0};
	hole_watch_empty(&w, SECOND);
	assert_false(hole_watch_look(&w, 0, SECOND));
	assert_true(hole_watch_look(&w, 5, SECOND));
	assert_true(hole_watch_look(&w, 5, 4 * SECOND)); /* not seen empty so far */
	hole_watch_empty(&w, 4 * SECOND);
	assert_true(hole_watch_look(&w, 5, 4 * SECOND)); /* nothing has come behind the hole, */
	assert_true(hole_watch_look(&w, 5, 7 * SECOND)); /* which was long */
	assert_true(hole_watch_look(&w, 5, 8 * SECOND));
	hole_watch_empty(&w, 8 * SECOND); /* nothing rose since */
	assert_false(hole_watch_look(&w, 5, 8 * SECOND + 1));
	assert_false(hole_watch_look(&w, 5, 4 * SECOND)); /* a time steps back: it is over */
	assert_true(hole_watch_look(&w, 6, 9 * SECOND));
	hole_watch_empty(&w, INT64_MAX - 1);
	assert_true(hole_watch_look(&w, 6, INT64_MAX));
}

struct causes {
	struct tf_sink sink;
	_Atomic unsigned lost, kernel, others;
};

static void *on_open(void *arg, unsigned worker, unsigned workers, struct tf_error *e)
{
	(void)worker, (void)workers, (void)e;
	return arg;
}

static bool on_event(void *self, const struct tf_event *ev, struct tf_error *e)
{
	struct causes *c = self;
	(void)e;
	c->lost += ev->cause == TF_GAP_LOST;
	c->kernel += ev->cause == TF_GAP_KERNEL;
	c->others += ev->cause != TF_GAP_LOST && ev->cause != TF_GAP_KERNEL;
	return true;
}

/* A connection whose client's bytes have a hole; the packet behind it comes at such a time. */
static void lose(struct tf_engine *e, unsigned host, bool rising)
{
	for (int i = 0; i < 3; i++)
		assert_true(step(e, &err, host, i));
	dispatch_hand_over(&e->dispatch);
	e->dispatch.drops_rising = rising;
	assert_true(push(e, &err, host, 0, ACK, 112, 500, "behind"));
	e->dispatch.drops_rising = false;
	assert_true(push(e, &err, host, 1, ACK, 500, 118, "all came"));
	dispatch_hand_over(&e->dispatch);
}

/* That goes with the batch to whichever worker has the connection, and not to the next one. */
static void causes(void **state)
{
	(void)state;
	for (unsigned workers = 1; workers <= 3; workers++) {
		struct causes c = {.sink = {.name = "causes",
		                            .kinds = 1 << TF_GAP,
		                            .open = on_open,
		                            .event = on_event,
		                            .arg = &c}};
		struct tf_config config = config_of(workers, 64 * MIB);
		struct tf_engine *e = engine_of(&config);
		struct tf_moment now;
		assert_true(tf_engine_attach(e, &c.sink, &err));
		for (unsigned host = 0; host < 90; host++)
			lose(e, host, host % 3 == 0);
		dispatch_flush(&e->dispatch, false);
		tf_engine_moment(e, &now);
		assert_int_equal(now.frames, 90 * 5);
		assert_int_equal(now.flows, 90);
		assert_true(tf_engine_finish(e, &err));
		tf_engine_free(e);
		assert_int_equal(c.kernel, 30);
		assert_int_equal(c.lost, 60);
		assert_int_equal(c.others, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(watch),
	        cmocka_unit_test(causes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
