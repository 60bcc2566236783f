/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/unrecorded.h"

#include "base/error.h"
#include "capture/aside.h"

#include <stdio.h>

enum { COMMENT_ROOM = 400 };

bool unrecorded_open(struct unrecorded *u, const char *path, const _Atomic bool *stopped,
                     struct tf_error *err)
{
	u->file = aside_open(path, err);
	if (u->file != NULL)
		aside_heed(u->file, stopped);
	return u->file != NULL;
}

static const struct tf_counter_row *row_at(size_t offset)
{
	size_t count;
	const struct tf_counter_row *row = tf_counter_rows(&count);
	while (row->offset != offset)
		row++;
	return row;
}

void unrecorded_write(struct unrecorded *u, const struct tf_frame *frame, size_t row, size_t detail)
{
	char comment[COMMENT_ROOM];
	const struct tf_counter_row *why = row_at(row), *more = row_at(detail);
	if (u->failed)
		return;
	(void)snprintf(comment, sizeof comment, "%s: %s%s%s%s%s", why->name, why->sentence,
	               detail > 0 ? "; " : "", detail > 0 ? more->name : "", detail > 0 ? ": " : "",
	               detail > 0 ? more->sentence : "");
	if (aside_write(u->file, frame, comment))
		u->frames++;
	else
		u->failed = true;
}

bool unrecorded_close(struct unrecorded *u, struct tf_error *err)
{
	if (!aside_close(u->file, &u->why))
		u->failed = true;
	u->file = NULL;
	if (u->failed && err != NULL)
		*err = u->why;
	return !u->failed;
}
