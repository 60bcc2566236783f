/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From SEGMENT events to capture files, which any tool for captures reads.
 *
 *	NAME.pcap     classic pcap, microseconds: its header holds one link type, that of
 *	              its first packet
 *	NAME.pcapng   nanoseconds, and an interface for each link type: all packets when that
 *	              format is chosen, else those that NAME.pcap cannot hold
 *
 * A datagram that came in fragments is in no frame as a whole. What is written is its
 * packet behind an IP header made anew, of link type RAW (doc/adr/0021).
 *
 * Files are gathered (gather.h) and stored (store.h) as those of streams are. A file is
 * made when its bytes are first written, at the latest with its connection's end, so those
 * of connections that follow on one another have their numbers in that order.
 *
 * Bounds: two files for each direction; LINKS link types of a pcapng file are remembered,
 * and where there are more of them an interface is told again.
 */
#include "sink/packets.h"

#include "base/error.h"
#include "base/sum.h"
#include "model/pcapng.h"
#include "sink/gather.h"

#include <stddef.h>
#include <string.h>

enum {
	LINKS = 4,
	RAW = 101,               /* LINKTYPE_RAW: begins with an IP header */
	FRAME_MOST = 256 * 1024, /* readers take no more of a packet for sane */
	PCAP_FILE = 24,
	PCAP_PACKET = 16,
	IP4 = 20,
	IP6 = 40,
	TCP = 6,
};

struct pack {
	struct gathered file;
	int64_t size;
	uint64_t frame; /* the latest one that was written */
	uint32_t source;
	uint32_t rest; /* the NAME.pcapng of a NAME.pcap, as an index; 0: none */
	uint32_t interfaces;
	uint32_t link[LINKS]; /* of the latest interfaces; of a NAME.pcap the first alone */
	int64_t place[LINKS]; /* where they are told */
};

struct packets {
	struct store store;
	struct gather gather;
	struct slab slab; /* of struct pack */
	const struct name_form *names;
	enum tf_packets_format format;
	bool both;
	uint64_t frames; /* counted */
};

/* A packet as it is written: its frame, or one that was made for it in parts. */
struct picture {
	struct tf_frame frame; /* without bytes */
	struct tf_span part[2];
	const char *comment; /* or NULL */
	uint8_t header[IP6];
};

/* -- packets put together -------------------------------------------------------------- */

static size_t make_ip4(uint8_t to[IP4], const struct tf_event *ev, size_t payload)
{
	const struct tf_endpoint *end = ev->flow->end;
	size_t total = IP4 + payload;
	memset(to, 0, IP4);
	to[0] = 0x45;
	to[2] = (uint8_t)(total >> 8);
	to[3] = (uint8_t)total;
	to[8] = ev->segment->ttl;
	to[9] = TCP;
	memcpy(to + 12, end[ev->dir].address.b + 12, 4);
	memcpy(to + 16, end[!ev->dir].address.b + 12, 4);
	uint16_t sum = sum_negative(sum_bytes(to, IP4));
	memcpy(to + 10, &sum, sizeof sum);
	return IP4;
}

static size_t make_ip6(uint8_t to[IP6], const struct tf_event *ev, size_t payload)
{
	const struct tf_endpoint *end = ev->flow->end;
	memset(to, 0, IP6);
	to[0] = 0x60;
	to[4] = (uint8_t)(payload >> 8);
	to[5] = (uint8_t)payload;
	to[6] = TCP;
	to[7] = ev->segment->ttl;
	memcpy(to + 8, end[ev->dir].address.b, 16);
	memcpy(to + 24, end[!ev->dir].address.b, 16);
	return IP6;
}

static void take_picture(struct picture *p, const struct tf_event *ev)
{
	const struct tf_segment *s = ev->segment;
	const struct tf_span tcp = {s->tcp.p, s->tcp.n + ev->data.n}; /* they touch */
	p->frame = s->frame;
	p->comment = NULL;
	p->part[1] = (struct tf_span){0};
	if (!s->put_together || s->tcp.n == 0 || tcp.n > UINT16_MAX - IP6) {
		if (p->frame.captured > FRAME_MOST)
			p->frame.captured = FRAME_MOST;
		p->part[0] = (struct tf_span){p->frame.bytes, p->frame.captured};
		return;
	}
	bool v4 = tf_address_is_v4(&ev->flow->end[0].address);
	size_t n = v4 ? make_ip4(p->header, ev, tcp.n) : make_ip6(p->header, ev, tcp.n);
	p->part[0] = (struct tf_span){p->header, n};
	p->part[1] = tcp;
	p->frame.captured = p->frame.length = (uint32_t)(n + tcp.n);
	p->frame.link_type = RAW;
	p->comment = "tcpflow: put together from fragments; the IP header was made anew";
}

/* -- writing ------------------------------------------------------------------------------ */

static void put(struct packets *s, struct pack *p, const void *bytes, size_t n)
{
	if (n == 0)
		return;
	gather_put(&s->gather, &p->file, p->size, (struct tf_span){bytes, n}, NULL);
	p->size += (int64_t)n;
}

