/* SPDX-License-Identifier: BSD-3-Clause */
/* Capabilities, by the kernel's own calls. Where there are none, nothing is done, and it succeeds.
 */
#ifndef SANDBOX_RIGHTS_H
#define SANDBOX_RIGHTS_H

#include <stdbool.h>

/* Nothing is left, in any set but the bounding one. -> false with errno */
bool rights_drop(void);

/* Nothing is left but, if search and if it was there, the right to walk through folders and to
   read (CAP_DAC_READ_SEARCH). -> false with errno */
bool rights_keep_search(bool search);

/* The same for a while: what is left out stays permitted, and rights_wake() takes it up again. */
bool rights_rest(bool search);
bool rights_wake(void);

/* Nothing that is executed from here on gets any. What of that may not be done is left: it takes
   a right itself. */
void rights_bound(void);

/* Changes of the user leave the capabilities permitted, until one of the above takes them. */
bool rights_survive(void);

/* -> whether none is left */
bool rights_none(void);

#endif
