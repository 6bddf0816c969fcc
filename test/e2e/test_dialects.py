"""The three APIs side by side: what must hold at the HTTP level in each API's own shape (formats page, section 3)."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import chat, models, planted
from harness.wire import Client, data_of

PATHS = {"chat": "/v1/chat/completions", "messages": "/v1/messages", "responses": "/v1/responses"}
EACH = pytest.mark.parametrize("api", PATHS)


def asking(api, **more):
    prompt = planted.prompt("one two three four five six seven eight")
    content = {"input": prompt} if api == "responses" else {"messages": [{"role": "user", "content": prompt}]}
    limit = {"max_tokens": 100} if api == "messages" else {}
    return {"model": models.PLAIN, **content, **limit, **more}


def assert_error(reply, api, status, kind=None):
    assert reply.status == status, reply.body
    assert reply.headers.get_content_type() == "application/json"
    body = reply.json()
    assert body["error"]["message"]
    if api == "messages":
        assert body["type"] == "error" and body["request_id"] == reply.headers["request-id"]
    else:
        assert set(body["error"]) == {"message", "type", "param", "code"}
    if kind:
        assert body["error"]["type"] == kind


@EACH
def test_every_refusal_of_our_own_has_the_shape_of_its_api(sim, proxy, client, api):
    claude = api == "messages"
    nobody = Client(proxy.url, proxy.trust)
    assert_error(nobody.post(PATHS[api], asking(api)), api, 401, "authentication_error" if claude else "invalid_request_error")
    assert_error(client.post(PATHS[api], b"{"), api, 400, "invalid_request_error")
    without_model = {name: value for name, value in asking(api).items() if name != "model"}
    assert_error(client.post(PATHS[api], without_model), api, 400, "invalid_request_error")
    assert_error(client.post(PATHS[api], asking(api, model="no/such")), api, 404, "not_found_error" if claude else "invalid_request_error")
    assert_error(client.post(PATHS[api], asking(api, model=models.OPEN)), api, 400, "invalid_request_error")
    assert_error(client.request("GET", PATHS[api]), api, 405)
    assert sim.invocations(client.key) == []


@EACH
@pytest.mark.parametrize("said", [
    {"error": {"message": "boom", "type": "BadRequestError", "code": 400}},
    {"object": "error", "message": "boom", "type": "BadRequestError", "code": 400},
], ids=["nested", "flat"])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_an_error_of_the_model_server_before_any_answer_has_its_status_and_words(sim, client, api, said, stream):
    sim.script(body=json.dumps(said), sse=chat.sse(said, "[DONE]"))
    reply = client.post(PATHS[api], asking(api, stream=stream))
    assert_error(reply, api, 400, "invalid_request_error")
    assert reply.message == "boom"


OVERFLOW = ("This model's maximum context length is 1000 tokens. However, you requested 1200 tokens ({} in the messages, {} in the "
            "completion). Please reduce the length of the messages or completion.")


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("prompt, completion, claude_words", [
    (1100, 100, "prompt is too long: 1100 tokens > 1000 maximum"),
    (900, 300, "input length and `max_tokens` exceed context limit: 900 + 300 > 1000, decrease input length or `max_tokens` and try again"),
])
def test_a_context_overflow_is_told_so_that_agents_recover(sim, client, prompt, completion, claude_words, stream):
    said = {"error": {"message": OVERFLOW.format(prompt, completion), "type": "BadRequestError", "code": 400}}
    for api in PATHS:
        sim.script(body=json.dumps(said), sse=chat.sse(said, "[DONE]"))
        reply = client.post(PATHS[api], asking(api, stream=stream))
        assert_error(reply, api, 400)
        if api == "messages":
            assert reply.message == claude_words
        else:
            assert reply.json()["error"]["code"] == "context_length_exceeded"
            assert reply.json()["error"]["param"] == ("input" if api == "responses" else "messages")


@EACH
def test_a_query_after_the_path_changes_nothing(sim, client, api):
    assert client.post(PATHS[api] + "?beta=true", asking(api)).status == 200
    assert [sim.header(entry, "X-E2E-Path") for entry in sim.invocations(client.key)] == ["/v1/chat/completions"]


@EACH
@pytest.mark.parametrize("model, headers, on", [
    (models.PLAIN, {}, None), (models.PLAIN + ":THINKING", {}, True), (models.PLAIN, {"x-enable-thinking": "TRUE"}, True),
    (models.THINKS_BY_DEFAULT, {}, True), (models.DOES_NOT_THINK_BY_DEFAULT, {}, False)])
def test_the_thinking_switches_work_in_every_api(sim, client, api, model, headers, on):
    assert client.post(PATHS[api], asking(api, model=model), headers).status == 200
    (opened,) = sim.opened(client.key)
    expected = None if on is None else {"thinking": on, "enable_thinking": on}
    assert json.loads(opened).get("chat_template_kwargs") == expected


def test_the_explicit_switches_beat_claudes_disabled_and_that_beats_the_models_default(sim, client):
    disabled = {"thinking": {"type": "disabled"}}
    client.post(PATHS["messages"], asking("messages", model=models.THINKS_BY_DEFAULT, **disabled))
    client.post(PATHS["messages"], asking("messages", model=models.PLAIN + ":THINKING", **disabled))
    client.post(PATHS["messages"], asking("messages", **disabled), {"X-Enable-Thinking": "true"})
    assert [json.loads(opened)["chat_template_kwargs"]["thinking"] for opened in sim.opened(client.key)] == [False, True, True]


@pytest.mark.parametrize("fault", ["end_mid_stream", "wrong_tag", "reset_mid_stream", "clear_done_early", "data_after_done"])
def test_a_broken_stream_ends_with_the_apis_own_error_and_never_like_a_good_one(sim, client, fault):
    for api, good_end, bad_end in (("messages", "message_stop", "error"), ("responses", "response.completed", "response.failed")):
        sim.fault(fault, credential=client.key)
        reply = client.post(PATHS[api], asking(api, stream=True))
        assert reply.status == 200, reply.body
        types = [json.loads(data)["type"] for data in data_of(reply.body)]
        assert types[-1] == bad_end and good_end not in types, types


def test_a_long_silence_before_the_first_event_is_filled_with_each_apis_keep_alive(sim, proxy):
    """The one test that must wait: keep-alives come after ten seconds."""
    def ask(api):
        reply = Client(proxy.url, proxy.trust, planted.key()).post(PATHS[api], asking(api, stream=True))
        return api, reply

    with sim.latency(first_event=11_000), ThreadPoolExecutor(3) as pool:
        replies = dict(pool.map(ask, PATHS))
    for api, reply in replies.items():
        assert reply.status == 200
        alive = b'event: ping\ndata: {"type": "ping"}\n\n' if api == "messages" else b":"
        assert reply.body.replace(b'"type":"ping"', b'"type": "ping"').startswith(alive), reply.body[:200]
    assert data_of(replies["chat"].body)[-1] == "[DONE]"
    assert json.loads(data_of(replies["messages"].body)[-1])["type"] == "message_stop"
    assert json.loads(data_of(replies["responses"].body)[-1])["type"] == "response.completed"
