/* SPDX-License-Identifier: BSD-3-Clause */
/* Folders by their paths, which the user gives: for what lies beneath one, see beneath.h. */
#ifndef BASE_FOLDERS_H
#define BASE_FOLDERS_H

#include <stdbool.h>

/*
 * Makes the folders of path that are missing, the last one too, with mode 0777 less the umask, and
 * calls each, which may be NULL, for those that were made -> false with errno when one cannot be,
 * or each does not like it. *refused: why the last one was not made, which may be there all the
 * same; 0: it is.
 */
bool folders_make(const char *path, int *refused, bool (*each)(void *arg, const char *path),
                  void *arg);

#endif
