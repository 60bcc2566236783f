# SPDX-License-Identifier: BSD-3-Clause
"""Runs that are killed in the middle: every file holds a right beginning of its stream, every report can
be read after it was mended, flows.jsonl holds to its last line. TCPFLOW_KILLS moments (20), TCPFLOW_SEED."""
import json
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree as tree

REPORTER = os.path.abspath(sys.argv[1])
TF = '{urn:tcpflow:report:2}'
FIN, SYN, ACK = 1, 2, 16
seed = int(os.environ.get('TCPFLOW_SEED', random.randrange(1 << 30)))
kills = int(os.environ.get('TCPFLOW_KILLS', 20))
chance = random.Random(seed)


def said(connection, side, n):
    return random.Random(connection * 2 + side).randbytes(30000)[:n]


def segment(connection, side, flags, seq, ack, payload=b''):
    here, there = (10 << 24) + 1 + connection, (10 << 24) + (1 << 16)
    ports = (2000 + connection, 80)
    if side:
        here, there, ports = there, here, ports[::-1]
    ip = struct.pack('!BBHHHBBHII', 0x45, 0, 40 + len(payload), 0, 0, 64, 6, 0, here, there)
    tcp = struct.pack('!HHIIBBHHH', *ports, seq, ack, 0x50, flags, 65535, 0, 0)
    return ip + tcp + payload


def conversation(connection):
    """Its segments in order, and what each side says."""
    words = [said(connection, side, chance.randrange(1, 30000)) for side in (0, 1)]
    at = [1, 1]
    yield segment(connection, 0, SYN, 0, 0)
    yield segment(connection, 1, SYN | ACK, 0, 1)
    while any(at[side] <= len(words[side]) for side in (0, 1)):
        side = chance.randrange(2)
        piece = words[side][at[side] - 1:][:1000]
        if piece:
            yield segment(connection, side, ACK, at[side], at[1 - side], piece)
            at[side] += len(piece)
    for side in (0, 1):
        yield segment(connection, side, FIN | ACK, at[side], at[1 - side])
        at[side] += 1
    yield segment(connection, 0, ACK, at[0], at[1])


