"""What every reply has in common, whatever was asked. No upstream is needed."""

import re

import pytest

from harness.wire import Client, parse_raw_reply

ORIGIN = {"Origin": "https://app.example.org"}


@pytest.fixture(scope="module")
def client(quiet_proxy):
    return Client(quiet_proxy.url, quiet_proxy.trust)


@pytest.mark.parametrize("method, path, status", [
    ("GET", "/health", 200),
    ("GET", "/", 404),
    ("GET", "/v2/chat/completions", 404),
    ("GET", "/v1", 404),
    ("POST", "/v1/", 404),
    ("POST", "/chat/completions", 404),
    ("POST", "/v1/../health", 404),
    ("POST", "/v1/messages/batches", 404),
    ("DELETE", "/v1/responses/resp_1", 404),
    ("POST", "/health", 405),
    ("PUT", "/v1/models", 405),
    ("GET", "/v1/chat/completions", 405),
    ("GET", "/v1/messages", 405),
    ("GET", "/v1/messages/count_tokens", 405),
    ("GET", "/v1/responses", 405),
    ("PATCH", "/v1/embeddings", 405),
])
def test_every_method_and_path_has_its_answer_in_json_with_cors_and_request_id(client, method, path, status):
    reply = client.request(method, path, headers=ORIGIN)
    assert reply.status == status
    assert reply.headers["Access-Control-Allow-Origin"] in ("*", ORIGIN["Origin"])
    assert reply.headers["X-Request-Id"]
    assert reply.headers.get_content_type() == "application/json"
    if status != 200:
        assert reply.message
    if status == 405:
        assert method not in reply.headers["Allow"] and "OPTIONS" in reply.headers["Allow"]


def test_errors_on_the_claude_path_have_the_claude_shape(client):
    reply = client.get("/v1/messages")
    assert reply.json()["type"] == "error"
    assert reply.json()["error"]["type"] == "invalid_request_error"
    assert reply.json()["request_id"] == reply.headers["request-id"]


def test_errors_elsewhere_have_the_openai_shape(client):
    for path in ("/v1/chat/completions", "/v1/responses", "/nowhere"):
        assert set(client.get(path).json()["error"]) == {"message", "type", "param", "code"}


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/models", "/health", "/anything/else"])
def test_preflight_is_answered_for_every_path(client, path):
    asked = {**ORIGIN, "Access-Control-Request-Method": "POST",
             "Access-Control-Request-Headers": "authorization,content-type,x-stainless-lang"}
    reply = client.request("OPTIONS", path, headers=asked)
    assert reply.status == 204 and reply.body == b""
    assert reply.headers["Access-Control-Allow-Origin"] in ("*", ORIGIN["Origin"])
    assert "POST" in reply.headers["Access-Control-Allow-Methods"]
    allowed = {name.strip().lower() for name in reply.headers["Access-Control-Allow-Headers"].split(",")}
    assert {"authorization", "content-type", "x-stainless-lang"} <= allowed  # "*" would not cover authorization
    assert reply.headers["Access-Control-Max-Age"] == "86400"
    assert reply.headers["Access-Control-Allow-Private-Network"] is None


def test_preflight_allows_private_networks_when_asked(client):
    asked = {**ORIGIN, "Access-Control-Request-Method": "POST", "Access-Control-Request-Private-Network": "true"}
    assert client.request("OPTIONS", "/v1/chat/completions", headers=asked).headers["Access-Control-Allow-Private-Network"] == "true"


def test_only_configured_origins_get_cors_headers(start_proxy):
    proxy = start_proxy({"E2EE_CORS_ORIGINS": "https://app.example.org, https://other.example.org"})
    client = Client(proxy.url, proxy.trust)
    allowed = client.get("/health", ORIGIN)
    assert allowed.headers["Access-Control-Allow-Origin"] == ORIGIN["Origin"]
    assert "origin" in allowed.headers["Vary"].lower()
    assert client.get("/health", {"Origin": "https://evil.example"}).headers["Access-Control-Allow-Origin"] is None


def test_a_request_id_is_kept_and_a_missing_or_unfit_one_is_made(client):
    assert client.get("/health", {"X-Request-Id": "trace-42/a"}).headers["X-Request-Id"] == "trace-42/a"
    assert client.get("/health", {"X-Request-Id": "x" * 128}).headers["X-Request-Id"] == "x" * 128
    made = [client.get("/health").headers["X-Request-Id"], client.get("/health", {"X-Request-Id": "x" * 129}).headers["X-Request-Id"],
            client.get("/health", {"X-Request-Id": "b\u00e4d"}).headers["X-Request-Id"]]
    assert len(set(made)) == 3
    for request_id in made:
        assert re.fullmatch(r"[!-~]{8,128}", request_id)


@pytest.mark.parametrize("path, status", [("/", b"200"), ("/api/hello", b"200"), ("/health", b"200"), ("/nowhere", b"404")])
def test_head_has_no_body(client, path, status):
    received = client.raw(f"HEAD {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.split()[1] == status
    assert body == b""


@pytest.mark.parametrize("host", ["localhost", "localhost:8443", "127.0.0.1", "127.0.0.1:1", "[::1]:8443", "LOCALHOST"])
def test_the_host_guard_lets_the_certificates_names_and_loopback_in(client, host):
    assert client.get("/health", {"Host": host}).status == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "192.0.2.1", "evil.example:443"])
def test_the_host_guard_refuses_other_names(client, host):
    reply = client.get("/health", {"Host": host})
    assert reply.status == 421
    assert reply.message


def test_the_host_guard_knows_configured_names(start_proxy):
    proxy = start_proxy({"E2EE_ALLOWED_HOSTS": "proxy.example.org"})
    client = Client(proxy.url, proxy.trust)
    assert client.get("/health", {"Host": "proxy.example.org:8443"}).status == 200
    assert client.get("/health", {"Host": "evil.example"}).status == 421
    anyone = start_proxy({"E2EE_ALLOWED_HOSTS": "*"})
    assert Client(anyone.url, anyone.trust).get("/health", {"Host": "evil.example"}).status == 200


def test_the_host_guard_watches_the_plain_listener_too(start_proxy):
    proxy = start_proxy({"E2EE_PLAIN_LISTEN": "127.0.0.1:0"})
    client = Client(f"http://{proxy.address('plain')}")
    assert client.get("/health", {"Host": "evil.example"}).status == 421


def test_a_connection_is_kept_and_pipelined_requests_are_answered_in_order(client):
    request = b"GET /%s HTTP/1.1\r\nHost: localhost\r\n%s\r\n"
    received = client.raw(request % (b"health", b"") + request % (b"nowhere", b"") + request % (b"health", b"Connection: close\r\n"))
    assert re.findall(rb"HTTP/1\.1 (\d+)", received) == [b"200", b"404", b"200"]


def test_expect_100_continue_is_answered_before_the_body(client):
    received = client.raw(b"POST /nowhere/v1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nExpect: 100-continue\r\n"
                          b"Connection: close\r\n\r\n{}")
    assert received.startswith((b"HTTP/1.1 100 ", b"HTTP/1.1 404 "))
    assert b"HTTP/1.1 404 " in received


def test_http_1_0_gets_an_answer_and_a_close(client):
    received = client.raw(b"GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n")
    assert parse_raw_reply(received).json() == {"status": "ok"}
