/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Captures over the network: a peer sends a capture file (pcap or pcapng) over a TCP
 * connection that we open and never write to, as Wireshark ("TCP@host:port") and
 * Arkime do it.
 */
#ifndef CAPTURE_REMOTE_H
#define CAPTURE_REMOTE_H

#include "capture/origin.h"

/* -> HOST:PORT of a path of the form tcp://HOST:PORT, or NULL: it is another path. */
const char *remote_address(const char *path);

/*
 * Connects to HOST:PORT (an IPv6 address in brackets), for at most 10 s an address
 * that the name has -> a socket, or -1 with *err (TF_USAGE).
 */
int remote_connect(const char *address, const struct watch *watch, struct tf_error *err);

#endif
