/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sends the frames of a capture as they are: send INTERFACE RATE < file.pcap
 *
 * RATE is in frames a second; 0: as fast as it goes. The capture is read whole first: classic
 * pcap, as gen makes it. On standard output: frames sent, seconds, refusals of the kernel that
 * were tried again.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 32, FILE_HEADER = 24, RECORD_HEADER = 16, NAP_NS = 50000 };

static uint8_t *all;
static size_t size, at = FILE_HEADER;

static bool read_all(void)
{
	size_t room = 1 << 20;
	for (;;) {
		uint8_t *more = realloc(all, room);
		if (more == NULL)
			return false;
		all = more;
		size += fread(all + size, 1, room - size, stdin);
		if (size < room)
			return size >= FILE_HEADER && ferror(stdin) == 0;
		room *= 2;
	}
}

/* -> whether there is another frame */
static bool next_frame(struct iovec *to)
{
	uint32_t record[4];
	if (size - at < RECORD_HEADER)
		return false;
	memcpy(record, all + at, sizeof record);
	if (size - at - RECORD_HEADER < record[2])
		return false;
	*to = (struct iovec){all + at + RECORD_HEADER, record[2]};
	at += RECORD_HEADER + record[2];
	return true;
}

static int open_device(const char *name)
{
	struct sockaddr_ll where = {.sll_family = AF_PACKET,
	                            .sll_ifindex = (int)if_nametoindex(name)};
	int fd = socket(AF_PACKET, SOCK_RAW, 0), yes = 1;
	if (fd < 0 || where.sll_ifindex == 0 ||
	    bind(fd, (const struct sockaddr *)&where, sizeof where) != 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &yes, sizeof yes) != 0)
		return -1;
	return fd;
}

static double seconds(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* -> how many frames may go now, after so many in `spent` seconds */
static unsigned due(uint64_t sent, double spent, double rate)
{
	double behind = rate > 0 ? spent * rate - (double)sent : BATCH;
	return behind >= BATCH ? BATCH : behind >= 1 ? (unsigned)behind : 0;
}

/* -> how many of n frames were taken */
static unsigned send_some(int fd, struct mmsghdr *m, unsigned n, uint64_t *refused)
{
	int took = sendmmsg(fd, m, n, 0);
	if (took > 0)
		return (unsigned)took;
	if (errno != ENOBUFS && errno != EAGAIN && errno != EINTR) {
		perror("send");
		exit(1);
	}
	++*refused;
	return 0;
}

int main(int argc, char **argv)
{
	struct mmsghdr message[BATCH] = {0};
	struct iovec frame[BATCH];
	uint64_t sent = 0, refused = 0;
	int fd = argc == 3 && read_all() ? open_device(argv[1]) : -1;
	if (fd < 0) {
		(void)fprintf(stderr, "usage: send INTERFACE RATE < file.pcap (as root)\n");
		return 1;
	}
	const double rate = strtod(argv[2], NULL), began = seconds();
	for (bool more = true; more;) {
		unsigned n = 0, wanted = due(sent, seconds() - began, rate);
		if (wanted == 0)
			(void)nanosleep(&(struct timespec){.tv_nsec = NAP_NS}, NULL);
		while (n < wanted && (more = next_frame(&frame[n]))) {
			message[n].msg_hdr = (struct msghdr){.msg_iov = &frame[n], .msg_iovlen = 1};
			n++;
		}
		for (unsigned done = 0; done < n;)
			done += send_some(fd, message + done, n - done, &refused);
		sent += n;
	}
	(void)printf("%" PRIu64 " %.6f %" PRIu64 "\n", sent, seconds() - began, refused);
	free(all);
	return 0;
}
