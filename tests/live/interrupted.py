#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A test of tunnels that is interrupted, by whatever signal, leaves no process and no network
namespace behind; unless it was killed, no files either."""
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LIVE = Path(__file__).resolve().parent / 'live.py'


def processes():
    """pid -> (its parent, its network namespace)"""
    found = {}
    for p in Path('/proc').glob('[0-9]*'):
        try:
            stat = (p / 'stat').read_text()
            found[int(p.name)] = int(stat[stat.rindex(')') + 2:].split()[1]), os.readlink(p / 'ns/net')
        except (OSError, ValueError):
            pass  # it has just ended
    return found


def namespaces_below(pid):
    """The network namespaces of a process's descendants that are not ours."""
    all_of_them = processes()
    family = {pid}
    while more := {p for p, (parent, _) in all_of_them.items() if parent in family} - family:
        family |= more
    return {all_of_them[p][1] for p in family if p in all_of_them} - {os.readlink('/proc/self/ns/net')}


def wait_for(what, seconds):
    until = time.monotonic() + seconds
    while not what() and time.monotonic() < until:
        time.sleep(0.05)
    return what()


def interrupt(number, group):
    with tempfile.TemporaryDirectory() as box:
        test = subprocess.Popen([sys.executable, LIVE, 'veth'], start_new_session=True, env={**os.environ, 'TMPDIR': box},
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        running = wait_for(lambda: len(namespaces_below(test.pid)) == 2 or test.poll() is not None, 20)
        if not running or test.poll() is not None:
            print(test.communicate(timeout=20)[0])
            return test.returncode or 1
        namespaces = namespaces_below(test.pid)
        (os.killpg if group else os.kill)(test.pid, number)
        gone = wait_for(lambda: not any(net in namespaces for _, net in processes().values()), 10)
        left = os.listdir(box) if number != signal.SIGKILL else []
        if not gone or left:
            print(f'{signal.Signals(number).name}: left behind: {namespaces if not gone else ""} {left}')
            return 1
        test.communicate(timeout=20)
    return 0


def main():
    for number, group in ((signal.SIGINT, True), (signal.SIGTERM, True), (signal.SIGKILL, True), (signal.SIGKILL, False)):
        status = interrupt(number, group)
        if status != 0:
            return status
    return 0


if __name__ == '__main__':
    sys.exit(main())
