"""Starts a program that ends when whoever started it ends, even by kill -9.

Run as a script (`python -I -S launch.py PARENT SIGNAL UID:GID COMMAND...`), never imported: it is the few lines
between a fork and the program proper, where a root supervisor also gives up its rights ("-" keeps them).
The signal is sent by the kernel (Linux only); elsewhere the next start clears up what was left behind.
It belongs to the thread that started the program, so start programs from a thread that lives on.
"""

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1


def _become(user: str) -> None:
    uid, gid = (int(part) for part in user.split(":"))
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def main() -> None:
    parent, signal_number, user = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    command = sys.argv[4:]
    if user != "-":
        _become(user)
    if sys.platform == "linux":
        # After the change of user, which would clear it.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal_number)
    if os.getppid() != parent:
        sys.exit("the starting process is gone")
    os.execvp(command[0], command)  # noqa: S606 - the point of this file


if __name__ == "__main__":
    main()
