# SPDX-License-Identifier: BSD-3-Clause
"""The tunnels that are tried.

Two network namespaces, 1 and 2, have a link between them: the device `under` in each, with the
addresses UNDER4 and UNDER6. A tunnel is the commands that both run (both ends are made by the same
words: {me} and {peer} are 1 and 2 or 2 and 1), after which TCP goes from one OVER address to the
other.

A command is words for a shell, a function of ends.py, or (FILE, VALUE) for what is written to a
file of /proc/sys/net.
"""
import errno
import subprocess
from dataclasses import dataclass, field

import ends

UNDER4, UNDER6, OVER4, OVER6 = '10.9.0.{}', 'fd09::{}', '192.168.77.{}', 'fd77::{}'


@dataclass
class Tunnel:
    name: str
    seen: str  # a filter for tcpdump: what shows that the tunnel was there
    commands: list = field(default_factory=list)
    must: bool = False  # most kernels have it, and so have those on which the project is checked
    decap: str = ''  # the word for --decap without which nothing is recorded
    over: str = OVER4
    addressed: bool = False  # the commands have given the addresses of OVER
    tail: str = ''  # of the names of the files
    options: tuple = ()  # for tcpflow

    def prepared(self):
        """All commands of one end."""
        if self.over in (UNDER4, UNDER6) or self.addressed:
            return self.commands
        family, size = ('-6', '64 nodad') if self.over == OVER6 else ('-4', '24')
        address = f'ip {family} addr add {self.over.format("{me}")}/{size} dev tun'
        ahead = [c for c in self.commands if not isinstance(c, After)]
        return ahead + ['ip link set tun up', address] + [c for c in self.commands if isinstance(c, After)]


class After(str):
    """A command for when the tunnel is up and has its address."""


VXLAN = 'ip link add tun type vxlan id 5 local 10.9.0.{me} remote 10.9.0.{peer}'
VXLAN6 = 'ip link add tun type vxlan id 5 local fd09::{me} remote fd09::{peer} dstport 4789'
ENDS4, ENDS6 = 'local 10.9.0.{me} remote 10.9.0.{peer}', 'local fd09::{me} remote fd09::{peer}'
HOME4, HOME6 = 'ip addr add 192.168.77.{me}/32 dev lo', 'ip addr add fd77::{me}/128 dev lo nodad'


def link(kind, words=''):
    return f'ip link add tun type {kind} {words}'


def small(mtu):
    """The tunnel's packets do not fit into the link below, and nobody may learn of that."""
    return f'ip link set under mtu {mtu}'


def mpls(labels_out, *labels_in):
    return [HOME4, f'ip route add 192.168.77.{{peer}}/32 encap mpls {labels_out} via inet 10.9.0.{{peer}} src 192.168.77.{{me}}',
            ('mpls/platform_labels', '1000'), ('mpls/conf/under/input', '1'), ('mpls/conf/lo/input', '1'),
            *(f'ip -f mpls route add {label} dev lo' for label in labels_in)]


def segments(family, home):
    target = OVER6 if family == '-6' else OVER4
    size = 128 if family == '-6' else 32
    return [home, ('ipv6/conf/all/seg6_enabled', '1'), ('ipv6/conf/under/seg6_enabled', '1'),
            f'ip {family} route add {target.format("{peer}")}/{size} encap seg6 mode encap segs fd09::{{peer}} dev under src {target.format("{me}")}']


def ipsec(proto, words):
    commands = [HOME4, 'ip route add 192.168.77.{peer}/32 via 10.9.0.{peer} src 192.168.77.{me}']
    for a, b, way in (('{me}', '{peer}', 'out'), ('{peer}', '{me}', 'in')):
        path = f'src 10.9.0.{a} dst 10.9.0.{b} proto {proto}'
        commands += [f'ip xfrm state add {path} spi 0x10{a} mode tunnel reqid 1 {words}',
                     f'ip xfrm policy add src 192.168.77.{a} dst 192.168.77.{b} dir {way} tmpl {path} mode tunnel reqid 1']
    return commands


SHA1 = 'auth "hmac(sha1)" 0x0102030405060708090a0b0c0d0e0f1011121314'
NULL = 'enc "ecb(cipher_null)" "" ' + SHA1
MACSEC_KEY = '0102030405060708090a0b0c0d0e0f10'


def l2tp(encap, words=''):
    ports = ' udp_sport 1701 udp_dport 1701' if encap == 'udp' else ''
    return [f'ip l2tp add tunnel tunnel_id 1{{me}} peer_tunnel_id 1{{peer}} encap {encap} {ENDS4}' + ports,
            'ip l2tp add session name tun tunnel_id 1{me} session_id 2{me} peer_session_id 2{peer} ' + words]


