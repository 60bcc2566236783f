/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * report.xml: Digital Forensics XML with the elements and attributes that tcpflow 1.6.1 gave it,
 * `startime` included, which stand in no namespace. What it did not have is in the namespace
 * of WORDS_NAMESPACE, so that those who look for the old find it where it was. Left out of the
 * old is out_of_order_count and violations: segments out of order and those that break the
 * rules are told as gaps, conflicts, rejected bytes and counters.
 */
#include "sink/report.h"
#include "sink/words.h"

#include <inttypes.h>
#include <string.h>

enum { FAMILY_IP4 = 2, FAMILY_IP6 = 10 }; /* as in 1.6.1: Linux' numbers */

/* -- pieces ---------------------------------------------------------------------- */

static inline char *put(char *to, const void *p, size_t n)
{
	memcpy(to, p, n);
	return to + n;
}

/* Up to an attribute's value; in one piece, since there are twenty of them in a row. */
static inline void begin(struct text *t, const char *name)
{
	size_t n = strlen(name);
	char *at = text_room(t, 1 + n + 2);
	if (at == NULL)
		return;
	*at = ' ';
	(void)put(put(at + 1, name, n), "='", 2);
}

static inline void attribute(struct text *t, const char *name, const char *value)
{
	begin(t, name);
	text_xml_string(t, value);
	text_string(t, "'");
}

/* A value that we have written ourselves, in which nothing is to be escaped. */
static inline void word(struct text *t, const char *name, const char *value)
{
	begin(t, name);
	text_string(t, value);
	text_string(t, "'");
}

static inline void number(struct text *t, const char *name, int64_t value)
{
	begin(t, name);
	text_i64(t, value);
	text_string(t, "'");
}

static inline void moment(struct text *t, const char *name, int64_t ns)
{
	begin(t, name);
	text_iso_exact(t, ns);
	text_string(t, "'");
}

static void element(struct text *t, const char *indent, const char *name, const char *value)
{
	text_string(t, indent);
	text_string(t, "<");
	text_string(t, name);
	text_string(t, ">");
	text_xml_string(t, value != NULL ? value : "");
	text_string(t, "</");
	text_string(t, name);
	text_string(t, ">\n");
}

static void count(struct text *t, const char *indent, const char *name, uint64_t value)
{
	char digits[24];
	struct text d = text_in(digits, sizeof digits);
	text_u64(&d, value);
	element(t, indent, name, digits);
}

/* -- the head ------------------------------------------------------------------------ */

static void write_build(struct text *t, const struct tf_facts *f)
{
	static const char in[] = "      ";
	text_string(t, "    <build_environment>\n");
	element(t, in, "compiler", f->compiler);
	element(t, in, "CPPFLAGS", f->cppflags);
	element(t, in, "CFLAGS", f->cflags);
	element(t, in, "LDFLAGS", f->ldflags);
	element(t, in, "LIBS", f->libs);
	element(t, in, "compilation_date", f->compiled);
	text_string(t, "    </build_environment>\n");
}

static void write_execution(struct text *t, const struct tf_facts *f)
{
	static const char in[] = "      ";
	text_string(t, "    <execution_environment>\n");
	element(t, in, "os_sysname", f->os_sysname);
	element(t, in, "os_release", f->os_release);
	element(t, in, "os_version", f->os_version);
	element(t, in, "host", f->host);
	element(t, in, "arch", f->arch);
	element(t, in, "command_line", f->command_line);
	count(t, in, "uid", f->uid);
	element(t, in, "username", f->username);
	text_string(t, "      <start_time>");
	text_iso(t, f->start_ns, 0);
	text_string(t, "</start_time>\n");
	for (size_t i = 0; i < f->privilege_count; i++)
		element(t, in, "tf:privilege", f->privilege[i]);
	text_string(t, "    </execution_environment>\n");
}

void report_xml_head(const struct tf_facts *facts, struct text *t)
{
	text_string(t, "<?xml version='1.0' encoding='UTF-8'?>\n"
	               "<dfxml xmloutputversion='1.0' xmlns:tf='" WORDS_NAMESPACE "'>\n"
	               "  <metadata \n"
	               "  xmlns='http://afflib.org/tcpflow/' \n"
	               "  xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' \n"
	               "  xmlns:dc='http://purl.org/dc/elements/1.1/'>\n"
	               "    <dc:type>Feature Extraction</dc:type>\n"
	               "  </metadata>\n"
	               "  <creator version='1.0'>\n"
	               "    <program>TCPFLOW</program>\n");
	element(t, "    ", "version", tf_version());
	write_build(t, facts);
	write_execution(t, facts);
	text_string(t, "  </creator>\n"
	               "  <configuration>\n"
	               "  </configuration>\n"
	               "  <tdelta>");
	if (facts->shift_ns % 1000000000 == 0)
		text_printf(t, "%" PRId64, facts->shift_ns / 1000000000);
	else
		text_seconds(t, facts->shift_ns);
	text_string(t, "</tdelta>\n"
	               "  <configuration>\n");
}

