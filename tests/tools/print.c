/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What tf_engine_print() prints of a capture, on standard output:
 *
 *	print [-C] [-g] [-D] [-B] [-0] [-J] [-b BYTES] [-P PREFIX] [-t iso|epoch|delta]
 *	      [-k] [-l] [-s [-o FOLDER] [-f DESCRIPTORS]] CAPTURE
 *
 * The letters are those of tcpflow 1.6.1, but -k (packets), -l (its JSON), -s (transcripts).
 */
#include <tcpflow/tcpflow.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum tf_stamps stamps_of(const char *name)
{
	return strcmp(name, "iso") == 0     ? TF_STAMPS_ISO
	       : strcmp(name, "epoch") == 0 ? TF_STAMPS_EPOCH
	                                    : TF_STAMPS_DELTA;
}

static void take(int letter, struct tf_printing *how, struct tf_config *cfg)
{
	how->bare = how->bare || letter == 'C';
	how->colours = how->colours || letter == 'g';
	how->joined = how->joined || letter == '0';
	how->packets = how->packets || letter == 'k';
	how->sessions = how->sessions || letter == 's';
	how->form = letter == 'D'   ? TF_FORM_HEX
	            : letter == 'B' ? TF_FORM_RAW
	            : letter == 'J' ? TF_FORM_JSON
	            : letter == 'l' ? TF_FORM_JSON_LEGACY
	                            : how->form;
	if (letter == 'b')
		cfg->flow_bytes = atoll(optarg);
	else if (letter == 'P')
		how->prefix = optarg;
	else if (letter == 't')
		how->stamps = stamps_of(optarg);
	else if (letter == 'o')
		how->folder = optarg;
	else if (letter == 'f')
		how->files_max = (unsigned)atoi(optarg);
}

static int print(const char *capture, const struct tf_config *cfg, const struct tf_printing *how)
{
	struct tf_error err = {.status = TF_OK};
	struct tf_engine *e = tf_engine_new(cfg, &err);
	bool ok = e != NULL && tf_engine_print(e, how, &err) && tf_engine_read(e, capture, &err);
	struct tf_error last;
	if (e != NULL && !tf_engine_finish(e, &last) && ok) {
		err = last;
		ok = false;
	}
	if (!ok)
		(void)fprintf(stderr, "print: %s\n", err.text);
	tf_engine_free(e);
	return ok ? 0 : (int)err.status;
}

int main(int argc, char **argv)
{
	struct tf_config cfg;
	struct tf_printing how = {.fd = STDOUT_FILENO};
	int letter;
	tf_config_init(&cfg);
	(void)signal(SIGPIPE, SIG_IGN);
	while ((letter = getopt(argc, argv, "CgDBJ0klsb:P:t:o:f:")) != -1)
		take(letter, &how, &cfg);
	return optind + 1 == argc ? print(argv[optind], &cfg, &how) : TF_USAGE;
}
