/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads a script's statements, line by line. */
#include "script.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START_NS   (INT64_C(1700000000) * 1000000000)
#define MEMORY     (64 << 20) /* as little as serves: every script makes four engines */
#define FIRST_BASE 1001       /* of ">" where the script says nothing */
#define OTHER_BASE 5001       /* of "<" */

/* "flow [NAME] A > B [vlan N,N]", "at S", "option NAME N", "expect ...". */
struct statement {
	const char *word;
	void (*read)(struct script *s, struct reader *r);
};

struct script_flow *script_flow(struct script *s, const char *name)
{
	for (size_t i = 0; i < s->flows; i++)
		if (strcmp(s->flow[i].name, name) == 0)
			return &s->flow[i];
	return NULL;
}

/* "10.0.0.1:80", "[2001:db8::1]:80" */
static struct tf_endpoint read_endpoint(struct reader *r)
{
	struct tf_endpoint e = {0};
	char text[80];
	reader_word(r, text, sizeof(text));
	char *colon = strrchr(text, ':');
	if (colon != NULL) {
		*colon = '\0';
		size_t n = strlen(text);
		bool bracket = text[0] == '[' && n > 1 && text[n - 1] == ']';
		text[n - bracket] = '\0';
		long port = strtol(colon + 1, NULL, 10);
		e.port = (uint16_t)port;
		if (port > 0 && port < 65536 && build_address(text + bracket, &e.address))
			return e;
	}
	reader_fail(r, "'%s' is no address with a port", text);
	return e;
}

void script_vlans(struct reader *r, uint16_t vlan[TF_VLANS])
{
	char text[80], *rest = text;
	reader_word(r, text, sizeof(text));
	memset(vlan, 0, TF_VLANS * sizeof(*vlan));
	for (size_t i = 0; i < TF_VLANS && rest != NULL; i++) {
		char *one = strsep(&rest, ",");
		long id = strtol(one, NULL, 10);
		if (id < 0 || id > 4095)
			reader_fail(r, "'%s' is no VLAN id", one);
		vlan[i] = (uint16_t)id;
	}
}

static void read_flow(struct script *s, struct reader *r)
{
	if (s->flows == SCRIPT_FLOWS) {
		reader_fail(r, "more than %d flows", SCRIPT_FLOWS);
		return;
	}
	struct script_flow *f = &s->flow[s->flows];
	*f = (struct script_flow){0};
	if (strchr(r->token.text, ':') == NULL)
		reader_word(r, f->name, sizeof(f->name));
	if (script_flow(s, f->name) != NULL)
		reader_fail(r, "two flows named '%s'", f->name);
	f->side[0].end = read_endpoint(r);
	if (!reader_take(r, ">"))
		reader_fail(r, "a flow is written A:PORT > B:PORT");
	f->side[1].end = read_endpoint(r);
	f->side[0].base = FIRST_BASE;
	f->side[1].base = OTHER_BASE;
	f->side[0].acked = f->side[1].acked = INT64_MIN;
	if (reader_take(r, "vlan"))
		script_vlans(r, f->vlan);
	reader_end(r);
	s->flows++;
}

static void read_at(struct script *s, struct reader *r)
{
	char *end;
	double seconds = strtod(r->token.text, &end);
	if (*end != '\0' || end == r->token.text || seconds < 0)
		reader_fail(r, "'%s' is no time in seconds", r->token.text);
	s->now_ns = START_NS + (int64_t)(seconds * 1e9);
	reader_next(r);
	reader_end(r);
}

static void read_checksum(struct script *s, struct reader *r)
{
	if (reader_take(r, "strict"))
		s->config.checksum = TF_CHECKSUM_STRICT;
	else if (reader_take(r, "ignore"))
		s->config.checksum = TF_CHECKSUM_IGNORE;
	else
		reader_fail(r, "strict or ignore was expected, not '%s'", r->token.text);
	reader_end(r);
}

static void read_urgent(struct script *s, struct reader *r)
{
	if (!reader_take(r, "oob"))
		reader_fail(r, "oob was expected, not '%s'", r->token.text);
	s->config.urgent = TF_URGENT_OOB;
	reader_end(r);
}