void report_xml_privileges(const char *const *line, size_t n, struct text *t)
{
	for (size_t i = 0; i < n; i++)
		element(t, "    ", "tf:privilege", line[i]);
}

/* -- rows ------------------------------------------------------------------------------- */

static void write_file(struct text *t, const struct report_row *r)
{
	const char *folder = r->setup->folder;
	if (r->record->name != NULL && !r->nameless) {
		text_string(t, "      <filename>");
		if (folder != NULL) {
			text_xml_string(t, folder);
			text_string(t, "/");
		}
		text_xml_string(t, r->record->name);
		text_string(t, "</filename>\n");
	}
	text_string(t, "      <filesize>");
	text_i64(t, r->record->size);
	text_string(t, "</filesize>\n");
}

/* An address of zeros is none. name: up to its value */
static void write_mac(struct text *t, const char *name, const uint8_t mac[6])
{
	static const uint8_t none[6];
	if (memcmp(mac, none, sizeof none) == 0)
		return;
	text_string(t, name);
	word_mac(t, mac);
	text_string(t, "'");
}

/* What 1.6.1 says of a direction, in its words. */
static void write_tcpflow(struct text *t, const struct tf_flow *f, unsigned dir)
{
	const struct tf_endpoint *src = &f->end[dir], *dst = &f->end[!dir];
	char text[TF_ADDRESS_TEXT];
	text_string(t, "      <tcpflow");
	moment(t, "startime", f->began_ns[dir]);
	moment(t, "endtime", f->latest_ns[dir]);
	write_mac(t, " mac_daddr='", f->mac_to[dir]);
	write_mac(t, " mac_saddr='", f->mac[dir]);
	number(t, "family", tf_address_is_v4(&src->address) ? FAMILY_IP4 : FAMILY_IP6);
	tf_address_text(&src->address, text);
	word(t, "src_ipn", text);
	tf_address_text(&dst->address, text);
	word(t, "dst_ipn", text);
	number(t, "srcport", src->port);
	number(t, "dstport", dst->port);
	number(t, "packets", (int64_t)f->packets[dir]);
	number(t, "len", (int64_t)f->frame_bytes[dir]);
	if (f->captured[dir] != f->frame_bytes[dir])
		number(t, "caplen", (int64_t)f->captured[dir]);
	text_string(t, " />\n");
}

static void write_digest(struct text *t, const char *type, const uint8_t *p, size_t n)
{
	text_string(t, "      <hashdigest type='");
	text_string(t, type);
	text_string(t, "'>");
	text_hex(t, p, n);
	text_string(t, "</hashdigest>\n");
}

static void write_digests(struct text *t, const struct tf_record *r)
{
	if (r->has_md5)
		write_digest(t, "MD5", r->md5, sizeof r->md5);
	if (r->has_sha256)
		write_digest(t, "SHA256", r->sha256, sizeof r->sha256);
}

static void write_vlans(struct text *t, const struct tf_flow *f)
{
	if (f->vlan[0] == 0)
		return;
	text_string(t, " vlan='");
	for (int i = 0; i < TF_VLANS && f->vlan[i] != 0; i++) {
		text_string(t, i > 0 ? " " : "");
		text_u64(t, f->vlan[i]);
	}
	text_string(t, "'");
}

static void write_tunnels(struct text *t, const struct tf_flow *f, unsigned dir)
{
	if (f->net[0] != 0) {
		text_string(t, " nets='");
		word_nets(t, f);
		text_string(t, "'");
	}
	if (f->marks[dir].kind[0] != 0) {
		text_string(t, " marks='");
		word_marks(t, &f->marks[dir]);
		text_string(t, "'");
	}
}

static void write_connection(struct text *t, const struct report_row *r, unsigned dir)
{
	const struct tf_flow *f = r->end->flow;
	size_t n;
	text_string(t, "      <tf:connection number='");
	journal_number(r->part, f);
	text_string(t, "'");
	number(t, "first_packet", (int64_t)f->number);
	word(t, "role", dir == f->originator ? "originator" : "responder");
	moment(t, "began", f->first_ns);
	moment(t, "ended", f->last_ns);
	word(t, "end", tf_end_rows(&n)[r->end->end].word);
	if (r->continues)
		word(t, "continues", "true");
	word(t, "conn_state", tf_conn_state(f));
	word(t, "history", f->history);
	if (f->resumed)
		word(t, "resumed", "true");
	if (r->community[0] != '\0')
		word(t, "community_id", r->community);
	write_vlans(t, f);
	write_tunnels(t, f, dir);
	text_string(t, "/>\n");
}

