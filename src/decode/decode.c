/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation
 *
 * What it does. A frame is a row of headers, each of which names the next. The
 * link type names the first one; from there decode_layers() calls one layer after
 * the other, each answering with the next (layer.h), until one answers with a
 * fate. FATE_tcp_segments means that the layers have filled in the packet. A
 * tunnel is no different from any other header: what is found last counts.
 *
 *	frame->bytes                              frame->captured   frame->length
 *	|                                                       |               |
 *	+----------+------+-----------+------+-------------------+ - - - - - - - +
 *	| Ethernet | VLAN | IPv4      | TCP  | payload           | cut           | padding
 *	+----------+------+-----------+------+-------------------+ - - - - - - - +
 *	           pkt->vlan   src, dst   ports
 *
 * Lengths. Only the innermost IP header knows where the packet ends; Ethernet
 * pads short frames, capture tools cut long ones. So each header with a length
 * clips the cursor (walk_bound) and says how much is missing behind it; TCP shares
 * that out as payload and cut.
 *
 * Guesses. Some headers do not say what follows: a UDP port is a custom, MPLS and
 * L2TPv3 leave it to a control channel. Then what follows must look right, or else
 * the packet ends as it would have without the guess (not_tcp, tunnel_unknown).
 *
 * Aggregates. An 802.11 A-MSDU holds several packets. Its layer keeps what stands
 * behind the first one in decode->rest, and decode_more() goes on from there.
 *
 * Fragments. The way ends at an IP fragment (fragment_end), and goes on behind its header
 * when somebody has the whole datagram (decode_datagram): with the same VLANs and so on,
 * and with as many headers left, so fragments in tunnels in fragments come to an end.
 *
 * Invariants. I1 to I3 stand in layer.h. No layer reads but through its cursor,
 * and none moves it back.
 *
 * Bounds. No memory but struct decode. At most HEADERS_MAX headers, TF_VLANS tags
 * with an id, TF_NETS network ids and 32 extension headers (drop_too_deep counts
 * what has more).
 *
 * Choices not taken. Layers that are inlined into one another: usual frames have a way of
 * their own (usual.c, ADR 34). What checksums say is not judged here: captures made on the
 * sending host have none yet.
 */
#include "decode/layer.h"

#include "base/error.h"
#include "base/hash.h"

#include <string.h>

enum { HEADERS_MAX = 32 };

static enum fate go_on(struct next next, struct cursor *c, struct walk *w)
{
	while (next.to != NULL) {
		if (w->left == 0)
			return FATE_drop_too_deep;
		w->left--;
		next = next.to(c, w);
	}
	return next.fate;
}

enum fate decode_layers(struct decode *d, const struct tf_frame *frame, struct tf_packet *pkt)
{
	if (d->link == NULL || d->link->number != frame->link_type)
		d->link = table_find(&link_table, frame->link_type);
	if (d->link == NULL || d->link->to == NULL)
		return FATE_drop_link_type;

	d->rest.c.p = NULL;
	struct cursor c = {.p = frame->bytes, .n = frame->captured};
	struct walk w = {.frame = frame,
	                 .base = frame->bytes,
	                 .position = frame->position,
	                 .pkt = pkt,
	                 .decode = d,
	                 .left = HEADERS_MAX};
	if (frame->length > frame->captured)
		w.cut = frame->length - frame->captured;
	packet_clear(pkt);
	return go_on(go_to(d->link->to), &c, &w);
}

/* -> a walk that goes on where another one stood */
static struct walk walk_again(struct decode *d, const struct tf_frame *frame,
                              const struct decode_rest *at, struct tf_packet *pkt)
{
	for (size_t i = at->vlans; i < TF_VLANS; i++)
		pkt->vlan[i] = 0;
	for (size_t i = at->nets; i < TF_NETS; i++)
		pkt->net[i] = 0;
	for (size_t i = at->marks; i < TF_MARKS; i++)
		pkt->marks.kind[i] = 0;
	return (struct walk){.frame = frame,
	                     .base = at->base,
	                     .position = at->position,
	                     .pkt = pkt,
	                     .decode = d,
	                     .cut = at->cut,
	                     .left = at->left,
	                     .vlans = at->vlans,
	                     .nets = at->nets,
	                     .marks = at->marks,
	                     .extensions = at->extensions};
}

enum fate decode_more(struct decode *d, const struct tf_frame *frame, struct tf_packet *pkt)
{
	struct cursor c = d->rest.c;
	struct walk w = walk_again(d, frame, &d->rest, pkt);
	d->rest.c.p = NULL;
	return go_on(go_to(aggregate_read), &c, &w);
}

/* -- fragments ---------------------------------------------------------------- */

