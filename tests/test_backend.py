"""connect(): the printed line, the refusals, the guest rules, and servers that go when the kernel goes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import socketserver
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest
import redis
from conftest import Server, need_server

from helpers import backend, connect, connect_async, private_redis
from helpers.backend import MARK, BackendError, free_ports


def refusal(url: str, monkeypatch, *keys: str) -> str:
    """The sentence that connect() raises for `url`."""
    monkeypatch.setenv("REDIS_URL", url)
    with pytest.raises(BackendError) as refused:
        connect(*keys)
    text = str(refused.value)
    assert "\n" not in text and text.endswith(".") and len(text) < 420
    assert backend.current() is None
    assert refused.value._render_traceback_() == [f"BackendError: {text}"]
    return text


@pytest.fixture(autouse=True)
def _new_kernel(no_backend):
    pass


# --- The simulator -------------------------------------------------------------------------------------------------


def test_simulator_says_what_it_is(capsys):
    connect("orders")
    assert capsys.readouterr().out == (
        f"fakeredis {backend.installed_version('fakeredis')} in this kernel, behaving as Redis 7.0. "
        "Nothing is skipped.\n"
    )


def test_line_says_what_needs_a_server(capsys, monkeypatch):
    monkeypatch.setenv("REDIS_SERVER_BIN", "/nowhere/redis-server")
    connect("orders", needs_server="section 9")
    assert "Skipped here: section 9 (needs a redis-server: apt install" in capsys.readouterr().out


def test_every_client_thread_and_task_shares_the_simulator():
    r, again = connect("orders"), connect()
    again.xadd("orders", {"n": 1}, id="1-1")
    thread = threading.Thread(target=lambda: r.xadd("orders", {"n": 2}, id="1-2"))
    thread.start()
    thread.join()

    async def add():
        async with connect_async() as client:
            return await client.xadd("orders", {"n": 3}, id="1-3")

    assert asyncio.run(add()) == "1-3"
    assert [entry_id for entry_id, _ in r.xrange("orders")] == ["1-1", "1-2", "1-3"]


def test_connect_async_before_connect_is_one_sentence():
    with pytest.raises(BackendError, match=r"run the cell with connect\(\) first"):
        connect_async()


def test_connecting_again_empties_the_named_keys_only():
    r = connect("orders", "clicks")
    r.xadd("orders", {"n": 1})
    r.xadd("clicks", {"n": 1})
    connect("orders")
    assert (r.exists("orders"), r.exists("clicks")) == (0, 1)


# --- A private server ----------------------------------------------------------------------------------------------


def in_a_kernel(code: str, **env: str) -> subprocess.Popen:
    """A Python process that runs `code` and then waits to be killed."""
    script = textwrap.dedent(code) + "\nimport time; print('ready', flush=True); time.sleep(60)\n"
    return subprocess.Popen(
        [sys.executable, "-c", script],
        env={**os.environ, **env},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def gone(path: str, within: float = 5.0) -> bool:
    deadline = time.monotonic() + within
    while Path(path).exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    return not Path(path).exists()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().split(")")[1] if Path("/proc/self").exists() else True


LOCAL = """
from helpers import backend, connect
r = connect("orders")
print(r.info("server")["process_id"], backend._local._folder, flush=True)
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_local_server_goes_with_the_kernel(end):
    need_server("redis")
    kernel = in_a_kernel(LOCAL, REDIS_URL="local")
    assert kernel.stdout.readline().startswith("redis-server ")
    pid, folder = kernel.stdout.readline().split()
    assert alive(int(pid)) and Path(folder).is_dir()
    assert kernel.stdout.readline() == "ready\n"
    assert sorted(path.name for path in Path(folder).iterdir()) == ["log", "redis.sock"], "something is on disk"
    kernel.send_signal(end)
    kernel.wait()
    kernel.stdout.close()
    assert gone(folder)
    assert not alive(int(pid))


