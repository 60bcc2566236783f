#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""bench/check finds what is wrong, missing or extra, and bench/gen repeats itself.

    faults.py GEN CHECK FLOOR
"""
import subprocess
import sys
import tempfile
from pathlib import Path

GEN, CHECK, FLOOR = sys.argv[1:]
STREAMS = 20


def make(box, *words, name='a'):
    with open(box / f'{name}.pcap', 'wb') as out:
        subprocess.run([GEN, *words, box / f'{name}.manifest'], stdout=out, check=True)
    return (box / f'{name}.pcap').read_bytes(), (box / f'{name}.manifest').read_bytes()


def told(box, *words):
    done = subprocess.run([CHECK, *words, box / 'a.manifest', box / 'out'], stdout=subprocess.PIPE, text=True, check=False)
    return done.stdout.strip(), done.returncode


def faults(box):
    """Each step makes the folder worse; what is told by name, and without names"""
    files = sorted((box / 'out').iterdir())
    yield (STREAMS, 0, 0, 0), (STREAMS, 0, 0, 0)
    (box / 'out/report.xml').write_text('not a stream')
    (box / 'out/empty').touch()
    yield (STREAMS, 0, 0, 0), (STREAMS, 0, 0, 0)
    files[0].rename(box / 'out/elsewhere')
    yield (STREAMS - 1, 0, 1, 1), (STREAMS, 0, 0, 0)
    (box / 'out/elsewhere').unlink()
    yield (STREAMS - 1, 0, 1, 0), (STREAMS - 1, 0, 1, 0)
    data = bytearray(files[1].read_bytes())
    data[len(data) // 2] ^= 1
    files[1].write_bytes(data)
    yield (STREAMS - 2, 1, 1, 0), (STREAMS - 2, 0, 2, 1)
    files[2].write_bytes(files[2].read_bytes()[:-1])
    yield (STREAMS - 3, 2, 1, 0), (STREAMS - 3, 0, 3, 2)
    (box / 'out/twice').write_bytes(files[3].read_bytes())
    yield (STREAMS - 3, 2, 1, 1), (STREAMS - 3, 0, 3, 3)


def main():
    with tempfile.TemporaryDirectory(prefix='tcpflow-bench-faults-') as box:
        box = Path(box)
        for workload, count in (('bulk', '1'), ('web', '10'), ('idle', '100'), ('scan', '100'), ('lossy', '1'), ('frag', '1'), ('stack', '1')):
            first = make(box, workload, count, '1')
            assert first == make(box, workload, count, '1', name='b'), f'{workload} is not the same twice'
            assert first[0] != make(box, workload, count, '2', name='b')[0], f'{workload}: the seed means nothing'
        make(box, 'small', str(STREAMS // 2), '1')
        subprocess.run([FLOOR, 'files', box / 'a.pcap', box / 'out'], check=True)
        for step, wanted in enumerate(faults(box)):
            for words, counts in zip(([], ['-n']), wanted):
                right, wrong, missing, extra = counts
                line = f'{right} right, {wrong} wrong, {missing} missing, {extra} extra', int(right != STREAMS or extra > 0)
                assert told(box, *words) == line, f'step {step} {words}: {told(box, *words)}, not {line}'


if __name__ == '__main__':
    main()
