/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libtcpflow: packets in, what each side of each TCP connection said out.
 *
 * An engine takes frames (captured packets), from capture files that it opens
 * itself or pushed one by one, rebuilds the streams, and tells sinks what it
 * found as events. The recorder that stores one file a direction is such a
 * sink; attach your own with tf_engine_attach().
 *
 *	struct tf_error err;
 *	struct tf_config cfg;
 *	tf_config_init(&cfg);
 *	struct tf_engine *e = tf_engine_new(&cfg, &err);
 *	tf_engine_attach(e, &my_sink, &err);
 *	tf_engine_read(e, "capture.pcap", &err);
 *	tf_engine_finish(e, &err);
 *	tf_engine_free(e);
 *
 * Threads: an engine belongs to the thread that made it. It may run workers of
 * its own (tf_config.workers); a sink is opened once for each worker, and each
 * of these instances hears events from one thread only.
 *
 * Lifetimes: whatever an event or a frame points to is valid until the call
 * returns. Who wants bytes to live longer copies them.
 *
 * Errors: functions that can fail return false (or NULL) and fill in *err with
 * one sentence. What packets say is never an error; it is counted.
 */
#ifndef TCPFLOW_TCPFLOW_H
#define TCPFLOW_TCPFLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tcpflow/counters.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default) /* what stands here is the library's face */

#define TF_VERSION "2.0.0"

/* A view of n bytes that somebody else owns. */
struct tf_span {
	const uint8_t *p;
	size_t n;
};

/* How a run ended. The values are the exit codes of the command. */
enum tf_status {
	TF_OK = 0,
	TF_USAGE = 1,   /* bad use: an option, a name, a filter */
	TF_DAMAGED = 2, /* input damaged or cut; what was readable is recorded */
	TF_OUTPUT = 3,  /* output failed */
	TF_LOSSES = 4,  /* something was lost, and the caller asked to be told */
	TF_SANDBOX = 5  /* privileges could not be given up */
};

struct tf_error {
	enum tf_status status;
	char text[400]; /* one sentence, NUL-terminated, no newline */
};

/* -- frames ------------------------------------------------------------- */

/* One captured packet, as it stands in a capture file. */
struct tf_frame {
	const uint8_t *bytes; /* captured bytes, starting with the link header */
	uint32_t captured;    /* how many of them there are */
	uint32_t length;      /* how many were on the wire; captured if unknown */
	int64_t ts_ns;        /* nanoseconds since 1970-01-01 UTC */
	uint32_t link_type;   /* LINKTYPE_ number (tcpdump.org/linktypes.html) */
	uint32_t source;      /* which source, counted from 0 */
	uint64_t number;      /* in that source, counted from 1 */
	uint64_t position;    /* of bytes[0] in that source, in bytes */
};

/* -- flows -------------------------------------------------------------- */

/* An IP address: IPv6, or IPv4 as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2). */
struct tf_address {
	uint8_t b[16];
};

struct tf_endpoint {
	struct tf_address address;
	uint16_t port;
};

#define TF_VLANS 4 /* VLAN tags that a flow's key holds */
#define TF_NETS  2 /* network ids of tunnels that it holds */

/* Kinds of tunnels with a network id of 24 bits, the same in both directions. */
enum tf_net {
	TF_NET_VXLAN = 1, /* RFC 7348 and VXLAN-GPE: VNI */
	TF_NET_GENEVE,    /* RFC 8926: VNI */
	TF_NET_NVGRE      /* RFC 7637: VSID */
};

#define TF_MARKS 4 /* numbers of a tunnel that are kept of a direction */

/* Numbers of tunnels that each side chooses for itself: no part of a flow's key. */
enum tf_mark {
	TF_MARK_MPLS = 1, /* RFC 3032: label, 20 bits */
	TF_MARK_GRE,      /* RFC 2890: key; RFC 2637: call id */
	TF_MARK_GTP       /* 3GPP TS 29.281: tunnel endpoint id */
};

/* Outermost first; those behind the first TF_MARKS are left out. */
struct tf_marks {
	uint8_t kind[TF_MARKS]; /* enum tf_mark; 0 ends the list */
	uint32_t number[TF_MARKS];
};

#define TF_UNNUMBERED UINT64_MAX

/* What the segments of one side have shown that the other side took. */
enum tf_showed {
	TF_SHOWED_SYN = 1, /* these values are those of tshark's tcp.completeness */
	TF_SHOWED_SYNACK = 2,
	TF_SHOWED_ACK = 4, /* on whatever is no SYN and no RST */
	TF_SHOWED_DATA = 8,
	TF_SHOWED_FIN = 16, /* at the end: one that the other side did not go on beyond */
	TF_SHOWED_RST = 32  /* one that was obeyed */
};

#define TF_HISTORY 32 /* room for tf_flow.history, with its NUL */

/* A TCP connection. Direction d is what end[d] sent to end[!d]. */
struct tf_flow {
	struct tf_endpoint end[2]; /* end[0] sent the first packet seen */
	uint16_t vlan[TF_VLANS];   /* VLAN ids, outermost first; 0 ends the list */
	uint32_t net[TF_NETS];     /* network ids of tunnels, outermost first: enum
	                              tf_net << 24 | id; 0 ends the list */
	struct tf_marks marks[2];  /* of each direction's first packet */
	uint8_t mac[2][6];         /* Ethernet addresses of end[0] and end[1], by the frames of
	                              the first packets from them; 0 when there are none */
	uint8_t mac_to[2][6];      /* where these frames went; with routers between, not always
	                              the address that the other end's frames come from */
	uint8_t originator;        /* 0 or 1: who opened the connection, as far as
	                              SYN, SYN-ACK, else the first packet tell */
	bool resumed;              /* it was given up for memory before, which END told, and goes on
	                              in the same files: packets, history and account are those
	                              since */
	uint8_t showed[2];         /* by each side: bits of enum tf_showed */
	char history[TF_HISTORY];  /* Zeek's letters in the order in which they showed, the
	                              originator's in upper case, each once: s SYN, h SYN-ACK,
	                              a bare ACK, d data, f FIN, r RST, i FIN with RST, q SYN
	                              with one of these; and ^ where the first packet turned
	                              out to be the responder's. c rejected for its checksum,
	                              g gap, t bytes sent again and w closed window are given
	                              again at the 10th, 100th, ... What finds no room any
	                              more is left out */
	int64_t first_ns, last_ns; /* times of its first and latest packet */
	int64_t began_ns[2];       /* of each direction's first packet */
	int64_t latest_ns[2];      /* of each direction's latest one */
	uint64_t packets[2];       /* from end[0] and end[1], since the latest TURN; */
	uint64_t frame_bytes[2];   /* bytes of their frames on the wire, */
	uint64_t captured[2];      /* and of these captured */
	uint64_t number;           /* of its first packet in the whole run, from 1 */
	uint64_t connection;       /* connections begun before it, and */
	uint64_t nth[2];           /* directions of which a packet was seen before the first of
	                              this one; all of them are TF_UNNUMBERED when there are
	                              several workers */
};

