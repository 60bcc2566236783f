/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets from a network interface, by libpcap.
 *
 *	struct live *l = live_open(&how, &err);	root's rights end here: nothing below needs them
 *	while (live_wait(&l, 1, 100))
 *		live_take(l, 256, take, arg, &err);
 *	live_close(l);
 *
 * Belongs to one thread. Frames are numbered from 1; their position is 0.
 */
#ifndef CAPTURE_LIVE_H
#define CAPTURE_LIVE_H

#include <tcpflow/tcpflow.h>

enum { LIVE_MOST = 64, LIVE_SNAPLEN_MOST = 262144 }; /* handles that can be waited for; bytes */

struct live;

struct live_setup {
	const char *interface; /* as libpcap names it; "any" is all of them */
	size_t ring;           /* bytes of the kernel's buffer */
	uint32_t snaplen;      /* bytes captured of each packet, at most 262144 */
	bool promiscuous;
	const char *filter; /* libpcap's expression, which the kernel applies; NULL: all */
	uint32_t index;     /* becomes tf_frame.source */
};

/* The interface that libpcap lists first -> false with *err (TF_USAGE): there is none. */
bool live_first(char to[TF_INTERFACE_ROOM], struct tf_error *err);

/* Opens an interface, and the kernel begins to capture -> NULL with *err (TF_USAGE) that says
   what is wrong: no such interface, no permission, a bad expression. */
struct live *live_open(const struct live_setup *how, struct tf_error *err);

/* -> whether this system can deal an interface's packets among several handles. */
bool live_can_share(void);

/*
 * Makes one group of n handles of the same interface, set up alike, before the first is read:
 * each packet comes to one of them, and both directions of a connection to the same one (see
 * fanout.h for fragments). The first of them counts what the interface drops.
 * -> false with *err (TF_USAGE): the kernel refuses; the handles are to be closed then
 */
bool live_share(struct live *const *l, unsigned n, struct tf_error *err);

/* Nanoseconds since 1970 by the clock that stamps packets, if the interface does not do it. */
int64_t live_now(void);

/* An empty ring will give no packet that is older than this; the kernel keeps back what came, but
   not for so long. */
#define LIVE_LATE_NS INT64_C(20000000)

/* Sleeps until one of n (which may be 0) has packets, a signal comes, or wait_ms have passed. */
void live_wait(struct live *const *l, unsigned n, int wait_ms);

enum live_result {
	LIVE_ON,  /* more may come */
	LIVE_GONE /* none will: *err says why; it may be NULL for take's wish */
};

/*
 * Gives at most `most` frames that wait to take(); their bytes live until it returns. take
 * -> false: no more now. *taken: how many there were.
 */
enum live_result live_take(struct live *l, int most, bool (*take)(void *, const struct tf_frame *),
                           void *arg, int *taken, struct tf_error *err);

/* What became of packets that no frame was made of, since the opening. */
struct live_losses {
	uint64_t kernel;    /* the ring was full */
	uint64_t interface; /* as far as its driver tells */
};
struct live_losses live_losses(struct live *l);

/* -> how many frames wait, about. */
uint64_t live_waiting(struct live *l);

/* What its frames are: a LINKTYPE_ number, and how much of them is captured at most. */
uint32_t live_link_type(const struct live *l);
uint32_t live_snaplen(const struct live *l);
uint32_t live_index(const struct live *l);

const char *live_name(const struct live *l);
void live_close(struct live *l);

#endif
