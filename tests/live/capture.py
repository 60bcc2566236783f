#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Live capture, from the command line, of what real programs send each other.

    capture.py NAME	one scenario
    capture.py --list	their names

As in live.py, two network namespaces without names are joined by veth devices: `near`, where the
command captures and clients call, and `far`, where a server answers; `near2` and `far2` likewise.
Offloads are as the kernel has them. Both ends send random bytes, and tell their SHA-256; the
recorded files have the same ones, and there is no other file.
"""
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections import defaultdict
from pathlib import Path
from random import Random

sys.path.append(str(Path(__file__).parent.parent / 'golden'))
import openmetrics
from live import WAYS, Capture, Other, sha, skip
from tunnels import Lacking, run
from wire import ACK, ETHERNET, FIN, SYN, checksum

PORT, WEB_PORT = 4321, 8000
PATIENCE = int(os.environ.get('TCPFLOW_PATIENCE', 40))  # seconds for all of it
NETS = {  # device -> the addresses of its two ends
    'near': ('10.9.0.{}', 'fd09::{}'),
    'near2': ('10.9.2.{}', 'fd09:2::{}'),
    'near.7': ('10.9.7.{}', 'fd09:7::{}'),
}


def addresses(device, end):
    for net in NETS[device]:
        yield net.format(end), 64 if ':' in net else 24


def bring_up(device, end):
    local = device if end == 1 else device.replace('near', 'far')
    run(f'ip link set {local} up', 1, 2)
    for address, bits in addresses(device, end):
        run(f'ip addr add {address}/{bits} dev {local}' + (' nodad' if ':' in address else ''), 1, 2)


# -- two ends of a transfer: the client says how many bytes it wants, which belong to its stream --

def talk(s, data):
    """Sends and receives at the same time -> what came."""
    s.settimeout(PATIENCE)

    def send():
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    came = []
    while piece := s.recv(1 << 18):
        came.append(piece)
    sender.join(PATIENCE)
    return b''.join(came)


def answer(s, sums):
    with s:
        s.settimeout(PATIENCE)
        head = b''
        while len(head) < 8:
            head += s.recv(8 - len(head))
        data = os.urandom(struct.unpack('>Q', head)[0])
        came = head + talk(s, data)
    sums.append((sha(data), sha(came)))


def call(address, wanted, data):
    family = socket.AF_INET6 if ':' in address else socket.AF_INET
    for _ in range(20):  # devices may need a moment until both of them are up
        s = socket.socket(family)
        try:
            s.connect((address, PORT))
            break
        except OSError as e:
            s.close()
            latest = e
            time.sleep(0.1)
    else:
        raise latest
    with s:
        data = struct.pack('>Q', wanted) + data
        came = talk(s, data)
    assert len(came) == wanted, f'{len(came)} of {wanted} bytes came'
    return sha(data), sha(came)


class Far(Other):
    """The other end."""

    def __init__(self, box):
        self.box = box
        super().__init__()
        assert self.ask('') == ['ready']

    def failed(self, why):
        return json.dumps({'failed': why})

    def work(self, line):
        line.read()
        line.write('["ready"]')
        for address in iter(line.read, ''):
            verb, _, more = address.partition(' ')
            try:
                said = getattr(self, 'do_' + verb)(more)
            except Lacking as e:
                said = {'lacking': str(e)}
            line.write(json.dumps(said))

    # -- what it does --

    def do_up(self, device):
        run('ip link set lo up', 1, 2)
        bring_up(device, 2)

    def do_run(self, command):
        run(command, 1, 2)

    def do_send(self, path):
        """Frames, each behind its length."""
        frames = Path(path).read_bytes()
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
            s.bind(('far', 0))
            at = 0
            while at < len(frames):
                n, = struct.unpack_from('>H', frames, at)
                s.send(frames[at + 2:at + 2 + n])
                at += 2 + n

    def do_serve(self, _):
        self.sums = []
        listener = socket.create_server(('::', PORT), family=socket.AF_INET6, dualstack_ipv6=True, backlog=200)

        def accept():
            while True:
                s, _ = listener.accept()
                threading.Thread(target=answer, args=(s, self.sums), daemon=True).start()
        threading.Thread(target=accept, daemon=True).start()

    def do_sums(self, count):
        until = time.monotonic() + PATIENCE
        while len(self.sums) < int(count) and time.monotonic() < until:
            time.sleep(0.01)
        sums, self.sums = self.sums, []
        return sums

    def do_web(self, folder):
        subprocess.Popen([sys.executable, '-m', 'http.server', str(WEB_PORT), '--bind', NETS['near'][0].format(2)],
                         cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    # -- from the near end --

    def ask(self, words):
        self.line.write(words)
        said = json.loads(self.line.read() or '{"failed": "it is gone"}')
        if isinstance(said, dict):
            raise Lacking(said['lacking']) if 'lacking' in said else RuntimeError('far end: ' + said['failed'])
        return said


class Place:
    """Both ends, with the devices that are wanted."""

    def __init__(self, box, devices=('near',), far=None):
        self.box, self.far = box, far or Far(box)
        run('ip link set lo up', 1, 2)
        for device in devices:
            far = device.replace('near', 'far')
            if '.' in device:
                run(f'ip link add link near name {device} type vlan id 7', 1, 2)
                self.far.ask(f'run ip link add link far name {far} type vlan id 7')
            else:
                run(f'ip link add {device} type veth peer name {far} netns {self.far.pid}', 1, 2)
            self.far.ask('up ' + device)
            bring_up(device, 1)
        self.far.ask('serve')

    def transfers(self, wanted):
        """wanted: (address, bytes there, bytes back) each -> the sums of all streams"""
        sums, faults = [], []

        def one(address, there, back):
            try:
                sums.append(call(address, back, os.urandom(there)))
            except Exception as e:
                faults.append(e)
        threads = [threading.Thread(target=one, args=w, daemon=True) for w in wanted]
        for t in threads:
            t.start()
        for t in threads:
            t.join(PATIENCE)
        if faults:
            raise faults[0]
        theirs = self.far.ask(f'sums {len(wanted)}')
        expect(sorted(map(tuple, theirs)), sorted((back, there) for there, back in sums), 'sums of the applications themselves')
        return [one for both in sums for one in both]

    def some(self, devices=('near',), count=20, most=1 << 20, seed=1):
        dice = Random(seed)
        return self.transfers([(net.format(2), dice.randrange(most), 1 + dice.randrange(most))
                               for d in devices for net in NETS[d] for _ in range(count)])


# -- the command --

class Command:
    def __init__(self, box, *options, start='listening on', before=(), program=None, report=False, own=False):
        """before: a program that starts it, with its options; own: anybody may write to its folder"""
        self.folder = tempfile.mkdtemp(dir=box)
        if own:
            os.chmod(self.folder, 0o777)
        none = () if report else ('-X', '')
        self.process = subprocess.Popen([*before, program or os.environ['TCPFLOW_BINARY'], '-o', self.folder, *none, *options],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.said = ''
        while self.said.count(start) < max(1, options.count('-i')) and (line := self.process.stderr.readline()):
            self.said += line
        if start not in self.said:
            self.wait()
            raise RuntimeError('tcpflow: ' + self.said)

    def wait(self):
        self.said += self.process.communicate(timeout=PATIENCE)[1]
        return self.process.returncode

    def stop(self, number=signal.SIGINT):
        self.process.send_signal(number)
        status = self.wait()
        expect(status, 128 + number, f'exit status; it said:\n{self.said}\n')

    def files(self):
        return {p.name: p.read_bytes() for p in sorted(Path(self.folder).iterdir()) if p.suffix not in ('.jsonl', '.xml')}

    def expect(self, sums):
        found = {name: sha(data) for name, data in self.files().items()}
        expect(sorted(found.values()), sorted(sums), f'sums of the files; it said:\n{self.said}\n')
        assert ' dropped ' not in self.said, self.said


def expect(found, wanted, what):
    if found != wanted:
        raise RuntimeError(f'{what}: {str(found)[:2000]}, not {str(wanted)[:2000]}')


# -- scenarios --

MODES = ['-j', '1'], ['-j', '2'], ['-j', '2', '--no-fanout']


def transfers(box):
    """Parallel transfers of random sizes over IPv4 and IPv6."""
    place = Place(box)
    for options in MODES:
        command = Command(box, '-i', 'near', *options, '--strict')
        sums = place.some()
        command.stop()
        command.expect(sums)


def http(box):
    """A web server and curl."""
    place = Place(box)
    web = Path(tempfile.mkdtemp(dir=box))
    sizes = [0, 1, 1000, 70_000, 1_000_000, 5_000_000]
    for i, size in enumerate(sizes):
        (web / str(i)).write_bytes(os.urandom(size))
    place.far.ask(f'web {web}')
    url = f'http://{NETS["near"][0].format(2)}:{WEB_PORT}/'
    run(f'curl -sS --retry 30 --retry-connrefused --retry-delay 1 --retry-max-time 20 -o {box}/first {url}', 1, 2)
    command = Command(box, '-i', 'near')
    run('curl -sSZ ' + ' '.join(f'-o {box}/got{i} {url}{i}' for i in range(len(sizes))), 1, 2)
    command.stop(signal.SIGTERM)
    answers = {name: data for name, data in command.files().items() if f'.{WEB_PORT:05}-' in name}
    bodies = sorted(sha(data.split(b'\r\n\r\n', 1)[1]) for data in answers.values())
    expect(bodies, sorted(sha((web / str(i)).read_bytes()) for i in range(len(sizes))), 'bodies')
    for i in range(len(sizes)):
        expect((Path(box) / f'got{i}').read_bytes(), (web / str(i)).read_bytes(), 'what curl has')


def vlan(box):
    """On the device below: the tag is in the name."""
    place = Place(box, ('near', 'near.7'))
    command = Command(box, '-i', 'near', '--strict')
    sums = place.some(('near.7',), count=3)
    command.stop()
    command.expect(sums)
    assert all(name.endswith('--7') for name in command.files()), sorted(command.files())


def interrupted(box):
    """SIGINT in the middle of a transfer: what was sent until then, and no more."""
    place = Place(box)
    for options in MODES[1:]:
        interrupted_with(box, place, options)


def interrupted_with(box, place, options):
    command = Command(box, '-i', 'near', *options)
    data, go_on = os.urandom(64 << 20), threading.Event()
    with socket.create_connection((NETS['near'][0].format(2), PORT)) as s:
        s.settimeout(PATIENCE)
        sent = struct.pack('>Q', 1) + data
        s.sendall(sent[:3 << 20])
        time.sleep(0.3)
        sender = threading.Thread(target=lambda: (s.sendall(sent[3 << 20:]), go_on.set()), daemon=True)
        sender.start()
        time.sleep(0.02)
        command.stop()
        go_on.wait(PATIENCE)
        s.shutdown(socket.SHUT_WR)
        s.recv(10)
    (name, found), = [(n, d) for n, d in command.files().items() if n.endswith(f'.{PORT:05}')]
    assert sent.startswith(found), f'{name} is no prefix'
    assert len(found) >= 3 << 20, f'{name} has only {len(found)} bytes'


def unread(box):
    """Whoever should read standard output does not, and the pipe is full: a run that is stopped ends all the same."""
    place = Place(box)
    for options in (['-c', '-j', '1'], ['-c', '-j', '2'], ['--write', '-', '-j', '2']):
        command = subprocess.Popen([os.environ['TCPFLOW_BINARY'], '-i', 'near', '-o', tempfile.mkdtemp(dir=box), *options],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while 'listening on' not in (line := command.stderr.readline()):
            assert line, options
        place.some(count=5)
        time.sleep(0.5)
        command.send_signal(signal.SIGINT)
        status, said = command.wait(PATIENCE), command.stderr.read()
        assert status == 3 and 'the rest of it was given up' in said, (options, status, said)


def parts(command):
    """Generations, in their order: their folders. The first one is the folder itself."""
    def when(p):
        stamp, _, number = p.parent.name.partition('.')
        return p.parent != Path(command.folder), stamp, int(number or 0)
    return [p.parent for p in sorted(Path(command.folder).rglob('flows.jsonl'), key=when)]


def rotated(box):
    """SIGHUP in the middle of transfers: their parts, one behind the other, are what was sent. So are
    the packets that are kept, read again. A generation that has ended is not written any more."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the command goes by what it inherits, as of nohup
    place = Place(box)
    os.chmod(box, 0o711)
    for jobs in '12':
        kept = Path(tempfile.mkdtemp(dir=box))
        os.chmod(kept, 0o777)
        confined = ['-U', 'nobody', '--sandbox=require'] if jobs == '2' else []
        command = Command(box, '-i', 'near', '-j', jobs, '--strict', '--jsonl', '--write', f'{kept}/all.pcapng', *confined, own=True)
        sums, seen = [], {}

        def turn():
            command.process.send_signal(signal.SIGHUP)
            time.sleep(0.5)
            for folder in parts(command)[:-1]:
                for p in folder.iterdir():
                    if p.is_file():
                        expect((p.stat().st_size, p.stat().st_mtime_ns), seen.setdefault(p, (p.stat().st_size, p.stat().st_mtime_ns)), p)
        for turns in range(3):
            with socket.create_connection((NETS['near'][0].format(2), PORT)) as s:
                data = struct.pack('>Q', 100_000) + os.urandom(3 << 20)
                s.settimeout(PATIENCE)
                for k in range(3):
                    s.sendall(data[k << 20:k + 1 << 20])
                    turn()
                s.sendall(data[3 << 20:])
                s.shutdown(socket.SHUT_WR)
                came = b''
                while piece := s.recv(1 << 18):
                    came += piece
                sums += [sha(data), sha(came)]
        expect(sorted(x for both in place.far.ask('sums 3') for x in both), sorted(sums), 'sums of the applications')
        sums += place.some(count=10)
        command.stop()
        streams, generations = {}, parts(command)
        assert len(generations) >= 9, generations
        for i, folder in enumerate(generations):
            for line in map(json.loads, (folder / 'flows.jsonl').read_text().splitlines()):
                for side in ('orig', 'resp'):
                    row, key = line[side], (line['flow_id'], line['first_packet'], side)
                    expect(row.get('offset', 0), len(streams.setdefault(key, b'')), f'offset of {key} in {folder}')
                    if 'file' in row:
                        streams[key] += (folder / row['file']).read_bytes()
        expect(sorted(sha(d) for d in streams.values() if d), sorted(sums), 'sums of the parts')
        again = []
        for p in sorted(kept.iterdir(), key=lambda p: int((p.suffixes[:-1] or ['.0'])[0][1:])):
            again += ['-r', str(p)]
            info = subprocess.run(['capinfos', '-M', str(p)], capture_output=True, text=True)
            assert info.returncode == 0, info.stderr
            assert 'Name = near' in info.stdout, info.stdout
        assert len(again) >= 2 * len(generations) - 2, again
        out = tempfile.mkdtemp(dir=box)
        subprocess.run([os.environ['TCPFLOW_BINARY'], '-q', '-X', '', '-o', out, *again], check=True)
        expect(sorted(sha(p.read_bytes()) for p in Path(out).iterdir()), sorted(sha(d) for d in streams.values() if d), 'sums of what was kept')


