/* SPDX-License-Identifier: BSD-3-Clause */
/* Digests of what the recorder stores: they are those of the file on disk, whatever came in
   which order, or there are none. */
#include "recording.h"

#include "prop/random.h"

#include <openssl/evp.h>
#include <signal.h>
#include <sys/resource.h>

enum { BOTH = 1 << DIGEST_MD5 | 1 << DIGEST_SHA256 };

static struct recording r;
static const struct files_setup both = {.digests = BOTH};

/* -> what END said of flow 0's direction 0 */
static const struct tf_record *record(void)
{
	return &r.talk[0].record[0];
}

static void is_that_of(const struct tf_record *rec, const char *path)
{
	static uint8_t got[2 * sizeof pattern];
	uint8_t md5[16], sha256[32];
	size_t n = read_file(path, got, sizeof got);
	assert_true(n <= sizeof got);
	assert_int_equal(rec->size, n);
	assert_int_equal(EVP_Q_digest(NULL, "MD5", NULL, got, n, md5, NULL), 1);
	assert_int_equal(EVP_Q_digest(NULL, "SHA256", NULL, got, n, sha256, NULL), 1);
	assert_true(rec->has_md5 && rec->has_sha256);
	assert_memory_equal(rec->md5, md5, sizeof md5);
	assert_memory_equal(rec->sha256, sha256, sizeof sha256);
}

static void read_back_are(unsigned files)
{
	assert_int_equal(counted(&r).digests_read_back, files);
}

