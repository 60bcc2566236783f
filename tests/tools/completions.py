# SPDX-License-Identifier: BSD-3-Clause
"""Tries the completions in real shells: what is typed before the tab, and what must, or must
not, come of it.

	completions.py FOLDER		where tcpflow, _tcpflow and tcpflow.fish are
"""
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time

# typed, and the whole line afterwards
UNIQUE = [
    ("tcpflow --sess", "tcpflow --session "),
    ("tcpflow --relinq", "tcpflow --relinquish-privileges"),
    ("tcpflow -r some", "tcpflow -r some.pcap "),
    ("tcpflow -cqr some", "tcpflow -cqr some.pcap "),
    ("tcpflow --read some", "tcpflow --read some.pcap "),
    ("tcpflow -o fold", "tcpflow -o folder/"),
    ("tcpflow -e netv", "tcpflow -e netviz "),
    ("tcpflow --overlap=sol", "tcpflow --overlap=solaris "),
    ("tcpflow --checksum ign", "tcpflow --checksum ignore "),
    ("tcpflow --timestamps=ep", "tcpflow --timestamps=epoch "),
    ("tcpflow -S tcp_t", "tcpflow -S tcp_timeout="),
    ("tcpflow -l some", "tcpflow -l some.pcap "),
    ("tcpflow -q --hex --jsonl --no-ne", "tcpflow -q --hex --jsonl --no-newline "),
]


def typed(fd, text, until=b"", quiet=0.2, most=20.0):
    """Types the text, and returns what is shown until `until` was, and then nothing for a while."""
    os.write(fd, text.encode())
    shown, end = b"", time.monotonic() + most
    while time.monotonic() < end:
        wait = quiet if shown and until in shown else 2.0
        if not select.select([fd], [], [], wait)[0]:
            if until in shown:
                break
            continue
        try:
            shown += os.read(fd, 65536)
        except OSError:
            break
    return shown.decode(errors="replace")


def plain(shown):
    """Without what moves a cursor; a backspace takes a character back."""
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\x07|\r", "", shown)
    while "\b" in text:
        text = re.sub(r"[^\b]\b", "", text, count=1)
    return text


def interactive(argv, setup):
    """A shell with a terminal, and a function that types a line and a tab."""
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(TERM="dumb", PS1="> ", HOME=os.getcwd())
        os.execvp(argv[0], argv)
    typed(fd, setup + "; echo rea''dy\n", until=b"ready")

    def line(text):
        shown = plain(typed(fd, text + "\t"))
        typed(fd, "\x15\n")  # away with the line
        return shown.split("> ")[-1]
    return line, fd, pid


def bash(folder):
    return interactive(["bash", "--norc", "--noprofile", "-i"], f". {folder}/tcpflow")


def zsh(folder):
    return interactive(["zsh", "-f", "-i"],
                       f"PS1='> '; fpath=({folder} $fpath); autoload -Uz compinit; compinit -u -D; unsetopt zle_bracketed_paste")


def fish(folder):
    def line(text):
        got = subprocess.run(["fish", "--no-config", "-c", f'source {folder}/tcpflow.fish; complete -C "{text}"'],
                             capture_output=True, text=True, check=True).stdout.splitlines()
        words = [w.split("\t")[0] for w in got]
        return text.rsplit(" ", 1)[0] + " " + words[0] if len(words) == 1 else " | ".join(words)
    return line, None, None


def main():
    folder = os.path.abspath(sys.argv[1])
    faults, tried = 0, []
    with tempfile.TemporaryDirectory() as box:
        os.chdir(box)
        os.mkdir("folder")
        for name in ("some.pcap", "folder/within"):
            open(name, "w").close()
        for shell in (bash, zsh, fish):
            name = shell.__name__
            if shutil.which(name) is None:
                if os.environ.get("TCPFLOW_NO_SKIPS"):
                    print(f"{name} is missing")
                    faults += 1
                continue
            tried.append(name)
            line, fd, pid = shell(folder)
            for text, want in UNIQUE:
                got = line(text)
                if got.rstrip(" =") != want.rstrip(" ="):  # zsh adds a = at once
                    print(f"{name}: '{text}' becomes '{got}', not '{want}'")
                    faults += 1
            if pid:
                os.close(fd)
                os.waitpid(pid, 0)
    print("tried in " + ", ".join(tried))
    return faults > 0


sys.exit(main())