def test_interrupt_does_not_reach_the_local_server():
    need_server("redis")
    kernel = in_a_kernel(
        LOCAL
        + """
import os, signal, time
try:
    os.killpg(0, signal.SIGINT)
    time.sleep(1)
except KeyboardInterrupt:
    pass
time.sleep(0.2)
print(r.ping(), flush=True)
""",
        REDIS_URL="local",
    )
    kernel.stdout.readline()
    kernel.stdout.readline()
    assert kernel.stdout.readline() == "True\n"
    kernel.kill()
    kernel.wait()
    kernel.stdout.close()


def test_local_says_its_version(monkeypatch, capsys):
    program = need_server("redis")
    monkeypatch.setenv("REDIS_URL", "local")
    monkeypatch.setattr(backend, "_local", None)
    connect("orders")
    major = subprocess.run([program, "--version"], capture_output=True, text=True).stdout.split("v=")[1].split()[0]
    assert capsys.readouterr().out == f"redis-server {major} started for this kernel. Nothing is skipped.\n"
    backend._local.close()


def test_local_without_a_redis_server(monkeypatch):
    monkeypatch.setenv("REDIS_SERVER_BIN", "/nowhere/redis-server")
    monkeypatch.setattr(backend, "_local", None)
    assert "REDIS_URL=local needs a redis-server on this machine: apt install" in refusal("local", monkeypatch)


def test_private_redis_without_a_redis_server_says_so(monkeypatch, capsys):
    monkeypatch.setenv("REDIS_SERVER_BIN", "/nowhere/redis-server")
    assert private_redis() is None
    assert capsys.readouterr().out.startswith("Skipped: this needs a redis-server (apt install")


def test_private_redis_is_configured_killed_and_started_again():
    need_server("redis")
    with private_redis("--appendonly", "yes", "--appendfsync", "always") as server:
        r = server.client()
        assert r.config_get("appendonly") == {"appendonly": "yes"}
        r.xadd("orders", {"n": 1}, id="1-1")
        server.kill()
        with pytest.raises(redis.ConnectionError):
            server.client(retry=redis.retry.Retry(redis.backoff.NoBackoff(), 0)).ping()
        server.start()
        assert server.client().xlen("orders") == 1
        server.stop()
        server.start()
        assert server.client().xlen("orders") == 1
        folder = server._folder
    assert not folder.exists()


def test_private_redis_that_cannot_start_says_why():
    need_server("redis")
    with pytest.raises(BackendError, match="redis-server did not start: "):
        private_redis("--no-such-option", "1")


def test_blocking_reads_outlast_redis_pys_socket_timeout(server, empty, monkeypatch):
    """5.5 s is beyond the 5 s after which redis-py 8 would give up and ask again."""
    monkeypatch.setenv("REDIS_URL", f"{server.url}?db=9")
    r = connect("orders")
    assert r.xread({"orders": "$"}, block=5500) == []
    assert server.client().info("commandstats")["cmdstat_xread"]["calls"] == 2  # one was the check of rights


# --- Someone's server ----------------------------------------------------------------------------------------------


def test_line_names_the_server_and_hides_the_password(server, empty, monkeypatch, capsys):
    version = empty.info("server")["redis_version"]
    monkeypatch.setenv("REDIS_URL", f"{server.url}?db=3")
    connect("orders")
    assert capsys.readouterr().out == f"Redis {version} at {server.url}?db=3. Nothing is skipped.\n"
    assert backend._public("redis://ada:secret@shop:6379/0") == "redis://ada:***@shop:6379/0"
    assert backend._public("redis://:secret@shop:6379/0") == "redis://:***@shop:6379/0"
    assert "secret" not in backend._public("redis://ada:secret@[shop:6379/0")


def test_options_of_the_url_do_not_change_the_answers(server, empty, monkeypatch):
    monkeypatch.setenv("REDIS_URL", f"{server.url}?db=3&protocol=3&decode_responses=0&socket_timeout=1")
    r = connect("orders")
    r.xadd("orders", {"n": 1}, id="1-1")
    assert r.xread({"orders": "0"}) == [["orders", [("1-1", {"n": "1"})]]]
    assert r.get_connection_kwargs()["socket_timeout"] is None


