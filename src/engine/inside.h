/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files behind the public face share: engine.c (the face), start.c (the split
   of memory), read.c (frames, and where they come from). */
#ifndef ENGINE_INSIDE_H
#define ENGINE_INSIDE_H

#include "capture/filter.h"
#include "capture/live.h"
#include "engine/crew.h"
#include "engine/generation.h"
#include "engine/keep.h"
#include "engine/unrecorded.h"
#include "sink/alert.h"
#include "sink/conflicts.h"
#include "sink/console.h"
#include "sink/files.h"
#include "sink/report.h"
#include "sink/packets.h"

enum { EARS_INTERFACES = 16, EARS = LIVE_MOST };

/*
 * Whether the frames that come now may have a hole before them that the kernel made. Its ring
 * was full when its drops rose, so the hole lies behind all that is in the ring: from then on,
 * until the ring was seen empty, a frame came behind the hole, and a second has passed since, by
 * packet time.
 */
struct hole_watch {
	uint64_t drops; /* so far */
	bool filled;    /* since they rose the ring was not seen empty */
	bool recent;    /* it was, and the second is not over: */
	bool behind;    /* a frame has come since the latest one then, */
	int64_t empty_ns;
	int64_t until_ns; /* and a second after it, that is, with `behind` */
};

/* A ring of the kernel's. */
struct ear {
	unsigned interface; /* the how manieth */
	bool holds;         /* a frame that was read, and not taken: */
	struct tf_frame held;
	uint8_t *room; /* for its bytes */
	bool dry;      /* it was empty in this round */
	bool gone;     /* its interface went away */
};

/* The rings that are captured from (ears.c). */
struct ears {
	struct live *live[EARS];
	struct ear ear[EARS];
	unsigned count, interfaces;
	uint64_t frames[EARS_INTERFACES];
	unsigned turn;           /* whose ring is read now, */
	int64_t until_ns;        /* and until when */
	unsigned round;          /* frames of this round */
	bool waits;              /* what is held waits for what other rings may still get */
	struct live_losses gone; /* of those that went away */
	int64_t latest_ns;       /* the time of the latest packet */
	bool due;                /* another second has begun by packet time */
	bool emptied;            /* the latest round took all that waited, but what waits */
	struct hole_watch watch;
	bool failed;      /* an output may have */
	unsigned naps;    /* since progress was told, or draining began */
	bool draining;    /* stopped: */
	uint64_t waiting; /* so many frames had come before that, and are still to be taken */
};

struct tf_engine {
	struct tf_config config;
	struct filter *filter;
	struct dispatch dispatch;
	struct crew crew;
	struct worker *worker; /* [config.workers] */
	struct tf_sink sink[FLOW_SINKS];
	unsigned sinks;
	size_t sink_per_flow, sink_per_awake, sink_fixed; /* memory that they take in each worker */
	struct sink_share *share;                         /* [config.workers] */
	struct outdir dir;
	struct name_form names;
	struct files_setup files;
	struct conflicts_setup conflicts;
	struct alerts alerts;
	struct quota quota;
	char *folder;
	struct report_setup report;
	struct outdir report_dir; /* of a report that is not in the folder */
	char *report_path;        /* its folder, */
	char *report_base;        /* and its name there */
	bool reports;
	struct outdir packets_dir;
	struct packets_setup packets;
	struct name_form packets_names;
	char *packets_folder;
	bool records;
	struct console_setup print;
	struct outdir print_dir;
	char *print_folder, *print_prefix;
	struct name_form print_names;
	bool prints;
	struct unrecorded unrecorded;
	struct ears ears;
	struct generation generation;
	struct keep keep;
	bool ready;   /* memory is split, sinks are open */
	bool started; /* to prepare for frames was tried, */
	bool running; /* and to start threads, */
	bool broken;  /* and failed: why says how */
	bool finished;
	struct tf_error why;
	uint32_t sources;
	unsigned open_at_a_time; /* sources; 0: one */
	uint64_t pushed;
	uint64_t position;        /* in the source that is read, as tf_config.progress was told */
	bool selects;             /* not every frame is wanted */
	uint64_t left;            /* frames that are still wanted, when it selects */
	struct tf_counters notes; /* comments and secrets of all sources */
};

