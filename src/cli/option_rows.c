/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of options, group by group. */
#include "cli/option_take.h"
#include "cli/scanners.h"

#define K UINT64_C(1024)
#define M (K * K)
#define G (K * M)

#define FIELD(f) offsetof(struct options, f)

static const char input[] = "Input", live[] = "Live capture", output[] = "Output";
static const char privileges[] = "Privileges";
static const char naming[] = "File names", console[] = "Console", report[] = "Report";
static const char receiver[] = "Receiver", tunnels[] = "Tunnels", means[] = "Resources";
static const char scanning[] = "Scanners, settings and hooks", talk[] = "Messages";
static const char other[] = "Other", idle[] = "Accepted for old scripts";

static const char a_time[] = "a time such as 2026-11-23T17:30:00Z or seconds since 1970";
static const char a_capture[] = "a capture file, or - for standard input";
static const char a_scanner[] = "a scanner: md5, http, netviz, tcpdemux, wifiviz or all";
static const char colours_are[] = "the option for colours is -g";

static const char *const packets_words[] = {"pcap", "pcapng", "both", "both-pcapng", NULL};
static const char *const gaps_words[] = {"hole", "skip", "mark", NULL};
static const char *const timestamps_words[] = {"none", "iso", "epoch", "delta", NULL};
static const char *const urgent_words[] = {"inline", "oob", NULL};
static const char *const checksum_words[] = {"auto", "strict", "ignore", NULL};
static const char *const overlap_words[] = {"linux",   "first",   "last", "bsd",
                                            "solaris", "windows", NULL};
static const char *const fragments_words[] = {"drop", "first", "last", NULL};
static const char *const key_words[] = {"full", "5tuple", NULL};
static const char *const sandbox_words[] = {"auto", "require", "off", NULL};
static const char *const help_words[] = {"all", NULL};

