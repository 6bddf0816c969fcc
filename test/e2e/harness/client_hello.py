"""A TLS 1.3 ClientHello without a key share, to learn which group a server wants (RFC 8446 §4.1.4: HelloRetryRequest)."""

import os
import socket
import struct

from harness.processes import DEADLINE

P256, X25519, X25519_MLKEM768 = 0x0017, 0x001D, 0x11EC
HELLO_RETRY_REQUEST = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
SUPPORTED_GROUPS, SIGNATURE_ALGORITHMS, SUPPORTED_VERSIONS, KEY_SHARE, SERVER_NAME = 10, 13, 43, 51, 0


def vector(size_bytes, content):
    return len(content).to_bytes(size_bytes, "big") + content


def extension(number, content):
    return struct.pack(">H", number) + vector(2, content)


def client_hello(groups):
    extensions = (extension(SERVER_NAME, vector(2, b"\0" + vector(2, b"localhost")))
                  + extension(SUPPORTED_GROUPS, vector(2, b"".join(struct.pack(">H", group) for group in groups)))
                  + extension(SIGNATURE_ALGORITHMS, vector(2, bytes.fromhex("0403080408050806")))
                  + extension(SUPPORTED_VERSIONS, vector(1, b"\x03\x04"))
                  + extension(KEY_SHARE, vector(2, b"")))
    body = (b"\x03\x03" + os.urandom(32) + vector(1, os.urandom(32)) + vector(2, bytes.fromhex("130113021303"))
            + vector(1, b"\0") + vector(2, extensions))
    return b"\x16\x03\x01" + vector(2, b"\x01" + vector(3, body))


def selected_group(address, groups):
    with socket.create_connection(address, timeout=DEADLINE) as connection:
        connection.sendall(client_hello(groups))
        stream = connection.makefile("rb")
        kind, _, size = struct.unpack(">BHH", stream.read(5))
        message = stream.read(size)
    assert kind == 22 and message[0] == 2, "the server did not answer with a ServerHello"
    assert message[6:38] == HELLO_RETRY_REQUEST
    rest = message[38 + 1 + message[38] + 2 + 1 + 2:]  # behind session id, cipher suite, compression, length of extensions
    while rest:
        number, length = struct.unpack(">HH", rest[:4])
        if number == KEY_SHARE:
            return int.from_bytes(rest[4:6], "big")
        rest = rest[4 + length:]
    raise AssertionError("the HelloRetryRequest names no group")
