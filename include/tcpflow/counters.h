/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a run counts. Each counter is declared here once: its name, its unit and
 * its sentence. The struct, the summary, the manual and the library's readers are
 * all made from these rows.
 *
 * A packet ends in exactly one of the TF_FATES rows, so their sum is `frames` plus
 * `packets_aggregated` (checked at the end of every run).
 */
#ifndef TCPFLOW_COUNTERS_H
#define TCPFLOW_COUNTERS_H

#include <stdint.h>

/* What became of a frame, or of a packet in an aggregated one: X(name, sentence). */
#define TF_FATES(X)                                                                                \
	X(tcp_segments, "TCP segments handed to their flow")                                       \
	X(filtered, "frames that the filter expression left out")                                  \
	X(outside_time, "frames before --start, or at --stop or later")                            \
	X(not_ip, "frames without IP (ARP, spanning tree, ...)")                                   \
	X(not_tcp, "IP packets that carry something other than TCP")                               \
	X(fragments, "IP fragments; the last of a datagram counts as what they carry")             \
	X(drop_fragments, "IP fragments of datagrams that were discarded")                         \
	X(link_fragments, "fragments made below IP (802.11, multilink PPP, CAPWAP), left out")     \
	X(encrypted, "packets encrypted or compressed on their way (802.11, MACsec, ESP, PPP)")    \
	X(tunnel_closed, "packets in tunnels that are not opened (--decap)")                       \
	X(tunnel_unknown, "packets in tunnels, with contents of no known kind")                    \
	X(drop_link_type, "frames of a link type that is not decoded")                             \
	X(drop_short, "frames in which a header runs past the captured bytes")                     \
	X(drop_damaged, "frames that the capture itself calls damaged (bad checksum on the air)")  \
	X(drop_bad_ip, "frames whose IP header contradicts itself")                                \
	X(drop_bad_tcp, "segments whose TCP header contradicts itself")                            \
	X(drop_too_deep, "frames with more nested headers than are followed")

