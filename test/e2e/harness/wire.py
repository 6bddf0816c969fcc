"""Clients that add nothing: every byte of request and reply is visible to the test."""

import contextlib
import http.client
import io
import json
import select
import socket
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from harness.processes import DEADLINE


@dataclass
class Reply:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self):
        return json.loads(self.body)

    @property
    def message(self):
        """The text of an error in the shape of any of the three APIs."""
        return self.json()["error"]["message"]


def trusting(ca_path):
    return ssl.create_default_context(cafile=ca_path)


def connect(url, ca_path=None):
    parts = urlsplit(url)
    if parts.scheme == "http":
        return http.client.HTTPConnection(parts.hostname, parts.port, timeout=DEADLINE)
    return http.client.HTTPSConnection(parts.hostname, parts.port, timeout=DEADLINE, context=trusting(ca_path))


def read_now(stream):
    """What has come in already, if anything."""
    if not select.select([stream], [], [], 0)[0]:
        return b""
    stream.settimeout(0)
    try:
        return stream.recv(65536)
    except (ssl.SSLWantReadError, BlockingIOError):
        return b""  # TLS had something to say to itself
    finally:
        stream.settimeout(DEADLINE)


class Client:
    """One client with one key. Each request opens a connection, unless `keep` is set."""

    def __init__(self, url, ca_path=None, key=None, keep=False):
        self.url, self.ca_path, self.key = url, ca_path, key
        self.kept = connect(url, ca_path) if keep else None

    def request(self, method, path, body=None, headers=None):
        headers = dict(headers or {})
        if self.key and not {"authorization", "x-api-key"} & {name.lower() for name in headers}:
            headers["Authorization"] = f"Bearer {self.key}"
        connection = self.kept or connect(self.url, self.ca_path)
        try:
            connection.request(method, path, body=body, headers=headers)
            reply = connection.getresponse()
            return Reply(reply.status, reply.headers, reply.read())
        finally:
            if not self.kept:
                connection.close()

    def get(self, path, headers=None):
        return self.request("GET", path, headers=headers)

    def post(self, path, body, headers=None):
        """`body` is sent as it is if it is bytes, else as JSON."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.request("POST", path, data, {"Content-Type": "application/json", **(headers or {})})

    def raw(self, request, finish=False):
        """Sends bytes as they are and returns everything that comes back until the server closes; with `finish` the sending
        side is closed first. The server may answer and close before it has read everything: it is listened to meanwhile."""
        parts = urlsplit(self.url)
        received = b""
        with socket.create_connection((parts.hostname, parts.port), timeout=DEADLINE) as plain:
            stream = plain if parts.scheme == "http" else trusting(self.ca_path).wrap_socket(plain, server_hostname=parts.hostname)
            with stream, contextlib.suppress(ConnectionError, ssl.SSLEOFError):
                pieces = (request[i : i + 65536] for i in range(0, len(request), 65536))
                while not (received := read_now(stream)) and (piece := next(pieces, b"")):
                    stream.sendall(piece)
                if finish:
                    stream.shutdown(socket.SHUT_WR)
                while data := stream.recv(65536):
                    received += data
        return received

    def raw_post(self, path, body):
        """A POST whose sender listens while it sends: for bodies that the server may refuse before it has read them."""
        data = json.dumps(body).encode()
        head = (f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.key}\r\nConnection: close\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n")
        return parse_raw_reply(self.raw(head.encode() + data))


def parse_raw_reply(received):
    """The first reply in what a raw connection got back."""
    class Stream:
        def makefile(self, *_):
            return io.BytesIO(received)

    reply = http.client.HTTPResponse(Stream())
    reply.begin()
    return Reply(reply.status, reply.headers, reply.read())


def data_of(stream):
    """The data of each event of an SSE body, as text; comments are skipped. Strict about what this project sends: LF."""
    events = []
    for block in stream.decode().split("\n\n"):
        lines = [line[5:].removeprefix(" ") for line in block.split("\n") if line.startswith("data:")]
        if lines:
            events.append("\n".join(lines))
    return events
