/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flood DEVICE COUNT RATE SEED
 *
 * Sends COUNT SYNs by a network device, RATE in a second (0: as fast as it goes), each from another
 * address and port, and prints how many went out. Their Ethernet address is nobody's, so that
 * no host has work with them, but one that listens to all.
 */
#include "../prop/random.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { FRAME = 14 + 20 + 20, BATCH = 128 };

static struct random dice;

static _Noreturn void fail(const char *what)
{
	(void)fprintf(stderr, "flood: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* The one's complement sum of 16-bit words (RFC 1071), n being even. */
static uint16_t checksum(uint32_t sum, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i += 2)
		sum += (uint32_t)(p[i] << 8 | p[i + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static void make(uint8_t f[FRAME])
{
	static const uint8_t head[] = {2, 0,    0, 0, 0,  0x99, 2, 0, 0, 0,  0, 0x98, 8,
	                               0, 0x45, 0, 0, 40, 0,    0, 0, 0, 64, 6, 0,    0};
	static const uint8_t server[] = {10, 99, 0, 1};
	uint64_t chance[2] = {random_next(&dice), random_next(&dice)};
	memset(f, 0, FRAME);
	memcpy(f, head, sizeof head);
	memcpy(f + 26, chance, 4);
	f[26] = (uint8_t)(11 + f[26] % 100); /* no broadcast, none of ours */
	memcpy(f + 30, server, 4);
	memcpy(f + 34, (uint8_t *)chance + 4, 2);
	f[37] = 80;
	memcpy(f + 38, &chance[1], 4);
	f[46] = 5 << 4;
	f[47] = 2; /* SYN */
	f[48] = 0xff;
	uint16_t ip = checksum(0, f + 14, 20);
	memcpy(f + 24, &ip, 2);
	uint16_t tcp = checksum(6 + 20, f + 26, 28);
	memcpy(f + 50, &tcp, 2);
}

static int open_device(const char *name)
{
	int s = socket(AF_PACKET, SOCK_RAW, 0), yes = 1;
	struct sockaddr_ll a = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(name)};
	if (s < 0 || a.sll_ifindex == 0 || bind(s, (struct sockaddr *)&a, sizeof a) != 0 ||
	    setsockopt(s, SOL_PACKET, PACKET_QDISC_BYPASS, &yes, sizeof yes) != 0)
		fail(name);
	return s;
}

/* -> how many have gone */
static unsigned send_some(int s, unsigned count)
{
	static uint8_t frames[BATCH][FRAME];
	static struct iovec pieces[BATCH];
	static struct mmsghdr messages[BATCH];
	for (unsigned i = 0; i < count; i++) {
		make(frames[i]);
		pieces[i] = (struct iovec){.iov_base = frames[i], .iov_len = FRAME};
		messages[i].msg_hdr = (struct msghdr){.msg_iov = &pieces[i], .msg_iovlen = 1};
	}
	int sent = sendmmsg(s, messages, count, 0);
	if (sent < 0 && errno != ENOBUFS && errno != EAGAIN)
		fail("sendmmsg");
	return sent < 0 ? 0 : (unsigned)sent;
}

static int64_t now_ns(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

int main(int argc, char **argv)
{
	if (argc != 5) {
		(void)fprintf(stderr, "usage: flood DEVICE COUNT RATE SEED\n");
		return 1;
	}
	int s = open_device(argv[1]);
	int64_t count = strtoll(argv[2], NULL, 10), rate = strtoll(argv[3], NULL, 10), sent = 0;
	dice.state = strtoull(argv[4], NULL, 10);
	int64_t began = now_ns();
	while (sent < count) {
		int64_t ahead = rate > 0 ? began + sent * INT64_C(1000000000) / rate - now_ns() : 0;
		struct timespec nap = {.tv_nsec = ahead > 900000000 ? 900000000 : ahead};
		if (ahead > 0)
			(void)nanosleep(&nap, NULL);
		int64_t left = count - sent;
		sent += send_some(s, left < BATCH ? (unsigned)left : BATCH);
	}
	printf("%" PRId64 " SYNs in %.1f s\n", sent, (double)(now_ns() - began) / 1e9);
	return 0;
}