/*
 * Where each byte of one direction went. Two sums hold whenever an END event is
 * told (the engine checks them):
 *	seen == written + duplicate + conflicting + outside + after_close
 *	        + rejected + urgent + beyond_limit + evicted + write_failed + no_room + late
 *	span == written + missing + beyond_limit + evicted + write_failed + no_room + late
 */
struct tf_account {
	int64_t offset;       /* of the first byte that it counts in span: where the stream begins,
	                         or where it went on at the latest TURN */
	int64_t seen;         /* captured payload bytes */
	int64_t span;         /* from there to its last captured one */
	int64_t written;      /* told as DATA */
	int64_t duplicate;    /* the same bytes again */
	int64_t unchecked;    /* of duplicate: could not be compared */
	int64_t conflicting;  /* other bytes for a place already taken */
	int64_t outside;      /* outside the window, or before the first byte */
	int64_t after_close;  /* beyond FIN */
	int64_t rejected;     /* in segments that no receiver takes */
	int64_t urgent;       /* out of band: not in the stream, nor in span */
	int64_t beyond_limit; /* beyond tf_config.flow_bytes */
	int64_t evicted;      /* held, then given up for memory */
	int64_t write_failed; /* told as DATA, but a sink could not store them */
	int64_t no_room;      /* told as DATA, but the recorder has left the connection out (struct
	                         tf_recording: disk_max, free_least) */
	int64_t late;         /* told as DATA, but the recorder had gone on over their gap (enum
	                         tf_gaps) */
	int64_t missing;      /* in gaps */
	int64_t cut;          /* of missing: cut off by the snaplen */
	int64_t tail_missing; /* beyond span: sent (FIN or ACK tell), not captured */
	bool syn;             /* where the stream begins is known by a SYN */
	bool fin;             /* where it ends is known by a FIN, */
	bool fin_acked;       /* which the receiver has acknowledged */
};

/* -- events ------------------------------------------------------------- */

enum tf_kind {
	TF_BEGIN,    /* a connection's first packet */
	TF_DATA,     /* bytes of one direction */
	TF_GAP,      /* bytes of one direction that were not captured, or not recorded */
	TF_CONFLICT, /* two versions of the same bytes */
	TF_PROOF,    /* the receiver has said something of a conflict told before */
	TF_REJECT,   /* bytes in a segment that its receiver would not take, set aside */
	TF_SEGMENT,  /* a packet of the connection, as it was captured; told before all that
	                comes of it, only to sinks that name it in tf_sink.kinds */
	TF_APP,      /* what an application decoder found */
	TF_END,      /* a connection's end, and that of its streams (dir TF_BOTH); or
	                that of one stream, whose direction goes on with another (dir 0 or 1) */
	TF_TURN      /* the record of a connection ends, and goes on in another output generation
	                (tf_engine_rotate()): told only to sinks that name it in tf_sink.kinds, with
	                dir TF_BOTH and all that END has. What is recorded from now on begins with
	                the byte at offset + span of each account */
};

enum tf_end {
	TF_END_NONE,
	TF_END_FIN,         /* both sides sent FIN, and both were acknowledged */
	TF_END_RST,         /* reset */
	TF_END_REUSED,      /* a new connection uses the same addresses and ports */
	TF_END_EVICTED,     /* given up for memory */
	TF_END_HOLE,        /* this stream ends at a hole longer than tf_config.hole_max */
	TF_END_INPUT,       /* the input ended */
	TF_END_TIMEOUT,     /* silent for longer than tf_config.idle_ns */
	TF_END_FIN_UNACKED, /* both sides sent FIN, but not both were acknowledged */
	TF_END_ROTATED      /* TURN: it has not ended, but its record in this generation has */
};

/* Why bytes are missing: tf_gap_cause_rows() has a sentence for each. */
enum tf_gap_cause {
	TF_GAP_LOST,
	TF_GAP_SNAPLEN,
	TF_GAP_KERNEL,
	TF_GAP_EVICTED,
	TF_GAP_REJECTED,
	TF_GAP_LIMIT /* told at a stream's end, from tf_config.flow_bytes to where it went on to
	                (and at each TURN that comes before, for what is new of that). What was
	                captured of it is in tf_account.beyond_limit */
};

/* Which of two copies of the same bytes a receiver keeps, while neither is sealed. */
enum tf_overlap {
	TF_OVERLAP_LINUX,
	TF_OVERLAP_FIRST,
	TF_OVERLAP_LAST,
	TF_OVERLAP_BSD,
	TF_OVERLAP_SOLARIS,
	TF_OVERLAP_WINDOWS
};

/* Which of two copies was kept. */
enum tf_kept {
	TF_KEPT_UNKNOWN, /* one of the packets is not remembered */
	TF_KEPT_FIRST,   /* the one that was captured first */
	TF_KEPT_SECOND
};

/* Why that copy is taken for the one that the receiver has. */
enum tf_certain {
	TF_CERTAIN_POLICY, /* its kind of receiver does so: tf_config.overlap */
	TF_CERTAIN_ACKED,  /* the receiver had acknowledged it before the other copy came */
	TF_CERTAIN_DSACK   /* the receiver has reported that it got these bytes twice (RFC
	                      2883), so that both copies came to it and it chose: PROOF */
};

/* One copy of conflicting bytes: the packet that brought (the first of) them. */
struct tf_copy {
	int64_t ts_ns;
	uint64_t frame;  /* tf_frame.number */
	uint32_t source; /* tf_frame.source */
	uint8_t ttl;     /* or hop limit */
	bool known;      /* else the packet is not remembered, and all of this is 0 */
};

struct tf_conflict {
	struct tf_copy kept, other;
	enum tf_kept which;
	enum tf_certain certain;
	enum tf_overlap policy; /* of the receiver, as configured */
	bool ttl_apart;         /* the TTLs differ by 2 or more: the copies came different ways */
	bool rewrites;          /* other was told as DATA, and data replaces it: who has stored
	                           the bytes stores these instead */
};