static const struct option_row rows[] = {
        {'r', "read", "FILE", input,
         "read this capture file (pcap or pcapng, packed or not), or all captures of this folder "
         "in the order of their times; \"-\" is standard input, tcp://HOST:PORT a peer that sends "
         "a capture; give it again to read several, one after the other",
         take_source, .wanted = a_capture, .usual = true,
         .example = "tcpflow -r monday.pcap -r tuesday.pcapng.zst -o flows"},
        {'R', "read-known", "FILE", input,
         "read this after all of -r, and only go on with connections that began there",
         take_finisher, .wanted = a_capture,
         .example = "tcpflow -r monday.pcap -R tuesday.pcap -o flows"},
        {'l', "list", NULL, input, "the words that are no options are capture files, as for -r",
         take_flag, FIELD(words_are_files), .usual = true,
         .example = "tcpflow -o flows -l monday.pcap tuesday.pcap"},
        {0, "merge", NULL, input,
         "read all files of -r at the same time, their packets in the order of their times",
         take_flag, FIELD(merge), .example = "tcpflow --merge -r east.pcap -r west.pcap -o flows"},
        {0, "follow", "[=SECONDS]", input,
         "the last file is still being written: read on until nothing came for so long (default "
         "10)",
         take_number, FIELD(follow_s), 1, 1000000, .missing = "10",
         .wanted = "a number of seconds from 1 to 1000000",
         .example = "tcpflow -r growing.pcap --follow=60 -o flows"},
        {0, "start", "TIME", input,
         "leave out packets before this time (2026-11-23T17:30:00Z, or seconds since 1970)",
         take_time, FIELD(start_ns), .wanted = a_time,
         .example = "tcpflow -r capture.pcap --start 2026-11-23T17:30:00+01:00"},
        {0, "stop", "TIME", input, "leave out packets at this time or later", take_time,
         FIELD(stop_ns), .wanted = a_time,
         .example = "tcpflow -r capture.pcap --start 2026-11-23 --stop 2026-11-24"},
        {0, "count", "N", input,
         "read no more after N packets that nothing above and no expression leaves out",
         take_number, FIELD(count), 1, UINT64_MAX, .wanted = "a number of packets",
         .example = "tcpflow -r capture.pcap --count 1000 tcp port 80"},

        {'i', "interface", "NAME", live,
         "capture from this interface, or any; give it again for several (default, without -r: "
         "libpcap's first one)",
         take_interface, .wanted = "the name of an interface", .usual = true,
         .example = "tcpflow -i eth0 -i eth1 -o flows"},
        {'p', "no-promiscuous", NULL, live, "leave the interface out of promiscuous mode",
         take_flag, FIELD(not_promiscuous), .example = "tcpflow -p -i eth0 -o flows"},
        {0, "ring", "SIZE", live,
         "the kernel's buffer for packets, divided among the interfaces (default 64M)", take_number,
         FIELD(ring), 64 * K, G, .wanted = "a size from 64K to 1G, such as 16M",
         .example = "tcpflow -i eth0 --ring 256M -o flows"},
        {0, "no-fanout", NULL, live, "one buffer for each interface, with -j, too", take_flag,
         FIELD(no_fanout), .example = "tcpflow -i eth0 -j 4 --no-fanout -o flows"},
        {0, "snaplen", "N", live, "capture at most N bytes of each packet (default 262144)",
         take_number, FIELD(snaplen), 1, 256 * K, .wanted = "a number of bytes from 1 to 262144",
         .example = "tcpflow -i eth0 --snaplen 128 -o flows"},

        {'U', "relinquish-privileges", "USER", privileges,
         "become this user before packets are read (default, as root: who called sudo, else "
         "tcpflow, else nobody)",
         take_text, FIELD(user), .wanted = "the name of a user",
         .example = "tcpflow -i eth0 -U nobody -o /srv/flows"},
        {'z', "chroot", "DIR", privileges,
         "make this the root folder before packets are read, together with -U; what is written "
         "lies in it",
         take_text, FIELD(root), .wanted = "a folder",
         .example = "tcpflow -i eth0 -U nobody -z /srv/flows"},
        {0, "sandbox", "KIND", privileges,
         "auto (default) gives up all rights that are not needed before packets are read, as far "
         "as the system allows; require ends the run where it does not; off gives up none",
         take_word, FIELD(sandbox), .words = sandbox_words, .wanted = "auto, require or off",
         .example = "tcpflow -i eth0 --sandbox=require -o flows"},
        {0, "umask", "MODE", privileges,
         "what files and folders are made without, in octal (default: 077 live, else the "
         "caller's)",
         take_umask, FIELD(umask), .wanted = "an octal number from 0 to 777, such as 027",
         .example = "tcpflow -i eth0 --umask 027 -o flows"},

        {'o', "output", "DIR", output,
         "write the files into this folder (default .), made if missing; with letters such as "
         "%Y-%m-%d/%H%M%S into one named by the time of the first packet",
         take_text, FIELD(folder), .wanted = "a folder", .usual = true,
         .example = "tcpflow -r capture.pcap -o flows"},
        {0, "rotate", "WHEN", output,
         "begin another folder at each full 30s, 10m, 1h or 1d of packet time, or after 500M or 1G "
         "of payload; may be given once for each; see -o",
         take_rotate, .wanted = "a time such as 30s, 10m, 1h or 1d, or a size such as 500M or 1G",
         .example = "tcpflow -i eth0 --rotate 1h --rotate 10G -o /var/flows"},
        {'b', "max-bytes", "N", output,
         "record at most N bytes of each stream (default: all); with 0 the files are empty",
         take_number, FIELD(flow_bytes), 0, INT64_MAX, .usual = true,
         .wanted = "a number of bytes such as 4096, 64K or 2G",
         .example = "tcpflow -r capture.pcap -b 4K -o flows"},
        {'m', "max-hole", "N", output,
         "start a new file at a hole longer than N bytes (default 16M, below 2G)", take_number,
         FIELD(hole_max), 0, 2 * G - 1, .wanted = "a number of bytes below 2G, such as 64K or 16M",
         .example = "tcpflow -r capture.pcap -m 1M -o flows"},
        {0, "max-disk", "SIZE", output,
         "when so many bytes are recorded, only count what new connections say", take_number,
         FIELD(disk_max), 1, INT64_MAX, .wanted = "a size such as 500M or 20G",
         .example = "tcpflow -i eth0 --max-disk 20G -o flows"},
        {0, "min-free", "SIZE", output,
         "while less than that (or, with %, than that part) of the disk is free, only count what "
         "new connections say",
         take_min_free, .wanted = "a size such as 2G, or a part from 1% to 99%",
         .example = "tcpflow -i eth0 --min-free 10% -o flows"},
        {0, "gaps", "KIND", output,
         "what stands in a file for bytes that were not captured: hole (default) is as many "
         "zeros, skip nothing, mark a line that tells how many",
         take_word, FIELD(gaps), .words = gaps_words, .wanted = "hole, skip or mark",
         .example = "tcpflow -r capture.pcap --gaps=mark -o flows"},
        {0, "session", NULL, output,
         "both directions of a connection in one transcript, a file or the console, with marks "
         "of direction and times",
         take_flag, FIELD(session), .example = "tcpflow -r capture.pcap --session -o flows"},
        {'I', "index", NULL, output,
         "beside each file, FILE.findx tells the time of each piece of it", take_flag, FIELD(index),
         .example = "tcpflow -r capture.pcap -I -o flows"},
        {'K', "flow-pcap", NULL, output, "store each flow's packets instead of its bytes",
         take_flag, FIELD(flow_pcap), .example = "tcpflow -r capture.pcap -K -o flows"},
        {0, "flow-pcap-format", "KIND", output,
         "what -K makes for each direction: pcap (default) or pcapng; or both, both-pcapng: one "
         "for "
         "both directions",
         take_word, FIELD(packets_format), .words = packets_words,
         .wanted = "pcap, pcapng, both or both-pcapng",
         .example = "tcpflow -r capture.pcap -K --flow-pcap-format=both-pcapng -o flows"},
        {'w', "unrecorded", "FILE", output,
         "write the packets that are not recorded (not TCP, not decoded, refused) to this pcapng "
         "file, with comments that say why; \"-\" is standard output",
         take_text, FIELD(unrecorded), .wanted = "a file name",
         .example = "tcpflow -r capture.pcap -w rest.pcapng -o flows"},
        {0, "write", "FILE", output,
         "keep all packets, too, in this pcapng file; rotated as the folder is, and named by the "
         "same letters",
         take_text, FIELD(write), .wanted = "a file name",
         .example = "tcpflow -i eth0 --write all.pcapng -o flows"},

        {'T', "template", "TEXT", naming,
         "name files by this template (default %A.%a-%B.%b%V%v%C%c)", take_text, FIELD(template),
         .wanted = "a template such as %A.%a-%B.%b", .usual = true,
         .example = "tcpflow -r capture.pcap -T %T_%A.%a-%B.%b%V%v%C%c -o flows"},
        {'F', "names", "LETTERS", naming,
         "change names: t seconds since 1970 in front, T date and time in front, c the counter "
         "always, k, m or g folders of 1,000 files; X make no files; M put MD5s in the report",
         take_names, .wanted = "some of the letters c, t, T, X, M, k, m and g",
         .example = "tcpflow -r capture.pcap -FTk -o flows"},

        {'c', "console", NULL, console, "print the streams on standard output and make no files",
         take_flag, FIELD(console), .usual = true, .example = "tcpflow -c -r capture.pcap"},
        {'C', "console-plain", NULL, console, "as -c, but without the lines that name the flows",
         take_plain_console, .usual = true, .example = "tcpflow -C -r capture.pcap"},
        {'D', "hex", NULL, console, "print in hexadecimal", take_flag, FIELD(hex), .usual = true,
         .example = "tcpflow -cD -r capture.pcap"},
        {'g', "colour", NULL, console, "print each direction in its colour", take_flag,
         FIELD(colour), .usual = true, .example = "tcpflow -cg -r capture.pcap"},
        {'B', "binary", NULL, console, "print bytes as they are, unless to a terminal", take_flag,
         FIELD(binary), .example = "tcpflow -CB0 -r capture.pcap tcp src port 80"},
        {'0', "no-newline", NULL, console, "print no newline behind each piece", take_flag,
         FIELD(no_newline), .example = "tcpflow -C0 -r capture.pcap"},
        {'J', "json", NULL, console, "print a JSON object in each line", take_flag, FIELD(json),
         .example = "tcpflow -cJ -r capture.pcap"},
        {0, "json-legacy", NULL, console,
         "as -J, with the payload as an array of numbers, as tcpflow 1.6.1", take_flag,
         FIELD(json_legacy), .example = "tcpflow -c --json-legacy -r capture.pcap"},
        {0, "packets", NULL, console, "print what each packet brought, as tcpflow 1.6.1", take_flag,
         FIELD(packets_view), .example = "tcpflow -c --packets -r capture.pcap"},
        {0, "timestamps", "[=KIND]", console,
         "print the time in front: iso (default), epoch or delta", take_word, FIELD(timestamps),
         .words = timestamps_words, .missing = "iso", .wanted = "none, iso, epoch or delta",
         .example = "tcpflow -c --timestamps=delta -r capture.pcap"},

        {'X', "report", "FILE", report,
         "write the report to this file (default report.xml beside the files, none with -c or "
         "-C); \"\": none",
         take_any, FIELD(report), .wanted = "a file name", .usual = true,
         .example = "tcpflow -r capture.pcap -o flows -X flows.xml"},
        {0, "jsonl", NULL, report, "write the report's rows to flows.jsonl, too", take_flag,
         FIELD(jsonl), .example = "tcpflow -r capture.pcap --jsonl -o flows"},
        {0, "recover", "DIR", report,
         "mend what a run that was killed has left in this folder: report.xml, flows.jsonl, "
         "conflicts.jsonl",
         take_recover, .wanted = "a folder", .example = "tcpflow --recover flows"},
        {0, "sha256", NULL, report, "the SHA-256 of each stream in the report", take_flag,
         FIELD(sha256), .example = "tcpflow -r capture.pcap --sha256 -o flows"},
        {0, "community-id-seed", "N", report, "the seed of Community IDs (default 0)", take_number,
         FIELD(community_id_seed), 0, UINT16_MAX, .wanted = "a number from 0 to 65535",
         .example = "tcpflow -r capture.pcap --community-id-seed 1 --jsonl -o flows"},

        {0, "checksum", "KIND", receiver,
         "segments with a wrong TCP checksum: auto (default) leaves them out once their direction "
         "has shown a good one, strict always does, ignore looks at none",
         take_word, FIELD(checksum), .words = checksum_words, .wanted = "auto, strict or ignore",
         .example = "tcpflow -r changed.pcap --checksum=ignore -o flows"},
        {0, "overlap", "POLICY", receiver,
         "where copies of the same bytes differ, keep that which such a receiver keeps: linux "
         "(default), bsd, solaris, windows, or the first or last one",
         take_overlap, .words = overlap_words,
         .wanted = "linux, first, last, bsd, solaris or windows",
         .example = "tcpflow -r capture.pcap --overlap=last -o flows"},
        {0, "overlap-map", "CIDR=POLICY", receiver,
         "the same for the receivers of these networks, several with commas between them; the "
         "longest prefix counts; may be given several times, up to 64 networks",
         take_overlap_map,
         .wanted = "networks and policies such as 10.0.0.0/8=bsd,2001:db8::/32=linux (64 at most)",
         .example = "tcpflow -r capture.pcap --overlap-map 10.1.2.3=solaris -o flows"},
        {0, "fragments", "POLICY", receiver,
         "where IPv4 fragments overlap, drop (default) their datagram as Linux does, or keep the "
         "bytes that came first or last",
         take_word, FIELD(fragments), .words = fragments_words, .wanted = "drop, first or last",
         .example = "tcpflow -r capture.pcap --fragments=first -o flows"},
        {0, "urgent", "KIND", receiver,
         "the byte that an urgent pointer marks: inline (default) leaves it in the stream, oob "
         "takes it out, as a receiver does that reads it out of band",
         take_word, FIELD(urgent), .words = urgent_words, .wanted = "inline or oob",
         .example = "tcpflow -r capture.pcap --urgent=oob -o flows"},
        {0, "keep-rejected", NULL, receiver,
         "write the bytes of rejected segments to conflicts.jsonl, with the reason", take_flag,
         FIELD(keep_rejected), .example = "tcpflow -r capture.pcap --keep-rejected -o flows"},

        {0, "decap", "LIST", tunnels,
         "open these tunnels only: all (default), none, or names such as vxlan,gre,mpls",
         take_decap, .wanted = "all, none, or names of tunnels such as vxlan,gre,mpls",
         .example = "tcpflow -r capture.pcap --decap=vxlan,gre -o flows"},
        {0, "tunnel-port", "NAME=PORT", tunnels,
         "UDP packets from or to this port are such a tunnel (vxlan, geneve, gtp, ...), besides "
         "those of its usual port; may be given up to 32 times",
         take_tunnel_port, .least = 1, .most = UINT16_MAX,
         .wanted = "the name of a tunnel in UDP and a port, such as vxlan=4788 (32 times at most)",
         .example = "tcpflow -r capture.pcap --tunnel-port vxlan=4788 -o flows"},
        {0, "esp-null", NULL, tunnels, "take IPsec ESP for unencrypted and look into it", take_flag,
         FIELD(esp_null), .example = "tcpflow -r capture.pcap --esp-null -o flows"},
        {0, "key", "KIND", tunnels,
         "what tells flows apart: full (default) is addresses, ports, VLAN ids and network ids of "
         "tunnels; 5tuple is addresses and ports alone",
         take_word, FIELD(key), .words = key_words, .wanted = "full or 5tuple",
         .example = "tcpflow -r capture.pcap --key=5tuple -o flows"},

        {'f', "max-files", "N", means,
         "use at most N descriptors for files (default: what the system allows)", take_number,
         FIELD(files_max), 1, M, .wanted = "a number of files from 1 to 1048576",
         .example = "tcpflow -r capture.pcap -f 100 -o flows"},
        {'j', "jobs", "N", means,
         "rebuild streams in N threads (default: one for each core); 1: none", take_number,
         FIELD(jobs), 1, 256, .wanted = "a number of threads from 1 to 256", .usual = true,
         .example = "tcpflow -r capture.pcap -j 4 -o flows"},
        {0, "memory", "SIZE", means, "memory for all state and buffers (default 512M, at least 8M)",
         take_number, FIELD(memory), 8 * M, INT64_MAX, .usual = true,
         .wanted = "a size of at least 8M, such as 64M or 2G",
         .example = "tcpflow -r capture.pcap --memory 2G -o flows"},
        {0, "idle-timeout", "SECONDS", means,
         "a connection that is silent for so long has ended (default: 3600 live, with files none "
         "has)",
         take_number, FIELD(idle_s), 0, 1000000000, .wanted = "a number of seconds",
         .example = "tcpflow -r capture.pcap --idle-timeout 3600 -o flows"},

        {'a', "all", NULL, scanning, "all that scanners did, as -e all", take_all,
         .example = "tcpflow -a -r capture.pcap -o flows"},
        {'e', "enable", "SCANNER", scanning, "turn a scanner on (-H lists them)", take_enable,
         .words = scanner_words, .wanted = a_scanner, .hint = colours_are,
         .example = "tcpflow -e md5 -r capture.pcap -o flows"},
        {'E', "only", "SCANNER", scanning, "turn this scanner on and all others off", take_only,
         .words = scanner_words, .wanted = a_scanner,
         .example = "tcpflow -E tcpdemux -r capture.pcap -o flows"},
        {'x', "disable", "SCANNER", scanning, "turn a scanner off", take_disable,
         .words = scanner_words, .wanted = a_scanner,
         .example = "tcpflow -a -x http -r capture.pcap -o flows"},
        {'S', "set", "NAME=VALUE", scanning, "change a setting (-H lists them)", take_setting,
         .wanted = "NAME=VALUE", .example = "tcpflow -S enable_report=NO -r capture.pcap -o flows"},
        {'Z', "keep-encoding", NULL, scanning, "leave HTTP bodies compressed; not in this version",
         take_flag, FIELD(keep_encoding),
         .once = "-Z does nothing: HTTP bodies are not extracted in this version",
         .example = "tcpflow -Z -r capture.pcap -o flows"},
        {'H', "scanners", NULL, scanning, "show scanners and settings", take_scanners,
         .example = "tcpflow -H"},

        {'q', "quiet", NULL, talk, "no summary, no warnings, no progress; errors stay", take_flag,
         FIELD(quiet), .usual = true, .example = "tcpflow -q -r capture.pcap -o flows"},
        {'v', "verbose", NULL, talk, "tell everything, as -d 10 does", take_verbose, .usual = true,
         .example = "tcpflow -v -r capture.pcap -o flows"},
        {'d', "debug", "N", talk,
         "how much to tell: 0 errors alone, 1 the summary (default), 2 each file too, 10 every "
         "counter too",
         take_number, FIELD(debug), 0, 10, .wanted = "a number from 0 to 10",
         .example = "tcpflow -d 2 -r folder -o flows"},

        {0, "stats", "FILE[,SECONDS]", talk,
         "write all counters to this file as OpenMetrics text, every 10 seconds or so many, and at "
         "the end",
         take_stats, .wanted = "a file name, maybe with a comma and 1 to 86400 seconds behind it",
         .example = "tcpflow -i eth0 -o flows --stats flows.prom,5"},

        {0, "strict", NULL, other, "exit with 4 when bytes were missing, conflicting or given up",
         take_flag, FIELD(strict), .example = "tcpflow --strict -r capture.pcap -o flows"},
        {'h', "help", "[=all]", other, "show the usual options; -hh or --help=all: all of them",
         take_help, .words = help_words, .wanted = "all", .usual = true, .example = "tcpflow -hh"},
        {'V', "version", NULL, other, "show the version", take_version, .usual = true,
         .example = "tcpflow -V"},

        {'A', "post-process", "LETTERS", idle, "does nothing; see -a",
         .once = "-A does nothing: see -a", .example = "tcpflow -AH -r capture.pcap -o flows"},
        {'L', "lock", "NAME", idle, "does nothing: lines on the console are written whole",
         .once = "-L does nothing: lines on the console are written whole",
         .example = "tcpflow -c -L mutex -r capture.pcap"},
        {'P', "no-purge", NULL, idle, "does nothing: memory decides what is remembered",
         .once = "-P does nothing: --memory decides what is remembered",
         .example = "tcpflow -P -r capture.pcap -o flows"},
        {'s', "printable", NULL, idle,
         "does nothing: on the console it is so without -B, and files have all bytes",
         .once = "-s does nothing: on the console it is so without -B, and files have all bytes",
         .example = "tcpflow -cs -r capture.pcap"},
};

const struct option_row *option_rows(size_t *count)
{
	*count = sizeof rows / sizeof rows[0];
	return rows;
}
