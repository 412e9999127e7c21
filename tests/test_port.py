"""The simulator on a port answers redis-cli, every client and child processes as a Redis 7.0 does."""

from __future__ import annotations

import asyncio
import difflib
import socket
import subprocess
import sys
import textwrap
import threading
import time

import pytest
import redis
import redis.asyncio
from test_redis_cli import SESSIONS, SIMULATOR_DIFFERS, in_redis_cli, runnable

from helpers import backend
from helpers.resp import serve, share, shared_url


@pytest.fixture
def simulator():
    """A simulator: a client in this process, and the host and port at which others find it."""
    r = backend.simulated()
    host, _, port = serve(r.connection_pool.connection_kwargs["server"]).removeprefix("redis://").partition(":")
    return r, host, int(port.partition("/")[0])


@pytest.mark.parametrize("number", range(len(SESSIONS)))
def test_redis_cli_prints_what_it_prints_of_redis_7(number, redis_7, simulator):
    _, host, port = simulator
    redis_7.client().flushall()
    lines = [line for line in runnable(SESSIONS[number].splitlines()) if line not in SIMULATOR_DIFFERS]
    real = in_redis_cli(lines, "-s", redis_7.socket).decode(errors="replace").splitlines()
    port_says = in_redis_cli(lines, "-h", host, "-p", str(port)).decode(errors="replace").splitlines()
    assert not list(difflib.unified_diff(real, port_says, "Redis 7.0", "simulator", lineterm="", n=2))


def test_everyone_sees_the_same_data(simulator):
    r, host, port = simulator
    r.xadd("orders", {"order_id": 1001}, id="1-1")
    for protocol in (2, 3):
        with redis.Redis(host, port, protocol=protocol, decode_responses=True) as client:
            client.xadd("orders", {"order_id": 1002})
            assert client.xinfo_stream("orders")["length"] == r.xlen("orders")
            assert client.execute_command("HELLO")
    child = (
        f"import redis; print(redis.Redis('{host}', {port}).xadd('orders', {{'order_id': 9}}, id='99999999999999-1'))"
    )
    printed = subprocess.run([sys.executable, "-c", child], capture_output=True, text=True).stdout
    assert printed == "b'99999999999999-1'\n"
    assert r.xrevrange("orders", count=1)[0] == ("99999999999999-1", {"order_id": "9"})


def test_replies_of_redis_py_are_those_of_a_real_server(simulator, redis_7):
    def answers(client: redis.Redis) -> list:
        client.flushall()
        client.xadd("s", {"n": 1}, id="1-1")
        client.xgroup_create("s", "g", id="0")
        read = client.xreadgroup("g", "c", {"s": ">"}, count=1)
        pipe = client.pipeline()
        pipe.xlen("s").xadd("s", {"n": 2}, id="2-1").xrange("s")
        return [
            read,
            client.xread({"s": "0"}),
            client.xread({"s": "$"}, block=20),
            client.xpending("s", "g"),
            client.xinfo_groups("s"),
            client.xrange("s", count=1),
            client.get("missing"),
            client.hgetall("missing"),
            client.zadd("z", {"a": 1.5}),
            client.zrange("z", 0, -1, withscores=True),
            client.blpop("missing", 0.05),
            pipe.execute(),
        ]

    _, host, port = simulator
    for protocol in (2, 3):
        options = {"protocol": protocol, "decode_responses": True}
        assert answers(redis.Redis(host, port, **options)) == answers(redis_7.client(**options))


def test_an_error_keeps_the_connection_and_its_transaction(simulator):
    _, host, port = simulator
    with socket.create_connection((host, port)) as sock:
        sock.sendall(b"FOO\r\nSET k v\r\nMULTI\r\nINCR k\r\nEXEC\r\nGET k\r\nQUIT\r\n")
        heard = b""
        while chunk := sock.recv(65536):
            heard += chunk
    replies = heard.split(b"\r\n")
    assert replies[0].startswith(b"-ERR unknown command 'FOO'")
    assert replies[1:6] == [b"+OK", b"+OK", b"+QUEUED", b"*1", b"-ERR value is not an integer or out of range"]
    assert replies[6:] == [b"$1", b"v", b"+OK", b""]


@pytest.mark.parametrize("nonsense", [b"*1\r\nfoo\r\n", b'SET "a\r\n', b"*2\r\n$1\r\na\r\n:5\r\n"])
def test_what_is_not_a_command_gets_an_error_and_the_end(simulator, nonsense):
    _, host, port = simulator
    with socket.create_connection((host, port), timeout=10) as sock:
        sock.sendall(nonsense)
        assert sock.recv(65536).startswith(b"-ERR Protocol error: ")
        assert sock.recv(65536) == b""


