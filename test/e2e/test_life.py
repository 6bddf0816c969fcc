"""Signals, clients that leave, limits: the process as its operator sees it."""

import contextlib
import json
import signal
import socket

import pytest

from harness import models, planted
from harness.processes import DEADLINE, wait_until
from harness.wire import Client, connect, data_of


def chat(**more):
    return {"model": models.PLAIN, "messages": [{"role": "user", "content": planted.prompt()}], **more}


def open_stream(proxy, key):
    """An HTTP connection whose streamed reply has begun."""
    connection = connect(proxy.url, proxy.trust)
    connection.request("POST", "/v1/chat/completions", json.dumps(chat(stream=True)).encode(),
                       {"Authorization": f"Bearer {key}", "Content-Type": "application/json"})
    return connection, connection.getresponse()


def test_sigterm_lets_a_running_stream_finish_and_takes_no_new_connection(sim, start_proxy):
    proxy = start_proxy(sim.upstream())
    key = planted.key()
    address = ("127.0.0.1", proxy.port)
    with sim.latency(between_events=100):
        _, reply = open_stream(proxy, key)
        first = reply.read(1)
        proxy.signal(signal.SIGTERM)

        def refused():
            try:
                socket.create_connection(address).close()
                return False
            except ConnectionRefusedError:
                return True

        wait_until(refused, "the listener to close")
        events = data_of(first + reply.read())
    assert events[-1] == "[DONE]"
    assert proxy.wait() == 0
    proxy.ended_by_test = True


def test_a_second_signal_ends_at_once(sim, start_proxy):
    proxy = start_proxy(sim.upstream())
    proxy.ended_by_test = True
    key = planted.key()
    sim.fault("stall_mid_stream", credential=key)
    _, reply = open_stream(proxy, key)
    reply.read(1)
    proxy.signal(signal.SIGTERM)
    wait_until(lambda: "drain" in proxy.log() or "stopping" in proxy.log(), "the proxy to say that it stops")
    proxy.signal(signal.SIGTERM)
    proxy.wait()


def test_the_drain_time_bounds_how_long_a_stalled_stream_may_hold_the_end(sim, start_proxy):
    proxy = start_proxy({**sim.upstream(), "E2EE_DRAIN_TIMEOUT": "500ms"})
    proxy.ended_by_test = True
    key = planted.key()
    sim.fault("stall_mid_stream", credential=key)
    _, reply = open_stream(proxy, key)
    reply.read(1)
    proxy.signal(signal.SIGTERM)
    assert proxy.wait() == 0


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_leaves_ends_the_request_at_the_relay(sim, proxy, stream):
    key = planted.key()
    sim.fault("stall_mid_stream" if stream else "stall_before_status", credential=key)
    if stream:
        connection, reply = open_stream(proxy, key)
        reply.read(1)
        reply.close()
    else:
        connection = connect(proxy.url, proxy.trust)
        connection.request("POST", "/v1/chat/completions", json.dumps(chat()).encode(), {"Authorization": f"Bearer {key}"})
        wait_until(lambda: sim.invocations(key), "the request at the relay")
    connection.close()
    wait_until(lambda: [entry["end"] for entry in sim.invocations(key)] == ["aborted"], "the relay to see the client leave")


def test_a_client_that_sent_a_lot_ahead_is_seen_leaving_all_the_same(sim, proxy):
    key = planted.key()
    sim.fault("stall_before_status", credential=key)
    connection = connect(proxy.url, proxy.trust)
    connection.request("POST", "/v1/chat/completions", json.dumps(chat()).encode(), {"Authorization": f"Bearer {key}"})
    wait_until(lambda: sim.invocations(key), "the request at the relay")
    connection.sock.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Padding: " + b"x" * 100_000)
    connection.close()
    wait_until(lambda: [entry["end"] for entry in sim.invocations(key)] == ["aborted"], "the relay to see the client leave")


def test_slow_bodies_do_not_take_the_places_of_whole_requests(sim, start_proxy):
    proxy = start_proxy({**sim.upstream(), "E2EE_MAX_IN_FLIGHT": "2"})
    slow = [connect(proxy.url, proxy.trust) for _ in range(4)]
    for connection in slow:
        connection.connect()
        connection.sock.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\n"
                                b"Content-Length: 1000\r\n\r\n{")
    assert Client(proxy.url, proxy.trust, planted.key()).post("/v1/chat/completions", chat()).status == 200
    for connection in slow:
        connection.close()


