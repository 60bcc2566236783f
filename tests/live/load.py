# SPDX-License-Identifier: BSD-3-Clause
"""What tests of live capture share that make a load: programs at the far end, what both ends of
many connections say (talk.c), and the judge of what was recorded of them."""
import ctypes
import functools
import hashlib
import ipaddress
import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import capture
from capture import NETS, PATIENCE, expect

PORT, PORTS = 7000, 8
CLONE_NEWNS = 0x20000


class Far(capture.Far):
    """Also starts programs: of each, standard output and errors are files below `box`."""

    def do_start(self, words):
        name, *command = json.loads(words)
        out, err = (open(Path(self.box) / f'{name}.{kind}', 'w') for kind in ('out', 'err'))
        self.running = getattr(self, 'running', {})
        self.running[name] = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=out, stderr=err)

    def do_end(self, name):
        """Its input ends, and then it does."""
        self.running[name].stdin.close()
        return self.running[name].wait(PATIENCE)

    def do_stop(self, name):
        self.running[name].terminate()
        return self.running[name].wait(PATIENCE)

    def do_pid(self, name):
        return self.running[name].pid

    # -- from the near end --

    def start(self, name, *command, ready=None):
        """Returns when its errors (or `ready[0]`, a file) have the word `ready`."""
        self.ask('start ' + json.dumps([name, *map(str, command)]))
        log = Path(self.box) / f'{name}.err'
        if ready:
            wait_for(lambda: ready in log.read_text(), f'{name} at the far end: {ready}')


def wait_for(what, words):
    until = time.monotonic() + PATIENCE
    while not what():
        if time.monotonic() > until:
            raise RuntimeError('waited in vain for ' + words)
        time.sleep(0.02)


def own_mounts(box):
    """What is mounted from here on nobody else sees: /proc of this PID namespace, and memory for
    `box`, so that no disk holds the recorder up."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS) != 0:
        raise OSError(ctypes.get_errno(), 'unshare')
    subprocess.run(['mount', '--make-rprivate', '/'], check=True)
    subprocess.run(['mount', '-t', 'proc', 'proc', '/proc'], check=True)
    subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=3G,mode=777', 'box', box], check=True)


def place_with(box, *devices):
    return capture.Place(box, devices or ('near',), Far(box))


def set_offloads(place, state, mtu=1500):
    """Whether devices join and cut segments ('on', 'off': frames are as on a wire, and many), at both ends."""
    for words in (f'ip link set {{}} mtu {mtu}', f'ethtool -K {{}} tx {state} sg {state} tso {state} gso {state} gro {state}'):
        capture.run(words.format('near'), 1, 2)
        place.far.ask('run ' + words.format('far'))


# -- connections of talk --

class Talks:
    """A server at the far end, and clients."""

    def __init__(self, place, talk, seed=1):
        self.place, self.talk, self.seed, self.lines = place, talk, seed, []
        place.far.start('talk', talk, 'serve', seed, PORT, PORTS, ready='ready')

    def begin(self, count, parallel, most, seconds=0, device='near'):
        self.seed += 1
        addresses = [net.format(2) for net in NETS[device]]
        with open(Path(self.place.box) / f'call{self.seed}.out', 'w') as out:
            client = subprocess.Popen([self.talk, 'call', *map(str, (self.seed, PORT, PORTS, count, parallel, most, seconds)), *addresses],
                                      stdout=out)
        client.lines = Path(out.name)
        return client

    def end(self, client, patience=PATIENCE):
        """Its connections, as it says."""
        expect(client.wait(patience), 0, 'exit status of the client')
        said = client.lines.read_text().splitlines()
        client.lines.unlink()
        self.lines += said
        return said

    def run(self, *how, patience=PATIENCE):
        return self.end(self.begin(*how), patience)

    def finish(self):
        """Both ends have said the same -> the streams, as (name, SHA-256) each"""
        self.place.far.ask('end talk')
        theirs = (Path(self.place.box) / 'talk.out').read_text().splitlines()
        if sorted(theirs) != sorted(self.lines):
            raise RuntimeError(f'the applications themselves disagree: {list(set(theirs) ^ set(self.lines))[:4]}')
        return streams(self.lines)


def ends(a, port_a, b, port_b):
    def one(address, port):
        ip = ipaddress.ip_address(address)
        text = '.'.join(f'{n:03}' for n in ip.packed) if ip.version == 4 else str(ip)
        return f'{text}.{int(port):05}'
    return f'{one(a, port_a)}-{one(b, port_b)}'


def streams(lines):
    found = Counter()
    for line in lines:
        a, port_a, b, port_b, there, sum_there, back, sum_back = line.split()
        if there != '0':
            found[ends(a, port_a, b, port_b), sum_there] += 1
        if back != '0':
            found[ends(b, port_b, a, port_a), sum_back] += 1
    return found


# -- the record --

def is_stream(path):
    return not path.name.startswith(('report', 'flows', 'conflicts'))


def sum_of(path):
    with open(path, 'rb') as f:
        return hashlib.file_digest(f, 'sha256').hexdigest()


def stream_of(path):
    """Without the counter of connections that had the same addresses and ports."""
    return re.sub(r'c\d+$', '', path.name), sum_of(path)


def recorded(folder):
    return Counter(stream_of(p) for p in Path(folder).iterdir() if is_stream(p) and p.stat().st_size)


def differing(folder, wanted):
    """-> how many streams are not as they were said, how many were never said"""
    found = recorded(folder)
    return (wanted - found).total(), (found - wanted).total()


def memory(pid, row='VmHWM'):
    """KiB of memory that a process has (VmRSS), or at most had."""
    return int(re.search(rf'^{row}:\s+(\d+)', Path(f'/proc/{pid}/status').read_text(), re.M)[1])


def number(said, words):
    """A number of the summary, 0 where it does not stand."""
    found = re.search(rf'([\d,]+) {words}', said)
    return int(found[1].replace(',', '')) if found else 0


def dropped(said):
    return number(said, 'packets that the kernel dropped')


def with_mounts(scenario):
    @functools.wraps(scenario)
    def mounted(box):
        own_mounts(box)
        try:
            scenario(box)
        finally:
            subprocess.run(['umount', '-l', box], check=True)
    return mounted


def main(scenarios, file, tools=()):
    sys.exit(capture.main([with_mounts(s) for s in scenarios], file, ('mount', *tools)))


def environment(name, default):
    return int(os.environ.get('TCPFLOW_' + name, default))
