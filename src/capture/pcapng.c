/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation
 *
 * What it does. A pcapng file is a row of blocks, each with its length at both
 * ends:
 *
 *	type  total | body ... (what the type says, then options) | total
 *
 * A section header starts a section, which has its own byte order and its own
 * list of interfaces; each interface its own link type, snaplen and clock. The
 * table `types` says what is done with a block; what is not in it is skipped.
 *
 * Invariants
 *	I1  a block is handed to its row only when all of it is there, contiguous,
 *	    and both lengths agree; the row sees the body and nothing else
 *	I2  interfaces[0, count) are those of the current section
 *
 * Bounds. Blocks that a row needs whole are at most FEED_MOST long. Skipped ones
 * may have any length. Secrets are copied as they come, whole blocks up to
 * SECRETS_MOST in all. At most INTERFACES_MOST interfaces.
 *
 * Choices not taken. The section's own length is not used: the blocks say where
 * they end, and writers leave it at -1. Options that run past their block end
 * the list of options; the frame before them is good.
 */
#include "capture/pcapng.h"

#include "base/error.h"
#include "capture/clock.h"
#include "capture/fields.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	SECTION_HEADER = 0x0a0d0d0a, /* the same in both byte orders */
	BYTE_ORDER_MARK = 0x1a2b3c4d,
	BLOCK_START = 8, /* type, total length */
	BLOCK_END = 4,   /* total length */
	BLOCK_LEAST = 12,
	INTERFACES_MOST = 65536,
	SECRETS_MOST = 1024 * 1024,
	SECRETS_TLS = 0x544c534b, /* an NSS key log */
	COPY_PIECE = 64 * 1024,
};

enum { ENHANCED = 6, ENHANCED_FIXED = 20 /* interface, time, lengths */ };
enum { OPTION_END = 0, OPTION_COMMENT = 1, OPTION_TSRESOL = 9, OPTION_TSOFFSET = 14 };

struct interface {
	struct clock clock;
	uint32_t link_type;
	uint32_t snaplen; /* 0: no limit */
};

struct pcapng {
	bool little;
	struct interface *interfaces;
	size_t count, room;
	int64_t latest_ns; /* of the latest frame */
};

/* What to do after a block. */
enum step { STEP_ON, STEP_FRAME, STEP_DAMAGED };

/* One block: its body, and what its row may use. */
struct job {
	struct pcapng *s;
	struct reading *r;
	struct fields body;
	const uint8_t *block; /* its first byte */
	struct tf_frame *frame;
	struct tf_error *err;
};

/* So that what is wrong can be said and returned at once. */
static enum step damage(enum source_result damaged)
{
	(void)damaged;
	return STEP_DAMAGED;
}

/* -- options --------------------------------------------------------------- */

struct option {
	uint16_t code;
	struct fields value;
};

/* The next code, length, value -> false at the end of the list. Names in a name
   resolution block are laid out alike. */
static bool next_item(struct fields *f, struct option *o)
{
	if (f->c.n < 4)
		return false;
	o->code = field_u16(f);
	size_t n = field_u16(f);
	const uint8_t *p = cursor_take(&f->c, n);
	if (p == NULL || o->code == OPTION_END)
		return false;
	o->value = fields_over(p, n, f->little);
	size_t pad = (4 - n % 4) % 4;
	cursor_skip(&f->c, pad < f->c.n ? pad : f->c.n);
	return true;
}

static bool next_option(struct job *j, struct option *o)
{
	if (!next_item(&j->body, o))
		return false;
	if (o->code == OPTION_COMMENT)
		j->r->notes.comments++;
	return true;
}

static void read_options(struct job *j)
{
	struct option o;
	while (next_option(j, &o))
		;
}

/* -- sections and interfaces ----------------------------------------------- */

static enum step take_section(struct job *j)
{
	cursor_skip(&j->body.c, 4); /* the byte-order mark: read_start() saw it */
	uint16_t major = field_u16(&j->body);
	if (major != 1)
		return damage(
		        reading_damage(j->r, j->err, "is of pcapng version %u, not 1", major));
	cursor_skip(&j->body.c, 10); /* minor version, section length */
	j->s->count = 0;
	read_options(j);
	return STEP_ON;
}

