#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
Random strings through each way to print: nothing that a terminal obeys comes out, and what is
meant to be read back reads back equal.

    printed.py [COUNT]      TCPFLOW_BINARY is the command, TCPFLOW_SEED the seed (default: 1)

A capture with COUNT payloads (default 100,000) in packets of one connection is made, half of
them random bytes, half of them pieces that mean something to terminals, JSON or transcripts.
"""
import base64
import json
import os
import random
import re
import struct
import subprocess
import sys
import tempfile

PIECES = [b'\x1b[2J', b'\x1b]0;title\x07', b'\x9b31m', b'\r', b'\n', b'\r\n', b'\0', b'\x7f', b'"', b'\\', b"'", b'\\x41', b'\\u0041',
          b'# ', b'> ', b'< ', b'</x>', b'&lt;', b']}', b'\t', b'\x80', b'\xc0\xaf', b'\xed\xa0\x80', b'\xf4\x90\x80\x80', b'word',
          '\u202e'.encode(), '\u2066'.encode(), '\u2028'.encode(), '\x9b'.encode(), '\ufeff'.encode(), '\u200b'.encode(),
          '\U000e0041'.encode(), '\U0001f600'.encode(), '\u00e9'.encode(), '\u4e2d'.encode()]
# As base/text.h says, and all that Unicode calls unassigned for good.
HIDDEN = re.compile('[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e'
                    '\u2060-\u206f\u3164\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff'
                    '\U000e0000-\U000e0fff]')
DOTS = bytes(b if 0x20 <= b < 0x7f else 0x2e for b in range(256))


def strings(count, rng):
    for i in range(count):
        if i % 2:
            yield rng.randbytes(rng.randrange(1, 60))
        else:
            yield b''.join(rng.choice(PIECES) for _ in range(rng.randrange(1, 8)))


def checksum(data):
    data += b'\0' * (len(data) % 2)
    total = sum(struct.unpack('>%dH' % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def packet(side, seq, ack, flags, payload):
    """An IPv4 packet of the client (0) or the server."""
    ends = [(b'\x0a\0\0\1', 4000), (b'\x0a\0\0\2', 80)]
    (src, sport), (dst, dport) = ends[side], ends[1 - side]
    tcp = struct.pack('>HHIIBBHHH', sport, dport, seq & 0xffffffff, ack & 0xffffffff, 0x50, flags, 65535, 0, 0)
    pseudo = src + dst + struct.pack('>HH', 6, len(tcp) + len(payload))
    tcp = tcp[:16] + struct.pack('>H', checksum(pseudo + tcp + payload)) + tcp[18:]
    return struct.pack('>BBHHHBBH', 0x45, 0, 40 + len(payload), 0, 0, 64, 6, 0) + src + dst + tcp + payload


def write_capture(path, payloads):
    """The sides speak in turns, so that each acknowledges the other."""
    seq, frame = [1001, 5001], 0
    with open(path, 'wb') as f:
        f.write(struct.pack('<IHHiIII', 0xa1b23c4d, 2, 4, 0, 0, 65535, 101))

        def write(data):
            nonlocal frame
            frame += 1
            f.write(struct.pack('<IIII', 1600000000 + frame // 1000, frame % 1000 * 1000000, len(data), len(data)) + data)

        write(packet(0, 1000, 0, 2, b''))
        write(packet(1, 5000, 1001, 0x12, b''))
        for i, payload in enumerate(payloads):
            side = i & 1
            write(packet(side, seq[side], seq[1 - side], 0x18, payload))
            seq[side] += len(payload)


def run(capture, *options):
    command = [os.environ['TCPFLOW_BINARY'], '-q', '-r', capture, *options]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


def harmless(what, out, allowed):
    bad = out.translate(None, bytes(range(0x20, 0x7f)) + allowed)
    assert not bad, f'{what}: {len(bad)} bytes like {bad[:10]!r}'


def payload_of(text):
    """The bytes of JSON's text: base/text.h says how."""
    return re.sub(rb'\\x([0-9a-f]{2})', lambda m: bytes([int(m[1], 16)]), text.encode('utf-8'))


