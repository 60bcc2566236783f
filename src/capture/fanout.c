/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/fanout.h"

#ifdef __linux__

#include <linux/if_packet.h>
#include <sys/socket.h>

bool fanout_exists(void)
{
	return true;
}

bool fanout_join(int fd, int *group)
{
	/* The number, below the rule. The kernel finds one that nobody has (Linux 4.12). */
	unsigned rule = PACKET_FANOUT_HASH;
	if (*group == FANOUT_NEW)
		rule |= PACKET_FANOUT_FLAG_UNIQUEID;
	unsigned word = rule << 16 | (*group == FANOUT_NEW ? 0 : (unsigned)*group);
	socklen_t size = sizeof word;
	if (setsockopt(fd, SOL_PACKET, PACKET_FANOUT, &word, sizeof word) != 0 ||
	    getsockopt(fd, SOL_PACKET, PACKET_FANOUT, &word, &size) != 0)
		return false;
	*group = (int)(word & 0xffff);
	return true;
}

#else

#include <errno.h>

bool fanout_exists(void)
{
	return false;
}

bool fanout_join(int fd, int *group)
{
	(void)fd, (void)group;
	errno = ENOTSUP;
	return false;
}

#endif