def test_large_replies_arrive(simulator):
    r, host, port = simulator
    pipe = r.pipeline(transaction=False)
    for n in range(20_000):
        pipe.xadd("big", {"order_id": n, "text": "x" * 50}, id=f"{n + 1}-0")
    pipe.execute()
    with redis.Redis(host, port, decode_responses=True, socket_timeout=60) as client:
        entries = client.xrange("big")
    assert len(entries) == 20_000 and entries[-1][0] == "20000-0"


def test_pubsub_reaches_both_sides(simulator):
    r, host, port = simulator
    with redis.Redis(host, port, decode_responses=True) as client, client.pubsub() as subscriber:
        subscriber.subscribe("news")
        assert subscriber.get_message(timeout=5)["type"] == "subscribe"
        assert r.publish("news", "hello") == 1
        assert subscriber.get_message(timeout=5)["data"] == "hello"


def test_blocked_readers_are_woken_and_async_clients_served(simulator):
    r, host, port = simulator

    async def read() -> list:
        async with redis.asyncio.Redis(host=host, port=port, decode_responses=True) as client:
            waiting = asyncio.create_task(client.xread({"orders": "0"}, block=4000))
            await asyncio.sleep(0.1)
            r.xadd("orders", {"order_id": 1001}, id="1-1")
            return await waiting

    assert asyncio.run(read()) == [["orders", [("1-1", {"order_id": "1001"})]]]


def test_a_reader_that_was_killed_while_it_waited_takes_nothing(simulator):
    r, host, port = simulator
    r.xgroup_create("orders", "g", id="0", mkstream=True)
    code = f"""
import redis
redis.Redis("{host}", {port}, socket_timeout=None).xreadgroup("g", "dead", {{"orders": ">"}}, block=0)
"""
    reader = subprocess.Popen([sys.executable, "-c", code])
    _until(lambda: any(sock._blocked for sock in _sockets(r)))
    reader.kill()
    reader.wait()
    _until(lambda: not any(sock._blocked for sock in _sockets(r)))
    r.xadd("orders", {"order_id": 1001}, id="1-1")
    assert r.xpending("orders", "g")["pending"] == 0
    assert r.xreadgroup("g", "alive", {"orders": ">"}) == [["orders", [("1-1", {"order_id": "1001"})]]]


def _sockets(r: redis.Redis) -> list:
    return r.connection_pool.connection_kwargs["server"].sockets


def _until(true, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_clients_that_leave_leave_no_thread(simulator):
    _, host, port = simulator
    before = threading.active_count()
    clients = [socket.create_connection((host, port)) for _ in range(20)]
    _until(lambda: threading.active_count() >= before + 20)
    for client in clients:
        client.close()
    _until(lambda: threading.active_count() <= before)


def test_kernel_ends_while_clients_are_connected():
    code = """
        import redis, socket
        from helpers import backend
        from helpers.resp import serve
        r = backend.simulated()
        host, port = serve(r.connection_pool.connection_kwargs["server"])[8:-2].split(":")
        client = socket.create_connection((host, int(port)))
        client.sendall(b"XREAD BLOCK 0 STREAMS s 0\\r\\n")
        print("over")
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=20)
    assert (done.stdout, done.returncode) == ("over\n", 0), done.stderr


def test_share_tells_terminals_where_to_go(tmp_path, monkeypatch, no_backend):
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    with pytest.raises(backend.BackendError, match="No notebook shares its Redis yet"):
        shared_url()
    r = backend.connect("orders")
    url = share(r)
    assert url == share(r) == shared_url() and url.startswith("redis://127.0.0.1:")
    [address] = tmp_path.iterdir()
    assert address.stat().st_mode & 0o777 == 0o600
    r.xadd("orders", {"order_id": 1001}, id="1-1")
    client, name = backend.open_redis(url)
    assert name == f"Redis 7.0 at {url}" and client.xlen("orders") == 1
    monkeypatch.setenv("REDIS_URL", "redis://shop:6379/3")
    assert shared_url() == "redis://shop:6379/3"


def test_share_of_a_real_server_is_its_own_address(tmp_path, monkeypatch, no_backend, server, empty):
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("REDIS_URL", f"{server.url}?db=3&protocol=3")  # An option of the client's is nobody else's.
    assert share(backend.connect("orders")) == f"{server.url}?db=3"