@pytest.mark.parametrize(
    "url, part",
    [
        ("http://localhost", "does not parse"),
        ("localhost:6379", "does not parse"),
        ("redis://", "it names no host"),
        ("redis://localhost:port/0", "does not parse"),
        ("redis://localhost:99999/0", "does not parse"),
        ("redis://[::1", "does not parse"),
        ("redis://no-such-host.invalid:6379", "names a host that cannot be found"),
        ("unix:///no/such/redis.sock", "has no server listening"),
    ],
)
def test_url_that_leads_nowhere(url, part, monkeypatch):
    assert part in refusal(url, monkeypatch)


def test_connection_refused(monkeypatch):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"redis://127.0.0.1:{unused.getsockname()[1]}"
    assert "has no server listening; start it" in refusal(url, monkeypatch)


def test_passwords_and_rights(monkeypatch):
    with Server("redis", "--requirepass", "secret") as server:
        admin = redis.Redis(unix_socket_path=server.socket, password="secret", decode_responses=True)
        everything = ["on", ">pw", "~*", "&*", "+@all"]
        admin.execute_command("ACL", "SETUSER", "reader", *everything, "-xadd")
        admin.execute_command("ACL", "SETUSER", "narrow", *everything, "resetkeys", "~orders*")
        url = "unix://{}@" + server.socket + "?db=2"
        assert "refused the user name or password" in refusal(url.format(":wrong"), monkeypatch)
        assert "refused the user name or password" in refusal(f"unix://{server.socket}?db=2", monkeypatch)
        for user in ("reader", "narrow"):
            said = refusal(url.format(f"{user}:pw"), monkeypatch, "orders")
            assert "an administrator can: ACL SETUSER" in said and "pw" not in said.replace("ACL SETUSER", "")
        monkeypatch.setenv("REDIS_URL", url.format(":secret"))
        assert connect("orders").xadd("orders", {"n": 1}, id="1-1") == "1-1"


def test_the_check_of_rights_writes_nothing(server, empty, monkeypatch):
    monkeypatch.setenv("REDIS_URL", f"{server.url}?db=4")
    r = connect("orders")
    assert r.keys() == [MARK] and r.type(MARK) == "hash"


@pytest.fixture
def tls(tmp_path):
    """A redis-server that speaks TLS on one port and plain on another: (tls port, plain port, certificate)."""
    openssl = shutil.which("openssl") or pytest.skip("no openssl: apt install openssl")
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    options = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    options += ["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    subprocess.run([openssl, "req", *options, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    ports = free_ports(2)
    tls_options = [
        "--tls-port",
        str(ports[0]),
        "--tls-cert-file",
        str(certificate),
        "--tls-key-file",
        str(key),
    ]
    tls_options += ["--tls-auth-clients", "no", "--tls-ca-cert-file", str(certificate)]
    with Server("redis", *tls_options, "--port", str(ports[1])):
        yield ports[0], ports[1], certificate


def test_tls(tls, monkeypatch):
    tls_port, plain_port, certificate = tls
    assert "needs rediss:// in place of redis://" in refusal(f"redis://127.0.0.1:{tls_port}", monkeypatch)
    assert "ssl_ca_certs" in refusal(f"rediss://127.0.0.1:{tls_port}", monkeypatch)
    said = refusal(f"rediss://127.0.0.1:{plain_port}", monkeypatch)
    assert "use redis:// for a server without TLS" in said
    monkeypatch.setenv("REDIS_URL", f"rediss://127.0.0.1:{tls_port}?ssl_ca_certs={certificate}")
    assert connect("orders").xadd("orders", {"n": 1}, id="1-1") == "1-1"


def test_replica_and_cluster_node(monkeypatch):
    with Server("redis", "--replicaof", "127.0.0.1 1") as replica:
        assert "is a read-only replica" in refusal(replica.url, monkeypatch)
    [bus] = free_ports(1)
    with Server("redis", "--cluster-enabled", "yes", "--cluster-port", str(bus)) as node:
        assert "is a node of a Redis Cluster" in refusal(node.url, monkeypatch)


class _Answering(socketserver.StreamRequestHandler):
    """A server of some kind: `hello` answers HELLO, and everything else is OK."""

    def handle(self):
        while (header := self.rfile.readline()).startswith(b"*"):
            args = []
            for _ in range(int(header[1:])):
                size = int(self.rfile.readline()[1:])
                args.append(self.rfile.read(size + 2)[:-2])
            self.wfile.write(self.server.hello if args[0].upper() == b"HELLO" else b"+OK\r\n")


@contextlib.contextmanager
def answering(hello: bytes):
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Answering) as serving:
        serving.hello, serving.daemon_threads = hello, True
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"redis://127.0.0.1:{serving.server_address[1]}"
        serving.shutdown()


