/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The lock: from a process that has opened what it needs to one that can do little else.
 *
 *	capabilities    none is left
 *	no-new-privs    nothing that is executed would have more
 *	Landlock        files: beneath these folders, and those to be read
 *	seccomp         the calls of a recording program
 *
 * and then each of these is tried from inside. It takes one thread; those that are started later
 * are bound as well.
 *
 * The lock is the same for root: a process that remains uid 0 has no capabilities and owns root's
 * files all the same, which is why that is told as lacking.
 */
#ifndef SANDBOX_LOCK_H
#define SANDBOX_LOCK_H

#include <tcpflow/tcpflow.h>

struct lock_request {
	const char *const *write; /* folders in which files are made; and files */
	size_t writes;
	const char *const *read; /* files and folders that are read */
	size_t reads;
};

enum { LOCK_LINES = 12, LOCK_LINE = 160 };

struct lock_state {
	bool user;         /* it is not uid 0 */
	bool capabilities; /* there are none */
	bool no_new_privs;
	int landlock; /* ABI; 0: not in force */
	bool seccomp;
	bool in_force;           /* all of them */
	char lacking[LOCK_LINE]; /* "": nothing; else what, and why */
	/* What the kernel says of the process (/proc/self/status), and what was found */
	char line[LOCK_LINES][LOCK_LINE];
	unsigned lines;
	int status; /* descriptor of that file */
};

/* Begins: where the kernel tells the state is opened, as long as that can be reached. */
void lock_begin(struct lock_state *s);

/* Locks what can be locked. Behind lock_begin(). */
void lock_close(const struct lock_request *r, struct lock_state *s);

/* Instead of that, without a lock: s tells what is in force. */
void lock_look(struct lock_state *s);

/* -> whether this build is to be locked when nobody says anything: sanitizers fork and trace */
bool lock_usual(void);

/* -> false with *err (TF_SANDBOX): this build or this kernel lacks a part of it */
bool lock_possible(struct tf_error *err);

#endif
