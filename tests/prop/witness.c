/* SPDX-License-Identifier: BSD-3-Clause */
#include "prop/witness.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* slot: the distance between event and packet offsets, plus BIAS so that it is not 0. */
#define BIAS (INT64_C(1) << 40)

static void blame(struct witness *w, const struct tf_event *ev, const char *what)
{
	if (w->fault[0] == '\0')
		snprintf(w->fault, sizeof w->fault,
		         "kind %d dir %u offset %" PRId64 " length %" PRId64 " frame %" PRIu64
		         ": %s",
		         (int)ev->kind, ev->dir, ev->offset, ev->length, ev->frame, what);
}

/* -> the packet that an event names, or NULL: it is none that can be meant */
static const struct step *packet_of(const struct witness *w, const struct tf_event *ev)
{
	const struct schedule *s = w->schedule;
	if (ev->frame < 1 || ev->frame > s->frames)
		return NULL;
	const struct step *p = s->sent[ev->frame - 1];
	const struct tf_endpoint *from = &s->talk[p->talk].end[p->dir];
	bool damaged = ev->kind == TF_REJECT && ev->reject == TF_REJECT_CHECKSUM;
	uint64_t at = damaged ? p->damaged + p->length - p->n : step_payload(p);
	bool inside = ev->position >= at && ev->position - at + (uint64_t)ev->length <= p->n;
	bool sender = from->port == ev->flow->end[ev->dir].port &&
	              s->talk[p->talk].end[!p->dir].port == ev->flow->end[!ev->dir].port;
	return inside && sender && ev->source == 0 ? p : NULL;
}

static void hear_bytes(struct witness *w, const struct tf_event *ev, struct tf_span b)
{
	const struct step *p = packet_of(w, ev);
	if (p == NULL) {
		blame(w, ev, "it names a place that no such packet has");
		return;
	}
	if (b.n != (size_t)ev->length || memcmp(w->schedule->wire + ev->position, b.p, b.n) != 0)
		blame(w, ev, "other bytes stand where it says that they stood");
	int64_t off = p->off + (int64_t)(ev->position - step_payload(p));
	uintptr_t distance = (uintptr_t)(ev->offset - off + BIAS);
	if (*ev->slot == 0)
		*ev->slot = distance;
	if (*ev->slot != distance)
		blame(w, ev, "its offset does not go with those told before");
}

static bool hear(void *self, const struct tf_event *ev, struct tf_error *err)
{
	struct witness *w = self;
	(void)err;
	if (ev->kind == TF_DATA) {
		w->data++;
		hear_bytes(w, ev, ev->data);
	} else if (ev->kind == TF_CONFLICT) {
		w->conflicts++;
		hear_bytes(w, ev, ev->other);
	} else if (ev->kind == TF_REJECT) {
		if (ev->reject == TF_REJECT_CHECKSUM)
			w->rejected += (uint64_t)ev->length;
		if (packet_of(w, ev) == NULL || ev->other.n != (size_t)ev->length ||
		    memcmp(w->schedule->wire + ev->position, ev->other.p, ev->other.n) != 0)
			blame(w, ev, "no such packet was sent");
	} else if (ev->kind == TF_END) {
		ev->slot[0] = 0;
		if (ev->dir == TF_BOTH)
			ev->slot[1] = 0;
	}
	return true;
}

static void *open_witness(void *arg, unsigned worker, unsigned workers, struct tf_error *err)
{
	(void)worker;
	(void)workers;
	(void)err;
	return arg;
}

void witness_init(struct witness *w, const struct schedule *s)
{
	*w = (struct witness){
	        .sink = {.name = "witness", .arg = w, .open = open_witness, .event = hear},
	        .schedule = s};
}
