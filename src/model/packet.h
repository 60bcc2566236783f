/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A TCP segment as decoded from a frame. It is made in the reader's thread and
 * handed to a worker inside a batch; payload points into the frame's block,
 * which lives as long as the batch. TCP's header stands right before it.
 */
#ifndef MODEL_PACKET_H
#define MODEL_PACKET_H

#include <tcpflow/tcpflow.h>

enum tcp_flag {
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10,
	TCP_URG = 0x20
};

struct tf_packet {
	struct tf_endpoint src, dst;
	uint16_t vlan[TF_VLANS]; /* ids that are not 0, outermost first; 0 ends it */
	uint32_t net[TF_NETS];   /* network ids of tunnels as in struct tf_flow */
	struct tf_marks marks;   /* number[i] is set where kind[i] is */
	uint32_t seq, ack;
	uint16_t window;        /* as it stands in the header, unscaled */
	uint8_t flags;          /* enum tcp_flag */
	uint8_t ttl;            /* or hop limit, of the innermost IP header */
	bool known_only;        /* begins no flow */
	uint8_t place;          /* packets before it in its frame */
	uint16_t urgent;        /* pointer: means something with TCP_URG */
	uint32_t cut;           /* payload bytes behind payload that the snaplen cut off */
	uint8_t header;         /* bytes of TCP's header, which end where payload begins; 0: the
	                           snaplen cut off some of them */
	bool astray : 1;        /* routed to a final destination that is not known, so the
	                           checksum cannot be checked */
	bool misheaded : 1;     /* the checksum of an IPv4 header is wrong, */
	bool suspicious : 1;    /* where its source has many right ones and few such */
	uint16_t detour;        /* to be added to the sum of src and dst for the checksum, which is
	                           made with where the packet really comes from and goes to
	                           (RFC 8200, 8.1); base/sum.h says how */
	struct tf_span payload; /* captured payload, Ethernet padding left out */
	struct {
		const uint8_t *bytes; /* of the frame, which live as long as payload */
		uint32_t captured, length, link_type; /* as in struct tf_frame */
	} wire;
	int64_t ts_ns;
	uint32_t source;   /* tf_frame.source */
	uint64_t frame;    /* tf_frame.number */
	uint64_t position; /* of payload.p in the source */
	uint64_t number;   /* of the frame in the whole run, from 1 */
	uint64_t hash;     /* of the flow's key; see flow/key.h */
};

#endif
