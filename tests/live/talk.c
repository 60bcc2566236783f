/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Many connections at once, and what became of each, told by both ends.
 *
 *	talk serve SEED PORT PORTS
 *		listens on PORTS ports from PORT on, until standard input ends
 *	talk call SEED PORT PORTS COUNT PARALLEL MOST SECONDS ADDRESS...
 *		COUNT connections to these, PARALLEL at a time; no direction has more than MOST
 *		bytes, and one of a hundred has nearly as many; a client takes SECONDS to say what
 *		it has to say, from its start on, which is some bytes each second
 *
 * Each end prints a line for each connection that is over:
 *
 *	ADDRESS PORT ADDRESS PORT N SHA-256 N SHA-256
 *
 * with the client's address, the server's, what the client said and what the server said; by the
 * one end that is what it sent, by the other what it received. So both print the same lines, in
 * some order.
 *
 * A stream is a piece of `noise`, which repeats after 1 MiB; its place there is a matter of
 * chance. The client's stream begins with a struct order.
 */
#include "../prop/random.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { NOISE = 1 << 20, EVENTS = 64, PIECE = 1 << 16, TURNS = 16, BACKLOG = 4096, TICK_MS = 50 };

/* Who closes, and when the server begins to answer. */
enum manner { TOGETHER, AFTER_EOF, SERVER_CLOSES, RESET, MANNERS };

struct order {
	uint64_t there, back; /* bytes of the client, with this order, and of the server */
	uint64_t manner;
};

struct stream {
	EVP_MD_CTX *sum;
	uint64_t at, end; /* end: UINT64_MAX while it is not known */
	uint64_t place;   /* in noise */
};

struct talk {
	int fd;
	bool client, told_end, heard_end, watched;
	size_t slot; /* of a client's talk, in `calls` */
	int64_t began_ns;
	struct order order;
	struct stream said, heard;
	char name[2 * (INET6_ADDRSTRLEN + sizeof " 65535 ")]; /* a socket that was reset has none */
};

static struct random dice;
static uint8_t noise[NOISE];
static EVP_MD *sha256;
static int watch;
static uint64_t open_talks;
static struct talk **calls;
static int64_t spread_ns; /* SECONDS */