/* A policy, and maybe a map. */
static void read_overlap(struct script *s, struct reader *r)
{
	const char *text = r->token.text;
	if (r->token.kind == TOKEN_WORD &&
	    !tf_overlap_parse(text, strlen(text), &s->config.overlap))
		reader_fail(r, "there is no policy '%s'", text);
	reader_next(r);
	if (r->token.kind == TOKEN_STRING) {
		if (!tf_overlap_map_parse(text, s->config.overlap_rule, &s->config.overlap_rules))
			reader_fail(r, "'%s' is no map of policies", text);
		reader_next(r);
	}
	reader_end(r);
}

static void read_option(struct script *s, struct reader *r)
{
	char name[32];
	if (reader_take(r, "checksum")) {
		read_checksum(s, r);
		return;
	}
	if (reader_take(r, "urgent")) {
		read_urgent(s, r);
		return;
	}
	if (reader_take(r, "overlap")) {
		read_overlap(s, r);
		return;
	}
	reader_word(r, name, sizeof(name));
	int64_t n = reader_number(r);
	if (strcmp(name, "hole_max") == 0)
		s->config.hole_max = n;
	else if (strcmp(name, "flow_bytes") == 0)
		s->config.flow_bytes = n;
	else if (strcmp(name, "linger_ms") == 0)
		s->config.linger_ns = n * 1000000;
	else if (strcmp(name, "idle_ms") == 0)
		s->config.idle_ns = n * 1000000;
	else if (strcmp(name, "memory") == 0)
		s->config.memory = (size_t)n;
	else
		reader_fail(r, "there is no option '%s'", name);
	reader_end(r);
}

/* Understood only when the packets have been recorded: see expect.c. */
static void read_expect(struct script *s, struct reader *r)
{
	char *copy = strdup(r->from);
	s->expect = realloc(s->expect, (s->expects + 1) * sizeof(*s->expect));
	if (s->expect == NULL || copy == NULL)
		abort();
	s->expect[s->expects++] = (struct line){r->line, copy};
}

static const struct statement statements[] = {
        {"flow", read_flow},
        {"at", read_at},
        {"option", read_option},
        {"expect", read_expect},
};

/* "> ...", or "NAME > ...". */
static void read_packet(struct script *s, struct reader *r)
{
	char name[32] = "";
	if (r->token.kind == TOKEN_WORD)
		reader_word(r, name, sizeof(name));
	struct script_flow *f = script_flow(s, name);
	if (f == NULL)
		reader_fail(r,
		            name[0] ? "'%s' is no statement and no flow"
		                    : "no flow without a name was declared%s",
		            name);
	else if (reader_is(r, ">") || reader_is(r, "<"))
		script_packet(s, r, f);
	else
		reader_fail(r, "> or < was expected, not '%s'", r->token.text);
}

static void read_line(struct script *s, struct reader *r)
{
	if (r->token.kind == TOKEN_END)
		return;
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
		if (reader_take(r, statements[i].word)) {
			statements[i].read(s, r);
			return;
		}
	}
	read_packet(s, r);
}

static bool read_lines(struct script *s, FILE *in)
{
	static struct reader r;
	char *text = NULL;
	size_t room = 0;
	bool good = true;
	for (int number = 1; getline(&text, &room, in) >= 0; number++) {
		reader_start(&r, s->file, number, text);
		read_line(s, &r);
		good = good && !r.failed;
	}
	free(text);
	return good;
}

struct script *script_read(const char *file)
{
	FILE *in = fopen(file, "r");
	if (in == NULL) {
		printf("FAIL %s:0: %s\n", file, strerror(errno));
		return NULL;
	}
	struct script *s = calloc(1, sizeof(*s));
	if (s == NULL)
		abort();
	s->file = file;
	s->now_ns = START_NS;
	tf_config_init(&s->config);
	s->config.memory = MEMORY;
	s->config.hash_seed = 1;
	bool good = read_lines(s, in);
	fclose(in);
	if (good && s->frames > 0 && s->expects > 0)
		return s;
	if (good)
		printf("FAIL %s:1: a script needs packets and something expected\n", file);
	script_free(s);
	return NULL;
}

void script_free(struct script *s)
{
	for (size_t i = 0; i < s->frames; i++)
		free((void *)(uintptr_t)s->frame[i].bytes);
	for (size_t i = 0; i < s->expects; i++)
		free(s->expect[i].text);
	for (size_t i = 0; i < s->flows; i++) {
		free(s->flow[i].side[0].sent);
		free(s->flow[i].side[1].sent);
	}
	free(s->frame);
	free(s->expect);
	free(s);
}
