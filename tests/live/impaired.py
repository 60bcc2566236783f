#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Connections over a wire that loses, turns round, doubles and spoils frames (impair.c).

    impaired.py NAME TALK IMPAIR	one scenario; the programs are of this folder
    impaired.py --list			their names

Both ends have a recorder. What a host receives its recorder has seen as it came, and the record has
what the application got; what a host sends it has seen whole. So both records are those of a good
wire. TCPFLOW_SEED is the first seed, TCPFLOW_SEEDS how many there are.
"""
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import capture
import load
from capture import Command, bring_up, expect, run
from load import Talks, differing, dropped, environment

PER_CENT = 10_000  # of a million


class Spoilt(capture.Place):
    def __init__(self, box, seed, faults):
        self.box, self.far = box, load.Far(box)
        run('ip link set lo up', 1, 2)
        amounts = [str(PER_CENT * f) for f in faults]
        self.wire = subprocess.Popen([IMPAIR, 'near', 'far', str(seed), *amounts], stdout=subprocess.PIPE, text=True)
        expect(self.wire.stdout.readline(), 'ready\n', 'word of the wire')
        run(f'ip link set far netns {self.far.pid}', 1, 2)
        self.far.ask('up near')
        bring_up('near', 1)

    def cut(self):
        self.wire.terminate()
        return self.wire.communicate()[0].strip()


def transfer(box, faults, *options):
    for seed in range(environment('SEED', 1), environment('SEED', 1) + environment('SEEDS', 1)):
        one(tempfile.mkdtemp(dir=box), seed, faults, options)


def one(box, seed, faults, options):
    place = Spoilt(box, seed, faults)
    talks = Talks(place, TALK, seed)
    theirs = Path(tempfile.mkdtemp(dir=box))
    place.far.start('tcpflow', os.environ['TCPFLOW_BINARY'], '-o', theirs, '-i', 'far', *options, ready='listening on')
    command = Command(box, '-i', 'near', *options, report=True)
    talks.run(200, 50, 200_000)
    wanted = talks.finish()
    command.stop()
    expect(place.far.ask('stop tcpflow'), 143, 'exit status at the far end')
    said = (Path(box) / 'tcpflow.err').read_text()
    found = [differing(folder, wanted) for folder in (command.folder, theirs)]
    print(f'seed {seed}: {place.cut()}; {wanted.total()} streams; differing, others: {found}')
    expect((dropped(command.said), dropped(said)), (0, 0), 'drops')
    if found != [(0, 0), (0, 0)]:
        print(command.said, said)
        print(wanted - load.recorded(command.folder), load.recorded(command.folder) - wanted)
        print(wanted - load.recorded(theirs), load.recorded(theirs) - wanted)
    expect(found, [(0, 0), (0, 0)], 'differing streams, others')


def losing(box):
    """Loss."""
    transfer(box, (2, 0, 0, 0))


def disordered(box):
    """Reordering and duplication."""
    transfer(box, (0, 5, 3, 0))


def everything(box):
    """Loss, reordering, duplication, and changed bits that a checksum tells."""
    transfer(box, (1, 3, 2, 1), '--checksum', 'strict')


SCENARIOS = (losing, disordered, everything)

if __name__ == '__main__':
    if sys.argv[1] != '--list':
        TALK, IMPAIR = sys.argv[2:4]
    load.main(SCENARIOS, __file__)
