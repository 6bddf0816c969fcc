"""Claude Code and Codex, headless and unmodified, against the proxy and a scripted model. agents/package.json pins them (they
are large, so `make test` does not install them); without `npm install` there the tests skip and say so. Telemetry and updates
are off; to be sure that nothing leaves the machine:
    unshare -rn sh -c 'ip link set lo up; python -m pytest test/e2e/test_agents.py'
"""

import json
import os
import subprocess
from pathlib import Path

import pytest

from harness import chat, models, planted
from harness.processes import DEADLINE

FOLDER = Path(os.environ.get("E2EE_AGENTS_DIR", Path(__file__).resolve().parent / "agents"))
BIN = FOLDER / "node_modules" / ".bin"
pytestmark = pytest.mark.skipif(not BIN.exists(), reason=f"SKIPPED ALOUD: no agents: run `npm install` in {FOLDER}")


class Agent:
    def __init__(self, proxy, folder):
        self.key, self.home, self.work = planted.key(), folder / "home", folder / "work"
        self.home.mkdir()
        self.work.mkdir()
        self.environment = {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(self.home), **self.settings(proxy)}

    def execute(self, command):
        return subprocess.run(command, cwd=self.work, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=4 * DEADLINE)


class ClaudeCode(Agent):
    overflow = ("This model's maximum context length is 50000 tokens. However, you requested 52000 tokens (20000 in the messages, "
                "32000 in the completion). Please reduce the length of the messages or completion.")

    def settings(self, proxy):
        return {"ANTHROPIC_BASE_URL": proxy.url, "ANTHROPIC_API_KEY": self.key, "NODE_EXTRA_CA_CERTS": proxy.trust,
                "ANTHROPIC_MODEL": models.PLAIN, "ANTHROPIC_DEFAULT_HAIKU_MODEL": models.SINGLE,
                "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1", "DISABLE_TELEMETRY": "1",
                "DISABLE_ERROR_REPORTING": "1"}

    def ask(self, prompt):
        """(whether it went well, the final answer or the error)."""
        ended = self.execute([BIN / "claude", "-p", prompt, "--output-format", "json"])
        result = json.loads(ended.stdout.splitlines()[-1])
        return ended.returncode == 0 and not result["is_error"], result["result"]

    @staticmethod
    def reading(path):
        return "Read", {"file_path": str(path)}


class Codex(Agent):
    def settings(self, proxy):
        (self.home / ".codex").mkdir()
        (self.home / ".codex" / "config.toml").write_text(f"""
model = "{models.PLAIN}"
model_provider = "e2ee"
check_for_update_on_startup = false
[analytics]
enabled = false
[model_providers.e2ee]
name = "e2ee"
base_url = "{proxy.url}/v1"
env_key = "E2EE_KEY"
wire_api = "responses"
""")
        return {"E2EE_KEY": self.key, "SSL_CERT_FILE": proxy.trust}

    def ask(self, prompt):
        ended = self.execute([BIN / "codex", "exec", "--json", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", prompt])
        events = [json.loads(line) for line in ended.stdout.splitlines() if line.startswith("{")]
        answers = [event["item"]["text"] for event in events if event.get("item", {}).get("type") == "agent_message"]
        failures = [event["error"]["message"] for event in events if event["type"] == "turn.failed"]
        return not failures, (failures or answers)[-1]

    @staticmethod
    def reading(path):
        return "exec_command", {"cmd": f"cat {path}"}


@pytest.fixture(params=[ClaudeCode, Codex])
def agent(request, proxy, tmp_path):
    return request.param(proxy, tmp_path)


@pytest.fixture
def claude_code(proxy, tmp_path):
    return ClaudeCode(proxy, tmp_path)


@pytest.fixture
def codex(proxy, tmp_path):
    return Codex(proxy, tmp_path)


def test_an_answer(sim, agent):
    answer = planted.answer("all is well")
    sim.script(sse=chat.saying(answer), model=models.PLAIN)
    assert agent.ask(planted.prompt()) == (True, answer)


def test_two_parallel_tool_calls_are_executed_and_answered(sim, agent):
    files = [agent.work / name for name in ("one.txt", "two.txt")]
    contents = [planted.answer(f"contents of {file.name}") for file in files]
    for file, content in zip(files, contents):
        file.write_text(content + "\n")
    answer = planted.answer("read both")
    sim.script(sse=chat.calling(*map(agent.reading, files)), model=models.PLAIN)
    sim.script(sse=chat.saying(answer), model=models.PLAIN)
    assert agent.ask(planted.prompt("read the two files")) == (True, answer)
    results = [message for message in json.loads(sim.opened(agent.key)[-1])["messages"] if message["role"] == "tool"]
    told = {result["tool_call_id"]: json.dumps(result["content"], ensure_ascii=False) for result in results}
    assert set(told) == {"call_0", "call_1"} and len(results) == 2
    assert contents[0] in told["call_0"] and contents[1] in told["call_1"]


def test_a_stream_that_drops_is_asked_for_again(sim, agent):
    answer = planted.answer("one two three four five six seven eight nine ten")
    reply = json.dumps({"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m",
                        "choices": [{"index": 0, "message": {"role": "assistant", "content": answer}, "finish_reason": "stop"}],
                        "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}})
    sim.script(sse=chat.saying(answer), body=reply, model=models.PLAIN, times=0)
    sim.fault("reset_mid_stream", credential=agent.key)
    assert agent.ask(planted.prompt()) == (True, answer)
    assert len(sim.invocations(agent.key)) >= 2


def test_claude_code_recovers_from_a_context_overflow_by_asking_for_less(sim, claude_code):
    answer = planted.answer("it fits now")
    sim.script(sse=chat.refusing(400, ClaudeCode.overflow), model=models.PLAIN)
    sim.script(sse=chat.saying(answer), model=models.PLAIN)
    assert claude_code.ask(planted.prompt()) == (True, answer)
    asked = [json.loads(opened)["max_tokens"] for opened in sim.opened(claude_code.key)]
    assert asked == [32000, 50000 - 20000 - 1000]


def test_codex_says_that_the_context_window_is_full(sim, codex):
    sim.script(sse=chat.refusing(400, ClaudeCode.overflow), model=models.PLAIN, times=0)
    went_well, message = codex.ask(planted.prompt())
    assert not went_well and "context" in message
    assert len(sim.invocations(codex.key)) == 1