static _Noreturn void fail(const char *what)
{
	(void)fprintf(stderr, "talk: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int64_t now_ns(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static void stream_open(struct stream *s, uint64_t end)
{
	*s = (struct stream){
	        .sum = EVP_MD_CTX_new(), .end = end, .place = random_next(&dice) % NOISE};
	if (s->sum == NULL || EVP_DigestInit_ex(s->sum, sha256, NULL) != 1)
		fail("SHA-256");
}

static void stream_add(struct stream *s, const void *p, size_t n)
{
	if (EVP_DigestUpdate(s->sum, p, n) != 1)
		fail("SHA-256");
	s->at += n;
}

static void stream_print(struct stream *s)
{
	uint8_t sum[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	if (EVP_DigestFinal_ex(s->sum, sum, &n) != 1)
		fail("SHA-256");
	printf("%" PRIu64 " ", s->at);
	for (unsigned i = 0; i < n; i++)
		printf("%02x", sum[i]);
	putchar(' ');
	EVP_MD_CTX_free(s->sum);
}

/* "ADDRESS PORT ", with IPv4 addresses as such. */
static size_t name_end(char *to, size_t room, int fd, bool peer)
{
	struct sockaddr_in6 a = {0};
	socklen_t n = sizeof a;
	char text[INET6_ADDRSTRLEN];
	struct sockaddr *p = (struct sockaddr *)&a;
	if ((peer ? getpeername(fd, p, &n) : getsockname(fd, p, &n)) != 0)
		fail("address");
	const void *bytes = &a.sin6_addr;
	uint16_t port = a.sin6_port;
	if (a.sin6_family == AF_INET) {
		struct sockaddr_in a4;
		memcpy(&a4, &a, sizeof a4);
		bytes = memcpy(&a.sin6_addr, &a4.sin_addr, sizeof a4.sin_addr);
		port = a4.sin_port;
	} else if (IN6_IS_ADDR_V4MAPPED(&a.sin6_addr)) {
		bytes = &a.sin6_addr.s6_addr[12];
		a.sin6_family = AF_INET;
	}
	if (inet_ntop(a.sin6_family, bytes, text, sizeof text) == NULL)
		fail("address");
	return (size_t)snprintf(to, room, "%s %u ", text, ntohs(port));
}

/* -- one connection -- */

static void talk_name(struct talk *t)
{
	size_t n = name_end(t->name, sizeof t->name, t->fd, !t->client);
	(void)name_end(t->name + n, sizeof t->name - n, t->fd, t->client);
}

static struct talk *talk_new(int fd, bool client)
{
	struct talk *t = calloc(1, sizeof *t);
	if (t == NULL)
		fail("memory");
	t->fd = fd;
	t->client = client;
	open_talks++;
	return t;
}

static bool may_say(const struct talk *t)
{
	if (t->client)
		return true;
	if (t->heard.at < sizeof t->order)
		return false;
	if (t->order.manner == TOGETHER)
		return true;
	return t->order.manner == AFTER_EOF ? t->heard_end : t->heard.at == t->order.there;
}

static bool over(const struct talk *t)
{
	if (t->client && t->order.manner == RESET)
		return t->heard.at == t->order.back;
	return t->heard_end && t->told_end;
}

/* -> how far its stream may go by now */
static uint64_t end_for_now(const struct talk *t)
{
	int64_t spent = !t->client || spread_ns == 0 ? spread_ns : now_ns() - t->began_ns;
	if (spent >= spread_ns || t->said.end == UINT64_MAX)
		return t->said.end;
	uint64_t end = (uint64_t)((double)t->said.end * (double)spent / (double)spread_ns);
	return end < sizeof t->order ? sizeof t->order : end;
}

static void say(struct talk *t)
{
	struct stream *s = &t->said;
	uint64_t end = end_for_now(t);
	for (int turn = 0; turn < TURNS && may_say(t) && s->at < end; turn++) {
		const uint8_t *p = noise + (s->place + s->at) % NOISE;
		uint64_t n = NOISE - (s->place + s->at) % NOISE;
		if (t->client && s->at < sizeof t->order) {
			p = (const uint8_t *)&t->order + s->at;
			n = sizeof t->order - s->at;
		}
		if (n > end - s->at)
			n = end - s->at;
		ssize_t sent = send(t->fd, p, n > PIECE ? PIECE : n, MSG_NOSIGNAL);
		if (sent < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (sent < 0)
			fail("send");
		stream_add(s, p, (size_t)sent);
	}
	bool waits = t->client && (t->order.manner == SERVER_CLOSES || t->order.manner == RESET);
	bool other_closes = !t->client && t->order.manner == RESET;
	if (t->told_end || !may_say(t) || s->at < s->end || (waits && !t->heard_end) ||
	    other_closes)
		return;
	(void)shutdown(t->fd, SHUT_WR);
	t->told_end = true;
}

static void take_order(struct talk *t, const uint8_t *p, size_t n)
{
	if (t->client || t->heard.at >= sizeof t->order)
		return;
	size_t left = sizeof t->order - t->heard.at;
	memcpy((uint8_t *)&t->order + t->heard.at, p, n < left ? n : left);
	if (n >= left)
		t->said.end = t->order.back;
}

static void hear(struct talk *t)
{
	static uint8_t piece[PIECE];
	for (int turn = 0; turn < TURNS && !t->heard_end; turn++) {
		ssize_t n = recv(t->fd, piece, sizeof piece, 0);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		bool reset = n < 0 && errno == ECONNRESET && !t->client && t->order.manner == RESET;
		if (n < 0 && !reset)
			fail("recv");
		if (n <= 0) {
			t->heard_end = true;
			t->told_end = t->told_end || reset;
			return;
		}
		take_order(t, piece, (size_t)n);
		stream_add(&t->heard, piece, (size_t)n);
	}
}

static void watch_for(struct talk *t)
{
	bool wants = may_say(t) && t->said.at < end_for_now(t);
	struct epoll_event e = {.events = EPOLLIN | (wants ? (uint32_t)EPOLLOUT : 0),
	                        .data.ptr = t};
	if (t->heard_end)
		e.events &= ~(uint32_t)EPOLLIN;
	if (epoll_ctl(watch, t->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, t->fd, &e) != 0)
		fail("epoll_ctl");
	t->watched = true;
}

static void talk_end(struct talk *t)
{
	struct linger at_once = {.l_onoff = 1};
	if (t->client && t->order.manner == RESET)
		(void)setsockopt(t->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	fputs(t->name, stdout);
	stream_print(t->client ? &t->said : &t->heard);
	stream_print(t->client ? &t->heard : &t->said);
	putchar('\n');
	if (t->client)
		calls[t->slot] = NULL;
	(void)close(t->fd);
	free(t);
	open_talks--;
}

/* -- ends -- */

static void go_on(struct talk *t)
{
	hear(t);
	say(t);
	if (over(t))
		talk_end(t);
	else
		watch_for(t);
}

static uint64_t number(const char *text)
{
	return strtoull(text, NULL, 10);
}

static void start(const char *seed)
{
	dice.state = number(seed);
	for (size_t i = 0; i < NOISE; i += sizeof(uint64_t)) {
		uint64_t more = random_next(&dice);
		memcpy(noise + i, &more, sizeof more);
	}
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	watch = epoll_create1(EPOLL_CLOEXEC);
	if (sha256 == NULL || watch < 0)
		fail("start");
}

static int listen_on(unsigned port)
{
	int yes = 1, no = 0, s = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
	if (s < 0 || setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
	    setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no) != 0 ||
	    bind(s, (struct sockaddr *)&a, sizeof a) != 0 || listen(s, BACKLOG) != 0)
		fail("listen");
	return s;
}

/* A reset that was lost on its way shows when its sender is asked. */
static void keep_asking(int fd)
{
	int yes = 1, second = 1, times = 30;
	if (setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes) != 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &second, sizeof second) != 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &second, sizeof second) != 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &times, sizeof times) != 0)
		fail("setsockopt");
}

