/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/hooks.h"

#include "base/error.h"
#include "base/system.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS = 64, LINE = PATH_MAX + 16, NOT_RUN = 127 };

/* What the process keeps: the words of the command, with room for "--", the path and NULL. */
struct runner {
	char *word[WORDS + 3];
	unsigned words;
	unsigned running;
	bool failed; /* a command could not be run */
};

/* -- the process ----------------------------------------------------------------- */

static void reap(struct runner *r)
{
	int status;
	if (waitpid(-1, &status, 0) < 0)
		return;
	r->running--;
	r->failed = r->failed || (WIFEXITED(status) && WEXITSTATUS(status) == NOT_RUN);
}

/* Does not return. What the process ignores, the command need not. */
static void become(struct runner *r, char *path)
{
	static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
	for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
		(void)signal(ignored[i], SIG_DFL);
	static char end_of_options[] = "--";
	r->word[r->words] = end_of_options;
	r->word[r->words + 1] = path;
	r->word[r->words + 2] = NULL;
	(void)execvp(r->word[0], r->word);
	_exit(NOT_RUN);
}

static void run(struct runner *r, char *path)
{
	while (r->running >= HOOKS_AT_ONCE)
		reap(r);
	pid_t pid = fork();
	if (pid == 0)
		become(r, path);
	r->running += pid > 0;
	r->failed = r->failed || pid < 0;
}

/* Lines that are not about a complete file are passed over. */
static void take_line(struct runner *r, char *line)
{
	static const char close_word[] = "close\t";
	line[strcspn(line, "\n")] = '\0';
	if (strncmp(line, close_word, sizeof close_word - 1) == 0)
		run(r, line + sizeof close_word - 1);
}

/* Does not return. */
static void serve(struct runner *r, int fd)
{
	static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
	for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
		(void)signal(ignored[i], SIG_IGN);
	char line[LINE];
	FILE *lines = fdopen(fd, "r");
	while (lines != NULL && fgets(line, sizeof line, lines) != NULL)
		take_line(r, line);
	while (r->running > 0)
		reap(r);
	_exit(lines == NULL || r->failed);
}

/* -- its owner ------------------------------------------------------------------------ */

/* Cuts text up at its blanks -> false: there is no word, or too many */
static bool split(struct runner *r, char *text)
{
	char *save;
	for (char *w = strtok_r(text, " \t", &save); w != NULL; w = strtok_r(NULL, " \t", &save)) {
		if (r->words == WORDS)
			return false;
		r->word[r->words++] = w;
	}
	return r->words > 0;
}

bool hooks_start(struct hooks *h, const char *command, const struct identity *who,
                 struct tf_error *err)
{
	struct runner r = {.words = 0};
	int ends[2] = {-1, -1};
	char *text = strdup(command);
	bool ok = false;
	*h = (struct hooks){.fd = -1};
	if (text == NULL || !split(&r, text)) {
		(void)error_set(err, TF_USAGE,
		                "tcp_cmd wants a command of 1 to %d words, not '%.100s'", WORDS,
		                command);
		goto out;
	}
	if (!system_pipe(ends) || (h->pid = fork()) < 0) {
		(void)error_sys(err, TF_OUTPUT, "cannot start the process for tcp_cmd");
		h->pid = 0;
		goto out;
	}
	if (h->pid == 0) {
		(void)close(ends[1]);
		if (who != NULL && !identity_become(who, false))
			_exit(NOT_RUN);
		serve(&r, ends[0]);
	}
	h->fd = ends[1];
	ends[1] = -1;
	ok = true;
out:
	for (int i = 0; i < 2; i++)
		if (ends[i] >= 0)
			(void)close(ends[i]);
	free(text);
	return ok;
}

bool hooks_finish(struct hooks *h, struct tf_error *err)
{
	int status = 0;
	if (h->pid == 0)
		return true;
	(void)close(h->fd);
	while (waitpid(h->pid, &status, 0) < 0 && errno == EINTR) {
	}
	h->pid = 0;
	return status == 0 || error_set(err, TF_OUTPUT, "the command of tcp_cmd could not be run");
}
