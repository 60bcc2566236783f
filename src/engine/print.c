/* SPDX-License-Identifier: BSD-3-Clause */
/* What is printed: from struct tf_printing to a sink (sink/console.h). */
#include "base/error.h"
#include "engine/inside.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What does not go together. */
static bool check_printing(const struct tf_engine *e, const struct tf_printing *how,
                           struct tf_error *err)
{
	if (e->prints)
		return error_set(err, TF_USAGE, "one way to print is enough");
	if (how->form > TF_FORM_JSON_LEGACY || how->stamps > TF_STAMPS_DELTA)
		return error_set(err, TF_USAGE, "there is no such form to print in");
	if (how->sessions && how->packets)
		return error_set(err, TF_USAGE,
		                 "transcripts are of streams, not of packets: print the one or "
		                 "the other");
	if (how->sessions && how->form == TF_FORM_RAW)
		return error_set(err, TF_USAGE, "transcripts cannot hold bytes as they are");
	if (how->folder != NULL && !how->sessions)
		return error_set(err, TF_USAGE, "only transcripts have files of their own");
	if (how->prefix != NULL && strlen(how->prefix) >= PATH_MAX)
		return error_set(err, TF_USAGE, "what stands before each name is too long");
	return true;
}

void print_free(struct tf_engine *e)
{
	outdir_close(&e->print_dir);
	free(e->print_folder);
	free(e->print_prefix);
	e->print_folder = e->print_prefix = NULL;
}

/* -> false: no memory */
static bool copy_text(const char *from, char **to)
{
	*to = from != NULL ? strdup(from) : NULL;
	return from == NULL || *to != NULL;
}

bool tf_engine_print(struct tf_engine *e, const struct tf_printing *how, struct tf_error *err)
{
	if (!check_printing(e, how, err))
		return false;
	print_free(e); /* of a call that failed */
	if (!copy_text(how->folder, &e->print_folder) || !copy_text(how->prefix, &e->print_prefix))
		return error_set(err, TF_USAGE, "out of memory");
	struct outdir *dir = how->folder != NULL ? &e->print_dir : NULL;
	if (dir != NULL && how->folder[0] == '\0' && (dir = generation_folder(e, err)) == NULL)
		return false;
	if (dir == &e->print_dir && !outdir_open(dir, e->print_folder, err))
		return false;
	if (!name_form_init(&e->print_names, how->names, err))
		return false;
	e->print_names.community_seed = e->config.community_seed;
	e->print = (struct console_setup){
	        .how = *how,
	        .names = &e->print_names,
	        .terminal = how->folder == NULL && isatty(how->fd) == 1,
	        .dir = dir,
	        .community_seed = e->config.community_seed,
	        .flow_bytes = e->config.flow_bytes,
	        .share = e->share,
	        .stopped = &e->dispatch.stop,
	};
	e->print.how.folder = e->print_folder;
	e->print.how.prefix = e->print_prefix;
	e->print.how.names = NULL; /* the caller's text may go */
	if (!engine_attach(e, console_sink(&e->print), console_memory_per_flow(&e->print),
	                   console_memory_fixed(&e->print), err))
		return false;
	e->prints = true;
	if (how->folder == NULL || e->print_names.one_worker)
		e->config.workers = 1;
	return true;
}
