/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The name of a stream's file, as tcpflow 1.6.1 makes it: %A.%a-%B.%b%V%v%C%c,
 *
 *	074.125.019.101.00080-192.168.001.102.50956
 *	2001:6f8:102d:0:2d0:9ff:fee3:e8de.59201-2001:6f8:900:7c0::2.00080
 *	010.000.000.001.09999-010.000.000.002.36559--42c1
 */
#ifndef SINK_NAME_H
#define SINK_NAME_H

#include <tcpflow/tcpflow.h>

#define NAME_ROOM 160

/* Writes the name of what f->end[dir] said. number: how many files of that name
   there were before; 0 leaves it out. */
void name_of(const struct tf_flow *f, unsigned dir, uint32_t number, char to[NAME_ROOM]);

/* -> whether flows with other keys can have the same name: of several VLAN tags it
   shows the outermost only, and no network id. */
bool name_is_ambiguous(const struct tf_flow *f);

#endif
