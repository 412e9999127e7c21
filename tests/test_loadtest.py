"""What is measured is what was sent, and what was sent is what Redis got."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import hiredis
import pytest
import redis
import redis.asyncio

from helpers import backend, loadtest
from helpers.loadtest import KEY, Rung, Server, measure, measure_async, prepacked, redis_benchmark, tap

COMMAND = ("XADD", KEY, "*", "body", "x" * 100)


# --- What goes over the wire -------------------------------------------------------------------------------------


def test_one_command_is_one_trip_with_its_bytes(r):
    shop, trips = tap(r)
    shop.xadd("orders", {"order_id": 1001, "product": "thé"}, id="1-0")
    assert shop.xlen("orders") == 1
    added, asked = trips
    assert added.sent == hiredis.pack_command(("XADD", "orders", "1-0", "order_id", "1001", "product", "thé"))
    assert asked.commands == [[b"XLEN", b"orders"]]


@pytest.mark.parametrize("transaction", [False, True])
def test_a_pipeline_is_one_trip(r, transaction):
    shop, trips = tap(r)
    pipe = shop.pipeline(transaction=transaction)
    for n in range(10):
        pipe.xadd("orders", {"order_id": 1001 + n, "body": "x" * 5_000})
    pipe.execute()
    [trip] = trips
    names = [words[0] for words in trip.commands]
    assert names == ([b"MULTI"] if transaction else []) + [b"XADD"] * 10 + ([b"EXEC"] if transaction else [])
    assert r.xlen("orders") == 10


def test_who_connects_is_not_counted(r):
    """Each thread's connection says who it is first."""
    shop, trips = tap(r)
    together = threading.Barrier(4)

    def add() -> None:
        pipe = shop.pipeline(transaction=False)
        pipe.xadd("orders", {"order_id": 1001})
        together.wait()
        pipe.execute()

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [[words[0] for words in trip.commands] for trip in trips] == [[b"XADD"]] * 4


def test_the_tapped_client_is_left_alone(r):
    _, trips = tap(r)
    r.xadd("orders", {"order_id": 1001})
    assert trips == []


# --- Steps, in turns ---------------------------------------------------------------------------------------------