def filtered(box):
    """The kernel applies the expression: of two directions, one."""
    place = Place(box)
    command = Command(box, '-i', 'near', 'tcp', 'src', 'port', str(PORT))
    place.some(count=3)
    command.stop()
    files = command.files()
    expect(len(files), 6, 'files')
    assert all(f'.{PORT:05}-' in name for name in files), sorted(files)
    assert 'filter expression left out' not in command.said, command.said


def everything(box):
    """-i any"""
    place = Place(box, ('near', 'near2'))
    command = Command(box, '-i', 'any', '--strict')
    sums = place.some(('near', 'near2'), count=5)
    command.stop()
    command.expect(sums)


def several(box):
    """Two interfaces; SIGUSR1 asks how it goes; a small number of packets ends it."""
    place = Place(box, ('near', 'near2'))
    command = Command(box, '-i', 'near', '-i', 'near2', '--ring', '32M', '-j', '2', '--strict')
    sums = place.some(('near', 'near2'), count=5)
    command.process.send_signal(signal.SIGUSR1)
    status = command.process.stderr.readline()
    assert re.fullmatch(r'tcpflow: [\d,]+ packets  [\d,]+/s  \d+ flows?  0 dropped\n', status), status
    command.stop()
    command.expect(sums)
    command = Command(box, '-i', 'near', '--count', '3')
    place.some(count=1)
    expect(command.wait(), 0, 'exit status of --count')
    assert 'tcpflow: 3 packets' in command.said, command.said


