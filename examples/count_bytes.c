/* SPDX-License-Identifier: BSD-3-Clause */
/* Counts what each side of each connection in a capture file said, with a sink of
   its own: count_bytes FILE */
#include <tcpflow/tcpflow.h>

#include <stdio.h>

static void *open_sink(void *arg, unsigned worker, unsigned workers, struct tf_error *err)
{
	(void)worker;
	(void)workers;
	(void)err;
	return arg;
}

static void print_side(const struct tf_flow *f, unsigned dir, const struct tf_account *a)
{
	char from[TF_ADDRESS_TEXT], to[TF_ADDRESS_TEXT];
	tf_address_text(&f->end[dir].address, from);
	tf_address_text(&f->end[!dir].address, to);
	printf("%s %u > %s %u: %lld bytes, %lld missing\n", from, f->end[dir].port, to,
	       f->end[!dir].port, (long long)a->written, (long long)a->missing);
}

static bool event(void *self, const struct tf_event *ev, struct tf_error *err)
{
	unsigned long long *total = self;
	(void)err;
	if (ev->kind == TF_DATA)
		*total += ev->data.n;
	if (ev->kind == TF_END && ev->dir == TF_BOTH) {
		print_side(ev->flow, 0, &ev->account[0]);
		print_side(ev->flow, 1, &ev->account[1]);
	}
	return true;
}

int main(int argc, char **argv)
{
	unsigned long long total = 0;
	struct tf_sink sink = {.name = "count", .arg = &total, .open = open_sink, .event = event};
	struct tf_config config;
	struct tf_error err;
	tf_config_init(&config);
	struct tf_engine *engine = argc == 2 ? tf_engine_new(&config, &err) : NULL;
	if (engine == NULL) {
		(void)fprintf(stderr, "usage: count_bytes FILE\n");
		return 1;
	}
	bool ok = tf_engine_attach(engine, &sink, &err) && tf_engine_read(engine, argv[1], &err) &&
	          tf_engine_finish(engine, &err);
	if (!ok)
		(void)fprintf(stderr, "count_bytes: %s\n", err.text);
	printf("%llu bytes in all\n", total);
	tf_engine_free(engine);
	return !ok;
}
