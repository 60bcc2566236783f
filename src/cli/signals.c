/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/signals.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>

static volatile sig_atomic_t stopped; /* 0, or the signal */
static volatile sig_atomic_t asked;   /* for the run's status, by SIGUSR1 */
static _Atomic(struct tf_engine *) reached;

static void stop(int number)
{
	struct tf_engine *e = atomic_load(&reached);
	stopped = number;
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGTERM, SIG_DFL);
	if (e)
		tf_engine_stop(e);
}

static void ask(int number)
{
	(void)number;
	asked = 1;
}

static void turn(int number)
{
	struct tf_engine *e = atomic_load(&reached);
	(void)number;
	if (e)
		tf_engine_turn(e);
}

/* Who started us so that a terminal's end does not stop us wants that, and no other folder. */
static void set_turn(void)
{
	struct sigaction next = {.sa_handler = turn, .sa_flags = SA_RESTART}, before;
	if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
		(void)sigaction(SIGHUP, &next, NULL);
}

void signals_set(const struct options *o)
{
	struct sigaction status = {.sa_handler = ask, .sa_flags = SA_RESTART};
	/* No SA_RESTART: a read that waits for a pipe has to return. */
	struct sigaction orderly = {.sa_handler = stop};

	(void)sigaction(SIGINT, &orderly, NULL);
	(void)sigaction(SIGTERM, &orderly, NULL);
	if (options_live(o))
		(void)sigaction(SIGUSR1, &status, NULL);
	if (options_live(o) && (options_use_folder(o) || o->write != NULL))
		set_turn();
}

void signals_ignore(void)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	(void)sigaction(SIGPIPE, &ignore, NULL);
	(void)sigaction(SIGXFSZ, &ignore, NULL);
}

void signals_reach(struct tf_engine *e)
{
	atomic_store(&reached, e);
}

int signals_stopped(void)
{
	return (int)stopped;
}

bool signals_take_question(void)
{
	bool taken = asked != 0;
	asked = 0;
	return taken;
}
