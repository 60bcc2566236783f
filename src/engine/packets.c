/* SPDX-License-Identifier: BSD-3-Clause */
/* The recorder of packets: see tf_engine_record_packets(). */
#include "base/error.h"
#include "engine/inside.h"

#include <stdlib.h>
#include <string.h>

bool tf_engine_record_packets(struct tf_engine *e, const struct tf_packets *how,
                              struct tf_error *err)
{
	if (e->packets_folder != NULL)
		return error_set(err, TF_USAGE, "one recorder of packets is enough");
	if (!name_form_init(&e->packets_names, how->names, err))
		return false;
	e->packets_names.community_seed = e->config.community_seed;
	struct outdir *dir = &e->packets_dir;
	if (how->folder[0] == '\0' && (dir = generation_folder(e, err)) == NULL)
		return false;
	char *folder = strdup(how->folder);
	if (folder == NULL)
		return error_set(err, TF_USAGE, "out of memory");
	if (dir == &e->packets_dir && !outdir_open(dir, folder, err)) {
		free(folder);
		return false;
	}
	e->packets_folder = folder;
	e->packets = (struct packets_setup){
	        .dir = dir,
	        .names = &e->packets_names,
	        .descriptors = how->files_max,
	        .format = how->format,
	        .both = how->both,
	        .share = e->share,
	};
	if (e->packets_names.one_worker)
		e->config.workers = 1;
	return engine_attach(e, packets_sink(&e->packets), packets_memory_per_flow(&e->packets),
	                     packets_memory_fixed(), err);
}
