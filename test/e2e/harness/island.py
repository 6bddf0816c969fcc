"""A network that ends at this machine: a namespace with nothing but loopback, so that a client that calls home cannot."""

import contextlib
import ctypes
import fcntl
import os
import socket
import struct

CLONE_NEWNET = 0x40000000  # sched.h
SIOCSIFFLAGS, IFF_UP = 0x8914, 1  # linux/sockios.h, linux/if.h
_libc = ctypes.CDLL(None, use_errno=True)


def _call(function, *arguments):
    if function(*arguments) != 0:
        raise OSError(ctypes.get_errno(), f"{function.__name__}: {os.strerror(ctypes.get_errno())}")


@contextlib.contextmanager
def island():
    """This thread, its sockets and the programs it starts live in a namespace of their own until the end. OSError where that is
    not permitted (it takes root)."""
    mainland = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        _call(_libc.unshare, CLONE_NEWNET)
        try:
            with socket.socket() as any_socket:
                fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))
            yield
        finally:
            _call(_libc.setns, mainland, CLONE_NEWNET)
    finally:
        os.close(mainland)