/* A packet as it was captured. */
struct tf_segment {
	struct tf_frame frame; /* bytes: the whole frame, from its link header on. Of a datagram
	                          that came in fragments it is the last of them, and tcp and
	                          payload stand elsewhere */
	struct tf_span tcp;    /* the TCP header with its options; empty when the snaplen cut it */
	uint32_t seq, ack;
	uint32_t cut;      /* payload bytes that the snaplen cut off */
	uint16_t window;   /* unscaled */
	uint8_t flags;     /* as in the TCP header */
	uint8_t ttl;       /* or hop limit */
	bool put_together; /* from fragments */
};

/*
 * What the recorder made of a stream. The engine hands an empty one to all sinks with END; the
 * recorder, which comes before sinks that are attached later, fills it in.
 */
struct tf_record {
	const char *name; /* of the file, below the folder; NULL: there is none */
	int64_t size;     /* of the file */
	/* Of the file as it stands on disk, holes read as NULs; when they were wanted (struct
	   tf_recording) and all of it could be stored. */
	bool has_md5, has_sha256;
	uint8_t md5[16], sha256[32];
};

/* Why a receiver would not take a segment. Those without payload are not told. */
enum tf_reject {
	TF_REJECT_CHECKSUM,    /* its checksum is wrong */
	TF_REJECT_FLAGS,       /* data or FIN, but no ACK flag */
	TF_REJECT_SIGNATURE,   /* signed (MD5) where the connection is not, or unsigned where
	                          it is */
	TF_REJECT_TIMESTAMP,   /* its timestamp is older than one before it (PAWS) */
	TF_REJECT_ACK,         /* it acknowledges what was never sent */
	TF_REJECT_SYN_DATA,    /* bytes on a SYN that were not acknowledged with it */
	TF_REJECT_SYN,         /* a SYN inside a connection */
	TF_REJECT_SYNACK,      /* a SYN-ACK that nobody waits for */
	TF_REJECT_RST,         /* what a reset carries is for people */
	TF_REJECT_URGENT,      /* nothing is wrong with it, but the urgent pointer marks it, and
	                          its receiver reads it out of band: tf_account.urgent */
	TF_REJECT_OUTSIDE,     /* outside the window, or before the first byte:
	                          tf_account.outside */
	TF_REJECT_AFTER_CLOSE, /* beyond FIN: tf_account.after_close */
	TF_REJECTS             /* how many reasons there are */
};

/* tf_event.position of bytes from an IP datagram that came in fragments. It is added to
   their offset in the datagram's payload; frame is that of the last fragment to come. */
#define TF_PUT_TOGETHER (UINT64_C(1) << 63)

#define TF_BOTH 2 /* tf_event.dir of events about the whole connection */

/*
 * What a sink hears. Offsets count the bytes of one direction from the byte
 * after SYN or, when no SYN was seen, from the first byte seen; bytes that turn
 * up later and lie before that have negative offsets. Urgent bytes that are out of band do not
 * count (enum tf_urgent).
 */
struct tf_event {
	enum tf_kind kind;
	uint8_t dir;                /* 0 or 1 (see tf_flow.end), or TF_BOTH */
	bool late;                  /* DATA: fills a gap already passed; GAP: final */
	uint32_t stream;            /* streams of this direction before this one */
	const struct tf_flow *flow; /* valid from BEGIN to END(TF_BOTH), unless tf_sink.lets_doze */
	int64_t offset;             /* DATA, GAP, CONFLICT; REJECT: where they claim to
	                               belong, 0 when nothing of this direction is known */
	int64_t length;             /* DATA, GAP, CONFLICT, REJECT: bytes, at least 1 */
	struct tf_span data;        /* DATA: the bytes; CONFLICT: those recorded; SEGMENT: the
	                               captured payload */
	struct tf_span other;       /* CONFLICT, REJECT: those set aside */
	int64_t ts_ns;              /* of the packet that caused the event */
	uint32_t source;            /* DATA: where data stands; CONFLICT, REJECT: where
	                                     other stands: tf_frame.source, */
	uint64_t frame;             /*       tf_frame.number, */
	uint64_t position;          /*       and position in that source; TF_PUT_TOGETHER
	                                     and an offset when it stands nowhere
	                                     in one piece */
	union {
		enum tf_gap_cause cause;            /* GAP */
		enum tf_reject reject;              /* REJECT */
		enum tf_end end;                    /* END, TURN */
		const struct tf_conflict *conflict; /* CONFLICT; PROOF: the same again */
		const struct tf_segment *segment;   /* SEGMENT */
	};
	uint64_t turn;              /* never falls from event to event of a worker, and is the same
	                               however many workers there are (unless memory is short): by
	                               it their outputs can be merged. Two flows never share one,
	                               unless they end at the same time for their silence: then in
	                               the order of tf_flow.number. It begins anew behind the
	                               TURNs of an output generation. */
	struct tf_account *account; /* END, TURN: of direction dir; account[0] and [1]
	                               when dir is TF_BOTH. A sink that could not
	                               store bytes moves them from written to
	                               write_failed. */
	struct tf_record *record;   /* END: as account */
	uintptr_t *slot;            /* the sink's own, 0 at first: one for each
	                               direction; slot[0] and [1] when dir is TF_BOTH */
	struct tf_keep *keep;       /* END, within the library only: NULL, or where the recorder
	                               puts what wake() is to bring back, should the connection
	                               be heard of again; it then leaves 1 in its slots of files
	                               that it wants back */
	struct chunk **loan;        /* DATA, within the library only: the buffer
	                               that holds data; a sink that sets *loan to
	                               NULL has taken it over. NULL in all others. */
};

struct tf_keep {
	uint8_t *to;
	size_t room, n; /* bytes */
};

/* In which order a sink wants the DATA and GAP events of one direction. */
enum tf_order {
	TF_PLACED, /* any: each byte once, as soon as it is certain. Holes may be
	              filled later; GAP comes when a hole is final (late is true). */
	TF_STREAM  /* by offset, DATA and GAP alternating, nothing told again: what
	              turns up after its GAP was told is not told at all */
};

/*
 * A receiver of events. `open` is called once for each worker, in the thread of
 * the engine's owner, before the first frame; `event`, `recall` and `rest` by that
 * worker, while other workers call those of other instances; `count` at any time; `close`
 * in the owner's thread after the last event. None of them may call a
 * function that takes the engine, but tf_engine_stop().
 */
