#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What can stand beside streams, or in their place: digests, indexes, packets.

	beside.py RECORD

RECORD is tests/lib/record.c. Runs on the captures in examples/ and tests/golden/captures/,
and on those that are made here.
"""
import hashlib, os, re, struct, subprocess, sys, tempfile
from collections import Counter
from pathlib import Path

RECORD = [*os.environ.get('MESON_EXE_WRAPPER', '').split(), sys.argv[1]]  # an emulator, for another machine's
SOURCE = Path(os.environ['TCPFLOW_SOURCE'])
MAGICS = {b'\xd4\xc3\xb2\xa1': ('<', 1000), b'\x4d\x3c\xb2\xa1': ('<', 1),
          b'\xa1\xb2\xc3\xd4': ('>', 1000), b'\xa1\xb2\x3c\x4d': ('>', 1)}
LINK_RAW = 101


def record(box, capture, *words):
    """-> folder, stream file -> (size, md5, sha256), counters"""
    out = Path(tempfile.mkdtemp(dir=box))
    done = subprocess.run([*RECORD, out, capture, *words], capture_output=True, text=True, timeout=120)
    assert done.returncode in (0, 2), (capture, words, done.returncode, done.stderr)
    lines = [line.split() for line in done.stdout.splitlines()]
    files = {w[0]: (int(w[1]), w[2], w[3]) for w in lines if len(w) == 4}
    return out, files, Counter({w[0]: int(w[1]) for w in lines if len(w) == 2})


def contents(folder):
    return {p.name: (p.stat().st_mtime_ns, p.read_bytes()) for p in folder.iterdir() if p.name != 'conflicts.jsonl'}


def read_pcap(data):
    """-> [(link type, nanoseconds, length, bytes)]"""
    order, unit = MAGICS[data[:4]]
    link = struct.unpack(order + 'I', data[20:24])[0]
    at, found = 24, []
    while at < len(data):
        sec, part, captured, length = struct.unpack(order + '4I', data[at:at + 16])
        assert at + 16 + captured <= len(data)
        found.append((link, sec * 10**9 + part * unit, length, data[at + 16:at + 16 + captured]))
        at += 16 + captured
    return found


def read_pcapng(data):
    """Of the kind that tcpflow writes: little-endian, one section, nanoseconds."""
    at, links, found = 0, [], []
    while at < len(data):
        kind, total = struct.unpack('<II', data[at:at + 8])
        assert struct.unpack('<I', data[at + total - 4:at + total])[0] == total and total % 4 == 0
        block = data[at + 8:at + total - 4]
        if kind == 1:
            links.append(struct.unpack('<H', block[:2])[0])
        elif kind == 6:
            interface, high, low, captured, length = struct.unpack('<5I', block[:20])
            found.append((links[interface], high << 32 | low, length, block[20:20 + captured]))
        else:
            assert kind == 0x0a0d0d0a
        at += total
    assert at == len(data)
    return found


def packets(path):
    data = path.read_bytes()
    return read_pcapng(data) if data[:4] == b'\n\r\r\n' else read_pcap(data)


def captures():
    made = SOURCE / 'tests/golden/captures'
    for path in sorted((SOURCE / 'examples').glob('*.pcap*')) + [made / 'fragments.pcap', made / 'odd.pcap']:
        yield path


def digests(box, capture):
    for words in (), ('j3', 'f1'), ('m8', 'f3'):
        out, files, counters = record(box, capture, 'streams', 'md5', 'sha256', *words)
        names = set(contents(out))
        assert names == set(files), (names, files)
        for name, told in files.items():
            data = (out / name).read_bytes()
            assert told == (len(data), hashlib.md5(data).hexdigest(), hashlib.sha256(data).hexdigest()), (capture, name)
    return len(files)


def index(box, capture):
    """Its lines are sorted, do not overlap, and say where there is something; all else is NUL."""
    same = None
    lines_seen = 0
    for words in (), ('j3', 'f2'), ('f1',):
        out, files, counters = record(box, capture, 'streams', 'index', *words)
        have = contents(out)
        assert same is None or have == same, capture
        same = have
        assert set(have) == set(files) | {name + '.findx' for name in files}
    listed = 0
    for name in files:
        data, at = have[name][1], 0
        for line in have[name + '.findx'][1].decode().splitlines():
            assert re.fullmatch(r'\d+\|\d+\.\d{6}\|[1-9]\d*', line), line
            offset, _, length = line.split('|')
            assert int(offset) >= at and not any(data[at:int(offset)]), (capture, name, line)
            at = int(offset) + int(length)
            listed += int(length)
            lines_seen += 1
        assert at == len(data), (capture, name)
    assert listed == counters['bytes_written']
    return lines_seen


def heard(counters):
    return counters['tcp_segments'] - counters['late_segments']


ADDRESS = re.compile(r'IP6? (\S+)\.(\d+) > (\S+)\.(\d+): ')


def short(name):
    """NAME.pcap of IPv4 -> what tcpdump calls source and destination."""
    ends = re.match(r'((?:\d{3}\.){4}\d{5})-((?:\d{3}\.){4}\d{5})', name)
    return ends and tuple('.'.join(str(int(n)) for n in end.split('.')) for end in ends.groups())


def tcpdump_agrees(path, count):
    """tcpdump reads the file, and all its packets are of the direction that it is named after."""
    done = subprocess.run(['tcpdump', '-nn', '-q', '-r', path], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line[:1].isdigit()]
    assert len(lines) == count, (path, len(lines), count)
    for line in lines if short(path.name) else []:
        said = ADDRESS.search(line)
        if said:
            assert ('.'.join(said.groups()[:2]), '.'.join(said.groups()[2:])) == short(path.name), (path, line)


def classic(box, capture, plain):
    """Every packet stands in one file, as it was captured, and in order of capture there."""
    same = None
    for words in (), ('j3', 'f1'), ('m8', 'f4'):
        out, files, counters = record(box, capture, 'packets', *words)
        have = contents(out)
        assert same is None or have == same, (capture, words)
        same = have
        assert not files and counters['packet_files'] == sum(n.endswith('.pcap') for n in have)
    found = Counter()
    total = 0
    for name in have:
        these = packets(out / name)
        assert these, name
        if name.endswith('.pcap'):
            tcpdump_agrees(out / name, len(these))
        total += len(these)
        found.update((link, ts // 1000, length, data) for link, ts, length, data in these)
    assert total == heard(counters) == counters['packets_recorded'], (capture, total, counters)
    known = Counter((link, ts // 1000, length, data) for link, ts, length, data in plain)
    strange = found - known
    assert all(link == LINK_RAW for link, *_ in strange), capture  # put together
    assert sum(strange.values()) <= counters['datagrams'], capture
    return total


def again(box, capture):
    """A connection's packets, both ways, recorded again, give its streams again."""
    streams, _, counters = record(box, capture, 'streams')
    out, _, counters = record(box, capture, 'packets', 'pcapng', 'both', 'j2', 'f2')
    assert counters['packet_files'] == counters['flows']
    have = {}
    for path in out.iterdir():
        back, _, _ = record(box, path, 'streams')
        for name, content in contents(back).items():
            place = name
            number = re.search(r'c\d+(?=\.pcapng$)', path.name)
            if number and not re.search(r'c\d+$', name):
                place = name + number.group()
            have[place] = content[1]
    want = {name: content[1] for name, content in contents(streams).items()}
    assert sorted(have.values()) == sorted(want.values()), (capture, set(have) ^ set(want))
    return len(have)


