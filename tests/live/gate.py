# SPDX-License-Identifier: BSD-3-Clause
"""What a receiver lets through to its queue: the lines that are judged.

A line is what is sent between "abc" and "defghi" of a connection. Mostly it is XYZ at the place of
def: the application shows whether the receiver took it. LINES has a line for each rule, with
what the connection needs; `whole` are lines that say all of the connection themselves.
"""
from dataclasses import dataclass
from typing import Callable

from wire import ACK, CALLING_PORT, FAST_PORT, FIN, PORT, PSH, RST, SYN, URG

FAR = 1 << 20
MD5 = bytes([1, 1, 19, 18]) + bytes(range(16))
AO = bytes([29, 16, 1, 1]) + bytes(range(12))
WRONG = b'XYZ'


@dataclass
class Line:
    name: str
    odd: Callable
    whole: bool = False
    opens: bool = False  # by its own means
    to: int = PORT
    stamps: bool = False
    scale: int = None
    inline: bool = False
    called: bool = False  # the kernel's side opens the connection

    def play(self, peer):
        if self.called:
            peer.be_called()
        elif not self.opens:
            peer.open(inline=self.inline)
        if self.whole:
            self.odd(peer)
            return
        peer.say(b'abc')
        self.odd(peer)
        peer.say(b'def')
        peer.say(b'ghi')
        peer.fin()


def urgent(peer):
    peer.send(b'def', flags=ACK | PSH | URG, urgent=3)


def flags(bits, **more):
    return lambda peer: peer.send(WRONG, flags=bits, **more)


def bare(bits, **more):
    return lambda peer: peer.send(flags=bits, **more)


def odd(**more):
    return lambda peer: peer.send(WRONG, **more)


def early_fin(*others, at=6):
    """FIN ahead of its data, and others of the same kind; then the data."""
    def play(peer):
        peer.say(b'abc')
        peer.send(flags=ACK | FIN, at=at)
        for place, payload, bits in others:
            peer.send(payload, at=place, flags=ACK | bits)
        peer.say(b'def')
        peer.say(b'ghi')
    return play


def beyond_fin(peer):
    peer.say(b'abc')
    peer.fin()
    peer.send(WRONG, at=3)
    peer.send(WRONG, at=4)


def fin_ahead(peer):
    peer.say(b'abc')
    peer.send(flags=ACK | FIN, at=6)
    peer.say(b'def')


def fin_ahead_then_beyond(peer):
    peer.say(b'abc')
    peer.send(flags=ACK | FIN, at=6)
    peer.send(b'defXYZ')
    peer.at = 6


def fin_twice(peer):
    """The later FIN lies nearer."""
    peer.say(b'abc')
    peer.send(flags=ACK | FIN, at=9)
    peer.send(flags=ACK | FIN, at=6)
    peer.say(b'def')
    peer.say(b'ghi')


