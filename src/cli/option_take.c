/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/option_take.h"

#include "base/error.h"
#include "cli/number.h"
#include "cli/stats.h"
#include "cli/when.h"

#include <stdlib.h>
#include <string.h>

enum { ROTATE_MOST = 1000000000 }; /* seconds, which is 31 years */

/* -- for any field -- */

static void store(struct options *o, const struct option_row *row, const void *from, size_t n)
{
	memcpy((char *)o + row->field, from, n);
}

bool take_flag(struct options *o, const struct option_row *row, const char *value,
               struct tf_error *err)
{
	bool yes = true;
	(void)value, (void)err;
	store(o, row, &yes, sizeof yes);
	return true;
}

bool take_any(struct options *o, const struct option_row *row, const char *value,
              struct tf_error *err)
{
	(void)err;
	store(o, row, &value, sizeof value);
	return true;
}

bool take_text(struct options *o, const struct option_row *row, const char *value,
               struct tf_error *err)
{
	return *value != '\0' && take_any(o, row, value, err);
}

bool take_number(struct options *o, const struct option_row *row, const char *value,
                 struct tf_error *err)
{
	uint64_t n;
	(void)err;
	if (!number_parse(value, &n) || n < row->least || n > row->most)
		return false;
	store(o, row, &n, sizeof n);
	return true;
}

bool take_word(struct options *o, const struct option_row *row, const char *value,
               struct tf_error *err)
{
	_Static_assert(sizeof(enum tf_gaps) == sizeof(unsigned), "enums are as large");
	(void)err;
	for (unsigned i = 0; row->words[i] != NULL; i++) {
		if (strcmp(value, row->words[i]) == 0) {
			store(o, row, &i, sizeof i);
			return true;
		}
	}
	return false;
}

bool take_yes_no(struct options *o, const struct option_row *row, const char *value,
                 struct tf_error *err)
{
	(void)err;
	if (*value == '\0' || strchr("yYtT1nNfF0", *value) == NULL)
		return false;
	bool no = strchr("nNfF0", *value) != NULL;
	store(o, row, &no, sizeof no);
	return true;
}

bool take_time(struct options *o, const struct option_row *row, const char *value,
               struct tf_error *err)
{
	int64_t ns;
	(void)err;
	if (!when_parse(value, &ns))
		return false;
	store(o, row, &ns, sizeof ns);
	return true;
}

bool take_shift(struct options *o, const struct option_row *row, const char *value,
                struct tf_error *err)
{
	int64_t ns;
	(void)err;
	if (!when_shift(value, &ns))
		return false;
	store(o, row, &ns, sizeof ns);
	return true;
}

/* -- for one option -- */

bool take_source(struct options *o, const struct option_row *row, const char *value,
                 struct tf_error *err)
{
	(void)row, (void)err;
	o->sources[o->source_count++] = value;
	return *value != '\0';
}

bool take_interface(struct options *o, const struct option_row *row, const char *value,
                    struct tf_error *err)
{
	(void)row, (void)err;
	o->interfaces[o->interface_count++] = value;
	return *value != '\0';
}

bool take_finisher(struct options *o, const struct option_row *row, const char *value,
                   struct tf_error *err)
{
	(void)row, (void)err;
	o->finishers[o->finisher_count++] = value;
	return *value != '\0';
}

/* Its second coming asks for everything. */
bool take_help(struct options *o, const struct option_row *row, const char *value,
               struct tf_error *err)
{
	(void)row, (void)err;
	bool all = o->action == ACTION_HELP || (value != NULL && strcmp(value, "all") == 0);
	o->action = all ? ACTION_HELP_ALL : ACTION_HELP;
	return all || value == NULL;
}

bool take_scanners(struct options *o, const struct option_row *row, const char *value,
                   struct tf_error *err)
{
	(void)row, (void)value, (void)err;
	o->action = ACTION_SCANNERS;
	return true;
}

bool take_version(struct options *o, const struct option_row *row, const char *value,
                  struct tf_error *err)
{
	(void)row, (void)value, (void)err;
	o->action = ACTION_VERSION;
	return true;
}

bool take_verbose(struct options *o, const struct option_row *row, const char *value,
                  struct tf_error *err)
{
	(void)row, (void)value, (void)err;
	o->debug = 10;
	return true;
}

/* Any of the letters, in any order; it may come again with others. */
bool take_names(struct options *o, const struct option_row *row, const char *value,
                struct tf_error *err)
{
	static const char letters[] = "ctTXMkmg";
	unsigned names = 0;
	(void)row;
	for (const char *s = value; *s; s++) {
		const char *at = strchr(letters, *s);
		if (at == NULL)
			return false;
		names |= 1U << (at - letters);
	}
	if (names == 0 || !tf_names_flags(value, o->template, o->template_room, err))
		return false;
	if ((names & ~(unsigned)(NAME_NO_FILES | NAME_MD5)) != 0)
		o->template = o->template_room;
	o->names |= names;
	return true;
}

