#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Tunnels as the Linux kernel makes them.

    live.py NAME	a transfer through that tunnel (tunnels.py), captured and recorded
    live.py --list	the names

Two network namespaces are joined by a pair of veth devices. A client in one and a server in the
other send each other random bytes through the tunnel; tcpdump captures below it, on the veth
device, with offloads as the kernel has them; tcpflow records that. Each recorded direction has the
SHA-256 of what was sent, and there is no other file. That the tunnel was there is shown twice: by a
filter of tcpdump, and by --decap with all words but the tunnel's, with which nothing is recorded.

The namespaces have no names: they live as long as the processes in them, which are all in a PID
namespace whose first process dies with this one, however it ends.

Root is not needed where others may make user namespaces. A tunnel that this kernel does not have is
skipped (77). With TCPFLOW_NO_SKIPS=1 that is a failure for those that have to be there (Tunnel.must);
for the others it stays a skip, which tools/run-tests tells: no machine can be mended to have another
kernel. tools/live-vm runs these tests under one that has them.
"""
import ctypes
import hashlib
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path

from tunnels import TUNNELS, UNDER4, UNDER6, Lacking, run

BYTES = 2 * 1024 * 1024 + 12345
PORT = 4321
PATIENCE = int(os.environ.get('TCPFLOW_PATIENCE', 40))  # seconds for all of it
CLONE_NEWNET = 0x40000000
WAYS = (['unshare', '--net', '--pid', '--fork', '--kill-child'],
        ['unshare', '--map-current-user', '--keep-caps', '--net', '--pid', '--fork', '--kill-child'])


def skip(why, always=False):
    print('SKIP:', why)
    return 1 if os.environ.get('TCPFLOW_NO_SKIPS') == '1' and not always else 77


# -- the two ends --

class End:
    """One end: its namespace is that of the calling process."""

    def __init__(self, tunnel, me):
        self.tunnel, self.me, self.peer = tunnel, me, 3 - me

    def make(self):
        me = self.me
        base = ['ip link set lo up', 'ip link set under address 02:00:00:00:09:0{me} up',
                f'ip addr add {UNDER4.format(me)}/24 dev under', f'ip -6 addr add {UNDER6.format(me)}/64 dev under nodad']
        for command in base + self.tunnel.prepared():
            run(command, me, self.peer)

    def address(self, end):
        return self.tunnel.over.format(end)

    def serve(self):
        family = socket.AF_INET6 if ':' in self.tunnel.over else socket.AF_INET
        listener = socket.create_server((self.address(self.me), PORT), family=family)
        listener.settimeout(PATIENCE)
        return listener

    def call(self):
        """Devices may need a moment until both of them are up."""
        for _ in range(20):
            try:
                return socket.create_connection((self.address(self.peer), PORT), timeout=PATIENCE)
            except OSError as e:
                latest = e
                time.sleep(0.2)
        raise latest


def exchange(s, data):
    """Sends and receives at the same time -> what came."""
    s.settimeout(PATIENCE)

    def send():
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    came = []
    while piece := s.recv(65536):
        came.append(piece)
    sender.join(PATIENCE)
    return b''.join(came)


class Line:
    """Lines to and from another process."""

    def __init__(self, s):
        self.s, self.reader = s, s.makefile('r')

    def write(self, words):
        self.s.sendall((words + '\n').encode())

    def read(self):
        return self.reader.readline().strip()


class Other:
    """A process in a namespace of its own: told by lines what to do. work(line) is its work there."""

    def __init__(self):
        ours, theirs = socket.socketpair()
        self.pid = os.fork()
        if self.pid == 0:
            ours.close()
            self.live(Line(theirs))
        theirs.close()
        self.line = Line(ours)

    def live(self, line):
        status = 1
        try:
            if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), 'unshare')
            self.work(line)
            status = 0
        except BaseException as e:
            traceback.print_exc()
            line.write(self.failed(str(e).replace('\n', ' ')))
        os._exit(status)


class Far(Other):
    """End 2."""

    def __init__(self, tunnel):
        self.tunnel = tunnel
        super().__init__()
        self.expect('ready')

    def failed(self, why):
        return f'failed: {why}'

    def work(self, line):
        end = End(self.tunnel, 2)
        line.write('ready')
        line.read()
        try:
            end.make()
        except Lacking as e:
            line.write(f'lacking {e}')
            return
        listener = end.serve()
        line.write('made')
        s, _ = listener.accept()
        data = os.urandom(BYTES)
        came = exchange(s, data)
        s.close()
        line.write(f'done {sha(data)} {sha(came)}')
        line.read()

    def expect(self, word):
        said, _, more = self.line.read().partition(' ')
        if said == 'lacking':
            raise Lacking(more)
        if said != word:
            raise RuntimeError(f'end 2: {said} {more}')
        return more.split()


def sha(data):
    return hashlib.sha256(data).hexdigest()


# -- the capture --

class Capture:
    def __init__(self, path, device='under'):
        self.path = path
        self.dump = subprocess.Popen(
            ['tcpdump', '-Z', 'root', '-n', '-i', device, '-s', '0', '-B', '32768', '-w', path],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        said = ''
        while 'listening on' not in said:
            line = self.dump.stderr.readline()
            if not line:
                raise RuntimeError('tcpdump: ' + said)
            said += line

    def finish(self):
        """The kernel hands packets over in blocks, an incomplete one after a second."""
        size, since = -1, time.monotonic()
        while time.monotonic() - since < 1.3:
            now = os.stat(self.path).st_size
            if now != size:
                size, since = now, time.monotonic()
            time.sleep(0.05)
        self.dump.send_signal(signal.SIGINT)
        said = self.dump.communicate(timeout=PATIENCE)[1]
        dropped = re.search(r'(\d+) packets? dropped by kernel', said)
        if dropped is None or dropped[1] != '0':
            raise RuntimeError('tcpdump has not seen all: ' + ' '.join(said.split()))

    def count(self, words):
        done = subprocess.run(['tcpdump', '-n', '-r', self.path, *words.split()], capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f'tcpdump {words}: {done.stderr}')
        return len(done.stdout.splitlines())


# -- what is recorded --

def record(capture, box, options):
    """-> the files: name -> SHA-256"""
    folder = tempfile.mkdtemp(dir=box)
    done = subprocess.run([os.environ['TCPFLOW_BINARY'], '--strict', '-X', '', '-o', folder, '-r', capture, *options],
                          capture_output=True, text=True, timeout=PATIENCE)
    if done.returncode != 0:
        raise RuntimeError(f'tcpflow: exit {done.returncode}: {done.stderr}')
    return {p.name: sha(p.read_bytes()) for p in sorted(Path(folder).iterdir())}


def decap_words():
    return re.findall(r'^\| `([a-z-]+)` \|', (Path(os.environ['TCPFLOW_SOURCE']) / 'doc/LINKTYPES.md').read_text(), re.M)


def judge(tunnel, capture, box, sent):
    """Raises what is wrong."""
    seen = capture.count(tunnel.seen.format(me=1, peer=2))
    if seen < 10:
        raise RuntimeError(f'only {seen} packets look like the tunnel ({tunnel.seen})')
    files = record(capture.path, box, tunnel.options)
    if sorted(files.values()) != sorted(sent):
        raise RuntimeError(f'recorded {files}, sent {sent}')
    if not all(name.endswith(tunnel.tail) for name in files):
        raise RuntimeError(f'names {sorted(files)} without {tunnel.tail}')
    others = ','.join(word for word in decap_words() if word != tunnel.decap)
    if tunnel.decap and record(capture.path, box, ('--decap=' + others, *tunnel.options)):
        raise RuntimeError(f'recorded with {tunnel.decap} closed')
    return seen


# -- a test --

def transfer(tunnel, box):
    far = Far(tunnel)
    run(f'ip link add under type veth peer name under netns {far.pid}', 1, 2)
    end = End(tunnel, 1)
    far.line.write('go')
    try:
        end.make()
    finally:
        far.expect('made')
    capture = Capture(f'{box}/under.pcap')
    data = os.urandom(BYTES)
    with end.call() as s:
        came = exchange(s, data)
    theirs = far.expect('done')
    if theirs != [sha(came), sha(data)]:
        raise RuntimeError('the applications themselves disagree')
    capture.finish()
    far.line.write('over')
    seen = judge(tunnel, capture, box, [sha(data), sha(came)])
    print(f'{tunnel.name}: {seen} packets of the tunnel, both directions have the hash of what was sent')


def stop(number, frame):
    raise RuntimeError(f'stopped by {signal.Signals(number).name}')


def inside(tunnel):
    for number in (signal.SIGALRM, signal.SIGTERM):  # which the first process of a namespace ignores
        signal.signal(number, stop)
    signal.alarm(PATIENCE)
    with tempfile.TemporaryDirectory(prefix='tcpflow-live.') as box:
        try:
            transfer(tunnel, box)
        except Lacking as e:
            return skip(f'not to be had from this kernel: {e}', always=not tunnel.must)
        except Exception as e:
            print(f'{tunnel.name}: {e}')
            traceback.print_exc()
            return 1
    return 0


def main():
    if sys.argv[1] == '--list':
        print('\n'.join(t.name for t in TUNNELS))
        return 0
    tunnel = next(t for t in TUNNELS if t.name == sys.argv[1])
    if sys.argv[2:] == ['--inside']:
        return inside(tunnel)
    for tool in ('ip', 'tcpdump', 'unshare'):
        if subprocess.run(['sh', '-c', f'command -v {tool}'], capture_output=True).returncode != 0:
            return skip(f'{tool} is missing: run tools/install-packages check')
    for way in WAYS:
        tried = subprocess.run([*way, 'true'], capture_output=True, text=True)
        if tried.returncode == 0:
            os.execvp(way[0], [*way, sys.executable, __file__, tunnel.name, '--inside'])
    return skip(f'no network namespace can be made here, which takes root or user namespaces: {tried.stderr.strip()}')


if __name__ == '__main__':
    sys.exit(main())