def not_shared(box):
    """What no fan-out group may be made of is read by one handle."""
    try:
        Command(box, '-i', 'nflog:5', '-j', '1').stop()
    except RuntimeError as e:
        raise Lacking(f'no NFLOG here: {e}')
    Command(box, '-i', 'nflog:5', '-j', '2').stop()


def told_of_interfaces(path):
    """A pcapng file -> how many interfaces it has, and what the kernel dropped of each of them"""
    data, at, interfaces, dropped = Path(path).read_bytes(), 0, 0, {}
    while at < len(data):
        kind, length = struct.unpack_from('<II', data, at)
        interfaces += kind == 1
        if kind == 5:
            dropped[struct.unpack_from('<I', data, at + 8)[0]] = struct.unpack_from('<Q', data, at + 36)[0]
        at += length
    return interfaces, dropped


def drops(box):
    """A small ring, and a recorder that sleeps for 2 s: what is missing is counted, and the gap says why."""
    place = Place(box)
    for options in MODES[1:]:
        drops_with(box, place, options)


def drops_with(box, place, options):
    kept = f'{tempfile.mkdtemp(dir=box)}/all.pcapng'
    command = Command(box, '-i', 'near', '--ring', '1M', '--jsonl', '--write', kept, *options)
    piece, ends = 1 << 16, time.monotonic() + 3.2
    sent = [struct.pack('>Q', 1)]
    with socket.create_connection((NETS['near'][0].format(2), PORT)) as s:
        threading.Timer(0.3, command.process.send_signal, (signal.SIGSTOP,)).start()
        threading.Timer(2.3, command.process.send_signal, (signal.SIGCONT,)).start()
        s.sendall(sent[0])
        while time.monotonic() < ends:
            sent.append(os.urandom(piece))
            s.sendall(sent[-1])
            time.sleep(0.02)
        s.shutdown(socket.SHUT_WR)
        s.settimeout(PATIENCE)
        while s.recv(10):  # until all has come
            pass
    command.stop()
    dropped = re.search(r'dropped +([\d,]+) packets that the kernel dropped', command.said)
    assert dropped, command.said
    expect(told_of_interfaces(kept), (1, {0: int(dropped[1].replace(',', ''))}), 'what --write tells of the interface')
    sent = b''.join(sent)
    row = json.loads((Path(command.folder) / 'flows.jsonl').read_text().splitlines()[0])
    gaps = row['orig']['gaps']
    expect({g['cause'] for g in gaps}, {'kernel'}, 'causes of gaps')
    found = command.files()[row['orig']['file']]
    expect(len(found), len(sent), 'length with holes')
    right = sum(found[i:i + 4096] == sent[i:i + 4096] for i in range(0, len(sent), 4096)) * 4096
    missing = row['orig']['bytes_missing']
    assert missing > 1 << 20 and right >= len(sent) - missing - 8192 * (len(gaps) + 1), (missing, right, len(sent))
    print(f'{dropped[1]} packets dropped, {missing} of {len(sent)} bytes missing in {len(gaps)} gaps')


