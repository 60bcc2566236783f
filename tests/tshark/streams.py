#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Our connections against tshark's streams, on all captures of TCPFLOW_CORPUS and of examples/.

    streams.py CONNECTIONS [CAPTURE...]

stream     A connection begins with the same packet as the stream of tshark whose number is its own: connections
           are counted from 0 in the order of their first packets.
shown      What both sides have shown is tcp.completeness of its stream.
letters    Its history is that of the flags of its stream's packets (the letters of tf_flow.history that flags alone
           tell of).
community  Its Community ID is that of its first packet.

Where the two part it is told, with the reason: either one that the packets show (why_... below), or that of KNOWN
(kind, capture, reason). A parting without one fails, as does a row of KNOWN that is no longer needed.
"""
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
FIELDS = ['frame.number', 'tcp.stream', 'tcp.flags', 'tcp.len', 'ip.src', 'ipv6.src', 'tcp.srcport', 'frame.protocols', 'tcp.completeness', 'communityid']
FIN, SYN, RST, ACK = 1, 2, 4, 16
SHOWED_ACK, SHOWED_RST = 4, 32
KINDS = ['stream', 'shown', 'letters', 'community']


@dataclass
class Packet:
    frame: int
    flags: int
    length: int
    source: str
    protocols: str


@dataclass
class Stream:
    community: str
    packets: list = field(default_factory=list)
    shown: int = 0


@dataclass
class Connection:
    number: int
    frame: int
    originator: int
    shown: int
    state: str
    community: str
    history: str


def theirs(capture):
    """-> {number: Stream}"""
    words = ['tshark', '-2', '-n', '-r', str(capture), '-o', 'tcp.check_checksum:FALSE', '--enable-protocol', 'communityid',
             '-Y', 'tcp', '-T', 'fields', '-E', 'occurrence=l']
    done = subprocess.run(words + [w for f in FIELDS for w in ('-e', f)], capture_output=True, text=True, timeout=120)
    streams = {}
    for line in done.stdout.splitlines():
        frame, number, flags, length, ip4, ip6, port, protocols, shown, community = line.split('\t')
        if number:
            stream = streams.setdefault(int(number), Stream(community))
            stream.packets.append(Packet(int(frame), int(flags, 16), int(length or 0), ip4 + ip6 + port, protocols))
            stream.shown = int(shown or 0)
    return streams


def ours(program, capture):
    """-> {number of its first packet: Connection}"""
    done = subprocess.run([program, capture], capture_output=True, text=True, timeout=120)
    rows = [line.split(' ') for line in done.stdout.splitlines()]
    made = [Connection(int(r[0]), int(r[1]), int(r[2]), int(r[3]), *r[4:]) for r in rows]
    return {c.frame: c for c in made}


# -- numbers ----------------------------------------------------------------------------------------


def why_missing(packets):
    """Why a stream of tshark's may not be one of ours at its first packet."""
    if all('icmp' in p.protocols for p in packets):
        return 'a header quoted by ICMP'
    if not any(p.flags & SYN or p.length for p in packets):
        return 'no SYN and no payload: nothing to record'
    if not (packets[0].flags & SYN or packets[0].length):
        return 'its first packets have no SYN and no payload'
    return None


def compare_numbers(streams, mine):
    first = {s.packets[0].frame: n for n, s in streams.items()}
    for frame, n in first.items():
        if frame not in mine:
            yield 'stream', f'stream {n} of tshark, which begins with packet {frame}', why_missing(streams[n].packets)
    for frame, c in mine.items():
        if frame not in first:
            at = next((n for n, s in streams.items() for p in s.packets if p.frame == frame), None)
            late = at is not None and why_missing(streams[at].packets)
            yield 'stream', f'our connection {c.number}, which begins with packet {frame} in stream {at} of tshark', late or None


# -- what was shown ---------------------------------------------------------------------------------


def counted_as_theirs(c, packets):
    """Of ACKs tshark counts those without payload, also that of a RST."""
    bare = 'a' in c.history.lower() or any(p.flags & RST and p.flags & ACK for p in packets)
    return c.shown & ~SHOWED_ACK | (SHOWED_ACK if bare else 0)


def why_unlike(c, stream, more):
    """more: what theirs has shown that ours has not, and the other way round"""
    if len(stream.packets) == 1 and stream.shown == 0:
        return 'tshark says nothing of a stream of one packet'
    if 'c' in c.history.lower():
        return 'tshark takes segments whose checksum is wrong'
    if c.state == 'SF' and more == SHOWED_RST and stream.packets[-1].flags & RST:
        return 'a reset after the connection has ended'
    return None


