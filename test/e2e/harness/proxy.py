"""The proxy as a running program."""

import re
from pathlib import Path
from urllib.parse import urlsplit

from harness.processes import Program


class Proxy(Program):
    """`settings` are environment variables as a user would set them; `flags` go on the command line. `trust` is the CA file
    that clients need (for embedded and self-signed modes the caller knows where it lies)."""

    def __init__(self, executable, settings, log_path, flags=(), trust=None):
        super().__init__([executable, "serve", *flags], {"E2EE_LISTEN": "127.0.0.1:0", **settings}, log_path)
        self.trust = trust
        self.ended_by_test = False  # set by tests that end it themselves

    def address(self, kind="https"):
        """HOST:PORT of a listener, from the line that the proxy logs when it listens."""
        return self.wait_for_log(rf'\blistening\b.*\bkind"?[=:]"?{re.escape(kind)}"?.*\baddress"?[=:]"?([^\s",]+)').group(1)

    @property
    def port(self):
        return urlsplit(f"//{self.address()}").port

    @property
    def url(self):
        return f"https://localhost:{self.port}"

    def descriptors(self):
        """How many it has open."""
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def resident_mib(self):
        """Its memory as the kernel counts it; 0 under a sanitizer, which keeps what was freed."""
        if "san" in Path(self.command[0]).parent.name:  # build-asan, build-tsan
            return 0
        return int(re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{self.process.pid}/status").read_text()).group(1)) // 1024
