/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/live.h"

#include "base/error.h"
#include "capture/dlt.h"
#include "capture/fanout.h"
#include "capture/reading.h"

#include <errno.h>
#include <poll.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BLOCK_MS = 10 }; /* a block of the ring that is not full waits so long (LIVE_LATE_NS) */

struct live {
	pcap_t *pcap;
	char name[NAME_ROOM];
	uint32_t index, link_type;
	int64_t tick_ns; /* what the fraction in a packet's time counts */
	uint64_t number;
	uint64_t early;   /* among so many first frames, those that came before */
	int64_t since_ns; /* that are not taken */
	bool twin;        /* another handle counts what the interface drops */
	struct live_losses losses;
	uint32_t seen_kernel, seen_interface; /* of libpcap's counters, which wrap */
	/* of live_take() in progress */
	bool (*take)(void *, const struct tf_frame *);
	void *arg;
	int taken;
};

/* -- which one --------------------------------------------------------------------- */

bool live_first(char to[TF_INTERFACE_ROOM], struct tf_error *err)
{
	char why[PCAP_ERRBUF_SIZE] = "";
	pcap_if_t *all = NULL;
	if (pcap_findalldevs(&all, why) != 0)
		return error_set(err, TF_USAGE, "cannot list the network interfaces: %s", why);
	bool ok = all != NULL && strlen(all->name) < TF_INTERFACE_ROOM;
	if (ok)
		memcpy(to, all->name, strlen(all->name) + 1);
	pcap_freealldevs(all);
	return ok || error_set(err, TF_USAGE,
	                       "there is no network interface that may be captured from; name "
	                       "one with -i, or give the capture file to read with -r FILE");
}

/* -- opening ------------------------------------------------------------------------ */

static bool fail(struct tf_error *err, const char *name, const char *why)
{
	return error_set(err, TF_USAGE, "cannot capture from %s: %s", name, why);
}

/* What libpcap says of a failed activation, with a hint where people ask for one. */
static bool refused(struct live *l, int answer, struct tf_error *err)
{
	const char *why = pcap_geterr(l->pcap);
	if (answer == PCAP_ERROR_PERM_DENIED)
		return fail(err, l->name,
		            "no permission; it takes root, or the capability cap_net_raw");
	if (answer == PCAP_ERROR_NO_SUCH_DEVICE)
		return fail(err, l->name, "there is no such interface");
	return fail(err, l->name, *why != '\0' ? why : pcap_statustostr(answer));
}

static bool set_up(struct live *l, const struct live_setup *how, struct tf_error *err)
{
	/* Each of these fails only on handles that are active. */
	(void)pcap_set_snaplen(l->pcap, (int)how->snaplen);
	(void)pcap_set_promisc(l->pcap, how->promiscuous);
	(void)pcap_set_timeout(l->pcap, BLOCK_MS);
	(void)pcap_set_buffer_size(l->pcap, how->ring < INT32_MAX ? (int)how->ring : INT32_MAX);
	bool nano = pcap_set_tstamp_precision(l->pcap, PCAP_TSTAMP_PRECISION_NANO) == 0;
	l->tick_ns = nano ? 1 : 1000;
	int answer = pcap_activate(l->pcap); /* > 0: a warning */
	if (answer < 0)
		return refused(l, answer, err);
	l->link_type = link_type_of(pcap_datalink(l->pcap));
	return true;
}

/* Packets that came before the filter was there have passed none: they are dropped. */
static bool set_filter(struct live *l, const char *expression, struct tf_error *err)
{
	struct bpf_program code;
	if (expression == NULL)
		return true;
	if (pcap_compile(l->pcap, &code, expression, 1, PCAP_NETMASK_UNKNOWN) != 0)
		return error_set(err, TF_USAGE, "filter \"%s\": %s", expression,
		                 pcap_geterr(l->pcap));
	bool ok = pcap_setfilter(l->pcap, &code) == 0;
	pcap_freecode(&code);
	return ok || fail(err, l->name, pcap_geterr(l->pcap));
}

struct live *live_open(const struct live_setup *how, struct tf_error *err)
{
	char why[PCAP_ERRBUF_SIZE] = "";
	struct live *l = calloc(1, sizeof *l);
	if (l == NULL) {
		(void)error_set(err, TF_USAGE, "out of memory");
		return NULL;
	}
	l->index = how->index;
	size_t n = strlen(how->interface);
	memcpy(l->name, how->interface, n < sizeof l->name ? n : sizeof l->name - 1);
	l->pcap = pcap_create(how->interface, why);
	if (l->pcap == NULL)
		(void)fail(err, l->name, why);
	else if (set_up(l, how, err) && set_filter(l, how->filter, err)) {
		if (pcap_setnonblock(l->pcap, 1, why) == 0)
			return l;
		(void)fail(err, l->name, why);
	}
	live_close(l);
	return NULL;
}

