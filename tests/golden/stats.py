#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""--stats with capture files: OpenMetrics at every moment, rising, and right in the end.

Needs TCPFLOW_BINARY and TCPFLOW_SOURCE.
"""
import os, re, subprocess, sys, tempfile, time
from pathlib import Path

import openmetrics

BINARY = os.path.realpath(os.environ['TCPFLOW_BINARY'])
CAPTURE = (Path(os.environ['TCPFLOW_SOURCE']) / 'examples' / 'tls.pcap').read_bytes()
DEADLINE_S = 60


def read(path):
    text = path.read_text()
    samples = openmetrics.read(text)
    try:  # another reader, where there is one
        from prometheus_client.openmetrics.parser import text_string_to_metric_families
        theirs = {s.name: s.value for f in text_string_to_metric_families(text) for s in f.samples if not s.labels}
        assert theirs == samples, (theirs, samples)
    except ImportError:
        pass
    return samples


def the_checker():
    """It can find fault."""
    good = '# TYPE a_bytes counter\n# UNIT a_bytes bytes\n# HELP a_bytes x\na_bytes_total 1\n# EOF\n'
    assert openmetrics.read(good) == {'a_bytes_total': 1}
    for old, new in (('# EOF\n', ''), ('_total', ''), ('UNIT a_bytes bytes', 'UNIT a_bytes files'), (' 1', ' one'), (' 1', ' -1'),
                     ('counter', 'number'), ('HELP a_bytes x', 'HELP a_bytes "x'), ('\n# EOF', '\na_bytes_total 1\n# EOF'),
                     ('# HELP a_bytes x\n', ''), ('a_bytes_total 1', 'a_bytes_total  1'), ('\n# EOF', '\n\n# EOF')):
        assert old in good
        try:
            openmetrics.read(good.replace(old, new, 1))
        except openmetrics.Wrong:
            continue
        raise AssertionError(f'not seen: {old!r} -> {new!r}')


def counters_of(said):
    """name -> number, as -d 10 prints them"""
    rows = re.findall(r'^ {9}(\w+) +([\d,]+) \S', said[said.index('tcp_segments'.rjust(21)):], re.M)
    return {name: int(number.replace(',', '')) for name, number in rows}


def in_the_end(box, jobs):
    out, stats = Path(box) / f'out{jobs}', Path(box) / 'stats'
    run = subprocess.run([BINARY, '-d', '10', '-j', jobs, '-o', out, '--stats', stats, '-r', '-'], input=CAPTURE,
                         capture_output=True, timeout=DEADLINE_S)
    assert run.returncode == 0, run.stderr
    samples, counted = read(stats), counters_of(run.stderr.decode())
    assert len(counted) > 80, counted
    for name, value in counted.items():
        words = set(name.split('_'))
        found = [v for n, v in samples.items() if n.endswith('_total') and words <= set(n.split('_')) and v == value]
        assert found, (name, value)
    assert sorted(counted.values()) == sorted(v for n, v in samples.items() if n.endswith('_total'))
    assert samples['tcpflow_files_total'] == len([p for p in out.iterdir() if p.suffix != '.xml'])
    assert samples['tcpflow_memory_limit_bytes'] == 512 << 20
    assert not (Path(box) / 'stats.new').exists()


def meanwhile(box, jobs):
    """Written once a second while a pipe has something to say; never in part."""
    stats = Path(box) / 'stats'
    run = subprocess.Popen([BINARY, '-q', '-j', jobs, '-o', Path(box) / f'now{jobs}', '--stats', f'{stats},1', '-r', '-'],
                           stdin=subprocess.PIPE)
    seen, end = [], time.monotonic() + DEADLINE_S
    try:
        piece, at = len(CAPTURE) // 100, 0
        while len({s['tcpflow_frames_total'] for s in seen}) < 3:
            assert time.monotonic() < end, len(seen)
            run.stdin.write(CAPTURE[at:at + piece])
            run.stdin.flush()
            at += piece
            time.sleep(0.04)
            if stats.exists():
                seen.append(read(stats))
        run.stdin.write(CAPTURE[at:])
        run.stdin.close()
        assert run.wait(DEADLINE_S) == 0
    finally:
        run.kill()
    seen.append(read(stats))
    for before, after in zip(seen, seen[1:]):
        assert all(before[name] <= after[name] for name in before if name.endswith('_total'))
    middle = [s for s in seen if 0 < s['tcpflow_frames_total'] < seen[-1]['tcpflow_frames_total']]
    assert middle and all(s['tcpflow_open_flows'] > 0 and s['tcpflow_memory_bytes'] > 0 for s in middle[-1:]), len(middle)


def refused(box):
    for where in (f'{box}/nodir/stats', box, f'{box}/stats,0'):
        run = subprocess.run([BINARY, '-o', f'{box}/none', '--stats', where, '-r', '-'], input=b'', capture_output=True, timeout=DEADLINE_S)
        assert run.returncode in (1, 3) and run.stderr.count(b'\n') == 1, (where, run)
        assert not list(Path(f'{box}/none').glob('*'))  # root has made the folder, at most


def not_itself(box):
    """What is to be read is not replaced."""
    for name in ('in.pcap', 'in.pcap.new'):  # nor by the text that is about to
        capture = Path(box) / name
        capture.write_bytes(CAPTURE)
        run = subprocess.run([BINARY, '-o', f'{box}/none', '--stats', f'{box}/../{Path(box).name}/in.pcap,5', '-r', capture],
                             capture_output=True, timeout=DEADLINE_S)
        assert run.returncode == 1 and b'--stats would overwrite' in run.stderr, run
        assert capture.read_bytes() == CAPTURE and not list(Path(f'{box}/none').glob('*'))
        capture.unlink()


def main():
    the_checker()
    for jobs in '12':
        with tempfile.TemporaryDirectory() as box:
            in_the_end(box, jobs)
        with tempfile.TemporaryDirectory() as box:
            meanwhile(box, jobs)
    with tempfile.TemporaryDirectory() as box:
        refused(box)
        not_itself(box)


sys.exit(main())
