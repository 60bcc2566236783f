/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bytes as operations on both directions of a connection, with little memory; what the
 * reassembler tells is held against a naive map of bytes, its invariants after every
 * operation. The first four bytes choose memory, limits and the sink's manners.
 */
#include "naive.h"
#include "reasm/reasm.h"

#include <string.h>

enum { ORIGIN = 0x7ffffe00, NODES = 4096, STEP = 4 }; /* ORIGIN: place 0's sequence number */

struct world {
	struct arena arena;
	struct chunk_pool pool;
	struct reasm r;
	struct half half[2];
	struct naive map[2];
	struct tf_counters counters;
	size_t recall_most;
	bool takes_loans;
	bool splits; /* holes may end streams: then nothing is certain but what is told */
	uint64_t steps;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* -- what the reassembler sees --------------------------------------------------------- */

static int64_t place_of(const struct half *h, int64_t offset)
{
	return (int32_t)(h->base + (uint32_t)offset - ORIGIN);
}

/* A new stream of this direction: of all that was sent, anything may be told. */
static void restart(struct world *w, unsigned dir)
{
	struct naive *v = &w->map[dir];
	struct naive next = {.limited = v->limited};
	memcpy(next.sent, v->sent, sizeof next.sent);
	memcpy(next.may, v->sent, sizeof next.may);
	*v = next;
}

static void tell(void *arg, struct half *h, struct tf_event *ev)
{
	struct world *w = arg;
	struct naive *v = &w->map[h->dir];
	int64_t at = place_of(h, ev->offset);
	if (ev->kind == TF_DATA) {
		MUST(ev->data.n == (size_t)ev->length);
		naive_tell(v, at, ev->data.p, ev->length);
	} else if (ev->kind == TF_GAP && ev->late) {
		naive_tell_gap(v, at, ev->length);
	} else if (ev->kind == TF_CONFLICT) {
		naive_tell_conflict(v, at, ev->data.p, ev->other.p, ev->length);
	} else if (ev->kind == TF_END) {
		MUST(w->splits);
		naive_end(v, ev->account);
		restart(w, h->dir);
	}
	if (w->takes_loans && ev->loan != NULL) {
		chunk_give(&w->pool, *ev->loan);
		*ev->loan = NULL;
	}
}

static size_t recall(void *arg, struct half *h, int64_t offset, uint8_t *to, size_t n)
{
	struct world *w = arg;
	n = n < w->recall_most ? n : w->recall_most;
	return naive_recall(&w->map[h->dir], place_of(h, offset), to, n);
}

/* -- operations -------------------------------------------------------------------------- */

static void begin(struct world *w, unsigned dir)
{
	half_init(&w->half[dir], (uint8_t)dir);
	w->map[dir] = (struct naive){.plain = !w->splits && w->r.limits.flow_bytes == INT64_MAX,
	                             .limited = w->r.limits.flow_bytes != INT64_MAX};
}

static void end(struct world *w, unsigned dir)
{
	struct half *h = &w->half[dir];
	reasm_finish(&w->r, h, 0);
	struct tf_account account = h->account;
	naive_end(&w->map[dir], &account);
	reasm_settle(&w->r, &account);
	begin(w, dir);
}

static void segment(struct world *w, unsigned dir, int at, int n, unsigned version,
                    struct tf_packet pkt)
{
	uint8_t bytes[NAIVE_BYTES];
	n = at + n < NAIVE_BYTES ? n : NAIVE_BYTES - at;
	for (int i = 0; i < n; i++)
		bytes[i] = naive_byte(at + i, version);
	if (at + n + (int64_t)pkt.cut > NAIVE_BYTES)
		pkt.cut = (uint32_t)(NAIVE_BYTES - at - n);
	pkt.seq = ORIGIN + (uint32_t)at;
	pkt.payload = (struct tf_span){bytes, (size_t)n};
	naive_send(&w->map[dir], at, n, version);
	if (pkt.flags & TCP_FIN)
		w->map[dir].plain = false;
	reasm_segment(&w->r, &w->half[dir], &pkt);
}

static void acknowledge(struct world *w, unsigned dir, int at)
{
	struct half *h = &w->half[dir];
	bool counts = h->based;
	reasm_ack(&w->r, h, ORIGIN + (uint32_t)at, 0);
	if (counts)
		naive_acknowledge(&w->map[dir], at);
}

static void synchronize(struct world *w, unsigned dir, bool lenient)
{
	struct half *h = &w->half[dir];
	bool first = !h->based;
	if (reasm_isn(&w->r, h, ORIGIN + NAIVE_START - 1, lenient) == ISN_OTHER)
		return;
	w->map[dir].begins = true;
	if (first)
		w->map[dir].front = NAIVE_START;
}

/* A second SYN-ACK makes it uncertain where the direction begins. */
static void synchronize_again(struct world *w, unsigned dir, int at)
{
	reasm_alternative_isn(&w->half[dir], ORIGIN + (uint32_t)at);
	w->map[dir].plain = w->map[dir].begins = false;
}

static void probe(struct world *w, unsigned dir, int at)
{
	const struct half *h = &w->half[dir];
	int64_t last = place_of(h, h->next) - 1;
	if (h->based && at % 2 == 0 && last >= 0 && last < NAIVE_BYTES)
		at = (int)last;
	segment(w, dir, at, 1, 0, (struct tf_packet){.flags = TCP_ACK});
}

static void other(struct world *w, unsigned dir, int at, unsigned which)
{
	if (which == 0)
		end(w, dir);
	else if (which == 1)
		synchronize_again(w, dir, at);
	else if (which == 2)
		MUST(!reasm_done(&w->half[dir]) || reasm_is_next(&w->half[dir], ORIGIN) || true);
	else
		(void)reasm_is_far(&w->r, &w->half[dir], ORIGIN + (uint32_t)at);
}

static void operate(struct world *w, const uint8_t op[STEP])
{
	unsigned dir = op[0] >> 3 & 1, version = op[0] >> 4 & 3;
	int at = (op[1] | op[2] << 8) % NAIVE_BYTES, n = op[3] * (op[0] >> 6 == 3 ? 16 : 1);
	struct tf_packet pkt = {.flags = TCP_ACK, .frame = ++w->steps};
	switch (op[0] & 7) {
	case 2:
		acknowledge(w, dir, at);
		break;
	case 3:
		synchronize(w, dir, version > 0);
		break;
	case 4:
		pkt.flags |= TCP_FIN;
		segment(w, dir, at, n, version, pkt);
		break;
	case 5:
		probe(w, dir, at);
		break;
	case 6:
		pkt.cut = op[3];
		segment(w, dir, at, op[0] >> 6, version, pkt);
		break;
	case 7:
		other(w, dir, at, version);
		break;
	default:
		segment(w, dir, at, n, version, pkt);
		break;
	}
	naive_settle(&w->map[dir]);
	for (unsigned d = 0; d < 2; d++)
		MUST(reasm_check(&w->r, &w->half[d]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct world w;
	if (n < STEP || n > 4096)
		return 0;
	memset(&w, 0, sizeof w);
	size_t chunks = 2 + data[0] % 64U;
	MUST(arena_init(&w.arena, chunks * CHUNK_SIZE + NODES + 1024, NULL));
	MUST(chunk_pool_init(&w.pool, &w.arena, chunks));
	MUST(reasm_init(&w.r, &w.arena, NODES, &w.pool));
	w.r.limits.flow_bytes = data[1] < 192 ? INT64_MAX : data[1];
	w.splits = data[2] >= 192;
	w.r.limits.hole_max = w.splits ? data[2] : NAIVE_BYTES;
	w.recall_most = 1 + (size_t)data[3] * 2;
	w.takes_loans = data[3] & 1;
	w.r.counters = &w.counters;
	w.r.arg = &w;
	w.r.tell = tell;
	w.r.recall = recall;
	begin(&w, 0);
	begin(&w, 1);
	for (size_t i = STEP; i + STEP <= n; i += STEP)
		operate(&w, data + i);
	end(&w, 0);
	end(&w, 1);
	MUST(w.pool.slab.used == 0 && w.r.held.used == 0 && w.r.gaps.used == 0);
	arena_free(&w.arena);
	return 0;
}
