"""Programs under test: started with an environment of their own, output kept in a file, stopped at the end."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

DEADLINE = 30  # seconds that anything may take before a test says what it waited for


def wait_until(condition, what, deadline=DEADLINE):
    """Polls until `condition()` gives something true and returns that."""
    end = time.monotonic() + deadline
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"waited {deadline} s in vain for {what}")
        time.sleep(0.02)


class Program:
    """One running executable. Nothing of the tests' own environment reaches it but what a program needs to run."""

    INHERITED = ("PATH", "HOME", "TMPDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS")

    def __init__(self, command, environment, log_path):
        self.log_path = Path(log_path)
        self.command = [str(part) for part in command]
        inherited = {name: os.environ[name] for name in self.INHERITED if name in os.environ}
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(self.command, env=inherited | environment, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=subprocess.STDOUT, start_new_session=True)

    def log(self):
        return self.log_path.read_text(errors="replace")

    @property
    def alive(self):
        return self.process.poll() is None

    def wait_for_log(self, pattern):
        """The first match of the regular expression in the log; fails at once when the program ends without it."""
        def look():
            match = re.search(pattern, self.log(), re.MULTILINE)
            if not match and not self.alive:
                match = re.search(pattern, self.log(), re.MULTILINE)
                assert match, f"{self.command[0]} ended with {self.process.returncode}, no {pattern!r} in:\n{self.log()[-4000:]}"
            return match
        return wait_until(look, f"{pattern!r} in the log of {self.command[0]}, which says:\n{self.log()[-4000:]}")

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self):
        return self.process.wait(DEADLINE)

    def kill(self):
        if self.alive:
            self.process.kill()
            self.process.wait()

    def stop(self):
        """SIGTERM, and the exit code. A program that does not end in time is killed and the test fails."""
        if self.alive:
            self.signal(signal.SIGTERM)
        try:
            return self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.command[0]} did not end after SIGTERM:\n{self.log()[-4000:]}") from None