def nanoseconds(box):
    """pcapng keeps what classic pcap cuts off."""
    capture = SOURCE / 'examples/nanosecond.pcap'
    plain = packets(capture)
    assert any(ts % 1000 for _, ts, _, _ in plain)
    out, _, counters = record(box, capture, 'packets', 'pcapng')
    found = [p for path in out.iterdir() for p in packets(path)]
    assert len(found) == heard(counters) and not Counter(found) - Counter(plain)


def ethernet(payload_bytes, kind=0x0800):
    return bytes(12) + struct.pack('>H', kind) + payload_bytes


def checksum(data):
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f'>{len(data) // 2}H', data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ip(payload, number=1, offset=0, more=False):
    head = struct.pack('>BBHHHBBH4s4s', 0x45, 0, 20 + len(payload), number, more << 13 | offset // 8, 61, 6, 0,
                       bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2]))
    return head[:10] + struct.pack('>H', checksum(head)) + head[12:] + payload


def tcp(seq, payload):
    return struct.pack('>HHIIBBHHH', 1000, 80, seq, 1, 5 << 4, 0x18, 1000, 0, 0) + payload


def block(kind, body):
    body += bytes(-len(body) % 4)
    total = struct.pack('<I', len(body) + 12)
    return struct.pack('<I', kind) + total + body + total


