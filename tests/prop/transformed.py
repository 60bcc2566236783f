#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What must not change the record: the number of workers and of descriptors, the order
of independent flows, every packet twice, and where the input is split into files. Where
connections end by their silence, the number of workers neither.

Runs TCPFLOW_BINARY on the captures in examples/ and, if it is set, TCPFLOW_CORPUS.
"""
import hashlib, os, random, struct, subprocess, sys, tempfile
from pathlib import Path

BINARY = os.environ['TCPFLOW_BINARY']
ended = [0, 0]  # captures in which silence has ended no connection, and some
SEED = int(os.environ.get('TCPFLOW_SEED', 1))
MAGICS = {b'\xd4\xc3\xb2\xa1': '<', b'\x4d\x3c\xb2\xa1': '<', b'\xa1\xb2\xc3\xd4': '>', b'\xa1\xb2\x3c\x4d': '>'}


def record(box, inputs, *options, times=True, lines=False):
    """The files that a run makes: name -> (time, digest). conflicts.jsonl numbers packets."""
    out = tempfile.mkdtemp(dir=box)
    words = [w for p in inputs for w in ('-r', str(p))]
    done = subprocess.run([BINARY, '-q', '-X', '', '-o', out, *words, *options], capture_output=True, timeout=120)
    assert done.returncode in (0, 1, 2), (inputs, options, done.returncode, done.stderr)
    return {p.name: (p.stat().st_mtime_ns if times else 0, hashlib.sha256(p.read_bytes()).digest())
            for p in Path(out).iterdir() if lines or p.name != 'conflicts.jsonl'}


def packets(data):
    """A classic capture's header and records; None for other kinds."""
    order = MAGICS.get(data[:4])
    if order is None:
        return None
    at, records = 24, []
    while at + 16 <= len(data):
        n = struct.unpack(order + 'I', data[at + 8:at + 12])[0]
        if n > 262144 or at + 16 + n > len(data):
            return None
        records.append(data[at:at + 16 + n])
        at += 16 + n
    return data[:24], records


def connection(record):
    """What tells connections apart in an Ethernet frame; None: leave its place alone."""
    frame, at = record[16:], 12
    while frame[at:at + 2] in (b'\x81\x00', b'\x88\xa8', b'\x91\x00'):
        at += 4
    ip = frame[at + 2:]
    if frame[at:at + 2] == b'\x08\x00' and len(ip) >= 24 and ip[9] == 6:
        ports = ip[(ip[0] & 15) * 4:][:4]
        return frozenset([(ip[12:16], ports[:2]), (ip[16:20], ports[2:])])
    if frame[at:at + 2] == b'\x86\xdd' and len(ip) >= 44 and ip[6] == 6:
        return frozenset([(ip[8:24], ip[40:42]), (ip[24:40], ip[42:44])])
    return None


def shuffled(records, dice):
    """Another order of the connections; the order within each is kept."""
    queues = {}
    for r in records:
        queues.setdefault(connection(r), []).append(r)
    keys = [k for k in queues for _ in queues[k]]
    dice.shuffle(keys)
    heads = {k: iter(q) for k, q in queues.items()}
    return [next(heads[k]) for k in keys]


def silent(box, header, records):
    """A second between packets, now and then 20 more -> whether silence has ended connections."""
    order = MAGICS[header[:4]]
    slow = Path(box) / 'slow.pcap'
    slow.write_bytes(header + b''.join(struct.pack(order + 'I', 10**9 + k + k // 7 * 20) + r[4:] for k, r in enumerate(records)))
    options = ['--keep-rejected', '--idle-timeout', '5']
    want = record(box, [slow], '-j', '1', *options, lines=True)
    for workers in '2', '3':
        assert record(box, [slow], '-j', workers, *options, lines=True) == want, (slow, workers, 'silence')
    return want.keys() != record(box, [slow], '--keep-rejected', lines=True).keys()


def check(box, path, dice):
    want = record(box, [path], '-j', '1', lines=True)
    for options in (['-j', '2'], ['-j', '4'], ['-j', '1', '-f', '1'], ['-j', '3', '-f', '3']):
        assert record(box, [path], *options, lines=True) == want, (path, options)
    want.pop('conflicts.jsonl', None)
    parts = packets(path.read_bytes())
    if parts is None or len(parts[1]) < 2:
        return 1
    header, records = parts
    ended[silent(box, header, records)] += 1
    changed = Path(box) / 'changed.pcap'
    changed.write_bytes(header + b''.join(r + r for r in records))
    assert record(box, [changed]) == want, (path, 'every packet twice')
    for at in {1, len(records) // 2, dice.randrange(1, len(records))}:
        changed.write_bytes(header + b''.join(records[:at]))
        rest = Path(box) / 'rest.pcap'
        rest.write_bytes(header + b''.join(records[at:]))
        assert record(box, [changed, rest]) == want, (path, 'split', at)
    if header[20] != 1 and header[23] != 1:
        return 2
    if record(box, [path], '--decap', 'none') != want:
        return 2  # connections in tunnels are not told apart here
    changed.write_bytes(header + b''.join(shuffled(records, dice)))
    assert record(box, [changed]) == want, (path, 'shuffled')
    return 3


def main():
    print('seed', SEED)
    dice = random.Random(SEED)
    folders = [Path(os.environ['TCPFLOW_SOURCE']) / 'examples']
    if os.environ.get('TCPFLOW_CORPUS'):
        folders.append(Path(os.environ['TCPFLOW_CORPUS']))
    captures = [p for f in folders for p in sorted(f.iterdir()) if p.suffix in ('.pcap', '.pcapng', '.cap', '.trace')]
    kinds = [0, 0, 0, 0]
    for path in captures:
        with tempfile.TemporaryDirectory() as box:
            kinds[check(box, path, dice)] += 1
    assert kinds[3] >= 8 and ended[1] >= 5, (kinds, ended)
    print(f'{len(captures)} passed, 0 failed')


if __name__ == '__main__':
    sys.exit(main())
