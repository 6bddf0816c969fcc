"""Claude Code and Codex, headless and unmodified, against the proxy and a scripted model, on an island: proxy, simulator and
agents run in a network namespace that holds nothing but loopback, with telemetry and updates switched off as well."""

import errno
import json
import os
import socket
import subprocess

import pytest

from conftest import Proxies
from harness import chat, clients, models, planted
from harness.island import island
from harness.processes import DEADLINE
from harness.simulator import Simulator

pytestmark = clients.needed


@pytest.fixture(scope="module", autouse=True)
def cut_off():
    """No network but loopback for everything in this module."""
    try:
        with island():
            yield
    except PermissionError as error:
        pytest.skip(f"SKIPPED ALOUD: no network namespace for the agents: {error}")


@pytest.fixture(scope="module")
def simulator(cut_off, build_folder, tmp_path_factory):
    started = Simulator(build_folder / "e2ee-sim", tmp_path_factory.mktemp("simulator"))
    yield started
    assert started.stop() == 0


@pytest.fixture(scope="module")
def proxy(build_folder, simulator, tmp_path_factory):
    proxies = Proxies(build_folder / "e2ee-proxy", tmp_path_factory.mktemp("proxies"))
    yield proxies.start({**simulator.upstream(), "E2EE_LOG_LEVEL": "debug"})
    proxies.end(simulator.seen_nonces)


def overflow(prompt, asked):
    """A model server of 50000 tokens, in its own words."""
    return chat.refusing(400, f"This model's maximum context length is 50000 tokens. However, you requested {prompt + asked} tokens "
                              f"({prompt} in the messages, {asked} in the completion). Please reduce the length of the messages.")


class Agent:
    """One agent with a key, a home and a folder of its own. `ask` runs it once and says whether it went well, and its answer or
    its error."""

    def __init__(self, proxy, folder, more=""):
        self.key, self.home, self.work = planted.key(), folder / "home", folder / "work"
        self.home.mkdir()
        self.work.mkdir()
        self.environment = {"PATH": f"{clients.NODE.parent}:{os.environ['PATH']}", "HOME": str(self.home), **self.settings(proxy, more)}

    def execute(self, command):
        return subprocess.run(command, cwd=self.work, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=4 * DEADLINE)


class ClaudeCode(Agent):
    def settings(self, proxy, more):
        return {"ANTHROPIC_BASE_URL": proxy.url, "ANTHROPIC_API_KEY": self.key, "NODE_EXTRA_CA_CERTS": proxy.trust,
                "ANTHROPIC_MODEL": models.PLAIN, "ANTHROPIC_DEFAULT_HAIKU_MODEL": models.SINGLE,
                "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1", "DISABLE_TELEMETRY": "1",
                "DISABLE_ERROR_REPORTING": "1"}

    def ask(self, prompt):
        ended = self.execute([clients.CLAUDE_CODE, "-p", prompt, "--output-format", "json", "--allowedTools", "Read,Write"])
        result = json.loads(ended.stdout.splitlines()[-1])
        return ended.returncode == 0 and not result["is_error"], result["result"]

    @staticmethod
    def reading(path):
        return "Read", {"file_path": str(path)}

    @staticmethod
    def writing(path):
        return "Write", {"file_path": str(path), "content": "executed"}


