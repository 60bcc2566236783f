#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Records each capture of the folder that TCPFLOW_CORPUS names, and compares the files with
expected/CAPTURE.json there: a row for each direction, with src, sport, dst, dport, conn (which
connection of these ports), bytes, and sha_skip and sha_zero, the digests of the stream with its
gaps left out and filled with NULs.

A row with bytes wants one file of its name with one of these digests (VLAN ids and cN are not
compared); a file that no row wants is wrong too. Captures in the folder robust/ have no rows: the
command must only end in order. All is done with one thread and with four, and both report the same.

Rows that are known to be wrong stand in KNOWN, with the cause; one of them that turns right is a
failure as well, so that the list only ever shrinks.

    TCPFLOW_BINARY=build/tcpflow TCPFLOW_CORPUS=FOLDER tests/corpus/compare.py [CAPTURE...]
"""
import hashlib
import ipaddress
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from xml.etree import ElementTree

HERE = Path(__file__).resolve().parent
STREAM_FILE = re.compile(r'(.+)\.(\d{5})-(.+)\.(\d{5})(--\d+)*(c\d+)?')


def plain(address):
    """1.6.1 pads IPv4 addresses with zeros, which ipaddress refuses."""
    if ':' in address:
        return str(ipaddress.ip_address(address))
    return '.'.join(str(int(part)) for part in address.split('.'))


def recorded(folder):
    """(src, sport, dst, dport) -> digests of the files that bear these; and names of no stream"""
    found, strange = defaultdict(list), []
    for path in sorted(folder.rglob('*')):
        if path.name in ('conflicts.jsonl', 'flows.jsonl', 'report.xml'):  # tell of streams, are none
            continue
        name = STREAM_FILE.fullmatch(path.name)
        if not path.is_file() or not name:
            strange.append(path.name)
            continue
        src, sport, dst, dport = name.group(1, 2, 3, 4)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        found[plain(src), int(sport), plain(dst), int(dport)].append(digest)
    return found, strange


def judge(rows, found):
    """-> rows that have no right file, and files that belong to no row"""
    missed, extra = [], []
    left = {key: list(digests) for key, digests in found.items()}
    for row in rows:
        digests = left.get((row['src'], row['sport'], row['dst'], row['dport']), [])
        right = [d for d in digests if d in (row['sha_skip'], row['sha_zero'])]
        if right:
            digests.remove(right[0])
        else:
            missed.append(row)
    blamed = {(r['src'], r['sport'], r['dst'], r['dport']) for r in missed}
    for key, digests in left.items():
        if digests and key not in blamed:
            extra += ['%s.%d-%s.%d' % key] * len(digests)
    return missed, extra


def label(capture, row):
    return f"{capture} {row['src']}.{row['sport']}-{row['dst']}.{row['dport']} {row['conn']}"


def cause(manifest, row):
    """Why a row may be out of reach, as far as the manifest tells."""
    if row['tunnel']:
        return '/'.join(sorted(set(row['tunnel'])))
    if 'tunnel_varies' in row['notes']:
        return 'a tunnel, for some of its packets'
    return 'fragments' if manifest['features'].get('defragmented') else 'none that is known'


def told(out):
    """What reports say of flows, which is the same for any number of threads."""
    lines, report = out / 'flows.jsonl', out / 'report.xml'
    if not report.exists():
        return None
    xml = report.read_bytes()
    ElementTree.fromstring(xml)
    xml = xml.replace(os.fsencode(out), b'flows')
    return lines.read_bytes(), xml[xml.find(b'<fileobject>'):xml.rfind(b'</fileobject>')]


def record(binary, capture, jobs):
    with tempfile.TemporaryDirectory() as box:
        out = Path(box) / 'flows'
        run = subprocess.run([binary, '-q', '--jsonl', '-j', str(jobs), '-o', out, '-r', capture], cwd=box, timeout=120,
                             stdin=subprocess.DEVNULL, capture_output=True)
        return run.returncode, run.stderr.decode(errors='replace'), told(out), *recorded(out)


def known():
    lines = (HERE / 'KNOWN').read_text().splitlines()
    pairs = [line.split(maxsplit=1) for line in lines if line and line[0] != '#']
    return {direction: cause for cause, direction in pairs}


def main(wanted):
    corpus = os.environ.get('TCPFLOW_CORPUS')
    if not corpus:
        print('SKIP: TCPFLOW_CORPUS names no folder with captures and expected/')
        sys.exit(77)
    corpus, binary = Path(corpus).resolve(), Path(os.environ['TCPFLOW_BINARY']).resolve()
    captures = [p for p in sorted(corpus.iterdir()) if (corpus / 'expected' / (p.name + '.json')).exists()]
    captures += sorted((corpus / 'robust').glob('*'))
    captures = [p for p in captures if not wanted or p.name in wanted]
    list_of_known, faults, causes, total = known(), [], Counter(), 0
    if not captures:
        sys.exit(f'{corpus} has no captures with expected streams')

    for capture in captures:
        described = capture.parent == corpus
        manifest = json.loads((corpus / 'expected' / (capture.name + '.json')).read_text()) if described else None
        rows = [r for r in manifest['rows'] if r['bytes']] if described else []
        total += len(rows)
        reports = []
        for jobs in (1, 4):
            status, words, report, found, strange = record(binary, capture, jobs)
            reports.append(report)
            if report != reports[0]:
                faults.append(f'{capture.name}: another report with -j {jobs}')
            if status not in (0, 2):
                faults.append(f'{capture.name}: exit code {status} with -j {jobs}: {words.strip()}')
            if not described:
                continue
            missed, extra = judge(rows, found)
            faults += [f'{capture.name}: a file that no direction wants, -j {jobs}: {name}' for name in extra + strange]
            wrong = {label(capture.name, row): row for row in missed}
            for text, row in wrong.items():
                if text not in list_of_known:
                    faults.append(f'wrong with -j {jobs}: {text}: {row["bytes"]} bytes ({cause(manifest, row)})')
                elif jobs == 1:
                    causes[list_of_known[text]] += 1
            for text in list_of_known:
                if text.split()[0] == capture.name and text not in wrong:
                    faults.append(f'right with -j {jobs}, and still in KNOWN: {text}')
    if not wanted:
        names = {p.name for p in captures}
        faults += [f'in KNOWN, and there is no such capture: {t}' for t in list_of_known if t.split()[0] not in names]

    for fault in faults:
        print(fault)
    listed = ', '.join(f'{n} {c}' for c, n in causes.most_common())
    print(f'{len(captures)} captures, {total} directions, {sum(causes.values())} known to be wrong ({listed}), '
          f'{len(faults)} faults')
    sys.exit(1 if faults else 0)


main(sys.argv[1:])