static void put_picture(struct packets *s, struct pack *p, const struct picture *what)
{
	put(s, p, what->part[0].p, what->part[0].n);
	put(s, p, what->part[1].p, what->part[1].n);
}

static void make_pcap_header(uint8_t to[PCAP_FILE], uint32_t link_type)
{
	pcapng_put32(to, 0xa1b2c3d4);
	pcapng_put16(to + 4, 2);
	pcapng_put16(to + 6, 4);
	pcapng_put32(to + 8, 0);
	pcapng_put32(to + 12, 0);
	pcapng_put32(to + 16, FRAME_MOST);
	pcapng_put32(to + 20, link_type & UINT16_MAX);
}

static void put_pcap_header(struct packets *s, struct pack *p, uint32_t link_type)
{
	uint8_t to[PCAP_FILE];
	make_pcap_header(to, link_type);
	put(s, p, to, sizeof to);
	p->link[0] = link_type;
}

/* Of times that it cannot tell, pcap gets the nearest. */
static void put_pcap(struct packets *s, struct pack *p, const struct picture *what)
{
	int64_t ns = what->frame.ts_ns, most = (int64_t)UINT32_MAX * 1000000000 + 999999999;
	uint8_t to[PCAP_PACKET];
	if (p->size == 0)
		put_pcap_header(s, p, what->frame.link_type);
	ns = ns < 0 ? 0 : ns > most ? most : ns;
	pcapng_put32(to, (uint32_t)(ns / 1000000000));
	pcapng_put32(to + 4, (uint32_t)(ns % 1000000000 / 1000));
	pcapng_put32(to + 8, what->frame.captured);
	pcapng_put32(to + 12, what->frame.length);
	put(s, p, to, sizeof to);
	put_picture(s, p, what);
}

static uint32_t interface_of(struct packets *s, struct pack *p, uint32_t link_type)
{
	uint32_t known = p->interfaces < LINKS ? p->interfaces : LINKS;
	for (uint32_t i = 1; i <= known; i++)
		if (p->link[(p->interfaces - i) % LINKS] == link_type)
			return p->interfaces - i;
	uint8_t to[PCAPNG_INTERFACE];
	pcapng_interface(to, link_type);
	p->place[p->interfaces % LINKS] = p->size;
	put(s, p, to, sizeof to);
	p->link[p->interfaces % LINKS] = link_type;
	return p->interfaces++;
}

static void put_pcapng(struct packets *s, struct pack *p, const struct picture *what)
{
	uint8_t section[PCAPNG_SECTION], head[PCAPNG_PACKET], end[PCAPNG_END];
	if (p->size == 0) {
		pcapng_section(section);
		put(s, p, section, sizeof section);
	}
	pcapng_packet(head, &what->frame, interface_of(s, p, what->frame.link_type), what->comment);
	put(s, p, head, sizeof head);
	put_picture(s, p, what);
	put(s, p, end, pcapng_packet_end(end, &what->frame, what->comment));
}

/* -- files that are made anew, since they were taken away ------------------------------------ */

static const struct pack *pack_of(const struct stored *f)
{
	return (const struct pack *)(const void *)((const char *)f -
	                                           offsetof(struct pack, file.stored));
}

static size_t pcap_anew(const struct stored *f, uint8_t *to, size_t room)
{
	MUST(room >= PCAP_FILE);
	make_pcap_header(to, pack_of(f)->link[0]);
	return PCAP_FILE;
}

/* Packets that follow name interfaces by their numbers; those that are not written yet tell of
   themselves. Link types that were forgotten are not named any more. */
static size_t pcapng_anew(const struct stored *f, uint8_t *to, size_t room)
{
	const struct pack *p = pack_of(f);
	uint32_t count = p->interfaces;
	size_t n = PCAPNG_SECTION;
	for (uint32_t i = 0; i < LINKS && count > 0; i++)
		count -= p->place[(count - 1) % LINKS] >= f->origin + f->end;
	MUST(room >= PCAPNG_SECTION);
	pcapng_section(to);
	for (uint32_t i = 0; i < count && room - n >= PCAPNG_INTERFACE; i++) {
		pcapng_interface(to + n, p->link[i % LINKS]);
		n += PCAPNG_INTERFACE;
	}
	return n;
}

/* -- the sink ----------------------------------------------------------------------------- */

/* -> a new file of the flow, or, when `of` is one, of what that one cannot hold */
static struct pack *new_pack(struct packets *s, const struct tf_event *ev, struct pack *of)
{
	struct pack *p = slab_take(&s->slab);
	uint8_t dir = s->both ? ev->flow->originator : ev->dir;
	MUST(p != NULL); /* there are as many as flows can have */
	*p = (struct pack){0};
	const struct named who =
	        of != NULL ? of->file.stored.who : name_subject(s->names, ev->flow, dir);
	stored_init(&p->file.stored, &who);
	if (s->both)
		p->file.stored.when_ns = &ev->flow->first_ns;
	if (of != NULL)
		p->file.stored.of = &of->file.stored;
	bool pcap = of == NULL && s->format == TF_PACKETS_PCAP;
	p->file.stored.suffix = pcap ? ".pcap" : ".pcapng";
	p->file.stored.anew = pcap ? pcap_anew : pcapng_anew;
	/* As in files.c: numbers go by the first packet, not by what is written first. */
	if (of == NULL && name_is_ambiguous(s->names, ev->flow))
		(void)store_ready(&s->store, &p->file.stored);
	return p;
}

