"""The JavaScript clients through the proxy, unmodified, TLS verified: openai, @anthropic-ai/sdk, the Vercel AI SDK, LangChain.
test/clients holds one program for each; here is what they must have seen."""

import pytest

from harness import clients, models, planted

ANSWER = planted.prompt("grüße – 你好 – 🦜")
CALL = planted.prompt("call get_weather and get_time")
WEATHER, TIME = planted.answer("sunny"), planted.answer("noon")
SURFACES = {"openai": ["chat", "responses"], "anthropic": ["messages"], "ai": ["chat", "compatible", "responses", "messages"],
            "langchain": ["chat", "responses", "messages"]}
BLIND = {("ai", "chat"), ("langchain", "chat")}  # know no reasoning on chat completions: the original API has none
NOT_FOUND = {"openai": "NotFoundError", "anthropic": "NotFoundError", "ai": "APICallError", "langchain": "NotFoundError"}

EACH = pytest.mark.parametrize("program, surface, way", [
    (program, surface, way) for program, surfaces in SURFACES.items() for surface in surfaces for way in ("whole", "stream")])
pytestmark = clients.needed


@pytest.fixture(scope="module")
def seen(proxy, simulator):
    """A function: what a program reported of one surface. Each program runs once."""
    reports = {}

    def of(program, surface, way):
        if program not in reports:
            broken_key = planted.key()
            with simulator.fault("close_mid_chunk", times=-1, credential=broken_key):
                reports[program] = clients.run_node(program, proxy, {
                    "url": proxy.url, "key": planted.key(), "broken_key": broken_key, "model": models.PLAIN,
                    "unknown_model": models.PLAIN.lower(), "prompt": ANSWER, "call_prompt": CALL, "weather": WEATHER, "time": TIME})
        return reports[program][f"{surface} {way}"]

    return of


@EACH
def test_an_answer_its_reasoning_and_its_usage(seen, program, surface, way):
    answer = seen(program, surface, way)["answer"]
    assert answer.get("text") == ANSWER, answer
    assert answer["usage"] > 0
    assert bool(answer["thinking"]) != ((program, surface) in BLIND)


@EACH
def test_two_parallel_tool_calls_are_answered(seen, program, surface, way):
    round_trip = seen(program, surface, way)["roundTrip"]
    assert round_trip.get("calls") == [["get_weather", {"city": CALL, "days": 7}], ["get_time", {"zone": CALL}]], round_trip
    assert TIME in round_trip["text"]


@EACH
def test_an_unknown_model_is_the_clients_own_error(seen, program, surface, way):
    error = seen(program, surface, way)["refused"]["error"]
    assert error["status"] == 404 and error["name"] == NOT_FOUND[program]
    assert models.PLAIN in error["message"]


@EACH
def test_a_reply_that_breaks_off_is_an_error(seen, program, surface, way):
    broken = seen(program, surface, way)["broken"]
    assert "error" in broken, broken
    assert broken["error"].get("status") == 502 or way == "stream"
    assert "TypeError" != broken["error"]["name"], broken


def test_the_ai_sdks_stateful_default_is_refused_with_a_reason(proxy):
    given = {"url": proxy.url, "key": planted.key(), "model": models.PLAIN, "call_prompt": CALL, "weather": WEATHER}
    report = clients.run_node("ai_stateful", proxy, given)
    assert report["error"]["status"] == 400 and "store" in report["error"]["message"], report