static bool make_room(struct pcapng *s)
{
	if (s->count < s->room)
		return true;
	size_t room = s->room == 0 ? 8 : s->room * 2;
	struct interface *more = realloc(s->interfaces, room * sizeof *more);
	if (more == NULL)
		return false;
	s->interfaces = more;
	s->room = room;
	return true;
}

static enum step take_interface(struct job *j)
{
	struct pcapng *s = j->s;
	if (s->count == INTERFACES_MOST)
		return damage(reading_damage(j->r, j->err, "describes one interface more than %d",
		                             INTERFACES_MOST));
	if (!make_room(s)) {
		(void)error_sys(j->err, TF_USAGE, "%s: cannot be read further", j->r->name);
		return STEP_DAMAGED;
	}
	uint32_t link_type = field_u16(&j->body);
	cursor_skip(&j->body.c, 2);
	uint32_t snaplen = field_u32(&j->body);

	uint8_t resolution = 6;
	uint64_t seconds = 0;
	struct option o;
	while (next_option(j, &o)) {
		if (o.code == OPTION_TSRESOL && o.value.c.n >= 1)
			resolution = cursor_u8(&o.value.c);
		else if (o.code == OPTION_TSOFFSET && o.value.c.n == 8)
			seconds = field_u64(&o.value);
	}
	struct interface *i = &s->interfaces[s->count++];
	*i = (struct interface){clock_of(resolution), link_type, snaplen};
	i->clock.seconds = (int64_t)seconds;
	return STEP_ON;
}

/* -- packets ---------------------------------------------------------------- */

/* The interface that a packet was captured on, or NULL: damage. */
static const struct interface *find_interface(struct job *j, uint32_t number)
{
	if (number < j->s->count)
		return &j->s->interfaces[number];
	(void)reading_damage(j->r, j->err,
	                     "is a packet of interface %" PRIu32 ", which is not described",
	                     number);
	return NULL;
}

/* Fills in the frame from what the body has next. */
static enum step take_data(struct job *j, const struct interface *i, uint32_t captured,
                           uint32_t length, int64_t ts_ns)
{
	size_t room = j->body.c.n;
	if (captured > CAPTURED_MOST)
		return damage(reading_damage(j->r, j->err, "claims %" PRIu32 " captured bytes",
		                             captured));
	const uint8_t *p = cursor_take(&j->body.c, captured);
	if (p == NULL)
		return damage(reading_damage(
		        j->r, j->err, "claims %" PRIu32 " captured bytes and has room for %zu",
		        captured, room));
	*j->frame = (struct tf_frame){
	        .bytes = p,
	        .captured = captured,
	        .length = length < captured ? captured : length,
	        .ts_ns = ts_ns,
	        .link_type = i->link_type,
	        .position = j->r->start + (uint64_t)(p - j->block),
	};
	j->s->latest_ns = ts_ns;
	size_t pad = (4 - captured % 4) % 4;
	cursor_skip(&j->body.c, pad < j->body.c.n ? pad : j->body.c.n);
	return STEP_FRAME;
}

/* The fields that enhanced and old packet blocks have in common. */
static enum step take_timed(struct job *j, uint32_t interface)
{
	const struct interface *i = find_interface(j, interface);
	if (i == NULL)
		return STEP_DAMAGED;
	uint64_t high = field_u32(&j->body), low = field_u32(&j->body);
	uint32_t captured = field_u32(&j->body), length = field_u32(&j->body);
	enum step step = take_data(j, i, captured, length, clock_ns(&i->clock, high << 32 | low));
	if (step == STEP_FRAME)
		read_options(j);
	return step;
}

static enum step take_enhanced(struct job *j)
{
	return take_timed(j, field_u32(&j->body));
}

static enum step take_old(struct job *j)
{
	uint32_t interface = field_u16(&j->body);
	cursor_skip(&j->body.c, 2); /* drops */
	return take_timed(j, interface);
}

