#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Our connections against tshark's streams, on all captures of TCPFLOW_CORPUS.

    streams.py FIRST_PACKETS [CAPTURE...]

A connection begins with the same packet as the stream of tshark whose number is its own: connections are
counted from 0 in the order of their first packets. Where the two part it is told, with the reason; a
parting without one fails, as does a reason of KNOWN (capture, reason) that is no longer needed.
"""
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
FIELDS = ['frame.number', 'tcp.stream', 'tcp.flags', 'tcp.len', 'tcp.srcport', 'tcp.dstport', 'frame.protocols']
SYN, RST, ACK = 2, 4, 16


@dataclass
class Packet:
    frame: int
    stream: int
    flags: int
    length: int
    ports: tuple
    protocols: str


def theirs(capture):
    """stream -> its packets"""
    words = ['tshark', '-n', '-r', str(capture), '-o', 'tcp.check_checksum:FALSE', '-Y', 'tcp', '-T', 'fields', '-E', 'occurrence=l']
    done = subprocess.run(words + [w for f in FIELDS for w in ('-e', f)], capture_output=True, text=True, timeout=120)
    streams = {}
    for line in done.stdout.splitlines():
        frame, stream, flags, length, source, target, protocols = line.split('\t')
        if stream:
            p = Packet(int(frame), int(stream), int(flags, 16), int(length or 0), (int(source), int(target)), protocols)
            streams.setdefault(p.stream, []).append(p)
    return streams


def ours(program, capture):
    """The frames with which connections begin, in order."""
    done = subprocess.run([program, capture], capture_output=True, text=True, timeout=120)
    return sorted(int(line.split()[0]) for line in done.stdout.splitlines())


def why_missing(packets):
    """Why a stream of tshark's may not be one of ours at its first packet."""
    if all('icmp' in p.protocols for p in packets):
        return 'a header quoted by ICMP'
    if not any(p.flags & SYN or p.length for p in packets):
        return 'no SYN and no payload: nothing to record'
    if not (packets[0].flags & SYN or packets[0].length):
        return 'its first packets have no SYN and no payload'
    return None


def compare(program, capture):
    """-> numbers that agree, tshark's streams, partings: (what, why or None)"""
    streams, mine = theirs(capture), ours(program, capture)
    first = {packets[0].frame: n for n, packets in streams.items()}
    partings = []
    for frame, n in first.items():
        if frame not in mine:
            partings.append((f'stream {n} of tshark, which begins with packet {frame}', why_missing(streams[n])))
    for frame in mine:
        if frame not in first:
            at = next((n for n, packets in streams.items() for p in packets if p.frame == frame), None)
            late = at is not None and why_missing(streams[at])
            partings.append((f'our connection {mine.index(frame)}, which begins with packet {frame} in stream {at} of tshark', late or None))
    same = sum(mine[n:n + 1] == [frame] for frame, n in first.items())
    return same, len(first), partings


def known():
    lines = [line.split(maxsplit=1) for line in (HERE / 'KNOWN').read_text().splitlines() if line and line[0] != '#']
    return dict(lines)


def main():
    folder = os.environ.get('TCPFLOW_CORPUS')
    if not folder:
        print('SKIP: TCPFLOW_CORPUS does not name a folder with captures')
        return 77
    if not shutil.which('tshark'):
        print('SKIP: tshark is missing (Debian: apt install tshark)')
        return 77
    reasons, wrong, totals = known(), 0, [0, 0, 0]
    captures = [Path(folder) / name for name in sys.argv[2:]] or sorted(
        p for p in Path(folder).iterdir() if p.is_file() and p.suffix not in ('.md', '.py'))
    with ThreadPoolExecutor(2) as pool:
        compared = list(pool.map(lambda capture: compare(sys.argv[1], capture), captures))
    for capture, (same, total, partings) in zip(captures, compared):
        totals = [totals[0] + same, totals[1] + total, totals[2] + (same == total and not partings)]
        if not partings:
            wrong += capture.name in reasons
            continue
        used = False
        print(f'{capture.name}: {same} of {total} streams have the same number')
        for what, why in partings:
            used = used or why is None
            why = why or reasons.get(capture.name)
            wrong += why is None
            print(f'    {what}: {why or "NOT KNOWN WHY"}')
        wrong += not used and capture.name in reasons
    print(f'{totals[0]} of {totals[1]} streams have the same number; {totals[2]} of {len(captures)} captures agree in all')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
