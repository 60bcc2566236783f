/* SPDX-License-Identifier: BSD-3-Clause */
/* Two bytes choose policies and memory; every ten bytes behind them are a fragment. With
   enough memory the answers and bytes are those of prop/plain_defrag.h. */
#include "base/cursor.h"
#include "base/error.h"
#include "prop/plain_defrag.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { DATAGRAMS = 16, CONTEXT = 8, ID = 4, SOURCE = 2, BYTES = 70000, SCRATCH = 80 * 1024 };

/* -> the number of the datagram that it belongs to */
static unsigned read_fragment(struct cursor *c, struct tf_fragment *f, int64_t *now_ns)
{
	unsigned number = cursor_u8(c) % DATAGRAMS, flags = cursor_u8(c);
	*f = (struct tf_fragment){.ip6 = number & 1, .context = number & CONTEXT};
	f->id = number & ID;
	f->src.b[15] = number & SOURCE;
	f->more = flags & 1;
	f->header = flags & 2 ? 60 : 0;
	f->hop_limit = (uint8_t)flags;
	f->ecn = (uint8_t)(flags >> 6);
	f->protocol = f->ip6 ? (uint8_t)flags : 6;
	f->cut = flags & 0xe0 ? 0 : cursor_u16(c);
	uint16_t where = cursor_u16(c), size = cursor_u16(c);
	f->offset = flags & 4 ? where & 0xfff8 : where % 256 * 8U;
	f->payload.n = flags & 8 ? size : flags & 16 ? size % 64 : size % 64 * 8U;
	*now_ns += (int64_t)(int8_t)cursor_u8(c) * INT64_C(1000000000);
	f->ts_ns = *now_ns;
	return number;
}

static void compare(struct plain *p, unsigned number, const struct tf_fragment *f,
                    const struct defrag *d, enum defrag_answer answer,
                    const struct tf_datagram *whole)
{
	static uint8_t mine[BYTES], other[BYTES];
	struct tf_datagram plain = {.payload.n = 0};
	MUST(plain_take(p, number, f, &plain, other) == answer && p->lost == d->lost);
	if (answer != DEFRAG_COMPLETE)
		return;
	defrag_gather(d, mine);
	MUST(whole->payload.n == plain.payload.n && whole->protocol == plain.protocol);
	MUST(whole->hop_limit == plain.hop_limit);
	MUST(memcmp(mine, other, plain.payload.n) == 0);
}

static uint64_t told;

static void left_out(void *arg, const struct tf_frame *f, enum defrag_answer why)
{
	(void)arg;
	MUST(why <= DEFRAG_UNFINISHED && f->captured <= f->length && f->link_type == 1);
	told++;
}

static void keep(struct defrag *d, const uint8_t *bytes, size_t n, uint64_t number)
{
	uint32_t length = n < INT32_MAX ? (uint32_t)n : 0;
	defrag_keep(d, &(struct tf_frame){.bytes = bytes,
	                                  .captured = length,
	                                  .length = length,
	                                  .link_type = 1,
	                                  .number = number});
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct arena arena;
	struct cursor c = cursor_over((struct tf_span){.p = data, .n = n < 4000 ? n : 4000});
	unsigned policies = cursor_u8(&c), sizes = cursor_u8(&c), small = sizes & 1;
	bool keeps = sizes & 2;
	struct tf_counters counters = {0};
	struct defrag_setup setup = {.seed = 1, .ip4 = policies & 3, .ip6 = policies >> 2 & 3};
	setup.ip4_timeout_ns = INT64_C(30000000000);
	setup.ip6_timeout_ns = INT64_C(60000000000);
	setup.counters = &counters;
	setup.left_out = keeps ? left_out : NULL;
	told = 0;
	struct plain p = {.ip4 = setup.ip4, .ip6 = setup.ip6};
	struct defrag d;
	size_t memory = defrag_memory_least() * (small ? 1 : DATAGRAMS + 1);
	memory += keeps ? SCRATCH : 0;
	MUST(arena_init(&arena, memory, NULL) && defrag_init(&d, &arena, memory, &setup));
	int64_t now_ns = 0;
	uint64_t waited = 0, joined = 0;
	for (unsigned version = 0; c.n > 0; version++) {
		struct tf_fragment f;
		struct tf_datagram whole;
		unsigned number = read_fragment(&c, &f, &now_ns);
		uint8_t *bytes = malloc(f.payload.n + 1);
		for (size_t i = 0; i < f.payload.n; i++)
			bytes[i] = (uint8_t)((f.offset + i) * 11 / 8 + version % 3 * 85);
		f.payload.p = bytes;
		uint64_t before = d.waiting + d.lost;
		enum defrag_answer answer = defrag_take(&d, &f, &whole);
		if (keeps && answer == DEFRAG_WAITING)
			keep(&d, bytes, f.payload.n, waited);
		else if (keeps && (number & CONTEXT) == 0) /* of the others, with the next frame */
			defrag_release(&d, false);
		MUST(defrag_check(&d));
		waited += answer == DEFRAG_WAITING;
		joined += answer == DEFRAG_COMPLETE ? before - d.waiting - d.lost : 0;
		MUST(waited == joined + d.waiting + d.lost);
		if (!small)
			compare(&p, number, &f, &d, answer, &whole);
		free(bytes);
	}
	defrag_finish(&d);
	if (keeps)
		defrag_release(&d, false);
	MUST(!keeps || told == waited);
	MUST(defrag_check(&d) && d.cells.used == 0 && waited == joined + d.lost);
	while (p.count > 0)
		plain_remove(&p, 0, true);
	arena_free(&arena);
	return 0;
}