def gone(box):
    """An interface that is removed; before that, one that goes down and comes back."""
    for options in MODES[1:]:
        gone_with(box, options)
        run('ip link del near2', 1, 2)


def gone_with(box, options):
    place = Place(box, ('near', 'near2'))
    command = Command(box, '-i', 'near', *options)
    run('ip link set near down', 1, 2)
    time.sleep(0.3)
    run('ip link set near up', 1, 2)
    run('ip addr add fd09::1/64 dev near nodad', 1, 2)  # which it has lost
    sums = place.some(count=3)
    time.sleep(0.3)
    run('ip link del near', 1, 2)
    expect(command.wait(), 2, 'exit status')
    errors = [line for line in command.said.splitlines() if line.startswith('tcpflow: near')]
    expect(len(errors), 1, f'lines about the interface; it said:\n{command.said}\n')
    command.expect(sums)


def refused(box):
    """No such interface, a filter that is none, no permission: a line, 1, and nothing is made."""
    poor = ['setpriv', '--bounding-set=-net_raw', '--inh-caps=-net_raw']
    for before, options, words in (([], ['-i', 'nosuch'], 'no such interface'),
                                   ([], ['-i', 'lo', 'port', 'nosuch('], 'filter'),
                                   (poor, ['-i', 'lo'], 'no permission')):
        folder = Path(box) / 'made'
        done = subprocess.run([*before, os.environ['TCPFLOW_BINARY'], '-o', folder, *options], capture_output=True, text=True)
        expect(done.returncode, 1, 'exit status')
        assert words in done.stderr and done.stderr.count('\n') == 1, done.stderr
        assert not folder.exists()


