/* SPDX-License-Identifier: BSD-3-Clause */
/* From what the user wants to what the library is told. */
#ifndef CLI_CONFIGURE_H
#define CLI_CONFIGURE_H

#include "cli/facts.h"
#include "cli/options.h"

/* Fills in *cfg (tf_config_init() included), but for the workers, sources_max, the seed, the clock
   and progress, which depend on the machine. */
void configure(struct tf_config *cfg, const struct options *o);

struct outputs {
	unsigned files; /* descriptors that the streams' files may use */
	int hooks;      /* struct hooks.fd, or -1 */
	struct facts *facts;
};

/* Attaches all outputs to the new engine. */
bool configure_outputs(struct tf_engine *e, const struct options *o, const struct outputs *to,
                       struct tf_error *err);

#endif
