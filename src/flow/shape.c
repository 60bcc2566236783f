/* SPDX-License-Identifier: BSD-3-Clause */
#include "flow/shape.h"

#include <stddef.h>
#include <string.h>

/* What a field is told by. */
enum how {
	MORE,   /* how much more than the other it is */
	LESS,   /* how much less */
	SAME,   /* which bits are not the other's */
	TURN,   /* MORE than the turn of the packet with the other's number */
	SECONDS /* LESS than the other, which counts nanoseconds */
};

struct row {
	enum how how;
	uint16_t at, size, from, from_size;
};

#define SIZE(field) (uint16_t)sizeof(((struct flow *)NULL)->field)
#define AT(field)   (uint16_t) offsetof(struct flow, field)
#define ROW(how, at, from)                                                                         \
	{                                                                                          \
		how, AT(at), SIZE(at), AT(from), SIZE(from)                                        \
	}

#define HALF_ROWS(d)                                                                               \
	ROW(MORE, half[d].edge, half[d].acked), ROW(MORE, half[d].ack_raw, half[d].acked),         \
	        ROW(MORE, half[d].ack_raw, half[d].base), ROW(LESS, half[d].acked, half[d].next),  \
	        ROW(MORE, half[d].account.seen, half[d].account.written),                          \
	        ROW(LESS, half[d].account.written, half[d].next),                                  \
	        ROW(MORE, half[d].turned, half[d].account.written), /* now: before the turn */     \
	        ROW(LESS, pub.captured[d], pub.frame_bytes[d]),                                    \
	        ROW(LESS, pub.latest_ns[d], pub.last_ns),                                          \
	        ROW(MORE, pub.began_ns[d], pub.first_ns),                                          \
	        ROW(SECONDS, gate[d].stamp_s, pub.last_ns)

/* From first to last; what a row has changed is as it is then for those behind it. */
static const struct row rows[] = {
        HALF_ROWS(0),
        HALF_ROWS(1),
        ROW(MORE, pub.last_ns, pub.first_ns),
        ROW(MORE, pub.nth[1], pub.nth[0]),
        ROW(MORE, pub.nth[0], pub.connection),
        ROW(TURN, listed, pub.number),
        ROW(LESS, pub.connection, pub.number),
        ROW(SAME, pub.mac[1], pub.mac_to[0]),
        ROW(SAME, pub.mac_to[1], pub.mac[0]),
};
enum { ROWS = sizeof rows / sizeof rows[0], TURN_BITS = 9 };

/* -- fields as numbers --------------------------------------------------------------- */

static uint64_t get(const struct flow *f, uint16_t at, uint16_t size)
{
	const char *p = (const char *)f + at;
	uint64_t n = 0;
	uint32_t half;
	if (size == sizeof n) {
		memcpy(&n, p, sizeof n);
		return n;
	}
	memcpy(&half, p, sizeof half);
	return half;
}

static void set(struct flow *f, const struct row *r, uint64_t n)
{
	char *p = (char *)f + r->at;
	uint32_t half = (uint32_t)n;
	if (r->size == sizeof n)
		memcpy(p, &n, sizeof n);
	else
		memcpy(p, &half, sizeof half);
}

static void flip(struct flow *f, const struct row *r)
{
	char *to = (char *)f + r->at;
	const char *from = (const char *)f + r->from;
	for (uint16_t i = 0; i < r->size; i++)
		to[i] = (char)(to[i] ^ from[i]);
}

/* All of it wraps, so it can be undone whatever the fields are. Inlined for each row, of which then
   only what it does is left. */
static inline __attribute__((always_inline)) void apply(struct flow *f, const struct row *r,
                                                        bool undo)
{
	if (r->how == SAME) {
		flip(f, r);
		return;
	}
	uint64_t n = get(f, r->at, r->size), from = get(f, r->from, r->from_size);
	if (r->how == TURN)
		from <<= TURN_BITS;
	if (r->how == SECONDS)
		from = (uint64_t)((int64_t)from / 1000000000);
	if (r->how == LESS || r->how == SECONDS)
		n = from - n;
	else
		n = undo ? n + from : n - from;
	set(f, r, n);
}

/* -- pointers: into slabs, as indexes ------------------------------------------------ */

static void to_index(void *pointer, const struct slab *s)
{
	void *p;
	memcpy(&p, pointer, sizeof p);
	uintptr_t index = slab_index(s, p);
	memcpy(pointer, &index, sizeof index);
}

static void to_pointer(void *pointer, const struct slab *s)
{
	uintptr_t index;
	memcpy(&index, pointer, sizeof index);
	void *p = slab_at(s, (uint32_t)index);
	memcpy(pointer, &p, sizeof p);
}

static void turn_pointers(const struct reasm *r, struct half *h,
                          void (*turn)(void *pointer, const struct slab *s))
{
	turn(&h->gap_low, &r->gaps);
	turn(&h->gap_high, &r->gaps);
	turn(&h->trail, &r->trails);
	turn(&h->disputes, &r->disputes);
	turn(&h->claims, &r->claims);
	turn(&h->urgent, &r->urgents);
}

/* The two slots of a sink are often alike. */
static void turn_slots(const struct flows *fs, struct flow *f, bool undo)
{
	for (unsigned i = 0; i < fs->sinks; i++)
		f->slot[i][1] += undo ? f->slot[i][0] : (uintptr_t)0 - f->slot[i][0];
}

void shape_fold(const struct flows *fs, struct flow *f)
{
#pragma GCC unroll 64
	for (int i = 0; i < ROWS; i++)
		apply(f, &rows[i], false);
	turn_pointers(&fs->reasm, &f->half[0], to_index);
	turn_pointers(&fs->reasm, &f->half[1], to_index);
	turn_slots(fs, f, false);
	f->pub.number = 0;
}

void shape_unfold(const struct flows *fs, struct flow *f)
{
#pragma GCC unroll 64
	for (int i = ROWS - 1; i >= 0; i--)
		apply(f, &rows[i], true);
	turn_pointers(&fs->reasm, &f->half[0], to_pointer);
	turn_pointers(&fs->reasm, &f->half[1], to_pointer);
	turn_slots(fs, f, true);
}

/* -- what most are like ----------------------------------------------------------------- */

void shape_usual(struct flow *f)
{
	static const char history[] = "ShADad";
	for (unsigned d = 0; d < 2; d++) {
		f->pub.end[d].address.b[10] = f->pub.end[d].address.b[11] = 0xff;
		f->pub.showed[d] = TF_SHOWED_ACK | (d == 0 ? TF_SHOWED_SYN : TF_SHOWED_SYNACK);
		f->history.noted[d] = f->pub.showed[d];
		f->sums[d].balance = CHECKSUMS_BELIEVED;
		f->gate[d] = (struct gate_side){.said = true, .acks = true, .scales = true};
		half_init(&f->half[d], (uint8_t)d);
		f->half[d].based = f->half[d].isn_known = f->half[d].ack_known = true;
		f->half[d].acked = f->half[d].edge = 0;
		f->spoke[d] = true;
	}
	f->answered = true;
	memcpy(f->pub.history, history, sizeof history);
}
