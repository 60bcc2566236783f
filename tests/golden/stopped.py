#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A run that is stopped in the middle: by SIGINT and SIGTERM in order, with all that was
read; by SIGKILL at any time, when what is there must be right as far as it goes.

Needs TCPFLOW_BINARY and TCPFLOW_SOURCE.
"""
import fcntl, gzip, os, random, signal, struct, subprocess, sys, tempfile, termios, time
import xml.etree.ElementTree
from pathlib import Path

BINARY = os.path.realpath(os.environ['TCPFLOW_BINARY'])
CAPTURE = (Path(os.environ['TCPFLOW_SOURCE']) / 'examples' / 'tls.pcap').read_bytes()
PACKED = gzip.compress(CAPTURE)
DEADLINE_S = 60


def files(folder):
    """Those of streams."""
    return {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in Path(folder).iterdir()
            if not p.name.startswith('report.xml')}


def whole(box, data):
    """What a run records that reads these bytes to the end."""
    with tempfile.TemporaryDirectory(dir=box) as out:
        subprocess.run([BINARY, '-q', '-o', out, '-r', '-'], input=data, stderr=subprocess.DEVNULL, timeout=DEADLINE_S)
        return files(out)


def sleeps(pid):
    return Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()[0] == 'S'


def started(out, data, jobs):
    """A run that has read these bytes and waits for more."""
    run = subprocess.Popen([BINARY, '-q', '-j', str(jobs), '-o', out, '-r', '-'],
                           stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    run.stdin.write(data)
    run.stdin.flush()
    calm, end = 0, time.monotonic() + DEADLINE_S
    while calm < 5:
        assert time.monotonic() < end, 'the run does not read what it is given'
        left = struct.unpack('i', fcntl.ioctl(run.stdin, termios.FIONREAD, bytes(4)))[0]
        calm = calm + 1 if left == 0 and sleeps(run.pid) else 0
        time.sleep(0.002)
    return run


def in_order(box, sent, jobs, data):
    with tempfile.TemporaryDirectory(dir=box) as out:
        run = started(out, data, jobs)
        run.send_signal(sent)
        try:
            run.wait(DEADLINE_S)  # its input stays open
        finally:
            run.kill()
        said = run.communicate()[1]
        assert run.returncode == 128 + sent, (run.returncode, said)
        assert files(out) == whole(box, data), (sent, jobs, len(data))
        assert xml.etree.ElementTree.parse(Path(out) / 'report.xml').getroot().tag == 'dfxml'


def looking(box):
    """While captures are looked for in a folder there is nothing to put in order."""
    folder, out, length = Path(box) / 'in', Path(box) / 'out', 0xfffffff0
    folder.mkdir()
    with open(folder / 'long', 'wb') as to:  # blocks that are skipped, and no packet
        to.write(struct.pack('<IIIHHqI', 0x0a0d0d0a, 28, 0x1a2b3c4d, 1, 0, -1, 28))
        for _ in range(64):
            to.write(struct.pack('<II', 0xbad, length))
            to.seek(length - 12, os.SEEK_CUR)
            to.write(struct.pack('<I', length))
    run = subprocess.Popen([BINARY, '-q', '-o', out, '-r', folder])
    time.sleep(0.3)
    run.send_signal(signal.SIGTERM)
    try:
        assert run.wait(DEADLINE_S) == -signal.SIGTERM, run.returncode
    finally:
        run.kill()
    assert not out.exists()


def unread(box, wait):
    """Nobody reads what -c prints: a stop ends that within seconds, and it is said."""
    reader, writer = os.pipe()
    os.set_blocking(writer, wait)
    capture = Path(box) / 'in.pcap'
    frames = CAPTURE[24:]
    capture.write_bytes(CAPTURE + frames * 20)  # more than a pipe takes, as it is printed in packets
    run = subprocess.Popen([BINARY, '-c', '--packets', '-r', capture], stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    try:
        end = time.monotonic() + DEADLINE_S
        while struct.unpack('i', fcntl.ioctl(reader, termios.FIONREAD, bytes(4)))[0] < 60000 or not sleeps(run.pid):
            assert time.monotonic() < end, 'the pipe does not get full'
            time.sleep(0.01)
        time.sleep(0.2)
        assert run.poll() is None
        run.send_signal(signal.SIGTERM)
        before = time.monotonic()
        said = run.communicate(timeout=DEADLINE_S)[1]
        assert time.monotonic() - before < 20
    finally:
        run.kill()
        os.close(reader)
    assert run.returncode == 3 and said.count(b'nobody reads what is printed') == 1, (run.returncode, said)


def closed(box):
    """Standard output is closed: where it is wanted that is told, and nothing is made."""
    for options in (['-c'], ['-C'], ['-w', '-'], ['--write', '-'], ['-V'], ['-h'], ['-H']):
        out = Path(box) / 'closed'
        run = subprocess.run(['bash', '-c', '"$@" >&-', '-', BINARY, *options, '-o', out, '-r', '-'], input=CAPTURE,
                             stderr=subprocess.PIPE, timeout=DEADLINE_S)
        assert run.returncode == 3 and run.stderr.count(b'\n') == 1 and b'standard output is closed' in run.stderr, (options, run)
        assert not out.exists()
    run = subprocess.run(['bash', '-c', '"$@" >&-', '-', BINARY, '-q', '-o', out, '-r', '-'], input=CAPTURE, timeout=DEADLINE_S)
    assert run.returncode == 0 and len(files(out)) > 2, run


def killed(box, jobs, after_s, want):
    """-> how many bytes were there."""
    with tempfile.TemporaryDirectory(dir=box) as out:
        run = subprocess.Popen([BINARY, '-q', '-j', str(jobs), '-o', out, '-r', '-'], stdin=subprocess.PIPE)
        time.sleep(after_s)
        try:
            run.stdin.write(CAPTURE[:len(CAPTURE) // 2])
            run.stdin.flush()
        finally:
            run.kill()
        run.wait(DEADLINE_S)
        there = files(out)
        for name, (data, _) in there.items():
            assert name in want, name
            right = want[name][0]
            assert len(data) <= len(right), name
            assert all(a in (b, 0) for a, b in zip(data, right)), name
        return sum(len(data) for data, _ in there.values())


def main():
    dice = random.Random(int(os.environ.get('TCPFLOW_SEED', 1)))
    with tempfile.TemporaryDirectory() as box:
        want = whole(box, CAPTURE)
        assert len(want) >= 2
        for sent in (signal.SIGINT, signal.SIGTERM):
            for jobs in (1, 2, 3):
                cut = dice.randrange(30, len(CAPTURE))
                for data in (CAPTURE, CAPTURE[:cut], CAPTURE[:24], PACKED, PACKED[:len(PACKED) // 2], PACKED[:20]):
                    in_order(box, sent, jobs, data)
        looking(box)
        unread(box, True)
        unread(box, False)
        closed(box)
        for jobs in (1, 2):
            for _ in range(20):
                killed(box, jobs, dice.random() / 50, want)


sys.exit(main())