static void take_calls(int listener)
{
	int fd = 0;
	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		struct talk *t = talk_new(fd, false);
		keep_asking(fd);
		stream_open(&t->said, UINT64_MAX);
		stream_open(&t->heard, UINT64_MAX);
		talk_name(t);
		watch_for(t);
	}
	if (errno != EAGAIN && errno != ECONNABORTED)
		fail("accept");
}

/* Listeners, and standard input, are told from talks by numbers that are no pointers. */
static int serve(unsigned port, unsigned ports)
{
	int *listeners = calloc(ports, sizeof *listeners);
	if (listeners == NULL)
		fail("memory");
	for (unsigned i = 0; i < ports; i++) {
		listeners[i] = listen_on(port + i);
		struct epoll_event e = {.events = EPOLLIN, .data.u64 = i};
		if (epoll_ctl(watch, EPOLL_CTL_ADD, listeners[i], &e) != 0)
			fail("epoll_ctl");
	}
	struct epoll_event e = {.events = EPOLLIN, .data.u64 = ports};
	if (epoll_ctl(watch, EPOLL_CTL_ADD, STDIN_FILENO, &e) != 0)
		fail("epoll_ctl");
	(void)fprintf(stderr, "ready\n");
	for (bool ended = false; !ended || open_talks > 0;) {
		struct epoll_event events[EVENTS];
		int n = epoll_wait(watch, events, EVENTS, -1);
		for (int i = 0; i < n; i++) {
			if (events[i].data.u64 < ports) {
				take_calls(listeners[events[i].data.u64]);
			} else if (events[i].data.u64 == ports) {
				ended = true;
				(void)epoll_ctl(watch, EPOLL_CTL_DEL, STDIN_FILENO, NULL);
			} else {
				go_on(events[i].data.ptr);
			}
		}
	}
	free(listeners);
	return 0;
}

