#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A record in generations says what the same record in one piece says: the files of a stream,
one behind the other, are the file; the terms of its rows add up to those of its row. And it is
the same with any number of workers.

Needs TCPFLOW_BINARY. TCPFLOW_SEED changes the capture.
"""
import json, os, random, re, shutil, struct, subprocess, tempfile, time, xml.etree.ElementTree
from pathlib import Path

BINARY = os.path.realpath(os.environ['TCPFLOW_BINARY'])
FLOWS, SHORT, SEGMENTS, START_S = 24, 16, 60, 1_700_000_000 - 13
ACK, PSH, SYN, FIN = 16, 8, 2, 1


def frame(ts_us, src, dst, seq, ack, flags, data=b''):
    tcp = struct.pack('>HHIIBBHHH', src[1], dst[1], seq & 0xffffffff, ack & 0xffffffff, 0x50, flags, 65535, 0, 0)
    ip = struct.pack('>BBHHHBBH4s4s', 0x45, 0, 40 + len(data), 0, 0, 64, 6, 0, bytes(src[0]), bytes(dst[0]))
    return ts_us, b'\2' * 12 + b'\x08\0' + ip + tcp + data


def connection(dice, i):
    """Frames of one connection over about a minute: lost segments, early ones, copies."""
    shares = i % 6 == 5 and i < FLOWS
    a, b = ((10, 0, 0, 1 + i % 5), 40000 + i), ((10, 0, 1, 1), 80)
    if shares:  # its name with another, which differs in its time alone
        a = ((10, 0, 0, 1 + (i - 1) % 5), 40000 + i - 1)
    isn, at = [dice.getrandbits(32), dice.getrandbits(32)], START_S * 10**6 + dice.randrange(10**6)
    at += 200 * 10**6 if shares else 0
    if i >= FLOWS:  # short and late
        at += 235 * 10**6
    off, done = [0, 0], []

    def send(d, n, flags, back=0, data=None):
        ends = (a, b) if d == 0 else (b, a)
        body = data if data is not None else bytes((off[d] - back + k) * (d + 3) * 7 + i & 0xff for k in range(n))
        done.append(frame(at, *ends, isn[d] + 1 + off[d] - back, isn[not d] + 1 + off[not d], flags | ACK, body))

    if i % 4 != 3 or shares:  # the others begin before the capture
        done.append(frame(at, a, b, isn[0], 0, SYN))
        done.append(frame(at + 10, b, a, isn[1], isn[0] + 1, SYN | ACK))
    for _ in range(SEGMENTS if i < FLOWS else 3):
        at += dice.randrange(50_000, 1_500_000)
        d, n, luck = dice.randrange(2), dice.randrange(1, 1200), dice.random()
        luck = 1 if i >= FLOWS - 1 else luck  # these end when both have said FIN
        if luck < 0.08:  # not captured; the peer acknowledges it
            off[d] += n
        elif luck < 0.25 and off[d] > 0:  # two that come the wrong way round, some time apart
            off[d] += n
            send(d, 300, PSH)
            off[d] -= n
            at += dice.randrange(900_000)
            send(d, n, PSH)
            off[d] += n + 300
        else:
            send(d, n, PSH)
            off[d] += n
            if luck > 0.85:
                send(d, n, PSH, back=n)
        at += 1000
        send(not d, 0, 0)
    if i % 3 == 0 or i >= FLOWS - 1:
        for d in (0, 1):
            send(d, 0, FIN)
            off[d] += 1
            send(not d, 0, 0)
    return done


def quiet(dice, i):
    """Frames of a connection that says something now and then; every fourth never gets an answer."""
    a, b, at, isn = ((10, 1, i >> 8, i & 255), 1025), ((10, 0, 1, 1), 80), START_S * 10**6 + dice.randrange(60 * 10**6), i
    done = [frame(at, a, b, isn, 0, SYN)]
    if i % 4 > 0:
        done += [frame(at + 10, b, a, isn, isn + 1, SYN | ACK), frame(at + 20, a, b, isn + 1, isn + 1, ACK)]
        for word in range(dice.randrange(5)):
            at += dice.randrange(50 * 10**6)
            done.append(frame(at, a, b, isn + 1 + 20 * word, isn + 1, PSH | ACK, bytes([word + 65]) * 20))
    return done


def brief(i):
    """Frames of a connection that is over when the next one begins, all of the same size: they go to each worker in turn. 15 in a minute."""
    a, b, at = ((10, 2, 0, i), 2000), ((10, 0, 1, 1), 80), (START_S + 53) * 10**6 + i * 4 * 10**6
    words = [(a, b, 0, 0, SYN, b''), (b, a, 0, 1, SYN | ACK, b''), (a, b, 1, 1, PSH | ACK, b'x' * 500), (b, a, 1, 501, PSH | ACK, b'y' * 500),
             (a, b, 501, 501, FIN | ACK, b''), (b, a, 501, 502, FIN | ACK, b''), (a, b, 502, 502, ACK, b'')]
    return [frame(at + 1000 * n, *w) for n, w in enumerate(words)]


def write(path, frames, snaplen=65535):
    with open(path, 'wb') as to:
        to.write(struct.pack('<IHHIIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for ts, b in frames:
            to.write(struct.pack('<IIII', ts // 10**6, ts % 10**6, min(len(b), snaplen), len(b)) + b[:snaplen])


def capture(path, snaplen=65535, others=0):
    dice = random.Random(int(os.environ.get('TCPFLOW_SEED', 1)))
    frames = sorted([f for i in range(FLOWS + SHORT) for f in connection(dice, i)] +
                    [f for i in range(others) for f in quiet(dice, i)], key=lambda f: f[0])
    write(path, frames, snaplen)
    return len(frames)


def run(path, out, *options):
    done = subprocess.run([BINARY, '-q', '-r', path, '-o', out, '--jsonl', *options],
                          stderr=subprocess.PIPE, timeout=60)
    assert done.returncode == 0 and not done.stderr, (options, done)


def tree(top):
    """All files, less what is different in each run."""
    def text(p):
        b = p.read_bytes()
        return re.sub(rb'(?s)<execution_environment>.*</execution_environment>|<rusage>.*</rusage>|<tf:counter .*'
                      rb'|.*max_open_flows.*', b'', b) if p.name == 'report.xml' else b
    return {str(p.relative_to(top)): text(p) for p in Path(top).rglob('*') if p.is_file()}


def rows(folder):
    """-> of each generation, its lines."""
    folders = sorted(p.parent for p in Path(folder).rglob('flows.jsonl'))
    for f in folders:
        assert xml.etree.ElementTree.parse(f / 'report.xml').getroot().tag == 'dfxml'
    return [(f, [json.loads(line) for line in (f / 'flows.jsonl').read_text().splitlines()]) for f in folders]


def streams(generations):
    """-> by connection and side: its bytes, and its accounts."""
    all_of = {}
    for folder, lines in generations:
        for line in lines:
            for side in {'orig', 'resp'} & line.keys():  # a stream that ends alone has one
                s = line[side]
                key = line['flow_id'], line['first_packet'], side, s['stream']
                data, accounts = all_of.setdefault(key, [b'', []])
                file = (folder / s['file']).read_bytes() if 'file' in s else b''
                assert len(file) == s.get('file_size', 0), (key, s)
                accounts.append((s.get('offset'), line.get('continues', False), line['end'], s['account']))
                all_of[key][0] = data + file
    return all_of


def add(accounts, *terms):
    return sum(a[t] for _, _, _, a in accounts for t in terms)


def numbered(folder):
    """Names that are taken get numbers from 1 on, in each generation."""
    names = {p.name for p in folder.iterdir()}
    for name in names:
        stem, c, number = name.rpartition('c')
        if c and number.isdigit():
            assert (stem if number == '1' else f'{stem}c{int(number) - 1}') in names, (folder, name)


def compare(one, many, what):
    assert one.keys() == many.keys(), what
    for key, (data, accounts) in many.items():
        want, whole = one[key]
        assert data == want, (what, key, len(data), len(want))
        for terms in (['seen'], ['span'], ['written'], ['missing'], ['duplicate', 'conflicting'], ['late']):
            assert add(accounts, *terms) == add(whole, *terms), (what, key, terms)
        at = None
        for i, (offset, continues, end, a) in enumerate(accounts):
            assert continues == (i > 0) and (end == 'rotated') == (i + 1 < len(accounts)), (what, key, i, end, offset, at)
            assert i == 0 or offset == at, (what, key, i, end, offset, at)
            at = (offset or 0) + a['span'] - a['evicted']
            assert a['seen'] == sum(a[t] for t in ('written', 'duplicate', 'conflicting', 'outside', 'after_close',
                                                   'rejected', 'urgent', 'beyond_limit', 'evicted', 'write_failed', 'late'))


def counters(folder):
    total = {}
    for p in Path(folder).rglob('report.xml'):
        for c in xml.etree.ElementTree.parse(p).getroot().iter('{urn:tcpflow:report:2}counter'):
            total[c.get('name')] = total.get(c.get('name'), 0) + int(c.text if c.get('value') is None else c.get('value'))
    return total


CASES = [
    ('8K', ['--rotate', '8K'], '{}'),
    ('64K', ['--rotate', '64K'], '{}'),
    ('1s', ['--rotate', '1s'], '{}'),
    ('10s', ['--rotate', '10s'], '{}'),
    ('1m and 40K', ['--rotate', '1m', '--rotate', '40K'], '{}'),
    ('1d', ['--rotate', '1d'], '{}'),
    ('letters', ['--rotate', '20s'], '{}/%Y-%m-%d/%H%M%S'),
    ('the same name', ['--rotate', '20s'], '{}/%Y-%m-%d'),
    ('skip', ['--rotate', '10s', '--gaps', 'skip'], '{}'),
    ('limit', ['--rotate', '10s', '-b', '9000'], '{}'),
    ('cut', ['--rotate', '5s'], '{}'),
    ('digests', ['--rotate', '10s', '--sha256', '-FM', '-I'], '{}'),
]


def in_order(top):
    """Generations that are named by their time, some of them with a number."""
    return sorted((p for p in Path(top).iterdir()), key=lambda p: (p.name.split('.')[0], len(p.name), p.name))


def kept(box, path, frames):
    """What is kept with a generation's streams is what was read: read again, it makes the same."""
    with tempfile.TemporaryDirectory(dir=box) as t:
        run(path, t + '/one', '--write', t + '/all.pcapng')
        run(t + '/all.pcapng', t + '/two')
        assert streams(rows(t + '/one')) == streams(rows(t + '/two'))
        os.mkdir(t + '/kept')
        run(path, t + '/many', '--rotate', '10s', '--write', t + '/kept/%H%M%S.pcapng')
        files = in_order(t + '/kept')
        assert [p.stem for p in files] == [p.name[9:15] for p in in_order(t + '/many')], files
        several = [o for p in files[1:] for o in ('-r', str(p))]
        run(str(files[0]), t + '/again', *several)
        one, again = streams(rows(t + '/one')), streams(rows(t + '/again'))
        assert one == again
        assert sum(counters(t + '/again')[n] for n in ('frames',)) == frames
        run(path, t + '/more', '--write', t + '/kept/%H%M%S.pcapng', '--count', '1')
        assert any(p.name.count('.') == 2 for p in in_order(t + '/kept')), 'a file was overwritten'