def tcp_frames(command):
    count = {what: int(n.replace(',', '')) for n, what in re.findall(r'([\d,]+) (packets|frames without IP|IP packets that carry)', command.said)}
    return 2 * count['packets'] - sum(count.values())


def beside(box):
    """tcpdump captures the same frames, and they say the same."""
    place = Place(box)
    dump = Capture(f'{box}/near.pcap', 'near')
    command = Command(box, '-i', 'near', '--strict')
    began = time.monotonic()
    sums = place.some(count=40)
    spent = time.monotonic() - began
    time.sleep(0.1)  # last ACKs
    command.stop()
    dump.finish()
    command.expect(sums)
    tcp = tcp_frames(command)
    expect(tcp, dump.count('tcp'), 'frames of TCP')
    print(f'{tcp} frames, {tcp / spent:.0f}/s')


class Manager:
    """The receiver's end of NOTIFY_SOCKET."""

    def __init__(self, box):
        self.name = f'{box}/notify'
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.name)
        self.heard = []

    def hears(self, words, seconds=PATIENCE / 2):
        """-> the next message that begins so"""
        self.socket.settimeout(seconds)
        while True:
            message = self.socket.recv(4096).decode()
            self.heard.append(message)
            if message.startswith(words):
                return message

    def waits(self, seconds):
        """-> what it hears meanwhile"""
        heard, until = [], time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                heard.append(self.socket.recv(4096).decode())
            except TimeoutError:
                break
        return heard


