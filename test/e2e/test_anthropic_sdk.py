"""The official `anthropic` package through the proxy: TLS verified, nothing set but base URL, key and CA."""

import base64
import json

import anthropic
import httpx2
import pytest

from harness import models, planted
from harness.wire import trusting

WEATHER = {"name": "get_weather", "description": "The weather somewhere",
           "input_schema": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}, "required": []}}
TIME = {"name": "get_time", "input_schema": {"type": "object", "properties": {}}}
PIXEL = base64.b64encode(b"\x89PNG\r\n\x1a\n not really").decode()


def sdk(proxy, key, retries=0):
    return anthropic.Anthropic(api_key=key, base_url=proxy.url, max_retries=retries,
                               http_client=httpx2.Client(verify=trusting(proxy.trust)))


@pytest.fixture
def client(proxy):
    with sdk(proxy, planted.key()) as made:
        yield made


def ask(client, **more):
    return client.messages.create(**{"model": models.PLAIN, "max_tokens": 100, "messages": says(planted.prompt()), **more})


def stream(client, **more):
    with client.messages.stream(**{"model": models.PLAIN, "max_tokens": 100, "messages": says(planted.prompt()), **more}) as events:
        return events.get_final_message()


def says(content):
    return [{"role": "user", "content": content}]


BOTH = pytest.mark.parametrize("send", [ask, stream])


@BOTH
def test_a_message(client, send):
    prompt = planted.prompt("grüße – 你好 – 🦜")
    message = send(client, messages=says(prompt), system="Be brief.")
    assert [block.text for block in message.content] == [prompt]
    assert message.stop_reason == "end_turn" and message.model == models.PLAIN
    assert message.usage.input_tokens > 0 and message.usage.output_tokens > 0


@BOTH
def test_the_token_limit_is_a_stop_reason(client, send):
    assert send(client, max_tokens=1).stop_reason == "max_tokens"


@BOTH
def test_parallel_tools_and_their_round_trip(client, send):
    messages = says(planted.prompt("call get_weather and get_time"))
    first = send(client, messages=messages, tools=[WEATHER, TIME])
    uses = [block for block in first.content if block.type == "tool_use"]
    assert first.stop_reason == "tool_use"
    assert [use.name for use in uses] == ["get_weather", "get_time"] and uses[0].input["days"] == 7
    result = planted.answer("sunny")
    messages += [{"role": "assistant", "content": [block.model_dump(exclude_none=True) for block in first.content]},
                 {"role": "user", "content": [{"type": "tool_result", "tool_use_id": use.id, "content": result} for use in uses]}]
    answer = send(client, messages=messages, tools=[WEATHER, TIME])
    assert result in answer.content[0].text


@BOTH
def test_thinking(client, send):
    message = send(client, thinking={"type": "adaptive"})
    assert [block.type for block in message.content] == ["thinking", "text"]
    assert message.content[0].thinking and message.content[0].signature
    again = send(client, messages=[*says("hello"), {"role": "assistant", "content": [block.model_dump() for block in message.content]},
                                   {"role": "user", "content": planted.prompt()}])
    assert again.content


@BOTH
def test_thinking_can_be_switched_off_where_it_is_the_default(client, send):
    assert send(client, model=models.THINKS_BY_DEFAULT).content[0].type == "thinking"
    assert send(client, model=models.THINKS_BY_DEFAULT, thinking={"type": "disabled"}).content[0].type == "text"


@BOTH
def test_an_image(sim, client, send):
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}
    prompt = planted.prompt("what is this")
    assert send(client, messages=says([image, {"type": "text", "text": prompt}])).content[0].text == prompt
    (opened,) = sim.opened(client.api_key)
    part = json.loads(opened)["messages"][0]["content"][0]
    assert part["image_url"]["url"] == f"data:image/png;base64,{PIXEL}"


def test_structured_output_reaches_the_instance(sim, client):
    schema = {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"], "additionalProperties": False}
    ask(client, output_config={"format": {"type": "json_schema", "schema": schema}, "effort": "low"})
    (opened,) = sim.opened(client.api_key)
    assert json.loads(opened)["response_format"]["json_schema"]["schema"] == schema
    assert json.loads(opened)["reasoning_effort"] == "low"


def test_counting_tokens_is_local(sim, client):
    before = sim.stats()
    counted = client.messages.count_tokens(model=models.PLAIN, messages=says(planted.prompt()))
    assert counted.input_tokens >= 1
    assert sim.stats()["invocations"] == before["invocations"] and sim.stats()["discoveries"] == before["discoveries"]


def test_an_unknown_model_is_a_not_found_error(client):
    with pytest.raises(anthropic.NotFoundError) as caught:
        ask(client, model="deepseek-ai/DeepSeek-V3.1")
    assert models.PLAIN in str(caught.value)


def test_a_model_outside_a_tee_is_a_bad_request(client):
    with pytest.raises(anthropic.BadRequestError) as caught:
        ask(client, model=models.OPEN)
    assert "confidential compute" in str(caught.value)


@pytest.mark.parametrize("fault, exception, kind", [
    ("opaque_400", anthropic.BadRequestError, "invalid_request_error"),
    ("unauthorized", anthropic.AuthenticationError, "authentication_error"),
    ("payment_required", anthropic.APIStatusError, "billing_error"),
    ("path_not_public", anthropic.PermissionDeniedError, "permission_error"),
    ("unprocessable", anthropic.UnprocessableEntityError, "invalid_request_error"),
    ("account_limit", anthropic.RateLimitError, "rate_limit_error"),
    ("disabled", anthropic.InternalServerError, "overloaded_error"),
    ("html_502", anthropic.InternalServerError, "api_error"),
    ("wrong_key", anthropic.InternalServerError, "api_error"),
])
@BOTH
def test_what_the_relay_refuses_is_the_sdks_exception(sim, client, fault, exception, kind, send):
    sim.fault(fault, credential=client.api_key)
    with pytest.raises(exception) as caught:
        send(client)
    assert caught.value.body["type"] == "error" and caught.value.body["error"]["type"] == kind
    assert caught.value.request_id


def test_a_stream_that_breaks_raises_instead_of_ending(sim, client):
    sim.fault("end_mid_stream", credential=client.api_key)
    with pytest.raises(anthropic.APIError):
        stream(client)
