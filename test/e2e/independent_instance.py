"""A second relay with one confidential instance behind it, so that a shared misreading of the protocol cannot hide.

Written from docs/protocol.md alone and with none of this project's code: ML-KEM-768 from kyber-py, ChaCha20-Poly1305 and
HKDF from pycryptodome. It is strict: what the page does not allow is refused and remembered in `complaints`.
"""

import base64
import gzip
import json
import secrets
import ssl
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from Crypto.Cipher import ChaCha20_Poly1305
from Crypto.Hash import SHA256
from Crypto.Protocol.KDF import HKDF
from kyber_py.ml_kem import ML_KEM_768

CIPHERTEXT_SIZE = 1088
NONCE_SIZE = 12
TAG_SIZE = 16
PUBLIC_KEY_SIZE = 1184


class Refusal(Exception):
    def __init__(self, status, detail):
        super().__init__(detail)
        self.status, self.detail = status, detail


def derive(shared_secret, mlkem_ct, info):
    return HKDF(shared_secret, 32, mlkem_ct[:16], SHA256, context=info)


def seal(key, plaintext):
    cipher = ChaCha20_Poly1305.new(key=key, nonce=secrets.token_bytes(NONCE_SIZE))
    ciphertext, tag = cipher.encrypt_and_digest(plaintext)
    return cipher.nonce + ciphertext + tag


def open_sealed(key, sealed):
    cipher = ChaCha20_Poly1305.new(key=key, nonce=sealed[:NONCE_SIZE])
    return cipher.decrypt_and_verify(sealed[NONCE_SIZE:-TAG_SIZE], sealed[-TAG_SIZE:])


def chunk_per_line(stream):
    """As instances usually send: each line with its newline is one chunk, blank lines too."""
    return stream.splitlines(keepends=True)


def chunks_of(size):
    """Chunks that know neither lines nor characters."""
    return lambda stream: [stream[i : i + size] for i in range(0, len(stream), size)]


@dataclass
class Received:
    """One request as the relay saw it and as the instance opened it."""

    headers: dict
    blob: bytes
    plaintext: bytes
    body: dict


@dataclass
class Script:
    """What the instance answers. `reply` gets the opened body and returns the reply's JSON as bytes; `stream` likewise the
    model server's SSE bytes, which `cut` divides into chunks."""

    reply: callable
    stream: callable
    cut: callable = chunk_per_line