/* No time of its own: that of the frame before is the nearest. */
static enum step take_simple(struct job *j)
{
	const struct interface *i = find_interface(j, 0);
	if (i == NULL)
		return STEP_DAMAGED;
	uint32_t length = field_u32(&j->body);
	uint32_t captured = i->snaplen != 0 && i->snaplen < length ? i->snaplen : length;
	return take_data(j, i, captured, length, j->s->latest_ns);
}

/* -- blocks that hold notes ------------------------------------------------- */

static enum step take_names(struct job *j)
{
	struct option name;
	while (next_item(&j->body, &name))
		;
	read_options(j);
	return STEP_ON;
}

static enum step take_statistics(struct job *j)
{
	cursor_skip(&j->body.c, 12); /* interface, time */
	read_options(j);
	return STEP_ON;
}

/* -> room for n more bytes of secrets and a newline, or NULL. */
static uint8_t *secrets_room(struct reading *r, size_t n)
{
	size_t have = r->notes.secrets_bytes;
	if (n + 1 > SECRETS_MOST - have)
		return NULL;
	uint8_t *more = realloc(r->secrets, have + n + 1);
	if (more == NULL)
		return NULL;
	r->secrets = more;
	r->notes.secrets_data = more;
	return more + have;
}

/* Copies n bytes from the feed to `to`, or drops them when it is NULL. */
static bool copy_out(struct feed *f, uint8_t *to, size_t n)
{
	if (to == NULL)
		return feed_skip(f, n);
	while (n > 0) {
		size_t piece = n < COPY_PIECE ? n : COPY_PIECE;
		const uint8_t *p = feed_need(f, piece);
		if (p == NULL)
			return false;
		memcpy(to, p, piece);
		feed_advance(f, piece);
		to += piece;
		n -= piece;
	}
	return true;
}

/* The secrets are copied as they come, for key logs grow longer than what the
   feed holds together. -> false when the file ends first. */
static bool read_secrets(struct job *j, uint32_t type, uint32_t n)
{
	struct reading *r = j->r;
	uint8_t *to = type == SECRETS_TLS && n > 0 ? secrets_room(r, n) : NULL;
	if (!copy_out(&r->feed, to, n))
		return false;
	r->notes.secrets++;
	if (to == NULL)
		return true;
	/* So that the last line of one log does not run into the next log. */
	r->notes.secrets_bytes += n;
	if (to[n - 1] != '\n') {
		to[n] = '\n';
		r->notes.secrets_bytes++;
	}
	return true;
}

/* -- blocks ------------------------------------------------------------------ */

static const struct type {
	uint32_t type;
	uint32_t body; /* its least length */
	bool note;     /* may be skipped when it is too long */
	enum step (*take)(struct job *j);
} types[] = {
        {ENHANCED, ENHANCED_FIXED, false, take_enhanced},
        {3, 4, false, take_simple},
        {2, 20, false, take_old},
        {1, 8, false, take_interface},
        {SECTION_HEADER, 16, false, take_section},
        {4, 0, true, take_names},
        {5, 12, true, take_statistics},
};

enum { SECRETS = 10, SECRETS_FIXED = 8 /* kind, length */ };

static const struct type *find_type(uint32_t type)
{
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (types[i].type == type)
			return &types[i];
	return NULL;
}

/* Reads a block's type and total length; a section header says first in which
   byte order. */
static bool read_start(struct job *j, const uint8_t *p, uint32_t *type, uint32_t *total)
{
	struct fields f = fields_over(p, BLOCK_LEAST, j->s->little);
	*type = field_u32(&f);
	if (*type == SECTION_HEADER) {
		struct fields mark = fields_over(p + BLOCK_START, 4, true);
		struct fields kram = fields_over(p + BLOCK_START, 4, false);
		j->s->little = f.little = field_u32(&mark) == BYTE_ORDER_MARK;
		if (!f.little && field_u32(&kram) != BYTE_ORDER_MARK) {
			(void)reading_damage(j->r, j->err,
			                     "starts a section without a byte-order mark");
			return false;
		}
	}
	*total = field_u32(&f);
	if (*total >= BLOCK_LEAST && *total % 4 == 0)
		return true;
	(void)reading_damage(j->r, j->err, "cannot be %" PRIu32 " bytes long", *total);
	return false;
}

