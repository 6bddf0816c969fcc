"""What test/clients holds: the JavaScript clients and the agents, at the versions of its package-lock.json."""

import json
import os
import platform
import subprocess
from pathlib import Path

import pytest

from harness.processes import DEADLINE

FOLDER = Path(__file__).resolve().parents[2] / "clients"
PACKAGES = FOLDER / "node_modules"
MACHINE = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
# Pinned like the rest: the SDKs need a newer one than Debian 12 has. (npm 9 makes no link to it in .bin.)
NODE = PACKAGES / f"node-linux-{MACHINE}" / "bin" / "node"
CLAUDE_CODE = PACKAGES / "@anthropic-ai" / f"claude-code-linux-{MACHINE}" / "claude"
CODEX = PACKAGES / ".bin" / "codex"
needed = pytest.mark.skipif(not NODE.exists(),
                            reason=f"SKIPPED ALOUD: the packages of {FOLDER} are missing: run `scripts/deps test`")


def run_node(program, proxy, given):
    """What a program of test/clients printed, as JSON. It finds nothing in its environment but whom to trust."""
    environment = {"PATH": os.environ["PATH"], "NODE_EXTRA_CA_CERTS": proxy.trust}
    ended = subprocess.run([NODE, FOLDER / f"{program}.mjs", json.dumps(given)], env=environment, stdin=subprocess.DEVNULL,
                           capture_output=True, text=True, timeout=2 * DEADLINE)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)
