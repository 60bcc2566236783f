/* SPDX-License-Identifier: BSD-3-Clause */
/* Prints a line for each connection of a capture file, the number of its first packet:
   first_packets FILE */
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
	(void)self;
	(void)err;
	if (ev->kind == TF_BEGIN)
		printf("%" PRIu64 "\n", ev->flow->number);
	return true;
}

int main(int argc, char **argv)
{
	struct tf_sink sink = {.name = "first", .arg = &sink, .open = open_sink, .event = event};
	struct tf_config config;
	struct tf_error err;
	tf_config_init(&config);
	config.workers = 1;
	struct tf_engine *engine = argc == 2 ? tf_engine_new(&config, &err) : NULL;
	if (engine == NULL) {
		(void)fprintf(stderr, "usage: first_packets FILE\n");
		return 1;
	}
	bool ok = tf_engine_attach(engine, &sink, &err) && tf_engine_read(engine, argv[1], &err) &&
	          tf_engine_finish(engine, &err);
	if (!ok)
		(void)fprintf(stderr, "first_packets: %s\n", err.text);
	tf_engine_free(engine);
	return 0; /* a damaged capture has been read as far as it goes */
}
