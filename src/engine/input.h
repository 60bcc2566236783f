/* SPDX-License-Identifier: BSD-3-Clause */
/* A source as the engine reads it: it stops when the engine does, and unpacks in a
   thread of its own. */
#ifndef ENGINE_INPUT_H
#define ENGINE_INPUT_H

#include "capture/source.h"
#include "engine/dispatch.h"

struct input {
	struct source *source;
	struct dispatch *dispatch;
	struct block_store store;
	_Atomic bool closing; /* nobody reads any more */
};

/* Opens the source (in must not move afterwards) -> false with *err, as
   source_open_as(). */
bool input_open(struct input *in, struct dispatch *d, const char *path, uint32_t index,
                unsigned patience_ms, struct tf_error *err);
void input_close(struct input *in);

#endif