/* Everything else that is counted: X(name, unit, sentence). */
#define TF_TALLIES(X)                                                                              \
	X(frames, "frames", "frames read from all sources")                                        \
	X(drops_kernel, "packets",                                                                 \
	  "packets that the kernel dropped: its buffer was full (--ring)")                         \
	X(drops_interface, "packets", "packets that the network interface dropped")                \
	X(frame_bytes, "bytes", "captured bytes in these frames")                                  \
	X(datagrams, "datagrams", "IP datagrams put together from fragments")                      \
	X(datagrams_overlap, "datagrams", "discarded: their fragments overlap")                    \
	X(datagrams_bad_end, "datagrams", "discarded: fragments differ in where it ends")          \
	X(datagrams_ecn, "datagrams", "discarded: fragments differ in whether they have ECN")      \
	X(datagrams_cut, "datagrams", "discarded: the snaplen cut a fragment")                     \
	X(datagrams_evicted, "datagrams", "discarded, incomplete, for memory")                     \
	X(datagrams_timeout, "datagrams", "discarded: incomplete for too long")                    \
	X(datagrams_distant, "datagrams", "discarded: too many others of the sender came between") \
	X(datagrams_unfinished, "datagrams", "incomplete when the input ended")                    \
	X(fragments_too_big, "fragments", "fragments that reach beyond 65,535 bytes")              \
	X(fragments_odd, "fragments", "fragments before the last, of odd length")                  \
	X(fragments_tiny, "fragments", "first fragments too short for a TCP header")               \
	X(fragments_copied, "fragments", "fragments that had come before")                         \
	X(packets_aggregated, "packets", "packets behind the first in one frame (802.11 A-MSDU)")  \
	X(frames_set_aside, "frames", "frames written to the file of -w")                          \
	X(checksums_good, "segments", "segments with a good TCP checksum")                         \
	X(checksums_offloaded, "segments", "segments whose checksum was left to a network card")   \
	X(checksums_unknown, "segments", "segments of which too little is known for a check")      \
	X(checksums_bad, "segments", "segments with a wrong TCP checksum")                         \
	X(checksums_header, "segments", "segments with a wrong checksum of an IPv4 header")        \
	X(checksums_rejected, "segments", "segments rejected for a wrong checksum (--checksum)")   \
	X(rejected_flags, "segments", "segments with bytes or FIN but no ACK flag, rejected")      \
	X(rejected_signature, "segments", "segments signed unlike their connection, rejected")     \
	X(rejected_timestamp, "segments", "segments with an old timestamp (PAWS), rejected")       \
	X(rejected_ack, "segments", "segments that acknowledge what was not sent, rejected")       \
	X(rejected_syn_data, "segments", "SYNs whose bytes were not acknowledged, left out")       \
	X(rejected_window, "segments", "segments beyond the receiver's window, set aside")         \
	X(unjudged_flags, "segments", "segments with bytes, no ACK flag, of one who never acks")   \
	X(unjudged_ack, "segments", "segments with bytes whose ACK could not be judged")           \
	X(unjudged_timestamp, "segments", "segments with bytes whose age could not be judged")     \
	X(unjudged_window, "segments", "segments with bytes, the receiver's window unknown")       \
	X(flows, "flows", "TCP connections begun")                                                 \
	X(flows_finished, "flows", "connections that both sides closed")                           \
	X(flows_evicted, "flows", "connections given up for memory")                               \
	X(flows_evicted_embryonic, "flows", "of these, never more than a SYN")                     \
	X(flows_forgotten, "flows",                                                                \
	  "closed connections forgotten so early that segments may follow")                        \
	X(flows_resumed, "flows",                                                                  \
	  "connections that go on in their files after they were given up")                        \
	X(streams_restarted, "streams", "streams begun anew after a long hole")                    \
	X(bytes_seen, "bytes", "payload bytes captured in segments")                               \
	X(bytes_written, "bytes", "payload bytes recorded")                                        \
	X(bytes_duplicate, "bytes", "retransmitted bytes, same as recorded")                       \
	X(bytes_unchecked, "bytes", "of these, bytes that could not be compared")                  \
	X(bytes_conflicting, "bytes", "bytes that differ from the record, set aside")              \
	X(bytes_outside, "bytes", "bytes outside the receiver's window")                           \
	X(bytes_after_close, "bytes", "bytes after the end of their stream")                       \
	X(bytes_rejected, "bytes", "bytes in segments that no receiver takes")                     \
	X(bytes_urgent, "bytes", "urgent bytes, left out of their streams (--urgent=oob)")         \
	X(urgent_inline, "bytes", "urgent bytes left in line: others came before they were read")  \
	X(bytes_bad_checksum, "bytes", "of these, bytes in segments with a wrong checksum")        \
	X(bytes_beyond_limit, "bytes", "bytes beyond the limit for a flow (-b)")                   \
	X(bytes_evicted, "bytes", "early bytes given up for memory")                               \
	X(bytes_write_failed, "bytes", "bytes that could not be stored")                           \
	X(flows_no_room, "flows",                                                                  \
	  "connections left out for want of room (--max-disk, --min-free)")                        \
	X(bytes_no_room, "bytes", "bytes of connections left out for want of room")                \
	X(bytes_late, "bytes", "bytes that came after their gap was recorded (--gaps, -c)")        \
	X(bytes_missing, "bytes", "bytes that were never captured")                                \
	X(bytes_cut, "bytes", "of these, bytes cut off by the snaplen")                            \
	X(bytes_tail_missing, "bytes", "bytes sent behind the last captured byte of a stream")     \
	X(gaps, "gaps", "holes left in the recorded streams")                                      \
	X(gaps_forgotten, "gaps",                                                                  \
	  "gaps closed early for memory: what turns up there counts as unchecked")                 \
	X(causes_forgotten, "places",                                                              \
	  "places of rejected or evicted bytes not remembered: gaps there count as lost")          \
	X(conflicts, "conflicts", "overlaps whose bytes differ")                                   \
	X(conflicts_acked, "conflicts", "of these, the copy kept had been acknowledged")           \
	X(conflicts_dsack, "conflicts", "of these, the receiver reported both copies (D-SACK)")    \
	X(conflicts_ttl, "conflicts", "of these, the copies' TTLs differ by 2 or more")            \
	X(conflicts_unknown, "conflicts", "of these, one packet is not remembered any more")       \
	X(bytes_rewritten, "bytes", "recorded bytes that a later copy replaced (last)")            \
	X(conflict_lines, "lines", "lines in conflicts.jsonl")                                     \
	X(gaps_unlisted, "gaps", "gaps left out of the report's lists, beyond their limit")        \
	X(bytes_unlisted, "bytes", "bytes left out of conflicts.jsonl, beyond its limit")          \
	X(late_segments, "segments", "segments for a connection already ended")                    \
	X(unknown_segments, "segments", "segments of connections that begin in a file of -R")      \
	X(held_spilled, "streams", "streams told to go on over a hole for memory")                 \
	X(rst_ignored, "segments", "resets that no receiver would obey")                           \
	X(syn_ignored, "segments", "SYNs inside a connection")                                     \
	X(synack_ignored, "segments", "SYN-ACKs that nobody waited for")                           \
	X(fin_void, "segments", "FINs that the peer went on beyond")                               \
	X(keepalives, "segments", "keep-alive probes")                                             \
	X(files, "files", "stream files made")                                                     \
	X(files_remade, "files", "files made anew, since others had taken them away")              \
	X(writes, "calls", "writes to stream files")                                               \
	X(digests_read_back, "files", "files read back for their digests: not written in order")   \
	X(packet_files, "files", "capture files made of connections (-K)")                         \
	X(packets_recorded, "frames", "frames written to these files")                             \
	X(comments, "comments", "comments in capture files")                                       \
	X(secrets, "blocks", "blocks of decryption secrets in capture files")

struct tf_counters {
#define TF_FIELD(name, ...) uint64_t name;
	TF_FATES(TF_FIELD)
	TF_TALLIES(TF_FIELD)
#undef TF_FIELD
};

#endif
