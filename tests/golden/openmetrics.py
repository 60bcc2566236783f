# SPDX-License-Identifier: BSD-3-Clause
"""Reads OpenMetrics text as strictly as version 1.0 of its specification allows, for tests."""
import re

NAME = re.compile(r'[a-zA-Z_:][a-zA-Z0-9_:]*')
NUMBER = re.compile(r'[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|[+-]?Inf|NaN')
SUFFIXES = {'counter': ('_total', '_created'), 'gauge': ('',), 'info': ('_info',), 'unknown': ('',)}
LABELS = re.compile(r'\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"(?:,(?=[a-zA-Z_]))?)*)\}')


class Wrong(Exception):
    pass


def demand(fact, *why):
    if not fact:
        raise Wrong(' '.join(map(str, why)))


def value_of(text):
    demand(NUMBER.fullmatch(text), 'no number:', text)
    return float(text) if re.search(r'[.eEIN]', text) else int(text)


class Family:
    def __init__(self, name):
        self.name, self.told, self.samples = name, {}, {}

    def describe(self, what, rest):
        demand(not self.samples, what, 'of', self.name, 'comes behind its samples')
        demand(what not in self.told, what, 'of', self.name, 'is there twice')
        if what == 'TYPE':
            demand(rest in SUFFIXES, 'type', rest, 'of', self.name)
        if what == 'UNIT' and rest:
            demand(self.name.endswith('_' + rest), 'unit', rest, 'is not the end of', self.name)
        if what == 'HELP':
            demand(not re.search(r'\\[^\\n"]|(?<!\\)"', rest), 'HELP of', self.name, 'is not escaped')
        self.told[what] = rest

    def add(self, name, labels, value):
        demand(name[len(self.name):] in SUFFIXES[self.told.get('TYPE', 'unknown')], name, 'is no sample of', self.name, self.told)
        demand((name, labels) not in self.samples, name, 'is there twice')
        kind = self.told.get('TYPE')
        demand(kind != 'counter' or (value == value and value >= 0), name, 'is a counter of', value)
        demand(kind != 'info' or (value == 1 and not self.told.get('UNIT')), name, 'is an info of', value)
        self.samples[name, labels] = value


def read(text):
    """-> {sample name: value}, of samples without labels"""
    demand(text.endswith('# EOF\n'), 'no # EOF at the end')
    families, now = {}, None
    for line in text[:-len('# EOF\n')].split('\n')[:-1]:
        demand(line and line == line.strip(' ') and '  ' not in line, 'blanks:', repr(line))
        if line.startswith('#'):
            hash_, what, name, *rest = line.split(' ', 3)
            demand(hash_ == '#' and what in ('TYPE', 'UNIT', 'HELP') and NAME.fullmatch(name) and rest, 'line:', line)
            if now is None or now.name != name:
                demand(name not in families, name, 'is not in one place')
                now = families[name] = Family(name)
            now.describe(what, rest[0])
            continue
        name = NAME.match(line)
        demand(name, 'line:', line)
        labels = LABELS.match(line, name.end())
        rest = line[labels.end() if labels else name.end():]
        demand(rest.startswith(' ') and ' ' not in rest[1:], 'line:', line)
        demand(now is not None and now.samples == {} or name[0].startswith(now.name), 'line:', line)
        now.add(name[0], labels[1] if labels else '', value_of(rest[1:]))
    samples = set()
    for family in families.values():
        demand(family.samples, family.name, 'has no samples')
        demand(set(family.told) >= {'TYPE', 'HELP'}, family.name, 'is not described')
        for name, _ in family.samples:
            demand(name not in samples, name, 'belongs to two')
            samples.add(name)
    return {name: value for f in families.values() for (name, labels), value in f.samples.items() if not labels}
