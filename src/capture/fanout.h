/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fan-out groups (packet(7), PACKET_FANOUT): the kernel deals the packets of an interface
 * among several packet sockets, by a hash of the flow that is the same for both directions.
 *
 * All fragments between two hosts come to one socket, whole packets of the same connection
 * perhaps to another one: fragments are told apart by addresses alone. The kernel is not
 * asked to put them together first, nor to roll packets over to a socket that has room.
 */
#ifndef CAPTURE_FANOUT_H
#define CAPTURE_FANOUT_H

#include <stdbool.h>

enum { FANOUT_NEW = -1 };

/* -> whether this system has them. */
bool fanout_exists(void);

/*
 * Puts a bound packet socket into a group; *group: FANOUT_NEW to found one, whose number is
 * put there, else that of a group whose sockets are bound alike.
 * -> false with errno
 */
bool fanout_join(int fd, int *group);

#endif