def served(box):
    """As a service: READY when packets are captured, WATCHDOG while reading goes on and not when it hangs, STATUS, STOPPING."""
    place, manager, stats = Place(box), Manager(box), Path(box) / 'stats'
    for jobs in '12':
        os.environ.update(NOTIFY_SOCKET=manager.name, WATCHDOG_USEC='4000000')
        try:
            command = Command(box, '-i', 'near', '-j', jobs, '--strict', '--stats', f'{stats},1')
        finally:
            del os.environ['NOTIFY_SOCKET'], os.environ['WATCHDOG_USEC']
        manager.hears('READY=1')
        sums = place.some(seed=int(jobs))  # nothing is lost that comes after READY
        for words in ('WATCHDOG=1', 'STATUS=', 'WATCHDOG=1'):
            manager.hears(words)
        status = manager.hears('STATUS=')
        assert re.fullmatch(r'STATUS=[\d,]+ packets?  [\d,]+/s  \d+ flows?  0 dropped', status), status
        while (before := openmetrics.read(stats.read_text()))['tcpflow_files_total'] < len(sums):
            time.sleep(0.1)
        assert before['tcpflow_flows_total'] == before['tcpflow_open_flows'] == len(sums) / 2, before
        command.process.send_signal(signal.SIGSTOP)
        manager.waits(0.3)
        expect(manager.waits(2.5), [], 'what a run says that hangs')
        command.process.send_signal(signal.SIGCONT)
        manager.hears('WATCHDOG=1')
        command.stop(signal.SIGTERM)
        manager.hears('STOPPING=1')
        command.expect(sums)
        after = openmetrics.read(stats.read_text())
        expect(after['tcpflow_files_total'], len(sums), 'files')
        assert after['tcpflow_uptime_seconds'] > before['tcpflow_uptime_seconds']
        assert all(before[name] <= after[name] for name in before if name.endswith('_total'))
    assert manager.heard.count('READY=1') == 2


# -- fan-out: frames of our own, so that each may be a fragment --

PIECE = 800  # of a segment's 1,000 bytes, in its first fragment


HOSTS = 200  # few fragments for each: of IPv4, a datagram is given up when its host has sent 64 others (the kernel's rule)


def packet(connection, way, segment, fragment=None):
    """An IP packet. fragment: None, or its number and the bytes of the segment that it has"""
    six, n = connection % 2 == 1, len(segment)
    hosts = [(b'\xfd\x09' + bytes(12) if six else b'\x0a\x09') + struct.pack('>H', v) for v in (5 + connection % HOSTS, 3)]
    source, target = hosts if way == 0 else hosts[::-1]
    segment = bytearray(segment)
    segment[16:18] = struct.pack('>H', checksum(source + target + struct.pack('>HH', 6, n) + segment))
    number, piece = fragment or (0, slice(0, n))
    body, more = segment[piece], (piece.stop or n) < n
    offset = (piece.start or 0) | more
    if six:
        head = struct.pack('>BBHI', 6, 0, offset, number) if fragment else b''
        return b'\x86\xdd', struct.pack('>IHBB', 6 << 28, len(head) + len(body), 44 if fragment else 6, 64) + source + target + head + body
    offset = (piece.start or 0) // 8 | more << 13
    head = bytearray(struct.pack('>BBHHHBBH', 0x45, 0, 20 + len(body), number, offset, 64, 6, 0) + source[-4:].rjust(4, b'\x0a') + target[-4:].rjust(4, b'\x0a'))
    head[10:12] = struct.pack('>H', checksum(head))
    return b'\x08\x00', bytes(head) + body