def text(payloads, capture):
    """-C and -c, whole: each payload with dots, and a newline."""
    keep = bytes.maketrans(b'\r\n', b'\r\n')
    dots = bytes(keep[b] if b in b'\r\n' else DOTS[b] for b in range(256))
    want = b''.join(p.translate(dots) + b'\n' for p in payloads)
    for options in [['-C'], ['-C', '--packets']]:
        assert run(capture, *options) == want, options
    names = [b'010.000.000.001.04000-010.000.000.002.00080: ', b'010.000.000.002.00080-010.000.000.001.04000: ']
    want = b''.join(names[i & 1] + p.translate(dots) + b'\n' for i, p in enumerate(payloads))
    got = run(capture, '-c')
    assert got == want
    harmless('-c', got, b'\r\n')
    return len(want)


def raw(payloads, capture):
    want = b''.join(payloads)
    assert run(capture, '-CB0') == want
    return len(want)


def hexadecimal(payloads, capture):
    """-CD: the numbers read back, and so does the text beside them."""
    out = run(capture, '-CD')
    harmless('-CD', out, b'\n')
    lines = iter(out.split(b'\n'))
    for payload in payloads:
        for at in range(0, len(payload), 32):
            want = payload[at:at + 32]
            n, line = len(want), next(lines)
            digits = 5 * (n // 2) + 2 * (n % 2)
            assert int(line[:4], 16) == at and line[4:6] == b': ', line
            assert bytes.fromhex(line[6:6 + digits].decode()) == want, line
            assert line[6 + digits:-n].strip(b' ') == b'' and line[-n:] == want.translate(DOTS), line
        assert next(lines) == b''
    assert list(lines) == [b'']
    return len(out)


def lines_of_json(payloads, capture):
    out = run(capture, '-cJ')
    harmless('-cJ (ASCII)', out, b'\n' + bytes(range(0x80, 0x100)))
    assert HIDDEN.search(out.decode('utf-8').replace('\n', '')) is None, '-cJ: hidden characters'
    offset, got = [0, 0], []
    for line in out.splitlines():
        row = json.loads(line)
        if row['event_type'] != 'data':
            continue
        data = base64.b64decode(row['payload_base64'], validate=True)
        side = row['direction'] == 'server'
        assert payload_of(row['payload']) == data and row['length'] == len(data) and row['offset'] == offset[side], line
        offset[side] += len(data)
        got.append(data)
    assert got == payloads
    return len(out)


def lines_as_before(payloads, capture):
    out = run(capture, '-c', '--json-legacy')
    harmless('--json-legacy', out, b'\n')
    assert [bytes(json.loads(line)['payload']) for line in out.splitlines()] == payloads
    return len(out)


def transcripts(payloads, capture):
    """Lines begin with marks; what they say is what the sides did, in turns."""
    out = run(capture, '-c', '--session')
    harmless('--session', out, b'\n')
    turns, marks = [], []
    for line in out.decode().split('\n')[:-1]:
        if line.startswith('# '):
            turns.append([])
        else:
            turns[-1].append(line[2:])
            marks.append((len(turns), line[:2]))
    assert all(mark == ('> ' if turn % 2 else '< ') for turn, mark in marks)
    assert len(turns) == len(payloads) + 1  # and the end
    for payload, turn in zip(payloads, turns):
        want = payload.replace(b'\r\n', b'\n').split(b'\n')
        if not want[-1]:
            want.pop()
        assert turn == [line.translate(DOTS).decode() for line in want], (payload, turn)
    return len(out)


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100000
    payloads = list(strings(count, random.Random(int(os.environ.get('TCPFLOW_SEED', 1)))))
    with tempfile.TemporaryDirectory() as box:
        capture = os.path.join(box, 'strings.pcap')
        write_capture(capture, payloads)
        for check in [text, raw, hexadecimal, lines_of_json, lines_as_before, transcripts]:
            print(f'{check.__name__}: {count} strings, {check(payloads, capture)} bytes printed, all well', flush=True)


main()
