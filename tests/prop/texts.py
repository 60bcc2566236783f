# SPDX-License-Identifier: BSD-3-Clause
"""Random strings (TCPFLOW_TEXTS, 100,000) as JSON and XML: no control characters, and the same when read back."""
import json
import os
import random
import re
import subprocess
import sys
import unicodedata
import xml.etree.ElementTree as tree

count = int(os.environ.get('TCPFLOW_TEXTS', 100000))
seed = int(os.environ.get('TCPFLOW_SEED', random.randrange(1 << 60)))
BIDI = set('\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029')


def back(value):
    """The bytes that a value stands for: base/text.h says how."""
    return re.sub(rb'\\x([0-9a-f]{2})', lambda m: bytes([int(m[1], 16)]), value.encode())


def check_printable(text):
    for c in text:
        if c != '\t' or text.count('\t') != 2:
            assert unicodedata.category(c) != 'Cc' and c not in BIDI, ascii(text)


def check_xml(batch):
    root = tree.fromstring('<r>' + ''.join("<s a='%s'>%s</s>" % (x, x) for _, x in batch) + '</r>')
    for (bytes_, x), element in zip(batch, root):
        for value in (element.get('a'), element.text or ''):
            assert back(value) == bytes_, ascii(x)


print('seed', seed)
emulator = os.environ.get('MESON_EXE_WRAPPER', '').split()  # where the command is another machine's
child = subprocess.Popen([*emulator, sys.argv[1], str(count), str(seed)], stdout=subprocess.PIPE)
batch, seen, hard = [], 0, 0
for line in child.stdout:
    text = line.decode('utf-8', 'strict')[:-1]
    check_printable(text)
    digits, as_json, as_xml = text.split('\t')
    bytes_ = bytes.fromhex(digits)
    assert back(json.loads(as_json)) == bytes_, ascii(as_json)
    batch.append((bytes_, as_xml))
    seen += 1
    hard += b'\\x' in bytes_
    if len(batch) == 1000:
        check_xml(batch)
        batch = []
check_xml(batch)
assert child.wait() == 0 and seen == count and (hard > 0 or count < 10000)
print(seen, 'strings read back')
