/* SPDX-License-Identifier: BSD-3-Clause */
/* Prints a line for each connection of a capture file, when it ends:
   connections FILE
   its number, that of its first packet, originator, what both sides have shown, state, Community
   ID, history. */
#include <tcpflow/tcpflow.h>

#include <inttypes.h>
#include <stdio.h>

static void *open_sink(void *arg, unsigned worker, unsigned workers, struct tf_error *err)
{
	(void)worker;
	(void)workers;
	(void)err;
	return arg;
}

static bool event(void *self, const struct tf_event *ev, struct tf_error *err)
{
	const struct tf_flow *f = ev->flow;
	char id[TF_COMMUNITY_ROOM];
	(void)self;
	(void)err;
	if (ev->kind != TF_END || ev->dir != TF_BOTH)
		return true;
	(void)tf_community_id(f, 0, id);
	printf("%" PRIu64 " %" PRIu64 " %u %u %s %s %s\n", f->connection, f->number, f->originator,
	       f->showed[0] | f->showed[1], tf_conn_state(f), id, f->history);
	return true;
}

int main(int argc, char **argv)
{
	struct tf_sink sink = {.name = "lines", .arg = &sink, .open = open_sink, .event = event};
	struct tf_config config;
	struct tf_error err;
	tf_config_init(&config);
	config.workers = 1;
	struct tf_engine *engine = argc == 2 ? tf_engine_new(&config, &err) : NULL;
	if (engine == NULL) {
		(void)fprintf(stderr, "usage: connections FILE\n");
		return 1;
	}
	bool ok = tf_engine_attach(engine, &sink, &err) && tf_engine_read(engine, argv[1], &err) &&
	          tf_engine_finish(engine, &err);
	if (!ok)
		(void)fprintf(stderr, "connections: %s\n", err.text);
	tf_engine_free(engine);
	return 0; /* a damaged capture has been read as far as it goes */
}