/* RFC 1321, A.5; FIPS 180-4's example. */
static void known(void **state)
{
	(void)state;
	char text[65];
	start_as(&r, &both, 10, 64);
	say(&r, 0, "a");
	say(&r, 1, "bc");
	end_flow(&r, 0);
	tf_hex_text(record()->md5, 16, text);
	assert_string_equal(text, "900150983cd24fb0d6963f7d28e17f72");
	tf_hex_text(record()->sha256, 32, text);
	assert_string_equal(text,
	                    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	read_back_are(0);
	done(&r);
}

static void as_wanted(void **state)
{
	(void)state;
	for (unsigned wanted = 0; wanted < 4; wanted++) {
		const struct files_setup how = {.digests = wanted};
		start_as(&r, &how, 10, 64);
		say(&r, 0, "abc");
		end_flow(&r, 0);
		assert_int_equal(record()->has_md5, wanted & 1);
		assert_int_equal(record()->has_sha256, wanted >> 1);
		assert_false(r.talk[0].record[1].has_md5); /* there is no file */
		done(&r);
	}
}

/* Nothing is read again while bytes come in order, also over holes, and with one descriptor. */
static void in_order(void **state)
{
	(void)state;
	start_as(&r, &both, 1, 8);
	for (size_t at = 0; at < 200000; at += 1000)
		for (unsigned k = 0; k < 4; k++)
			if (at % 7000 != k * 1000)
				data_at(&r, k, 0, (int64_t)at, pattern + at, 1000);
	for (unsigned k = 0; k < 4; k++)
		end_flow(&r, k);
	read_back_are(0);
	for (unsigned k = 0; k < 4; k++)
		is_that_of(&r.talk[k].record[0], path_of(&r, k, 0, 0));
	done(&r);
}

/* What is out of place is read back, once. */
static void out_of_place(void **state)
{
	(void)state;
	start_as(&r, &both, 10, 64);
	say(&r, 0, "0123");
	say(&r, 8, "89");
	reclaim(&r);
	say(&r, 4, "4567"); /* into the hole */
	end_flow(&r, 0);
	read_back_are(1);
	is_that_of(record(), path0(&r));
	done(&r);

	start_as(&r, &both, 10, 64);
	say(&r, 0, "4567");
	reclaim(&r);
	say(&r, 4, "89");
	say(&r, -4, "0123"); /* before the first byte */
	end_flow(&r, 0);
	read_back_are(1);
	file_is(path0(&r), "0123456789");
	is_that_of(record(), path0(&r));
	done(&r);

	start_as(&r, &both, 10, 64);
	say(&r, 0, "4567");
	reclaim(&r);
	hole(&r, -4, 0);
	end_flow(&r, 0);
	read_back_are(1);
	is_that_of(record(), path0(&r));
	done(&r);
}

static void rewrite(const char *text, int64_t offset)
{
	static const struct tf_conflict conflict = {.rewrites = true};
	struct talk *t = &r.talk[0];
	struct tf_event ev = {.kind = TF_CONFLICT,
	                      .flow = &t->flow,
	                      .offset = offset,
	                      .length = (int64_t)strlen(text),
	                      .data = {(const uint8_t *)text, strlen(text)},
	                      .other = {(const uint8_t *)text, strlen(text)},
	                      .conflict = &conflict,
	                      .slot = &t->slot[0]};
	tell(&r, &ev);
}

static void rewritten(void **state)
{
	(void)state;
	for (int written = 0; written < 2; written++) {
		start_as(&r, &both, 10, 64);
		say(&r, 0, "0123456789");
		if (written)
			reclaim(&r);
		rewrite("xyz", 3);
		end_flow(&r, 0);
		read_back_are((unsigned)written); /* what is pending just changes */
		file_is(path0(&r), "012xyz6789");
		is_that_of(record(), path0(&r));
		done(&r);
	}
}

/* The disk takes a part only: no digest is better than one of something else. */
static void full(void **state)
{
	(void)state;
	struct rlimit was, limit;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	limit = (struct rlimit){.rlim_cur = 5000, .rlim_max = was.rlim_max};
	start_as(&r, &both, 10, 64);
	data_at(&r, 0, 0, 0, pattern, 4000);
	reclaim(&r);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	data_at(&r, 0, 0, 4000, pattern + 4000, 4000);
	data_at(&r, 1, 0, 0, "small", 5);
	end_flow(&r, 0);
	end_flow(&r, 1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_true(r.failed);
	assert_int_equal(record()->size, 5000);
	assert_false(record()->has_md5 || record()->has_sha256);
	is_that_of(&r.talk[1].record[0], path_of(&r, 1, 0, 0));
	assert_false(finish(&r));
	clean_up(&r);
}

/* Somebody has cut the file short when it is read back. */
static void cut_short(void **state)
{
	(void)state;
	start_as(&r, &both, 10, 64);
	say(&r, 4, "4567");
	reclaim(&r);
	say(&r, 0, "0123");
	reclaim(&r);
	assert_int_equal(truncate(path0(&r), 6), 0);
	end_flow(&r, 0);
	assert_false(record()->has_md5 || record()->has_sha256);
	done(&r);
}

/* There are contexts for so many files at a time; the next one does without, and is told
   that it must be read back. */
static void all_lent(void **state)
{
	(void)state;
	struct arena arena;
	struct tf_error err;
	static struct digest file[DIGEST_LOANS + 1];
	struct digest_result got[2];
	assert_true(arena_init(&arena, digests_memory(), &err));
	struct digests *d = digests_open(&arena, BOTH, &err);
	assert_non_null(d);
	for (int i = 0; i <= DIGEST_LOANS; i++)
		digest_write(d, &file[i], 0, (const uint8_t *)"a", 1);
	assert_true(digest_is_good(d, &file[DIGEST_LOANS - 1], 1));
	assert_false(digest_is_good(d, &file[DIGEST_LOANS], 1));
	assert_true(digest_restart(d, &file[DIGEST_LOANS]));
	digest_write(d, &file[DIGEST_LOANS], 0, (const uint8_t *)"a", 1);
	digest_end(d, &file[DIGEST_LOANS], 1, &got[0]);
	for (int i = 0; i < DIGEST_LOANS; i++) {
		digest_end(d, &file[i], 1, &got[1]);
		assert_true(got[1].has[DIGEST_MD5] && got[1].has[DIGEST_SHA256]);
		assert_memory_equal(&got[0], &got[1], sizeof got[0]);
	}
	for (int i = 0; i < DIGEST_LOANS; i++) { /* all are back */
		digest_write(d, &file[i], 0, (const uint8_t *)"b", 1);
		assert_true(digest_is_good(d, &file[i], 1));
	}
	digests_close(d);
	arena_free(&arena);
}

/* -- at random ------------------------------------------------------------------------ */

enum { CELLS = 30, RUNS = 300 };

/* A stream in cells, told in almost any order, some never, some replaced later; written out
   now and then.*/
static void one(struct random *dice)
{
	int64_t at[CELLS + 1];
	int order[CELLS];
	bool told[CELLS] = {false};
	at[0] = random_chance(dice, 50) ? 0 : -random_between(dice, 0, 30000);
	for (int k = 0; k < CELLS; k++) {
		at[k + 1] = at[k] + random_between(dice, 1, random_chance(dice, 10) ? 20000 : 1500);
		if (at[k] < 0 && at[k + 1] > 0)
			at[k + 1] = 0; /* nothing that is told crosses the origin */
		order[k] = k;
	}
	int disorder = (int)random_below(dice, CELLS);
	for (int k = 0; k < CELLS; k++) {
		int other = k + (int)random_below(dice, (uint64_t)disorder + 1), was = order[k];
		if (other < CELLS) {
			order[k] = order[other];
			order[other] = was;
		}
	}
	const struct files_setup *how = &both;
	start_as(&r, how, 1 + (unsigned)random_below(dice, 3), random_size(dice, 20));
	for (int i = 0; i < CELLS; i++) {
		int k = order[i];
		if (random_chance(dice, 90)) {
			data_at(&r, 0, 0, at[k], pattern + (at[k] - at[0]),
			        (size_t)(at[k + 1] - at[k]));
			told[k] = true;
		}
		if (random_chance(dice, 10))
			reclaim(&r);
		int again = (int)random_below(dice, CELLS);
		if (told[again] && random_chance(dice, 3))
			rewrite("!", at[again]);
	}
	end_flow(&r, 0);
	if (record()->name != NULL)
		is_that_of(record(), path0(&r));
	done(&r);
}

static void at_random(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= RUNS; seed++) {
		struct random dice = {seed};
		one(&dice);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(known),     cmocka_unit_test(as_wanted),
	        cmocka_unit_test(in_order),  cmocka_unit_test(out_of_place),
	        cmocka_unit_test(rewritten), cmocka_unit_test(full),
	        cmocka_unit_test(cut_short), cmocka_unit_test(all_lent),
	        cmocka_unit_test(at_random),
	};
	return cmocka_run_group_tests(tests, fill_pattern, NULL);
}
