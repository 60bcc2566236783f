/* SPDX-License-Identifier: BSD-3-Clause */
/* Tunnels with an IP protocol number of their own: EtherIP, L2TPv3, ESP. */
#include "decode/layer.h"

/* EtherIP (RFC 3378, 3): version 3 in the first four bits, the others 0; Ethernet. */
struct next etherip_read(struct cursor *c, struct walk *w)
{
	(void)w;
	uint16_t version = cursor_u16(c);
	if (c->bad)
		return end_as(FATE_drop_short);
	return version == 0x3000 ? go_to(ethernet_read) : end_as(FATE_tunnel_unknown);
}

/* -- L2TP version 3 --------------------------------------------------------------- */

/*
 * Behind the session id (RFC 3931, 4.1) there may be a cookie of 4 or 8 bytes and a
 * sublayer of 4, as the control channel agreed on, and what is carried is agreed on
 * as well. So the first place counts at which one of them looks right: Ethernet, PPP
 * in HDLC framing, Cisco HDLC, or IP.
 */
static struct next session_next(struct cursor *c, const struct walk *w)
{
	for (size_t at = 0; at <= 12; at += 4) {
		struct cursor here = *c;
		cursor_skip(&here, at);
		uint32_t start = (uint32_t)peek16(&here, 0) << 16 | peek16(&here, 2);
		layer *to = ethernet_at(&here, 0)                             ? ethernet_read
		            : start == 0xff030021 || start == 0xff030057      ? ppp_read
		            : start == 0x0f000800 || start == 0x0f0086dd      ? chdlc_read
		            : !here.bad && here.n >= 20 && ip_at(&here, w, 0) ? raw_read
		                                                              : NULL;
		if (to != NULL) {
			*c = here;
			return go_to(to);
		}
	}
	return ran_out(w, FATE_tunnel_unknown);
}

/* L2TPv3 (RFC 3931, 4.1.1.1): session id, of which 0 is the control channel. */
struct next l2tp3_read(struct cursor *c, struct walk *w)
{
	uint32_t session = cursor_u32(c);
	if (c->bad)
		return end_as(FATE_drop_short);
	return session == 0 ? end_as(FATE_not_tcp) : session_next(c, w);
}

/* -- ESP --------------------------------------------------------------------------- */

/* How ESP without encryption is set up is not in the packet: these are the forms in
   use, with the bytes before the payload and those of the check value behind it. */
static const struct form {
	uint8_t before, check;
} forms[] = {
        {0, 12}, /* HMAC-MD5, HMAC-SHA-1 (RFC 2403, RFC 2404), AES-XCBC */
        {0, 16}, /* HMAC-SHA-256 (RFC 4868) */
        {0, 0},  /* no check value */
        {8, 16}, /* AES-GMAC (RFC 4543) */
        {0, 24}, /* HMAC-SHA-384 */
        {0, 32}, /* HMAC-SHA-512 */
};

enum { PROTOCOL_IP4 = 4, PROTOCOL_IP6 = 41 };

/* -> whether n bytes of payload in c can be what the next header field says */
static bool is_payload(const struct cursor *c, size_t n, uint8_t protocol)
{
	uint8_t version = cursor_peek(c, 0) >> 4, size = cursor_peek(c, 12) >> 4;
	switch (protocol) {
	case PROTOCOL_IP4:
		return version == 4 && n >= 20;
	case PROTOCOL_IP6:
		return version == 6 && n >= 40;
	case PROTOCOL_TCP:
		return size >= 5 && size * (size_t)4 <= n;
	default:
		return false;
	}
}

/*
 * The trailer (RFC 4303, 2.4 and 2.6) stands before the check value: padding, which is
 * 1, 2, 3... , its length, and the next header; all of it ends on a multiple of 4.
 * -> the payload's size when it fits that form, else 0
 */
static size_t payload_size(const struct cursor *c, const struct form *f, uint8_t *protocol)
{
	if (c->n < f->before + f->check + (size_t)2)
		return 0;
	struct cursor payload = *c;
	cursor_skip(&payload, f->before);
	size_t at = payload.n - f->check - 2;
	size_t pad = cursor_peek(&payload, at);
	*protocol = cursor_peek(&payload, at + 1);
	if (pad > at || (at + 2) % 4 != 0 || !is_payload(&payload, at - pad, *protocol))
		return 0;
	for (size_t i = 1; i <= pad; i++) {
		if (cursor_peek(&payload, at - pad + i - 1) != i)
			return 0;
	}
	return at - pad;
}

/* With --esp-null: the form whose trailer fits, or, when the trailer was cut off, an IP
   packet whose length fits. */
static struct next plain_next(struct cursor *c, struct walk *w)
{
	for (size_t i = 0; i < sizeof forms / sizeof *forms && w->cut == 0; i++) {
		uint8_t protocol = 0;
		size_t n = payload_size(c, &forms[i], &protocol);
		if (n > 0) {
			cursor_skip(c, forms[i].before);
			walk_bound(w, c, n);
			return protocol == PROTOCOL_TCP ? go_to(tcp_read)
			                                : version_next(c, w, FATE_encrypted);
		}
	}
	if (w->cut > 0 && ip_at(c, w, 0))
		return version_next(c, w, FATE_drop_short);
	return ran_out(w, FATE_encrypted);
}

/* ESP (RFC 4303, 2): security parameters index, sequence number, payload. */
struct next esp_read(struct cursor *c, struct walk *w)
{
	if (!w->decode->esp_null)
		return end_as(FATE_encrypted);
	cursor_skip(c, 8);
	return c->bad ? end_as(FATE_drop_short) : plain_next(c, w);
}
