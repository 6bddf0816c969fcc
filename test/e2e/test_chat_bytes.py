"""The chat path keeps bytes: what the client wrote is what the instance reads, plus the one member of the protocol; what the
instance wrote is what the client reads."""

import json
import re

import pytest

from harness import models, planted
from harness.wire import data_of

RESPONSE_KEY = re.compile(rb',"e2e_response_pk":"[A-Za-z0-9+/]{1579}="(?=\s*}\s*$)')


def opened(sim, client):
    """What the instance read for this client's only request, without the protocol's member, which must stand at the end."""
    (plaintext,) = sim.opened(client.key)
    rest, found = RESPONSE_KEY.subn(b"", plaintext)
    assert found == 1, f"no response key at the end of {plaintext[-200:]!r}"
    return rest


def with_messages(before, after=b""):
    text = json.dumps(planted.prompt("grüße 🦜"), ensure_ascii=False).encode()
    return b'{"model":"' + models.PLAIN.encode() + b'",' + before + b'"messages":[{"role":"user","content":' + text + b"}]" + after + b"}"


BODIES = {
    "plain": b"",
    "big and odd numbers": b'"seed":123456789012345678,"metadata":{"a":123456789012345678901234567890,"b":1e400,"c":-0.0,"d":1E+2,'
                           b'"e":0.1000000000000000055511151231257827,"f":10000000000000000.0},',
    "empty arrays and objects": b'"stop":[],"metadata":{},"tools":[{"type":"function","function":{"name":"f","parameters":'
                                b'{"type":"object","properties":{},"required":[]}}}],',
    "order of keys": b'"z":1,"y":{"b":1,"a":2},"x":3,"a":4,',
    "escapes as written": b'"user":"\\u00e9\\/\\ud83d\\ude00\\u0041\\b\\f\\n\\r\\t\\"\\\\",',
    "raw characters": '"user":"é 你好 🦜 \u2028 \u007f",'.encode(),
    "nulls and unknown members": b'"temperature":null,"unknown_member":{"deep":[[[[null]]]]},"chat_template_kwargs":null,',
    "spacing": b'  \t"user"  :\r\n  "someone"\n,   \t ',
    "an escaped name": b'"us\\u0065r":"someone",',
}


@pytest.mark.parametrize("name", BODIES)
def test_the_instance_reads_what_the_client_wrote_and_one_member_more(sim, client, name):
    body = with_messages(BODIES[name])
    reply = client.post("/v1/chat/completions", body)
    assert reply.status == 200, reply.body
    assert opened(sim, client) == body


@pytest.mark.parametrize("before, after", [(b"", b"\n"), (b"\n\t ", b""), (b" ", b" \r\n\r\n ")])
def test_white_space_around_the_body_stays_too(sim, client, before, after):
    body = before + with_messages(b"", b"  \n") + after
    assert client.post("/v1/chat/completions", body).status == 200
    assert opened(sim, client) == body


@pytest.mark.parametrize("path, body", [
    ("/v1/completions", {"model": models.PLAIN, "prompt": planted.prompt(), "max_tokens": 5}),
    ("/v1/embeddings", {"model": models.EMBEDDING, "input": [planted.prompt(), "more"]}),
    ("/v1/tokenize", {"model": models.PLAIN, "prompt": planted.prompt()}),
    ("/v1/some/other_path", {"model": models.PLAIN, "anything": []}),
])
def test_every_other_path_is_sent_with_its_own_path_and_its_bytes(sim, client, path, body):
    written = json.dumps(body, indent=1).encode()
    client.post(path + "?query=stays_here", written)
    assert opened(sim, client) == written
    assert [sim.header(entry, "X-E2E-Path") for entry in sim.invocations(client.key)] == [path]


def test_the_member_of_an_empty_stop_list_survives_chunked_transfer(sim, client):
    body = with_messages(BODIES["empty arrays and objects"])
    pieces = [body[i : i + 7] for i in range(0, len(body), 7)]
    assert client.request("POST", "/v1/chat/completions", iter(pieces), {"Content-Type": "application/json"}).status == 200
    assert opened(sim, client) == body


@pytest.mark.parametrize("name, exact", [(models.ALIAS, models.PLAIN), (models.FAMILY, models.FAMILY_NEWEST)])
def test_a_name_that_is_not_exact_changes_the_model_and_nothing_else(sim, client, name, exact):
    body = with_messages(b'"seed":12345678901234567890123,  "stop":[],').replace(models.PLAIN.encode(), name.encode())
    assert client.post("/v1/chat/completions", body).status == 200
    assert opened(sim, client) == body.replace(name.encode(), exact.encode())


def test_a_chute_uuid_becomes_the_exact_name(sim, client):
    listed = client.get("/v1/models").json()["data"]
    uuid = next(model["chute_id"] for model in listed if model["id"] == models.PLAIN)
    body = with_messages(b'"stop":[],').replace(models.PLAIN.encode(), uuid.encode())
    assert client.post("/v1/chat/completions", body).status == 200
    assert opened(sim, client) == body.replace(uuid.encode(), models.PLAIN.encode())