/* Most are small. */
static uint64_t some_size(uint64_t most)
{
	uint64_t kind = random_next(&dice) % 100;
	uint64_t bound = kind < 60 ? 1000 : kind < 90 ? 10000 : kind < 99 ? 60000 : most;
	if (bound > most)
		bound = most;
	return bound == most ? most - random_next(&dice) % (most / 8 + 1)
	                     : random_next(&dice) % bound;
}

static socklen_t address_of(struct sockaddr_storage *to, const char *text, unsigned port)
{
	memset(to, 0, sizeof *to);
	struct sockaddr_in a4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	struct sockaddr_in6 a6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
	if (inet_pton(AF_INET, text, &a4.sin_addr) == 1) {
		memcpy(to, &a4, sizeof a4);
		return sizeof a4;
	}
	if (inet_pton(AF_INET6, text, &a6.sin6_addr) != 1)
		fail(text);
	memcpy(to, &a6, sizeof a6);
	return sizeof a6;
}

static void call(const char *address, unsigned port, uint64_t most, size_t slot)
{
	struct sockaddr_storage to;
	socklen_t n = address_of(&to, address, port);
	int fd = socket(to.ss_family, SOCK_STREAM, 0);
	/* Waiting for the answer here keeps the server's queue short. */
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, n) != 0)
		fail("connect");
	struct talk *t = calls[slot] = talk_new(fd, true);
	t->slot = slot;
	t->began_ns = now_ns();
	t->order.manner = random_next(&dice) % MANNERS;
	t->order.there = sizeof t->order + some_size(most) + 4 * (uint64_t)(spread_ns / 1000000000);
	t->order.back = some_size(most) + (t->order.manner == RESET);
	stream_open(&t->said, t->order.there);
	stream_open(&t->heard, UINT64_MAX);
	talk_name(t);
	int nonblocking = 1;
	if (ioctl(fd, FIONBIO, &nonblocking) != 0)
		fail("ioctl");
	go_on(t);
}

static size_t free_slot(size_t from, size_t slots)
{
	while (calls[from % slots] != NULL)
		from++;
	return from % slots;
}

static int call_all(char **words, char **addresses, unsigned count)
{
	unsigned port = (unsigned)number(words[0]), ports = (unsigned)number(words[1]);
	uint64_t left = number(words[2]), parallel = number(words[3]), most = number(words[4]);
	spread_ns = (int64_t)number(words[5]) * 1000000000;
	calls = calloc(parallel, sizeof(struct talk *));
	if (calls == NULL)
		fail("memory");
	for (size_t slot = 0; left > 0 || open_talks > 0;) {
		while (left > 0 && open_talks < parallel) {
			left--;
			slot = free_slot(slot, parallel);
			call(addresses[left % count], port + (unsigned)(left / count % ports), most,
			     slot);
		}
		struct epoll_event events[EVENTS];
		int n = open_talks > 0
		                ? epoll_wait(watch, events, EVENTS, spread_ns > 0 ? TICK_MS : -1)
		                : 0;
		for (int i = 0; i < n; i++)
			go_on(events[i].data.ptr);
		for (size_t i = 0; spread_ns > 0 && n < EVENTS && i < parallel; i++)
			if (calls[i] != NULL)
				go_on(calls[i]);
	}
	free(calls);
	return 0;
}

int main(int argc, char **argv)
{
	bool serves = argc == 5 && strcmp(argv[1], "serve") == 0;
	if (!serves && (argc < 10 || strcmp(argv[1], "call") != 0)) {
		(void)fprintf(stderr, "usage: talk serve|call SEED PORT PORTS ...\n");
		return 1;
	}
	start(argv[2]);
	int status = serves ? serve((unsigned)number(argv[3]), (unsigned)number(argv[4]))
	                    : call_all(argv + 3, argv + 9, (unsigned)(argc - 9));
	return fflush(stdout) == 0 ? status : 1;
}
