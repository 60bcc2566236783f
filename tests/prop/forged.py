#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Forged copies of acknowledged segments, sent with a low TTL.

1,000 segments in ten connections, each acknowledged and then followed by a forgery of
the same length. No byte of the record may change, whatever the policy, and each forgery
must be a line in conflicts.jsonl with both versions, both packets, times and TTLs; the
same lines in the same order with any number of workers. Then what bounds the file, and
--keep-rejected.
"""
import json, os, struct, subprocess, sys, tempfile
from pathlib import Path

BINARY = os.environ['TCPFLOW_BINARY']
CONNECTIONS, EACH, SIZE = 10, 100, 60


def checksum(data):
    s = sum(struct.unpack(f'>{len(data) // 2}H', data[:len(data) & ~1])) + (data[-1] << 8 if len(data) & 1 else 0)
    while s >> 16:
        s = (s & 0xffff) + (s >> 16)
    return ~s & 0xffff


def frame(port, flags, seq, ack, payload=b'', back=False, ttl=64, good=True, options=b''):
    ends = [(bytes([10, 0, 0, 1]), port), (bytes([10, 0, 0, 2]), 80)]
    (src, sport), (dst, dport) = ends[::-1] if back else ends
    head = struct.pack('>HHIIBBH', sport, dport, seq, ack, (20 + len(options)) << 2, flags, 65535)
    payload = options + payload
    n = 20 + len(payload)
    s = checksum(src + dst + struct.pack('>BBH', 0, 6, n) + head + b'\0\0\0\0' + payload)
    tcp = head + struct.pack('>HH', s if good else s ^ 0x1234, 0) + payload
    ip = struct.pack('>BBHHHBBH', 0x45, 0, 20 + n, 0, 0, ttl, 6, 0) + src + dst
    return b'\x02' * 12 + b'\x08\x00' + ip + tcp


def capture(frames):
    out = [struct.pack('<IHHiIII', 0xa1b23c4d, 2, 4, 0, 0, 65535, 1)]
    out += [struct.pack('<IIII', 1700000000 + i // 1000, i % 1000, len(f), len(f)) + f for i, f in enumerate(frames)]
    return b''.join(out)


def handshake(port):
    return [frame(port, 2, 99, 0), frame(port, 18, 499, 100, back=True)]


def honest(port, k):
    return (b'honest %d %d ' % (port, k) * SIZE)[:SIZE]


def forged():
    """-> the frames, and what must be told: (port, offset) -> numbers of both packets"""
    frames, want = [], {}
    for c in range(CONNECTIONS):
        frames += handshake(4000 + c)
    for k in range(EACH):
        for c in range(CONNECTIONS):
            port, off = 4000 + c, k * SIZE
            frames.append(frame(port, 16, 100 + off, 500, honest(port, k), ttl=57))
            first = len(frames)
            frames.append(frame(port, 16, 500, 100 + off + SIZE, back=True))
            frames.append(frame(port, 16, 100 + off, 500, b'#' * SIZE, ttl=4))
            want[port, off] = (first, len(frames))
    return frames, want


def run(box, name, data, *arguments):
    path = Path(box) / 'in.pcap'
    path.write_bytes(data)
    out = Path(box) / name
    subprocess.run([BINARY, '-q', '-X', '', '-o', str(out), '-r', str(path), *arguments], check=True, timeout=120)
    return out


def lines(out):
    path = out / 'conflicts.jsonl'
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def check_line(line, want):
    off = line['offset']
    assert (line['event'], line['certain'], line['which']) == ('conflict', 'acked', 'first'), line
    assert line['ttl_apart'] and not line['rewritten'] and line['bytes_left_out'] == 0, line
    assert (line['kept']['ttl'], line['other']['ttl']) == (57, 4), line
    assert (line['kept']['packet'], line['other']['packet']) == want, (line, want)
    for side in ('kept', 'other'):
        i = line[side]['packet'] - 1
        assert line[side]['time'] == f'{1700000000 + i // 1000}.{i % 1000:09}', line
    # what differs, from the first byte to the last
    text = honest(line['sport'], off // SIZE)
    at = off % SIZE
    assert bytes.fromhex(line['kept']['bytes']) == text[at:at + line['length']], line
    assert bytes.fromhex(line['other']['bytes']) == b'#' * line['length'], line


def sealed(box):
    frames, want = forged()
    texts = []
    for policy in ('linux', 'first', 'last', 'bsd', 'solaris', 'windows'):
        for jobs in ('1', '3'):
            out = run(box, policy + jobs, capture(frames), '-j', jobs, '--overlap', policy)
            for c in range(CONNECTIONS):
                port = 4000 + c
                stream = (out / f'010.000.000.001.{port:05}-010.000.000.002.00080').read_bytes()
                assert stream == b''.join(honest(port, k) for k in range(EACH)), (policy, port)
            told = lines(out)
            assert len(told) == CONNECTIONS * EACH, len(told)
            for line in told:
                check_line(line, want[line['sport'], line['offset'] // SIZE * SIZE])
            assert [t['other']['packet'] for t in told] == sorted(t['other']['packet'] for t in told)
            assert sorted(p.name for p in out.glob('conflicts*')) == ['conflicts.jsonl']
            texts.append((out / 'conflicts.jsonl').read_text().replace(f'"policy":"{policy}"', ''))
    assert len(set(texts)) == 1


def at_the_end(box):
    """Conflicts that only the input's end brings to light, in many connections."""
    frames = []
    for c in range(50):
        frames += handshake(4000 + c)
    for c in list(range(50))[::-1]: # B begins inside A and reaches on; a hole before both
        frames.append(frame(4000 + c, 16, 110, 500, b'AAAA'))
        frames.append(frame(4000 + c, 16, 112, 500, b'BBBB'))
    one = run(box, 'end1', capture(frames), '-j', '1')
    assert len(lines(one)) == 50
    for jobs in ('2', '4'):
        many = run(box, 'end' + jobs, capture(frames), '-j', jobs)
        assert (one / 'conflicts.jsonl').read_bytes() == (many / 'conflicts.jsonl').read_bytes()


