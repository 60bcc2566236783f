/* SPDX-License-Identifier: BSD-3-Clause */
/* The order of events is the same for any number of workers: what they told is merged by turn
   (and the numbers of connections that end together), and compared with what one worker told.
   Connections end by their silence, among other things, and times jump. */
#include "drive.h"

#include "prop/random.h"

#define SECOND INT64_C(1000000000)

enum { WORKERS = 3, HOSTS = 200, FRAMES = 30000 };

struct heard {
	uint64_t turn, flow;
	int64_t ts_ns, length;
	enum tf_kind kind;
	enum tf_end end;
};

static struct log {
	struct heard *heard;
	size_t n, room;
} logs[WORKERS];

static struct tf_error err;

static void *open_log(void *arg, unsigned worker, unsigned workers, struct tf_error *why)
{
	(void)arg, (void)workers, (void)why;
	logs[worker].n = 0;
	return &logs[worker];
}

static bool write_log(void *self, const struct tf_event *ev, struct tf_error *why)
{
	struct log *l = self;
	(void)why;
	if (l->n == l->room) {
		l->room = l->room * 2 + 1000;
		l->heard = realloc(l->heard, l->room * sizeof *l->heard);
		assert_non_null(l->heard);
	}
	l->heard[l->n++] = (struct heard){.turn = ev->turn,
	                                  .flow = ev->flow->number,
	                                  .ts_ns = ev->ts_ns,
	                                  .length = ev->length,
	                                  .kind = ev->kind,
	                                  .end = ev->kind == TF_END ? ev->end : TF_END_NONE};
	return true;
}

static bool is_before(const struct heard *a, const struct heard *b)
{
	return a->turn != b->turn ? a->turn < b->turn : a->flow < b->flow;
}

/* -> what all workers told as one, *n of them; to be freed */
static struct heard *merged(unsigned workers, size_t *n)
{
	size_t at[WORKERS] = {0};
	*n = 0;
	for (unsigned i = 0; i < workers; i++)
		*n += logs[i].n;
	struct heard *all = calloc(*n + 1, sizeof *all);
	assert_non_null(all);
	for (size_t k = 0; k < *n; k++) {
		unsigned best = workers;
		for (unsigned i = 0; i < workers; i++)
			if (at[i] < logs[i].n &&
			    (best == workers ||
			     is_before(&logs[i].heard[at[i]], &logs[best].heard[at[best]])))
				best = i;
		all[k] = logs[best].heard[at[best]++];
	}
	return all;
}

/* Mostly data; SYN, FIN and RST now and then. */
static bool push_random(struct tf_engine *e, struct random *r, uint32_t seq[HOSTS][2])
{
	static const char text[] = "abcdefgh";
	unsigned host = (unsigned)random_below(r, HOSTS);
	int dir = random_chance(r, 50);
	uint8_t flags = ACK;
	if (random_chance(r, 6))
		flags = (uint8_t)(dir ? SYN | ACK : SYN);
	else if (random_chance(r, 6))
		flags = random_chance(r, 50) ? FIN | ACK : RST | ACK;
	const char *data = text + random_below(r, sizeof text);
	if ((flags & SYN) != 0)
		seq[host][dir] += (uint32_t)random_below(r, 2) << 24;
	bool ok = push(e, &err, host, dir, flags, seq[host][dir], seq[host][!dir],
	               flags == ACK ? data : "");
	seq[host][dir] += flags == ACK ? (uint32_t)strlen(data) : (flags & (SYN | FIN)) != 0;
	return ok;
}

