"""The simulated relay (docs/simulator.md): started as a program, directed and questioned over its admin port."""

import base64
import contextlib
import http.client
import json
import re

from harness.processes import DEADLINE, Program, wait_until

DEFAULTS = {"chunking": "line", "account_error": 0, "credentials": [], "models_need_key": False, "clear_usage": False, "write_size": 0,
            "answer_deltas": 0, "answer_delta_size": 16, "nonce_ttl_ms": 60_000, "nonces_per_instance": 10, "instances_per_discovery": 5,
            "discoveries_per_minute": 0, "instance_capacity": 0}
CALM = {"first_event_ms": 0, "between_events_ms": 0, "discovery_ms": 0, "models_ms": 0}


class Simulator(Program):
    def __init__(self, executable, folder):
        self.ca_path = str(folder / "simulator-ca.pem")
        self.seen_nonces = set()
        self.forgiven = set()  # kinds of violations that a test provokes on purpose
        super().__init__([executable, "--write-ca", self.ca_path, "--seed", "1"], {}, folder / "simulator.log")
        ports = json.loads(self.wait_for_log(r"^{.*}$").group(0))
        self.url, self.authority = f"https://127.0.0.1:{ports['tls']}", f"127.0.0.1:{ports['tls']}"
        self.plain_url, self.admin_port = f"http://127.0.0.1:{ports['plain']}", ports["admin"]

    def upstream(self):
        """What a proxy needs to know to use this simulator."""
        return {"CHUTES_UPSTREAM": self.url, "CHUTES_E2E_UPSTREAM": self.url, "SSL_CERT_FILE": self.ca_path}

    def admin(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=DEADLINE)
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None)
            reply = connection.getresponse()
            answer = json.loads(reply.read())
        finally:
            connection.close()
        assert reply.status == 200, f"{method} {path}: {answer}"
        return answer

    # --- directing ---

    def fault(self, name, times=1, **where):
        """The next `times` occasions (-1: all) go wrong. `where`: credential, model, instance, at, status, skip. Usable with
        `with`, at whose end all faults are dropped."""
        self.admin("POST", "/fault", {"fault": name, "count": times, **where})
        return self._until_end(self.clear_faults)

    def clear_faults(self):
        self.admin("POST", "/fault", {"clear": True})

    def script(self, **what):
        """The next fitting request is answered with exactly this: `sse` or `body`, `status`, `chunking`, `model`, `path`."""
        self.admin("POST", "/script", what)

    def configured(self, **settings):
        self.admin("POST", "/config", settings)
        return self._until_end(lambda: self.admin("POST", "/config", {name: DEFAULTS[name] for name in settings}))

    def latency(self, **milliseconds):
        self.admin("POST", "/latency", {f"{name}_ms": value for name, value in milliseconds.items()})
        return self._until_end(lambda: self.admin("POST", "/latency", CALM))

    def restart_instances(self, model):
        self.admin("POST", "/restart-instance", {"model": model})

    @staticmethod
    @contextlib.contextmanager
    def _until_end(undo):
        try:
            yield
        finally:
            undo()

    def settle(self):
        """At the end of a test: what it provoked must have been legal; then everything is as at the start, but for keys and
        nonces. Nonces seen are remembered for the scan of the logs."""
        self.seen_nonces |= self.nonces()
        violations, self.forgiven = [violation for violation in self.violations() if violation["kind"] not in self.forgiven], set()
        self.admin("POST", "/reset", {})
        assert violations == [], f"the client broke the protocol: {violations}"

    # --- asking ---

    def stats(self):
        return self.admin("GET", "/stats")

    def violations(self):
        return self.admin("GET", "/violations")["violations"]

    def entries(self, kind, credential):
        """What one client caused, oldest first. `credential` is unique to a test, so there is nothing to reset."""
        return [entry for entry in self.admin("GET", f"/log?kind={kind}")["entries"] if entry.get("credential") == credential]

    def invocations(self, credential):
        return self.entries("invoke", credential)

    def discoveries(self, credential):
        return self.entries("discovery", credential)

    def opened(self, credential):
        """The bytes that instances read, request by request."""
        return [self.plaintext(entry) for entry in self.invocations(credential)]

    @staticmethod
    def header(entry, name):
        values = [value for key, value in entry["headers"] if key.lower() == name.lower()]
        assert len(values) == 1, f"{name}: {values}"
        return values[0]

    @staticmethod
    def text(entry, name):
        if name + "_base64" in entry:
            return base64.b64decode(entry[name + "_base64"])
        return entry[name].encode()

    def plaintext(self, entry):
        return self.text(entry, "opened")

    def reply_plain(self, entry):
        return self.text(entry, "reply_plain")

    @staticmethod
    def envelope(entry):
        return bytes.fromhex(entry["envelope_hex"])

    def nonces(self, credential=None):
        """Every nonce handed out (as far as the simulator remembers) or sent."""
        found = set()
        for entry in self.admin("GET", "/log")["entries"]:
            if credential in (None, entry.get("credential")):
                found |= {value for key, value in entry["headers"] if key.lower() == "x-e2e-nonce" and len(value) == 32}
                if entry["kind"] == "discovery":
                    found |= set(re.findall(r'"([A-Za-z0-9_-]{32})"', entry.get("reply_wire", "")))
        return found

    def wait_for(self, credential, condition, what):
        return wait_until(lambda: condition(self.invocations(credential)), what)
