/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What running a program takes: measure SECONDS PROGRAM [WORD ...]
 *
 * Prints wall clock, user and system seconds, peak memory in KiB, and the exit code, or minus the
 * signal that ended it. What the program prints is thrown away, but errors. After so many SECONDS
 * it is killed. (A small program measures, because the kernel counts its own memory, too, as the
 * peak of what it starts.)
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pid_t child;

static void give_up(int signal)
{
	(void)signal;
	(void)kill(child, SIGKILL);
}

static double now(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static int start(char **words)
{
	int null = open("/dev/null", O_WRONLY);
	/* Whoever measures may be stopped, and then this ends, too. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (null < 0 || dup2(null, STDOUT_FILENO) < 0)
		return 127;
	(void)execvp(words[0], words);
	(void)fprintf(stderr, "measure: %s: %s\n", words[0], strerror(errno));
	return 127;
}

int main(int argc, char **argv)
{
	int status;
	struct rusage use;
	if (argc < 3) {
		(void)fprintf(stderr, "usage: measure SECONDS PROGRAM [WORD ...]\n");
		return 1;
	}
	double begin = now();
	child = fork();
	if (child == 0)
		_exit(start(argv + 2));
	(void)signal(SIGALRM, give_up);
	(void)alarm((unsigned)strtoul(argv[1], NULL, 10));
	while (wait4(child, &status, 0, &use) < 0)
		if (errno != EINTR)
			return 1;
	(void)printf("%.6f %.6f %.6f %ld %d\n", now() - begin, seconds(use.ru_utime),
	             seconds(use.ru_stime), use.ru_maxrss,
	             WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
	return 0;
}
