"""The official `openai` package through the proxy: TLS verified, nothing set but base URL, key and CA."""

import json

import httpx2
import openai
import pytest

from harness import models, planted
from harness.wire import trusting

WEATHER = {"type": "function", "function": {
    "name": "get_weather", "description": "The weather somewhere",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}, "required": []}}}
TIME = {"type": "function", "function": {"name": "get_time", "parameters": {"type": "object", "properties": {}}}}


def sdk(proxy, key, retries=0):
    return openai.OpenAI(api_key=key, base_url=proxy.url + "/v1", max_retries=retries,
                         http_client=httpx2.Client(verify=trusting(proxy.trust)))


@pytest.fixture
def client(proxy):
    with sdk(proxy, planted.key()) as made:
        yield made


def says(text):
    return [{"role": "user", "content": text}]


def test_a_chat_completion(client):
    prompt = planted.prompt("hello there")
    reply = client.chat.completions.create(model=models.PLAIN, messages=says(prompt))
    assert reply.choices[0].message.content == prompt
    assert reply.choices[0].finish_reason == "stop"
    assert reply.usage.total_tokens > 0


def test_a_streamed_chat_completion(client):
    prompt = planted.prompt("grüße – 你好 – 🦜")
    chunks = list(client.chat.completions.create(model=models.PLAIN, messages=says(prompt), stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == prompt
    assert chunks[-1].choices[0].finish_reason == "stop"


def test_usage_in_a_stream_when_asked_for(client):
    chunks = list(client.chat.completions.create(model=models.PLAIN, messages=says(planted.prompt()), stream=True,
                                                 stream_options={"include_usage": True}))
    assert chunks[-1].choices == [] and chunks[-1].usage.total_tokens > 0


def test_the_sdks_own_stream_helper(client):
    prompt = planted.prompt()
    with client.chat.completions.stream(model=models.PLAIN, messages=says(prompt)) as stream:
        stream.until_done()
        assert stream.get_final_completion().choices[0].message.content == prompt


def test_several_choices(client):
    reply = client.chat.completions.create(model=models.PLAIN, messages=says(planted.prompt()), n=3)
    assert [choice.index for choice in reply.choices] == [0, 1, 2]


def test_a_tool_round_trip_whole_and_streamed(client):
    messages = says(planted.prompt("call get_weather and get_time"))
    whole = client.chat.completions.create(model=models.PLAIN, messages=messages, tools=[WEATHER, TIME])
    calls = whole.choices[0].message.tool_calls
    assert whole.choices[0].finish_reason == "tool_calls"
    assert [call.function.name for call in calls] == ["get_weather", "get_time"]
    assert json.loads(calls[0].function.arguments)["days"] == 7

    with client.chat.completions.stream(model=models.PLAIN, messages=messages, tools=[WEATHER, TIME]) as stream:
        stream.until_done()
        streamed = stream.get_final_completion().choices[0].message.tool_calls
    assert [(call.id, call.function.name, call.function.arguments) for call in streamed] == [
        (call.id, call.function.name, call.function.arguments) for call in calls]

    result = planted.answer("sunny")
    messages += [whole.choices[0].message.model_dump(exclude_none=True)]
    messages += [{"role": "tool", "tool_call_id": call.id, "content": result} for call in calls]
    answer = client.chat.completions.create(model=models.PLAIN, messages=messages, tools=[WEATHER, TIME])
    assert result in answer.choices[0].message.content


def test_thinking_by_the_models_suffix(client):
    reply = client.chat.completions.create(model=models.PLAIN + ":THINKING", messages=says(planted.prompt()))
    assert reply.choices[0].message.reasoning_content


def test_completions(client):
    prompt = planted.prompt()
    assert client.completions.create(model=models.PLAIN, prompt=prompt).choices[0].text


def test_embeddings(client):
    reply = client.embeddings.create(model=models.EMBEDDING, input=[planted.prompt(), "two"])
    assert len(reply.data) == 2 and len(reply.data[0].embedding) > 0
    assert all(isinstance(number, float) for number in reply.data[1].embedding)


def test_the_model_list(client):
    listed = {model.id: model for model in client.models.list()}
    assert models.PLAIN in listed
    assert listed[models.PLAIN].confidential_compute is True


def test_many_requests_at_once_over_one_client(proxy):
    import asyncio

    async def ask(client, number):
        prompt = planted.prompt(f"request {number}")
        reply = await client.chat.completions.create(model=models.PLAIN, messages=says(prompt))
        return reply.choices[0].message.content == prompt

    async def run():
        http = httpx2.AsyncClient(verify=trusting(proxy.trust))
        async with openai.AsyncOpenAI(api_key=planted.key(), base_url=proxy.url + "/v1", http_client=http, max_retries=0) as client:
            return await asyncio.gather(*(ask(client, number) for number in range(40)))

    assert all(asyncio.run(run()))


# --- errors as the SDK's exception types --------------------------------------------------------------------------------


def ask(client, **more):
    return client.chat.completions.create(**{"model": models.PLAIN, "messages": says(planted.prompt()), **more})


def test_a_wrong_key_is_an_authentication_error(proxy):
    with sdk(proxy, f"sk-{planted.MARK}-not-known-here") as client, pytest.raises(openai.AuthenticationError) as caught:
        ask(client)
    assert caught.value.code == "invalid_api_key"


def test_an_unknown_model_is_a_not_found_error_with_the_nearest_names(client):
    with pytest.raises(openai.NotFoundError) as caught:
        ask(client, model="deepseek-ai/DeepSeek-V3.1")
    assert caught.value.code == "model_not_found" and models.PLAIN in str(caught.value)


def test_a_model_outside_a_tee_is_a_bad_request_in_the_originals_words(client):
    with pytest.raises(openai.BadRequestError) as caught:
        ask(client, model=models.OPEN)
    assert f"model '{models.OPEN}' is not running in confidential compute (TEE)." in str(caught.value)
    assert "Set ALLOW_NON_CONFIDENTIAL=true to override." in str(caught.value)


@pytest.mark.parametrize("fault, exception", [
    ("opaque_400", openai.BadRequestError),
    ("unauthorized", openai.AuthenticationError),
    ("path_not_public", openai.PermissionDeniedError),
    ("unprocessable", openai.UnprocessableEntityError),
    ("account_limit", openai.RateLimitError),
    ("disabled", openai.InternalServerError),
    ("html_502", openai.InternalServerError),
    ("payment_required", openai.APIStatusError),
    ("wrong_key", openai.InternalServerError),
])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_what_the_relay_refuses_is_the_sdks_exception(sim, client, fault, exception, stream):
    sim.fault(fault, credential=client.api_key)
    with pytest.raises(exception) as caught:
        ask(client, stream=stream)
    assert caught.value.message and caught.value.request_id


def test_no_instances_is_an_internal_server_error_that_may_be_retried(client):
    with pytest.raises(openai.InternalServerError) as caught:
        ask(client, model=models.WITHOUT_INSTANCES)
    assert caught.value.status_code == 503


def test_a_rate_limit_is_retried_by_the_sdk_itself(sim, proxy):
    with sdk(proxy, planted.key(), retries=1) as client:
        sim.fault("account_limit", credential=client.api_key)
        assert ask(client).choices


def test_a_stream_that_breaks_raises_instead_of_ending(sim, client):
    sim.fault("end_mid_stream", credential=client.api_key)
    with pytest.raises(openai.APIError):
        list(ask(client, stream=True))


def test_a_proxy_that_is_not_there_is_a_connection_error(proxy):
    with openai.OpenAI(api_key=planted.key(), base_url="https://127.0.0.1:9/v1", max_retries=0,
                       http_client=httpx2.Client(verify=trusting(proxy.trust))) as client, pytest.raises(openai.APIConnectionError):
        ask(client)


def test_a_client_that_does_not_trust_the_proxy_does_not_talk_to_it(proxy):
    with openai.OpenAI(api_key=planted.key(), base_url=proxy.url + "/v1", max_retries=0) as client, pytest.raises(openai.APIConnectionError):
        ask(client)
