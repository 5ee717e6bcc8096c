"""Passes sockets to a program as systemd does: as descriptors from 3 on, with their number in the
environment. Run by itself, it becomes that program: inherited_sockets.py FD,FD... COMMAND..."""

import fcntl
import os
import sys

FIRST = 3
OUT_OF_THE_WAY = 100


def with_sockets(sockets):
    """Arguments of Skepd that start it with these sockets."""
    fds = [sock.fileno() for sock in sockets]
    prefix = [sys.executable, __file__, ",".join(map(str, fds))]
    return {"prefix": prefix, "pass_fds": fds}


def main():
    fds = [fcntl.fcntl(int(fd), fcntl.F_DUPFD, OUT_OF_THE_WAY) for fd in sys.argv[1].split(",")]
    for place, fd in enumerate(fds, FIRST):
        os.dup2(fd, place)
        os.close(fd)
    os.environ.update(LISTEN_FDS=str(len(fds)), LISTEN_PID=str(os.getpid()))
    os.execvp(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