bool live_can_share(void)
{
	return fanout_exists();
}

/* A handle that is not in the group yet has had all packets: what came before the group was whole
   is taken from none. The kernel's clock, by which it stamps packets, is asked, since no packet may
   be there to tell; and how many came, so that nothing depends on that clock later. */
bool live_share(struct live *const *l, unsigned n, struct tf_error *err)
{
	int group = FANOUT_NEW;
	for (unsigned i = 0; i < n; i++)
		if (!fanout_join(pcap_fileno(l[i]->pcap), &group))
			return error_set(
			        err, TF_USAGE,
			        "cannot capture from %s by several buffers: %s; try --no-fanout",
			        l[i]->name, strerror(errno));
	const int64_t now_ns = live_now();
	for (unsigned i = 0; i < n; i++) {
		l[i]->since_ns = now_ns;
		l[i]->early = live_waiting(l[i]);
		l[i]->twin = i > 0;
	}
	return true;
}

void live_close(struct live *l)
{
	if (l == NULL)
		return;
	if (l->pcap != NULL)
		pcap_close(l->pcap);
	free(l);
}

uint32_t live_link_type(const struct live *l)
{
	return l->link_type;
}

uint32_t live_snaplen(const struct live *l)
{
	return (uint32_t)pcap_snapshot(l->pcap);
}

uint32_t live_index(const struct live *l)
{
	return l->index;
}

const char *live_name(const struct live *l)
{
	return l->name;
}

int64_t live_now(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* -- packets -------------------------------------------------------------------------- */

void live_wait(struct live *const *l, unsigned n, int wait_ms)
{
	struct pollfd fds[LIVE_MOST];
	n = n < LIVE_MOST ? n : LIVE_MOST;
	for (unsigned i = 0; i < n; i++)
		fds[i] =
		        (struct pollfd){.fd = pcap_get_selectable_fd(l[i]->pcap), .events = POLLIN};
	(void)poll(fds, n, wait_ms);
}

static void on_packet(u_char *arg, const struct pcap_pkthdr *h, const u_char *bytes)
{
	struct live *l = (struct live *)(void *)arg;
	struct tf_frame frame = {
	        .bytes = bytes,
	        .captured = h->caplen,
	        .length = h->len > h->caplen ? h->len : h->caplen,
	        .ts_ns = (int64_t)h->ts.tv_sec * 1000000000 + (int64_t)h->ts.tv_usec * l->tick_ns,
	        .link_type = l->link_type,
	        .source = l->index,
	        .number = ++l->number,
	};
	if (l->number <= l->early && frame.ts_ns < l->since_ns)
		return;
	l->taken++;
	if (!l->take(l->arg, &frame))
		pcap_breakloop(l->pcap);
}

enum live_result live_take(struct live *l, int most, bool (*take)(void *, const struct tf_frame *),
                           void *arg, int *taken, struct tf_error *err)
{
	l->take = take;
	l->arg = arg;
	l->taken = 0;
	int answer = PCAP_ERROR_BREAK; /* which may be take's wish of the call before */
	while (answer == PCAP_ERROR_BREAK && l->taken == 0)
		answer = pcap_dispatch(l->pcap, most, on_packet, (u_char *)l);
	*taken = l->taken;
	if (answer >= 0 || answer == PCAP_ERROR_BREAK)
		return LIVE_ON;
	(void)error_set(err, TF_DAMAGED, "%s: %s", l->name, pcap_geterr(l->pcap));
	return LIVE_GONE;
}

/* A counter of a device that went away may fall. */
static uint32_t risen(uint32_t before, uint32_t now)
{
	uint32_t by = now - before;
	return by <= INT32_MAX ? by : 0;
}

struct live_losses live_losses(struct live *l)
{
	struct pcap_stat now;
	if (pcap_stats(l->pcap, &now) != 0)
		return l->losses;
	l->losses.kernel += risen(l->seen_kernel, now.ps_drop);
	l->losses.interface += l->twin ? 0 : risen(l->seen_interface, now.ps_ifdrop);
	l->seen_kernel = now.ps_drop;
	l->seen_interface = now.ps_ifdrop;
	return l->losses;
}

uint64_t live_waiting(struct live *l)
{
	struct pcap_stat now;
	if (pcap_stats(l->pcap, &now) != 0)
		return 0;
	return risen((uint32_t)l->number, now.ps_recv - now.ps_drop); /* recv has them all */
}
