/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections for which there is no room: they alone are left out, and accounted for. */
#include "recording.h"

static struct recording r;
static struct quota quota;

static void start_with(int64_t disk_max, enum tf_gaps gaps)
{
	static struct tf_error err;
	const struct tf_recording how = {.disk_max = disk_max};
	const struct files_setup setup = {.quota = &quota, .gaps = gaps};
	assert_true(quota_init(&quota, &how, -1, &err));
	start_as(&r, &setup, 10, 64);
}

static void accounted(unsigned flow, unsigned dir, int64_t written, int64_t no_room)
{
	const struct tf_account *a = &r.talk[flow].account[dir];
	assert_int_equal(a->written, written);
	assert_int_equal(a->no_room, no_room);
	assert_int_equal(a->late, 0);
	assert_int_equal(r.talk[flow].record[dir].name != NULL, written > 0);
}

/* What has begun goes on, in both directions; what begins later is left out in both. */
static void reached(void **state)
{
	(void)state;
	for (int gaps = TF_GAPS_HOLE; gaps <= TF_GAPS_MARK; gaps++) {
		char back[10];
		start_with(10, (enum tf_gaps)gaps);
		data_at(&r, 0, 0, 0, "123456789", 9);
		data_at(&r, 1, 0, 0, "one more", 8); /* 9 < 10: there was room */
		data_at(&r, 2, 1, 0, "too late", 8);
		data_at(&r, 2, 0, 0, "likewise", 8);
		data_at(&r, 0, 1, 0, "other direction", 15);
		data_at(&r, 0, 0, 9, "0", 1);
		data_at(&r, 2, 1, 8, "still", 5);
		struct talk *t = &r.talk[2];
		assert_int_equal(
		        r.sink.recall(r.self, &t->flow, 1, &t->slot[1], 0, (uint8_t *)back, 8), 0);
		assert_int_equal(counted(&r).flows_no_room, 1);
		assert_int_equal(atomic_load(&quota.now), TF_ROOM_MAX_DISK);
		for (unsigned i = 0; i < 3; i++)
			end_flow(&r, i);
		accounted(0, 0, 10, 0);
		accounted(0, 1, 15, 0);
		accounted(1, 0, 8, 0);
		accounted(2, 0, 0, 8);
		accounted(2, 1, 0, 13);
		file_is(path_of(&r, 0, 0, 0), "1234567890");
		file_is(path_of(&r, 1, 0, 0), "one more");
		assert_int_equal(names_in("in"), 3);
		assert_int_equal(counted(&r).files, 3);
		done(&r);
	}
}

/* A stream that begins anew in a connection without room has none either; nor has one all of whose
   bytes are beyond -b an empty file. */
static void every_stream(void **state)
{
	(void)state;
	start_with(1, TF_GAPS_HOLE);
	say(&r, 0, "full");
	data_at(&r, 1, 0, 0, "first", 5);
	struct talk *t = &r.talk[1];
	struct tf_event ev = {.kind = TF_END,
	                      .flow = &t->flow,
	                      .end = TF_END_HOLE,
	                      .account = &t->account[0],
	                      .record = &t->record[0],
	                      .slot = &t->slot[0]};
	tell(&r, &ev);
	accounted(1, 0, 0, 5);
	t->account[0] = (struct tf_account){0};
	data_at(&r, 1, 0, 1000, "second", 6);
	end_flow(&r, 1);
	accounted(1, 0, 0, 6);
	r.talk[2].account[1].beyond_limit = 5;
	end_flow(&r, 2);
	assert_int_equal(counted(&r).flows_no_room, 2);
	end_flow(&r, 0);
	assert_int_equal(names_in("in"), 1);
	done(&r);
}

/* There is room, there is none, there is again: what began meanwhile stays left out. */
static void free_again(void **state)
{
	(void)state;
	struct tf_error err;
	struct tf_recording how = {.free_percent = 100};
	assert_false(quota_init(&quota, &how, -1, &err));
	how.free_percent = 1;
	assert_false(quota_init(&quota, &how, -1, &err)); /* no such descriptor */
	assert_int_equal(err.status, TF_OUTPUT);
	start_with(0, TF_GAPS_HOLE);
	quota.fd = r.dir.fd;
	say(&r, 0, "before");
	quota.free_least = UINT64_MAX;
	assert_true(r.sink.flush(r.self, &err)); /* asks */
	assert_int_equal(atomic_load(&quota.now), TF_ROOM_MIN_FREE);
	data_at(&r, 1, 0, 0, "meanwhile", 9);
	quota.free_least = 1;
	assert_true(r.sink.flush(r.self, &err));
	assert_int_equal(atomic_load(&quota.now), TF_ROOM_ENOUGH);
	data_at(&r, 1, 0, 9, "more", 4);
	data_at(&r, 2, 0, 0, "afterwards", 10);
	for (unsigned i = 0; i < 3; i++)
		end_flow(&r, i);
	accounted(0, 0, 6, 0);
	accounted(1, 0, 0, 13);
	accounted(2, 0, 10, 0);
	done(&r);
}

/* It asks without a flush, too, when much was recorded. */
static void much(void **state)
{
	(void)state;
	start_with(0, TF_GAPS_HOLE);
	quota.fd = r.dir.fd;
	quota.free_least = UINT64_MAX;
	int64_t fresh = (16 << 20) - 1;
	assert_true(quota_admits(&quota, &fresh));
	assert_int_equal(fresh, 0);
	fresh = 1;
	assert_false(quota_admits(&quota, &fresh));
	quota.free_least = 0;
	quota.free_percent = 1;
	quota_look(&quota);
	assert_int_equal(atomic_load(&quota.now), TF_ROOM_ENOUGH);
	done(&r);
}

/* Descriptors are counted while they are open. */
static void descriptors(void **state)
{
	(void)state;
	start_with(0, TF_GAPS_HOLE);
	for (unsigned i = 0; i < FLOWS; i++)
		data_at(&r, i, 0, 0, pattern, 70000);
	assert_int_equal(atomic_load(&quota.open), 10);
	for (unsigned i = 0; i < FLOWS; i++)
		end_flow(&r, i);
	assert_int_equal(atomic_load(&quota.open), 0);
	done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(reached),     cmocka_unit_test(every_stream),
	        cmocka_unit_test(free_again),  cmocka_unit_test(much),
	        cmocka_unit_test(descriptors),
	};
	return cmocka_run_group_tests(tests, fill_pattern, NULL);
}
