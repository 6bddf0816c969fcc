"""Shapes that HTTP forbids, many of them used for request smuggling: an error and a closed connection, never a guess."""

import pytest

from harness.wire import Client, parse_raw_reply

POST = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
GET = b"GET /health HTTP/1.1\r\nHost: localhost\r\n"

SHAPES = {
    "two content lengths that differ": POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
    "two content lengths that agree": POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    "a list of content lengths": POST + b"Content-Length: 2, 3\r\n\r\n{} ",
    "content length and chunked": POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "a negative content length": POST + b"Content-Length: -2\r\n\r\n{}",
    "a signed content length": POST + b"Content-Length: +2\r\n\r\n{}",
    "a hexadecimal content length": POST + b"Content-Length: 0x2\r\n\r\n{}",
    "a content length beyond 64 bits": POST + b"Content-Length: 18446744073709551618\r\n\r\n{}",
    "an empty content length": POST + b"Content-Length:\r\n\r\n{}",
    "an unknown transfer encoding": POST + b"Transfer-Encoding: xchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "chunked twice": POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "chunked that is not last": POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "chunked in HTTP/1.0": b"POST /v1/chat/completions HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "a chunk size that is no number": POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "a negative chunk size": POST + b"Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n",
    "a chunk size beyond 64 bits": POST + b"Transfer-Encoding: chunked\r\n\r\n10000000000000002\r\n{}\r\n0\r\n\r\n",
    "a chunk longer than it says": POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n",
    "no host": b"GET /health HTTP/1.1\r\n\r\n",
    "two hosts": GET + b"Host: localhost\r\n\r\n",
    "a host with a path": b"GET /health HTTP/1.1\r\nHost: localhost/evil\r\n\r\n",
    "a host with a user": b"GET /health HTTP/1.1\r\nHost: localhost@evil.example\r\n\r\n",
    "an empty host": b"GET /health HTTP/1.1\r\nHost:\r\n\r\n",
    "a folded header": GET + b"X-Folded: one\r\n two\r\n\r\n",
    "a space before the colon": GET + b"X-Space : one\r\n\r\n",
    "a header without a name": GET + b": one\r\n\r\n",
    "a header without a colon": GET + b"nonsense\r\n\r\n",
    "a bare CR in a header": GET + b"X-Bare: one\rtwo\r\n\r\n",
    "a NUL in a header": GET + b"X-Nul: one\0two\r\n\r\n",
    "a NUL in the target": b"GET /health\0 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a control character in the target": b"GET /hea\x01lth HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a space in the target": b"GET /health evil HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "no version": b"GET /health\r\nHost: localhost\r\n\r\n",
    "an unknown version": b"GET /health HTTP/3.0\r\nHost: localhost\r\n\r\n",
    "an unfit method": b"G\x7fT /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "no HTTP at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "headers of 70 KiB": GET + b"X-Large: " + b"x" * 70 * 1024 + b"\r\n\r\n",
    "a thousand headers of nothing": GET + b"".join(b"X-%d: %s\r\n" % (i, b"y" * 70) for i in range(1000)) + b"\r\n",
    "a target of 70 KiB": b"GET /" + b"x" * 70 * 1024 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
}
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(scope="module")
def client(quiet_proxy):
    return Client(quiet_proxy.url, quiet_proxy.trust)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_forbidden_shape_gets_one_4xx_in_json_and_a_closed_connection(client, quiet_proxy, shape):
    received = client.raw(SHAPES[shape] + SMUGGLED)
    reply = parse_raw_reply(received)
    assert 400 <= reply.status < 500 or reply.status in (501, 505), received
    assert received.count(b"HTTP/1.1 ") == 1, "what followed the malformed request was read as another one"
    assert reply.message
    assert client.get("/health").status == 200
    assert quiet_proxy.alive


@pytest.mark.parametrize("request_bytes", [
    GET.replace(b"\r\n", b"\n") + b"\n",
    b"GET /health HTTP/1.1\nHost: localhost\r\n\r\n",
])
def test_bare_line_feeds_are_not_line_ends(client, request_bytes):
    received = client.raw(request_bytes, finish=True)
    assert b" 200 " not in received.split(b"\r\n")[0]
    assert client.get("/health").status == 200


@pytest.mark.parametrize("cut", [b"", b"G", b"GET /health HTTP/1.1\r\nHost: loc", POST + b"Content-Length: 10\r\n\r\n{",
                                 POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{"])
def test_a_client_that_leaves_in_the_middle_of_a_request_does_no_harm(client, cut):
    client.raw(cut, finish=True)
    assert client.get("/health").status == 200