def hello(version: str, mode: str = "standalone", role: str = "master") -> bytes:
    texts = ("server", "redis", "version", version, "mode", mode, "role", role)
    return b"*8\r\n" + b"".join(b"$%d\r\n%s\r\n" % (len(text), text.encode()) for text in texts)


@pytest.mark.parametrize(
    "answer, part",
    [
        (hello("6.2.14"), "is Redis 6.2.14, and the course needs 7.0 or newer"),
        (hello("7.2.4", "sentinel"), "is a Sentinel"),
        (hello("7.2.4", "standalone", "replica"), "is a read-only replica"),
        (b"-ERR unknown command 'HELLO'\r\n", "is older than Redis 6"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "not in the protocol of Redis"),
    ],
)
def test_unsuitable_servers(answer, part, monkeypatch):
    with answering(answer) as url:
        assert part in refusal(url, monkeypatch)


def test_server_that_hangs_up(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        threading.Thread(target=lambda: silent.accept()[0].close(), daemon=True).start()
        assert "hung up at once" in refusal(f"redis://127.0.0.1:{silent.getsockname()[1]}", monkeypatch)


def test_database_number_that_does_not_exist(server, empty, monkeypatch):
    assert "has no database of that number" in refusal(f"{server.url}?db=99", monkeypatch)


# --- Guest rules ---------------------------------------------------------------------------------------------------


def test_empty_database_is_marked_and_a_strangers_is_refused(server, empty, monkeypatch):
    stranger = server.client(db=5)
    stranger.set("theirs", "value")
    said = refusal(f"{server.url}?db=5", monkeypatch, "orders")
    assert "holds keys that are not the course's. Use another database number" in said
    assert stranger.keys() == ["theirs"]
    monkeypatch.setenv("REDIS_URL", f"{server.url}?db=6")
    connect("orders")
    assert set(server.client(db=6).hgetall(MARK)) == {"", "orders"}


def test_key_that_a_stranger_made_after_the_mark_is_left_alone(server, empty, monkeypatch):
    monkeypatch.setenv("REDIS_URL", f"{server.url}?db=7")
    connect()
    stranger = server.client(db=7)
    stranger.set("orders", "mine", ex=1000)
    said = refusal(f"{server.url}?db=7", monkeypatch, "clicks", "orders")
    assert "has a key named 'orders' that the course did not make" in said
    assert stranger.get("orders") == "mine" and stranger.ttl("orders") > 900
    assert not stranger.hexists(MARK, "orders")


def test_key_created_between_look_and_claim_is_not_claimed(server, empty, monkeypatch):
    """Another client creates `orders` just after the course saw that it was absent."""
    stranger = server.client(db=8)
    look = redis.client.Pipeline.exists

    def exists_then_somebody_else_creates(pipe, *names):
        answer = look(pipe, *names)
        stranger.set("orders", "mine", nx=True)
        return answer

    monkeypatch.setattr(redis.client.Pipeline, "exists", exists_then_somebody_else_creates)
    assert "has a key named 'orders'" in refusal(f"{server.url}?db=8", monkeypatch, "orders")
    assert stranger.get("orders") == "mine"


def test_no_module_of_the_course_flushes_or_configures():
    for path in (Path(__file__).parent.parent / "helpers").rglob("*.py"):
        source = path.read_text(encoding="utf-8").lower()
        for call in (".flushall(", ".flushdb(", ".config_set(", '"flushall"', '"flushdb"', '"config", "set"'):
            assert call not in source, f"{path.name} calls {call}"