struct tf_sink {
	const char *name;
	enum tf_order order;
	unsigned kinds;    /* 1 << enum tf_kind of the events that it wants; 0: all but SEGMENT
	                      and TURN */
	bool lets_doze;    /* it looks at tf_event.flow only during the call: a connection of which
	                      nothing is heard may move to where it takes less memory. While a sink is
	                      attached that does not let them, all stay where they are */
	bool skips_silent; /* END is told to it only of connections that have told it something */
	bool lags;         /* when DATA is told, packets, bytes and times in tf_event.flow may be
	                      those of some packets before. Means nothing without lets_doze */
	void *arg;         /* handed to open */

	/* -> the instance of worker 0..workers-1; NULL with *err filled in */
	void *(*open)(void *arg, unsigned worker, unsigned workers, struct tf_error *err);
	/* -> false, with *err (when err is not NULL), stops the run: the sink can do no
	   more. It still hears the END of each flow. */
	bool (*event)(void *self, const struct tf_event *ev, struct tf_error *err);
	/* May be NULL. Copies up to n bytes told as DATA at offset into to
	   -> how many of them, from offset on, are known */
	size_t (*recall)(void *self, const struct tf_flow *flow, unsigned dir, uintptr_t *slot,
	                 int64_t offset, uint8_t *to, size_t n);
	/* May be NULL, both or none. The connection moves: what the sink has of it goes to `to`
	   -> how many of `room` bytes, or SIZE_MAX: there are too few, and nothing has changed.
	   Slots are kept, too. Before its next event wake() brings these bytes back. */
	size_t (*doze)(void *self, const struct tf_flow *flow, uintptr_t *slot, uint8_t *to,
	               size_t room);
	void (*wake)(void *self, const struct tf_flow *flow, uintptr_t *slot, const uint8_t *from,
	             size_t n);
	/* May be NULL. The input pauses, or may do so: what waits in buffers for people or
	   programs to see should go out. Called by the worker after its latest event, and not
	   often -> as event */
	bool (*rest)(void *self, struct tf_error *err);
	/* May be NULL. About twice a second by tf_config.clock, also while the input pauses: what
	   has waited in buffers since the call before goes out. Called as event -> as event */
	bool (*flush)(void *self, struct tf_error *err);
	/* May be NULL. Adds what the sink itself has counted so far (files, writes), and changes
	   nothing. By the worker between two events, or in the owner's thread when it rests */
	void (*count)(void *self, struct tf_counters *c);
	/* May be NULL. Frees the instance -> false, with *err (when err is not NULL),
	   when something was lost */
	bool (*close)(void *self, struct tf_error *err);
};

/* -- tunnels ------------------------------------------------------------- */

/* A kind of tunnel or shim that can be left closed. doc/LINKTYPES.md lists them. */
struct tf_decap_row {
	const char *name;     /* as --decap wants it */
	const char *sentence; /* what it is */
	uint64_t bit;         /* in tf_config.decap */
	bool has_port;        /* it is told by UDP port: see tf_config.tunnel_port */
};
const struct tf_decap_row *tf_decap_rows(size_t *count);

#define TF_DECAP_ALL UINT64_MAX

/* Reads "all", "none", or names with commas between them -> false, *set unchanged,
   when there is another word. */
bool tf_decap_parse(const char *list, uint64_t *set);

#define TF_TUNNEL_PORTS 32

/* UDP packets to or from port are such a tunnel. */
struct tf_tunnel_port {
	uint64_t tunnel; /* tf_decap_row.bit */
	uint16_t port;
};

/* -- causes of gaps -------------------------------------------------------- */

struct tf_gap_cause_row {
	const char *name; /* one word, as in reports */
	const char *sentence;
};

/* A row for each enum tf_gap_cause, in their order. */
const struct tf_gap_cause_row *tf_gap_cause_rows(size_t *count);

/* -- overlap policies ---------------------------------------------------- */

struct tf_overlap_row {
	const char *name;     /* as --overlap wants it */
	const char *sentence; /* whose it is, and how that is known */
};

/* A row for each enum tf_overlap, in their order. */
const struct tf_overlap_row *tf_overlap_rows(size_t *count);

/* Reads a name of n bytes -> false, *to unchanged, when it is none. */
bool tf_overlap_parse(const char *name, size_t n, enum tf_overlap *to);

#define TF_OVERLAP_RULES 64

/* Hosts whose policy is not tf_config.overlap. */
struct tf_overlap_rule {
	struct tf_address address; /* its first `prefix` bits count */
	uint8_t prefix;            /* 0 to 128; of IPv4 addresses 96 more than usual */
	enum tf_overlap overlap;
};

/*
 * Reads CIDR=POLICY,... (an address without /N is one host) and adds the rules to
 * rule[TF_OVERLAP_RULES], of which *rules are there -> false, *rules unchanged, when a
 * part of it is wrong or there are too many.
 */
bool tf_overlap_map_parse(const char *list, struct tf_overlap_rule *rule, unsigned *rules);

/* What tells one flow from another. */
enum tf_key {
	TF_KEY_FULL,   /* addresses, ports, VLAN ids, network ids */
	TF_KEY_5TUPLE, /* addresses and ports; tf_flow.vlan and net stay 0 */
};

/*
 * What becomes of a segment with a wrong TCP checksum. Where the field holds no more than the
 * pseudo-header's sum, or 0, the sender's network card was to make the checksum (it is
 * offloaded), and the segment is taken; so is one of which too little was captured.
 */
enum tf_checksum {
	TF_CHECKSUM_AUTO,   /* rejected once its direction has shown a good or an offloaded one;
	                       before that taken, since the whole capture may have wrong ones */
	TF_CHECKSUM_STRICT, /* rejected */
	TF_CHECKSUM_IGNORE  /* taken: checksums are not looked at */
};

/*
 * What becomes of the byte that an urgent pointer marks. Out of band it is told as REJECT and
 * does not count in offsets, as for a receiver that reads at once: of two that are marked before
 * the first has come to it, it takes only the second out.
 */
enum tf_urgent {
	TF_URGENT_INLINE, /* it stays where it is, as with the socket option SO_OOBINLINE */
	TF_URGENT_OOB     /* as Linux does without */
};

/* What IPv4 fragments that overlap do to their datagram. (Those of IPv6 always discard it, by
   RFC 5722.) */
enum tf_fragments {
	TF_FRAGMENTS_DROP,  /* as Linux: it is discarded, but a fragment that lies inside those
	                       before it is taken for a copy, unseen */
	TF_FRAGMENTS_FIRST, /* the bytes that came first stay */
	TF_FRAGMENTS_LAST   /* the bytes that came last stay */
};