def packets(box, path):
    """-K: each packet once."""
    def count(top):
        return sum((p.stat().st_size - 24) for p in Path(top).rglob('*.pcap'))
    with tempfile.TemporaryDirectory(dir=box) as t:
        for out, more in (('one', []), ('many', ['--rotate', '10s', '-j', '2'])):
            subprocess.run([BINARY, '-q', '-r', path, '-o', f'{t}/{out}', '-K', *more], check=True)
        assert count(t + '/one') == count(t + '/many') > 0
        assert len(list(Path(t + '/many').rglob('report.xml'))) > 9


def sessions(box, path):
    """Transcripts say at their end that there is more."""
    with tempfile.TemporaryDirectory(dir=box) as t:
        run(path, t + '/many', '--rotate', '30s', '--session')
        text = b''.join(p.read_bytes() for p in Path(t + '/many').rglob('*.session'))
        assert text.count(b'goes on in the next') > 9


def dozing(box):
    """With so little memory that most connections doze when a generation ends, all is the same."""
    with tempfile.TemporaryDirectory(dir=box) as t:
        capture(t + '/in.pcap', others=1500)
        for more in ([], ['--gaps', 'skip'], ['--sha256', '-j', '2']):
            for memory in ('8M', '512M'):
                run(t + '/in.pcap', f'{t}/{memory}', '--rotate', '10s', '--memory', memory, *more)
            little, much = tree(t + '/8M'), tree(t + '/512M')
            assert counters(t + '/8M')['flows_evicted'] == 0
            assert len(much) > 2000
            assert little == {k: v.replace(f'{t}/512M/'.encode(), f'{t}/8M/'.encode()) for k, v in much.items()}, \
                (more, [k for k in set(little) | set(much) if little.get(k) != much.get(k)])
            shutil.rmtree(t + '/8M')
            shutil.rmtree(t + '/512M')


