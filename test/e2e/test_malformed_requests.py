"""Bodies that no instance should ever see: a clear 4xx in JSON, nothing sent upstream, the process alive."""

import json

import pytest

from harness import models, planted
from harness.wire import parse_raw_reply

GOOD = json.dumps({"model": models.PLAIN, "messages": [{"role": "user", "content": planted.prompt()}]}).encode()


def replaced(member, value):
    return json.dumps({**json.loads(GOOD), member: value}).encode()


BODIES = {
    "no body": (b"", 400),
    "white space": (b" \r\n\t", 400),
    "an open object": (b'{"model":', 400),
    "no JSON": (b"model=x&messages=y", 400),
    "a trailing comma": (GOOD[:-1] + b",}", 400),
    "a comment": (b"/* c */" + GOOD, 400),
    "single quotes": (b"{'model':'x'}", 400),
    "NaN": (GOOD[:-1] + b',"temperature":NaN}', 400),
    "trailing garbage": (GOOD + b"garbage", 400),
    "a second value": (GOOD + b" {}", 400),
    "a byte order mark": (b"\xef\xbb\xbf" + GOOD, 400),
    "UTF-16": (GOOD.decode().encode("utf-16"), 400),
    "a control character in a string": (GOOD.replace(b"say", b"s\x01y"), 400),
    "invalid UTF-8": (GOOD.replace(b"say", b"s\xff\xfey"), 400),
    "overlong UTF-8": (GOOD.replace(b"say", b"s\xc0\xafy"), 400),
    "half a surrogate in UTF-8": (GOOD.replace(b"say", b"s\xed\xa0\x80y"), 400),
    "half a character at the end": (GOOD[:-2] + b"\xf0\x9f", 400),
    "arrays nested 100,000 deep": (GOOD[:-1] + b',"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400),
    "objects nested 100,000 deep": (GOOD[:-1] + b',"x":' + b'{"y":' * 100_000 + b"1" + b"}" * 100_000 + b"}", 400),
    "an array": (b"[" + GOOD + b"]", 400),
    "a string": (b'"model"', 400),
    "null": (b"null", 400),
    "no model": (b'{"messages":[]}', 400),
    "a model that is null": (replaced("model", None), 400),
    "a model that is a number": (replaced("model", 7), 400),
    "a model that is a list": (replaced("model", [models.PLAIN]), 400),
    "a model that is an object": (replaced("model", {"id": models.PLAIN}), 400),
    "an empty model": (replaced("model", ""), 400),
    "a model of 100 kB": (replaced("model", "x" * 100_000), 400),
    "two models": (GOOD[:-1] + b',"model":"' + models.PLAIN.encode() + b'"}', 400),
    "two models, one in disguise": (GOOD[:-1] + b',"mod\\u0065l":"' + models.OPEN.encode() + b'"}', 400),
    "a stream that is no boolean": (replaced("stream", "true"), 400),
    "a response key from the client": (replaced("e2e_response_pk", "AAAA"), 400),
    "a response key from the client in disguise": (GOOD[:-1] + b',"e2e_response_p\\u006b":"AAAA"}', 400),
    "two models by comma": (replaced("model", f"{models.PLAIN},{models.THINKS_BY_DEFAULT}"), 400),
    "a model with :latency": (replaced("model", models.PLAIN + ":latency"), 400),
    "a model with :throughput": (replaced("model", models.PLAIN + ":throughput"), 400),
    "an alias of two models": (replaced("model", models.ALIAS_OF_TWO), 400),
    "an unknown model": (replaced("model", "no/such-model"), 404),
    "a model with a line end": (replaced("model", models.PLAIN + "\r\nX-Injected: yes"), (400, 404)),
    "a model with :THINKING in the middle": (replaced("model", models.PLAIN.replace("/", ":THINKING/")), 404),
    "a model outside a TEE": (replaced("model", models.OPEN), 400),
    "a model outside a TEE by alias": (replaced("model", models.ALIAS_OF_OPEN), 400),
    "a model that only looks confidential": (replaced("model", models.ONLY_LOOKS_CONFIDENTIAL), 400),
    "a model that does not say": (replaced("model", models.SAYS_NOTHING), 400),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_malformed_body_gets_a_clear_error_and_nothing_is_sent_upstream(sim, proxy, client, name):
    body, status = BODIES[name]
    before = sim.stats()["invocations"]
    reply = client.post("/v1/chat/completions", body)
    assert reply.status in (status if isinstance(status, tuple) else (status,)), reply.body
    assert reply.message and reply.json()["error"]["type"] == "invalid_request_error"
    assert planted.MARK not in reply.message
    assert sim.stats()["invocations"] == before
    assert client.get("/health").status == 200 and proxy.alive


@pytest.mark.parametrize("path", ["/v1/completions", "/v1/embeddings", "/v1/anything"])
def test_the_same_holds_on_other_encrypted_paths(sim, client, path):
    before = sim.stats()["invocations"]
    for name in ("no body", "trailing garbage", "invalid UTF-8", "no model", "a response key from the client", "an unknown model",
                 "a model outside a TEE"):
        reply = client.post(path, BODIES[name][0])
        assert reply.status == BODIES[name][1] and reply.message, name
    assert sim.stats()["invocations"] == before


def test_the_refusal_of_a_model_outside_a_tee_has_the_originals_words(client):
    message = client.post("/v1/chat/completions", BODIES["a model outside a TEE"][0]).message
    assert " ".join(message.split()) == (
        f"model '{models.OPEN}' is not running in confidential compute (TEE). E2EE requires confidential compute to guarantee "
        "privacy. Set ALLOW_NON_CONFIDENTIAL=true to override.")


def test_an_unknown_model_gets_the_nearest_names(client):
    reply = client.post("/v1/chat/completions", replaced("model", "deepseek-ai/DeepSeek-V3.1"))
    assert reply.status == 404 and reply.json()["error"]["code"] == "model_not_found"
    assert models.PLAIN in reply.message


def test_a_chute_uuid_does_not_skip_the_confidential_compute_check(client):
    listed = client.get("/v1/models").json()["data"]
    uuid = next(model["chute_id"] for model in listed if model["id"] == models.OPEN)
    reply = client.post("/v1/chat/completions", replaced("model", uuid))
    assert reply.status == 400 and "confidential compute" in reply.message


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_of_70_megabytes_is_413(sim, proxy, client, chunked):
    before = sim.stats()["invocations"]
    framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: 73400320"
    head = (b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + client.key.encode() + b"\r\n"
            b"Content-Type: application/json\r\n" + framing + b"\r\n\r\n")
    piece = b"x" * 1024 * 1024
    body = (b"%x\r\n%s\r\n" % (len(piece), piece)) * 70 + b"0\r\n\r\n" if chunked else piece * 70
    reply = parse_raw_reply(client.raw(head + body))
    assert reply.status == 413 and reply.message
    assert sim.stats()["invocations"] == before
    assert client.get("/health").status == 200 and proxy.alive


@pytest.mark.parametrize("headers", [
    {"Authorization": ""}, {"Authorization": "Bearer"}, {"Authorization": "Bearer "}, {"Authorization": "Basic dXNlcjpwYXNz"},
    {"x-api-key": ""}, {"Authorization": "Bearer k\u00e9y"}, {"Authorization": "Bearer two keys"},
])
def test_no_key_or_one_that_cannot_be_a_key_is_401(sim, client, headers):
    before = sim.stats()["invocations"]
    reply = client.post("/v1/chat/completions", GOOD, headers)
    assert reply.status == 401 and reply.message
    assert sim.stats()["invocations"] == before


@pytest.mark.parametrize("header", ["Authorization: Bearer {}", "Authorization: bearer {}", "Authorization: {}", "x-api-key: {}"])
def test_the_key_is_taken_from_either_header_with_or_without_bearer(sim, client, header):
    name, _, value = header.format(client.key).partition(": ")
    assert client.post("/v1/chat/completions", GOOD, {name: value}).status == 200
    assert [sim.header(entry, "Authorization") for entry in sim.invocations(client.key)] == [f"Bearer {client.key}"]
