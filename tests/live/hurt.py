#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A recorder that is stopped, killed, starved or put to sleep in the middle of real transfers.

    hurt.py NAME TALK	one scenario; TALK is tests/live/talk
    hurt.py --list	their names
"""
import fcntl
import json
import os
import re
import resource
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import xml.etree.ElementTree as tree
from collections import Counter
from pathlib import Path

import capture
import load
from capture import NETS, Command, expect
from load import PATIENCE, Talks, differing, dropped, ends, memory, number, place_with, wait_for

TF = '{urn:tcpflow:report:2}'
BEGINS = 'listening on', 'still root', 'packets are read as nobody'  # what it says before the first packet
BACK = 1 << 20


# -- conversations whose bytes are known --

class Conversation:
    """Says random bytes for as long as it may; hears BACK bytes, little by little."""

    def __init__(self, address):
        self.said, self.came, self.over, self.silent = bytearray(struct.pack('>Q', BACK)), bytearray(), False, False
        self.s = socket.create_connection((address, capture.PORT), timeout=PATIENCE)
        self.s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        here, there = self.s.getsockname()[:2], self.s.getpeername()[:2]
        self.names = ends(*here, *there), ends(*there, *here)
        self.s.sendall(self.said)
        self.threads = [threading.Thread(target=t, daemon=True) for t in (self.say, self.hear)]
        for t in self.threads:
            t.start()

    def say(self):
        while not self.over:
            piece = os.urandom(4096)
            self.said += piece  # before it can be recorded
            self.s.sendall(piece)
            self.rest()
        self.s.shutdown(socket.SHUT_WR)

    def hear(self):
        while piece := self.s.recv(8192):
            self.came += piece
            self.rest()

    def rest(self):
        time.sleep(0 if self.over else 0.02)
        while self.silent and not self.over:
            time.sleep(0.02)

    def delivered(self):
        """How many bytes were surely on the wire, of both directions."""
        waiting = struct.unpack('i', fcntl.ioctl(self.s, termios.TIOCOUTQ, b'\0' * 4))[0]
        return max(0, len(self.said) - 4096 - waiting), len(self.came)

    def finish(self):
        self.over = True
        for t in self.threads:
            t.join(PATIENCE)
        self.s.close()
        return dict(zip(self.names, (bytes(self.said), bytes(self.came))))


def converse(count=10):
    return [Conversation(net.format(2)) for net in NETS['near'] for _ in range(count)]


def minima(talks):
    return {name: least for t in talks for name, least in zip(t.names, t.delivered())}


def finish(talks, place):
    for t in talks:
        t.over = True
    truth = {name: said for t in talks for name, said in t.finish().items()}
    place.far.ask(f'sums {len(talks)}')
    return truth


def expect_beginnings(folder, truth, least):
    files = {p.name: p.read_bytes() for p in Path(folder).iterdir() if load.is_stream(p)}
    expect(sorted(set(files) - set(truth)), [], 'files that nobody sent')
    for name, data in truth.items():
        found = files.get(name, b'')
        assert data.startswith(found), f'{name} is no beginning of its stream'
        assert len(found) >= least[name], f'{name}: {len(found)} bytes, {least[name]} were on the wire'
    return sum(map(len, files.values()))


def expect_report(folder, end):
    root = tree.parse(Path(folder) / 'report.xml').getroot()
    expect(root.find(TF + 'run').get('end'), end, 'end of the run, as the report has it')
    for row in root.findall('configuration/fileobject'):
        path = Path(folder) / Path(row.find('filename').text).name
        expect(path.stat().st_size, int(row.find('filesize').text), f'size of {path.name}')
    rows = [json.loads(line) for line in (Path(folder) / 'flows.jsonl').read_text().splitlines()]
    return len(root.findall('configuration/fileobject')), len(rows)


def rows_written(folder):
    """Of ended connections; each worker has a part."""
    return sum(p.read_bytes().count(b'\n') for p in Path(folder).glob('flows.jsonl*'))


# -- scenarios --

def stopped(box):
    """SIGTERM and SIGINT in the middle: all that was on the wire by then is recorded, and the report is whole."""
    place = place_with(box)
    for jobs, number_of in ((1, signal.SIGTERM), (2, signal.SIGINT)):
        command = Command(box, '-i', 'near', '-j', str(jobs), '--jsonl', report=True)
        talks = converse()
        wait_for(lambda: all(sum(t.delivered()) > 100_000 for t in talks), 'some 100 kB of each')
        least = minima(talks)
        command.stop(number_of)
        truth = finish(talks, place)
        size = expect_beginnings(command.folder, truth, least)
        rows = expect_report(command.folder, 'stopped')
        expect(rows, (2 * len(talks), len(talks)), 'rows of the report, and of flows.jsonl')
        print(f'{number_of.name}: {size} bytes recorded, {sum(least.values())} were on the wire before, {sum(map(len, truth.values()))} in the end')


def killed(box):
    """kill -9 in the middle: what is old by a second is on the disk, and right; --recover mends the report."""
    place = place_with(box)
    for jobs in (1, 2):
        command = Command(box, '-i', 'near', '-j', str(jobs), '--jsonl', report=True)
        capture.Place.some(place, count=5, most=50_000)  # these are over by then
        talks = converse()
        wait_for(lambda: all(sum(t.delivered()) > 50_000 for t in talks), 'some 50 kB of each')
        for t in talks:
            t.silent = True  # more bytes would drive those before them to the disk
        time.sleep(0.1)
        least, began = minima(talks), time.monotonic()

        def sizes():
            return {p.name: p.stat().st_size for p in Path(command.folder).iterdir()}
        wait_for(lambda: (now := sizes()) and all(now.get(name, 0) >= n for name, n in least.items()), 'what was on the wire to be on the disk')
        waited = time.monotonic() - began
        assert waited < 5, f'{waited:.1f} s until it was on the disk'
        for t in talks:
            t.silent = False
        wait_for(lambda: rows_written(command.folder) >= 10, 'rows of what was over')
        command.process.kill()
        expect(command.wait(), -signal.SIGKILL, 'exit status')
        truth = finish(talks, place)
        others = {p.name: p.read_bytes() for p in Path(command.folder).iterdir() if load.is_stream(p) and p.name not in truth}
        expect(len(others), 20, 'files of transfers that were over')
        expect_beginnings(command.folder, {**truth, **others}, {**least, **dict.fromkeys(others, 0)})
        said = subprocess.run([os.environ['TCPFLOW_BINARY'], '--recover', command.folder], capture_output=True, text=True)
        expect(said.returncode, 0, f'exit status of --recover, which said {said.stderr}')
        rows = expect_report(command.folder, 'killed')
        print(f'-j {jobs}: {sum(least.values())} bytes were on the disk {waited:.2f} s later; report.xml tells of {rows[0]} files, flows.jsonl of {rows[1]} connections')
        assert rows[0] in (18, 20) and rows[1] == 10, rows  # both are flushed, one after the other


def full(box):
    """A disk that is too small: a few lines, 3, and a report that is well-formed and true."""
    place = place_with(box)
    talks = Talks(place, TALK)
    small = Path(box) / 'small'
    small.mkdir()
    for kib, jobs in ((64, 1), (256, 2), (1024, 1), (4096, 2)):
        subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={kib}k', 'small', small], check=True)
        command = Command(small, '-i', 'near', '-j', str(jobs), report=True)
        talks.run(400, 50, 200_000)
        command.process.send_signal(signal.SIGINT)  # it may have given up before
        expect(command.wait(), 3, f'exit status; it said:\n{command.said}\n')
        lines = [line for line in command.said.splitlines() if not any(word in line for word in BEGINS)]
        assert len(lines) <= 5 and any('No space left on device' in line for line in lines), command.said
        rows = balance(command)
        sizes = sum(p.stat().st_size for p in Path(command.folder).iterdir() if load.is_stream(p))
        stored, failed = number(command.said, 'bytes recorded'), number(command.said, 'bytes that could not be stored')
        print(f'{kib} KiB: {len(lines)} lines, report of {rows} streams, {sizes} bytes in files, {stored} told as recorded, {failed} as not')
        assert stored <= sizes <= stored + failed  # a write that failed in the end may have begun
        subprocess.run(['umount', small], check=True)
    talks.finish()


def balance(command):
    """Both sums of each stream that the report tells of (struct tf_account) -> how many there are"""
    root = tree.parse(Path(command.folder) / 'report.xml').getroot()
    rows = root.findall(f'configuration/fileobject/{TF}stream/{TF}account')
    for row in rows:
        a = {name: int(n) for name, n in row.attrib.items()}
        there = a.get('written', 0) + sum(a.get(n, 0) for n in ('beyond_limit', 'evicted', 'write_failed', 'late'))
        aside = sum(a.get(n, 0) for n in ('duplicate', 'conflicting', 'outside', 'after_close', 'rejected', 'urgent'))
        expect(a['seen'], there + aside, f'{a}: seen')
        expect(a['span'], there + a.get('missing', 0), f'{a}: span')
    return len(rows)


def few_descriptors(box):
    """1,000 connections at a time, and 16 descriptors."""
    place = place_with(box)
    talks = Talks(place, TALK)
    command = Command(box, '-i', 'near', '--strict', '-j', '2', before=('prlimit', '--nofile=16'), report=True)
    expect(len(os.listdir(f'/proc/{command.process.pid}/fd')) < 16, True, 'few descriptors')
    talks.run(1000, 1000, 100_000, 2)
    wanted = talks.finish()
    command.stop()
    expect(differing(command.folder, wanted), (0, 0), 'differing streams, others')
    expect(dropped(command.said), 0, 'drops')


def silent(box):
    """Connections that say nothing any more lose their descriptors after some seconds, one that goes on
    does not; then all of them speak again, and their files are right."""
    place = place_with(box)
    count, tail = 20, os.urandom(5000)
    for jobs in ('1', '2'):
        command = Command(box, '-i', 'near', '-j', jobs, '--strict')
        folder = f'/proc/{command.process.pid}/fd'
        before = len(os.listdir(folder))

        def files():
            return len(os.listdir(folder)) - before
        callers = [Caller(net.format(2)) for net in NETS['near'] for _ in range(count // 2)]
        began = time.monotonic()
        wait_for(lambda: files() == 2 * count, f'{2 * count} files to be written')
        wait_for(lambda: callers[0].say(b'still here ') and files() == 1, 'silent ones to be closed')
        waited = time.monotonic() - began
        print(f'-j {jobs}: closed after {waited:.2f} s')
        assert 4.5 < waited < 8, waited
        sums = [s for c in callers for s in c.finish(tail)]
        place.far.ask(f'sums {count}')
        command.stop()
        command.expect(sums)


class Caller:
    """A connection that speaks when it is told to; the other end has said BACK bytes."""

    def __init__(self, address):
        self.said, self.came = b'', b''
        self.s = socket.create_connection((address, capture.PORT), timeout=PATIENCE)
        self.say(struct.pack('>Q', BACK))
        while len(self.came) < BACK:
            self.came += self.s.recv(1 << 18)

    def say(self, data):
        self.said += data
        self.s.sendall(data)
        time.sleep(0.1)
        return True

    def finish(self, tail):
        self.s.sendall(tail)
        self.s.shutdown(socket.SHUT_WR)
        expect(self.s.recv(1), b'', 'what comes in the end')
        self.s.close()
        return capture.sha(self.said + tail), capture.sha(self.came)


def counted(device):
    """Packets that went through it."""
    said = subprocess.run(['ip', '-j', '-s', 'link', 'show', device], capture_output=True, check=True).stdout
    both = json.loads(said)[0]['stats64']
    return both['rx']['packets'] + both['tx']['packets']


def asleep(box):
    """A recorder that sleeps for 2 s, with a small ring: what the kernel dropped and what was heard are
    all packets that there were; the gaps are the kernel's."""
    place = place_with(box)
    capture.Place.some(place, count=1)  # neighbours know each other
    before = counted('near')
    command = Command(box, '-i', 'near', '--ring', '8M', '--jsonl', report=True)
    between = counted('near')
    talks = converse(20)
    wait_for(lambda: all(sum(t.delivered()) > 50_000 for t in talks), 'some 50 kB of each')
    command.process.send_signal(signal.SIGSTOP)
    time.sleep(2)
    command.process.send_signal(signal.SIGCONT)
    marks = minima(talks)
    wait_for(lambda: all(n > marks[name] for name, n in minima(talks).items()), 'more of each')
    truth = finish(talks, place)
    command.stop()
    heard, lost = number(command.said, 'packets'), dropped(command.said)
    most = counted('near')
    print(f'{between - before} to {most - before} packets: {heard} heard, {lost} dropped')
    print(command.said)
    assert lost > 0 and most - between <= heard + lost <= most - before, 'drops are not exact'
    files, causes = command.files(), Counter()
    for line in (Path(command.folder) / 'flows.jsonl').read_text().splitlines():
        row = json.loads(line)
        for side in ('orig', 'resp'):
            name = row[side]['file']
            causes.update(g['cause'] for g in row[side]['gaps'])
            expect_but_gaps(name, files[name], truth[name], row[side]['gaps'])
    expect(set(causes), {'kernel'}, 'causes of gaps')


def expect_but_gaps(name, found, wanted, gaps):
    """found: what was recorded; it may end early"""
    assert len(found) <= len(wanted), name
    at = 0
    for gap in gaps + [{'offset': len(found), 'length': 0}]:
        expect(found[at:gap['offset']] == wanted[at:gap['offset']], True, f'{name}: bytes {at} to {gap["offset"]} are right')
        at = gap['offset'] + gap['length']


SCENARIOS = (stopped, killed, full, few_descriptors, silent, asleep)

if __name__ == '__main__':
    if sys.argv[1] != '--list':
        TALK = sys.argv[2]
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    load.main(SCENARIOS, __file__)