static bool check_end(struct job *j, const uint8_t *p, uint32_t total)
{
	struct fields f = fields_over(p, BLOCK_END, j->s->little);
	uint32_t again = field_u32(&f);
	if (again == total)
		return true;
	(void)reading_damage(j->r, j->err,
	                     "says %" PRIu32 " bytes at its start and %" PRIu32 " at its end",
	                     total, again);
	return false;
}

/* A block with all of it in view (I1). */
static enum step take_whole(struct job *j, const struct type *t, uint32_t total)
{
	if (total > FEED_MOST)
		return damage(
		        reading_damage(j->r, j->err, "claims to be %" PRIu32 " bytes long", total));
	const uint8_t *p = feed_need(&j->r->feed, total);
	if (p == NULL)
		return damage(reading_short(j->r, total, j->err));
	if (total - BLOCK_LEAST < t->body)
		return damage(reading_damage(j->r, j->err, "is too short for its kind"));
	if (!check_end(j, p + total - BLOCK_END, total))
		return STEP_DAMAGED;
	j->block = p;
	j->body = fields_over(p + BLOCK_START, total - BLOCK_LEAST, j->s->little);
	enum step step = t->take(j);
	feed_advance(&j->r->feed, total);
	return step;
}

/* What is left of a block that is not looked into: n bytes and the length. */
static enum step skip_rest(struct job *j, uint32_t n, uint32_t total)
{
	struct feed *f = &j->r->feed;
	const uint8_t *p = feed_skip(f, n) ? feed_need(f, BLOCK_END) : NULL;
	if (p == NULL)
		return damage(reading_short(j->r, total, j->err));
	if (!check_end(j, p, total))
		return STEP_DAMAGED;
	feed_advance(f, BLOCK_END);
	return STEP_ON;
}

static enum step take_secrets(struct job *j, uint32_t total)
{
	struct feed *f = &j->r->feed;
	uint32_t room = total - BLOCK_LEAST;
	if (room < SECRETS_FIXED)
		return damage(reading_damage(j->r, j->err, "is too short for its kind"));
	room -= SECRETS_FIXED;
	const uint8_t *p = feed_need(f, BLOCK_START + SECRETS_FIXED);
	if (p == NULL)
		return damage(reading_short(j->r, total, j->err));
	struct fields h = fields_over(p + BLOCK_START, SECRETS_FIXED, j->s->little);
	uint32_t type = field_u32(&h), n = field_u32(&h);
	if (n > room)
		return damage(reading_damage(
		        j->r, j->err,
		        "claims %" PRIu32 " bytes of secrets and has room for %" PRIu32, n, room));
	feed_advance(f, BLOCK_START + SECRETS_FIXED);
	if (!read_secrets(j, type, n))
		return damage(reading_short(j->r, total, j->err));

	uint32_t pad = (4 - n % 4) % 4, rest = room - n;
	const uint8_t *options = rest <= COPY_PIECE ? feed_need(f, rest) : NULL;
	if (options != NULL && rest > pad) {
		j->body = fields_over(options + pad, rest - pad, j->s->little);
		read_options(j);
	}
	return skip_rest(j, rest, total);
}

static enum step take_block(struct job *j)
{
	const uint8_t *p = feed_need(&j->r->feed, BLOCK_LEAST);
	uint32_t type, total;
	if (p == NULL)
		return damage(reading_short(j->r, BLOCK_LEAST, j->err));
	if (!read_start(j, p, &type, &total))
		return STEP_DAMAGED;
	if (type == SECRETS)
		return take_secrets(j, total);
	const struct type *t = find_type(type);
	if (t != NULL && !(t->note && total > FEED_MOST))
		return take_whole(j, t, total);
	return skip_rest(j, total - BLOCK_END, total);
}

/* -- the format ---------------------------------------------------------------- */