def bounded(box):
    frames = handshake(4000)
    for k in range(40):
        frames.append(frame(4000, 16, 100 + 1400 * k, 500, b'h' * 1400))
        frames.append(frame(4000, 16, 100 + 1400 * k, 500, b'f' * 1400))
    told = lines(run(box, 'bounded', capture(frames)))
    shown = [len(line['kept']['bytes']) // 2 + len(line['other']['bytes']) // 2 for line in told]
    assert sum(shown) == 65536 and len(told) == 40, (sum(shown), len(told))
    for line, n in zip(told, shown):
        assert line['length'] == 1400 and n // 2 + line['bytes_left_out'] == 1400, line


def rejected(box):
    frames = handshake(4000)
    frames.append(frame(4000, 16, 100, 500, b'good'))
    frames.append(frame(4000, 16, 104, 500, b'damaged', good=False))
    frames.append(frame(4000, 16, 104, 500, b'mended!'))
    assert not (run(box, 'quiet', capture(frames)) / 'conflicts.jsonl').exists()
    (line,) = lines(run(box, 'kept', capture(frames), '--keep-rejected'))
    assert (line['event'], line['reason'], line['packet'], line['offset']) == ('rejected', 'checksum', 4, 4), line
    assert bytes.fromhex(line['bytes']) == b'damaged'


def sack(*blocks):
    return b'\x01\x01\x05' + bytes([2 + 8 * len(blocks)]) + b''.join(struct.pack('>II', *b) for b in blocks)


def proven(box):
    """Both copies come before the ACK, and then the receiver says which bytes came twice."""
    conflict = [frame(4000, 16, 100, 500, b'AAAA'), frame(4000, 16, 100, 500, b'BBBB')]
    early = [frame(4000, 16, 110, 500, b'AAAA'), frame(4000, 16, 110, 500, b'BBBB')]
    cases = (
        (conflict, 104, sack((100, 104)), True),
        (conflict, 104, sack((100, 103)), False),  # not all of it
        (conflict, 104, b'', False),
        (conflict, 104, b'\x05\x0a\x00\x00', False),  # a block that the header has no room for
        (conflict, 104, b'\x01\x01\x01\x05', False),
        (conflict, 104, b'\x05\x00' + sack((100, 104)) + b'\0\0', False),  # an option of no length
        (conflict, 104, b'\x00\x00\x00\x00' + sack((100, 104)), False),  # behind the end of options
        (early, 100, sack((110, 114), (110, 114)), True),
        (early, 100, sack((110, 114)), False),  # no duplicate, but what it has
        (early, 100, sack((110, 114), (112, 120)), False),
    )
    for i, (packets, ack, options, proof) in enumerate(cases):
        frames = handshake(4000) + packets + [frame(4000, 16, 500, ack, back=True, options=options)]
        told = lines(run(box, f'proven{i}', capture(frames + frames[-1:])))
        assert [t['event'] for t in told] == ['conflict'] + ['dsack'] * proof, (i, told)
        assert (told[0]['certain'], told[0]['which']) == ('policy', 'first'), told
        if proof:
            line = told[1]
            assert (line['certain'], line['packet'], line['offset'], line['length']) == ('dsack', 5, told[0]['offset'], 4), line
            assert (line['kept']['packet'], line['other']['packet']) == (3, 4), line


def put(stream, first, off, data):
    at = off - first
    stream[at:at + len(data)] = data


def rewritten(box):
    """With `last`, what was written, what waits to be written, and what crosses their border."""
    start, size = 60000, 1400
    frames, stream = [], bytearray()
    def say(off, data):
        frames.append(frame(4000, 16, 100 + off, 500, data))
        put(stream, start - 5000, off, data)
    stream.extend(b'\0' * 5000)
    for k in range(100):  # a capture that begins in the middle
        say(start + k * size, b'%04d' % k * (size // 4))
    say(start - 5000, b'early' * 1000)
    for off, n in ((0, 10), (-5000, 3), (-7, 20), (60000, 1400), (100 * size - 1, 1), (100 * size - 4000, 4000),
                   (64000, 1300), (131000, 1400), (-4000, 1400)):
        say(start + off, b'%' * n)
        say(start + off, b'#' * n)
    out = run(box, 'rewritten', capture(frames), '--overlap=last')
    assert (out / '010.000.000.001.04000-010.000.000.002.00080').read_bytes() == stream
    assert any(line['rewritten'] for line in lines(out))


def taken(box):
    """Names that are taken, one of them by a link to the outside."""
    frames, _ = forged()
    outside = Path(box) / 'outside'
    outside.write_text('precious\n')
    for jobs in ('1', '2'):
        out = Path(box) / ('taken' + jobs)
        out.mkdir()
        (out / 'conflicts.jsonl').symlink_to(outside)
        (out / 'conflicts.jsonlc1').write_text('old\n')
        run(box, out.name, capture(frames), '-j', jobs)
        assert len((out / 'conflicts.jsonlc2').read_text().splitlines()) == 1000
        assert outside.read_text() == 'precious\n' and (out / 'conflicts.jsonlc1').read_text() == 'old\n'


def main():
    with tempfile.TemporaryDirectory() as box:
        for test in (sealed, at_the_end, bounded, rejected, proven, rewritten, taken):
            test(box)
            print('ok', test.__name__)
    print('7 passed, 0 failed')


if __name__ == '__main__':
    sys.exit(main())