/* -- the engine ---------------------------------------------------------- */

struct tf_config {
	unsigned workers;   /* threads that rebuild streams; 1: none, all work
	                       is done in the caller's thread */
	size_t memory;      /* bytes for all state and buffers; at least 8 MiB */
	uint64_t hash_seed; /* random: keeps flow tables safe from chosen keys */
	int64_t flow_bytes; /* bytes recorded of each stream; 0: none, files are empty;
	                       INT64_MAX: all */
	int64_t hole_max;   /* longest hole within a stream, below 2^31 */
	int64_t linger_ns;  /* a packet that comes longer than this after the latest one of
	                      a closed connection belongs to another */
	int64_t idle_ns;    /* a connection that is silent for longer, in packet time, has ended
	                       (TF_END_TIMEOUT); 0: never */
	const char *filter; /* libpcap filter expression, or NULL */
	uint64_t decap;     /* the tunnels that are opened: bits of tf_decap_rows() */
	/* UDP ports of tunnels besides the usual ones, and before them */
	struct tf_tunnel_port tunnel_port[TF_TUNNEL_PORTS];
	unsigned tunnel_ports; /* how many of them */
	bool esp_null;         /* ESP is taken for unencrypted (RFC 2410) */
	enum tf_key key;
	enum tf_checksum checksum;
	enum tf_urgent urgent;
	enum tf_overlap overlap; /* of receivers that no rule names */
	struct tf_overlap_rule overlap_rule[TF_OVERLAP_RULES];
	unsigned overlap_rules; /* how many of them; the longest prefix counts */
	enum tf_fragments fragments;
	bool keep_rejected;      /* the recorder writes rejected bytes to conflicts.jsonl */
	uint16_t community_seed; /* of Community IDs, where a sink tells them */
	int64_t shift_ns;        /* added to the time of each frame, before all else */
	/* Frames before start_ns, or at stop_ns or later, are left out. After count
	   frames that neither that nor the filter leaves out, no more are read from
	   files. */
	int64_t start_ns, stop_ns;
	uint64_t count;
	unsigned sources_max; /* files that tf_engine_merge() may have open at a time;
	                         0: as many as memory allows */
	/* May be NULL: by its path. How a capture file, or the peer of tcp://HOST:PORT, is opened
	   -> a descriptor, which the engine closes, or -1 with errno. `path` is the pointer that
	   tf_engine_read() or _merge() was given, in which a file may be opened again. */
	int (*open_capture)(void *arg, const char *path);
	void *open_arg;
	/* May be NULL: sinks are not told to flush. Nanoseconds of a clock that nobody sets; called
	   now and then, by whichever thread reads */
	int64_t (*clock)(void *arg);
	void *clock_arg;
	/* May be NULL. Called in the owner's thread while a capture file is read, when
	   a piece of it has been, or some ten times a second, also while a pipe is waited for:
	   bytes of it so far */
	void (*progress)(void *arg, uint64_t position);
	void *progress_arg;
};

/* Fills in the defaults: 1 worker, 512 MiB, hole_max 16 MiB, linger 60 s, all
   tunnels opened, full key, checksums looked at (auto), all frames. */
void tf_config_init(struct tf_config *cfg);

struct tf_engine;

/* -> a new engine, or NULL with *err filled in. cfg may go after the call. */
struct tf_engine *tf_engine_new(const struct tf_config *cfg, struct tf_error *err);

/* Attaches a sink; all must be attached before the first frame. At most 8, of which the
   recorder counts for two. Sinks hear each event in the order in which they were attached. */
bool tf_engine_attach(struct tf_engine *e, const struct tf_sink *sink, struct tf_error *err);

/*
 * A record in parts, output generations, each of which is whole and not written any more once the
 * next one has begun. Connections that are open then go on in the next one: their rows say `end`
 * rotated, and `continues` there with the `offset` at which the files begin. What is 0 or NULL is
 * as usual.
 */
struct tf_rotation {
	const char
	        *folder;  /* of the generations, whose names have the time of their first packet, in
	                     UTC: %Y %y %m %d %H %M %S %j %F %s, %% is a percent sign. Without them
	                     the first generation is this folder, all others are (and with every_ns
	                     or bytes the first is, too) %Y%m%dT%H%M%SZ in it. A generation's folder
	                     is always new: NAME.1 and so on where its name is taken. NULL: none */
	int64_t every_ns; /* a generation ends when packet time comes to another multiple of this,
	                     counted from 1970. 0: not by time */
	uint64_t bytes;   /* it ends before the frame behind so many bytes of payload. 0: not so */
	int64_t start_ns; /* the time of a generation that has no packets */
};

/* As the folder of what is recorded: that of the output generation. */
#define TF_GENERATION ""

/*
 * Makes generations of all outputs that are given TF_GENERATION as their folder, and of the
 * report. Comes before all of them. Files made later are opened beneath the folder that is
 * opened now.
 */
bool tf_engine_rotate(struct tf_engine *e, const struct tf_rotation *how, struct tf_error *err);

/* The generation ends: in tf_engine_capture() within a tenth of a second, before more frames are
   taken; and before the next tf_engine_push(). May be called from a signal handler, and from any
   thread. */
void tf_engine_turn(struct tf_engine *e);

#define TF_NAMES_ROOM 256 /* room for a template of names, with its NUL */

/*
 * Looks at a template of names: what a file is called, below the folder. '/' puts files into
 * folders of their own, made when missing; %% is a percent sign. Where there is neither %c nor
 * %#, %C%c is added.
 *
 *	%A %a  the sender's address and port        %B %b  the receiver's
 *	%E %e  Ethernet addresses: the sender's, the receiver's
 *	%V %v  "--", and the VLAN id; nothing where there is none
 *	%T %t  time of the direction's first packet: 2008-10-06T17:54:54Z, or seconds since 1970
 *	%C %c  "c", and how many files of that name there were before; nothing for the first
 *	%#     the same number, also when it is 0
 *	%d     "client" or "server": which of them is the sender
 *	%I     Community ID, with _ and - for / and +; the same for both directions
 *	%n %S  number of the connection, from 0; with 20 digits
 *	%N     number of the direction, from 0: its last three digits
 *	%K %M %G  the three digits of it before those, and so on
 *
 * With %n %S %N %K %M %G, and where connections between other addresses and ports can get the
 * same name, the recorder has only one worker, in the caller's thread.
 * -> false with *err (TF_USAGE): a letter is unknown, or a name could have an empty component,
 * "." or ".." (%V %v %C %c may write nothing), or control characters, or be longer than 479
 * bytes, or 223 between slashes.
 */