def talk_of(connection, dice):
    """-> its frames, in order, each with whether it is a fragment; and the bytes of both directions"""
    data, port = [dice.randbytes(3000), dice.randbytes(3000)], 1024 + connection
    seq, frames = [dice.getrandbits(32), dice.getrandbits(32)], []

    def say(way, flags, payload=b'', cut=False):
        ports = (port, 80) if way == 0 else (80, port)
        segment = struct.pack('>HHIIBBHHH', *ports, seq[way], seq[1 - way] if flags & ACK else 0, 5 << 4, flags, 65535, 0, 0) + payload
        seq[way] = (seq[way] + len(payload) + bool(flags & (SYN | FIN))) % (1 << 32)
        number = connection * 16 + len(frames)
        for piece in (slice(0, PIECE), slice(PIECE, len(segment))) if cut else (None,):
            kind, ip = packet(connection, way, segment, piece and (number & 0xffff, piece))
            frames.append((ETHERNET[:12] + kind + ip, cut))
    say(0, SYN)
    say(1, SYN | ACK)
    say(0, ACK)
    for at in range(0, 3000, 1000):
        for way in (0, 1):
            say(way, ACK, data[way][at:at + 1000], cut=at == 1000)
    for way, flags in ((0, FIN | ACK), (1, FIN | ACK), (0, ACK)):
        say(way, flags)
    return frames, data


def interleaved(talks, dice):
    """-> (connection, frame, whether it is a fragment), those of each connection in order"""
    turns = [c for c, (frames, _) in enumerate(talks) for _ in frames]
    dice.shuffle(turns)
    rest = [iter(frames) for frames, _ in talks]
    return [(c, *next(rest[c])) for c in turns]


def dealt(place, path):
    """The kernel's rule, seen with two sockets of our own -> frame -> the socket that got it"""
    SOL_PACKET, PACKET_FANOUT, FANOUT_HASH, SO_RCVBUFFORCE = 263, 18, 0, 33
    sockets, got = [], {}
    for _ in range(2):
        s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 128 << 20)
        s.bind(('near', 3))
        s.setsockopt(SOL_PACKET, PACKET_FANOUT, FANOUT_HASH << 16 | 4711)
        s.settimeout(0.3)
        sockets.append(s)
    place.far.ask(f'send {path}')
    for which, s in enumerate(sockets):
        try:
            while True:
                got[s.recv(65536)] = which
        except TimeoutError:
            s.close()
    return got


def fanout(box):
    """1,000 connections and their fragments, dealt among rings: each is complete."""
    dice = Random(27)
    place = Place(box)
    talks = [talk_of(c, dice) for c in range(1000)]
    frames, path = interleaved(talks, dice), f'{box}/frames'
    Path(path).write_bytes(b''.join(struct.pack('>H', len(frame)) + frame for _, frame, _ in frames))
    got, whole, hosts = dealt(place, path), defaultdict(set), defaultdict(set)
    for connection, frame, fragment in frames:
        (hosts[connection % HOSTS] if fragment else whole[connection]).add(got[frame])
    expect({len(v) for v in (*whole.values(), *hosts.values())}, {1}, 'sockets for a connection, or for the fragments of two hosts')
    expect({s for v in whole.values() for s in v}, {0, 1}, 'sockets in use')
    sums = [sha(data) for _, both in talks for data in both]
    for options in (['-j', '2'], ['-j', '5'], ['-j', '2', '--no-fanout', '-i', 'lo']):
        command = Command(box, '-i', 'near', '--strict', '--jsonl', *options)
        place.far.ask(f'send {path}')
        command.stop()
        command.expect(sums)
        rows = [json.loads(row) for row in (Path(command.folder) / 'flows.jsonl').read_text().splitlines()]
        expect({(row['id.resp_p'], row['history'], *(row[w]['completeness'] for w in ('orig', 'resp')), *(row[w]['account']['seen'] for w in ('orig', 'resp'))) for row in rows},
               {(80, rows[0]['history'], 'complete', 'complete', 3000, 3000)}, f'what rows say, with {options}')
        expect(tcp_frames(command), len(frames), f'frames, with {options}')


