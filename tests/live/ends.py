# SPDX-License-Identifier: BSD-3-Clause
"""Ends of tunnels that ip(8) cannot make: PPP without its daemon, GTP, ESP in UDP, and VXLAN whose
packets come in IPv6 fragments, which the kernel's own never does.

Each function makes the device `tun` (or what else is needed) in the network namespace of the
calling process. An OSError means that the kernel has no such thing. What must stay open is kept in
`kept`.
"""
import ctypes
import errno
import fcntl
import os
import socket
import stat
import struct
import subprocess
import threading
import time

kept = []
libc = ctypes.CDLL(None, use_errno=True)


def ip(words):
    subprocess.run(['ip', *words.split()], check=True)


# -- PPP (linux/if_pppox.h, linux/ppp-ioctl.h, linux/if_pppol2tp.h) --

AF_PPPOX, OVER_ETHERNET, OVER_L2TP, OVER_PPTP = 24, 0, 1, 2
GET_CHANNEL, ATTACH_CHANNEL, CONNECT, NEW_UNIT = 0x80047437, 0x40047438, 0x4004743a, 0xc004743e


def connect(s, address):
    if libc.connect(s.fileno(), address, len(address)) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def bind(s, address):
    if libc.bind(s.fileno(), address, len(address)) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def control():
    """The device for PPP channels and units, which may be missing from /dev."""
    if os.path.exists('/dev/ppp'):
        return os.open('/dev/ppp', os.O_RDWR)
    path = f'/tmp/ppp.{os.getpid()}'
    os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(108, 0))
    try:
        return os.open(path, os.O_RDWR)
    finally:
        os.unlink(path)


def device(s):
    """A PPP device over a connected socket; both ends take IP without asking."""
    number = fcntl.ioctl(s, GET_CHANNEL, struct.pack('i', 0))
    channel, unit = control(), control()
    fcntl.ioctl(channel, ATTACH_CHANNEL, number)
    which = fcntl.ioctl(unit, NEW_UNIT, struct.pack('i', -1))
    fcntl.ioctl(channel, CONNECT, which)
    kept.extend([s, channel, unit])
    ip(f'link set ppp{struct.unpack("i", which)[0]} name tun mtu 1400')


def pppoe(me, peer):
    s = socket.socket(AF_PPPOX, socket.SOCK_STREAM, OVER_ETHERNET)
    mac = bytes([2, 0, 0, 0, 9, peer])
    connect(s, struct.pack('=HI2s6s16s', AF_PPPOX, OVER_ETHERNET, b'\x12\x34', mac, b'under'))
    device(s)


def pptp(me, peer):
    def address(end):
        return struct.pack('=HIH2x4s16x', AF_PPPOX, OVER_PPTP, end, socket.inet_aton(f'10.9.0.{end}'))
    s = socket.socket(AF_PPPOX, socket.SOCK_STREAM, OVER_PPTP)
    bind(s, address(me))
    connect(s, address(peer))
    device(s)


def l2tp(me, peer):
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind((f'10.9.0.{me}', 1701))
    udp.connect((f'10.9.0.{peer}', 1701))
    kept.append(udp)
    to = struct.pack('=H', socket.AF_INET) + struct.pack('!H4s8x', 1701, socket.inet_aton(f'10.9.0.{peer}'))

    def address(mine, theirs):
        return (struct.pack('=HIii', AF_PPPOX, OVER_L2TP, 0, udp.fileno()) + to
                + struct.pack('=HHHH', 10 + me, mine, 10 + peer, theirs))
    tunnel = socket.socket(AF_PPPOX, socket.SOCK_DGRAM, OVER_L2TP)
    connect(tunnel, address(0, 0))
    kept.append(tunnel)
    session = socket.socket(AF_PPPOX, socket.SOCK_DGRAM, OVER_L2TP)
    connect(session, address(20 + me, 20 + peer))
    device(session)


# -- GTP (linux/gtp.h, by generic netlink) --

def attribute(kind, value):
    return struct.pack('=HH', 4 + len(value), kind) + value + bytes(-len(value) % 4)


def ask(s, family, command, version, flags, attributes):
    """A request by generic netlink -> the answer, or its error as an OSError."""
    body = struct.pack('=BBH', command, version, 0) + attributes
    s.send(struct.pack('=IHHII', 16 + len(body), family, 1 | flags, 1, 0) + body)
    answer = s.recv(65536)
    if struct.unpack_from('=H', answer, 4)[0] == 2:  # NLMSG_ERROR, which may be 0
        error = -struct.unpack_from('=i', answer, 16)[0]
        if error:
            raise OSError(error, os.strerror(error))
    return answer


def gtp(me, peer):
    """End 1 is the gateway, end 2 the mobile's side; the mobile has the address 192.168.77.2."""
    NETLINK_GENERIC, CONTROL, GET_FAMILY, FAMILY_NAME, ACK = 16, 16, 3, 2, 4
    done = subprocess.run(['ip', 'link', 'add', 'tun', 'type', 'gtp', 'role', 'sgsn' if me == 2 else 'ggsn'], capture_output=True, text=True)
    if done.returncode != 0:
        raise OSError(errno.EOPNOTSUPP, done.stderr.strip())
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC) as s:
        s.bind((0, 0))
        answer = ask(s, CONTROL, GET_FAMILY, 1, 0, attribute(FAMILY_NAME, b'gtp\0'))
        at = answer.index(struct.pack('=HH', 6, 1))  # CTRL_ATTR_FAMILY_ID
        family = struct.unpack_from('=H', answer, at + 4)[0]
        context = (attribute(1, struct.pack('=I', socket.if_nametoindex('tun'))) + attribute(2, struct.pack('=I', 1))
                   + attribute(4, socket.inet_aton(f'10.9.0.{peer}')) + attribute(5, socket.inet_aton('192.168.77.2'))
                   + attribute(8, struct.pack('=I', 100 + me)) + attribute(9, struct.pack('=I', 100 + peer)))
        ask(s, family, 0, 0, ACK, context)


# -- IPsec --

def esp_in_udp(me, peer):
    UDP_ENCAP, ESP = 100, 2
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((f'10.9.0.{me}', 4500))
    s.setsockopt(socket.IPPROTO_UDP, UDP_ENCAP, ESP)
    kept.append(s)


# -- VXLAN by a process --

def vxlan(me, peer):
    SET_INTERFACE, TAP, BARE = 0x400454ca, 0x0002, 0x1000
    header = struct.pack('!II', 0x08000000, 5 << 8)
    tap = os.open('/dev/net/tun', os.O_RDWR)
    fcntl.ioctl(tap, SET_INTERFACE, struct.pack('16sH22x', b'tun', TAP | BARE))
    udp = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    udp.bind((f'fd09::{me}', 4789))

    def outward():
        udp.sendto(header + os.read(tap, 65536), (f'fd09::{peer}', 4789))

    def inward():
        os.write(tap, udp.recv(65536)[len(header):])

    def for_ever(move):
        while True:
            try:
                move()
            except OSError:
                time.sleep(0.01)  # one of the devices is not up yet
    for move in (outward, inward):
        threading.Thread(target=for_ever, args=(move,), daemon=True).start()