class Clock:
    """Time that passes when a step says so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(loadtest.time, "perf_counter", lambda: self.now)


class Shop:
    """As much of a client as `measure` asks of: how many were added, and what the server says it spent on them."""

    def __init__(self) -> None:
        self.added, self.usec, self.log = 0, 0, []

    def info(self, section: str) -> dict[str, dict[str, int]]:
        assert section == "commandstats"
        return {"cmdstat_xadd": {"usec": self.usec}, "cmdstat_info": {"usec": 1_000_000}}

    def delete(self, key: str) -> None:
        self.log.append("delete")
        self.added = 0

    def xinfo_stream(self, key: str) -> dict[str, int]:
        return {"entries-added": self.added}

    def adds(self, clock: Clock, name: str, seconds: Callable[[], float], batch: int = 1) -> Callable[[], int]:
        def step() -> int:
            if not self.log or self.log[-1] != name:
                self.log.append(name)
            self.added += batch
            self.usec += 2 * batch
            clock.now += seconds()
            return batch

        return step


def test_rate_quantiles_and_the_servers_part(monkeypatch):
    clock, shop = Clock(monkeypatch), Shop()
    durations = iter([0.01] * 9 + [0.05] + [0.01] * 1000)
    step = shop.adds(clock, "a", lambda: next(durations), batch=5)
    found = measure(shop, {"a": step}, rounds=1, seconds=0.1399)["a"]
    assert (found.messages, len(found.steps)) == (50, 10)
    assert found.rate == pytest.approx(50 / 0.14) and found.best == pytest.approx(500)
    assert found.within(0.5) == pytest.approx(10) and found.within(0.99) == pytest.approx(50)
    assert found.server_us == 2


def test_steps_take_turns_and_the_median_round_counts(monkeypatch):
    clock, shop = Clock(monkeypatch), Shop()
    rounds = iter([0.01] * 10 + [0.1] + [0.02] * 5)  # 100 a second, then 10, then 50
    steps = {"a": shop.adds(clock, "a", lambda: next(rounds)), "b": shop.adds(clock, "b", lambda: 0.1)}
    found = measure(shop, steps, rounds=3, seconds=0.0999)
    assert shop.log == ["delete", "a", "delete", "b"] * 3 + ["delete"]
    assert found["a"].rate == pytest.approx(50) and found["a"].messages == 16
    assert found["b"].rate == pytest.approx(10)


def test_a_step_that_claims_too_much_is_found_out(monkeypatch):
    clock, shop = Clock(monkeypatch), Shop()
    step = shop.adds(clock, "a", lambda: 0.01)
    with pytest.raises(RuntimeError, match="messages were sent"):
        measure(shop, {"a": lambda: step() + 1})


def test_readers_end_their_turn_when_nothing_is_left(monkeypatch):
    clock, shop, prepared = Clock(monkeypatch), Shop(), []
    left = iter([3, 2, 0] * 2)

    def step() -> int:
        clock.now += 0.01
        return next(left)

    found = measure(shop, {"a": step}, rounds=2, seconds=9.0, key=None, before=lambda: prepared.append("group"))["a"]
    assert found.messages == 10 and len(found.steps) == 4 and prepared == ["group"] * 2
    assert "delete" not in shop.log


def test_several_steps_are_several_threads(server):
    client = server.client()
    seen: set[int] = set()
    together = threading.Barrier(4, timeout=10)
    waited: set[int] = set()

    def step() -> int:
        if threading.get_ident() not in waited:
            waited.add(threading.get_ident())
            together.wait()
        seen.add(threading.get_ident())
        client.xadd(KEY, {"order_id": 1001})
        return 1

    found = measure(client, {"four": [step] * 4}, rounds=1, seconds=0.05)["four"]
    assert len(seen) == 4 and threading.get_ident() not in seen
    assert found.messages >= 4 and client.exists(KEY) == 0


def test_an_error_in_a_thread_is_raised(server):
    def step() -> int:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        measure(server.client(), {"two": [step, step]}, rounds=1)


def test_tasks(server):
    async def run() -> Rung:
        shop = redis.asyncio.Redis.from_url(server.url)

        async def step() -> int:
            return len([await shop.xadd(KEY, {"order_id": 1001})])

        try:
            return (await measure_async(server.client(), {"ten": [step] * 10}, rounds=2, seconds=0.02))["ten"]
        finally:
            await shop.aclose()

    found = asyncio.run(run())
    assert found.messages >= 20 and found.rate > 0 and found.server_us > 0


# --- The same bytes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch, ahead", [(1, 1), (500, 1), (500, 3), (100, 7)])
def test_as_many_as_were_sent(empty, server, batch, ahead):
    found = prepacked(server, COMMAND, 1000, batch, ahead)
    assert empty.xlen(KEY) == found.messages == 1000
    assert len(found.steps) == 1000 // batch and all(took > 0 for took in found.steps)
    assert empty.xrange(KEY, count=1)[0][1] == {"body": "x" * 100}
    assert 0 < found.server_us < 1e6 / found.rate


def test_each_round_begins_anew(empty, server):
    found = prepacked(server, COMMAND, 1000, rounds=3)
    assert (found.messages, len(found.steps), empty.xlen(KEY)) == (3000, 6, 1000)


def test_with_maxlen_what_was_added_counts(empty, server):
    found = prepacked(server, ("XADD", KEY, "MAXLEN", "=", 10, "*", "body", "x"), 1000)
    assert (found.messages, empty.xlen(KEY)) == (1000, 10)


def test_large_blocks_and_answers_do_not_stop_each_other(empty, server):
    """More under way than any buffer holds: the server goes on reading while its answers wait."""
    found = prepacked(server, ("XADD", KEY, "MAXLEN", "~", 100, "*", "body", "x" * 10_000), 5_000, batch=500, ahead=5)
    assert found.messages == 5_000


def test_a_refused_command_is_an_error(empty, server):
    empty.set(KEY, "text")
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        prepacked(server, COMMAND, 1000)
    with pytest.raises(redis.ResponseError, match="wrong number of arguments"):
        prepacked(server, ("XADD", "orders", "*", "body"), 1000)


def test_only_whole_blocks(server):
    with pytest.raises(ValueError, match="whole blocks of 500"):
        prepacked(server, COMMAND, 750)


def test_no_connection_stays(empty, server):
    before = len(empty.client_list())
    prepacked(server, COMMAND, 1000)
    assert len(empty.client_list()) == before


# --- The anchors -------------------------------------------------------------------------------------------------

NEED_BENCHMARK = pytest.mark.skipif(loadtest.benchmark_program() is None, reason="no redis-benchmark: redis-tools")


@NEED_BENCHMARK
def test_redis_benchmark_does_the_same_command(empty, server):
    found = redis_benchmark(server, COMMAND, 10_000)
    assert found.rate > 0 and found.server_us > 0 and empty.xlen(KEY) == found.messages >= 10_000
    assert list(found.steps) == sorted(found.steps)
    assert empty.xrange(KEY, count=1)[0][1] == {"body": "x" * 100}
    redis_benchmark(server, ("XADD", KEY, "MAXLEN", "=", 10, "*", "body", "x"), 10_000)
    assert empty.xlen(KEY) == 10


@NEED_BENCHMARK
def test_redis_benchmark_uses_the_database_of_the_address(empty, server):
    other = Server(f"{server.url}?db=3")
    redis_benchmark(other, COMMAND, 1000)
    prepacked(Server(f"{server.url}?db=4"), COMMAND, 1000)
    assert (empty.exists(KEY), other.client().exists(KEY), server.client(db=4).xlen(KEY)) == (0, 1, 1000)


@NEED_BENCHMARK
def test_what_redis_benchmark_complains_of_is_raised(server):
    class Elsewhere:
        url, client = "unix:///no/such.sock", server.client

    with pytest.raises(RuntimeError, match="redis-benchmark: "):
        redis_benchmark(Elsewhere(), COMMAND, 1000)


@pytest.mark.parametrize(
    "url, options",
    [
        ("unix:///run/redis.sock", "-s /run/redis.sock"),
        ("unix:///run/redis.sock?db=3", "-s /run/redis.sock --dbnum 3"),
        ("redis://localhost:6380/2", "-h localhost -p 6380 --dbnum 2"),
        ("redis://ada:pass%40word@example.com:6379", "-h example.com -p 6379 --user ada -a pass@word"),
        ("rediss://:secret@example.com:6379", "-h example.com -p 6379 -a secret --tls"),
    ],
)
def test_addresses(url, options):
    assert loadtest._address(url) == options.split()


def test_without_redis_benchmark_there_is_one_anchor(empty, server, monkeypatch, capsys):
    monkeypatch.setattr(loadtest, "benchmark_program", lambda: None)
    found = loadtest.anchors(server, COMMAND, 1000)
    assert list(found) == ["the server's own limit"] and "redis-tools" in capsys.readouterr().out
    with pytest.raises(RuntimeError, match="no redis-benchmark here"):
        redis_benchmark(server, COMMAND, 1000)


# --- The ladder --------------------------------------------------------------------------------------------------


def test_every_rung_is_there_and_leaves_nothing(empty, server):
    rungs, anchors = loadtest.ladder(server, messages=5_000)
    assert len(rungs) == 9 and list(rungs)[-1] == loadtest.TOP
    assert all(rung.rate > 0 and rung.server_us > 0 and rung.messages for rung in rungs.values())
    assert anchors["the server's own limit"] > 0 and empty.keys() == []


def test_the_server_that_connect_chose(no_backend, server, monkeypatch, capsys):
    assert loadtest.connected(backend.connect()) is None
    monkeypatch.setenv("REDIS_URL", f"{server.url}?db=5")
    server.client(db=5).flushdb()
    found: Any = loadtest.connected(backend.connect(KEY))
    prepacked(found, COMMAND, 500)
    assert server.client(db=5).xlen(KEY) == 500
    server.client(db=5).flushdb()


def test_importing_it_loads_no_chart():
    code = "import sys, helpers.loadtest; print('matplotlib' in sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout == "False\n"