bool tf_names_check(const char *text, struct tf_error *err);

/*
 * Changes a template (NULL: the usual one) as the letters of tcpflow's option -F say, one after
 * the other: c the number of files of that name stands in all names; k, m, g in front of them
 * folders for 1000 directions each, in one, two or three levels; t or T the time in front. M and
 * X, which say nothing of names, change nothing. to may be names.
 * -> false with *err (TF_USAGE), to unchanged: there is another letter, or no room.
 */
bool tf_names_flags(const char *flags, const char *names, char to[TF_NAMES_ROOM],
                    struct tf_error *err);

/* What stands in a file where bytes were not captured. */
enum tf_gaps {
	TF_GAPS_HOLE, /* a hole, which reads as NULs: all other bytes are at their offsets */
	TF_GAPS_SKIP, /* nothing: what follows is moved up */
	TF_GAPS_MARK  /* a line of its own: [tcpflow: 1460 bytes missing] */
};
/* With the last two a stream is written in order: bytes that come after it went on over their
   gap are not in the file (tf_account.late), and bytes before the latest gap are not compared
   with copies of them, nor replaced by those. */

/* How streams are stored. What is 0 or NULL is as usual. */
struct tf_recording {
	const char *folder; /* made when missing; nothing is written outside it. TF_GENERATION */
	const char *names;  /* the template of names; NULL: %A.%a-%B.%b%V%v%C%c */
	enum tf_gaps gaps;
	unsigned files_max; /* descriptors in use, at most; at least one for each worker is */
	bool md5, sha256;   /* digests of each file, told in struct tf_record */
	bool index;         /* beside each file NAME.findx: when which of its bytes came */
	/* When the files of the run have so many bytes of streams (0: no bound), or less than that
	   is free in their file system, connections whose first bytes come then are left out:
	   tf_account.no_room. Others go on. With several workers disk_max is not exact. */
	int64_t disk_max;
	uint64_t free_least;   /* bytes */
	unsigned free_percent; /* of the file system, below 100 */
};

/*
 * Attaches the recorder: one file for each direction that has bytes, named as
 * tcpflow 1.6.1 names them or as how->names says (some templates allow for one worker only). Where
 * copies of bytes conflict, conflicts.jsonl tells of each, with both of them. how may go after the
 * call.
 */
bool tf_engine_record(struct tf_engine *e, const struct tf_recording *how, struct tf_error *err);

/* What is told of stream files. */
enum tf_alert {
	TF_ALERT_OPEN = 1, /* a line open\tPATH: it was made */
	TF_ALERT_CLOSE = 2 /* a line close\tPATH: it is complete */
};

/*
 * The recorder, which must be attached, writes such lines to fd (a pipe, a socket, a file), each in
 * one write, from all its workers; it waits when the reader is slow. PATH is the recorder's
 * folder, unless that is ".", and the name below it. what: a sum of enum tf_alert. fd stays the
 * caller's; at most 4. When one cannot be written to, nothing more is told, and
 * tf_engine_finish() fails with TF_OUTPUT.
 */
bool tf_engine_alert(struct tf_engine *e, int fd, unsigned what, struct tf_error *err);

/* How what is printed looks. */
enum tf_form {
	TF_FORM_TEXT,       /* ASCII and newlines, a dot for any other byte. A carriage return goes
	                       through, but to a terminal only in front of a newline */
	TF_FORM_RAW,        /* all bytes as they are; to a terminal as TF_FORM_TEXT */
	TF_FORM_HEX,        /* 32 bytes a line, as numbers and as text */
	TF_FORM_JSON,       /* an object a line, for each piece, gap, beginning and end */
	TF_FORM_JSON_LEGACY /* as tcpflow 1.6.1: an object a line, its payload as numbers */
};

/* The time in front of each piece: when the packet that brought it was captured. */
enum tf_stamps {
	TF_STAMPS_NONE,  /* (JSON has times, transcripts have TF_STAMPS_ISO all the same) */
	TF_STAMPS_ISO,   /* 2008-10-06T17:54:54.796605000Z */
	TF_STAMPS_EPOCH, /* seconds since 1970 */
	TF_STAMPS_DELTA  /* seconds since the piece before */
};

/* How streams are printed. What is 0 or NULL is as usual. */
struct tf_printing {
	int fd; /* that is written to; it stays the caller's, and open till the end */
	enum tf_form form;
	enum tf_stamps stamps;
	bool packets;       /* each packet's payload as it was captured, in that order; else the
	                       streams as their receivers read them, with their gaps */
	bool sessions;      /* both directions of a connection as one transcript */
	const char *folder; /* of a file for each transcript; made when missing. NULL: fd */
	unsigned files_max; /* descriptors in use for them, at most 64; 0: 64 */
	const char *names;  /* the template of names; NULL: as for files */
	const char *prefix; /* in front of each name; NULL: nothing. (1.6.1 writes the folder
	                       that -o names and a '/'.) */
	bool bare;          /* no names */
	bool joined;        /* no newline behind each piece */
	bool colours;       /* of directions; not in JSON */
};

/*
 * Attaches a sink that prints, or writes transcripts. It writes when the input pauses, when
 * much waits and at the end. Printing to fd takes one worker, in the caller's thread. how may
 * go after the call.
 * When nobody reads fd any more (EPIPE), the run stops: the call in progress, and
 * tf_engine_finish(), return false with status TF_OK, which is no failure.
 */
bool tf_engine_print(struct tf_engine *e, const struct tf_printing *how, struct tf_error *err);

/* What the caller knows of the program and the machine, for the head of the report. Texts may
   be NULL. */
struct tf_facts {
	const char *command_line;
	const char *compiler, *cppflags, *cflags, *ldflags, *libs; /* that it was built with, */
	const char *compiled;                                      /* and when */
	const char *os_sysname, *os_release, *os_version, *host, *arch;
	uint32_t uid;
	const char *username;
	int64_t start_ns; /* when the run began, since 1970 */
	int64_t shift_ns; /* as in tf_config */
	/* What the process may still do: privilege[privilege_count], a sentence each */
	const char *const *privilege;
	size_t privilege_count;
};

/* What a run has used, as getrusage() tells it. */
struct tf_usage {
	int64_t user_ns, system_ns;
	uint64_t maxrss, minflt, majflt, nswap, inblock, oublock;
	int64_t clock_ns; /* how long it has taken */
};