def compare_shown(c, stream):
    mine = counted_as_theirs(c, stream.packets)
    if mine != stream.shown:
        yield 'shown', f'connection {c.number}: {mine}, completeness {stream.shown}', why_unlike(c, stream, mine ^ stream.shown)


# -- letters ----------------------------------------------------------------------------------------

CONTROL = {FIN: 'F', RST: 'R', SYN | FIN: 'Q', SYN | RST: 'Q', FIN | RST: 'I', FIN | SYN | RST: 'I'}


def letter(p):
    control = p.flags & (FIN | SYN | RST)
    if control == SYN:
        return 'H' if p.flags & ACK else 'S'
    return CONTROL[control] if control else 'D' if p.length else 'A' if p.flags & ACK else ''


def letters_of(packets):
    """The history that those packets have, the sender of the first in upper case."""
    history = ''
    for p in packets:
        one = letter(p) if p.source == packets[0].source else letter(p).lower()
        history += '' if one in history else one
    return history


def compare_letters(c, stream):
    mine = ''.join(x for x in c.history if x.lower() in 'shadfriq')
    mine = mine.swapcase() if c.originator else mine
    expected = letters_of(stream.packets)
    why = None
    if 'c' in c.history.lower():
        why = 'tshark takes segments whose checksum is wrong'
    elif c.state == 'SF' and expected.startswith(mine):
        why = 'packets after the connection has ended'
    if mine != expected:
        yield 'letters', f'connection {c.number}: {mine}, by the flags {expected}', why


# -- all of it --------------------------------------------------------------------------------------


def compare(program, capture):
    """-> what agrees, of how much, by kind; partings: (kind, what, why or None)"""
    streams, mine = theirs(capture), ours(program, capture)
    partings = list(compare_numbers(streams, mine))
    same = dict.fromkeys(KINDS, 0)
    total = dict.fromkeys(KINDS, 0)
    for n, stream in streams.items():
        total['stream'] += 1
        c = mine.get(stream.packets[0].frame)
        if c is None:
            continue
        same['stream'] += c.number == n
        found = [*compare_shown(c, stream), *compare_letters(c, stream)]
        if c.community != stream.community:
            found.append(('community', f'connection {c.number}: {c.community}, not {stream.community}', None))
        partings += found
        for kind in KINDS[1:]:
            total[kind] += 1
            same[kind] += all(parting[0] != kind for parting in found)
    return same, total, partings


def known():
    rows = [line.split(maxsplit=2) for line in (HERE / 'KNOWN').read_text().splitlines() if line and line[0] != '#']
    return {(kind, capture): reason for kind, capture, reason in rows}


def captures_of(folder):
    found = [p for p in Path(folder).iterdir() if p.is_file() and p.suffix not in ('.md', '.py')]
    return sorted(found) + sorted((HERE.parent.parent / 'examples').glob('*.pcap*'))


def main():
    folder = os.environ.get('TCPFLOW_CORPUS')
    if not folder:
        print('SKIP: TCPFLOW_CORPUS does not name a folder with captures')
        return 77
    if not shutil.which('tshark'):
        print('SKIP: tshark is missing (Debian: apt install tshark)')
        return 77
    reasons, used, wrong, whole = known(), set(), 0, 0
    captures = [Path(folder) / name for name in sys.argv[2:]] or captures_of(folder)
    with ThreadPoolExecutor(2) as pool:
        compared = list(pool.map(lambda capture: compare(sys.argv[1], capture), captures))
    sums = [{kind: sum(done[i][kind] for done in compared) for kind in KINDS} for i in (0, 1)]
    for capture, (_, _, partings) in zip(captures, compared):
        whole += not partings
        if partings:
            print(f'{capture.name}:')
        for kind, what, why in partings:
            row = (kind, capture.name)
            if why is None and row in reasons:
                used.add(row)
                why = reasons[row]
            wrong += why is None
            print(f'    {kind}: {what}: {why or "NOT KNOWN WHY"}')
    names = {capture.name for capture in captures}
    for row in reasons:
        if row not in used and row[1] in names:
            wrong += 1
            print(f'KNOWN: {" ".join(row)} does not part any more')
    for kind in KINDS:
        print(f'{kind}: {sums[0][kind]} of {sums[1][kind]} are the same')
    print(f'{whole} of {len(captures)} captures agree in all')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
