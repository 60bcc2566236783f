/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/pcap.h"

#include "base/error.h"
#include "capture/fields.h"

#include <inttypes.h>
#include <stdlib.h>

enum { FILE_HEADER = 24, RECORD_FIELDS = 16 /* times and lengths */ };

static const struct kind {
	uint32_t magic;
	uint32_t unit_ns; /* of the second time field */
	uint32_t header;  /* bytes before a record's data */
	const char *name, *source;
} kinds[] = {
        {0xa1b2c3d4, 1000, 16, "pcap, microseconds", "draft-ietf-opsawg-pcap, 4"},
        {0xa1b23c4d, 1, 16, "pcap, nanoseconds", "draft-ietf-opsawg-pcap, 4"},
        /* interface, protocol, kind follow the lengths */
        {0xa1b2cd34, 1000, 24, "pcap as Kuznetsov patched it", "libpcap, savefile.c"},
};

enum { KINDS = sizeof kinds / sizeof *kinds };

struct pcap {
	const struct kind *kind;
	bool little;
	bool swaps; /* versions before 2.4: the two lengths may be exchanged */
	uint32_t link_type;
};

static const struct kind *find_kind(struct tf_span first, bool little)
{
	struct fields f = fields_over(first.p, first.n, little);
	uint32_t magic = field_u32(&f);
	for (size_t i = 0; i < KINDS; i++)
		if (kinds[i].magic == magic)
			return &kinds[i];
	return NULL;
}

static bool starts(struct tf_span first)
{
	return find_kind(first, true) != NULL || find_kind(first, false) != NULL;
}

static void *open_pcap(struct reading *r, struct tf_error *err)
{
	const uint8_t *p = feed_need(&r->feed, FILE_HEADER);
	if (p == NULL && r->feed.state == FEED_ENDED)
		(void)error_set(err, TF_DAMAGED,
		                "%s: cut off at byte %" PRIu64 ", within its file header", r->name,
		                feed_taken(&r->feed));
	else if (p == NULL)
		(void)reading_short(r, FILE_HEADER, err);
	if (p == NULL)
		return NULL;

	struct pcap *s = calloc(1, sizeof *s);
	if (s == NULL) {
		(void)error_sys(err, TF_USAGE, "%s: cannot be read", r->name);
		return NULL;
	}
	s->kind = find_kind((struct tf_span){p, FILE_HEADER}, true);
	s->little = s->kind != NULL;
	if (!s->little)
		s->kind = find_kind((struct tf_span){p, FILE_HEADER}, false);
	MUST(s->kind != NULL);

	struct fields h = fields_over(p + 4, FILE_HEADER - 4, s->little);
	uint16_t major = field_u16(&h), minor = field_u16(&h);
	s->swaps = major == 2 && minor < 4;
	cursor_skip(&h.c, 12); /* time zone, accuracy, snaplen: nothing relies on them */
	/* The upper bits hold the length of the FCS and a class. */
	s->link_type = field_u32(&h) & 0xffff;
	feed_advance(&r->feed, FILE_HEADER);
	return s;
}

/* What stands before a record's data: fills in all of *frame but source and number. p is the
   record, at that position. */
static inline __attribute__((always_inline)) void read_record(const struct pcap *s, bool little,
                                                              const uint8_t *p, uint64_t position,
                                                              struct tf_frame *frame)
{
	struct fields h = fields_over(p, RECORD_FIELDS, little);
	int64_t seconds = field_u32(&h), parts = field_u32(&h);
	uint32_t captured = field_u32(&h), length = field_u32(&h);
	if (s->swaps && captured > length) {
		uint32_t other = captured;
		captured = length;
		length = other;
	}
	frame->bytes = p + s->kind->header;
	frame->captured = captured;
	frame->length = length < captured ? captured : length;
	frame->ts_ns = seconds * 1000000000 + parts * s->kind->unit_ns; /* below 2^62.9 */
	frame->link_type = s->link_type;
	frame->position = position + s->kind->header;
}

static enum source_result next(void *self, struct reading *r, struct tf_frame *frame,
                               struct tf_error *err)
{
	const struct pcap *s = self;
	size_t header = s->kind->header;

	reading_record(r);
	const uint8_t *p = feed_need(&r->feed, header);
	if (p == NULL)
		return reading_over(r) ? SOURCE_END : reading_short(r, header, err);
	read_record(s, s->little, p, r->start, frame);
	if (frame->captured > CAPTURED_MOST)
		return reading_damage(r, err, "claims %" PRIu32 " captured bytes", frame->captured);
	size_t all = header + frame->captured;
	p = feed_need(&r->feed, all);
	if (p == NULL)
		return reading_short(r, all, err);
	frame->bytes = p + header;
	feed_advance(&r->feed, all);
	return SOURCE_FRAME;
}

/* Nothing in the loop is written but frames. r->start stays: next() says it anew. */
static inline __attribute__((always_inline)) unsigned read_records(const struct pcap *s,
                                                                   bool little, struct reading *r,
                                                                   struct tf_frame *frame,
                                                                   unsigned most)
{
	const uint8_t *p = r->feed.block->bytes + r->feed.at;
	size_t header = s->kind->header, left = feed_left(&r->feed);
	uint64_t position = r->feed.position, number = r->frames;
	unsigned n = 0;

	for (; n < most && left >= header; n++, frame++) {
		read_record(s, little, p, position, frame);
		if (frame->captured > CAPTURED_MOST || frame->captured > left - header)
			break;
		frame->source = r->index;
		frame->number = ++number;
		size_t all = header + frame->captured;
		position += all;
		left -= all;
		p += all;
	}
	feed_advance(&r->feed, (size_t)(position - r->feed.position));
	r->record += n;
	r->frames = number;
	return n;
}

static unsigned more(void *self, struct reading *r, struct tf_frame *frame, unsigned most)
{
	const struct pcap *s = self;
	return s->little ? read_records(s, true, r, frame, most)
	                 : read_records(s, false, r, frame, most);
}

static bool kind(size_t index, struct source_kind *to)
{
	if (index >= KINDS)
		return false;
	const struct kind *k = &kinds[index];
	*to = (struct source_kind){
	        .name = k->name,
	        .source = k->source,
	        .start = {(uint8_t)(k->magic >> 24), (uint8_t)(k->magic >> 16),
	                  (uint8_t)(k->magic >> 8), (uint8_t)k->magic},
	        .n = sizeof k->magic,
	        .either = true,
	};
	return true;
}

const struct format pcap_format = {
        .name = "pcap",
        .unit = "record",
        .starts = starts,
        .open = open_pcap,
        .next = next,
        .more = more,
        .close = free,
        .kind = kind,
};
