#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A flood of fragments that never come whole, and a connection in fragments among them.

    flood.py GEN [memory]

GEN is bench/gen, which makes the captures. The connection is recorded as if there were no flood,
whatever the flood is made of; with `memory`, which sanitizers rule out, the peak is below --memory
plus 16 MiB, and ten times as many fragments take no more.
"""
import os
import subprocess
import sys
import tempfile
from pathlib import Path

BINARY = os.environ['TCPFLOW_BINARY']
EMULATOR = os.environ.get('MESON_EXE_WRAPPER', '').split()  # meson says it where gen is another machine's
MEMORY = 64  # MiB
MIB = 1024  # in the units of ru_maxrss


def record(gen, words, box, jobs=1):
    """-> the bytes of the one file, the peak memory in KiB"""
    folder = tempfile.mkdtemp(dir=box)
    made = subprocess.Popen([*EMULATOR, gen, *words], stdout=subprocess.PIPE)
    run = subprocess.Popen([BINARY, '-q', '-X', '', '-j', str(jobs), '--memory', f'{MEMORY}M', '-o', folder, '-r', '-'], stdin=made.stdout)
    made.stdout.close()
    _, status, usage = os.wait4(run.pid, 0)
    assert status == 0 and made.wait() == 0, f'{words}: exit {status}, {made.returncode}'
    files = list(Path(folder).iterdir())
    assert len(files) == 1, files
    return files[0].read_bytes(), usage.ru_maxrss


def main():
    gen, measure = sys.argv[1], sys.argv[2:] == ['memory']
    failed = 0
    with tempfile.TemporaryDirectory() as box:
        for kind, few, many in (('firsts', 20000, 200000), ('half', 10000, 100000)):
            want, _ = record(gen, ['whole', str(many), '1'], box)
            _, before = record(gen, [kind, str(few), '1'], box)
            for jobs in (1, 2):
                got, peak = record(gen, [kind, str(many), '1'], box, jobs)
                right = got == want
                small = not measure or (peak <= (MEMORY + 16) * MIB and peak <= before + 4 * MIB)
                print(f'{kind} {many}, -j {jobs}: {len(want)} bytes {"right" if right else "WRONG"}, '
                      f'peak {peak} KiB, {before} with {few}{"" if small else ": TOO MUCH"}')
                failed += not (right and small)
    return failed > 0


if __name__ == '__main__':
    sys.exit(main())
