import os
from pathlib import Path

import pytest

from harness import planted
from harness.certificates import Authority
from harness.proxy import Proxy
from harness.simulator import Simulator
from harness.wire import Client

REPOSITORY = Path(__file__).resolve().parents[2]
NOWHERE = {"CHUTES_UPSTREAM": "http://127.0.0.1:9", "CHUTES_E2E_UPSTREAM": "http://127.0.0.1:9"}  # where nothing listens


@pytest.fixture(scope="session")
def build_folder():
    return Path(os.environ.get("E2EE_BUILD_DIR", REPOSITORY / "build"))


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """The CA of everything on the upstream side that is not the simulator."""
    return Authority(tmp_path_factory.mktemp("authority"), "test-upstream-ca")


# --- the simulated relay ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def simulator(build_folder, tmp_path_factory):
    started = Simulator(build_folder / "e2ee-sim", tmp_path_factory.mktemp("simulator"))
    yield started
    assert started.alive
    assert started.stop() == 0


@pytest.fixture
def sim(simulator):
    """The simulator for one test, which must leave no violation of the protocol behind."""
    yield simulator
    simulator.settle()


# --- proxies ------------------------------------------------------------------------------------------------------------


class Proxies:
    """Starts proxies and holds each to a good end: alive to the last, exit code 0 on SIGTERM, nothing confidential logged."""

    def __init__(self, executable, folder):
        self.executable, self.folder, self.started = executable, folder, []

    def start(self, settings=None, flags=(), trust=None):
        """Self-signed, unless `trust` says which CA its clients are to trust."""
        number = len(self.started)
        settings = {**NOWHERE, **(settings or {})}
        if trust is None:
            trust = str(self.folder / f"proxy-{number}-ca.pem")
            settings = {"TLS_SELF_SIGNED": "true", "E2EE_CA_FILE": trust, **settings}
        proxy = Proxy(self.executable, settings, self.folder / f"proxy-{number}.log", flags, trust)
        self.started.append(proxy)
        proxy.address()
        return proxy

    def end(self, nonces=()):
        try:
            for proxy in self.started:
                self.end_one(proxy, nonces)
        finally:
            for proxy in self.started:
                proxy.kill()

    @staticmethod
    def end_one(proxy, nonces):
        if not proxy.ended_by_test:
            assert proxy.alive, f"the proxy ended with {proxy.process.returncode}:\n{proxy.log()[-4000:]}"
            code = proxy.stop()
            assert code == 0, f"the proxy ended with {code} after SIGTERM:\n{proxy.log()[-4000:]}"
        assert planted.found_in(proxy.log(), nonces) == []


@pytest.fixture
def start_proxy(build_folder, tmp_path):
    """A factory of proxies with settings of the test's own."""
    proxies = Proxies(build_folder / "e2ee-proxy", tmp_path)
    yield proxies.start
    proxies.end()


@pytest.fixture(scope="session")
def long_lived(build_folder, tmp_path_factory):
    return Proxies(build_folder / "e2ee-proxy", tmp_path_factory.mktemp("proxies"))


@pytest.fixture(scope="session")
def start_session_proxy(long_lived, simulator):
    """A factory of proxies that serve many tests."""
    yield long_lived.start
    long_lived.end(simulator.seen_nonces)


@pytest.fixture(scope="session")
def proxy(start_session_proxy, simulator):
    """The proxy that most tests share: all its settings at their defaults, debug log."""
    return start_session_proxy({**simulator.upstream(), "E2EE_LOG_LEVEL": "debug"})


@pytest.fixture(scope="session")
def quiet_proxy(build_folder, tmp_path_factory):
    """A proxy without an upstream, for everything that must be answered without one."""
    proxies = Proxies(build_folder / "e2ee-proxy", tmp_path_factory.mktemp("quiet-proxy"))
    yield proxies.start()
    proxies.end()


@pytest.fixture
def client(proxy):
    """A client with a key of its own, so that the simulator can tell what this test caused."""
    return Client(proxy.url, proxy.trust, planted.key())
