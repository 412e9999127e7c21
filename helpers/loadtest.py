"""How fast? Steps of one's own measured in turns, what they send, and two anchors to hold them against.

A step is a function that does some work and returns how many messages that was. A client's rate says what the two of
them do together; ``INFO commandstats`` says what the server alone took, and redis-benchmark, a client in C that sends
the same bytes again and again, what a client can reach.
"""

from __future__ import annotations

import asyncio
import csv
import math
import os
import shutil
import statistics
import subprocess
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import hiredis
import redis
import redis.asyncio

from helpers import backend

KEY = "orders:load"
BATCH, AHEAD = 500, 3  # commands in a block of bytes, and blocks under way at once
TOP = "the same bytes, three blocks under way"

Step = Callable[[], int]


class Rung(NamedTuple):
    """What was measured of one way to do it."""

    rate: float  # messages a second: the median of the rounds
    best: float  # messages a second in the quickest of all steps, which nothing else on this machine disturbed
    messages: int  # of all rounds together
    steps: tuple[float, ...]  # seconds that each step took, ascending
    server_us: float  # microseconds of the server's stream commands for each message, the median of the rounds

    def within(self, share: float) -> float:
        """The milliseconds within which at least that share (0 to 1) of the steps was done.

        0.99 of less than 100 steps is the slowest of them.
        """
        return 1000 * self.steps[max(0, math.ceil(share * len(self.steps)) - 1)]


class Server(NamedTuple):
    """A server to measure, by its address; `PrivateRedis` has the same two."""

    url: str

    def client(self, **kwargs: Any) -> redis.Redis:
        return redis.Redis.from_url(self.url, **{**backend.CLIENT, **kwargs})


def connected(client: redis.Redis) -> Server | None:
    """The server that `client` of `connect()` talks to; None if that is the simulator."""
    return None if "server" in client.connection_pool.connection_kwargs else Server(backend.server_url())


# --- Steps, in turns -----------------------------------------------------------------------------------------------


def measure(
    client: redis.Redis,
    steps: Mapping[str, Step | Sequence[Step]],
    rounds: int = 3,
    seconds: float = 0.08,
    key: str | None = KEY,
    before: Callable[[], Any] | None = None,
) -> dict[str, Rung]:
    """Does each step again and again for `seconds`, and then the next; `rounds` times, so that a busy moment meets all.

    Args:
        client: of the server that the steps talk to, for questions about it.
        steps: by name; a list of steps runs in as many threads.
        key: the stream that they fill: deleted before each turn, and counted after it. None for steps that read.
        before: what to do before each turn, outside of its time; a step that returns 0 ends its turn.

    Raises:
        RuntimeError: the stream did not get as many messages as the steps say.
    """
    measured: dict[str, list] = {name: [] for name in steps}
    for _ in range(rounds):
        for name, step in steps.items():
            _make_ready(client, key, before)
            each = [step] if callable(step) else list(step)
            measured[name].append(_turn(client, key, partial(_repeat, each, seconds)))
    _clear(client, key)
    return {name: _rung(turns) for name, turns in measured.items()}


async def measure_async(
    client: redis.Redis,
    steps: Mapping[str, Sequence[Callable[[], Awaitable[int]]]],
    rounds: int = 3,
    seconds: float = 0.08,
    key: str | None = KEY,
) -> dict[str, Rung]:
    """`measure` for coroutine functions: those of a list are as many tasks of the running loop."""
    measured: dict[str, list] = {name: [] for name in steps}
    for _ in range(rounds):
        for name, each in steps.items():
            await asyncio.gather(*[step() for step in each])  # who connects first, does so before its time is taken
            _make_ready(client, key, None)
            before, started = _spent(client), time.perf_counter()
            done: list[tuple[int, float]] = []
            until = started + seconds
            await asyncio.gather(*[_repeat_async(step, until, done) for step in each])
            measured[name].append(_turn_of(client, key, done, time.perf_counter() - started, before))
    _clear(client, key)
    return {name: _rung(turns) for name, turns in measured.items()}


