#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Real clients and servers, recorded live.

    programs.py NAME TALK	one scenario; TALK is tests/live/talk
    programs.py --list		their names

nginx is compared by what it served, what curl has, and the bodies in the record. What is encrypted
goes through a relay at the near end, which tells the SHA-256 of both directions. TCPFLOW_BIG (100)
is the size of the largest file, in MiB.
"""
import hashlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import load
from capture import NETS, Command, expect, run
from load import PATIENCE, Talks, differing, dropped, ends, environment, place_with, set_offloads, wait_for

BLOCK = 1 << 20
AS_FAST_AS_IT_GOES = '--ring', '256M'  # on a machine that has other work
HERE, THERE = ([net.format(end) for net in NETS['near']] for end in (1, 2))


def sh(command):
    """One that must do well, with no word to the terminal."""
    done = subprocess.run(command, shell=isinstance(command, str), capture_output=True, text=True, timeout=PATIENCE)
    expect(done.returncode, 0, f'exit status of {command}, which said {done.stderr}')
    return done.stdout


# -- what stands between, and knows --

class Relay:
    """Listens at `port` of this host, and goes on to the far end."""

    def __init__(self, port, address, their_port):
        self.to, self.streams, self.open = (address, their_port), Counter(), []
        self.listener = socket.create_server(('127.0.0.1', port), backlog=50)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return  # it is over
            far = socket.create_connection(self.to)
            here, there = far.getsockname()[:2], far.getpeername()[:2]
            for a, b, name in ((near, far, ends(*here, *there)), (far, near, ends(*there, *here))):
                self.open.append(threading.Thread(target=self.carry, args=(a, b, name), daemon=True))
                self.open[-1].start()

    def carry(self, a, b, name):
        digest, size = hashlib.sha256(), 0
        while piece := a.recv(BLOCK):
            digest.update(piece)
            size += len(piece)
            try:
                b.sendall(piece)
            except BrokenPipeError:  # it has gone, with all that it wanted
                continue
        if size:
            self.streams[name, digest.hexdigest()] += 1
        try:
            b.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def finish(self):
        for thread in self.open:
            thread.join(PATIENCE)
        self.listener.close()
        return self.streams


def expect_record(command, wanted):
    command.stop()
    found = differing(command.folder, wanted)
    print(f'{wanted.total()} streams; differing, others: {found}; {command.said}')
    if found != (0, 0):
        print(wanted - load.recorded(command.folder), load.recorded(command.folder) - wanted)
    expect((found, dropped(command.said)), ((0, 0), 0), f'differing streams and others, drops; it said:\n{command.said}\n')


# -- scenarios --

def bodies(path):
    """SHA-256 of each body of a stream of HTTP answers."""
    with open(path, 'rb') as f:
        while head := f.readline():
            expect(head.startswith(b'HTTP/1.1 200 '), True, f'{path}: {head[:50]} is the beginning of an answer')
            while (line := f.readline()) != b'\r\n':
                if line.lower().startswith(b'content-length:'):
                    left = int(line.split(b':')[1])
            digest = hashlib.sha256()
            while left:
                piece = f.read(min(left, BLOCK))
                assert piece, f'{path} ends in a body'
                digest.update(piece)
                left -= len(piece)
            yield digest.hexdigest()


def write_random(path, size):
    with open(path, 'wb') as f:
        while size:
            size -= f.write(os.urandom(min(size, BLOCK)))


def nginx(box):
    """Hundreds of bodies of 1 MB, and one that is large; IPv4 and IPv6."""
    place = place_with(box)
    web = Path(box) / 'web'
    web.mkdir()
    count, each = 10, 15
    for i in range(count):
        write_random(web / str(i), 1_000_000)
    write_random(web / 'big', environment('BIG', 100) << 20)
    (Path(box) / 'nginx.conf').write_text(
        f'daemon off; user root; worker_processes 2; pid {box}/nginx.pid; error_log stderr notice;'
        f'events {{ worker_connections 1000; }} http {{ access_log off; sendfile on; client_body_temp_path {box}/t1; proxy_temp_path {box}/t2;'
        f'fastcgi_temp_path {box}/t3; uwsgi_temp_path {box}/t4; scgi_temp_path {box}/t5;'
        f'server {{ listen [::]:80 ipv6only=off backlog=1000; root {web}; }} }}')
    os.chmod(box, 0o755)
    place.far.start('nginx', 'nginx', '-c', f'{box}/nginx.conf', '-p', box, ready='start worker process')
    command = Command(box, '-i', 'near', '--strict', *AS_FAST_AS_IT_GOES, report=True)
    wanted = Counter()
    for address in (THERE[0], f'[{THERE[1]}]'):
        lines = [f'url = "http://{address}/{i % count}"\noutput = "{box}/got{i}"' for i in range(count * each)]
        (Path(box) / 'curl.conf').write_text('\n'.join(lines))
        sh(['curl', '-gsS', '-Z', '--parallel-max', '150', '--parallel-immediate', '-K', f'{box}/curl.conf'])
        for i in range(count * each):
            expect(load.sum_of(Path(box) / f'got{i}'), load.sum_of(web / str(i % count)), 'what curl has')
            wanted[load.sum_of(web / str(i % count))] += 1
            (Path(box) / f'got{i}').unlink()
    big = load.sum_of(web / 'big')
    got = sh(f'curl -sS --limit-rate 200M http://{THERE[0]}/big | sha256sum').split()[0]
    expect(got, big, 'what curl has of the large one')
    wanted[big] += 1
    command.stop()
    answers = [p for p in Path(command.folder).iterdir() if re.search(r'\.00080-', p.name)]
    found = Counter(body for p in answers for body in bodies(p))
    print(f'{len(answers)} connections, {wanted.total()} bodies\n{command.said}')
    expect((found - wanted, wanted - found), (Counter(), Counter()), 'bodies')
    expect(dropped(command.said), 0, 'drops')


def openssl(box):
    """s_client gets files from s_server, by TLS 1.2 and 1.3."""
    place = place_with(box)
    key, cert = Path(box) / 'key.pem', Path(box) / 'cert.pem'
    sh(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=here', '-keyout', key, '-out', cert])
    write_random(Path(box) / 'file', 5_000_000)
    place.far.start('server', 'sh', '-c', f'cd {box}; exec openssl s_server -accept 4433 -cert {cert} -key {key} -WWW')
    wait_for(lambda: 'ACCEPT' in (Path(box) / 'server.out').read_text(), 's_server')
    command = Command(box, '-i', 'near', '--strict')
    set_offloads(place, 'off')
    relay = Relay(4434, THERE[1], 4433)
    for version in ('-tls1_2', '-tls1_3') * 3:
        got = subprocess.run(['openssl', 's_client', '-connect', '127.0.0.1:4434', '-quiet', '-ign_eof', version],
                             input=b'GET /file HTTP/1.0\r\n\r\n', capture_output=True, timeout=PATIENCE).stdout
        expect(got.split(b'\r\n\r\n', 1)[1] == (Path(box) / 'file').read_bytes(), True, f'what s_client has by {version} is right')
    expect_record(command, relay.finish())


def ssh(box):
    """scp there and back."""
    run('mount -t tmpfs run /run', 1, 2)  # of this mount namespace alone
    Path('/run/sshd').mkdir(mode=0o755)
    for name in ('host', 'own'):
        sh(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', f'{box}/{name}'])
    write_random(Path(box) / 'file', 20_000_000)
    (Path(box) / 'sshd_config').write_text(
        f'HostKey {box}/host\nPidFile none\nAuthorizedKeysFile {box}/own.pub\nStrictModes no\nUsePAM no\n'
        f'PermitRootLogin yes\nSubsystem sftp internal-sftp\nPrintMotd no\nPrintLastLog no\n')
    place = place_with(box)
    place.far.start('sshd', '/usr/sbin/sshd', '-D', '-e', '-f', f'{box}/sshd_config', '-p', '22', ready='Server listening on ::')
    command = Command(box, '-i', 'near', '--strict')
    set_offloads(place, 'off')
    relay = Relay(2222, THERE[0], 22)
    scp = (f'scp -q -F none -P 2222 -i {box}/own -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile={box}/known '
           f'-o LogLevel=ERROR')
    there = f'root@127.0.0.1:{box}'
    sh(f'{scp} {there}/file {box}/here')
    sh(f'{scp} {box}/here {there}/there')
    for copy in ('here', 'there'):
        expect(load.sum_of(Path(box) / copy), load.sum_of(Path(box) / 'file'), f'the copy {copy}')
    expect_record(command, relay.finish())


def iperf3(box):
    """Several streams in one direction, then in the other. Each is a cookie, and beginnings of a block, one after the other."""
    place = place_with(box)
    cookie, block = 37, 128 << 10
    set_offloads(place, 'off')
    place.far.start('iperf', 'iperf3', '-s', '--forceflush')
    command, told = Command(box, '-i', 'near', '--strict', *AS_FAST_AS_IT_GOES), {}
    for i, (address, *way) in enumerate(((THERE[0],), (THERE[1], '-R'))):
        wait_for(lambda: (Path(box) / 'iperf.out').read_text().count('Server listening') > i, 'iperf3')
        said = json.loads(sh(['iperf3', '-c', address, '-P', '4', '-n', '40M', '-l', str(block), '-J', *way]))
        assert 'error' not in said, said['error']
        for s, numbers in zip(said['start']['connected'], said['end']['streams']):
            here, there = (s['local_host'], s['local_port']), (s['remote_host'], s['remote_port'])
            name = ends(*there, *here) if way else ends(*here, *there)
            told[name] = (0 if way else cookie, numbers['sender']['bytes'], numbers['receiver']['bytes'])
    command.stop()
    files = command.files()
    expect(dropped(command.said), 0, 'drops')
    for name, (head, sent, received) in told.items():
        data = files[name][head:]
        print(f'{name}: {len(data)} bytes, {sent} sent, {received} received')
        assert received <= len(data) <= sent + block and len(data) > 1 << 20, name
        first, *pieces = data.split(data[:16])
        longest = max(pieces, key=len)
        expect(first, b'', f'beginning of {name}')
        assert all(longest.startswith(piece) for piece in pieces), f'{name} has other bytes'


def offloads(box):
    """Packets as the devices join and cut them, or as they go over a wire; large frames."""
    place = place_with(box)
    talks = Talks(place, TALK)
    command = Command(box, '-i', 'near', '--strict', *AS_FAST_AS_IT_GOES, report=True)
    for mtu in (1500, 9000):
        for state in ('off', 'on'):
            set_offloads(place, state, mtu)
            talks.run(200, 30, 8_000_000 if state == 'off' else 1_000_000)  # as many frames, about
    expect_record(command, talks.finish())


SCENARIOS = (nginx, openssl, ssh, iperf3, offloads)

if __name__ == '__main__':
    if sys.argv[1] != '--list':
        TALK = sys.argv[2]
    load.main(SCENARIOS, __file__, ('nginx', 'iperf3', 'openssl', 'ssh-keygen', 'ethtool'))