def kill_in_the_last(path, out, jobs, generations):
    """By SIGKILL, when all has been read, and a generation is open"""
    process = subprocess.Popen([BINARY, '-q', '-r', '-', '-o', out, '--jsonl', '--rotate', '1m', '-j', jobs], stdin=subprocess.PIPE)
    process.stdin.write(Path(path).read_bytes())  # and the pipe stays open
    process.stdin.flush()
    until = time.monotonic() + 20
    while len(list(Path(out).glob('*'))) < generations and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(1.5)  # what waits is written twice a second
    process.kill()
    process.wait()


def numbers_go_on(box):
    """Connections of several workers are numbered when their rows are joined, by whoever mends, too: on from those of the
    generations before, which nothing but the parts of this one tells."""
    with tempfile.TemporaryDirectory(dir=box) as t:
        write(t + '/in.pcap', [f for i in range(28) for f in brief(i)])
        kill_in_the_last(t + '/in.pcap', t + '/out', '2', 2)
        first, last = in_order(t + '/out')
        assert (last / 'flows.jsonl.0').stat().st_size > 1000 < (last / 'flows.jsonl.1').stat().st_size, 'one worker had it all'
        subprocess.run([BINARY, '-q', '--recover', last], check=True)
        run(t + '/in.pcap', t + '/one')
        wanted = {l['first_packet']: l['flow_id'] for _, lines in rows(t + '/one') for l in lines}
        found = [(l['first_packet'], l['flow_id']) for l in rows(t + '/out')[-1][1]]
        assert len(found) == 13 and sum(number is not None for _, number in found) >= 10, found
        assert all(number in (None, wanted[packet]) for packet, number in found), (found, wanted)


