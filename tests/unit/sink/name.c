/* SPDX-License-Identifier: BSD-3-Clause */
/* The names of stream files. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "sink/name.h"

static struct tf_endpoint end_of(const char *address, uint16_t port)
{
	struct tf_endpoint e = {.port = port};
	assert_int_equal(inet_pton(AF_INET6, address, e.address.b), 1);
	return e;
}

static const struct {
	const char *a;
	uint16_t a_port;
	const char *b;
	uint16_t b_port;
	uint16_t vlan[2];
	uint32_t number;
	const char *name[2];
} rows[] = {
        {"::ffff:74.125.19.101",
         80,
         "::ffff:192.168.1.102",
         50956,
         {0, 0},
         0,
         {"074.125.019.101.00080-192.168.001.102.50956",
          "192.168.001.102.50956-074.125.019.101.00080"}},
        {"2001:6f8:102d:0:2d0:9ff:fee3:e8de",
         59201,
         "2001:6f8:900:7c0::2",
         80,
         {0, 0},
         0,
         {"2001:6f8:102d:0:2d0:9ff:fee3:e8de.59201-2001:6f8:900:7c0::2.00080",
          "2001:6f8:900:7c0::2.00080-2001:6f8:102d:0:2d0:9ff:fee3:e8de.59201"}},
        {"::ffff:10.0.0.1",
         9999,
         "::ffff:10.0.0.2",
         36559,
         {42, 0},
         1,
         {"010.000.000.001.09999-010.000.000.002.36559--42c1",
          "010.000.000.002.36559-010.000.000.001.09999--42c1"}},
        {"::ffff:0.0.0.0",
         0,
         "::ffff:255.255.255.255",
         65535,
         {4095, 7},
         4294967295,
         {"000.000.000.000.00000-255.255.255.255.65535--4095c4294967295",
          "255.255.255.255.65535-000.000.000.000.00000--4095c4294967295"}},
        {"::", 1, "::1", 2, {0, 0}, 12, {"::.00001-::1.00002c12", "::1.00002-::.00001c12"}},
};

static struct tf_flow flow_of(size_t i)
{
	return (struct tf_flow){
	        .end = {end_of(rows[i].a, rows[i].a_port), end_of(rows[i].b, rows[i].b_port)},
	        .vlan = {rows[i].vlan[0], rows[i].vlan[1]},
	};
}

static struct name_form form_of(const char *text)
{
	struct name_form form;
	struct tf_error err;
	assert_true(name_form_init(&form, text, &err));
	return form;
}

/* The name by a template -> to */
static const char *name_by(const char *text, const struct tf_flow *f, unsigned dir, uint32_t number,
                           char to[NAME_ROOM])
{
	struct name_form form = form_of(text);
	struct named who = name_subject(&form, f, dir);
	name_write(&who, number, to);
	return to;
}

static void names(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct tf_flow f = flow_of(i);
		for (unsigned dir = 0; dir < 2; dir++) {
			char name[NAME_ROOM];
			assert_string_equal(name_by(NULL, &f, dir, rows[i].number, name),
			                    rows[i].name[dir]);
		}
	}
}

static struct tf_flow rich_flow(void)
{
	return (struct tf_flow){
	        .end = {end_of("::ffff:10.10.0.1", 38984), end_of("2001:db8::7", 22)},
	        .vlan = {42, 7},
	        .mac = {{2, 0, 0, 0, 0, 1}, {0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54}},
	        .mac_to = {{0xa, 0, 0, 0, 0, 3}, {2, 0, 0, 0, 0, 1}},
	        .originator = 1,
	        .began_ns = {INT64_C(1795425464999999999), INT64_C(-1500000000)},
	        .connection = 12,
	        .nth = {UINT64_C(9876543210123), 1234567},
	};
}