struct next fragment_end(struct cursor *c, struct walk *w, struct tf_fragment f)
{
	const struct tf_packet *pkt = w->pkt;
	f.src = pkt->src.address;
	f.dst = pkt->dst.address;
	f.context = hash_bytes(pkt->vlan, sizeof pkt->vlan, w->decode->seed);
	f.context = hash_bytes(pkt->net, sizeof pkt->net, f.context);
	f.ip6 = w->ip6;
	f.hop_limit = pkt->ttl;
	f.ecn = w->ecn;
	f.cut = (uint32_t)w->cut;
	f.payload = (struct tf_span){.p = c->p, .n = c->n};
	f.ts_ns = w->frame->ts_ns;
	w->decode->fragment = f;
	w->decode->behind = (struct decode_rest){.left = w->left,
	                                         .vlans = w->vlans,
	                                         .nets = w->nets,
	                                         .marks = w->marks,
	                                         .extensions = w->extensions};
	return end_as(FATE_fragments);
}

enum fate decode_datagram(struct decode *d, const struct tf_frame *frame,
                          const struct tf_datagram *whole, struct tf_packet *pkt)
{
	struct cursor c = cursor_over(whole->payload);
	d->behind.base = whole->payload.p;
	d->behind.position = TF_PUT_TOGETHER;
	struct walk w = walk_again(d, frame, &d->behind, pkt);
	w.ip6 = d->fragment.ip6;
	pkt->ttl = whole->hop_limit;
	return go_on(protocol_next(&w, whole->protocol), &c, &w);
}

/* -- setting up --------------------------------------------------------------- */

/* -> the row of the first port that has this tunnel, NULL: none has */
static const struct row *row_with_port(uint64_t tunnel)
{
	for (size_t i = 0; i < udp_table.rows; i++) {
		if (UINT64_C(1) << udp_table.row[i].decap == tunnel)
			return &udp_table.row[i];
	}
	return NULL;
}

static void add_port(struct decode *d, uint16_t port, const struct row *row)
{
	if (row == NULL || d->ports == DECODE_PORTS)
		return;
	d->port[d->ports] = port;
	d->tunnel[d->ports++] = row;
}

void decode_init(struct decode *d, const struct tf_config *cfg)
{
	*d = (struct decode){
	        .closed = ~cfg->decap & ~(UINT64_C(1) << DECAP_ALWAYS),
	        .esp_null = cfg->esp_null,
	        .key5 = cfg->key == TF_KEY_5TUPLE,
	        .seed = cfg->hash_seed,
	};
	for (unsigned i = 0; i < cfg->tunnel_ports && i < TF_TUNNEL_PORTS; i++)
		add_port(d, cfg->tunnel_port[i].port, row_with_port(cfg->tunnel_port[i].tunnel));
	for (size_t i = 0; i < udp_table.rows; i++)
		add_port(d, (uint16_t)udp_table.row[i].number, &udp_table.row[i]);
}

bool decode_check(const struct tf_config *cfg, struct tf_error *err)
{
	if (cfg->tunnel_ports > TF_TUNNEL_PORTS)
		return error_set(err, TF_USAGE, "no more than %d ports of tunnels",
		                 TF_TUNNEL_PORTS);
	for (unsigned i = 0; i < cfg->tunnel_ports; i++) {
		if (row_with_port(cfg->tunnel_port[i].tunnel) == NULL)
			return error_set(err, TF_USAGE, "port %u is given for no tunnel in UDP",
			                 cfg->tunnel_port[i].port);
	}
	return true;
}

/* -- what there is ------------------------------------------------------------ */

struct next link_next(uint32_t link_type)
{
	const struct row *r = table_find(&link_table, link_type);
	return r == NULL || r->to == NULL ? end_as(FATE_drop_link_type) : go_to(r->to);
}

const char *decode_link_name(uint32_t link_type)
{
	const struct row *r = table_find(&link_table, link_type);
	return r == NULL ? NULL : r->name;
}

bool decode_link_known(uint32_t link_type)
{
	return link_next(link_type).to != NULL;
}

enum { TABLES = 10 };

static const struct table *const tables[TABLES] = {
        &link_table,     &family_table,    &ethertype_table, &nlpid_table, &ppp_table,
        &protocol_table, &extension_table, &gre_table,       &udp_table,   &service_table,
};

struct decode_table decode_table(unsigned table)
{
	if (table >= TABLES)
		return (struct decode_table){0};
	const struct table *t = tables[table];
	return (struct decode_table){.title = t->title, .hex = t->hex, .rows = t->rows};
}

struct decode_doc decode_table_row(unsigned table, size_t row)
{
	size_t count;
	const struct row *r = &tables[table]->row[row];
	return (struct decode_doc){
	        .number = r->number,
	        .name = r->name,
	        .source = r->to == NULL ? NULL : r->source,
	        .decap = r->decap == DECAP_ALWAYS ? NULL : tf_decap_rows(&count)[r->decap - 1].name,
	};
}