bool take_plain_console(struct options *o, const struct option_row *row, const char *value,
                        struct tf_error *err)
{
	(void)row, (void)value, (void)err;
	o->console = true;
	o->console_headers = false;
	return true;
}

bool take_recover(struct options *o, const struct option_row *row, const char *value,
                  struct tf_error *err)
{
	(void)row;
	if (o->recovers != NULL)
		return error_set(err, TF_USAGE,
		                 "--recover mends one folder: run it again with %.100s", value);
	o->action = ACTION_RECOVER;
	o->recovers = value;
	return *value != '\0';
}

/* A time or a size, by what stands behind the number. */
bool take_rotate(struct options *o, const struct option_row *row, const char *value,
                 struct tf_error *err)
{
	static const struct {
		char letter;
		uint64_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	enum { DIGITS = 9 };
	size_t n = strspn(value, "0123456789");
	uint64_t number = 0;
	(void)row, (void)err;
	for (size_t i = 0; i < n && n <= DIGITS; i++)
		number = 10 * number + (uint64_t)(value[i] - '0');
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		if (value[n] == units[i].letter && value[n + 1] == '\0') {
			o->rotate_s = number * units[i].seconds;
			return o->rotate_s > 0 && o->rotate_s <= ROTATE_MOST;
		}
	}
	return value[n] != '\0' && number_parse(value, &o->rotate_bytes) && o->rotate_bytes > 0;
}

bool take_all(struct options *o, const struct option_row *row, const char *value,
              struct tf_error *err)
{
	(void)row, (void)value, (void)err;
	o->scanners |= SCANNER_ALL;
	return true;
}

bool take_umask(struct options *o, const struct option_row *row, const char *value,
                struct tf_error *err)
{
	char *end;
	unsigned long mode = strtoul(value, &end, 8);
	(void)row, (void)err;
	o->umask = mode;
	return *value >= '0' && *value <= '7' && *end == '\0' && mode <= 0777;
}

bool take_decap(struct options *o, const struct option_row *row, const char *value,
                struct tf_error *err)
{
	(void)row, (void)err;
	return tf_decap_parse(value, &o->decap);
}

/* -> the tunnel of this name that is told by its port, or NULL */
static const struct tf_decap_row *tunnel_of(const char *name, size_t n)
{
	size_t count;
	const struct tf_decap_row *tunnel = tf_decap_rows(&count);
	for (size_t i = 0; i < count; i++, tunnel++)
		if (tunnel->has_port && strlen(tunnel->name) == n &&
		    memcmp(tunnel->name, name, n) == 0)
			return tunnel;
	return NULL;
}

/* NAME=PORT */
bool take_tunnel_port(struct options *o, const struct option_row *row, const char *value,
                      struct tf_error *err)
{
	const char *equals = strchr(value, '=');
	uint64_t port;
	(void)err;
	if (equals == NULL || !number_parse(equals + 1, &port) || port < row->least ||
	    port > row->most || o->tunnel_ports == TF_TUNNEL_PORTS)
		return false;
	const struct tf_decap_row *tunnel = tunnel_of(value, (size_t)(equals - value));
	if (tunnel == NULL)
		return false;
	o->tunnel_port[o->tunnel_ports++] =
	        (struct tf_tunnel_port){.tunnel = tunnel->bit, .port = (uint16_t)port};
	return true;
}

bool take_overlap(struct options *o, const struct option_row *row, const char *value,
                  struct tf_error *err)
{
	(void)row, (void)err;
	return tf_overlap_parse(value, strlen(value), &o->overlap);
}

bool take_overlap_map(struct options *o, const struct option_row *row, const char *value,
                      struct tf_error *err)
{
	(void)row, (void)err;
	return tf_overlap_map_parse(value, o->overlap_rule, &o->overlap_rules);
}

/* A size, or a percentage. */
bool take_min_free(struct options *o, const struct option_row *row, const char *value,
                   struct tf_error *err)
{
	char number[NUMBER_TEXT];
	size_t n = strlen(value);
	uint64_t least;
	bool percent = n > 0 && value[n - 1] == '%';
	(void)row, (void)err;
	if (n >= sizeof number)
		return false;
	memcpy(number, value, n + 1);
	if (percent)
		number[n - 1] = '\0';
	if (!number_parse(number, &least) || least < 1 ||
	    least > (percent ? 99 : (uint64_t)INT64_MAX))
		return false;
	o->free_percent = percent ? least : 0;
	o->free_least = percent ? 0 : least;
	return true;
}

bool take_stats(struct options *o, const struct option_row *row, const char *value,
                struct tf_error *err)
{
	(void)row, (void)err;
	o->stats = value;
	o->stats_length = stats_parse(value, &o->stats_s);
	return o->stats_length > 0;
}