def killed(box, path, jobs):
    """Generations before the last one are whole, and that can be mended."""
    with tempfile.TemporaryDirectory(dir=box) as t:
        kill_in_the_last(path, t + '/out', jobs, 4)
        whole, last = in_order(t + '/out')[:-1], in_order(t + '/out')[-1]
        for folder in whole:
            assert xml.etree.ElementTree.parse(folder / 'report.xml').getroot().tag == 'dfxml', folder
        before = tree(t + '/out')
        for folder in [*whole, last]:
            subprocess.run([BINARY, '-q', '--recover', folder], check=True)
        after = tree(t + '/out')
        assert all(after[k] == v for k, v in before.items() if not k.startswith(last.name + '/'))
        run(path, t + '/one')
        numbers = {(l['flow_id'], l['first_packet']) for _, lines in rows(t + '/one') for l in lines}
        got = rows(t + '/out')
        # Where a part ends too early, connections that began later have no number.
        assert {(l['flow_id'], l['first_packet']) for _, lines in got for l in lines if l['flow_id'] is not None} <= numbers
        assert any(l.get('continues') for l in got[-1][1]), 'nothing that went on has ended'
        one = streams(rows(t + '/one'))
        for (key, (data, _)) in streams(got[:-1]).items():
            assert one[key][0].startswith(data), key


def main():
    with tempfile.TemporaryDirectory() as box:
        path = box + '/in.pcap'
        frames = capture(path)
        kept(box, path, frames)
        packets(box, path)
        sessions(box, path)
        dozing(box)
        for jobs in '12':
            killed(box, path, jobs)
        numbers_go_on(box)
        for what, options, to in CASES:
            without = [o for i, o in enumerate(options) if o != '--rotate' and (i == 0 or options[i - 1] != '--rotate')]
            with tempfile.TemporaryDirectory(dir=box) as t:
                if what == 'cut':
                    capture(path, 700)
                elif what == 'digests':
                    capture(path)
                run(path, t + '/one', *without, '-j', '1')
                one = rows(t + '/one')
                for jobs in (1, 2):
                    run(path, to.format(f'{t}/{jobs}'), *options, '-j', str(jobs))
                many = rows(t + '/1')
                for folder, _ in many:
                    numbered(folder)
                assert len(many) > 1 or what in ('1d',), what
                compare(streams(one), streams(many), what)
                for jobs in (2,):
                    a, b = tree(t + '/1'), tree(f'{t}/{jobs}')
                    assert a == {k: v.replace(f'{t}/{jobs}/'.encode(), f'{t}/1/'.encode()) for k, v in b.items()}, \
                        (what, jobs, [k for k in set(a) | set(b) if a.get(k) != b.get(k)])
                total, once = counters(t + '/1'), counters(t + '/one')
                for name in ('frames', 'tcp_segments', 'bytes_seen', 'bytes_written', 'bytes_missing', 'flows'):
                    assert total[name] == once[name], (what, name, total[name], once[name])
                assert total['frames'] == frames
                print(f'{what}: {len(many)} generations, {sum(len(v[1]) for v in streams(many).values())} rows')


main()
