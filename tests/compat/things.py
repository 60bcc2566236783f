# SPDX-License-Identifier: BSD-3-Clause
"""What is compared of a run. Each function takes the folder it ran in and what subprocess.run() gave, and
returns {thing: value}."""
import hashlib
import time
import xml.etree.ElementTree
from collections import Counter

OURS_ALONE = {'conflicts.jsonl'}
STARTED_US = time.time_ns() // 1000 - 1000000


def outputs(box):
    out = box / 'out'
    return [(str(p.relative_to(out)), p) for p in sorted(out.rglob('*'))
            if p.is_file() and p.name not in OURS_ALONE | {'report.xml'}]


def described(path, content):
    """of a file; 1.6.1's times have microseconds. A time later than any capture's is that of the run."""
    us = path.stat().st_mtime_ns // 1000
    return {'': f'{len(content)} bytes {hashlib.sha256(content).hexdigest()[:12]}',
            ' time': 'of the run' if us >= STARTED_US else str(us)}


def files(box, _):
    return {name + what: value for name, path in outputs(box)
            for what, value in described(path, path.read_bytes()).items()}


def modes(box, _):
    return {name: oct(path.stat().st_mode) for name, path in outputs(box)}


def packets(box, _):
    """pcap files: behind the magic number and version come a snaplen and a link type"""
    return {name + what: value for name, path in outputs(box)
            for what, value in {' header': path.read_bytes()[:24].hex(),
                                **described(path, path.read_bytes()[24:])}.items()}


def index(box, _):
    """1.6.1's .findx are not in order."""
    return {f'{name} {"|".join(line)}': 'there' for name, path in outputs(box) if name.endswith('.findx')
            for line in sorted(row.split('|') for row in path.read_text().splitlines())}


def reports(box, _):
    """where they lie"""
    return {str(p.relative_to(box)): 'there' for p in box.rglob('*.xml')}


def numbered(text):
    """{line: how many times}: the third of a kind is a thing of its own"""
    count, things = Counter(), {}
    for line in text.decode('utf-8', 'backslashreplace').split('\n'):
        count[line] += 1
        things[f'{line} #{count[line]}'] = 'there'
    return things


def stdout(_, run):
    """each line, and their order"""
    digest = hashlib.sha256(run.stdout).hexdigest()[:12]
    return {**numbered(run.stdout), 'all of it': f'{len(run.stdout)} bytes {digest}'}


def lines(_, run):
    """the lines in any order"""
    return numbered(run.stdout)


def told(box, _):
    """what was written to descriptor 3"""
    return numbered((box / 'told').read_bytes())


ATTRIBUTES = ('startime', 'endtime', 'mac_saddr', 'mac_daddr', 'family', 'src_ipn', 'dst_ipn', 'srcport', 'dstport',
              'packets', 'len', 'caplen', 'out_of_order_count', 'violations')
ENDS = ('src_ipn', 'srcport', 'dst_ipn', 'dstport')


def microseconds(value):
    """1.6.1 leaves the fraction out when it is 0"""
    seconds, _, fraction = value.rstrip('Z').partition('.')
    return f'{seconds}.{fraction[:6]:0<6}'


def rows_of(path, things):
    """the fileobjects of a report, with what they hold"""
    try:
        for _, item in xml.etree.ElementTree.iterparse(path):
            if item.tag == 'fileobject' and item.find('tcpflow') is not None:
                yield item
    except xml.etree.ElementTree.ParseError:
        things['report'] = 'breaks off'


def report(box, _):
    """Each attribute of each row, by the file's name or, where there is no file, by the ends."""
    path = next((p for p in (box / 'out' / 'report.xml', box / 'report.xml') if p.exists()), None)
    things, count = {}, Counter()
    for item in rows_of(path, things) if path else ():
        facts = item.find('tcpflow')
        key = item.findtext('filename') or 'no file ' + ':'.join(str(facts.get(a)) for a in ENDS)
        count[key] += 1
        key = f'{key}#{count[key]}' if count[key] > 1 else key
        things[f'{key} filesize'] = item.findtext('filesize')
        for name in ATTRIBUTES:
            if (value := facts.get(name)) is not None:
                things[f'{key} {name}'] = microseconds(value) if name.endswith('time') else value
        for digest in item.iter('hashdigest'):
            things[f'{key} {digest.get("type")}'] = (digest.text or '').lower()
    return things


def exit_code(_, run):
    return {'exit status': str(run.returncode)}


COMPARED = {'files': files, 'modes': modes, 'packets': packets, 'index': index, 'reports': reports, 'stdout': stdout,
            'lines': lines, 'told': told, 'report': report, 'exit': exit_code}