def test_clients_that_do_not_read_hold_the_relay_back_and_do_not_fill_the_proxys_memory(sim, start_proxy):
    """Twenty answers of 20 MB, of which nobody takes more than the first byte."""
    proxy = start_proxy(sim.upstream())
    other = Client(proxy.url, proxy.trust, planted.key())
    assert other.post("/v1/chat/completions", chat()).status == 200
    memory, key = proxy.resident_mib(), planted.key()
    with sim.configured(answer_deltas=5_000, answer_delta_size=4000):
        streams = [open_stream(proxy, key) for _ in range(20)]
        for _, reply in streams:
            reply.read(1)
        sent = []

        def stands_still():
            sent.append(sum(entry["events_sent"] for entry in sim.invocations(key)))
            return len(sent) > 10 and len(set(sent[-10:])) == 1

        wait_until(stands_still, "the relay to be held back")
        assert sent[-1] < 20 * 5_000
    assert other.post("/v1/chat/completions", chat()).status == 200
    assert proxy.resident_mib() < memory + 60
    for connection, reply in streams:
        reply.close()
        connection.close()
    wait_until(lambda: {entry["end"] for entry in sim.invocations(key)} == {"aborted"}, "the relay to see the clients leave")


def test_a_body_over_the_limit_is_413_and_one_under_it_is_not(sim, start_proxy):
    proxy = start_proxy({**sim.upstream(), "E2EE_MAX_BODY": "1MiB"})
    client = Client(proxy.url, proxy.trust, planted.key())
    assert client.post("/v1/chat/completions", chat(user="x" * 1_000_000)).status == 200
    assert client.raw_post("/v1/chat/completions", chat(user="x" * 1_100_000)).status == 413


def test_more_requests_at_once_than_allowed_get_503_and_retry_after(sim, start_proxy):
    proxy = start_proxy({**sim.upstream(), "E2EE_MAX_IN_FLIGHT": "1"})
    key = planted.key()
    sim.fault("stall_mid_stream", credential=key)
    connection, reply = open_stream(proxy, key)
    reply.read(1)
    refused = Client(proxy.url, proxy.trust, planted.key()).post("/v1/chat/completions", chat())
    assert refused.status == 503 and int(refused.headers["Retry-After"]) >= 1 and refused.message
    reply.close()
    connection.close()
    other = Client(proxy.url, proxy.trust, planted.key())
    wait_until(lambda: other.post("/v1/chat/completions", chat()).status == 200, "a free place")


def test_a_client_that_never_finishes_its_headers_is_sent_away(start_proxy):
    proxy = start_proxy({"E2EE_HEADER_TIMEOUT": "1s"})
    client = Client(proxy.url, proxy.trust)
    received = client.raw(b"GET /health HTTP/1.1\r\nHost: loc")
    assert received == b"" or received.split()[1] in (b"408", b"400")
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=DEADLINE) as silent, contextlib.suppress(ConnectionResetError):
        while silent.recv(100):  # not even a handshake: a timeout here would mean that it is let be
            pass
    assert client.get("/health").status == 200


def quoting_the_client():
    """Bodies that an error message is tempted to quote."""
    secret = planted.prompt()
    return [b'{"model":"' + secret.encode(), json.dumps({"model": secret, "messages": []}).encode(),
            b'{"model":"x","%s":1,"%s":2}' % (secret.encode(), secret.encode()), json.dumps(chat(stream=secret)).encode(),
            json.dumps({"model": models.PLAIN, "messages": secret, "e2e_response_pk": secret}).encode()]


def model_error():
    """As model servers do, the error quotes what it was sent."""
    return json.dumps({"object": "error", "message": f"1 validation error: input_value='{planted.prompt()}'", "type": "BadRequestError", "code": 400})


def test_the_log_of_a_request_says_what_happened_and_not_what_was_said(sim, start_proxy):
    for form in ("text", "json"):
        proxy = start_proxy({**sim.upstream(), "E2EE_LOG_LEVEL": "debug", "E2EE_LOG_FORMAT": form})
        client = Client(proxy.url, proxy.trust, planted.key())
        assert client.post("/v1/chat/completions", chat(), {"X-Request-Id": f"trace-{form}"}).status == 200
        assert client.post("/v1/chat/completions", chat(model="no/such")).status == 404
        for body in quoting_the_client():
            assert client.post("/v1/chat/completions", body).status in (400, 404)
        for fields in ({"body": model_error()}, {"body": model_error(), "status": 400}):
            sim.script(**fields)
            assert client.post("/v1/chat/completions", chat()).status in (400, 500)
        sim.script(sse=f"data: {model_error()}\n\n")
        client.post("/v1/chat/completions", chat(stream=True))
        wait_until(lambda: f"trace-{form}" in proxy.log(), "the request id in the log")
        assert planted.found_in(proxy.log(), sim.nonces(client.key)) == []