static void run(uint64_t seed, unsigned workers, int64_t idle_ns)
{
	struct random r = {seed};
	struct tf_config c = config_of(workers, 64 * MIB);
	struct tf_sink sink = {.name = "log", .open = open_log, .event = write_log};
	static uint32_t seq[HOSTS][2];
	memset(seq, 0, sizeof seq);
	c.idle_ns = idle_ns;
	c.linger_ns = idle_ns * 2;
	struct tf_engine *e = engine_of(&c);
	assert_true(tf_engine_attach(e, &sink, &err));
	drive_now = 1000 * SECOND;
	for (int i = 0; i < FRAMES; i++) {
		int64_t step = random_between(&r, 0, idle_ns / 60);
		if (random_below(&r, 1000) == 0)
			step = random_between(&r, -2 * idle_ns, 3 * idle_ns);
		drive_now += step;
		assert_true(push_random(e, &r, seq));
	}
	assert_true(tf_engine_finish(e, &err));
	tf_engine_free(e);
}

/* The contract of tf_event.turn, as far as one worker can break it. */
static void check_turns(const struct heard *all, size_t n, size_t *timeouts)
{
	*timeouts = 0;
	for (size_t i = 0; i < n; i++) {
		assert_true(i == 0 || !is_before(&all[i], &all[i - 1]) ||
		            all[i].turn == all[i - 1].turn);
		*timeouts += all[i].end == TF_END_TIMEOUT;
		if (i > 0 && all[i].turn == all[i - 1].turn && all[i].turn % 2 == 1 &&
		    all[i].kind == TF_END)
			assert_true(all[i].flow >= all[i - 1].flow);
	}
}

static void same_order(void **state)
{
	(void)state;
	static const int64_t idle[] = {1 * SECOND, 5 * SECOND, 100 * SECOND};
	for (uint64_t seed = 1; seed <= 3; seed++) {
		size_t n, timeouts;
		run(seed, 1, idle[seed - 1]);
		struct heard *one = merged(1, &n);
		check_turns(one, n, &timeouts);
		assert_true(timeouts > HOSTS);
		for (unsigned workers = 2; workers <= WORKERS; workers++) {
			size_t m;
			run(seed, workers, idle[seed - 1]);
			struct heard *several = merged(workers, &m);
			assert_int_equal(m, n);
			for (size_t i = 0; i < n; i++)
				assert_memory_equal(&one[i], &several[i], sizeof one[i]);
			free(several);
		}
		free(one);
	}
	for (size_t i = 0; i < WORKERS; i++)
		free(logs[i].heard);
}

/* All end at one tick, and each has a segment that its receiver would not have taken: lines of
   the same turn. */
static void same_lines(void **state)
{
	(void)state;
	folder_make();
	for (unsigned workers = 1; workers <= WORKERS; workers++) {
		struct tf_config c = config_of(workers, 64 * MIB);
		char folder[] = "0";
		folder[0] = (char)('0' + workers);
		c.idle_ns = 5 * SECOND;
		c.keep_rejected = true;
		struct tf_engine *e = engine_of(&c);
		assert_true(tf_engine_record(
		        e, &(struct tf_recording){.folder = folder, .files_max = 8}, &err));
		drive_now = 1000 * SECOND;
		for (unsigned host = 0; host < HOSTS; host++) {
			unsigned mixed = host * 77 % HOSTS;
			assert_true(push(e, &err, mixed, 0, SYN, 99, 0, ""));
			assert_true(push(e, &err, mixed, 1, SYN | ACK, 499, 100, ""));
			assert_true(push(e, &err, mixed, 0, ACK, 200000, 500, "far"));
			assert_true(push(e, &err, mixed, 1, ACK, 500, 100, ""));
		}
		for (int i = 0; i < 20; i++, drive_now += SECOND)
			assert_true(push(e, &err, HOSTS, 0, ACK, 100, 0, ""));
		struct tf_counters n;
		assert_true(tf_engine_finish(e, &err));
		tf_engine_counters(e, &n);
		tf_engine_free(e);
		assert_int_equal(n.conflict_lines, HOSTS);
		char command[80];
		(void)snprintf(command, sizeof command, "cmp 1/conflicts.jsonl %s/conflicts.jsonl",
		               folder);
		assert_int_equal(system(command), 0);
	}
	folder_remove();
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(same_order),
	                                   cmocka_unit_test(same_lines)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