@dataclass
class IndependentRelay:
    script: Script
    model: str = "independent/Model-TEE"
    chute_id: str = "7b9f3c1e-52a4-5d10-9c3b-0a1b2c3d4e5f"
    instance_id: str = "0d9f0c52-8b1e-4f6e-a5c3-6f2f1f3e9a77"
    received: list = field(default_factory=list)
    complaints: list = field(default_factory=list)

    def __post_init__(self):
        self.public_key, self.secret_key = ML_KEM_768.keygen()
        self.nonces = {}  # nonce -> credential
        self.lock = threading.Lock()

    # --- the relay's four endpoints ---

    def models(self):
        return {"object": "list", "data": [{"id": self.model, "root": self.model.removesuffix("-TEE"), "object": "model",
                                            "chute_id": self.chute_id, "created": 1, "confidential_compute": True}]}

    def discover(self, credential, chute_id):
        if chute_id != self.chute_id:
            raise Refusal(404, "Chute not found")
        fresh = [secrets.token_urlsafe(24) for _ in range(10)]
        with self.lock:
            self.nonces.update(dict.fromkeys(fresh, credential))
        key = base64.b64encode(self.public_key).decode()
        return {"instances": [{"instance_id": self.instance_id, "e2e_pubkey": key, "nonces": fresh}], "nonce_expires_in": 60}

    def invoke(self, credential, headers, blob):
        """Returns (is_stream, what to send): a blob, or the events of a stream."""
        if headers.get("X-Chute-Id") != self.chute_id or headers.get("X-Instance-Id") != self.instance_id:
            raise Refusal(404, "Instance not found")
        with self.lock:
            owner = self.nonces.pop(headers.get("X-E2E-Nonce"), None)
        if owner is None or owner != credential:
            raise Refusal(403, "Invalid, expired, or already-used nonce")
        if headers.get("Content-Type") != "application/octet-stream":
            raise Refusal(422, "not an octet stream")
        body = self.open_request(headers, blob)
        response_key = base64.b64decode(body["e2e_response_pk"], validate=True)
        if len(response_key) != PUBLIC_KEY_SIZE:
            raise Refusal(400, "response key of wrong size")
        shared_secret, mlkem_ct = ML_KEM_768.encaps(response_key)
        if not body.get("stream", False):
            key = derive(shared_secret, mlkem_ct, b"e2e-resp-v1")
            return False, mlkem_ct + seal(key, gzip.compress(self.script.reply(body)))
        key = derive(shared_secret, mlkem_ct, b"e2e-stream-v1")
        return True, self.events(key, mlkem_ct, body)

    # --- the instance ---

    def open_request(self, headers, blob):
        if len(blob) < CIPHERTEXT_SIZE + NONCE_SIZE + TAG_SIZE:
            raise Refusal(400, "blob too short")
        mlkem_ct = blob[:CIPHERTEXT_SIZE]
        key = derive(ML_KEM_768.decaps(self.secret_key, mlkem_ct), mlkem_ct, b"e2e-req-v1")
        plaintext = gzip.decompress(open_sealed(key, blob[CIPHERTEXT_SIZE:]))
        body = json.loads(plaintext)
        self.received.append(Received(dict(headers), blob, plaintext, body))
        if body.get("model") != self.model:
            raise Refusal(400, "wrong model name")
        if headers.get("X-E2E-Stream") != json.dumps(body.get("stream", False)):
            raise Refusal(400, "X-E2E-Stream disagrees with the body")
        if not headers.get("X-E2E-Path", "").startswith("/v1/"):
            raise Refusal(400, "no path")
        return body

    def events(self, key, mlkem_ct, body):
        yield {"e2e_init": base64.b64encode(mlkem_ct).decode()}
        for chunk in self.script.cut(self.script.stream(body)):
            yield {"e2e": base64.b64encode(seal(key, chunk)).decode()}

    def complain(self, what):
        with self.lock:
            self.complaints.append(what)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def relay(self):
        return self.server.relay

    def credential(self):
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or not token:
            raise Refusal(401, "Invalid or missing credential")
        return token

    def do_GET(self):
        self.answer(self.read)

    def do_POST(self):
        self.answer(self.write)

    def answer(self, action):
        try:
            action()
        except Refusal as refusal:
            self.relay.complain(f"{self.path}: {refusal}")
            self.send(refusal.status, "application/json", json.dumps({"detail": refusal.detail}).encode())
        except (ValueError, KeyError, gzip.BadGzipFile) as error:
            self.relay.complain(f"{self.path}: {error!r}")
            self.send(400, "application/json", b'{"detail":"the instance could not read this"}')

    def read(self):
        if self.path == "/v1/models":
            return self.send_json(self.relay.models())
        if self.path.startswith("/e2e/instances/"):
            return self.send_json(self.relay.discover(self.credential(), self.path.rsplit("/", 1)[1]))
        self.send(404, "application/json", b'{"detail":"Not Found"}')

    def write(self):
        blob = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path != "/e2e/invoke":
            raise Refusal(404, "Not Found")
        is_stream, answer = self.relay.invoke(self.credential(), self.headers, blob)
        if not is_stream:
            return self.send(200, "application/octet-stream", answer)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for event in answer:
            line = b"data: " + json.dumps(event).encode() + b"\n\n"
            self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
        self.wfile.write(b"0\r\n\r\n")

    def send_json(self, value):
        self.send(200, "application/json", json.dumps(value).encode())

    def send(self, status, content_type, body):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    """The relay over TLS on a free loopback port; a context manager."""

    daemon_threads = True

    def __init__(self, relay, certificate):
        super().__init__(("127.0.0.1", 0), Handler)
        self.relay = relay
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate.chain_path, certificate.key_path)
        self.url = f"https://127.0.0.1:{self.server_address[1]}"

    def finish_request(self, request, client_address):
        try:
            with self.context.wrap_socket(request, server_side=True) as tls:
                super().finish_request(tls, client_address)
        except OSError:
            pass  # the client left

    def __enter__(self):
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()
