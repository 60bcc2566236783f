#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""bench/run as a whole, with tiny workloads: ours and the floor are right, and all tables come.

    small.py BUILD
"""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(os.environ['TCPFLOW_SOURCE'])
SCALE = 0.002


def main():
    with tempfile.TemporaryDirectory(prefix='tcpflow-bench-small-') as box:
        done = subprocess.run([sys.executable, '-B', ROOT / 'bench/run', '--build', sys.argv[1], '--scale', str(SCALE), '--rounds', '1', '--tmp', box,
                               '--growth', '--goals'], stdout=subprocess.PIPE, text=True, check=False)
        left = os.listdir(box)
    print(done.stdout)
    workloads = ['bulk', 'web', 'small', 'idle', 'chorus', 'scan', 'lossy', 'frag', 'stack']
    assert done.returncode == 0, f'exit {done.returncode}'
    assert re.findall(r'^### (\w+)', done.stdout, re.M) == [*workloads, 'Growth', 'Goals']
    assert len(re.findall(r'^\| -j [12].*\| \d+ right, 0 wrong, 0 missing, 0 extra \|$', done.stdout, re.M)) == 4 * len(workloads)
    assert len(re.findall(r'^\| (?:\w+) \| wall of `-j 2`', done.stdout, re.M)) == len(workloads) - 2  # those without goals
    assert len(re.findall(r'^\| [\d,]+ \| \d+ \| \d+ \| [\d.]+ \| \d+ \|', done.stdout, re.M)) == 4
    assert left == [], left


if __name__ == '__main__':
    main()
