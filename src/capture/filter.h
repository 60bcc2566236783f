/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A libpcap filter expression, compiled once for each link type that turns up.
 */
#ifndef CAPTURE_FILTER_H
#define CAPTURE_FILTER_H

#include <tcpflow/tcpflow.h>

struct filter;

/* Checks the expression (against Ethernet, else raw IP) -> NULL with *err
   (TF_USAGE, with libpcap's own words) when no link type accepts it. */
struct filter *filter_new(const char *expression, struct tf_error *err);

/* -> whether the frame passes. A link type for which the expression does not
   compile passes nothing. */
bool filter_passes(struct filter *f, const struct tf_frame *frame);

/* -> the expression, NULL for no filter. */
const char *filter_text(const struct filter *f);

void filter_free(struct filter *f);

#endif