/* What each letter writes, of both directions: as tcpflow 1.6.1 does. */
static const struct {
	const char *text;
	uint32_t number;
	const char *name[2];
} letter_rows[] = {
        {"%A%#", 0, {"010.010.000.0010", "2001:db8::70"}},
        {"%a.%c", 7, {"38984.7", "00022.7"}},
        {"%B-%c", 0, {"2001:db8::7-", "010.010.000.001-"}},
        {"%b-%c", 0, {"00022-", "38984-"}},
        {"%E", 0, {"02:00:00:00:00:01", "fe:dc:ba:98:76:54"}},
        {"%e", 0, {"0a:00:00:00:00:03", "02:00:00:00:00:01"}},
        {"x%V", 0, {"x--", "x--"}},
        {"x%v", 1, {"x42c1", "x42c1"}},
        {"%T", 0, {"2026-11-23T09:17:44Z", "1969-12-31T23:59:58Z"}},
        {"%t", 0, {"1795425464", "-2"}},
        {"x%C", 0, {"x", "x"}},
        {"x%C", 3, {"xcc3", "xcc3"}}, /* 1.6.1: "%C%c" is added, "%c" being missing */
        {"x%c", 4294967295, {"x4294967295", "x4294967295"}},
        {"x%#", 0, {"x0", "x0"}},
        {"x%#", 12, {"x12", "x12"}},
        {"%N", 0, {"123", "567"}},
        {"%K", 0, {"210", "234"}},
        {"%M", 0, {"543", "001"}},
        {"%G", 0, {"876", "000"}},
        {"%S", 0, {"00000000000000000012", "00000000000000000012"}},
        {"%n", 0, {"12", "12"}},
        {"%d", 0, {"server", "client"}},
        {"100%%-%d", 1, {"100%-serverc1", "100%-clientc1"}},
        {"%d/%A.%a/%c-", 0, {"server/010.010.000.001.38984/-", "client/2001:db8::7.00022/-"}},
        {"a..b/...%V", 0, {"a..b/...--", "a..b/...--"}},
};

static void each_letter(void **state)
{
	(void)state;
	struct tf_flow f = rich_flow();
	for (size_t i = 0; i < sizeof letter_rows / sizeof *letter_rows; i++)
		for (unsigned dir = 0; dir < 2; dir++) {
			char name[NAME_ROOM];
			assert_string_equal(
			        name_by(letter_rows[i].text, &f, dir, letter_rows[i].number, name),
			        letter_rows[i].name[dir]);
		}
}

/* Its base64 would have '/' and '+'. */
static void community(void **state)
{
	(void)state;
	struct tf_flow f = {
	        .end = {end_of("::ffff:10.10.0.1", 1018), end_of("::ffff:10.10.0.2", 22)}};
	for (unsigned dir = 0; dir < 2; dir++) {
		char name[NAME_ROOM];
		assert_string_equal(name_by("%I", &f, dir, 0, name),
		                    "1:KQ0ERtQ_tOaBU90Fi-36mTpfFzM=");
	}
}

/* A flow may yet learn who opened it, and another Ethernet address: its names stay. */
static void stays(void **state)
{
	(void)state;
	struct tf_flow f = rich_flow();
	struct name_form form = form_of("%d.%E.%e");
	struct named who = name_subject(&form, &f, 0);
	char before[NAME_ROOM], after[NAME_ROOM];
	name_write(&who, 0, before);
	f.originator = 0;
	memset(f.mac, 7, sizeof f.mac);
	memset(f.mac_to, 7, sizeof f.mac_to);
	name_write(&who, 0, after);
	assert_string_equal(before, after);
}

/* The longest name that there can be has room, and a suffix behind it. */
static void longest(void **state)
{
	(void)state;
	static const char text[] = "%A.%a-%B.%b.%E%e%V%v%T/%t%C%c%#%N%K%M%G%S%n%d";
	struct tf_flow f = {.vlan = {UINT16_MAX},
	                    .originator = 1,
	                    .began_ns = {INT64_MIN, INT64_MIN},
	                    .connection = UINT64_MAX,
	                    .nth = {UINT64_MAX, UINT64_MAX}};
	for (int end = 0; end < 2; end++) {
		memset(f.end[end].address.b, 0xff, 16);
		f.end[end].port = 65535;
	}
	char name[NAME_ROOM];
	struct name_form form = form_of(text);
	assert_true(strlen(name_by(text, &f, 0, UINT32_MAX, name)) <= form.longest);
	assert_true(form.longest + NAME_SUFFIX < NAME_ROOM);
	assert_non_null(strstr(name, "--65535"));
	assert_non_null(strstr(name, "c42949672954294967295"));
}

/* -- templates that are refused -------------------------------------------------------- */

