/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/scanners.h"

#include "base/error.h"

#include <string.h>

const char *const scanner_words[] = {"md5", "http", "netviz", "tcpdemux", "wifiviz", "all", NULL};

static const struct scanner {
	const char *name;
	unsigned bit;
	const char *sentence;
	const char *once; /* said once when it is asked for: why it does nothing */
} scanners[] = {
        {"md5", SCANNER_MD5, "MD5 of each stream in the report, as -FM", NULL},
        {"http", SCANNER_HTTP | SCANNER_HTTP_NAMED, "bodies of HTTP messages; not in this version",
         NULL},
        {"netviz", SCANNER_NETVIZ, "a picture of the traffic; does nothing",
         "the scanner netviz does nothing: no picture of the traffic is made"},
        {"tcpdemux", SCANNER_TCPDEMUX, "files of streams; on unless -x or -E turns it off", NULL},
        {"wifiviz", SCANNER_WIFIVIZ, "a picture of Wi-Fi traffic; does nothing",
         "the scanner wifiviz does nothing: no picture of Wi-Fi traffic is made"},
        {"all", SCANNER_ALL, "all of them, as -a", NULL},
};

enum { SCANNERS = sizeof scanners / sizeof scanners[0] };

static const struct scanner *scanner_of(const char *name)
{
	for (size_t i = 0; i < SCANNERS; i++)
		if (strcmp(scanners[i].name, name) == 0)
			return &scanners[i];
	return NULL;
}

bool take_enable(struct options *o, const struct option_row *row, const char *value,
                 struct tf_error *err)
{
	const struct scanner *s = scanner_of(value);
	(void)row, (void)err;
	if (s == NULL)
		return false;
	o->scanners |= s->bit;
	if (s->once != NULL)
		options_note(o, s->once);
	return true;
}

bool take_only(struct options *o, const struct option_row *row, const char *value,
               struct tf_error *err)
{
	o->scanners = 0;
	return take_enable(o, row, value, err);
}

bool take_disable(struct options *o, const struct option_row *row, const char *value,
                  struct tf_error *err)
{
	const struct scanner *s = scanner_of(value);
	(void)row, (void)err;
	if (s == NULL)
		return false;
	o->scanners &= ~s->bit;
	return true;
}

/* -- settings -- */

#define FIELD(f) offsetof(struct options, f)

static const struct option_row settings[] = {
        {0, "enable_report", "NO", NULL, "no report", take_yes_no, FIELD(no_report),
         .wanted = "YES or NO"},
        {0, "tcp_timeout", "SECONDS", NULL, "as --idle-timeout", take_number, FIELD(idle_s), 0,
         1000000000, .wanted = "a number of seconds"},
        {0, "tdelta", "SECONDS", NULL, "added to each packet's time", take_shift, FIELD(shift_ns),
         .wanted = "a number of seconds such as -3600 or 0.25"},
        {0, "tcp_cmd", "COMMAND", NULL, "run with the name of each file of a stream", take_text,
         FIELD(tcp_cmd), .wanted = "a command"},
        {0, "tcp_alert_fd", "N", NULL, "a descriptor that is told of files of streams", take_number,
         FIELD(tcp_alert_fd), 0, INT32_MAX, .wanted = "the number of a descriptor"},
        {0, "http_cmd", "COMMAND", NULL, "run with the name of each HTTP body", take_text,
         FIELD(http_cmd), .wanted = "a command"},
        {0, "http_alert_fd", "N", NULL, "a descriptor that is told of HTTP bodies", take_number,
         FIELD(http_alert_fd), 0, INT32_MAX, .wanted = "the number of a descriptor"},
        {0, "packet-buffer-timeout", "MS", NULL, "does nothing",
         .once = "-S packet-buffer-timeout does nothing: nothing is captured live"},
        {0, "netviz_histogram_dump", "N", NULL, "does nothing",
         .once = "-S netviz_histogram_dump does nothing: no picture of the traffic is made"},
        {0, "netviz_histogram_size", "N", NULL, "does nothing",
         .once = "-S netviz_histogram_size does nothing: no picture of the traffic is made"},
        {0, "check_fcs", "YES", NULL, "does nothing",
         .once = "-S check_fcs does nothing: what a capture itself calls damaged is left out"},
        {0, "debug-prefix", "TEXT", NULL, "does nothing",
         .once = "-S debug-prefix does nothing: messages begin with tcpflow:"},
};

enum { SETTINGS = sizeof settings / sizeof settings[0] };

const struct option_row *setting_rows(size_t *count)
{
	*count = SETTINGS;
	return settings;
}

/* Its value may hold a '=', too. 1.6.1 took -1 for no descriptor. */
static bool set(struct options *o, const struct option_row *row, const char *value,
                struct tf_error *err)
{
	if (row->once != NULL)
		options_note(o, row->once);
	bool none = row->most == INT32_MAX && strcmp(value, "-1") == 0;
	if (row->take == NULL || none || row->take(o, row, value, err))
		return true;
	return error_set(err, TF_USAGE, "-S %s wants %s, not '%.100s'", row->name, row->wanted,
	                 value);
}

bool take_setting(struct options *o, const struct option_row *row, const char *value,
                  struct tf_error *err)
{
	size_t n = strcspn(value, "=");
	(void)row;
	if (value[n] == '\0')
		return false;
	for (size_t i = 0; i < SETTINGS; i++)
		if (strlen(settings[i].name) == n && memcmp(settings[i].name, value, n) == 0)
			return set(o, &settings[i], value + n + 1, err);
	return error_set(err, TF_USAGE, "there is no setting '%.*s'; tcpflow -H lists them",
	                 (int)(n < 100 ? n : 100), value);
}

void scanners_write(FILE *to)
{
	(void)fputs("Scanners, for -e, -E and -x:\n", to);
	for (size_t i = 0; i < SCANNERS; i++)
		(void)fprintf(to, "  %-22s  %s\n", scanners[i].name, scanners[i].sentence);
	(void)fputs("\nSettings, for -S:\n", to);
	for (size_t i = 0; i < SETTINGS; i++) {
		char left[40];
		(void)snprintf(left, sizeof left, "%s=%s", settings[i].name, settings[i].value);
		(void)fprintf(to, "  %-26s  %s\n", left, settings[i].help);
	}
}
