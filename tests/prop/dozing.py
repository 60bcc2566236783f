#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Thousands of connections at the same time, most of which say little: what is recorded and reported of
them does not depend on whether they doze, are calm, or stay awake all the time.

With indexes beside the files no connection dozes: that run is what the others are held against. Copies
come, but no conflicts and no early segments: where memory is short, those do depend on it.
"""
import os, random, re, struct, subprocess, sys, tempfile
from pathlib import Path

BINARY = os.environ['TCPFLOW_BINARY']
SEED = int(os.environ.get('TCPFLOW_SEED', 1))
ROUNDS = int(os.environ.get('TCPFLOW_ROUNDS', 2))
CONNECTIONS, PACKETS = 2000, 16000
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
MAY_DIFFER = {'writes'}  # those depend on when bytes had to make room


def checksum(data):
    total = sum(struct.unpack(f'>{len(data) // 2}H', data[:len(data) & ~1])) + (data[-1] << 8 if len(data) & 1 else 0)
    while total > 0xffff:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Talk:
    def __init__(self, dice, number):
        self.ends = [(bytes([10, 0, number >> 8, number & 255]), 4000), (bytes([10, 1, 0, number % 7]), 80)]
        self.six = dice.random() < 0.05
        self.isn = [dice.getrandbits(32), dice.getrandbits(32)]
        self.sent = [0, 0]
        self.stamps = dice.random() < 0.5
        self.quiet = dice.random() < 0.8  # says nothing but that it is there
        self.step = 0 if dice.random() < 0.95 else 3

    def frame(self, dice, now, dir, flags, back=0, text=b''):
        (src, sport), (dst, dport) = self.ends[dir], self.ends[1 - dir]
        syn = flags & SYN
        seq = self.isn[dir] + (0 if syn else 1 + self.sent[dir]) - back
        ack = self.isn[1 - dir] + 1 + self.sent[1 - dir] if flags & ACK else 0
        options = struct.pack('>BBBBII', 1, 1, 8, 10, now // 1000 & 0xffffffff, 0) if self.stamps else b''
        options += bytes([1, 3, 3, 7]) if syn else b''
        tcp = struct.pack('>HHIIBBHHH', sport, dport, seq & 0xffffffff, ack & 0xffffffff, 5 + len(options) // 4 << 4, flags,
                          0 if dice.random() < 0.01 else dice.randrange(1, 65536), 0, 0) + options + text
        if self.six:
            src, dst = b'\x20\x01' + bytes(10) + src, b'\x20\x01' + bytes(10) + dst
        good = checksum(src + dst + struct.pack('>IHH', len(tcp), 0, 6) + tcp) ^ (dice.random() < 0.01)
        tcp = tcp[:16] + struct.pack('>H', good) + tcp[18:]
        ip = struct.pack('>IHBB', 6 << 28, len(tcp), 6, 64) if self.six else struct.pack('>BBHHHBBH', 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0)
        macs = (b'\x02\0\0\0\0\1', b'\x02\0\0\0\0' + bytes([2 + dice.randrange(2)]))
        ether = (macs[1] + macs[0] if dir else macs[0] + macs[1]) + (b'\x86\xdd' if self.six else b'\x08\0')
        return ether + ip + src + dst + tcp

    def next(self, dice, now):
        self.step += 1
        if self.step == 1:
            return self.frame(dice, now, 0, SYN)
        if self.step == 2 and dice.random() < 0.9:
            return self.frame(dice, now, 1, SYN | ACK)
        if self.step == 3 and dice.random() < 0.9:
            return self.frame(dice, now, 0, ACK)
        dir = dice.randrange(2)
        if dice.random() < (0.02 if self.quiet else 0.4):
            text = bytes(97 + (self.sent[dir] + i) % 26 for i in range(dice.randrange(1, 60)))
            made = self.frame(dice, now, dir, ACK | PSH, text=text)
            self.sent[dir] += len(text) if dice.random() < 0.9 else 0
            return made
        if dice.random() < 0.02:
            return self.frame(dice, now, dir, dice.choice([FIN | ACK, RST, RST | ACK, SYN, SYN | ACK]))
        return self.frame(dice, now, dir, ACK, back=dice.random() < 0.3)


def capture(dice):
    talks = [Talk(dice, i) for i in range(CONNECTIONS)]
    out, now = [struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1)], 1700000000000000
    for i in range(PACKETS):
        now += dice.randrange(20000) - (5000 if dice.random() < 0.01 else 0)
        talk = talks[dice.randrange(min(CONNECTIONS, 1 + i // 2))]
        made = talk.next(dice, now)
        out.append(struct.pack('<IIII', now // 1000000, now % 1000000, len(made), len(made) + dice.randrange(2) * 4) + made)
    return b''.join(out)


def run(box, path, *words):
    """-> files, rows of the report, counters"""
    folder = tempfile.mkdtemp(dir=box)
    done = subprocess.run([BINARY, '-q', *words, '-o', folder, '-r', path], capture_output=True, text=True)
    assert done.returncode == 0, f'{words}: exit {done.returncode}: {done.stderr}'
    files = {p.name: p.read_bytes() for p in Path(folder).iterdir() if p.suffix not in ('.xml', '.findx')}
    report = (Path(folder) / 'report.xml').read_text().replace(folder, '')
    counters = dict(re.findall(r"<tf:counter name='(\w+)'.*? value='(\d+)'", report))
    return files, re.findall(r'<fileobject>.*?</fileobject>', report, re.DOTALL), counters


def first_difference(a, b):
    return next((f'{x!r}\n  and {y!r}' for x, y in zip(a, b) if x != y), f'{len(a)} and {len(b)} of them')


def compare(want, got, words):
    """-> what differs, as sentences"""
    if got[2]['flows_evicted'] != '0':
        yield f'{words}: memory was too short'
    for what, a, b in (('files', sorted(want[0].items()), sorted(got[0].items())), ('rows', want[1], got[1]),
                       ('counters', sorted(want[2].items()), sorted(got[2].items()))):
        if what == 'counters':
            a, b = ([pair for pair in each if pair[0] not in MAY_DIFFER] for each in (a, b))
        if a != b:
            yield f'{words}: other {what}: {first_difference(a, b)}'


def main():
    failed = 0
    for seed in range(SEED, SEED + ROUNDS):
        with tempfile.TemporaryDirectory() as box:
            path = Path(box) / 'capture.pcap'
            path.write_bytes(capture(random.Random(seed)))
            more = ['--idle-timeout', '60'] if seed % 2 else []
            want = run(box, path, '-j', '1', '--memory', '512M', '-I', *more)
            for words in (['-j', '1', '--memory', '512M'], ['-j', '1', '--memory', '10M'], ['-j', '2', '--memory', '20M']):
                for sentence in compare(want, run(box, path, *words, *more), words):
                    print(f'seed {seed}: {sentence}')
                    failed += 1
        print(f'seed {seed}: {len(want[0])} files, {len(want[1])} rows')
    return failed > 0


if __name__ == '__main__':
    sys.exit(main())