def process_of(pid):
    """/proc is that of the world outside, where the process has another number."""
    own = os.readlink('/proc/self/ns/pid')
    for process in Path('/proc').glob('[0-9]*'):
        try:
            numbers = re.search(r'^NSpid:(.*)', (process / 'status').read_text(), re.M)[1].split()
            if int(numbers[-1]) == pid and os.readlink(process / 'ns/pid') == own:
                return process
        except OSError:
            pass  # it has ended, or is somebody else's
    raise RuntimeError(f'no process {pid}')


def rights(box):
    """No thread of it may do anything: as the kernel says while it captures, and with what it says itself."""
    place = Place(box)
    os.chmod(box, 0o711)
    command = Command(box, '-i', 'near', '-j', '2', '-U', 'nobody', '--sandbox=require', '-v', own=True)
    sums = place.some(count=3)
    process = process_of(command.process.pid)
    tasks = [process, *sorted((process / 'task').iterdir())]
    expect(len(tasks), 4, 'the process and its threads')
    for task in tasks:
        said = dict(line.split(':\t', 1) for line in (task / 'status').read_text().splitlines() if ':\t' in line)
        print(task, {k: said[k] for k in ('Uid', 'CapPrm', 'CapEff', 'CapBnd', 'NoNewPrivs', 'Seccomp')})
        assert '0' not in said['Uid'].split() and '0' not in said['Gid'].split(), said
        expect([int(said[k], 16) for k in ('CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb')], [0] * 5, 'capabilities')
        expect((said['NoNewPrivs'], said['Seccomp']), ('1', '2'), 'no-new-privs and seccomp')
    command.stop()
    command.expect(sums)
    assert 'Sandbox: in force' in command.said, command.said


def file_capabilities(box):
    """An ordinary user, whose program has the capability: it is gone when the first packet comes."""
    place = Place(box)
    os.chmod(box, 0o755)
    program = Path(box) / 'tcpflow'
    shutil.copy(os.environ['TCPFLOW_BINARY'], program)
    run(f'setcap cap_net_raw+ep {program}', 1, 2)
    command = Command(box, '-i', 'near', '-j', '2', '--sandbox=require', '-v', own=True, program=program,
                      before=['setpriv', '--reuid=12345', '--regid=12345', '--clear-groups'])
    sums = place.some(count=3)
    said = (process_of(command.process.pid) / 'status').read_text()
    assert re.search(r'^CapEff:\t0+$', said, re.M) and re.search(r'^Uid:\t12345\t', said, re.M), said
    command.stop()
    command.expect(sums)


SCENARIOS = (rights, file_capabilities, transfers, beside, fanout, http, vlan, interrupted, unread, rotated, filtered, everything, several, not_shared, drops, gone, refused, served)


def stop(number, frame):
    raise RuntimeError(f'stopped by {signal.Signals(number).name}')


def inside(scenario):
    for number in (signal.SIGALRM, signal.SIGTERM):  # which the first process of a namespace ignores
        signal.signal(number, stop)
    signal.alarm(PATIENCE)
    with tempfile.TemporaryDirectory(prefix='tcpflow-live.') as box:
        try:
            scenario(box)
        except Lacking as e:
            return skip(f'not to be had from this kernel: {e}', always=scenario is vlan)
        except Exception:
            traceback.print_exc()
            return 1
    return 0


def main(scenarios, file, tools=()):
    if sys.argv[1] == '--list':
        print('\n'.join(s.__name__ for s in scenarios))
        return 0
    scenario = next(s for s in scenarios if s.__name__ == sys.argv[1])
    if sys.argv[-1] == '--inside':
        return inside(scenario)
    for tool in ('ip', 'curl', 'tcpdump', 'unshare', *tools):
        if subprocess.run(['sh', '-c', f'command -v {tool}'], capture_output=True).returncode != 0:
            return skip(f'{tool} is missing: run tools/install-packages check')
    for way in WAYS:
        tried = subprocess.run([*way, 'true'], capture_output=True, text=True)
        if tried.returncode == 0:
            os.execvp(way[0], [*way, sys.executable, file, *sys.argv[1:], '--inside'])
    return skip(f'no network namespace can be made here, which takes root or user namespaces: {tried.stderr.strip()}')


if __name__ == '__main__':
    sys.exit(main(SCENARIOS, __file__))