def edge(relative, keep=True):
    """Data at that distance from the right edge of the window; then the stream goes on up to that place, and over it.
    keep: the application has not read yet"""
    def play(peer):
        peer.say(b'abc')
        if not keep:
            peer.application.read()
        place = peer.edge + relative
        peer.send(WRONG, at=place)
        while peer.at < place:
            peer.application.read()
            peer.say((b'%05d' % (peer.at // 1000) * 200)[:place - peer.at])
        peer.say(b'defghi')
        peer.fin()
    return play


def old_stamp(by, **more):
    def play(peer):
        peer.send(WRONG, stamp=peer.stamp - by, **more)
    return play


def old_stamp_early(peer):
    peer.send(WRONG, at=peer.at + 3, stamp=peer.stamp - 500)


def younger_copy(at):
    """A copy of what was acknowledged has a later timestamp than what follows."""
    def play(peer):
        peer.say(b'abc')
        peer.say(b'def')
        peer.send(b'abcdef'[at:at + 3], at=at, stamp=peer.stamp + 500)
        peer.say(b'ghi')
    return play


def keepalive(payload):
    return lambda peer: peer.send(payload, at=peer.at - 1)


def over_syn_data(data, stated):
    """Data on the SYN, then others at the same place, from the beginning or behind it."""
    def play(peer):
        peer.open(data)
        peer.at = stated
        peer.say(b'abcdef'[stated:])
        peer.say(b'ghi')
        peer.fin()
    return play


def after_reset(peer):
    peer.say(b'abc')
    peer.send(flags=RST)
    peer.send(WRONG)


def reset_with_data(peer):
    peer.say(b'abc')
    peer.send(WRONG, flags=RST | ACK)


def answer(peer, first=(), data=b'', second=False):
    """The kernel's SYN is answered. first: changes of a SYN-ACK that comes before"""
    if first:
        peer.send(flags=SYN | ACK, at=0, **dict(first))
    peer.send(data, flags=SYN | ACK, at=0)
    if second:
        peer.send(flags=SYN | ACK, at=0, isn=peer.isn + 5000)
    peer.say(b'abc')
    peer.say(b'def')
    peer.fin()


def simultaneous(data):
    def play(peer):
        peer.send(data, flags=SYN, at=0)
        peer.send(flags=ACK)
        peer.say(b'abc')
        peer.say(b'def')
        peer.fin()
    return play


LINES = [
    Line('plain', lambda peer: None),
    Line('urgent', urgent),
    Line('urgent-read-inline', urgent, inline=True),
    Line('bad-checksum', odd(damage=77)),
    Line('data-without-ack', flags(PSH)),
    Line('data-without-any-flag', flags(0)),
    Line('early-data-without-ack', lambda peer: peer.send(WRONG, at=peer.at + 3, flags=PSH)),
    Line('data-with-ack-far-beyond', odd(ack=FAR)),
    Line('data-with-ack-one-beyond', odd(ack=1)),
    Line('early-data-with-ack-beyond', lambda peer: peer.send(WRONG, at=peer.at + 3, ack=FAR)),
    Line('data-with-ack-far-before', odd(ack=-(1 << 30))),
    Line('early-data-with-ack-far-before', lambda peer: peer.send(WRONG, at=peer.at + 3, ack=-(1 << 30))),
    Line('early-data-with-ack-before', lambda peer: peer.send(WRONG, at=peer.at + 3, ack=-1)),
    Line('data-with-ack-before', odd(ack=-1)),
    Line('fin-without-ack', bare(FIN)),
    Line('fin-with-ack-far-beyond', bare(FIN | ACK, ack=FAR)),
    Line('fin-outside-window', bare(FIN | ACK, at=FAR)),
    Line('fin-with-bad-checksum', bare(FIN | ACK, damage=77)),
    Line('rst-exact', bare(RST)),
    Line('rst-exact-with-ack', bare(RST | ACK)),
    Line('rst-exact-then-data', after_reset, whole=True),
    Line('rst-exact-with-data', reset_with_data, whole=True),
    Line('rst-in-window', bare(RST, at=103)),
    Line('rst-in-window-with-data', flags(RST, at=6)),
    Line('rst-old', bare(RST, at=1)),
    Line('rst-old-with-data', flags(RST | ACK, at=0)),
    Line('rst-outside-window', bare(RST, at=FAR)),
    Line('syn-in-window', bare(SYN, at=100)),
    Line('syn-in-window-with-data', flags(SYN, at=4)),
    Line('syn-ack-in-window-with-data', flags(SYN | ACK, at=4)),
    Line('syn-exact-with-data', flags(SYN | ACK, at=3)),
    Line('syn-repeated', bare(SYN, at=0)),
    Line('syn-repeated-with-data', flags(SYN, at=0)),
    Line('syn-fin', bare(SYN | FIN, at=4)),
    Line('data-beyond-fin', beyond_fin, whole=True),
    Line('fin-ahead-of-data', fin_ahead, whole=True),
    Line('fin-ahead-then-data-across', fin_ahead_then_beyond, whole=True),
    Line('fin-twice', fin_twice, whole=True),
    Line('fin-with-early-data-again', lambda peer: (peer.send(WRONG, at=6), early_fin((6, b'ghi', FIN))(peer)), whole=True),
    Line('fin-ahead-inside-data', early_fin(at=5), whole=True),
    Line('fin-ahead-then-early-data', early_fin((6, WRONG, 0)), whole=True),
    Line('fin-ahead-then-early-data-with-fin', early_fin((6, WRONG, FIN)), whole=True),
    Line('fin-ahead-then-early-data-over-it', early_fin((4, WRONG, 0)), whole=True),
    Line('fin-ahead-twice', early_fin((7, b'', FIN)), whole=True),
    Line('fin-ahead-then-data-behind', early_fin((7, WRONG, 0)), whole=True),
    Line('fin-inside-early-data', lambda peer: (peer.send(WRONG, at=6), early_fin(at=7)(peer)), whole=True),
    Line('fin-at-start-of-early-data', lambda peer: (peer.send(WRONG, at=6), early_fin(at=6)(peer)), whole=True),
    Line('fin-behind-early-data', lambda peer: (peer.send(WRONG, at=6), early_fin(at=9)(peer)), whole=True),
    Line('data-far-beyond-window', odd(at=FAR)),
    Line('data-half-the-space-away', odd(at=1 << 31)),
    Line('data-before-the-stream', odd(at=-FAR)),
    Line('data-beyond-window', edge(1000), whole=True),
    Line('data-at-window-edge', edge(0), whole=True),
    Line('data-at-window-edge-but-one', edge(1), whole=True),
    Line('data-up-to-window-edge', edge(-3), whole=True),
    Line('data-across-window-edge', edge(-1), whole=True),
    Line('data-across-window-edge-all-read', edge(-1, keep=False), whole=True),
    Line('data-beyond-scaled-window', edge(1000), whole=True, scale=7),
    Line('data-up-to-scaled-window-edge', edge(-3), whole=True, scale=7),
    Line('data-across-scaled-window-edge', edge(-1), whole=True, scale=7),
    Line('paws', old_stamp(500), stamps=True),
    Line('paws-early', old_stamp_early, stamps=True),
    Line('paws-one-older', old_stamp(1), stamps=True),
    Line('paws-same', old_stamp(0), stamps=True),
    Line('paws-fin', bare(FIN | ACK, stamp=1), stamps=True),
    Line('paws-rst', bare(RST, stamp=1), stamps=True),
    Line('paws-not-negotiated', lambda peer: (peer.send(stamp=5000), peer.send(b'def', stamp=1)), stamps=False),
    Line('paws-younger-copy', younger_copy(0), whole=True, stamps=True),
    Line('paws-younger-copy-of-the-latest', younger_copy(3), whole=True, stamps=True),
    Line('timestamps-missing', lambda peer: peer.send(WRONG, stamp=None), stamps=True),
    Line('md5', odd(options=MD5)),
    Line('tcp-ao', odd(options=AO)),
    Line('unknown-option', odd(options=bytes([200, 4, 1, 2]))),
    Line('data-on-syn', over_syn_data(WRONG, 0), whole=True, opens=True),
    Line('data-on-syn-same', over_syn_data(b'abc', 0), whole=True, opens=True),
    Line('data-on-syn-fast-open', over_syn_data(b'abc', 3), whole=True, opens=True, to=FAST_PORT),
    Line('data-on-syn-fast-open-conflict', over_syn_data(WRONG, 0), whole=True, opens=True, to=FAST_PORT),
    Line('keep-alive', keepalive(b'X')),
    Line('keep-alive-zero', keepalive(b'\0')),
    Line('keep-alive-empty', keepalive(b'')),
    Line('kernel-calls', answer, whole=True, called=True, to=CALLING_PORT),
    Line('data-on-syn-ack', lambda peer: answer(peer, data=WRONG), whole=True, called=True, to=CALLING_PORT),
    Line('syn-ack-forged-ack', lambda peer: answer(peer, first={'ack': 99, 'isn': 77777}), whole=True, called=True, to=CALLING_PORT),
    Line('syn-ack-twice', lambda peer: answer(peer, second=True), whole=True, called=True, to=CALLING_PORT),
    Line('simultaneous-open', simultaneous(b''), whole=True, called=True, to=CALLING_PORT),
    Line('simultaneous-open-with-data', simultaneous(WRONG), whole=True, called=True, to=CALLING_PORT),
]