static bool starts(struct tf_span first)
{
	struct fields f = fields_over(first.p, first.n, false);
	if (field_u32(&f) != SECTION_HEADER)
		return false;
	cursor_skip(&f.c, 4);
	uint32_t mark = field_u32(&f);
	return f.c.bad || mark == BYTE_ORDER_MARK || __builtin_bswap32(mark) == BYTE_ORDER_MARK;
}

static void *open_pcapng(struct reading *r, struct tf_error *err)
{
	struct pcapng *s = calloc(1, sizeof *s);
	if (s == NULL)
		(void)error_sys(err, TF_USAGE, "%s: cannot be read", r->name);
	return s;
}

static enum source_result next(void *self, struct reading *r, struct tf_frame *frame,
                               struct tf_error *err)
{
	struct job j = {.s = self, .r = r, .frame = frame, .err = err};
	enum step step;
	do {
		reading_record(r);
		if (feed_need(&r->feed, 1) == NULL && reading_over(r))
			return SOURCE_END;
		step = take_block(&j);
	} while (step == STEP_ON);
	return step == STEP_FRAME ? SOURCE_FRAME : SOURCE_DAMAGED;
}

/* An enhanced packet block without options at p, all of it in n bytes, and right in all that next()
   asks of it: fills in all of *frame but source, number and the position of its block, which is
   for the caller to add -> its length; 0: it is not such a one. */
static inline __attribute__((always_inline)) size_t read_enhanced(const struct pcapng *s,
                                                                  bool little, const uint8_t *p,
                                                                  size_t n, struct tf_frame *frame)
{
	enum { FIXED = BLOCK_START + ENHANCED_FIXED };
	if (n < FIXED + BLOCK_END)
		return 0;
	struct fields f = fields_over(p, FIXED, little);
	uint32_t type = field_u32(&f), total = field_u32(&f), interface = field_u32(&f);
	uint64_t high = field_u32(&f), low = field_u32(&f);
	uint32_t captured = field_u32(&f), length = field_u32(&f);
	if (type != ENHANCED || interface >= s->count || captured > CAPTURED_MOST ||
	    total != FIXED + BLOCK_END + (captured + 3) / 4 * 4 || total > n)
		return 0;
	struct fields end = fields_over(p + total - BLOCK_END, BLOCK_END, little);
	if (field_u32(&end) != total)
		return 0;
	const struct interface *i = &s->interfaces[interface];
	frame->bytes = p + FIXED;
	frame->captured = captured;
	frame->length = length < captured ? captured : length;
	frame->ts_ns = clock_ns(&i->clock, high << 32 | low);
	frame->link_type = i->link_type;
	frame->position = FIXED;
	return total;
}

static unsigned more(void *self, struct reading *r, struct tf_frame *frame, unsigned most)
{
	struct pcapng *s = self;
	struct feed *f = &r->feed;
	unsigned n = 0;

	for (; n < most; n++, frame++) {
		const uint8_t *p = f->block->bytes + f->at;
		size_t total = s->little ? read_enhanced(s, true, p, feed_left(f), frame)
		                         : read_enhanced(s, false, p, feed_left(f), frame);
		if (total == 0)
			break;
		reading_record(r);
		s->latest_ns = frame->ts_ns;
		frame->position += r->start;
		frame->source = r->index;
		frame->number = ++r->frames;
		feed_advance(f, total);
	}
	return n;
}

static void close_pcapng(void *self)
{
	struct pcapng *s = self;
	free(s->interfaces);
	free(s);
}

static bool kind(size_t index, struct source_kind *to)
{
	if (index != 0)
		return false;
	*to = (struct source_kind){
	        .name = "pcapng",
	        .source = "draft-ietf-opsawg-pcapng, 4.1",
	        .start = {SECTION_HEADER >> 24, SECTION_HEADER >> 16 & 0xff,
	                  SECTION_HEADER >> 8 & 0xff, SECTION_HEADER & 0xff},
	        .n = 4,
	};
	return true;
}

const struct format pcapng_format = {
        .name = "pcapng",
        .unit = "block",
        .starts = starts,
        .open = open_pcapng,
        .next = next,
        .more = more,
        .close = close_pcapng,
        .kind = kind,
};
