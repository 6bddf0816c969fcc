"""The Responses API of the official `openai` package through the proxy."""

import base64
import json

import openai
import pytest

from harness import models, planted
from test_openai_sdk import sdk

WEATHER = {"type": "function", "name": "get_weather", "description": "The weather somewhere", "strict": False,
           "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}, "required": []}}
TIME = {"type": "function", "name": "get_time", "strict": False, "parameters": {"type": "object", "properties": {}}}
PIXEL = base64.b64encode(b"\x89PNG\r\n\x1a\n not really").decode()


@pytest.fixture
def client(proxy):
    with sdk(proxy, planted.key()) as made:
        yield made


def ask(client, **more):
    return client.responses.create(**{"model": models.PLAIN, "input": planted.prompt(), **more})


def stream(client, **more):
    with client.responses.stream(**{"model": models.PLAIN, "input": planted.prompt(), **more}) as events:
        return events.get_final_response()


BOTH = pytest.mark.parametrize("send", [ask, stream])


@BOTH
def test_a_response(client, send):
    prompt = planted.prompt("grüße – 你好 – 🦜")
    response = send(client, input=prompt, instructions="Be brief.")
    assert response.output_text == prompt and response.status == "completed"
    assert response.usage.total_tokens > 0


def test_the_token_limit_makes_a_response_incomplete(client):
    whole = ask(client, max_output_tokens=1)
    last = list(ask(client, max_output_tokens=1, stream=True))[-1]
    assert last.type == "response.incomplete"
    for response in (whole, last.response):
        assert response.status == "incomplete" and response.incomplete_details.reason == "max_output_tokens"


@BOTH
def test_parallel_tools_and_their_round_trip(client, send):
    asked = [{"role": "user", "content": planted.prompt("call get_weather and get_time")}]
    first = send(client, input=asked, tools=[WEATHER, TIME])
    calls = [item for item in first.output if item.type == "function_call"]
    assert [call.name for call in calls] == ["get_weather", "get_time"]
    assert json.loads(calls[0].arguments)["days"] == 7
    result = planted.answer("sunny")
    asked += [item.model_dump(exclude_none=True) for item in first.output]
    asked += [{"type": "function_call_output", "call_id": call.call_id, "output": result} for call in calls]
    assert result in send(client, input=asked, tools=[WEATHER, TIME]).output_text


@BOTH
def test_reasoning_is_a_summary_on_request_and_can_be_sent_back(client, send):
    first = send(client, reasoning={"effort": "high", "summary": "auto"}, include=["reasoning.encrypted_content"])
    reasoning, message = first.output
    assert reasoning.type == "reasoning" and reasoning.summary[0].text and reasoning.encrypted_content
    again = send(client, input=[{"role": "user", "content": "hi"}, *(item.model_dump(exclude_none=True) for item in first.output),
                                {"role": "user", "content": planted.prompt()}])
    assert again.output_text and message.content[0].text


@BOTH
def test_an_image(sim, client, send):
    prompt = planted.prompt("what is this")
    image = {"type": "input_image", "image_url": f"data:image/png;base64,{PIXEL}", "detail": "low"}
    assert send(client, input=[{"role": "user", "content": [{"type": "input_text", "text": prompt}, image]}]).output_text == prompt
    (opened,) = sim.opened(client.api_key)
    assert json.loads(opened)["messages"][0]["content"][1]["image_url"]["url"].endswith(PIXEL)


def test_structured_output_reaches_the_instance(sim, client):
    schema = {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"], "additionalProperties": False}
    ask(client, text={"format": {"type": "json_schema", "name": "reply", "schema": schema, "strict": True}})
    (opened,) = sim.opened(client.api_key)
    assert json.loads(opened)["response_format"] == {"type": "json_schema", "json_schema": {"name": "reply", "schema": schema, "strict": True}}


@pytest.mark.parametrize("fault, exception", [
    ("opaque_400", openai.BadRequestError), ("unauthorized", openai.AuthenticationError), ("account_limit", openai.RateLimitError),
    ("disabled", openai.InternalServerError), ("wrong_key", openai.InternalServerError)])
@BOTH
def test_what_the_relay_refuses_is_the_sdks_exception(sim, client, fault, exception, send):
    sim.fault(fault, credential=client.api_key)
    with pytest.raises(exception):
        send(client)


def test_what_needs_a_memory_is_refused_with_a_reason(client):
    with pytest.raises(openai.BadRequestError) as caught:
        ask(client, previous_response_id="resp_1")
    assert caught.value.code == "previous_response_not_found"


def test_a_stream_that_breaks_is_told_as_failed(sim, client):
    sim.fault("end_mid_stream", credential=client.api_key)
    events = list(client.responses.create(model=models.PLAIN, input=planted.prompt("one two three four five six seven"), stream=True))
    assert events[-1].type == "response.failed" and events[-1].response.error.message
