#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Overlaps that a real Linux receiver has settled.

TCPFLOW_RECEIVER names a folder with linux_triples.json, a list of [segments, stream]
(segments: [offset, bytes] in sending order; stream: what recv() returned), and
linux_overlap.pcap, the packets of these connections, in the same order behind some
others. In some cases nobody filled a hole: the application's stream stops there, and
ours goes on behind a gap; so what stands before the first gap is compared.
"""
import json, os, struct, subprocess, sys, tempfile
from pathlib import Path

BINARY = os.environ['TCPFLOW_BINARY']


def frame(client, flags, seq, payload=b'', back=False):
    ends = [(bytes([10, 0, client >> 8, client & 255]), 4000), (bytes([10, 1, 0, 1]), 80)]
    (src, sport), (dst, dport) = ends[::-1] if back else ends
    tcp = struct.pack('>HHIIBBHHH', sport, dport, seq, 1 if not back else 0, 0x50, flags, 65535, 0, 0) + payload
    ip = struct.pack('>BBHHHBBH', 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0) + src + dst
    return b'\x02' * 12 + b'\x08\x00' + ip + tcp


def generated(cases):
    """The cases as a capture of our own, SYN first."""
    out = [struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1)]
    for i, (segments, _) in enumerate(cases):
        isn = 0xfffffff0 if i % 3 == 0 else 1000 * i  # every third wraps
        frames = [frame(i, 2, isn)]
        frames += [frame(i, 16, (isn + 1 + off) & 0xffffffff, text.encode()) for off, text in segments]
        out += [struct.pack('<IIII', 1700000000 + i, k, len(f), len(f)) + f for k, f in enumerate(frames)]
    return b''.join(out)


def recorded(capture, box, skip, name):
    subprocess.run([BINARY, '-q', '-X', '', '-o', box, '-r', str(capture)], check=True, timeout=120)
    return [p.read_text() for p in sorted(Path(box).glob(name))][skip:]


def main():
    folder = os.environ.get('TCPFLOW_RECEIVER')
    if not folder:
        print('SKIPPED: TCPFLOW_RECEIVER does not name a folder with measured cases')
        return 77
    cases = json.loads((Path(folder) / 'linux_triples.json').read_text())
    wrong = 0
    with tempfile.TemporaryDirectory() as box:
        made = Path(box) / 'made.pcap'
        made.write_bytes(generated(cases))
        for capture, others, name in ((made, 0, '010.000.*'), (Path(folder) / 'linux_overlap.pcap', 18, '*-*.09000')):
            streams = recorded(capture, tempfile.mkdtemp(dir=box), others, name)
            assert len(streams) == len(cases), (capture, len(streams))
            for (segments, want), got in zip(cases, streams):
                if got.split('\0')[0] != want:
                    wrong += 1
                    print(capture.name, segments, 'want', want, 'got', got)
    print(f'{2 * len(cases) - wrong} passed, {wrong} failed')
    return wrong > 0


if __name__ == '__main__':
    sys.exit(main())
