"""The JavaScript SDKs (openai, @anthropic-ai/sdk, Vercel AI SDK, LangChain) through the proxy. javascript/package.json pins
them; without `npm install` there the tests skip and say so."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from harness import models, planted
from harness.processes import DEADLINE

FOLDER = Path(os.environ.get("E2EE_JAVASCRIPT_DIR", Path(__file__).resolve().parent / "javascript"))
NODE = FOLDER / "node_modules" / ".bin" / "node"
pytestmark = pytest.mark.skipif(not NODE.exists(), reason=f"SKIPPED ALOUD: no JavaScript packages: run `npm install` in {FOLDER}")

SEEN_THINKING = ["openai responses", "openai responses stream", "anthropic", "anthropic stream"]
CASES = ["openai chat", "openai chat stream", *SEEN_THINKING, "ai chat", "ai responses", "ai responses stream", "ai anthropic",
         "ai anthropic stream", "langchain chat", "langchain chat stream", "langchain responses", "langchain responses stream",
         "langchain anthropic", "langchain anthropic stream"]
ANSWER, CALL = planted.prompt("grüße – 🦜"), planted.prompt("call get_weather")


@pytest.fixture(scope="module")
def seen(proxy):
    """What each SDK made of the two prompts."""
    def run(prompt):
        ended = subprocess.run([NODE, "smoke.mjs", proxy.url, planted.key(), models.PLAIN, prompt], cwd=FOLDER, capture_output=True, text=True,
                               env={"PATH": os.environ["PATH"], "NODE_EXTRA_CA_CERTS": proxy.trust}, timeout=4 * DEADLINE)
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)

    return {prompt: run(prompt) for prompt in (ANSWER, CALL)}


@pytest.mark.parametrize("case", CASES)
def test_an_answer_and_a_tool_call(seen, case):
    answered, called = seen[ANSWER][case], seen[CALL][case]
    assert "error" not in answered, answered["error"]
    assert "error" not in called, called["error"]
    assert answered["text"] == ANSWER and answered["tools"] == []
    assert [name for name, _ in called["tools"]] == ["get_weather"] and called["tools"][0][1]["days"] == 7
    if case in SEEN_THINKING:
        assert answered["reasoning"]
