#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Random segments at the gate: any flags, ACKs, windows, timestamps, options, bytes on SYNs.

Whatever they are, the program ends well (it checks both sums of each stream itself), every byte
is counted once, and the number of workers changes neither files nor counters.
"""
import hashlib, os, random, struct, subprocess, sys, tempfile
from pathlib import Path

BINARY = os.environ['TCPFLOW_BINARY']
SEED = int(os.environ.get('TCPFLOW_SEED', 1))
ROUNDS = int(os.environ.get('TCPFLOW_ROUNDS', 30))
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def options(dice, flags):
    out = b''
    if dice.random() < 0.5:
        out += struct.pack('>BBBBII', 1, 1, 8, 10, dice.choice([5, 6, 7, 2**31 + 5]), 0)
    if flags & SYN and dice.random() < 0.5:
        out += bytes([1, 3, 3, dice.randrange(16)])
    if dice.random() < 0.03:
        out += b'\x01\x01\x13\x12' + bytes(16)
    return out


def segment(dice, connection, isn):
    back = dice.random() < 0.4
    mine, other = isn[::-1] if back else isn
    flags = dice.choices([ACK, ACK | PSH, SYN, SYN | ACK, FIN | ACK, RST, RST | ACK, 0, FIN],
                         [50, 20, 4, 4, 3, 1, 1, 2, 1])[0]
    far = dice.choices([0, 1 << 18, 1 << 25], [30, 2, 1])[0]
    seq = mine + 1 + dice.randrange(40) + far if not flags & SYN else mine + dice.choice([0, 0, 0, 5000])
    ack = other + 1 + dice.randrange(40) + dice.choices([0, 1 << 18, 1 << 30], [30, 2, 1])[0]
    text = bytes(dice.choice(b'ab') for _ in range(dice.choice([0, 1, 3, 8])))
    window, extra = dice.choice([0, 1, 10, 65535]), options(dice, flags)
    ends = [(bytes([10, 0, 0, connection]), 4000), (bytes([10, 1, 0, 1]), 80)]
    (src, sport), (dst, dport) = ends[::-1] if back else ends
    tcp = struct.pack('>HHIIBBHHH', sport, dport, seq & 0xffffffff, ack & 0xffffffff, 5 + len(extra) // 4 << 4, flags,
                      window, 0, 0) + extra + text
    ip = struct.pack('>BBHHHBBH', 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0) + src + dst
    return b'\x02' * 12 + b'\x08\x00' + ip + tcp, len(text)


def capture(dice):
    """-> the capture, and how many bytes of payload it has"""
    isns = [(dice.choice([1000, 2**32 - 20]), dice.choice([5000, 2**31 - 10])) for _ in range(20)]
    out, bytes_in_all = [struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1)], 0
    for i in range(3000):
        connection = dice.randrange(20)
        frame, n = segment(dice, connection, isns[connection])
        bytes_in_all += n
        out.append(struct.pack('<IIII', 1700000000 + i // 100, i, len(frame), len(frame)) + frame)
    return b''.join(out), bytes_in_all


def run(box, path, jobs):
    out = tempfile.mkdtemp(dir=box)
    done = subprocess.run([BINARY, '-v', '-X', '', '-j', str(jobs), '-o', out, '-r', str(path)], capture_output=True, text=True,
                          timeout=120)
    assert done.returncode == 0, (jobs, done.returncode, done.stderr)
    counters = {}
    for line in done.stderr.splitlines():
        words = line.split()
        if len(words) > 2 and '_' in words[0] and words[0].replace('_', '').isalpha():
            counters[words[0]] = int(words[1].replace(',', ''))
    return {p.name: hashlib.sha256(p.read_bytes()).digest() for p in Path(out).iterdir()}, counters


def main():
    met = {}
    for seed in range(SEED, SEED + ROUNDS):
        data, n = capture(random.Random(seed))
        with tempfile.TemporaryDirectory() as box:
            path = Path(box) / 'made.pcap'
            path.write_bytes(data)
            files, counters = run(box, path, 1)
            assert run(box, path, 3) == (files, counters), f'TCPFLOW_SEED={seed}: -j changes the record'
        assert counters['bytes_seen'] == n, (f'TCPFLOW_SEED={seed}', counters['bytes_seen'], n)
        for name, value in counters.items():
            met[name] = met.get(name, 0) + value
    for name in met:
        if name.startswith(('rejected_', 'unjudged_', 'syn_', 'synack_', 'fin_void', 'rst_')):
            assert met[name] > 0, f'{name}: nothing of that kind was met'
    print(f'{ROUNDS} passed, 0 failed')


if __name__ == '__main__':
    sys.exit(main())
