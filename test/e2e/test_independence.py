"""No misreading of the protocol shared by the proxy and its simulator can hide: each is paired with other people's work."""

import json

import httpx
import pytest

import independent_instance
from harness import models, planted, wire
from independent_instance import IndependentRelay, Script


def scripted_reply(answer):
    """A model server that answers `answer`, streamed in pieces of two characters."""
    def reply(body):
        message = {"role": "assistant", "content": answer}
        return json.dumps({"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": body["model"], "choices": [
            {"index": 0, "message": message, "finish_reason": "stop"}]}, ensure_ascii=False).encode()

    def stream(body):
        deltas = [{"content": answer[i : i + 2]} for i in range(0, len(answer), 2)]
        choices = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
        choices.append({"index": 0, "delta": {}, "finish_reason": "stop"})
        chunks = [{"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": body["model"], "choices": [choice]}
                  for choice in choices]
        return b"".join(b"data: " + json.dumps(chunk, ensure_ascii=False).encode() + b"\n\n" for chunk in chunks) + b"data: [DONE]\n\n"

    return Script(reply, stream)


@pytest.fixture
def answer():
    return planted.answer("grüße – 你好 – 🦜")


@pytest.fixture
def relay(answer, authority):
    certificate = authority.issue("independent-relay", "127.0.0.1", "localhost")
    with independent_instance.Server(IndependentRelay(scripted_reply(answer)), certificate) as server:
        yield server


def official_client(url, ca_path):
    from chutes_e2ee import ChutesE2EETransport

    inner = httpx.HTTPTransport(verify=wire.trusting(ca_path))
    return httpx.Client(transport=ChutesE2EETransport(api_key=planted.key(), api_base=url, inner=inner), base_url=url)


def chat(model, **more):
    return {"model": model, "messages": [{"role": "user", "content": planted.prompt()}], **more}


def streamed_text(body):
    """The joined content of a stream that ended well: the last event is [DONE]."""
    *chunks, done = wire.data_of(body)
    assert done == "[DONE]"
    return "".join(choice["delta"].get("content", "") for chunk in chunks for choice in json.loads(chunk)["choices"])


def official_text(stream):
    """The joined content of what the official client makes of a stream (its separators are not quite SSE's)."""
    return "".join(choice["delta"].get("content") or "" for line in stream.splitlines() if line.startswith("data: {")
                   for choice in json.loads(line[6:]).get("choices", []))


def test_the_official_client_and_the_independent_instance_understand_each_other(relay, answer, authority):
    with official_client(relay.url, authority.path) as client:
        request = chat(relay.relay.model)
        reply = client.post("/v1/chat/completions", json=request)
        assert reply.json()["choices"][0]["message"]["content"] == answer
        streamed = client.post("/v1/chat/completions", json={**request, "stream": True})
        assert official_text(streamed.text) == answer
    opened = [received.body for received in relay.relay.received]
    assert [body["messages"] for body in opened] == [request["messages"]] * 2
    assert relay.relay.complaints == []


@pytest.fixture
def forgiving_sim(sim):
    """The official client does not ask the relay to keep its clear-text usage events to itself."""
    sim.forgiven = {"header_missing"}
    return sim


def test_the_official_client_completes_requests_against_the_simulator(forgiving_sim):
    sim = forgiving_sim
    request = chat(models.PLAIN)
    prompt = request["messages"][0]["content"]
    with official_client(sim.url, sim.ca_path) as client:
        reply = client.post("/v1/chat/completions", json=request)
        assert reply.json()["choices"][0]["message"]["content"] == prompt
        streamed = client.post("/v1/chat/completions", json={**request, "stream": True})
        assert official_text(streamed.text) == prompt


def test_the_official_clients_embeddings_against_the_simulator(forgiving_sim):
    sim = forgiving_sim
    with official_client(sim.url, sim.ca_path) as client:
        reply = client.post("/v1/embeddings", json={"model": models.EMBEDDING, "input": planted.prompt()})
    assert len(reply.json()["data"]) == 1


@pytest.fixture
def proxy_before_relay(relay, authority, start_proxy):
    proxy = start_proxy({"CHUTES_UPSTREAM": relay.url, "CHUTES_E2E_UPSTREAM": relay.url, "SSL_CERT_FILE": authority.path})
    return wire.Client(proxy.url, proxy.trust, planted.key())


def test_the_proxy_completes_requests_against_the_independent_instance(relay, answer, proxy_before_relay):
    request = chat(relay.relay.model)
    for _ in range(12):  # more than one discovery's nonces
        reply = proxy_before_relay.post("/v1/chat/completions", request)
        assert reply.status == 200 and reply.json()["choices"][0]["message"]["content"] == answer
    assert len({received.body["e2e_response_pk"] for received in relay.relay.received}) == 12, "a response key was used twice"
    assert relay.relay.complaints == []


@pytest.mark.parametrize("cut", [independent_instance.chunk_per_line, independent_instance.chunks_of(1), independent_instance.chunks_of(7),
                                 independent_instance.chunks_of(100_000)], ids=["lines", "bytes", "sevens", "whole"])
def test_the_proxy_reads_the_independent_instances_streams_however_they_are_cut(relay, answer, proxy_before_relay, cut):
    relay.relay.script.cut = cut
    request = chat(relay.relay.model, stream=True)
    reply = proxy_before_relay.post("/v1/chat/completions", request)
    assert reply.status == 200 and streamed_text(reply.body) == answer
    assert relay.relay.received[0].headers["X-E2E-Stream"] == "true"
    assert relay.relay.complaints == []
