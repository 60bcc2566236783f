#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Privileges are given up, by the command and by what stands behind it.

    sandbox.py FORBIDDEN	the program that tries what is forbidden

As root all of it is tried; as anybody else what needs no root.
"""
import ctypes
import os
import platform
import re
import shutil
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

# Copies, in a folder that everybody may walk to: the checkout may lie in somebody's home.
PUBLIC = tempfile.TemporaryDirectory(prefix='tcpflow-sandbox-')
os.chmod(PUBLIC.name, 0o755)
COMMAND, CAPTURE, FORBIDDEN = (Path(shutil.copy(f, PUBLIC.name)) for f in (
    os.environ['TCPFLOW_BINARY'], Path(os.environ['TCPFLOW_SOURCE']) / 'examples' / 'http.pcap', sys.argv[1]))
ROOT = os.geteuid() == 0
SOMEBODY = 12345  # a user without a name
FLOWS = 6

# -- a kernel that lacks something: a filter that answers for it --

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, MODE_FILTER = 38, 22, 2
LANDLOCK = [444]
SECCOMP = {'x86_64': [317], 'aarch64': [277], 's390x': [348], 'armv7l': [383]}.get(platform.machine(), [])
PRCTL = {'x86_64': 157, 'aarch64': 167, 's390x': 172, 'armv7l': 172}.get(platform.machine(), -1)
ENOSYS, EPERM = 38, 1


class Program(ctypes.Structure):
    _fields_ = [('length', ctypes.c_ushort), ('filter', ctypes.c_void_p)]


def lacking(numbers, error, prctl=False):
    """-> what makes these system calls, and prctl(PR_SET_SECCOMP), fail from here on."""
    def instruction(code, jt, jf, k):
        return struct.pack('HBBI', code, jt, jf, k)
    code = instruction(0x20, 0, 0, 0)  # the number of the call
    for number in numbers:
        code += instruction(0x15, 0, 1, number) + instruction(6, 0, 0, 0x50000 | error)
    if prctl:
        low = 16 if sys.byteorder == 'little' else 20
        code += instruction(0x15, 0, 3, PRCTL) + instruction(0x20, 0, 0, low)
        code += instruction(0x15, 0, 1, PR_SET_SECCOMP) + instruction(6, 0, 0, 0x50000 | error)
    code += instruction(6, 0, 0, 0x7fff0000)
    kept = ctypes.create_string_buffer(code, len(code))
    program = Program(len(code) // 8, ctypes.addressof(kept))

    def act():
        c = ctypes.CDLL(None, use_errno=True)
        if c.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or c.prctl(PR_SET_SECCOMP, MODE_FILTER, ctypes.byref(program)):
            os._exit(99)
    act.kept = kept
    return act


# -- runs --

class Wrong(Exception):
    pass


def check(fact, what, done=None):
    if not fact:
        raise Wrong(what + (f': exit {done.returncode}\n{done.stdout}{done.stderr}' if done else ''))


def ping(stop):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        while not stop.wait(0.05):
            s.sendto(b'x', ('127.0.0.1', 9))


def run(*words, user=None, env=None, before=None, cwd=None, pings=False, **more):
    """Runs it, as a user without rights if one is given; pings: while something can be captured."""
    stop = threading.Event()
    if pings:
        threading.Thread(target=ping, args=(stop,), daemon=True).start()
    try:
        return run_alone(*words, user=user, env=env, before=before, cwd=cwd, **more)
    finally:
        stop.set()


def run_alone(*words, user, env, before, cwd, **more):
    def become():
        if before:
            before()
        if user is not None:
            os.setgroups([])
            os.setgid(user)
            os.setuid(user)
    environment = {k: v for k, v in os.environ.items() if not k.startswith('SUDO_')} | (env or {})
    return subprocess.run([str(w) for w in words], capture_output=True, text=True, preexec_fn=become, env=environment,
                          cwd=cwd, timeout=60, **more)


def tcpflow(*words, **more):
    return run(COMMAND, *words, **more)


def recorded(folder):
    return [p for p in Path(folder).rglob('*') if '-' in p.name and not p.name.endswith('.xml')]


def owner(folder):
    files = recorded(folder)
    check(len(files) == FLOWS, f'{len(files)} files in {folder}')
    owners = {p.stat().st_uid for p in files}
    check(len(owners) == 1, f'owners {owners}')
    return owners.pop()


def privileges(folder):
    return dict(line.split(': ', 1) for line in
                re.findall('<tf:privilege>(.*?)</tf:privilege>', (Path(folder) / 'report.xml').read_text()))


def is_locked(folder, uid):
    """The report says so, in the words of the kernel."""
    p = privileges(folder)
    check(p['Uid'].split() == [str(uid)] * 4 and int(p['CapEff'], 16) == 0 and p['NoNewPrivs'] == '1' and
          p['Seccomp'] == '2' and p['Landlock'].startswith('ABI '), f'{p}')
    check(p['Sandbox'] == ('in force' if uid else 'not in force, the user is still root'), f'{p}')


# -- scenarios: each has a folder of its own, which anybody may walk through, and write to --

def forbidden(box, *options, user=None, out_of=None):
    shutil.copy(CAPTURE, box / 'in.pcap')
    (box / 'out').mkdir()
    if out_of is not None:
        os.chown(box / 'out', out_of, out_of)
    done = run(FORBIDDEN, box, '-r', box / 'in.pcap', '-o', box / 'out', *options, user=user)
    print(done.stdout)
    check(done.returncode == 0, 'the table', done)


def all_is_forbidden_after_root(box):
    forbidden(box, '-U', 'nobody', '--sandbox=require', out_of=65534)


def all_is_forbidden_to_a_user(box):
    forbidden(box, '--sandbox=require', user=SOMEBODY if ROOT else None, out_of=SOMEBODY if ROOT else None)


def all_is_forbidden_to_root_that_remains(box):
    forbidden(box, '-U', 'root')


def most_is_possible_without(box):
    forbidden(box, '--sandbox=off')


def nobody_records(box):
    done = tcpflow('-r', CAPTURE, '-o', box / 'out', '--sandbox=require', '-v')
    check(done.returncode == 0 and 'Sandbox: in force' in done.stderr, 'as nobody', done)
    is_locked(box / 'out', owner(box / 'out'))
    check(owner(box / 'out') != 0, 'files of root')
    done = tcpflow('-r', CAPTURE, '-o', box / 'out', '-q')
    check(done.returncode == 0 and (box / 'out' / 'report.1.xml').exists(), 'a second run', done)


def folders_of_root_are_walked_through(box):
    box.chmod(0o700)
    done = tcpflow('-r', CAPTURE, '-o', 'a/b/c', '--sandbox=require', '-j2', '--jsonl', '--sha256', cwd=box)
    check(done.returncode == 0, 'in a folder that only root may enter', done)
    is_locked(box / 'a/b/c', owner(box / 'a/b/c'))
    check(stat.S_IMODE((box / 'a').stat().st_mode) == 0o755, 'the umask is the one of the caller')


def sudo_records_for_its_caller(box):
    mine = box / 'mine'
    mine.mkdir()
    os.chown(mine, SOMEBODY, SOMEBODY)
    secret = box / 'secret.pcap'
    shutil.copy(CAPTURE, secret)
    secret.chmod(0o600)
    env = {'SUDO_UID': str(SOMEBODY), 'SUDO_GID': str(SOMEBODY)}
    done = tcpflow('-r', secret, '--sandbox=require', env=env, cwd=mine)
    check(done.returncode == 0, 'under sudo, of a file that only root may read', done)
    is_locked(mine, SOMEBODY)
    check(owner(mine) == SOMEBODY, 'whose files')
    done = tcpflow('--merge', '-r', secret, '-r', CAPTURE, '-o', mine / 'merged', '-q', '--sandbox=require', env=env)
    check(done.returncode == 0, 'merged', done)


def the_folders_owner_records(box):
    mine = box / 'mine'
    mine.mkdir(mode=0o755)
    os.chown(mine, SOMEBODY, SOMEBODY)
    done = tcpflow('-r', CAPTURE, '-o', mine, '--sandbox=require')
    check(done.returncode == 0 and owner(mine) == SOMEBODY, 'in a folder of somebody', done)


def root_remains_where_nobody_else_may_write(box):
    box.chmod(0o755)
    done = tcpflow('-r', CAPTURE, cwd=box)
    check(done.returncode == 0 and 'still root, though without capabilities' in done.stderr, 'told', done)
    is_locked(box, 0)
    done = tcpflow('-r', CAPTURE, '-o', '.', '--sandbox=require', cwd=box)
    check(done.returncode == 5 and done.stderr.count('\n') == 1, 'and not with require', done)


def users_are_named(box):
    done = tcpflow('-r', CAPTURE, '-o', box / 'out', '-U', 'daemon', '--sandbox=require')
    check(done.returncode == 0, '-U', done)
    is_locked(box / 'out', owner(box / 'out'))
    done = tcpflow('-r', CAPTURE, '-o', box / 'none', '-U', 'no-such-user')
    check(done.returncode == 1 and not (box / 'none').exists(), 'who is not there', done)
    done = tcpflow('-r', CAPTURE, '-o', box / 'none', '-U', 'daemon', user=SOMEBODY)
    check(done.returncode == 5 and not (box / 'none').exists(), 'by somebody who is no root', done)
    done = tcpflow('-r', CAPTURE, '-o', box / 'off', '-U', 'daemon', '--sandbox=off')
    check(done.returncode == 0 and privileges(box / 'off')['Seccomp'] == '0' and owner(box / 'off') != 0,
          'without a lock', done)


def another_root_folder(box):
    done = tcpflow('-r', CAPTURE, '-U', 'daemon', '-z', box, '-o', 'flows', '--sandbox=require')
    check(done.returncode == 0, '-z', done)
    is_locked(box / 'flows', owner(box / 'flows'))
    done = tcpflow('-r', CAPTURE, '-z', box)
    check(done.returncode == 1, '-z without -U', done)
    done = tcpflow('-r', CAPTURE, '-U', 'daemon', '-z', box / 'none')
    check(done.returncode == 1 and done.stderr.count('\n') == 1, '-z into nothing', done)


def metrics_are_written_by_whoever_records(box):
    """From the start, so that a place that does not suit is told before anything is read."""
    box.chmod(0o1777)  # where nobody replaces what is somebody else's
    done = tcpflow('-r', CAPTURE, '-o', box / 'out', '-U', 'daemon', '--stats', box / 'stats')
    check(done.returncode == 0 and (box / 'stats').stat().st_uid == owner(box / 'out') != 0, 'in a sticky folder', done)
    (box / 'roots').mkdir(mode=0o755)
    (box / 'in').mkdir()
    (box / 'in').chmod(0o777)
    for i, folder in enumerate(('roots', 'none')):
        done = tcpflow('-r', CAPTURE, '-o', box / f'none{i}', '-U', 'daemon', '--stats', box / folder / 'stats')
        check(done.returncode == 3 and done.stderr.count('\n') == 1 and not recorded(box / f'none{i}'), f'in {folder}', done)
    check(not (box / 'none').exists(), 'a folder was made')
    done = tcpflow('-r', CAPTURE, '-o', 'flows', '-U', 'daemon', '-z', box / 'in', '--stats', 'stats')
    check(done.returncode == 0 and '\ntcpflow_frames_total 136\n' in (box / 'in' / 'stats').read_text(), 'in another root folder', done)


def a_record_is_mended_by_its_owner(box):
    """Whoever may write into the folder may have put something there for root to read."""
    for i, user in enumerate((SOMEBODY, 0)):
        out = box / f'out{i}'
        out.mkdir()
        os.chown(out, user, user)
        done = tcpflow('-r', CAPTURE, '-o', out, '-q', user=user)
        check(done.returncode == 0, 'a record', done)
        report = out / 'report.xml'
        whole = report.read_bytes()
        report.write_bytes(whole[:len(whole) - 30])
        done = tcpflow('-d', '10', '--recover', out, '-c', '-X', box / 'elsewhere' / 'report.xml')
        check(done.returncode == 0 and not (box / 'elsewhere').exists(), 'a folder was made', done)
        check(done.returncode == 0 and '1 file mended' in done.stderr and report.read_bytes().endswith(b'</dfxml>\n'), 'mending', done)
        check(f'Uid: {user} {user}' in done.stderr and re.search('CapEff: 0+\n', done.stderr) and 'Seccomp: 2' in done.stderr, 'rights', done)
        check(report.stat().st_uid == user, 'the owner has changed')
        done = tcpflow('--recover', out)
        check(done.returncode == 0 and done.stderr.count('\n') == 1, 'a word too much', done)


def what_is_not_its_owners_is_not_mended(box):
    """And that is told."""
    (box / 'out').mkdir()
    os.chown(box / 'out', SOMEBODY, SOMEBODY)
    done = tcpflow('-r', CAPTURE, '-o', box / 'out', '-q', '--sandbox=off')
    report = box / 'out' / 'report.xml'
    cut = report.read_bytes()[:-30]
    report.write_bytes(cut)
    done = tcpflow('--recover', box / 'out')
    check(done.returncode == 3 and done.stderr.count('\n') == 1 and 'report.xml' in done.stderr, "another's report", done)
    check(report.read_bytes() == cut, 'it has changed')
    done = tcpflow('--recover', box / 'out', '--sandbox=off')
    check(done.returncode == 0 and '1 file mended' in done.stderr, 'as root', done)


def captures_keep_their_bytes(box):
    """Also where they have another name in another root folder."""
    (box / 'in').mkdir()
    (box / 'in').chmod(0o777)
    capture = Path(shutil.copy(CAPTURE, box / 'in' / 'in.pcap'))
    capture.chmod(0o666)
    for option in ('-w', '--write', '--stats'):
        for path, more in ((capture, []), ('in.pcap', ['-z', box / 'in'])):
            done = tcpflow('-r', capture, '-o', box / 'out' if not more else 'out', '-U', 'daemon', option, path, *more)
            check(done.returncode == 1 and f'{option} would overwrite' in done.stderr, f'{option} {path}', done)
            check(capture.read_bytes() == CAPTURE.read_bytes(), f'it was overwritten by {option} {path}')


def descriptors(box):
    """Those that are named are used, the others closed."""
    with open(CAPTURE, 'rb') as capture, open(box / 'stray', 'w') as stray, open(box / 'told', 'w') as told:
        done = tcpflow('-r', f'/dev/fd/{capture.fileno()}', '-S', f'tcp_alert_fd={told.fileno()}', '-X', '/dev/stdout',
                       '-j1', '-o', box / 'out', '-q', pass_fds=[capture.fileno(), told.fileno(), stray.fileno()])
    check(done.returncode == 0 and done.stdout.endswith('</dfxml>\n'), 'by descriptor', done)
    check(owner(box / 'out') is not None and 'close\t' in (box / 'told').read_text(), 'alerts')


def commands_run_as_the_user(box):
    script = box / 'command'
    script.write_text('#!/bin/sh\nid -u >>"$2.user"\n')
    script.chmod(0o755)
    done = tcpflow('-r', CAPTURE, '-o', box / 'out', '-S', f'tcp_cmd={script}', '-U', 'daemon')
    users = {p.read_text() for p in (box / 'out').glob('*.user')}
    check(done.returncode == 0 and users == {'1\n'}, f'the command ran as {users}', done)


def lacking_parts(box):
    user = SOMEBODY if ROOT else None
    seccomp = lacking(SECCOMP, EPERM, prctl=True)
    for i, (what, before) in enumerate((('Landlock', lacking(LANDLOCK, ENOSYS)), ('Landlock', lacking([446], EPERM)),
                                        ('seccomp', seccomp))):
        out = box / f'out{i}'
        done = tcpflow('-r', CAPTURE, '-o', out, '--sandbox=require', before=before, user=user)
        check(done.returncode == 5 and done.stderr.count('\n') == 1 and what in done.stderr, f'{what} required', done)
        print(done.stderr, end='')
        check(not recorded(out), 'nothing is recorded')
        done = tcpflow('-r', CAPTURE, '-o', out, '-v', before=before, user=user)
        check(done.returncode == 0 and f'not in force, {what}' in done.stderr, f'{what} lacks', done)
        done = tcpflow('-r', CAPTURE, '-o', box / f'quiet{i}', before=before, user=user)
        check(done.returncode == 0 and 'sandbox' not in done.stderr, f'{what} lacks, a user is not told', done)
        if ROOT:  # it is told when it captures
            done = tcpflow('-i', 'lo', '--count', '1', '-o', box / f'root{i}', before=before, pings=True)
            check(done.returncode == 0 and f'the sandbox is not in force: {what}' in done.stderr, 'root is told', done)


def masks(box):
    done = tcpflow('-r', CAPTURE, '-o', box / 'out', '--umask', '027', '-q', user=SOMEBODY if ROOT else None)
    modes = {stat.S_IMODE(p.stat().st_mode) for p in recorded(box / 'out')}
    check(done.returncode == 0 and modes == {0o640}, f'{modes}', done)


FOR_ALL = [all_is_forbidden_to_a_user, descriptors, lacking_parts, masks]
FOR_ROOT = [all_is_forbidden_after_root, all_is_forbidden_to_root_that_remains, most_is_possible_without,
            nobody_records, folders_of_root_are_walked_through, sudo_records_for_its_caller, the_folders_owner_records,
            root_remains_where_nobody_else_may_write, users_are_named, another_root_folder,
            metrics_are_written_by_whoever_records, a_record_is_mended_by_its_owner,
            what_is_not_its_owners_is_not_mended, captures_keep_their_bytes, commands_run_as_the_user]


def main():
    bad = 0
    wanted = sys.argv[2:]
    for scenario in FOR_ALL + (FOR_ROOT if ROOT else []):
        if wanted and scenario.__name__ not in wanted:
            continue
        box = Path(tempfile.mkdtemp(prefix='tcpflow-sandbox-'))
        box.chmod(0o777)
        print(f'== {scenario.__name__}', flush=True)
        try:
            scenario(box)
        except Wrong as e:
            bad += 1
            print(f'WRONG: {e}')
        finally:
            shutil.rmtree(box)
    print(f'{bad} wrong')
    return bad > 0


if __name__ == '__main__':
    sys.exit(main())
