#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""--max-disk and --min-free: what is left out, what is said, what is counted.

Needs TCPFLOW_BINARY; the second half a mount namespace of its own.
"""
import os, re, struct, subprocess, sys, tempfile, time
from pathlib import Path

BINARY = os.path.realpath(os.environ['TCPFLOW_BINARY'])
DEADLINE_S = 60
HEADER = struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101)
WAYS = (['unshare', '--mount'], ['unshare', '--map-root-user', '--mount'], ['unshare', '--mount', '--propagation', 'unchanged'])
TRY = 'd=$(mktemp -d) && trap "rmdir $d" EXIT && mount -t tmpfs none $d && umount $d'


def packet(port, there, flags, seq, ack, data=b''):
    """Raw IPv4, and a checksum that a network card was to make."""
    ports = (port, 80) if there else (80, port)
    ends = bytes([10, 0, 0, 1, 10, 0, 0, 2]) if there else bytes([10, 0, 0, 2, 10, 0, 0, 1])
    tcp = struct.pack('>HHIIBBHHH', *ports, seq, ack, 0x50, flags, 65535, 0, 0) + data
    ip = struct.pack('>BBHHHBBH', 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0) + ends
    return struct.pack('<IIII', 1700000000, 0, len(ip + tcp), len(ip + tcp)) + ip + tcp


SYN, FIN, ACK = 2, 1, 16


def opens(port):
    return packet(port, True, SYN, 0, 0) + packet(port, False, SYN | ACK, 0, 1) + packet(port, True, ACK, 1, 1)


def says(port, n, at=0):
    return packet(port, True, ACK, 1 + at, 1, b'q' * n) + packet(port, False, ACK, 1 + at, 1 + at + n, b'a' * n)


def closes(port, n):
    return (packet(port, True, FIN | ACK, 1 + n, 1 + n) + packet(port, False, FIN | ACK, 1 + n, 2 + n) +
            packet(port, True, ACK, 2 + n, 2 + n))


def files(out):
    return {p.name: p.stat().st_size for p in out.iterdir() if p.name[0].isdigit()}


def ports(out):
    return {int(port) for name in files(out) for port in re.findall(r'\.(\d{5})(?=-|$)', name)} - {80}


def max_disk(box):
    """Connections 1000 to 1019 say 200 bytes each way, one after the other, but for the first, which goes on to the end."""
    capture = HEADER + opens(1000) + says(1000, 200)
    for port in range(1001, 1020):
        capture += opens(port) + says(port, 200) + closes(port, 200)
    capture += says(1000, 200, 200) + closes(1000, 400)
    (Path(box) / 'in.pcap').write_bytes(capture)
    rows = set()
    for jobs in '123':
        out = Path(box) / jobs
        run = subprocess.run([BINARY, '-j', jobs, '--strict', '--max-disk', '2K', '-o', out, '--jsonl', '-r', f'{box}/in.pcap'],
                             capture_output=True, text=True, timeout=DEADLINE_S)
        assert run.returncode == 4, (run.returncode, run.stderr)
        assert run.stderr.count('--max-disk is reached') == 1, run.stderr
        # 2,048 bytes are there when the sixth connection has said its 400.
        assert ports(out) == set(range(1000, 1006)), ports(out)
        assert sorted(files(out).values()) == [200] * 10 + [400] * 2, files(out)
        assert re.search(r'\b14 connections left out for want of room', run.stderr), run.stderr
        assert re.search(r'\b5,600 bytes of connections left out', run.stderr), run.stderr
        rows.add((out / 'flows.jsonl').read_bytes())
    assert len(rows) == 1
    run = subprocess.run([BINARY, '-o', Path(box) / 'all', '--strict', '--max-disk', '8K', '-r', f'{box}/in.pcap'],
                         capture_output=True, text=True, timeout=DEADLINE_S)
    assert run.returncode == 0 and 'room' not in run.stderr and len(files(Path(box) / 'all')) == 40, run


def in_generations(box):
    """The limit is one for all generations together. Connections that have files have files in each; 1003 has none, whenever
    it says something, and 1002, which has said nothing by then, gets none any more."""
    capture = HEADER + b''.join(opens(port) for port in (1000, 1001, 1002)) + says(1000, 200) + says(1001, 1000)  # 2,400 bytes
    capture += opens(1003)
    for turn in range(4):
        at = 200 * turn
        capture += says(1003, 200, at) + says(1000, 200, at + 200) + (says(1002, 200, at) if turn > 1 else b'')
    capture += closes(1000, 1000) + closes(1003, 800) + closes(1002, 400)
    (Path(box) / 'in.pcap').write_bytes(capture)
    trees = []
    for jobs in '12':
        out = Path(box) / f'generations{jobs}'
        run = subprocess.run([BINARY, '-q', '-j', jobs, '--strict', '--max-disk', '2K', '--rotate', '1K', '-o', out, '--jsonl', '-r', f'{box}/in.pcap'],
                             capture_output=True, text=True, timeout=DEADLINE_S)
        assert run.returncode == 4, (run.returncode, run.stderr)
        generations = sorted(out.iterdir(), key=lambda p: (len(p.name), p.name))
        assert len(generations) >= 4, generations
        streams, left_out, connections = {}, 0, 0
        for folder in generations:
            for name, size in files(folder).items():
                streams.setdefault(name, []).append(size)
            text = (folder / 'report.xml').read_text()
            told = {n: int(v) for n, v in re.findall(r"<tf:counter name='(\w+)' unit='\w+' value='(\d+)'", text)}
            left_out, connections = left_out + told['bytes_no_room'], connections + told['flows_no_room']
        assert {int(p) for name in streams for p in re.findall(r'\.(\d{5})(?=-|$)', name)} - {80} == {1000, 1001}, streams
        assert sorted(map(sum, streams.values())) == [1000] * 4, streams
        assert max(map(len, streams.values())) >= 3, streams
        assert (left_out, connections) == (2 * 800 + 2 * 400, 2), (left_out, connections)
        trees.append({p.relative_to(out): p.read_bytes() for p in out.rglob('*') if p.is_file() and p.suffix != '.xml'})
    assert trees[0] == trees[1]


def min_free(box):
    """A file takes the room away and gives it back."""
    small = Path(box) / 'small'
    filler, out = small / 'filler', small / 'out'
    filler.write_bytes(bytes(700 << 10))
    run = subprocess.Popen([BINARY, '-j', '2', '--min-free', '50%', '-o', out, '-r', '-'], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        def feed(data):
            run.stdin.write(data)
            run.stdin.flush()
            time.sleep(1)  # a worker gets it within half of that

        def hears(words):
            line = run.stderr.readline().decode()
            assert words in line, line
        feed(HEADER + opens(1000) + says(1000, 200))
        hears('--min-free is reached')
        filler.unlink()
        hears('there is room again')
        feed(opens(1001) + says(1001, 200) + says(1000, 100, 200))
        filler.write_bytes(bytes(700 << 10))
        hears('--min-free is reached')
        feed(opens(1002) + says(1002, 200) + says(1001, 100, 200))
        said = run.communicate(timeout=DEADLINE_S)[1].decode()
    finally:
        run.kill()
    assert run.returncode == 0, said
    assert ports(out) == {1001} and list(files(out).values()) == [300, 300], files(out)
    assert re.search(r'\b2 connections left out', said) and re.search(r'\b1,000 bytes of connections left out', said), said


def main():
    if sys.argv[1:2] == ['--inside']:
        return min_free(sys.argv[2])
    with tempfile.TemporaryDirectory() as box:
        max_disk(box)
        in_generations(box)
    for way in WAYS:
        tried = subprocess.run([*way, 'bash', '-c', TRY], capture_output=True, text=True)
        if tried.returncode == 0:
            break
    else:
        print('SKIP: no small disk can be mounted here:', tried.stderr)
        return 1 if os.environ.get('TCPFLOW_NO_SKIPS') == '1' else 77
    with tempfile.TemporaryDirectory() as box:
        os.chmod(box, 0o711)  # whoever records may walk through it
        os.mkdir(f'{box}/small')
        inside = 'mount -t tmpfs -o size=1m none "$1/small" && { "$2" -B "$0" --inside "$1"; s=$?; umount "$1/small"; exit $s; }'
        return subprocess.run([*way, 'bash', '-c', inside, __file__, box, sys.executable]).returncode


sys.exit(main())