/* What is reported. What is 0 or NULL is as usual. */
struct tf_reporting {
	const char *path;      /* of the report; NULL: report.xml in the recorder's folder; "":
	                          there is none. It need not lie in that folder */
	bool jsonl;            /* flows.jsonl in the recorder's folder, too */
	struct tf_facts facts; /* only looked at during the call */
	/* May be NULL. Called at the end */
	void (*usage)(void *arg, struct tf_usage *to);
	void *usage_arg;
};

/*
 * Reports on each connection, when it ends: Digital Forensics XML as tcpflow 1.6.1 wrote it, with
 * more besides, and lines of JSON. Comes behind the recorder (which is needed, but for a report
 * elsewhere with one worker), and before the first frame.
 * A report of an earlier run keeps what it has under another name, report.1.xml and so on; before
 * that it is mended if that run was killed.
 */
bool tf_engine_report(struct tf_engine *e, const struct tf_reporting *how, struct tf_error *err);

/*
 * Mends what a killed run has left in its folder (or in that of its report): report.xml,
 * flows.jsonl, conflicts.jsonl. What a run is still writing is left alone. *mended: how many were.
 * -> false with *err (TF_OUTPUT)
 */
bool tf_report_recover(const char *folder, unsigned *mended, struct tf_error *err);

/*
 * Adds to the report what the process may still do, a sentence in each of line[n]: when it has
 * given up privileges, behind tf_engine_prepare() and before the first frame. Where there is no
 * report, nothing is done.
 */
bool tf_engine_tell_privileges(struct tf_engine *e, const char *const *line, size_t n,
                               struct tf_error *err);

enum tf_packets_format {
	TF_PACKETS_PCAP,  /* classic: microseconds, one link type in each file */
	TF_PACKETS_PCAPNG /* nanoseconds, any link types */
};

/* How packets are stored by connection. What is 0 or NULL is as usual. */
struct tf_packets {
	const char *folder; /* made when missing; nothing is written outside it */
	const char *names;  /* the template of names, less its suffix; NULL: the usual one */
	unsigned files_max; /* descriptors in use, at most; at least one for each worker is */
	enum tf_packets_format format;
	bool both; /* both directions in one file, with the name of the originator's */
};

/*
 * Attaches a recorder of packets: a capture file NAME.pcap (or NAME.pcapng) for each
 * direction that has packets, with all that are heard until the connection ends, as they
 * were captured; what a receiver would not take is among them. NAME is that of the
 * direction's stream. Next to a NAME.pcap stands a NAME.pcapng when there are packets of
 * another link type than the first one's, or which came in fragments: those are written
 * behind an IP header made anew. It needs no tf_engine_record(), nor hinders it. how may
 * go after the call.
 */
bool tf_engine_record_packets(struct tf_engine *e, const struct tf_packets *how,
                              struct tf_error *err);

/*
 * Writes the frames that are not recorded to a pcapng file ("-": standard output), each
 * with a comment that names its counter and says why: those that are not TCP, or cannot be
 * decoded, or have payload that no receiver takes; not those that the filter or the times
 * leave out. Fragments share the fate of their datagram. Before the first frame. There is
 * only one worker then, in the caller's thread: what it refuses is known in time.
 * -> false with *err (TF_OUTPUT) when the file cannot be written, or is a symbolic link
 * or one of several names of a file.
 */
bool tf_engine_set_aside(struct tf_engine *e, const char *path, struct tf_error *err);

/*
 * Writes all frames that are taken (not those that the filter or the times leave out) to a pcapng
 * file ("-": standard output), in their order, with nanoseconds; from interfaces with their names
 * and what was dropped. With tf_engine_rotate(), which comes before, each generation has one: path
 * may have its letters, and a number is put in front of the last dot where the name is taken.
 * Before the first frame.
 * -> false with *err (TF_OUTPUT) when the file cannot be written, or is a symbolic link or one of
 * several names of a file.
 */
bool tf_engine_keep(struct tf_engine *e, const char *path, struct tf_error *err);

/* Copies one frame in. -> false with *err when the run has failed; or, for this frame alone,
   when it has more than 512 KiB. */
bool tf_engine_push(struct tf_engine *e, const struct tf_frame *frame, struct tf_error *err);

/*
 * Reads a capture file to its end; several calls read several files, whose
 * connections go on from one to the next. It may be packed with gzip, zstd, xz, lz4 or
 * bzip2. "-" is standard input; tcp://HOST:PORT connects to a peer that sends a
 * capture.
 * -> false with err->status TF_DAMAGED when a file was cut or damaged: what was
 * readable has been taken, and more may be read; any other status ends the run.
 */
bool tf_engine_read(struct tf_engine *e, const char *path, struct tf_error *err);

/*
 * Does what the first frame would do, but starts no thread: memory is split, sinks are opened. It
 * may be left out. Behind it privileges can be given up (a sandbox binds the threads that are
 * started later); the sinks of the library open files beneath their folders only from then on.
 */
bool tf_engine_prepare(struct tf_engine *e, struct tf_error *err);

/* How tf_engine_read_as() reads. */
struct tf_reading {
	bool known_only; /* connections that begin in this file are left out: it only
	                    goes on with those that are known */
	/* For a plain file that is still being written: it has ended when nothing came
	   for so many ms. 0: at its end. */
	unsigned patience_ms;
};

/* tf_engine_read() with something special. */
bool tf_engine_read_as(struct tf_engine *e, const char *path, const struct tf_reading *how,
                       struct tf_error *err);

/*
 * Reads several files at the same time, as if they were one with all their packets in
 * the order of their times. Each takes 512 KiB of memory / 8 while it is open, so memory
 * bounds how many can be (at most 510); it is split for as many as the first call of all
 * tf_engine_...() that read wants. Of more plain files than that each is open only from its
 * first packet's time to its end, so then only those count that overlap in time.
 * -> false as tf_engine_read(): TF_DAMAGED when some were cut or damaged (*err tells of
 * the first), any other status ends the run.
 */
bool tf_engine_merge(struct tf_engine *e, const char *const *path, size_t count,
                     struct tf_error *err);

/* How tf_engine_listen() listens. */
struct tf_listening {
	const char *interface; /* as libpcap names it; "any": all of them */
	size_t ring;           /* bytes of the kernel's buffers for its packets, of all of them */
	unsigned rings;        /* buffers among which a fan-out group deals the packets; 0: as
	                          many as workers, as far as there may be so many (1 where a system
	                          or an interface has no such groups) */
	uint32_t snaplen;      /* bytes captured of each packet, at most 262144 */
	bool promiscuous;      /* also packets that are not for this machine */
};