BOTH = {"thinking": True, "enable_thinking": True}
NEITHER = {"thinking": False, "enable_thinking": False}
ABSENT = "absent"
HEADER = {"X-Enable-Thinking": "True"}
SWITCHES = [
    # model, headers, the client's chat_template_kwargs, what the instance gets
    (models.PLAIN, {}, ABSENT, ABSENT),
    (models.PLAIN, {}, None, None),
    (models.PLAIN, {}, {"other": 1}, {"other": 1}),
    (models.PLAIN + ":THINKING", {}, ABSENT, BOTH),
    (models.PLAIN + ":THINKING", {}, None, BOTH),
    (models.PLAIN + ":THINKING", {}, {"other": [1e3]}, {"other": [1e3], **BOTH}),
    (models.PLAIN + ":THINKING", {}, {"thinking": False}, BOTH),
    (models.PLAIN, HEADER, ABSENT, BOTH),
    (models.PLAIN, {"X-Enable-Thinking": "false"}, ABSENT, ABSENT),
    (models.PLAIN, {}, {"thinking": True, "other": {}}, {"other": {}, **BOTH}),
    (models.PLAIN, {}, {"enable_thinking": False}, NEITHER),
    (models.THINKS_BY_DEFAULT, {}, ABSENT, BOTH),
    (models.THINKS_BY_DEFAULT, {}, {"other": 1}, {"other": 1, **BOTH}),
    (models.THINKS_BY_DEFAULT, {}, {"thinking": False}, NEITHER),
    ("moonshotai/Kimi-K2.5-TEE", {}, ABSENT, BOTH),
    ("deepseek-ai/DeepSeek-V3.2-Speciale-TEE", {}, ABSENT, BOTH),
    (models.DOES_NOT_THINK_BY_DEFAULT, {}, ABSENT, NEITHER),
    (models.DOES_NOT_THINK_BY_DEFAULT, {}, {"other": 1}, {"other": 1, **NEITHER}),
    (models.DOES_NOT_THINK_BY_DEFAULT, {}, {"enable_thinking": True}, BOTH),
    (models.DOES_NOT_THINK_BY_DEFAULT + ":THINKING", {}, ABSENT, BOTH),
]


@pytest.mark.parametrize("model, headers, kwargs, expected", SWITCHES)
def test_thinking_switches_change_model_and_kwargs_and_nothing_else(sim, client, model, headers, kwargs, expected):
    body = {"model": model, "seed": 1, "stop": [], "messages": [{"role": "user", "content": planted.prompt()}]}
    if kwargs != ABSENT:
        body["chat_template_kwargs"] = kwargs
    assert client.post("/v1/chat/completions", body, headers).status == 200
    read = json.loads(opened(sim, client))
    assert read.pop("chat_template_kwargs", ABSENT) == expected
    body.pop("chat_template_kwargs", None)
    assert read == {**body, "model": model.removesuffix(":THINKING")}


def chat(**more):
    return {"model": models.PLAIN, "messages": [{"role": "user", "content": planted.prompt("grüße 🦜")}], **more}


def test_the_reply_is_the_instances_own_bytes(sim, client):
    reply = client.post("/v1/chat/completions", chat())
    (entry,) = sim.invocations(client.key)
    assert reply.body == sim.reply_plain(entry)
    assert reply.headers.get_content_type() == "application/json"


def test_a_stream_is_the_instances_own_bytes_with_one_done(sim, client):
    reply = client.post("/v1/chat/completions", chat(stream=True, stream_options={"include_usage": True}))
    (entry,) = sim.invocations(client.key)
    assert reply.headers.get_content_type() == "text/event-stream"
    assert reply.body == sim.reply_plain(entry)
    assert data_of(reply.body).count("[DONE]") == 1 and data_of(reply.body)[-1] == "[DONE]"


@pytest.mark.parametrize("options", [{}, {"stream_options": None}, {"stream_options": {"include_usage": False}}])
def test_a_client_that_did_not_ask_for_usage_does_not_see_the_usage_chunk(client, options):
    events = data_of(client.post("/v1/chat/completions", chat(stream=True, **options)).body)
    assert events[-1] == "[DONE]"
    assert all(json.loads(event)["choices"] for event in events[:-1])


def test_a_stream_arrives_event_by_event_however_it_was_cut(sim, client):
    body = chat(stream=True, stream_options={"include_usage": True})
    for chunking in ("line", "event", "whole", "bytes", "split"):
        with sim.configured(chunking=chunking):
            reply = client.post("/v1/chat/completions", body)
        text = "".join(choice["delta"].get("content") or "" for event in data_of(reply.body)[:-1]
                       for choice in json.loads(event)["choices"])
        assert text == body["messages"][0]["content"], chunking
        assert reply.body == sim.reply_plain(sim.invocations(client.key)[-1]), chunking