/* A frame that holds several packets (802.11 A-MSDU) is written once. */
static bool is_known(const struct pack *p, const struct tf_event *ev)
{
	return p->frame == ev->frame && p->source == ev->source;
}

static void segment(struct packets *s, const struct tf_event *ev)
{
	uintptr_t *slot = s->both ? ev->slot - ev->dir : ev->slot; /* they stand side by side */
	struct pack *p = slab_at(&s->slab, (uint32_t)*slot);
	struct picture what;
	if (p == NULL) {
		p = new_pack(s, ev, NULL);
		*slot = slab_index(&s->slab, p);
	} else if (is_known(p, ev)) {
		return;
	}
	p->frame = ev->frame;
	p->source = ev->source;
	s->frames++;
	take_picture(&what, ev);
	if (s->format == TF_PACKETS_PCAPNG) {
		put_pcapng(s, p, &what);
	} else if (p->size == 0 || p->link[0] == what.frame.link_type) {
		put_pcap(s, p, &what);
	} else {
		if (p->rest == 0)
			p->rest = slab_index(&s->slab, new_pack(s, ev, p));
		put_pcapng(s, slab_at(&s->slab, p->rest), &what);
	}
}

static void finish_file(struct packets *s, struct pack *p)
{
	struct digest_result none;
	if (p == NULL)
		return;
	gather_flush(&s->gather, &p->file);
	(void)store_finish(&s->store, &p->file.stored, &none);
	slab_give(&s->slab, p);
}

static void finish(struct packets *s, uint32_t index)
{
	struct pack *p = slab_at(&s->slab, index);
	if (p == NULL)
		return;
	gather_flush(&s->gather, &p->file);         /* it is the one to be made first, */
	finish_file(s, slab_at(&s->slab, p->rest)); /* since the other has its number */
	finish_file(s, p);
}

static bool event(void *self, const struct tf_event *ev, struct tf_error *err)
{
	struct packets *s = self;
	if (ev->kind == TF_SEGMENT)
		segment(s, ev);
	bool ends = ev->kind == TF_TURN || (ev->kind == TF_END && ev->dir == TF_BOTH);
	for (int k = 0; ends && k < 2; k++) {
		finish(s, (uint32_t)ev->slot[k]);
		ev->slot[k] = 0;
	}
	if (s->store.failed && err != NULL)
		*err = s->store.err;
	return !s->store.failed;
}

static bool flush(void *self, struct tf_error *err)
{
	struct packets *s = self;
	gather_flush_old(&s->gather);
	if (s->store.failed && err != NULL)
		*err = s->store.err;
	return !s->store.failed;
}

static void count(void *self, struct tf_counters *c)
{
	const struct packets *s = self;
	c->packet_files += s->store.made;
	c->files_remade += s->store.remade;
	c->packets_recorded += s->frames;
}

static bool close_all(void *self, struct tf_error *err)
{
	const struct packets *s = self;
	if (s->store.failed && err != NULL)
		*err = s->store.err;
	return !s->store.failed;
}

static size_t files_per_flow(const struct packets_setup *setup)
{
	size_t each = setup->format == TF_PACKETS_PCAP ? 2 : 1;
	return setup->both ? each : 2 * each;
}

static void *open_sink(void *arg, unsigned worker, unsigned workers, struct tf_error *err)
{
	const struct packets_setup *setup = arg;
	const struct sink_share *share = &setup->share[worker];
	struct packets *s = arena_take(share->arena, sizeof *s);
	unsigned each = setup->descriptors / workers;
	if (s == NULL ||
	    !store_init(&s->store, share->arena, setup->dir, each > 0 ? each : 1, share->seed) ||
	    !slab_init(&s->slab, share->arena, sizeof(struct pack),
	               files_per_flow(setup) * share->flows_max)) {
		(void)error_set(err, TF_USAGE, "--memory is too little for the packets' files");
		return NULL;
	}
	s->names = setup->names;
	s->format = setup->format;
	s->both = setup->both;
	gather_init(&s->gather, &s->store, share->chunks);
	return s;
}

size_t packets_memory_per_flow(const struct packets_setup *setup)
{
	return files_per_flow(setup) * sizeof(struct pack);
}

size_t packets_memory_fixed(void)
{
	return sizeof(struct packets) + store_memory() + 256; /* and alignment */
}

struct tf_sink packets_sink(struct packets_setup *setup)
{
	return (struct tf_sink){.name = "packets",
	                        .order = TF_PLACED,
	                        .kinds = 1U << TF_SEGMENT | 1U << TF_END | 1U << TF_TURN,
	                        .arg = setup,
	                        .open = open_sink,
	                        .event = event,
	                        .flush = flush,
	                        .count = count,
	                        .close = close_all};
}
