/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/facts.h"

#include "cli/machine.h"

#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define MICROSECOND INT64_C(1000)
#define SECOND      INT64_C(1000000000)

/* A word as a shell would take it again. -> its end */
static char *quote(char *to, const char *word)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	                            "%+,-./:=@_^";
	if (*word != '\0' && strspn(word, plain) == strlen(word))
		return stpcpy(to, word);
	*to++ = '\'';
	for (; *word != '\0'; word++) {
		if (*word == '\'')
			to = stpcpy(to, "'\\''");
		else
			*to++ = *word;
	}
	*to++ = '\'';
	*to = '\0';
	return to;
}

/* -> the words of the command, quoted where they must be; NULL: no memory */
static char *command_line(int argc, char **argv)
{
	size_t room = 1;
	for (int i = 0; i < argc; i++)
		room += 4 * strlen(argv[i]) + 3; /* each may be a quote */
	char *line = malloc(room), *end = line;
	for (int i = 0; line != NULL && i < argc; i++) {
		if (i > 0)
			*end++ = ' ';
		end = quote(end, argv[i]);
	}
	return line;
}

static void note_user(struct facts *f)
{
	const struct passwd *user = getpwuid(getuid());
	f->tell.uid = getuid();
	if (user == NULL)
		return;
	(void)snprintf(f->user, sizeof f->user, "%s", user->pw_name);
	f->tell.username = f->user;
}

void facts_gather(struct facts *f, int argc, char **argv, int64_t start_ns)
{
	struct timespec now;
	memset(f, 0, sizeof *f);
	f->start_ns = start_ns;
	f->command_line = command_line(argc, argv);
	(void)clock_gettime(CLOCK_REALTIME, &now);
	f->tell = (struct tf_facts){
	        .command_line = f->command_line,
	        .compiler = TF_COMPILER,
	        .start_ns = (int64_t)now.tv_sec * SECOND + now.tv_nsec,
	};
	if (uname(&f->system) == 0) {
		f->tell.os_sysname = f->system.sysname;
		f->tell.os_release = f->system.release;
		f->tell.os_version = f->system.version;
		f->tell.host = f->system.nodename;
		f->tell.arch = f->system.machine;
	}
	note_user(f);
}

static int64_t ns_of(const struct timeval *t)
{
	return (int64_t)t->tv_sec * SECOND + (int64_t)t->tv_usec * MICROSECOND;
}

void facts_usage(void *arg, struct tf_usage *to)
{
	const struct facts *f = arg;
	struct rusage used;
	*to = (struct tf_usage){.clock_ns = machine_now_ns() - f->start_ns};
	if (getrusage(RUSAGE_SELF, &used) != 0)
		return;
	to->user_ns = ns_of(&used.ru_utime);
	to->system_ns = ns_of(&used.ru_stime);
	to->maxrss = (uint64_t)used.ru_maxrss;
	to->minflt = (uint64_t)used.ru_minflt;
	to->majflt = (uint64_t)used.ru_majflt;
	to->nswap = (uint64_t)used.ru_nswap;
	to->inblock = (uint64_t)used.ru_inblock;
	to->oublock = (uint64_t)used.ru_oublock;
}

void facts_free(struct facts *f)
{
	free(f->command_line);
	f->command_line = NULL;
}