#define TF_INTERFACE_ROOM 64 /* room for the name of an interface, with its NUL */

/* Writes the name of the interface that libpcap lists first -> false with *err (TF_USAGE) when
   there is none that may be captured from. */
bool tf_interface_first(char to[TF_INTERFACE_ROOM], struct tf_error *err);

/*
 * Opens a network interface, from which the kernel captures from then on what passes
 * tf_config.filter; at most 16, before the first frame. It takes privileges that nothing
 * after it does, so give them up before tf_engine_capture().
 * -> false with *err (TF_USAGE) when it cannot be opened.
 */
bool tf_engine_listen(struct tf_engine *e, const struct tf_listening *how, struct tf_error *err);

/*
 * Reads from all interfaces until tf_engine_stop() is called, tf_config.count frames have
 * come, or the last interface has gone. What had come when it was stopped is taken. progress
 * is called about once a second, with the bytes captured so far. What the kernel drops since
 * its buffer is full is in the counters.
 * -> false as tf_engine_read(): TF_DAMAGED when an interface went away.
 */
bool tf_engine_capture(struct tf_engine *e, struct tf_error *err);

/* Whether new connections are recorded. */
enum tf_room {
	TF_ROOM_ENOUGH,
	TF_ROOM_MAX_DISK, /* no: tf_recording.disk_max was reached */
	TF_ROOM_MIN_FREE  /* not now: less than free_least or free_percent is free */
};

/* How a run is doing at the moment. */
struct tf_moment {
	uint64_t frames, frame_bytes;
	uint64_t flows; /* connections that are in memory, a little late */
	uint64_t drops_kernel, drops_interface;
	int64_t latest_ns; /* time of the latest segment; 0: there was none */
	uint64_t memory; /* bytes in use of the blocks, flows and buffers that were set aside at */
	uint64_t memory_max; /* the start: tf_config.memory */
	uint64_t files_open; /* descriptors that the recorder's files have */
	enum tf_room room;
};

/* In the engine's thread, also from tf_config.progress, whatever the number of workers is. What
   other threads do is seen as it was at most half a second ago, by tf_config.clock. */
void tf_engine_moment(const struct tf_engine *e, struct tf_moment *to);

/* Makes a tf_engine_read(), _read_as(), _merge() or _capture() in progress return soon, as if its
   files had ended, and all later ones at once. May be called from a signal handler, and from any
   thread. */
void tf_engine_stop(struct tf_engine *e);

/* Ends all flows, waits for the workers, closes the sinks. Call it once. */
bool tf_engine_finish(struct tf_engine *e, struct tf_error *err);

/* Adds up the counters: exact after tf_engine_finish(). Before that as tf_engine_moment(), and
   what concerns flows that have not ended is missing. */
void tf_engine_counters(const struct tf_engine *e, struct tf_counters *out);

/* A link type that turned up and is not decoded. */
struct tf_link {
	uint32_t type;    /* LINKTYPE_ number */
	const char *name; /* NULL: unknown */
	uint64_t frames;
};
#define TF_LINKS 8

/* -> how many such link types there were, at most TF_LINKS; in the order of their
   appearance. */
size_t tf_engine_links(const struct tf_engine *e, struct tf_link to[TF_LINKS]);

void tf_engine_free(struct tf_engine *e);

/* -- folders of captures -------------------------------------------------- */

struct tf_captures {
	char **path;
	size_t count;
};

/*
 * Finds the capture files in a folder (not in folders within it), in the order of
 * their first packets' times; those without packets come last. For what is no capture
 * file skipped (if it is not NULL) is called with a sentence that says so. Free *found
 * with tf_captures_free(), whatever the answer was.
 */
bool tf_captures_find(struct tf_captures *found, const char *folder,
                      void (*skipped)(void *arg, const char *why), void *arg, struct tf_error *err);
void tf_captures_free(struct tf_captures *found);

/* -- what became of a connection ------------------------------------------- */

struct tf_word_row {
	const char *word, *sentence;
};

/* A row for each enum tf_end, in their order. */
const struct tf_word_row *tf_end_rows(size_t *count);

/* What a stream is, as recorded: the last of these that is true. */
enum tf_completeness {
	TF_COMPLETE,   /* from SYN to FIN, without a byte missing */
	TF_MIDSTREAM,  /* no SYN was seen: there may be more before it */
	TF_UNFINISHED, /* no FIN was seen: there may be more behind it. A reset is no FIN:
	                  neither side knows then how much the other has got */
	TF_GAPS,       /* tf_bytes_missing(): within it, or behind it as ACKs tell */
	TF_CUT /* by tf_config.flow_bytes, for want of room (tf_account.no_room), or at a hole by
	          tf_config.hole_max */
};
const struct tf_word_row *tf_completeness_rows(size_t *count);

/* Both are those of the END event. A connection's end is that of its streams. */
enum tf_completeness tf_completeness_of(const struct tf_account *account, enum tf_end end);

/* -> bytes that are known to have been sent and that are not recorded, for whatever reason. */
int64_t tf_bytes_missing(const struct tf_account *account);

/* -> Zeek's conn_state: S0, S1, SF, REJ, S2, S3, RSTO, RSTR, RSTOS0, RSTRH, SH, SHR or OTH. It
   goes by what has been shown so far; call it at the END. */
const char *tf_conn_state(const struct tf_flow *flow);

/* -- small helpers ------------------------------------------------------- */

bool tf_address_is_v4(const struct tf_address *a);

#define TF_ADDRESS_TEXT 46 /* room for any address as text, with its NUL */

/* Writes the address as usual (RFC 5952 short form for IPv6). */
void tf_address_text(const struct tf_address *a, char to[TF_ADDRESS_TEXT]);

#define TF_COMMUNITY_ROOM 31 /* room for a Community ID, with its NUL */

/* Writes the connection's Community ID, version 1: the same for both directions, and in other
   tools with the same seed (usually 0) -> false, "" in to: this system has no SHA-1. */
bool tf_community_id(const struct tf_flow *flow, uint16_t seed, char to[TF_COMMUNITY_ROOM]);

/* Writes n bytes as 2 * n hexadecimal digits (a to f) and a NUL. */
void tf_hex_text(const uint8_t *p, size_t n, char *to);

/* A row for each counter, in their order. count is their number. */
struct tf_counter_row {
	const char *name, *unit, *sentence;
	size_t offset; /* of the uint64_t in struct tf_counters */
};
const struct tf_counter_row *tf_counter_rows(size_t *count);

/* The library's version, as TF_VERSION was when it was built. */
const char *tf_version(void);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
