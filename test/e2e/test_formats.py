"""The worked cases of test/vectors/formats through the running proxy: Claude Messages and OpenAI Responses over chat
completions. The unit tests run the same cases through the pure mapper."""

import json
from pathlib import Path

import pytest

from harness import compare, models
from harness.wire import data_of

CASES = Path(__file__).resolve().parents[1] / "vectors" / "formats"
PATHS = {"messages": "/v1/messages", "responses": "/v1/responses"}


def cases(kind):
    return [pytest.param(api, case, id=case["case"]) for api in PATHS
            for case in map(json.loads, (CASES / f"{api}_{kind}.jsonl").read_text().splitlines())]


def for_our_model(value):
    """The cases ask for model "m"; the simulator serves others."""
    return json.loads(json.dumps(value).replace('"model": "m"', f'"model": "{models.PLAIN}"'))


def assert_same(actual, expected, case):
    known = json.dumps(case["request"]) + str(case["instance"]) + json.dumps(case["instance"])
    one, other = (compare.with_placeholders(compare.reparse(value), known) for value in (actual, expected))
    difference = compare.difference(one, other)
    assert difference is None, difference


@pytest.mark.parametrize("api, case", cases("requests"))
def test_a_request_reaches_the_instance_as_a_chat_completion_or_is_refused(sim, client, api, case):
    reply = client.post(PATHS[api], for_our_model(case["request"]))
    if "refused" in case:
        refused, error = case["refused"], reply.json()["error"]
        assert (reply.status, error["message"]) == (refused["status"], refused["message"])
        assert error["type"] == "invalid_request_error"
        if api == "responses":
            assert (error["param"], error["code"]) == (refused["param"], refused["code"])
        assert sim.invocations(client.key) == []
        return
    (opened,) = sim.opened(client.key)
    sent = compare.parse(opened)
    assert sent.pop("e2e_response_pk")
    if sent.get("stream") is False and "stream" not in case["sent"]:
        del sent["stream"]
    difference = compare.difference(sent, compare.reparse(for_our_model(case["sent"])))
    assert difference is None, difference


@pytest.mark.parametrize("api, case", cases("replies"))
def test_a_whole_reply_becomes_the_clients(sim, client, api, case):
    sim.script(body=json.dumps(case["instance"]))
    reply = client.post(PATHS[api], for_our_model(case["request"]))
    assert reply.status == 200, reply.body
    assert_same(reply.json(), for_our_model(case["reply"]), case)


@pytest.mark.parametrize("chunking", ["whole", "bytes", "split"])
@pytest.mark.parametrize("api, case", cases("streams"))
def test_a_stream_becomes_the_clients_however_it_was_cut(sim, client, api, case, chunking):
    sim.script(sse=case["instance"], chunking=chunking)
    reply = client.post(PATHS[api], for_our_model(case["request"]))
    if "status_if_nothing_was_sent" in case:
        assert reply.status == case["status_if_nothing_was_sent"] and reply.message
        return
    assert reply.status == 200, reply.body
    events = [json.loads(data) for data in data_of(reply.body)]
    if api == "responses":
        assert [event["sequence_number"] for event in events] == list(range(len(events)))
    named = [line[7:] for line in reply.body.decode().splitlines() if line.startswith("event: ")]
    assert named == [event["type"] for event in events]
    assert_same(compare.merged_events(events), compare.merged_events(for_our_model(case["events"])), case)