def _make_ready(client: redis.Redis, key: str | None, before: Callable[[], Any] | None) -> None:
    _clear(client, key)
    if before is not None:
        before()


def _clear(client: redis.Redis, key: str | None) -> None:
    if key is not None:
        client.delete(key)


class _Turn(NamedTuple):
    seconds: float
    steps: list[tuple[int, float]]  # messages and seconds of each
    server_us: float  # in all

    @property
    def messages(self) -> int:
        return sum(count for count, _ in self.steps)


def _turn(client: redis.Redis, key: str | None, run: Callable[[], list[tuple[int, float]]]) -> _Turn:
    before, started = _spent(client), time.perf_counter()
    done = run()
    return _turn_of(client, key, done, time.perf_counter() - started, before)


def _turn_of(
    client: redis.Redis, key: str | None, done: list[tuple[int, float]], seconds: float, before: float
) -> _Turn:
    turn = _Turn(seconds, done, _spent(client) - before)
    if key is not None:
        there = client.xinfo_stream(key)["entries-added"] if done else 0
        if there != turn.messages:
            raise RuntimeError(f"{turn.messages} messages were sent, and {key!r} got {there}")
    return turn


def _repeat(steps: Sequence[Step], seconds: float) -> list[tuple[int, float]]:
    """Each step again and again for so long: how many messages each time, and in how many seconds."""
    until = time.perf_counter() + seconds
    done: list[tuple[int, float]] = []
    failed: list[Exception] = []

    def work(step: Step) -> None:
        now = time.perf_counter()
        while now < until:
            count = step()
            last, now = now, time.perf_counter()
            if not count:
                break
            done.append((count, now - last))

    def work_in_thread(step: Step) -> None:
        try:
            work(step)
        except Exception as error:
            failed.append(error)

    if len(steps) == 1:
        work(steps[0])
        return done
    threads = [threading.Thread(target=work_in_thread, args=(step,)) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return done


async def _repeat_async(step: Callable[[], Awaitable[int]], until: float, done: list[tuple[int, float]]) -> None:
    now = time.perf_counter()
    while now < until:
        count = await step()
        last, now = now, time.perf_counter()
        done.append((count, now - last))


def _rung(turns: list[_Turn]) -> Rung:
    steps = [step for turn in turns for step in turn.steps]
    return Rung(
        rate=statistics.median(turn.messages / turn.seconds for turn in turns),
        best=max((count / took for count, took in steps), default=0.0),
        messages=sum(turn.messages for turn in turns),
        steps=tuple(sorted(took for _, took in steps)),
        server_us=statistics.median(turn.server_us / max(turn.messages, 1) for turn in turns),
    )


def _spent(client: redis.Redis) -> float:
    """Microseconds that the server spent on stream commands since it started (also on those of other clients)."""
    stats = client.info("commandstats")
    return sum(row["usec"] for name, row in stats.items() if name.startswith("cmdstat_x"))


# --- The same bytes again and again ----------------------------------------------------------------------------------


def prepacked(
    server: Any, command: Sequence[str | int], messages: int, batch: int = BATCH, ahead: int = AHEAD, rounds: int = 1
) -> Rung:
    """Sends one command `messages` times, packed once, on a plain socket, as redis-benchmark does.

    Blocks of `batch` commands go out, `ahead` of them before the first one's replies are in; hiredis counts those. A
    step is a block, from its sending to its last reply.

    Args:
        server: a `Server` or a `PrivateRedis`.
        command: such as ``("XADD", "orders", "*", "order_id", 1001)``. Its stream is deleted first.
        messages: a multiple of `batch`, in each round.

    Raises:
        redis.ResponseError: the server refuses the command.
        ValueError: `messages` is not a multiple of `batch`.
    """
    if messages % batch:
        raise ValueError(f"{messages} messages are not whole blocks of {batch}")
    client = server.client(protocol=2)
    client.execute_command(*command)  # an error is heard here
    connection = client.connection_pool.get_connection()  # with user, database and TLS as the address says
    block = hiredis.pack_command(tuple(command)) * batch
    turns = []
    try:
        for _ in range(rounds):
            client.delete(command[1])
            turns.append(_turn(client, command[1], partial(_pump, connection._sock, block, messages, batch, ahead)))
    finally:
        connection.disconnect()
        client.connection_pool.release(connection)
        client.close()
    return _rung(turns)


def _pump(sock: Any, block: bytes, messages: int, batch: int, ahead: int) -> list[tuple[int, float]]:
    reader, sent, got = hiredis.Reader(), 0, 0
    under_way: deque[float] = deque()
    done = []
    while got < messages:
        while sent < messages and len(under_way) < ahead:
            under_way.append(time.perf_counter())
            sock.sendall(block)
            sent += batch
        received = sock.recv(65536)
        if not received:
            raise redis.ConnectionError("the server closed the connection")
        reader.feed(received)
        while reader.gets() is not False:
            got += 1
        while under_way and len(done) < got // batch:
            done.append((batch, time.perf_counter() - under_way.popleft()))
    return done


# --- The anchor ------------------------------------------------------------------------------------------------------


def benchmark_program() -> str | None:
    """redis-benchmark, beside the server's program or on PATH; None when there is none."""
    server = os.environ.get("REDIS_SERVER_BIN")
    beside = shutil.which("redis-benchmark", path=os.path.dirname(server)) if server else None
    return beside or shutil.which("redis-benchmark")


def redis_benchmark(
    server: Any, command: Sequence[str | int], messages: int, pipeline: int = 50, clients: int = 50
) -> Rung:
    """The same command by ``redis-benchmark -P pipeline -c clients``, on the same server; its stream is deleted first.

    redis-benchmark tells one rate, and quantiles instead of steps: `steps` are its minimum, median, 95th and 99th
    percentile, and maximum of a pipeline's latency.

    Raises:
        RuntimeError: there is no redis-benchmark, or it cannot reach the server.
    """
    program = benchmark_program()
    if program is None:
        raise RuntimeError("there is no redis-benchmark here: it comes with redis-server (Debian: redis-tools)")
    client = server.client()
    client.delete(command[1])
    before = _spent(client)
    arguments = ["-n", messages, "-P", pipeline, "-c", clients, "--csv", *command]
    done = subprocess.run(
        [program, *_address(server.url), *map(str, arguments)], capture_output=True, text=True, timeout=60
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith('"')]
    if done.returncode or len(lines) < 2:
        raise RuntimeError(f"redis-benchmark: {(done.stderr or done.stdout).strip().splitlines()[-1]}")
    told = dict(zip(*csv.reader(lines[-2:]), strict=True))
    # Its last pipelines may go beyond `messages`.
    got = client.xinfo_stream(command[1])["entries-added"]
    spent = _spent(client) - before
    client.close()
    steps = tuple(float(told[f"{name}_latency_ms"]) / 1000 for name in ("min", "p50", "p95", "p99", "max"))
    return Rung(float(told["rps"]), float(told["rps"]), got, steps, spent / got)


def _address(url: str) -> list[str]:
    """The options by which redis-benchmark finds the server of a URL."""
    found = redis.connection.parse_url(url)
    user = [("--user", found.get("username")), ("-a", found.get("password")), ("--dbnum", found.get("db"))]
    place = [("-s", found.get("path")), ("-h", found.get("host")), ("-p", found.get("port"))]
    named = [word for option, value in place + user if value for word in (option, str(value))]
    return named + (["--tls"] if url.startswith("rediss:") else [])


def anchors(server: Any, command: Sequence[str | int], messages: int) -> dict[str, float]:
    """Messages a second to hold a rung against: redis-benchmark's, and those of a server that does nothing else.

    The second is a million divided by the microseconds that INFO commandstats has for each command. What the server
    needs to read it from its socket and to send the answer is not in it, so nobody gets there.
    """
    if benchmark_program() is None:
        print("Skipped: redis-benchmark is not here; it comes with redis-server (Debian: redis-tools).")
        return {"the server's own limit": 1e6 / prepacked(server, command, messages).server_us}
    found = redis_benchmark(server, command, messages)
    return {"redis-benchmark -P 50 -c 50": found.rate, "the server's own limit": 1e6 / found.server_us}


# --- What goes over the wire ------------------------------------------------------------------------------------------


class Trip(NamedTuple):
    """What a client sent before it waited for the answer."""

    sent: bytes

    @property
    def commands(self) -> list[list[bytes]]:
        """The words of each command: a command is packed as a reply is that lists its words."""
        reader, found = hiredis.Reader(), []
        reader.feed(self.sent)
        while (command := reader.gets()) is not False:
            found.append(command)
        return found


def tap(client: redis.Redis) -> tuple[redis.Redis, list[Trip]]:
    """Another client of the same Redis, and its round trips so far: a list that grows with each."""
    trips: list[Trip] = []
    pool = client.connection_pool

    class Tapped(pool.connection_class):
        greeting = False

        def on_connect_check_health(self, *args: Any, **kwargs: Any) -> None:
            """Says who it is: not what the lesson sends."""
            self.greeting = True
            super().on_connect_check_health(*args, **kwargs)
            self.greeting = False

        def send_packed_command(self, command: Any, check_health: bool = True) -> None:
            super().send_packed_command(command, check_health)
            if not self.greeting:
                trips.append(Trip(command.encode() if isinstance(command, str) else b"".join(command)))

    tapped = redis.Redis(connection_pool=redis.ConnectionPool(connection_class=Tapped, **pool.connection_kwargs))
    return tapped, trips


# --- The ladder -------------------------------------------------------------------------------------------------------


def ladder(server: Any, size: int = 100, messages: int = 100_000) -> tuple[dict[str, Rung], dict[str, float]]:
    """XADD of one field of `size` bytes in every way, on one server in one run; and the anchors of that run."""
    command = ("XADD", KEY, "*", "body", "x" * size)
    client = server.client()
    body = {"body": "x" * size}
    rungs = measure(client, producers(server, body))
    rungs |= _asyncio(server, client, body)
    rungs["the same bytes, one block at a time"] = prepacked(server, command, messages, ahead=1)
    rungs[TOP] = prepacked(server, command, messages)
    found = anchors(server, command, messages)
    client.delete(KEY)
    client.close()
    return rungs, found


def producers(server: Any, body: dict[str, str]) -> dict[str, Step | list[Step]]:
    """Ways to add `body` to the stream `KEY` with redis-py, as steps for `measure`."""

    def single(client: redis.Redis) -> Step:
        def step() -> int:
            client.xadd(KEY, body)
            return 1

        return step

    def piped(size: int, transaction: bool = False) -> Step:
        client = server.client()

        def step() -> int:
            pipe = client.pipeline(transaction=transaction)
            for _ in range(size):
                pipe.xadd(KEY, body)
            return len(pipe.execute())

        return step

    return {
        "one XADD at a time": single(server.client()),
        "8 threads, one at a time each": [single(server.client()) for _ in range(8)],
        "pipelines of 10": piped(10),
        "pipelines of 100": piped(100),
        "pipelines of 1,000": piped(1000),
        "MULTI of 100": piped(100, transaction=True),
    }


def _asyncio(server: Any, client: redis.Redis, body: dict[str, str], tasks: int = 50) -> dict[str, Rung]:
    """The asyncio rung, in a thread of its own: a notebook's thread has a running loop already."""
    found: dict[str, Rung] = {}

    async def run() -> None:
        shop = redis.asyncio.Redis.from_url(server.url, **backend.CLIENT)

        async def step() -> int:
            await shop.xadd(KEY, body)
            return 1

        try:
            found.update(await measure_async(client, {f"asyncio, {tasks} tasks": [step] * tasks}))
        finally:
            await shop.aclose()

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    thread.join()
    return found