def mixed(path, frames):
    """A pcapng of (link type, bytes), at seconds 1, 2, ..."""
    links = sorted({link for link, _ in frames})
    data = block(0x0a0d0d0a, struct.pack('<IHHq', 0x1a2b3c4d, 1, 0, -1))
    for link in links:
        data += block(1, struct.pack('<HHI', link, 0, 0))
    for n, (link, frame) in enumerate(frames):
        us = (n + 1) * 10**6
        data += block(6, struct.pack('<5I', links.index(link), us >> 32, us & 0xffffffff, len(frame), len(frame)) + frame)
    path.write_bytes(data)


def what_pcap_cannot_hold(box):
    """Another link type and a datagram put together go beside; NAME.pcap holds the others."""
    name = '010.000.000.001.01000-010.000.000.002.00080'
    whole = tcp(104, b'e' * 3000)
    first, second = ethernet(ip(tcp(100, b'ab'))), ethernet(ip(whole[:1600], 7, 0, True))
    third, other = ethernet(ip(whole[1600:], 7, 1600)), ip(tcp(102, b'cd'))
    capture = Path(box) / 'mixed.pcapng'
    mixed(capture, [(1, first), (228, other), (1, second), (1, third), (1, first)])
    out, _, counters = record(box, capture, 'packets')
    assert set(contents(out)) == {name + '.pcap', name + '.pcapng'}
    assert packets(out / (name + '.pcap')) == [(1, 10**9, len(first), first), (1, 5 * 10**9, len(first), first)]
    beside = packets(out / (name + '.pcapng'))
    made = beside[1][3]
    assert beside[0] == (228, 2 * 10**9, len(other), other)
    assert beside[1][:3] == (LINK_RAW, 4 * 10**9, 20 + len(whole)) and made[20:] == whole
    assert checksum(made[:20]) == 0 and made[8] == 61 and made[12:20] == ip(b'')[12:20]
    assert counters['packet_files'] == 1 and counters['packets_recorded'] == 4
    # What comes first decides; a packet put together can.
    mixed(capture, [(1, second), (1, third), (1, first)])
    out, _, _ = record(box, capture, 'packets')
    assert [p[0] for p in packets(out / (name + '.pcap'))] == [LINK_RAW]
    assert [p[0] for p in packets(out / (name + '.pcapng'))] == [1]
    tcpdump_agrees(out / (name + '.pcap'), 1)
    # More link types than are remembered: interfaces are told again.
    loop, null, ppp = struct.pack('>I', 2) + other, struct.pack('<I', 2) + other, b'\x00\x21' + other
    frames = [(1, first), (228, other), (101, other), (108, loop), (0, null), (9, ppp)] * 2
    mixed(capture, frames)
    out, _, counters = record(box, capture, 'packets', 'pcapng')
    assert [(p[0], p[3]) for p in packets(out / (name + '.pcapng'))] == frames


def names_taken(box):
    """Nothing is overwritten, followed, or written elsewhere."""
    capture = SOURCE / 'examples/http.pcap'
    out, _, _ = record(box, capture, 'packets')
    first = contents(out)
    name = min(first)
    outside = Path(box) / 'precious'
    outside.write_text('precious')
    (out / name).unlink()
    (out / name).symlink_to(outside)
    subprocess.run([*RECORD, out, capture, 'packets'], check=True, capture_output=True)
    assert outside.read_text() == 'precious'
    for name, (_, data) in first.items():
        assert (out / re.sub(r'(\.pcap)$', r'c1\1', name)).read_bytes() == data


def main():
    done = Counter()
    with tempfile.TemporaryDirectory() as box:
        for capture in captures():
            done['digests'] += digests(box, capture)
            done['lines'] += index(box, capture)
            if capture.suffix == '.pcap':
                done['packets'] += classic(box, capture, packets(capture))
            done['again'] += again(box, capture)
        nanoseconds(box)
        what_pcap_cannot_hold(box)
        names_taken(box)
    print(dict(done))
    assert min(done[what] for what in ('digests', 'lines', 'packets', 'again')) > 10


main()
