/* SPDX-License-Identifier: BSD-3-Clause */
/* What the report says of the program, the machine and the run. */
#ifndef CLI_FACTS_H
#define CLI_FACTS_H

#include <tcpflow/tcpflow.h>

#include <sys/utsname.h>

struct facts {
	struct tf_facts tell; /* points into the rest, so this must not move */
	struct utsname system;
	char *command_line; /* NULL: no memory */
	char user[64];
	int64_t start_ns; /* of machine_now_ns() */
};

/* Gathers them; start_ns is when the run began. */
void facts_gather(struct facts *f, int argc, char **argv, int64_t start_ns);

/* tf_reporting.usage; arg is the struct facts */
void facts_usage(void *arg, struct tf_usage *to);

void facts_free(struct facts *f);

#endif
