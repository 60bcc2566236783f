#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Many connections, recorded live.

    many.py NAME TALK FLOOD	one scenario; the programs are tests/live/talk and tests/live/flood
    many.py --list		their names

TCPFLOW_CONNECTIONS (2000), TCPFLOW_SYNS (500000), TCPFLOW_SOAK (20 seconds), TCPFLOW_SEED; and
TCPFLOW_PATIENCE, in seconds, where that takes longer than usual.
"""
import resource
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import load
from capture import PATIENCE, Command, expect
from load import Talks, differing, dropped, environment, memory, number, place_with, set_offloads, streams


def many(box):
    """Connections of all sizes and manners, 200 at a time: each direction as both ends have said."""
    count = environment('CONNECTIONS', 2000)
    place = place_with(box)
    set_offloads(place, 'off')
    talks = Talks(place, TALK, seed=environment('SEED', 1))
    command = Command(box, '-i', 'near', '--strict', report=True)
    began = time.monotonic()
    talks.run(count, 200, 200_000, patience=PATIENCE)
    spent = time.monotonic() - began
    wanted = talks.finish()
    command.stop()
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    wrong, strange = differing(command.folder, wanted)
    print(f'{count} connections in {spent:.1f} s: {wanted.total()} streams, {wrong} differ, {strange} files too many, '
          f'{dropped(command.said)} packets dropped, peak memory {peak} KiB')
    print(command.said)
    expect((wrong, strange, dropped(command.said)), (0, 0, 0), 'differing streams, others, drops')
    sizes = [p.stat().st_size for p in Path(command.folder).iterdir() if load.is_stream(p)]
    told = [number(command.said, what) for what in ('flows', 'files', 'bytes recorded')]
    expect(told, [count, len(sizes), sum(sizes)], 'what the summary counts')


def flood(box):
    """1,000 slow transfers, and SYNs that nobody answers meanwhile: the transfers are recorded, memory has its bound."""
    syns, rate = environment('SYNS', 500_000), environment('RATE', 100_000)
    seconds, bound = syns / rate, 64 << 10
    place = place_with(box)
    talks = Talks(place, TALK, seed=environment('SEED', 1))
    command = Command(box, '-i', 'near', '--memory', f'{bound >> 10}M', '--ring', '32M', report=syns <= 1_000_000)
    place.far.start('flood', FLOOD, 'far', syns, rate, 1)
    talks.end(talks.begin(1000, 1000, 100_000, int(seconds) + 1), PATIENCE)
    expect(place.far.ask('end flood'), 0, 'exit status of the flood')
    wanted = talks.finish()
    peak = memory(command.process.pid)
    command.stop()
    wrong, strange = differing(command.folder, wanted)
    print(f'{syns} SYNs in about {seconds:.0f} s during 1,000 transfers: {wanted.total()} streams, {wrong} differ, '
          f'{strange} files too many, {dropped(command.said)} packets dropped, peak memory {peak} KiB')
    print(command.said)
    assert wrong <= wanted.total() // 1000, f'{wrong} streams differ'
    assert peak <= bound + (32 << 10) + (16 << 10), f'peak memory {peak} KiB'
    assert number(command.said, 'packets') > syns, 'few SYNs were heard'  # each takes `seconds` at least


def remove_right(folder, wanted):
    """Files of streams that are as they were said go, and so do these streams."""
    names = {name for name, _ in wanted}
    for path in Path(folder).iterdir():
        if path.name in names and wanted[stream := load.stream_of(path)] > 0:
            wanted[stream] -= 1
            path.unlink()
    return +wanted


def show(curve):
    """A line of 30 figures at most."""
    step = max(1, len(curve) // 30)
    print('second   ' + ' '.join(f'{i:6}' for i in range(0, len(curve), step)))
    print('VmRSS KiB' + ' '.join(f'{max(curve[i:i + step]):6}' for i in range(0, len(curve), step)))


def soak(box):
    """A mixed load for minutes: each second's memory, and at last that it no longer grew. What was
    recorded is compared, and removed, meanwhile."""
    seconds, bound = environment('SOAK', 10), 48 << 10
    place = place_with(box)
    talks = Talks(place, TALK, seed=environment('SEED', 1))
    command = Command(box, '-i', 'near', '--memory', f'{bound >> 10}M', '--ring', '16M', '--idle-timeout', '60', '-j', '2',
                      report=seconds < 60)  # rows of a million SYNs fill any small disk
    place.far.start('flood', FLOOD, 'far', 2000 * seconds, 2000, 1)
    slow = talks.begin(200, 200, 1 << 20, seconds)
    began, curve, open_streams, count = time.monotonic(), [], Counter(), 0
    over = threading.Event()

    def sample():
        while not over.wait(1):
            curve.append(memory(command.process.pid, 'VmRSS'))
    sampler = threading.Thread(target=sample, daemon=True)
    sampler.start()
    while time.monotonic() < began + seconds:
        more = streams(talks.run(400, 50, 300_000))
        count += more.total()
        open_streams = remove_right(command.folder, open_streams) + more
        time.sleep(0.5)  # a load that leaves the machine something
    over.set()
    rest = streams(talks.end(slow))
    talks.finish()
    place.far.ask('end flood')
    command.stop()
    wrong, strange = differing(command.folder, open_streams + rest)
    if wrong or strange:
        found = load.recorded(command.folder)
        print('of the slow ones:', sum((rest - found).values()))
        for name, _ in sorted(open_streams + rest - found)[:20]:
            print('lacking', name, [(p.name, p.stat().st_size) for p in Path(command.folder).glob(name + '*')])
        print('too many:', sorted(name for name, _ in found - open_streams - rest)[:20])
    third = len(curve) // 3
    middle, last = max(curve[third:2 * third]), max(curve[2 * third:])
    show(curve)
    print(f'{len(curve)} s, {count + rest.total()} streams, {wrong} differ, {strange} files too many, {dropped(command.said)} packets dropped; '
          f'peak of the middle third {middle} KiB, of the last {last} KiB')
    print(command.said)
    expect((wrong, strange, dropped(command.said)), (0, 0, 0), 'differing streams, others, drops')
    assert max(curve) <= bound + (16 << 10) + (16 << 10), f'{max(curve)} KiB'
    assert seconds < 300 or last <= 1.05 * middle, 'memory grows'


SCENARIOS = (many, flood, soak)

if __name__ == '__main__':
    if sys.argv[1] != '--list':
        TALK, FLOOD = sys.argv[2:4]
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    load.main(SCENARIOS, __file__, ('ethtool',))