def capture(connections):
    live, waiting, ns = [], list(range(connections)), 10**18
    out = [struct.pack('<IHHiIII', 0xa1b23c4d, 2, 4, 0, 0, 65535, 101)]
    while live or waiting:
        if waiting and len(live) < 20:
            live.append(conversation(waiting.pop(0)))
            talk = live[-1]
        else:
            talk = chance.choice(live)
        packet = next(talk, None)
        if packet is None:
            live.remove(talk)
            continue
        ns += chance.randrange(1000000)
        out.append(struct.pack('<IIII', ns // 10**9, ns % 10**9, len(packet), len(packet)) + packet)
    return out


def name_of(connection, side):
    ends = ['010.000.%03d.%03d.%05d' % ((connection + 1) >> 8, (connection + 1) & 255, 2000 + connection),
            '010.001.000.000.00080']
    return '-'.join(ends[::-1] if side else ends)


def truths(connections):
    return {name_of(c, side): said(c, side, 30000) for c in range(connections) for side in (0, 1)}


def check_files(folder, truth):
    for name in os.listdir(folder):
        if name.startswith(('report', 'flows', 'conflicts')):
            continue
        with open(os.path.join(folder, name), 'rb') as f:
            got = f.read()
        assert truth[name].startswith(got), name + ' is no beginning of its stream'


def lines_of(path, whole):
    with open(path, 'rb') as f:
        text = f.read()
    lines = text.split(b'\n')
    assert not whole or lines[-1] == b'', 'half a line is left'
    return [json.loads(line) for line in lines[:-1]]


def check_reports(folder, killed, jobs):
    """-> how many connections they tell of"""
    root = tree.parse(os.path.join(folder, 'report.xml')).getroot()
    assert root.tag == 'dfxml' and (root.find(TF + 'run').get('end') == 'killed') == killed
    rows = root.findall('configuration/fileobject')
    flows = lines_of(os.path.join(folder, 'flows.jsonl'), True)
    for row in rows:
        size = int(row.find('filesize').text)
        path = os.path.join(os.path.dirname(folder), row.find('filename').text)
        assert os.path.getsize(path) == size, path
        assert row.find('tcpflow').get('startime').startswith('2001-09-09T')
    for flow in flows:
        assert flow['flow_id'] == flow['id.orig_p'] - 2000 or (
            flow['flow_id'] is None and killed and jobs > 1), 'numbered in the order of first packets'
        for side, sent in (('orig', 'orig_bytes'), ('resp', 'resp_bytes')):
            assert flow[side]['completeness'] == 'complete' and flow[side]['file_size'] == flow[sent]
    # Both journals are flushed one after the other: the one may have some rows that the other lacks.
    told = [flow['first_packet'] for flow in flows]
    packets = [int(row.find(TF + 'connection').get('first_packet')) for row in rows]
    short, long = sorted((told, packets[::2]), key=len)
    assert jobs > 1 or long[:len(short)] == short, 'the reports tell of other connections'
    assert not [n for n in os.listdir(folder) if n.endswith(('.0', '.1'))], 'parts are left'
    return len(flows)


def feed(pipe, pieces, pause):
    try:
        for piece in pieces:
            pipe.write(piece)
            pipe.flush()
            time.sleep(pause)
        pipe.close()
    except (BrokenPipeError, ValueError):
        pass


def start(folder, jobs):
    return subprocess.Popen([REPORTER, '-j', str(jobs), os.path.basename(folder), '-'], stdin=subprocess.PIPE,
                            cwd=os.path.dirname(folder))


def run(folder, jobs, pieces, pause):
    child = start(folder, jobs)
    feeder = threading.Thread(target=feed, args=(child.stdin, pieces, pause))
    feeder.start()
    return child, feeder


def recover(folder):
    return subprocess.run([REPORTER, '--recover', folder], check=True, stdout=subprocess.PIPE).stdout


def killed(folder, jobs, packets, truth):
    shutil.rmtree(folder, ignore_errors=True)
    step = chance.choice((50, 500, len(packets)))
    pieces = [b''.join(packets[i:i + step]) for i in range(0, len(packets), step)]
    pause = 0.4 / len(pieces)
    child, feeder = run(folder, jobs, pieces, pause)
    time.sleep(chance.uniform(0.02, 0.62))
    child.send_signal(signal.SIGKILL)
    gone = child.wait() == -signal.SIGKILL
    feeder.join()
    if not os.path.exists(os.path.join(folder, 'flows.jsonl')):
        return 0
    check_files(folder, truth)
    lines_of(os.path.join(folder, 'flows.jsonl'), False)
    recover(folder)
    closed = not gone or b"<tf:run end='input'" in open(os.path.join(folder, 'report.xml'), 'rb').read()
    n = check_reports(folder, not closed, jobs)
    assert recover(folder) == b'0 mended\n', 'mending again changes something'
    check_files(folder, truth)
    return n


def waits(folder, jobs, packets, truth):
    """What was fed comes to the disk, though the input goes on: within a second where the machine is idle."""
    shutil.rmtree(folder, ignore_errors=True)
    half = packets[:len(packets) // 2]
    sent = sum(len(p) - 16 - 40 for p in half[1:])
    child = start(folder, jobs)
    child.stdin.write(b''.join(half))
    child.stdin.flush()
    end, there = time.monotonic() + 60, 0
    while there < sent and time.monotonic() < end:
        time.sleep(0.1)
        names = os.listdir(folder) if os.path.exists(folder) else []
        there = sum(os.path.getsize(os.path.join(folder, n)) for n in names if n in truth)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert there == sent, '%d of %d bytes were written' % (there, sent)
    recover(folder)
    assert check_reports(folder, True, jobs) > 0


def main():
    print('seed', seed)
    connections, rows = 150, 0
    packets, truth = capture(connections), truths(connections)
    top = tempfile.mkdtemp()
    folder = os.path.join(top, 'out')
    try:
        for i in range(kills):
            rows += killed(folder, 1 + i % 2, packets, truth)
        for jobs in (1, 2):
            waits(folder, jobs, packets, truth)
            # The next run into the folder mends what the one before has left, and keeps it.
            child, feeder = run(folder, jobs, [b''.join(packets)], 0)
            assert child.wait() == 0
            feeder.join()
            tree.parse(os.path.join(folder, 'report.1.xml'))
            lines_of(os.path.join(folder, 'flows.1.jsonl'), True)
            root = tree.parse(os.path.join(folder, 'report.xml')).getroot()
            assert len(root.findall('configuration/fileobject')) == 2 * connections
    finally:
        shutil.rmtree(top)
    print(kills, 'kills,', rows, 'connections told of')


main()
