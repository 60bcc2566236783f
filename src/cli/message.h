/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages for people, one line each. They quote file names and words of the
 * command line, which may come from somebody else: control characters, C1,
 * direction marks, invisible characters and bytes that are not UTF-8 are shown
 * as \xNN, so that a terminal has nothing to obey.
 */
#ifndef CLI_MESSAGE_H
#define CLI_MESSAGE_H

#include <stddef.h>
#include <stdio.h>

/* Writes "tcpflow: ", the sentence and a newline. */
void message_say(FILE *to, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Copies text made harmless, at most n bytes with the NUL -> its length; what
   does not fit is left out, never half a character or half a \xNN. */
size_t message_inert(const char *text, char *to, size_t n);

#endif
