"""A client is never told that a cut or forged stream ended well (docs/protocol.md, "Response"): before the first decrypted event
the error has an HTTP status; after it the stream ends with an error event and without [DONE]."""

import json

import pytest

from harness import models, planted
from harness.wire import Client, data_of

FORGED = "FORGED"  # every clear-text event that the simulator slips in carries this word


def asked(text="one two three four five six seven eight nine ten"):
    return {"model": models.PLAIN, "stream": True, "messages": [{"role": "user", "content": planted.prompt(text)}]}


def content_of(events):
    return "".join(choice["delta"].get("content") or "" for event in events if event != "[DONE]"
                   for choice in json.loads(event).get("choices", []))


def stream(client, body, headers=None):
    """(reply, events, the error event or None)."""
    reply = client.post("/v1/chat/completions", body, headers)
    events = data_of(reply.body) if reply.status == 200 else []
    errors = [json.loads(event)["error"] for event in events if event != "[DONE]" and "error" in json.loads(event)]
    assert len(errors) <= 1
    return reply, events, errors[0] if errors else None


BEFORE_THE_FIRST_EVENT = ["end_after_init", "empty_stream", "reset_after_headers", "reset_after_init", "chunk_before_init", "no_init",
                          "short_init", "wrong_key", "clear_error_first", "stream_as_json"]


@pytest.mark.parametrize("fault", BEFORE_THE_FIRST_EVENT)
def test_a_stream_that_breaks_before_its_first_event_is_an_http_error(sim, client, fault):
    sim.fault(fault, credential=client.key)
    reply = client.post("/v1/chat/completions", asked())
    assert reply.status == 502, reply.body
    assert reply.headers.get_content_type() == "application/json"
    assert reply.message
    assert len(sim.invocations(client.key)) == 1, "the instance may have worked on it: not to be repeated"


MID_STREAM = ["end_mid_stream", "end_mid_event", "end_mid_chunk", "end_without_done", "end_with_neither", "end_without_finish",
              "reset_mid_chunk", "close_mid_chunk", "reset_mid_event", "reset_mid_stream", "close_mid_stream",
              "wrong_tag", "bit_flip", "replayed_chunk", "second_init", "bad_base64", "short_chunk", "wrong_type_chunk",
              "clear_error", "clear_done_early", "data_after_done", "huge_event", "huge_chunk"]


@pytest.mark.parametrize("fault", MID_STREAM)
def test_a_stream_that_breaks_later_ends_with_an_error_event_and_without_done(sim, client, fault):
    sim.fault(fault, credential=client.key)
    body = asked()
    reply, events, error = stream(client, body)
    assert reply.status == 200, reply.body
    assert error and error["message"], events[-3:]
    assert events[-1] != "[DONE]" and "[DONE]" not in events
    assert "error" in json.loads(events[-1]), "something came after the error"
    assert body["messages"][0]["content"].startswith(content_of(events)), "not a prefix of what the instance said"
    assert FORGED not in reply.body.decode()


def test_a_line_that_never_ends_is_cut_off(sim, client):
    sim.fault("endless_line", credential=client.key)
    reply, events, error = stream(client, asked())
    assert reply.status == 502 or error
    assert "[DONE]" not in events


@pytest.mark.parametrize("fault", ["clear_content", "clear_before_init"])
def test_clear_text_never_reaches_the_client_as_if_it_were_the_models(sim, client, fault):
    sim.fault(fault, credential=client.key)
    body = asked()
    reply, events, error = stream(client, body)
    assert FORGED not in reply.body.decode()
    assert reply.status == 502 or error or content_of(events) == body["messages"][0]["content"]


@pytest.mark.parametrize("fault", ["clear_usage", "clear_done_last", "space_after_done"])
def test_what_is_legal_around_a_stream_changes_nothing(sim, client, fault):
    sim.fault(fault, credential=client.key)
    body = asked()
    reply, events, error = stream(client, body)
    assert reply.status == 200 and error is None
    assert events.count("[DONE]") == 1 and events[-1] == "[DONE]"
    assert content_of(events) == body["messages"][0]["content"]
    assert not any(json.loads(event).get("usage") for event in events[:-1]), "clear-text usage was passed on"


def test_an_outer_done_in_the_middle_does_not_end_the_stream_well(sim, client):
    sim.fault("clear_done_mid", credential=client.key)
    body = asked()
    _, events, error = stream(client, body)
    assert events.count("[DONE]") <= 1
    assert error or content_of(events) == body["messages"][0]["content"]


def test_an_error_of_the_relay_says_that_it_is_the_relays(sim, client):
    sim.fault("clear_error_first", credential=client.key)
    assert "relay" in client.post("/v1/chat/completions", asked()).message


def test_an_error_event_of_the_model_server_ends_the_stream(sim, client):
    sim.fault("error_event", credential=client.key)
    _, events, error = stream(client, asked())
    assert error
    assert "[DONE]" not in events


# --- silence ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def impatient(simulator, start_session_proxy):
    """A proxy that takes two seconds of silence for the end."""
    return start_session_proxy({**simulator.upstream(), "E2EE_IDLE_TIMEOUT": "2s"})


@pytest.mark.parametrize("fault", ["stall_before_status", "stall_after_headers", "stall_after_init"])
def test_silence_before_the_first_event_becomes_an_http_error(sim, impatient, fault):
    client = Client(impatient.url, impatient.trust, planted.key())
    sim.fault(fault, credential=client.key)
    reply = client.post("/v1/chat/completions", asked())
    assert reply.status in (502, 504), reply.body
    assert reply.message


@pytest.mark.parametrize("fault", ["stall_mid_chunk", "stall_mid_stream", "stall_before_done"])
def test_silence_later_ends_the_stream_with_an_error(sim, impatient, fault):
    client = Client(impatient.url, impatient.trust, planted.key())
    sim.fault(fault, credential=client.key)
    reply, events, error = stream(client, asked())
    assert reply.status == 200 and error
    assert "[DONE]" not in events
