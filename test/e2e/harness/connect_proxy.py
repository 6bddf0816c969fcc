"""A CONNECT proxy that remembers what it was asked for; a context manager on a free loopback port."""

import contextlib
import select
import socket
import socketserver
import threading


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        request = self.rfile.readline().decode()
        headers = {}
        while (line := self.rfile.readline().decode().strip()):
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        method, target, _ = request.split()
        self.server.asked.append((method, target, headers))
        if method != "CONNECT" or self.server.refusal:
            self.wfile.write(f"HTTP/1.1 {self.server.refusal or '405 Method Not Allowed'}\r\nContent-Length: 0\r\n\r\n".encode())
            return
        host, _, port = target.rpartition(":")
        with contextlib.suppress(OSError), socket.create_connection((host.strip("[]"), int(port))) as upstream:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            self.relay({self.connection: upstream, upstream: self.connection})

    @staticmethod
    def relay(other):
        while True:
            for ready in select.select(list(other), [], [])[0]:
                data = ready.recv(65536)
                if not data:
                    return
                other[ready].sendall(data)


class ConnectProxy(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, refusal=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked = []  # (method, target, headers)
        self.refusal = refusal
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()