static void write_gaps(struct text *t, const struct report_row *r)
{
	const struct report_gap *g = slab_at(r->gaps, r->stream->first);
	for (; g != NULL; g = slab_at(r->gaps, g->next)) {
		text_string(t, "        <tf:gap");
		number(t, "offset", g->offset);
		number(t, "length", g->length);
		word(t, "cause", word_cause((enum tf_gap_cause)g->cause));
		text_string(t, "/>\n");
	}
}

/* Terms that are 0 are left out, but for the three that all others are weighed against. */
static void write_account(struct text *t, const struct tf_account *a)
{
	enum { ALWAYS = 3 };
	size_t terms;
	const struct word_term *term = word_terms(&terms);
	text_string(t, "        <tf:account");
	for (size_t i = 0; i < terms; i++)
		if (i < ALWAYS || word_value(a, &term[i]) != 0)
			number(t, term[i].name, word_value(a, &term[i]));
	text_string(t, "/>\n");
}

static void write_stream(struct text *t, const struct report_row *r)
{
	size_t n;
	enum tf_completeness what = tf_completeness_of(r->account, r->end->end);
	text_string(t, "      <tf:stream");
	number(t, "number", r->end->stream);
	if (r->continues)
		number(t, "offset", r->account->offset);
	word(t, "completeness", tf_completeness_rows(&n)[what].word);
	number(t, "bytes_missing", tf_bytes_missing(r->account));
	number(t, "gaps", r->stream->gaps);
	number(t, "gaps_listed", r->stream->listed);
	number(t, "conflicts", r->stream->conflicts);
	text_string(t, ">\n");
	write_account(t, r->account);
	write_gaps(t, r);
	text_string(t, "      </tf:stream>\n");
}

void report_xml_row(const struct report_row *r, unsigned dir, struct text *t)
{
	text_string(t, "    <fileobject>\n");
	write_file(t, r);
	write_tcpflow(t, r->end->flow, dir);
	write_digests(t, r->record);
	write_connection(t, r, dir);
	write_stream(t, r);
	text_string(t, "    </fileobject>\n");
}

/* -- the tail ------------------------------------------------------------------------------- */

static void write_counters(struct text *t, const struct tf_counters *c)
{
	size_t rows;
	const struct tf_counter_row *row = tf_counter_rows(&rows);
	text_string(t, "  <tf:counters>\n");
	for (size_t i = 0; i < rows; i++) {
		const char *at = (const char *)c + row[i].offset;
		text_string(t, "    <tf:counter");
		attribute(t, "name", row[i].name);
		attribute(t, "unit", row[i].unit);
		text_string(t, " value='");
		text_u64(t, *(const uint64_t *)(const void *)at);
		text_string(t, "'>");
		text_xml_string(t, row[i].sentence);
		text_string(t, "</tf:counter>\n");
	}
	text_string(t, "  </tf:counters>\n");
}

static void seconds(struct text *t, const char *name, int64_t ns)
{
	text_printf(t, "    <%s>%lld.%06lld</%s>\n", name, (long long)(ns / 1000000000),
	            (long long)(ns / 1000 % 1000000), name);
}

static void write_usage(struct text *t, const struct tf_usage *u)
{
	static const char in[] = "    ";
	text_string(t, "  <rusage>\n");
	seconds(t, "utime", u->user_ns);
	seconds(t, "stime", u->system_ns);
	count(t, in, "maxrss", u->maxrss);
	count(t, in, "minflt", u->minflt);
	count(t, in, "majflt", u->majflt);
	count(t, in, "nswap", u->nswap);
	count(t, in, "inblock", u->inblock);
	count(t, in, "oublock", u->oublock);
	seconds(t, "clocktime", u->clock_ns);
	text_string(t, "  </rusage>\n");
}

void report_xml_tail(const struct report_setup *setup, struct text *t)
{
	const struct report_sums *sums = &setup->sums;
	struct tf_counters c;
	setup->counters(setup->arg, &c);
	text_string(t, "  </configuration>\n"
	               "  <summary />\n"
	               "  <open_fds_at_end>0</open_fds_at_end>\n");
	count(t, "  ", "max_open_flows", sums->most);
	count(t, "  ", "total_flows", sums->rows);
	count(t, "  ", "flow_map_size", sums->at_end);
	count(t, "  ", "total_packets", c.tcp_segments);
	text_string(t, "  <tf:run");
	attribute(t, "end", setup->ended(setup->arg));
	number(t, "connections", (int64_t)sums->connections);
	text_string(t, "/>\n");
	write_counters(t, &c);
	if (setup->usage != NULL) {
		struct tf_usage usage = {0};
		setup->usage(setup->usage_arg, &usage);
		write_usage(t, &usage);
	}
	text_string(t, "</dfxml>\n");
}
