#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Compares ours with Debian's tcpflow 1.6.1, option by option.

CASES says what is run, on which captures, and what is compared; DIFFERENCES explains what differs; MD5 has
the digests that 1.6.1's own tests want. What differs without a row is a failure, and so is a row that
explains nothing any more.

    TCPFLOW_BINARY=build/tcpflow [TCPFLOW_CORPUS=FOLDER] tests/compat/compare.py [--table] [CASE [CAPTURE]]

With a case, every difference is printed, explained or not. With --table, a table by options comes last.
"""
import gzip
import hashlib
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from things import COMPARED

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parent.parent / 'examples'
THEIRS = os.environ.get('TCPFLOW_OLD', '/usr/bin/tcpflow')
CORPUS = os.environ.get('TCPFLOW_CORPUS')
CAPTURE = {'.pcap', '.pcapng', '.cap', '.trace'}
FEW = ('ftp.pcap', 'http-ipv6.pcap', 'mixed.pcapng', 'nanosecond.pcap', 'smtp.pcap', 'vlan.pcap', 'tcpflow-test*')
SECONDS = 60  # of real time for one run


def skip(why):
    print(f'SKIP: {why}')
    sys.exit(77)


def lines_of(name):
    return [line for line in (HERE / name).read_text().splitlines() if line.strip() and line[0] != '#']


def pattern(text):
    """* and ? as in a shell, all else as it stands"""
    return re.compile(re.escape(text).replace(r'\*', '.*').replace(r'\?', '.'), re.DOTALL)


class Case:
    def __init__(self, line):
        self.name, self.captures, self.compared, options = line.split(maxsplit=3)
        theirs, _, ours = options.partition(' => ')
        self.options = [shlex.split(theirs), shlex.split(ours or theirs)]

    def option(self):
        word = self.name.partition('-')[0]
        return f'-{word}' if len(word) == 1 else word


def size(value):
    """of what begins with a number; a time is a text that can be compared"""
    word = value.split()[0] if value else ''
    return (0, int(word), '') if word.isdecimal() else (1, 0, value)


# How a thing differs, as a row says.
HOW = {
    'any': lambda theirs, ours: True,
    'ours': lambda theirs, ours: theirs is None,
    'theirs': lambda theirs, ours: ours is None,
    'more': lambda theirs, ours: None not in (theirs, ours) and size(ours) > size(theirs),
    'less': lambda theirs, ours: None not in (theirs, ours) and size(ours) < size(theirs),
}


class Row:
    def __init__(self, reason, text):
        self.reason, self.text = reason, text
        how, *patterns = text.split(maxsplit=3)
        self.how, self.patterns = HOW[how], [pattern(p) for p in patterns]

    def explains(self, what, theirs, ours):
        return all(p.fullmatch(value) for p, value in zip(self.patterns, what)) and self.how(theirs, ours)


class Differences:
    def __init__(self):
        self.reasons, self.rows, self.used = {}, [], Counter()
        for line in lines_of('DIFFERENCES'):
            kind, word, rest = line.split(maxsplit=2)
            if kind == 'reason':
                self.reasons[word] = rest
            elif word not in self.reasons:
                sys.exit(f'DIFFERENCES: no reason {word}')
            else:
                self.rows.append(Row(word, rest))

    def explain(self, what, theirs, ours):
        """what: case, capture, thing -> the reason, or None"""
        for row in self.rows:
            if row.explains(what, theirs, ours):
                self.used[row] += 1
                return row.reason
        return None

    def idle(self):
        return [f'DIFFERENCES: explains nothing any more: {row.reason} {row.text}' for row in self.rows
                if not self.used[row]]


# -- running ------------------------------------------------------------------------------------------

# Words of a case's options, and what they stand for: files made of the capture.
MADE = {
    '$GZ': ('in.pcap.gz', gzip.compress),
    '$CUT': ('in.pcap', lambda capture: capture[:len(capture) // 2]),
    '$EMPTY': ('in.pcap', lambda capture: b''),
    '$GARBAGE': ('in.pcap', lambda capture: capture[1:]),
}


def put(word, box, capture):
    if word not in MADE:
        return word.replace('$R', str(capture)).replace('$OTHER', str(EXAMPLES / 'ssh.pcap'))
    name, make = MADE[word]
    (box / name).write_bytes(make(capture.read_bytes()))
    return name


def result(command, options, capture, compared):
    """-> {thing: value}. What is told to descriptor 3 goes to the file `told`."""
    with tempfile.TemporaryDirectory() as name, capture.open('rb') as stdin:
        box = Path(name)
        words = [put(word, box, capture) for word in options]
        try:
            run = subprocess.run(['sh', '-c', 'exec "$@" 3>told', 'sh', command, *words], cwd=box,
                                 stdin=stdin, capture_output=True, timeout=SECONDS,
                                 env={**os.environ, 'TZ': 'UTC'}, check=False)
        except subprocess.TimeoutExpired:
            return {'it': 'does not end'}
        return {thing: value for word in compared.split(',') for thing, value in COMPARED[word](box, run).items()}


def differing(case, capture):
    """-> how many things were compared, and [(thing, theirs, ours)] of those that differ"""
    theirs = result(THEIRS, case.options[0], capture, case.compared)
    ours = result(os.path.realpath(os.environ['TCPFLOW_BINARY']), case.options[1], capture, case.compared)
    things = sorted(theirs.keys() | ours.keys())
    return len(things), [(t, theirs.get(t), ours.get(t)) for t in things if theirs.get(t) != ours.get(t)]


def captures(which):
    """all, few (see CASES), or a pattern of names"""
    examples = sorted(EXAMPLES.iterdir())
    corpus = sorted(Path(CORPUS).resolve().iterdir()) if CORPUS else []
    wanted = [pattern(p) for p in FEW] if which == 'few' else [pattern('*' if which == 'all' else which)]
    return [p for p in examples + corpus if p.suffix in CAPTURE and any(w.fullmatch(p.name) for w in wanted)]


# -- the digests of 1.6.1's tests -----------------------------------------------------------------------


def check_digests():
    """-> faults"""
    faults, wanted = [], defaultdict(dict)
    for line in lines_of('MD5'):
        capture, digest, name = line.split()
        wanted[capture][name] = digest
    for capture, files in wanted.items():
        path = Path(CORPUS or '') / capture
        if not CORPUS or not path.exists():
            print(f'{capture} is not there: its {len(files)} digests are not compared')
            continue
        with tempfile.TemporaryDirectory() as box:
            subprocess.run([os.environ['TCPFLOW_BINARY'], '-q', '-r', path, '-o', box, '-X', ''], check=True)
            found = {p.name: hashlib.md5(p.read_bytes()).hexdigest() for p in Path(box).iterdir()}
        faults += [] if found == files else [f'MD5, {capture}:\n    1.6.1: {files}\n    ours:  {found}']
        print(f'{capture}: {len(files)} digests compared')
    return faults


# -- telling --------------------------------------------------------------------------------------------


class Sums:
    """of one option, or of all"""
    def __init__(self):
        self.cases, self.runs, self.compared, self.reasons = set(), 0, 0, Counter()

    def add(self, case, compared, reasons):
        self.cases.add(case.name)
        self.runs += 1
        self.compared += compared
        self.reasons.update(reasons)

    def cells(self):
        differ = self.reasons.total()
        why = ', '.join(f'{r or "WITHOUT A REASON"} {n}' for r, n in self.reasons.most_common())
        return [len(self.cases), self.runs, self.compared, self.compared - differ, differ, why]


def print_table(sums):
    print('\n| option | cases | runs | compared | equal | differ | reasons |\n|---|---|---|---|---|---|---|')
    for option, of in sums.items():
        print('|', ' | '.join(map(str, [option, *of.cells()])), '|')


def compare_all(work, known, tell):
    """-> faults, {option: Sums}"""
    faults, sums = [], defaultdict(Sums)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for (case, capture), (count, found) in zip(work, pool.map(lambda job: differing(*job), work)):
            reasons = []
            for thing, theirs, ours in found:
                why = known.explain((case.name, capture.name, thing), theirs, ours)
                reasons.append(why)
                words = f'{case.name}, {capture.name}: {thing}\n    1.6.1: {theirs}\n    ours:  {ours}'
                if why is None:
                    faults.append(words)
                if tell and why:
                    print(f'{why}: {words}')
            for of in (sums[case.option()], sums['all']):
                of.add(case, count, reasons)
    return faults, sums


def main(words):
    table = '--table' in words
    only_case, only_capture = ([w for w in words if w != '--table'] + [None, None])[:2]
    old = subprocess.run([THEIRS, '-V'], capture_output=True, text=True, check=False) if os.path.exists(THEIRS) else None
    if old is None or '1.6.1' not in old.stdout:
        skip(f'{THEIRS} is not tcpflow 1.6.1 (Debian has it; TCPFLOW_OLD names another)')
    cases = [c for c in map(Case, lines_of('CASES')) if only_case in (None, c.name)]
    work = [(c, p) for c in cases for p in captures(c.captures) if only_capture in (None, p.name)]
    known = Differences()
    faults, sums = compare_all(work, known, only_case)
    if not only_case:
        faults += check_digests() + (known.idle() if CORPUS else [])
    print('\n'.join(faults))
    total = sums.pop('all')
    for why, count in total.reasons.most_common():
        print(f'{count:6} differ: {known.reasons.get(why, "WITHOUT A REASON")}')
    if table:
        print_table(sums)
    _, runs, compared, equal, differ, _ = total.cells()
    print(f'{len(sums)} options, {len(cases)} cases, {runs} runs of both, {compared} things compared, {equal} equal, '
          f'{differ - total.reasons[None]} differing with a reason, {total.reasons[None]} without, {len(faults)} faults')
    sys.exit(1 if faults else 0)


main(sys.argv[1:])
