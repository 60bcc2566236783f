/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An IP fragment as decode/ finds it in a frame, and the datagram that defrag/ makes
 * of fragments. Neither knows of the other; engine/ carries these two values.
 */
#ifndef MODEL_FRAGMENT_H
#define MODEL_FRAGMENT_H

#include <tcpflow/tcpflow.h>

struct tf_fragment {
	struct tf_address src, dst;
	uint64_t context;  /* of what lies around IP (VLANs, tunnels): fragments are of one
	                      datagram only where it is equal */
	uint32_t id;       /* IPv4: 16 bits */
	bool ip6;          /* not IPv4 */
	bool more;         /* more fragments follow: this is not the last */
	uint8_t protocol;  /* of the payload that was cut up (IPv6: what this fragment says) */
	uint8_t hop_limit; /* or time to live */
	uint8_t ecn;       /* of the IP header: two bits, 0: not ECN-capable */
	uint16_t header;   /* bytes of headers that count in the datagram's 65,535 */
	uint32_t offset;   /* of payload in the datagram's, a multiple of 8 */
	uint32_t cut;      /* bytes behind payload that the snaplen cut off */
	struct tf_span payload;
	int64_t ts_ns;
};

struct tf_datagram {
	struct tf_span payload; /* behind the IP header (IPv6: the fragment header) */
	uint8_t protocol;       /* of the payload */
	uint8_t hop_limit;      /* of the first fragment */
};

#endif