static void refused(const char *text, const char *why)
{
	struct tf_error err = {0};
	assert_false(tf_names_check(text, &err));
	assert_int_equal(err.status, TF_USAGE);
	assert_non_null(strstr(err.text, why));
}

static void refusals(void **state)
{
	(void)state;
	static const struct {
		const char *text, *why;
	} bad[] = {
	        {"", "is empty"},
	        {"x%Q", "%Q, which is none of %A %a %B"},
	        {"x%q%", "%q, which"},
	        {"%", "lone %"},
	        {"x%A%", "lone %"},
	        {"x%%%", "lone %"},
	        {"/%A", "begins with '/'"},
	        {"a//b", "empty"},
	        {"a/", "empty"},
	        {"%c", "empty"},
	        {"%V%v/%A", "empty"},
	        {"a/%C%c", "empty"},
	        {".", "'.'"},
	        {".%c", "'.'"},
	        {"..", "'..'"},
	        {"../x", "'..'"},
	        {"x/../y", "'..'"},
	        {"x/./y", "'.'"},
	        {"x/.%V./y", "'..'"},
	        {"x/..", "'..'"},
	        {"x\ny", "control character"},
	        {"x%\ny", "control character"},
	        {"x\177", "control character"},
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		refused(bad[i].text, bad[i].why);
	assert_true(tf_names_check(NULL, NULL));
	assert_true(tf_names_check("...", NULL));
	assert_true(tf_names_check(".%d", NULL));
}

/* Exactly as long as may be, and one more: of a component, of all of a name, of a template. */
static void lengths(void **state)
{
	(void)state;
	enum { PART = NAME_PART - NAME_SUFFIX };
	char text[600];
	memset(text, 'x', sizeof text);
	(void)strcpy(text + PART - 11, ""); /* c4294967295 */
	assert_true(tf_names_check(text, NULL));
	(void)strcpy(text + PART - 11, "x");
	refused(text, "too long");
	(void)strcpy(text + PART - 11, "/%A");
	assert_true(tf_names_check(text, NULL));
	memset(text, '\0', sizeof text);
	for (int i = 0; i < 10; i++) /* 450 bytes, and 11 */
		(void)strcat(text, i % 4 == 3 ? "/%A" : "%A");
	assert_true(tf_names_check(text, NULL));
	(void)strcat(text, "/123456789012345"); /* 479 is the most */
	assert_true(tf_names_check(text, NULL));
	(void)strcat(text, "6");
	refused(text, "too long");
	memset(text, '\0', sizeof text);
	for (int i = 0; i < 100; i++)
		(void)strcat(text, "%N");
	refused(text, "too long");
	for (int i = 0; i < 40; i++)
		(void)strcat(text, "%%");
	refused(text, "too long");
}

/* -- which names are shared ------------------------------------------------------------- */

/* Flows with other keys can have the same name exactly when a VLAN id is in it: there
   may be more tags, of which the name does not tell. */
static void ambiguous(void **state)
{
	(void)state;
	static const struct {
		uint16_t vlan[3];
		bool ambiguous;
	} tags[] = {{{0, 0, 0}, false}, {{7, 0, 0}, true}, {{7, 9, 0}, true}, {{7, 9, 11}, true}};
	struct name_form usual = form_of(NULL), all = form_of("%n.%d");
	for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
		struct tf_flow f = {0};
		memcpy(f.vlan, tags[i].vlan, sizeof tags[i].vlan);
		assert_int_equal(name_is_ambiguous(&usual, &f), tags[i].ambiguous);
		assert_false(name_is_ambiguous(&all, &f));
	}
	struct tf_flow f = {.net = {1}};
	assert_true(name_is_ambiguous(&usual, &f));
}

