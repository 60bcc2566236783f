/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reads an origin ahead, in a thread of its own, for origins whose reads are work
 * (unpacking). What comes in its place is an origin again.
 */
#ifndef ENGINE_AHEAD_H
#define ENGINE_AHEAD_H

#include "capture/origin.h"

#include <stdatomic.h>

/*
 * Puts an origin that is read ahead in the place of *o. Reads of *o must return
 * within a moment once *closing is set, which ahead's own close does: the origins
 * below watch it. Where no thread can be had, *o stays as it is, and the work is
 * done by whoever reads.
 */
void ahead_start(struct origin *o, _Atomic bool *closing);

#endif
