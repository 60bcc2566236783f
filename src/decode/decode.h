/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From a frame to the TCP segment in it, or the reason why there is none.
 */
#ifndef DECODE_DECODE_H
#define DECODE_DECODE_H

#include "base/cursor.h"
#include "model/fate.h"
#include "model/fragment.h"
#include "model/packet.h"

/* The tunnels and shims that --decap can leave closed: X(name, word,
   told by UDP port, sentence). What hides nothing and has always been passed (VLAN tags, AH) is not
   among them. */
#define DECAPS(X)                                                                                  \
	X(pbb, "pbb", false, "backbone bridging (802.1ah), VN-Tag, E-Tag, TRILL, HSR")             \
	X(mpls, "mpls", true,                                                                      \
	  "MPLS labels and Ethernet pseudowires, also in IP, UDP, GRE and PPP")                    \
	X(pppoe, "pppoe", false, "PPP over Ethernet")                                              \
	X(macsec, "macsec", false, "MACsec without encryption")                                    \
	X(cmd, "cmd", false, "Cisco metadata (security group tags)")                               \
	X(nsh, "nsh", false, "network service headers")                                            \
	X(ipip, "ipip", false, "IP in IP: 4in4, 6in4, 4in6, 6in6")                                 \
	X(gre, "gre", false, "generic routing encapsulation")                                      \
	X(pptp, "pptp", false, "PPP in GRE")                                                       \
	X(nvgre, "nvgre", false, "Ethernet in GRE, NVGRE")                                         \
	X(erspan, "erspan", false, "mirrored Ethernet in GRE (ERSPAN I, II, III)")                 \
	X(wccp, "wccp", false, "packets redirected to web caches, in GRE")                         \
	X(etherip, "etherip", false, "Ethernet in IP")                                             \
	X(esp, "esp", true, "IPsec ESP, with --esp-null, also in UDP")                             \
	X(l2tp, "l2tp", true, "L2TP versions 2 and 3")                                             \
	X(vxlan, "vxlan", true, "VXLAN")                                                           \
	X(vxlan_gpe, "vxlan-gpe", true, "VXLAN with a next protocol")                              \
	X(geneve, "geneve", true, "GENEVE")                                                        \
	X(gtp, "gtp", true, "GTP-U of mobile networks")                                            \
	X(teredo, "teredo", true, "IPv6 in UDP (Teredo)")                                          \
	X(capwap, "capwap", true, "CAPWAP data of wireless access points")                         \
	X(lisp, "lisp", true, "LISP data")

enum decap {
	DECAP_ALWAYS, /* cannot be closed */
#define DECAP_NAME(name, ...) DECAP_##name,
	DECAPS(DECAP_NAME)
#undef DECAP_NAME
	        DECAP_END
};

struct row;

enum { DECODE_PORTS = TF_TUNNEL_PORTS + 24, DECODE_SOURCES = 16 };

/* Where the decoder goes on: with what a frame held behind the packet just decoded (p is
   NULL when nothing), or with the datagram that a fragment was part of. */
struct decode_rest {
	struct cursor c;
	const uint8_t *base;
	uint64_t position;
	size_t cut;
	uint8_t left, vlans, nets, marks, extensions;
};

/* A decoder: how it was set up, and the state of one frame. Belongs to one thread. */
struct decode {
	const struct row *link; /* of the latest frame */
	struct decode_rest rest;
	struct tf_fragment fragment; /* of the latest frame, when that was its fate */
	struct decode_rest behind;   /* the fragment */
	uint64_t closed;             /* 1 << enum decap: tunnels not to be opened */
	bool esp_null, key5;
	uint64_t seed; /* random: keeps the contexts of fragments apart */
	struct {
		uint32_t source; /* tf_frame.source */
		int16_t balance; /* how far right IPv4 headers outweigh wrong ones */
	} headers[DECODE_SOURCES];
	unsigned ports;
	uint16_t port[DECODE_PORTS];            /* UDP ports, */
	const struct row *tunnel[DECODE_PORTS]; /* and what they lead to */
};

/* From the fields decap, tunnel_port, esp_null, key and hash_seed of the configuration, which
   decode_check() accepts; the others do not matter. */
void decode_init(struct decode *d, const struct tf_config *cfg);

/* -> false with *err (TF_USAGE) when a port is given for what has none. */
bool decode_check(const struct tf_config *cfg, struct tf_error *err);

/*
 * Decodes one frame -> FATE_tcp_segments with *pkt filled in (all but number and
 * hash, which dispatch sets), else the frame's fate; *pkt is then undefined.
 * pkt->payload borrows from frame->bytes. Reads nothing outside
 * frame->bytes[0, frame->captured).
 */
enum fate decode_frame(struct decode *d, const struct tf_frame *frame, struct tf_packet *pkt);

/* The same by one header after the other, as decode_frame() does with all that is not usual. */
enum fate decode_layers(struct decode *d, const struct tf_frame *frame, struct tf_packet *pkt);

/*
 * After FATE_fragments, d->fragment is what was found. When its datagram is complete,
 * this decodes it as if it had come in one frame -> as decode_frame(), so it may be
 * FATE_fragments again, a bounded number of times. frame and pkt are as before.
 * pkt->payload borrows from whole->payload.
 */
enum fate decode_datagram(struct decode *d, const struct tf_frame *frame,
                          const struct tf_datagram *whole, struct tf_packet *pkt);

/* Some frames hold several packets (802.11 A-MSDU). While decode_has_more(), call
   decode_more() with the same arguments for the next of them. */
static inline bool decode_has_more(const struct decode *d)
{
	return d->rest.c.p != NULL;
}
enum fate decode_more(struct decode *d, const struct tf_frame *frame, struct tf_packet *pkt);

/* -> the name of a link type for people ("Ethernet"), also of many that are not
   decoded; NULL when unknown. */
const char *decode_link_name(uint32_t link_type);

/* -> whether frames of this link type are decoded. */
bool decode_link_known(uint32_t link_type);

/* -- for doc/LINKTYPES.md ------------------------------------------------------- */

struct decode_doc {
	uint32_t number;
	const char *name, *source; /* source: NULL when not decoded */
	const char *decap;         /* the word for --decap, NULL: none */
};

struct decode_table {
	const char *title;
	int hex; /* digits, where its numbers are customarily written in hexadecimal; else 0 */
	size_t rows;
};

/* -> the tables of what leads to what, one for each index, until NULL title. */
struct decode_table decode_table(unsigned table);
struct decode_doc decode_table_row(unsigned table, size_t row);

#endif