/* -- report.c -- */

void report_free(struct tf_engine *e);

/* -- engine.c -- */

/* A sink of the house, which takes memory of each worker: for each flow, and besides. */
bool engine_attach(struct tf_engine *e, struct tf_sink sink, size_t per_flow, size_t fixed,
                   struct tf_error *err);

/* -- generation.c -- */

/* The folder of the generation that is now, whichever that is -> NULL with *err: there is none */
struct outdir *generation_folder(struct tf_engine *e, struct tf_error *err);

/* -> its name, as it stands in front of names in reports; NULL: nothing does */
const char *generation_path(const struct tf_engine *e);

/* What was counted in it. */
void generation_counters(const struct tf_engine *e, struct tf_counters *to);

/* A frame comes: a generation may end before it, and another begin. */
void generation_frame(struct tf_engine *e, int64_t ts_ns);

/* No frame comes; tf_engine_turn() may have been called. */
void generation_look(struct tf_engine *e);

/* No frame comes any more. */
void generation_last(struct tf_engine *e);

/* -> whether a turn has failed: *err, which may be NULL, says why */
bool generation_failed(const struct tf_engine *e, struct tf_error *err);
void generation_free(struct tf_engine *e);

/* -- keep.c -- */

/* The file of packets begins, or ends: what it says of interfaces. */
void engine_name_interfaces(struct tf_engine *e);
void engine_tell_drops(struct tf_engine *e);

/* -- print.c -- */

void print_free(struct tf_engine *e);

/* -- start.c -- */

/* -> whether an engine can be made of it */
bool engine_check(const struct tf_config *c, struct tf_error *err);

/* The first frame is near: memory, sinks, threads. A start that has failed once is not
   tried again. */
bool engine_start(struct tf_engine *e, struct tf_error *err);

/* -- read.c -- */

/* Takes a frame, which lies in b -> false: an output may have failed. */
bool engine_take(struct tf_engine *e, const struct tf_frame *frame, struct block *b);

/* The same for a frame whose bytes are copied. */
bool engine_copy(struct tf_engine *e, const struct tf_frame *frame);

/* The input waits for more. arg is the engine. */
void engine_waits(void *arg);

/* -> whether another frame is wanted */
bool engine_goes_on(const struct tf_engine *e);

/* -> whether one has, with the first failure in *err: the workers have stopped or stop
   soon. */
bool engine_failed(struct tf_engine *e, struct tf_error *err);

/* -- ears.c -- */

void ears_close(struct ears *ears);

/* How reading went. */
struct ears_end {
	bool gone; /* an interface, of which why tells; of several, the first one */
	struct tf_error why;
};

/* A round: takes what waits, about a thousand frames -> how many there were */
unsigned ears_take(struct tf_engine *e, struct ears_end *end);

/* Which ring is to be read, and until what time; EARS: none holds a frame, or not one that may
   be taken now. */
struct ears_turn {
	unsigned ear;
	bool waits;
	int64_t until_ns;
};
struct ears_turn ears_choose(const struct ears *ears, int64_t now_ns);

void ears_add_losses(struct live_losses *to, struct live *l);

/* -- live.c -- */

/* Takes a frame from an interface -> whether another one is wanted */
bool live_frame(struct tf_engine *e, const struct tf_frame *frame);

/* -> whether frames are wanted. */
bool live_goes_on(struct tf_engine *e);

/* The kernel has dropped so many so far -> whether a hole may come. */
bool hole_watch_look(struct hole_watch *w, uint64_t drops, int64_t latest_ns);

/* The ring was empty. */
void hole_watch_empty(struct hole_watch *w, int64_t latest_ns);

#endif