TUNNELS = [
    Tunnel('veth', 'ip and tcp', must=True, over=UNDER4),
    Tunnel('veth-ipv6', 'ip6 and tcp', must=True, over=UNDER6),

    # networks over UDP
    Tunnel('vxlan', 'udp port 4789', [VXLAN + ' dstport 4789'], must=True, decap='vxlan'),
    Tunnel('vxlan-8472', 'udp port 8472', [VXLAN + ' dstport 8472'], must=True, decap='vxlan'),
    Tunnel('vxlan-over-ipv6', 'ip6 and udp port 4789', [VXLAN6], must=True, decap='vxlan'),
    Tunnel('vxlan-with-ipv6', 'udp port 4789', [VXLAN + ' dstport 4789'], must=True, decap='vxlan', over=OVER6),
    Tunnel('vxlan-in-vxlan', 'udp port 4789', [
        'ip link add mid type vxlan id 6 local 10.9.0.{me} remote 10.9.0.{peer} dstport 4789',
        'ip link set mid up', 'ip addr add 10.10.0.{me}/24 dev mid',
        'ip link add tun type vxlan id 7 local 10.10.0.{me} remote 10.10.0.{peer} dstport 8472'], must=True, decap='vxlan'),
    Tunnel('vxlan-fragments', 'ip[6:2] & 0x3fff != 0', [
        small(1000), VXLAN + ' dstport 4789 df unset', 'ip link set tun mtu 1450',
        After('ip route replace 192.168.77.0/24 dev tun mtu lock 1450')], must=True, decap='vxlan'),
    Tunnel('vxlan-over-ipv6-fragments', 'ip6[6] == 44', [
        small(1280), ends.vxlan, 'ip link set tun mtu 1450'], must=True, decap='vxlan'),
    Tunnel('vxlan-gpe', 'udp port 4790', [
        'ip link add tun type vxlan external gpe dstport 4790',
        After('ip route add 192.168.77.{peer}/32 encap ip id 5 dst 10.9.0.{peer} dev tun')], must=True, decap='vxlan-gpe'),
    Tunnel('geneve', 'udp port 6081', [link('geneve', 'id 6 remote 10.9.0.{peer}')], decap='geneve'),
    Tunnel('geneve-over-ipv6', 'ip6 and udp port 6081', [link('geneve', 'id 6 remote fd09::{peer}')], decap='geneve'),
    Tunnel('geneve-options', 'udp port 6081 and udp[8] == 2', [
        link('geneve', 'external'),
        After('ip route add 192.168.77.{peer}/32 encap ip id 6 dst 10.9.0.{peer} geneve_opts 0100:01:deadbeef dev tun')], decap='geneve'),
    Tunnel('gtp', 'udp port 2152', [
        HOME4, ends.gtp, 'ip link set tun up', 'ip route add 192.168.77.{peer}/32 dev tun src 192.168.77.{me}'], decap='gtp', addressed=True),

    # tags
    Tunnel('vlan', 'vlan 5 and tcp', ['ip link add link under name tun type vlan id 5'], tail='--5'),
    Tunnel('qinq', 'vlan 6 and vlan 7 and tcp', [
        'ip link add link under name outer type vlan proto 802.1ad id 6', 'ip link set outer up',
        'ip link add link outer name tun type vlan id 7'], tail='--6'),
    Tunnel('macsec', 'ether proto 0x88e5', [
        'ip link add link under name tun type macsec port 1 encrypt off', 'ip macsec add tun tx sa 0 pn 1 on key 00 ' + MACSEC_KEY,
        'ip macsec add tun rx port 1 address 02:00:00:00:09:0{peer}',
        'ip macsec add tun rx port 1 address 02:00:00:00:09:0{peer} sa 0 pn 1 on key 00 ' + MACSEC_KEY], decap='macsec'),
    Tunnel('mpls', 'ether proto 0x8847', mpls('10{peer}', '10{me}'), decap='mpls', addressed=True),
    Tunnel('mpls-two-labels', 'mpls 20{peer} and mpls 10{peer}', mpls('20{peer}/10{peer}', '10{me}', '20{me}'), decap='mpls', addressed=True),

    # GRE
    Tunnel('gre', 'ip proto 47', [link('gre', ENDS4)], decap='gre'),
    Tunnel('gre-all-fields', 'ip proto 47 and ip[20] == 0xb0', [link('gre', ENDS4 + ' ikey 5{me} okey 5{peer} seq csum')], decap='gre'),
    Tunnel('gre-ipv6', 'ip proto 47', [link('gre', ENDS4)], decap='gre', over=OVER6),
    Tunnel('gre-over-ipv6', 'ip6 proto 47 or ip6 proto 60', [link('ip6gre', ENDS6)], decap='gre'),
    Tunnel('gre-fragments', 'ip[6:2] & 0x3fff != 0', [
        small(1000), link('gre', ENDS4 + ' nopmtudisc ignore-df'), 'ip link set tun mtu 1476',
        After('ip route replace 192.168.77.0/24 dev tun mtu lock 1476')], decap='gre'),
    Tunnel('gretap', 'ip proto 47', [link('gretap', ENDS4)], decap='nvgre'),
    Tunnel('gretap-key', 'ip proto 47 and ip[20] == 0x20', [link('gretap', ENDS4 + ' key 1280')], decap='nvgre'),
    Tunnel('gretap-two-keys', 'ip proto 47 and ip[20] == 0x20', [link('gretap', ENDS4 + ' ikey 5{me} okey 5{peer}')], decap='nvgre'),
    Tunnel('gretap-over-ipv6', 'ip6 proto 47 or ip6 proto 60', [link('ip6gretap', ENDS6)], decap='nvgre'),
    Tunnel('erspan-1', 'ip proto 47', [link('erspan', ENDS4 + ' erspan_ver 0')], decap='erspan'),
    Tunnel('erspan-2', 'ip proto 47', [link('erspan', ENDS4 + ' seq key 5 erspan_ver 1 erspan 7')], decap='erspan'),
    Tunnel('erspan-3', 'ip proto 47', [
        link('erspan', ENDS4 + ' seq key 5 erspan_ver 2 erspan_dir egress erspan_hwid 3')], decap='erspan'),
    Tunnel('erspan-over-ipv6', 'ip6 proto 47 or ip6 proto 60', [link('ip6erspan', ENDS6 + ' seq key 5 erspan_ver 1 erspan 7')], decap='erspan'),
    Tunnel('pptp', 'ip proto 47', [ends.pptp], decap='pptp'),

    # IP in IP
    Tunnel('ipip', 'ip proto 4', [link('ipip', ENDS4)], decap='ipip'),
    Tunnel('ipip-fragments', 'ip[6:2] & 0x3fff != 0', [
        small(1000), link('ipip', ENDS4 + ' nopmtudisc'), 'ip link set tun mtu 1480',
        After('ip route replace 192.168.77.0/24 dev tun mtu lock 1480')], decap='ipip'),
    Tunnel('6in4', 'ip proto 41', [link('sit', ENDS4)], decap='ipip', over=OVER6),
    Tunnel('4in6', 'ip6 and not tcp', [link('ip6tnl', ENDS6 + ' mode ipip6')], decap='ipip'),
    Tunnel('6in6', 'ip6 and not tcp', [link('ip6tnl', ENDS6 + ' mode ip6ip6')], decap='ipip', over=OVER6),
    Tunnel('6in6-without-options', 'ip6 proto 41', [link('ip6tnl', ENDS6 + ' mode ip6ip6 encaplimit none')], decap='ipip', over=OVER6),
    Tunnel('4-in-segment-routing', 'ip6[6] == 43', segments('-4', HOME4), must=True, decap='ipip', addressed=True),
    Tunnel('6-in-segment-routing', 'ip6[6] == 43', segments('-6', HOME6), must=True, decap='ipip', addressed=True, over=OVER6),
    # what comes out of IPsec turns up a second time on the device below: it is filtered away
    Tunnel('ah', 'ip proto 51', ipsec('ah', SHA1), decap='ipip', addressed=True, options=('ip proto 51',)),
    Tunnel('esp-null', 'ip proto 50', ipsec('esp', NULL), decap='esp', addressed=True, options=('--esp-null', 'ip proto 50')),
    Tunnel('esp-null-in-udp', 'udp port 4500', [
        ends.esp_in_udp, *ipsec('esp', NULL + ' encap espinudp 4500 4500 0.0.0.0')], decap='esp', addressed=True,
        options=('--esp-null', 'udp port 4500')),

    # PPP and what carries it
    Tunnel('pppoe', 'ether proto 0x8864', [ends.pppoe], decap='pppoe'),
    Tunnel('l2tp-2', 'udp port 1701', [ends.l2tp], decap='l2tp'),
    Tunnel('l2tp-3', 'ip proto 115', l2tp('ip'), decap='l2tp'),
    Tunnel('l2tp-3-cookie', 'ip proto 115', l2tp('ip', 'cookie 0102030405060708 peer_cookie 0102030405060708'), decap='l2tp'),
    Tunnel('l2tp-3-in-udp', 'udp port 1701', l2tp('udp'), decap='l2tp'),
]

