/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A wire that spoils what it carries.
 *
 *	impair DEVICE DEVICE SEED LOSS REORDER DUPLICATE CORRUPT
 *
 * Makes two TAP devices, and carries frames from each to the other until it is killed. Of a
 * million frames of TCP, LOSS are lost, REORDER come after up to AFTER of those behind them,
 * DUPLICATE come twice, CORRUPT with a bit changed somewhere behind the Ethernet header. What is
 * no TCP goes as it is. The fate of the n-th frame depends on the seed alone; what stands in it
 * depends on the hosts. Prints "ready", and when it ends by SIGTERM, how many of each there were.
 */
#include "../prop/random.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { FRAME = 65536, ETHERNET = 14, WAITING = 32, AFTER = 8, MILLION = 1000000, WAIT_MS = 10 };
enum { LOSS, REORDER, DUPLICATE, CORRUPT, FAULTS };

struct frame {
	size_t n;       /* 0: no frame */
	unsigned after; /* so many others */
	uint8_t bytes[FRAME];
};

/* Frames that come out at `to`, and those that wait for others to overtake them. */
struct way {
	int from, to;
	struct random dice;
	struct frame waiting[WAITING];
};

static uint64_t chance[FAULTS], count[FAULTS], frames;
static volatile sig_atomic_t stopped;

static void stop(int number)
{
	(void)number;
	stopped = 1;
}

static _Noreturn void fail(const char *what)
{
	(void)fprintf(stderr, "impair: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int open_device(const char *name)
{
	struct ifreq r = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
	(void)snprintf(r.ifr_name, sizeof r.ifr_name, "%s", name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &r) != 0)
		fail(name);
	return fd;
}

/* A device that is not up takes nothing, nor does one whose queue is full: lost as any other. */
static void put(const struct way *w, const uint8_t *p, size_t n)
{
	if (write(w->to, p, n) < 0 && errno != EIO && errno != EAGAIN && errno != ENOBUFS)
		fail("write");
}

static void let_go(struct way *w, bool all)
{
	for (size_t i = 0; i < WAITING; i++) {
		struct frame *f = &w->waiting[i];
		if (f->n == 0 || (f->after > 0 && !all && f->after--))
			continue;
		put(w, f->bytes, f->n);
		f->n = 0;
	}
}

static bool keep_back(struct way *w, const uint8_t *p, size_t n, unsigned after)
{
	for (size_t i = 0; i < WAITING; i++) {
		struct frame *f = &w->waiting[i];
		if (f->n != 0)
			continue;
		f->n = n;
		f->after = after;
		memcpy(f->bytes, p, n);
		return true;
	}
	return false;
}

static bool is_tcp(const uint8_t *p, size_t n)
{
	bool ip4 = n > 34 && p[12] == 0x08 && p[13] == 0 && p[23] == 6;
	bool ip6 = n > 54 && p[12] == 0x86 && p[13] == 0xdd && p[20] == 6;
	return ip4 || ip6;
}

/* The same number of draws for each frame, whatever happens to others. */
static void carry(struct way *w, uint8_t *p, size_t n)
{
	bool happens[FAULTS];
	for (size_t i = 0; i < FAULTS; i++)
		happens[i] = random_next(&w->dice) % MILLION < chance[i];
	uint64_t place = random_next(&w->dice), after = random_next(&w->dice) % AFTER;
	frames++;
	if (happens[CORRUPT])
		p[ETHERNET + place % (n - ETHERNET)] ^= (uint8_t)(1 << (place >> 32) % 8);
	if (happens[DUPLICATE])
		put(w, p, n);
	if (!happens[LOSS] && !(happens[REORDER] && keep_back(w, p, n, 1 + (unsigned)after)))
		put(w, p, n);
	for (size_t i = 0; i < FAULTS; i++)
		count[i] += happens[i];
	let_go(w, false);
}

static void take(struct way *w)
{
	static uint8_t frame[FRAME];
	ssize_t n = 0;
	while ((n = read(w->from, frame, sizeof frame)) > 0) {
		if (is_tcp(frame, (size_t)n))
			carry(w, frame, (size_t)n);
		else
			put(w, frame, (size_t)n);
	}
	if (n < 0 && errno != EAGAIN && errno != EIO && errno != EBADFD)
		fail("read");
}

int main(int argc, char **argv)
{
	static struct way ways[2];
	if (argc != 4 + FAULTS) {
		(void)fprintf(stderr,
		              "usage: impair DEVICE DEVICE SEED LOSS REORDER DUPLICATE CORRUPT\n");
		return 1;
	}
	int a = open_device(argv[1]), b = open_device(argv[2]);
	uint64_t seed = strtoull(argv[3], NULL, 10);
	for (size_t i = 0; i < FAULTS; i++)
		chance[i] = strtoull(argv[4 + i], NULL, 10);
	ways[0] = (struct way){.from = a, .to = b, .dice = {seed}};
	ways[1] = (struct way){.from = b, .to = a, .dice = {~seed}};
	(void)signal(SIGTERM, stop);
	printf("ready\n");
	(void)fflush(stdout);
	while (!stopped) {
		struct pollfd p[] = {{.fd = a, .events = POLLIN}, {.fd = b, .events = POLLIN}};
		int n = poll(p, 2, WAIT_MS);
		for (size_t i = 0; i < 2; i++) {
			take(&ways[i]);
			if (n == 0) /* nobody comes who could overtake */
				let_go(&ways[i], true);
		}
	}
	printf("%" PRIu64 " segments, %" PRIu64 " lost, %" PRIu64 " late, %" PRIu64
	       " twice, %" PRIu64 " spoilt\n",
	       frames, count[LOSS], count[REORDER], count[DUPLICATE], count[CORRUPT]);
	return 0;
}