static void sharing(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool one_worker, shared, unique;
	} forms[] = {
	        {NULL, false, false, false},
	        {"%T%A.%a-%B.%b%V%v%C%c", false, false, false},
	        {"%tT%A.%a-%B.%b%V%v%C%c", false, false, false},
	        {"%A.%a-%B.%b%V%vc%#", false, false, false},
	        {"%d/%A.%a-%B.%b.%v", false, false, false},
	        {"%A.%a-%B.%b", false, true, false},     /* the same ends in another VLAN */
	        {"%A.%a-%B.%b-%c%v", true, true, false}, /* 1 and 23, or 12 and 3 */
	        {"%A.%a-%B.%b%v%c", true, true, false},
	        {"%A%a-%B.%b%v", true, true, false},
	        {"%A.%a-%Bc%b%v", true, true, false}, /* an address can go on with c */
	        {"%A.%a-%B", true, true, false},
	        {"%A-%B", true, true, false},
	        {"x", true, true, false},
	        {"%I", false, true, false},
	        {"%I.%d", false, true, false},
	        {"%I%d%V%v", false, false, false},
	        {"%n", true, true, false}, /* both directions have it */
	        {"%n-%d", true, false, true},
	        {"%n%d", true, false, true},
	        {"%n%a%d", true, true, false},
	        {"%S.%d", true, false, true},
	        {"%S.%A.%a-%B.%b", true, false, true},
	        {"%N", true, true, false},
	        {"%K/%A.%a-%B.%b%V%v", true, false, false},
	        {"%G%M%K%N", true, false, true},
	        {"%G%M%K", true, true, false},
	};
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		struct name_form form = form_of(forms[i].text);
		assert_int_equal(form.one_worker, forms[i].one_worker);
		assert_int_equal(form.shared, forms[i].shared);
		assert_int_equal(form.unique, forms[i].unique);
	}
}

/* -- flags ----------------------------------------------------------------------------------- */

#define USUAL "%A.%a-%B.%b%V%v%C%c"
#define UP_TO "%A.%a-%B.%b%V%v"

/* In the order in which 1.6.1 puts them in front. */
static void flags(void **state)
{
	(void)state;
	static const struct {
		const char *flags, *names, *result;
	} known[] = {
	        {"", NULL, USUAL},
	        {"k", NULL, "%K/" USUAL},
	        {"m", NULL, "%M000-%M999/%M%K/" USUAL},
	        {"g", NULL, "%G000000-%G999999/%G%M000-%G%M999/%G%M%K/" USUAL},
	        {"t", NULL, "%tT" USUAL},
	        {"T", NULL, "%T" USUAL},
	        {"kt", NULL, "%tT%K/" USUAL},
	        {"tk", NULL, "%K/%tT" USUAL},
	        {"TtXM", NULL, "%tT%T" USUAL},
	        {"km", "x", "%M000-%M999/%M%K/%K/x"},
	        {"c", NULL, UP_TO "c%#"},
	        {"ct", NULL, "%tT" UP_TO "c%#"},
	        {"tc", NULL, "%tT" UP_TO "c%#"},
	        {"cc", NULL, UP_TO "c%#"},
	        {"c", "x%c", "x%#"},
	        {"c", "x%#", "x%#"},
	        {"c", "x%%c", "x%%cc%#"},
	        {"c", "x", "xc%#"},
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		char to[TF_NAMES_ROOM];
		struct tf_error err;
		assert_true(tf_names_flags(known[i].flags, known[i].names, to, &err));
		assert_string_equal(to, known[i].result);
		assert_true(tf_names_check(to, &err));
	}
}

static void flags_one_by_one(void **state)
{
	(void)state;
	char to[TF_NAMES_ROOM];
	struct tf_error err;
	assert_true(tf_names_flags("k", NULL, to, NULL));
	assert_true(tf_names_flags("t", to, to, NULL));
	assert_string_equal(to, "%tT%K/" USUAL);
	assert_false(tf_names_flags("kQ", to, to, &err));
	assert_string_equal(to, "%tT%K/" USUAL);
	assert_string_equal(err.text,
	                    "there is no kind of name 'Q': the kinds are c t T X M k m g");
	assert_false(tf_names_flags("gggggggggg", to, to, &err));
	assert_string_equal(to, "%tT%K/" USUAL);
	char text[TF_NAMES_ROOM + 1];
	memset(text, 'x', sizeof text);
	text[TF_NAMES_ROOM] = '\0';
	assert_false(tf_names_flags("", text, to, &err));
	assert_non_null(strstr(err.text, "at most 255"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(names),
	        cmocka_unit_test(each_letter),
	        cmocka_unit_test(community),
	        cmocka_unit_test(stays),
	        cmocka_unit_test(longest),
	        cmocka_unit_test(refusals),
	        cmocka_unit_test(lengths),
	        cmocka_unit_test(ambiguous),
	        cmocka_unit_test(sharing),
	        cmocka_unit_test(flags),
	        cmocka_unit_test(flags_one_by_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