# What a command says when it is the kernel that lacks something.
LACKS = ('Unknown device type', 'not supported', 'Requested type not found', 'Error talking to the kernel', 'Function not implemented',
         'No such device', 'Address family not supported', 'MPLS support not compiled', 'Unknown encap', 'Protocol not available')
LACKS_ERRORS = (errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT, errno.EOPNOTSUPP, errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.ENOSYS,
                errno.ENOPROTOOPT, errno.EACCES, errno.EPERM)


class Lacking(Exception):
    """The kernel does not have that tunnel, or not for us."""


def run(command, me, peer):
    """One command of one end."""
    if callable(command):
        try:
            return command(me, peer)
        except OSError as e:
            if e.errno not in LACKS_ERRORS:
                raise
            raise Lacking(f'{command.__name__}: {e.strerror}') from None
    if isinstance(command, tuple):
        try:
            with open('/proc/sys/net/' + command[0], 'w') as f:
                f.write(command[1].format(me=me, peer=peer))
        except FileNotFoundError as e:
            raise Lacking(f'no {e.filename}') from None
        return None
    words = command.format(me=me, peer=peer)
    done = subprocess.run(words, shell=True, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        said = ' '.join((done.stdout + done.stderr).split())
        raise (Lacking if any(word in said for word in LACKS) else RuntimeError)(f'{words}: {said}')
    return None
