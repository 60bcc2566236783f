#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The running kernel as the judge of what is recorded.

    judge.py			a run, as a test
    judge.py --stored PREFIX	judges by a run that was kept
    judge.py --keep PREFIX	keeps a (smaller) run: PREFIX.pcap.xz, PREFIX.json.xz

Raw segments are sent through a TAP device (wire.py), in a network namespace of their own, to sockets of this kernel;
tcpflow records the same frames. What it has recorded of the direction towards a socket is what
recv() has returned. Where nobody has filled a hole, what the application has read stops there; then what
is recorded before that hole is compared.

The groups: pairs of overlapping segments, early and in order; triples (TCPFLOW_RECEIVER, else made here);
the lines of gate.py; schedules, 4 to 10 early segments that overlap at random; and urgent ones, with urgent
pointers anywhere, for an application that reads at once, recorded with --urgent=oob. TCPFLOW_SEED
chooses them; it is printed.

KNOWN lists what does not agree, and why; the test fails when one of these turns right.
"""
import json
import lzma
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from gate import FAR, LINES, MD5
from live import WAYS, skip, stop
from wire import ACK, FIN, PSH, SYN, URG, NoDevice, Peer, Wire

HERE = Path(__file__).resolve().parent
SEED = int(os.environ.get('TCPFLOW_SEED', 1))
TRIPLES = 1000
LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

# The second segment against the first, which is BBBBBBBB at 8.
RELATIONS = {
    'same': (8, 8), 'same-start-shorter': (8, 4), 'same-start-longer': (8, 12), 'inside': (10, 4), 'covers': (4, 16),
    'same-end-starts-later': (12, 4), 'same-end-starts-earlier': (4, 12), 'starts-later-ends-later': (12, 8),
    'starts-earlier-ends-earlier': (4, 8),
}

# What a segment may have that makes a receiver look twice.
ODDITIES = {
    'fin': {'flags': ACK | FIN}, 'no-ack': {'flags': PSH}, 'ack-beyond': {'ack': FAR}, 'syn': {'flags': SYN | ACK},
    'md5': {'options': MD5}, 'old': {'stamp': 1}, 'damaged': {'damage': 77},
}

# name, how many, how many segments each, at or behind, what some of them have
SCHEDULES = [
    ('schedules', 2000, (4, 10)),
    ('schedules-from-start', 1000, (4, 10), 0),
    ('schedules-long', 500, (20, 60)),
    ('schedules-with-fin', 1000, (4, 8), 1, ['fin']),
    ('schedules-with-rejected', 1000, (4, 8), 0, ['no-ack', 'ack-beyond', 'syn', 'md5', 'old', 'damaged']),
]

URGENT = 'urgent'  # how the groups begin that are recorded with --urgent=oob

# Each segment: place, bytes, and maybe what its urgent pointer says.
URGENT_LINES = {
    'urgent-first': [[0, 'abcdef', 1], [6, 'ghi']], 'urgent-pointer-0': [[0, 'abcdef', 0], [6, 'ghi']],
    'urgent-middle': [[0, 'abcdef', 3], [6, 'ghi']], 'urgent-last': [[0, 'abcdef', 6], [6, 'ghi']],
    'urgent-alone': [[0, 'a', 1], [1, 'b', 1], [2, 'c', 1], [3, 'd']],
    'urgent-in-next': [[0, 'abcdef', 8], [6, 'ghi']], 'urgent-never-comes': [[0, 'abcdef', 20], [6, 'ghi']],
    'urgent-two': [[0, 'abcdef', 3], [6, 'ghijkl', 2]], 'urgent-three': [[0, 'abc', 2], [3, 'def', 2], [6, 'ghi', 2]],
    'urgent-adjacent': [[0, 'abc', 3], [3, 'd', 1]], 'urgent-moved-on': [[0, 'abc', 5], [3, '', 5], [3, 'defghi']],
    'urgent-moved-back': [[0, 'abc', 6], [3, 'def', 1], [6, 'ghi']], 'urgent-bare': [[0, '', 3], [0, 'abcdef']],
    'urgent-bare-next': [[0, 'abcdef'], [6, '', 0], [6, 'ghi']], 'urgent-again': [[0, 'abcdef', 3], [0, 'abcdef', 3], [6, 'ghi']],
    'urgent-again-without': [[0, 'abcdef', 3], [0, 'abcdef'], [6, 'ghi']], 'urgent-too-late': [[0, 'abcdef'], [0, 'abcdef', 3]],
    'urgent-early': [[3, 'def', 2], [0, 'abc'], [6, 'ghi']], 'urgent-early-and-now': [[3, 'def', 2], [0, 'abc', 2], [6, 'ghi']],
    'urgent-now-and-early': [[0, 'abc', 2], [6, 'ghi', 2], [3, 'def']], 'urgent-early-beyond': [[3, 'def', 5], [0, 'abc'], [6, 'ghi']],
    'urgent-place-of-another': [[4, 'ef', 1], [3, 'DEFG'], [0, 'abc']], 'urgent-at-fin': [[0, 'abc', 4]],
    'urgent-old-and-new': [[0, 'abc'], [0, 'abcdef', 5], [6, 'ghi']], 'urgent-at-front': [[0, 'abc'], [0, 'abcdef', 4], [6, 'ghi']],
}


@dataclass
class Verdict:
    """What the application has read of one connection."""
    group: str
    name: str
    file: str
    stream: str
    end: str  # end, reset, or '': it waited for more
    hole: bool  # because nobody had filled a hole
    sent: list


# -- what is sent --

def pairs(early):
    for name, (at, n) in RELATIONS.items():
        first, second = [8, 'B' * 8], [at, 'C' * n]
        yield name, [first, second, [0, '.' * 4], [4, '.' * 4]] if early else [[0, '.' * 8], first, second]


def measured_triples():
    folder = os.environ.get('TCPFLOW_RECEIVER')
    if folder:
        return [segments for segments, _ in json.loads((Path(folder) / 'linux_triples.json').read_text())]
    return None


def random_triples(dice):
    for _ in range(TRIPLES):
        segments = [[4 * dice.randint(1, 4), letter] for letter in 'ABC']
        segments = [[at, letter * (4 * dice.randint(1, 5 - at // 4))] for at, letter in segments]
        yield segments + [[0, '.' * min(at for at, _ in segments)]]


def random_schedules(dice, count, sizes, lowest=1, oddities=()):
    """So many segments at or behind lowest, of which one or two are odd; then all that is missing, in order."""
    for _ in range(count):
        n = dice.randint(*sizes)
        width, longest = n * dice.choice([2, 4, 6]), dice.choice([4, 8, 16])
        early = [[dice.randint(lowest, width), LETTERS[i] * dice.randint(1, longest)] for i in range(n)]
        if oddities:
            for i in dice.sample(range(n), dice.randint(1, 2)):
                early[i].append(dice.choice(oddities))
        segments = early + missing(early, dice.random() < 0.3)
        yield [segment for segment in segments if not is_joined_to_fin(segment, segments)]


def is_joined_to_fin(segment, segments):
    """It starts one place behind a FIN. The kernel joins it to the FIN's segment, and the application reads on
    without that place (gate fin-ahead-then-data-behind); which nobody sends in earnest."""
    return segment[0] in [at + len(text) + 1 for at, text, *odd in segments if odd == ['fin']]


def covered(segments):
    """The places for which there is an acceptable byte."""
    return {at + i for at, text, *odd in segments for i in range(len(text)) if odd in ([], ['fin'])}


def missing(segments, generous):
    """What fills their holes. generous: and the byte behind"""
    have = covered(segments)
    fill, end = [], max(have) + 1
    for at in range(end):
        if at in have:
            continue
        if fill and fill[-1][0] + len(fill[-1][1]) == at:
            fill[-1][1] += '.'
        else:
            fill.append([at, '.'])
    return [[at, text + '!' * (generous and at + len(text) < end)] for at, text in fill]


def random_urgent(dice, count):
    """Segments in and out of order, sent again and with other bytes, in steps of what is read at once."""
    for _ in range(count):
        steps, length = [], dice.randint(10, 40)
        for at in range(0, length, 4):
            steps.append([at, LETTERS[at:at + dice.randint(1, 7)]])
        steps += [[at, text.lower()] for at, text in dice.sample(steps, len(steps) // 2)]
        steps.sort(key=lambda step: step[0] + dice.choice([0, 0, 3, 8, 20]))
        steps += missing(steps, False)
        yield [step + [dice.randint(0, 9)] * (dice.random() < 0.5) for step in steps]


# -- a run --

class Run:
    def __init__(self):
        self.wire, self.dice = Wire(), random.Random(SEED)
        self.groups, self.verdicts = {}, []

    def peer(self, group, **more):
        """Each group has an address, each connection a port."""
        count = self.groups.setdefault(group, [len(self.groups) + 1, 1024])
        count[1] += 1
        isn = self.dice.choice([self.dice.getrandbits(32), 2**32 - self.dice.randint(1, 24)])
        return Peer(self.wire, f'10.9.{count[0]}.2', count[1], isn, **more)

    def judge(self, group, name, peer, sent=(), hole=False):
        stream = peer.finish()
        self.verdicts.append(Verdict(group, name, peer.name(), stream.decode('latin-1'), peer.application.end, hole, list(sent)))

    def segments(self, group, cases):
        for name, segments in cases:
            peer = self.peer(group, **self.dice.choice([{}, {'stamps': True}, {'scale': 7}, {'stamps': True, 'scale': 2}]))
            peer.open()
            for at, text, *odd in segments:
                peer.send(text.encode(), at=at, **(ODDITIES[odd[0]] if odd else {}))
            have = covered(segments)
            peer.at = max(have) + 1
            peer.fin()
            self.judge(group, name, peer, segments, len(have) < peer.at)

    def urgent(self, group, cases):
        for name, segments in cases:
            peer = self.peer(group)
            peer.open()
            for at, text, *pointer in segments:
                peer.send(text.encode(), at=at, flags=ACK | PSH | URG * len(pointer), urgent=sum(pointer))
                peer.application.read()
                peer.at = max(peer.at, at + len(text))
            peer.fin()
            self.judge(group, name, peer, segments)

    def gate(self):
        for line in LINES:
            peer = self.peer('gate', to=line.to, stamps=line.stamps, scale=line.scale)
            line.play(peer)
            self.judge('gate', line.name, peer)


def numbered(cases):
    return [(str(i), segments) for i, segments in enumerate(cases)]


def play(small=False):
    run = Run()
    run.segments('early-pairs', pairs(True))
    run.segments('pairs-in-order', pairs(False))
    triples = measured_triples()
    where = 'TCPFLOW_RECEIVER' if triples else 'this seed'
    print(f'TCPFLOW_SEED={SEED}, triples from {where}')
    run.segments('triples', numbered(triples or random_triples(run.dice))[::20 if small else 1])
    run.gate()
    for group, *chosen in SCHEDULES:
        run.segments(group, numbered(random_schedules(run.dice, *chosen))[::20 if small else 1])
    run.urgent('urgent', URGENT_LINES.items())
    run.urgent('urgent-schedules', numbered(random_urgent(run.dice, 500))[::20 if small else 1])
    return run


# -- what is recorded --

def record(capture, box, *options):
    """-> name -> bytes; the files of one direction in the order in which they were begun"""
    path, folder = Path(box) / 'capture', Path(box) / ('flows' + ''.join(options))
    path.write_bytes(capture)
    subprocess.run([os.environ['TCPFLOW_BINARY'], '-q', '-X', '', *options, '-o', folder, '-r', path], check=True, timeout=60)
    return {p.name: p.read_bytes() for p in folder.iterdir()}


def record_both(capture):
    """-> group -> what is recorded, in the way that the group is judged by"""
    with tempfile.TemporaryDirectory(prefix='tcpflow-judge.') as box:
        usual, oob = record(capture, box), record(capture, box, '--urgent=oob')
    return lambda group: oob if group.startswith(URGENT) else usual


def agrees(verdict, got):
    stream = verdict.stream.encode('latin-1')
    if verdict.hole and not verdict.end:
        return got[:len(stream)] == stream and got[len(stream):len(stream) + 1] == b'\0'
    return got == stream


def shortened(data):
    return repr(data if len(data) < 80 else data[:40] + b'...' + data[-30:]) + f' ({len(data)})'


def known():
    lines = [line.split(maxsplit=2) for line in (HERE / 'KNOWN').read_text().splitlines() if line and line[0] != '#']
    return {(group, name): why for group, name, why in lines}


def explain(v, got, why):
    print(f'{v.group} {v.name}: {"known, " + why if why else "DISAGREES"}: the application has read '
          f'{shortened(v.stream.encode("latin-1"))}{", then reset" * (v.end == "reset")}, recorded is {shortened(got)}', v.sent or '')


def compare(verdicts, files):
    """-> whether all agree, but those that are known not to"""
    expected, agreed, total, holes, wrong = known(), Counter(), Counter(), Counter(), 0
    for v in verdicts:
        got = b''.join(files(v.group).get(v.file + tail, b'') for tail in ('', 'c1'))
        same, why, mixed = agrees(v, got), expected.get((v.group, v.name)), (v.group, '*') in expected
        agreed[v.group] += same
        total[v.group] += 1
        holes[v.group] += v.hole and not v.end
        wrong += not mixed and same == (why is not None)
        if same and why:
            print(f'{v.group} {v.name}: agrees now; take its line out of KNOWN')
        elif not same and not (mixed and agreed[v.group] + 5 < total[v.group]):
            explain(v, got, why or expected.get((v.group, '*')))
    for group in total:
        more = f'; {holes[group]} stop at a hole, compared up to there' if holes[group] else ''
        print(f'{group}: {agreed[group]} of {total[group]} agree{more}')
        if (group, '*') in expected and agreed[group] == total[group] >= 1000:
            print(f'{group}: agree now; take its line out of KNOWN')
            wrong += 1
    return wrong == 0


def inside(keep):
    for number in (signal.SIGALRM, signal.SIGTERM):  # which the first process of a namespace ignores
        signal.signal(number, stop)
    signal.alarm(100)
    began = time.monotonic()
    try:
        run = play(small=keep is not None)
    except NoDevice as e:
        return skip(f'no TAP device can be made here: {e}')
    capture = run.wire.capture()
    print(f'{len(run.verdicts)} connections, {len(run.wire.frames)} frames, {time.monotonic() - began:.1f} s, kernel {os.uname().release}')
    if keep:
        Path(keep + '.pcap.xz').write_bytes(lzma.compress(capture, preset=9 | lzma.PRESET_EXTREME))
        Path(keep + '.json.xz').write_bytes(lzma.compress(json.dumps([asdict(v) for v in run.verdicts]).encode(), preset=9))
    return 0 if compare(run.verdicts, record_both(capture)) else 1


def stored(prefix):
    verdicts = [Verdict(**v) for v in json.loads(lzma.open(prefix + '.json.xz').read())]
    return 0 if compare(verdicts, record_both(lzma.open(prefix + '.pcap.xz').read())) else 1


def main():
    words = sys.argv[1:]
    if words[:1] == ['--stored']:
        return stored(words[1])
    if words[:1] == ['--inside']:
        return inside(words[2] if words[1:2] == ['--keep'] else None)
    for way in WAYS:
        tried = subprocess.run([*way, 'true'], capture_output=True, text=True)
        if tried.returncode == 0:
            os.execvp(way[0], [*way, sys.executable, '-B', __file__, '--inside', *words])
    return skip(f'no network namespace can be made here, which takes root or user namespaces: {tried.stderr.strip()}')


if __name__ == '__main__':
    sys.exit(main())
