/* SPDX-License-Identifier: BSD-3-Clause */
/* How long a test may take before it counts as one that hangs. */
#ifndef LIB_PATIENCE_H
#define LIB_PATIENCE_H

#include <stdlib.h>
#include <unistd.h>

/* alarm(2) ends the test after so many seconds of this machine; where the environment says
   TCPFLOW_SLOWER=N (emulators), after N times as many. */
static inline void give_up_after(unsigned s)
{
	const char *slower = getenv("TCPFLOW_SLOWER");
	(void)alarm(s * (slower != NULL ? (unsigned)strtoul(slower, NULL, 10) : 1));
}

#endif
