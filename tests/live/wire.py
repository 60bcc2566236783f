# SPDX-License-Identifier: BSD-3-Clause
"""A sender of raw TCP segments, and the kernel's sockets that receive them.

The two meet at a TAP device: what is written to it comes in, and has been looked at by the
receiving socket when the write returns; what is read from it went out. A TAP device is used
because the kernel can join the frames that come in by it (a TUN device's it cannot always), and joining
is part of what is judged. All frames are kept for a capture, in true order.
"""
import fcntl
import os
import re
import select
import socket
import struct
import subprocess
import time

FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
SERVER, PORT, FAST_PORT, CALLING_PORT = '10.9.0.1', 9000, 9001, 9002
MAC = bytes([2, 0, 0, 0, 9, 1])
ETHERNET = MAC + bytes([2, 0, 0, 0, 9, 2]) + b'\x08\x00'
MODULUS = 1 << 32
PATIENCE = 5  # seconds for what comes at once


def checksum(data):
    total = int.from_bytes(data + bytes(len(data) % 2), 'big') % 65535
    return 65535 - total if total else 65535


class NoDevice(Exception):
    pass


class Wire:
    def __init__(self):
        SET_INTERFACE, TAP, BARE = 0x400454ca, 0x0002, 0x1000
        try:
            self.tap = os.open('/dev/net/tun', os.O_RDWR)  # blocking, else its frames cannot be joined
            fcntl.ioctl(self.tap, SET_INTERFACE, struct.pack('16sH22x', b'wire', TAP | BARE))
        except OSError as e:
            raise NoDevice(str(e)) from e
        self.frames, self.peers = [], {}
        self.poll = select.poll()
        self.poll.register(self.tap, select.POLLIN)
        for name, value in (('ipv6/conf/wire/disable_ipv6', 1), ('ipv4/tcp_fastopen', 0x203), ('ipv4/tcp_timestamps', 1),
                            ('ipv4/tcp_sack', 1), ('ipv4/tcp_dsack', 1), ('ipv4/conf/wire/rp_filter', 0),
                            ('ipv4/tcp_rmem', '4096 131072 6291456'), ('ipv4/tcp_syncookies', 0)):
            if os.path.exists('/proc/sys/net/' + name):
                with open('/proc/sys/net/' + name, 'w') as f:
                    f.write(str(value))
        for words in ('link set lo up', 'link set wire address 02:00:00:00:09:01 arp off up', f'addr add {SERVER}/16 dev wire'):
            subprocess.run(['ip', *words.split()], check=True)
        self.listeners = {port: socket.create_server((SERVER, port), backlog=64) for port in (PORT, FAST_PORT)}
        self.listeners[FAST_PORT].setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 16)
        for listener in self.listeners.values():
            listener.settimeout(PATIENCE)

    def note(self, frame):
        self.frames.append((time.time_ns(), frame))

    def take(self, patience=0.0):
        """What has gone out."""
        while self.poll.poll(patience * 1000):
            patience = 0
            frame = os.read(self.tap, 65536)
            self.note(frame)
            if frame[12:14] == b'\x08\x00' and frame[23] == 6:
                peer = self.peers.get((frame[30:34], struct.unpack_from('>H', frame, 36)[0]))
                if peer:
                    peer.hear(frame[34:])

    def send(self, packet):
        self.take()
        self.note(ETHERNET + packet)
        os.write(self.tap, ETHERNET + packet)
        self.take()

    def capture(self):
        out = [struct.pack('<IHHiIII', 0xa1b23c4d, 2, 4, 0, 0, 65535, 1)]
        for t, frame in self.frames:
            out.append(struct.pack('<IIII', t // 10**9, t % 10**9, len(frame), len(frame)) + frame)
        return b''.join(out)


class Application:
    """The one behind the receiving socket."""

    def __init__(self, s, inline=False):
        self.s, self.stream, self.end = s, b'', ''
        s.setblocking(False)
        if inline:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)

    def read(self):
        """All that is there. `end` is then why there is no more: end, reset, or '' (it may come)"""
        while not self.end:
            try:
                piece = self.s.recv(65536)
                self.stream += piece
                if not piece:
                    self.end = 'end'
            except BlockingIOError:
                return
            except ConnectionError:
                self.end = 'reset'

    def close(self):
        if self.end != 'end':
            self.s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        self.s.close()


class Peer:
    """The sender. Places are offsets in its stream: 0 is ISN + 1."""

    def __init__(self, wire, address, port, isn, to=PORT, stamps=False, scale=None):
        self.wire, self.address, self.port, self.isn, self.to = wire, address, port, isn, to
        self.stamps, self.scale, self.stamp, self.echo = stamps, scale, 1000, 0
        self.at = 0  # the next place
        self.ack, self.edge, self.their_scale = None, 0, 0
        self.source, self.target = socket.inet_aton(address), socket.inet_aton(SERVER)
        wire.peers[self.source, port] = self
        self.application = None

    def name(self):
        def end(address, port):
            return '.'.join(f'{int(n):03}' for n in address.split('.')) + f'.{port:05}'
        return end(self.address, self.port) + '-' + end(SERVER, self.to)

    # -- what the kernel says --

    def hear(self, tcp):
        _, _, seq, ack, _, flags, window = struct.unpack_from('>HHIIBBH', tcp)
        if flags & RST:
            return
        if flags & (SYN | FIN):
            self.ack = (seq + 1) % MODULUS
        if flags & SYN:
            self.edge = window
            scale = re.fullmatch(rb'(?:\x01|\x02\x04..|\x04\x02|\x08\x0a.{8})*\x03\x03(.).*', tcp[20:], re.S)
            self.their_scale = scale[1][0] if scale and self.scale is not None else 0
        else:
            self.edge = max(self.edge, (ack - self.isn - 1) % MODULUS + (window << self.their_scale))

    # -- what we say --

    def options(self, flags, stamp, more):
        out = b''
        if flags & SYN:
            out += struct.pack('>BBH', 2, 4, 1460)
            if self.scale is not None:
                out += bytes([1, 3, 3, self.scale])
        if stamp is not None:
            out += struct.pack('>BBBBII', 1, 1, 8, 10, stamp % MODULUS, self.echo)
        out += more
        return out + bytes(-len(out) % 4)

    def send(self, payload=b'', at=None, flags=ACK | PSH, ack=0, stamp='', options=b'', urgent=0, damage=0, window=65000, isn=None):
        """A segment that changes nothing here. ack: what is added to the right number."""
        if stamp == '':
            self.stamp += 1
            stamp = self.stamp if self.stamps else None
        seq = ((self.isn if isn is None else isn) + (0 if flags & SYN else 1) + (self.at if at is None else at)) % MODULUS
        acks = ((self.ack or 0) + ack) % MODULUS if flags & ACK else 0
        options = self.options(flags, stamp, options)
        head = struct.pack('>HHIIBBH', self.port, self.to, seq, acks, (20 + len(options)) << 2, flags, window)
        tcp = head + struct.pack('>HH', 0, urgent) + options + payload
        total = checksum(self.source + self.target + struct.pack('>HH', 6, len(tcp)) + tcp)
        tcp = tcp[:16] + struct.pack('>H', (total + damage) % 65536) + tcp[18:]
        ip = struct.pack('>BBHHHBBH', 0x45, 0, 20 + len(tcp), 0, 0x4000, 64, 6, 0) + self.source + self.target
        self.wire.send(ip[:10] + struct.pack('>H', checksum(ip)) + ip[12:] + tcp)

    def say(self, payload):
        self.send(payload)
        self.at += len(payload)

    def fin(self):
        self.send(flags=ACK | FIN)

    # -- a connection --

    def wait(self):
        until = time.monotonic() + PATIENCE
        while self.ack is None and time.monotonic() < until:
            self.wire.take(0.05)
        if self.ack is None:
            raise RuntimeError(f'no answer to the SYN of {self.name()}')

    def open(self, first=b'', inline=False):
        """first: data on the SYN"""
        self.send(first, at=0, flags=SYN)
        self.wait()
        self.send(flags=ACK)
        self.application = Application(self.wire.listeners[self.to].accept()[0], inline)

    def be_called(self):
        """The kernel's side opens the connection: its SYN has been heard when this returns."""
        s = socket.socket()
        s.setblocking(False)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((SERVER, self.to))
        s.connect_ex((self.address, self.port))
        self.wait()
        self.application = Application(s)

    def finish(self):
        """-> what the application has read"""
        self.application.read()
        self.application.close()
        self.wire.take()
        if self.application.end == 'end':
            self.send(flags=ACK, at=self.at + 1)
        del self.wire.peers[self.source, self.port]
        return self.application.stream