class Codex(Agent):
    def settings(self, proxy, more):
        (self.home / ".codex").mkdir()
        (self.home / ".codex" / "config.toml").write_text(f"""
model = "{models.PLAIN}"
model_provider = "e2ee"
check_for_update_on_startup = false
{more}
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
        ended = self.execute([clients.CODEX, "exec", "--json", "--skip-git-repo-check",
                              "--dangerously-bypass-approvals-and-sandbox", prompt])
        events = [json.loads(line) for line in ended.stdout.splitlines() if line.startswith("{")]
        answers = [event["item"]["text"] for event in events if event.get("item", {}).get("type") == "agent_message"]
        failures = [event["error"]["message"] for event in events if event["type"] == "turn.failed"]
        return not failures, (failures or answers)[-1]

    @staticmethod
    def reading(path):
        return "exec_command", {"cmd": f"cat {path}"}

    @staticmethod
    def writing(path):
        return "exec_command", {"cmd": f"touch {path}"}


@pytest.fixture(params=[ClaudeCode, Codex])
def agent(request, proxy, tmp_path):
    return request.param(proxy, tmp_path)


@pytest.fixture
def claude_code(proxy, tmp_path):
    return ClaudeCode(proxy, tmp_path)


@pytest.fixture
def codex(proxy, tmp_path):
    return Codex(proxy, tmp_path)


def requests(sim, agent):
    return [json.loads(opened) for opened in sim.opened(agent.key)]


def test_there_is_no_way_off_the_island():
    with pytest.raises(OSError) as caught:
        socket.create_connection(("192.0.2.1", 443), DEADLINE)
    assert caught.value.errno == errno.ENETUNREACH


def test_an_answer(sim, agent):
    answer = planted.answer("all is well")
    sim.script(sse=chat.saying(answer), model=models.PLAIN)
    assert agent.ask(planted.prompt()) == (True, answer)


def test_two_parallel_tool_calls_are_executed_and_answered_and_the_reasoning_comes_back(sim, agent):
    files = [agent.work / name for name in ("one.txt", "two.txt")]
    contents = [planted.answer(f"contents of {file.name}") for file in files]
    for file, content in zip(files, contents):
        file.write_text(content + "\n")
    answer, reasoning = planted.answer("read both"), planted.answer("two files: I shall read both at once")
    sim.script(sse=chat.calling(*map(agent.reading, files), reasoning=reasoning), model=models.PLAIN)
    sim.script(sse=chat.saying(answer), model=models.PLAIN)
    assert agent.ask(planted.prompt("read the two files")) == (True, answer)
    messages = requests(sim, agent)[-1]["messages"]
    (turn,) = [message for message in messages if message["role"] == "assistant"]
    assert turn["reasoning_content"] == reasoning
    assert [call["id"] for call in turn["tool_calls"]] == ["call_0", "call_1"]
    results = {message["tool_call_id"]: json.dumps(message["content"]) for message in messages if message["role"] == "tool"}
    assert len(results) == 2 and contents[0] in results["call_0"] and contents[1] in results["call_1"]


def test_a_stream_that_drops_is_asked_for_again(sim, agent):
    answer = planted.answer("one two three four five six seven eight nine ten")
    sim.script(sse=chat.saying(answer), json=chat.whole(answer), model=models.PLAIN, times=0)
    sim.fault("reset_mid_stream", credential=agent.key)
    assert agent.ask(planted.prompt()) == (True, answer)
    assert len(sim.invocations(agent.key)) >= 2


def test_a_call_whose_reply_was_cut_off_is_not_executed(sim, agent):
    trace, answer = agent.work / "trace.txt", planted.answer("done without it")
    sim.script(sse=chat.cut_off(chat.calling(agent.writing(trace))), model=models.PLAIN)
    sim.script(sse=chat.saying(answer), json=chat.whole(answer), model=models.PLAIN, times=0)
    assert agent.ask(planted.prompt("write a file")) == (True, answer)
    assert not trace.exists()


def test_claude_code_asks_for_less_when_only_the_answer_would_not_fit(sim, claude_code):
    answer = planted.answer("it fits now")
    sim.script(sse=overflow(20000, 32000), model=models.PLAIN)
    sim.script(sse=chat.saying(answer), model=models.PLAIN)
    assert claude_code.ask(planted.prompt()) == (True, answer)
    assert [request["max_tokens"] for request in requests(sim, claude_code)] == [32000, 50000 - 20000 - 1000]


def test_claude_code_compacts_a_conversation_that_does_not_fit(sim, claude_code):
    file, summary, answer = claude_code.work / "one.txt", planted.answer("what went before"), planted.answer("it fits now")
    file.write_text("something\n")
    for sse in (chat.calling(claude_code.reading(file)), overflow(60000, 32000), chat.saying(f"<summary>{summary}</summary>"),
                chat.saying(answer)):
        sim.script(sse=sse, model=models.PLAIN)
    assert claude_code.ask(planted.prompt("read the file")) == (True, answer)
    last = requests(sim, claude_code)[-1]["messages"]
    assert summary in json.dumps(last) and not any("tool_calls" in message for message in last)


def test_codex_says_that_the_context_window_is_full_and_does_not_ask_again(sim, codex):
    sim.script(sse=overflow(60000, 32000), model=models.PLAIN, times=0)
    went_well, message = codex.ask(planted.prompt())
    assert not went_well and "context" in message
    assert len(sim.invocations(codex.key)) == 1


def test_codex_compacts_a_conversation_whose_usage_nears_its_limit(sim, tmp_path, proxy):
    codex = Codex(proxy, tmp_path, "model_auto_compact_token_limit = 10")  # less than the usage that the script tells
    file, summary, answer = codex.work / "one.txt", planted.answer("what went before"), planted.answer("it fits now")
    file.write_text("something\n")
    for sse in (chat.calling(codex.reading(file)), chat.saying(summary), chat.saying(answer)):
        sim.script(sse=sse, model=models.PLAIN)
    assert codex.ask(planted.prompt("read the file")) == (True, answer)
    last = requests(sim, codex)[-1]["messages"]
    assert summary in json.dumps(last) and not any("tool_calls" in message for message in last)
