"""Checks of 16 Throughput: trips, bytes and orders are counted, and no clock is looked at."""

from __future__ import annotations

import inspect
import statistics
import threading
from collections.abc import Callable, Iterator
from math import ceil, isclose
from typing import Any

import hiredis
import numpy as np
import redis

from helpers.exercises import Lab, Raised, show
from helpers.loadtest import Trip, tap

KEY, GROUP = "orders", "packing"


def _number(value: Any) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


# --- 16.1 ------------------------------------------------------------------------------------------------------------

MOST = 200


class _Night:
    """Orders that are made while somebody asks for them, and how many were held unsent at the most."""

    def __init__(self, count: int, trips: list[Trip]) -> None:
        self.count, self.trips, self.held = count, trips, 0

    def orders(self) -> Iterator[dict[str, str]]:
        looked_at = sent = 0
        for n in range(self.count):
            new = self.trips[looked_at:]
            looked_at, sent = looked_at + len(new), sent + sum(names.count("XADD") for names in _words(new))
            self.held = max(self.held, n + 1 - sent)
            yield self.order(n)

    @staticmethod
    def order(n: int) -> dict[str, str]:
        return {"order_id": str(1001 + n), "price": str(n % 90)}


def _words(trips: list[Trip]) -> list[list[str]]:
    """The name of each command, trip by trip."""
    return [[words[0].decode().upper() for words in trip.commands] for trip in trips]


def _import(lab: Lab) -> None:
    for count in (434, 200, 3, 0):
        _one_night(lab, count)


def _one_night(lab: Lab, count: int) -> None:
    plain = lab.redis()
    r, trips = tap(plain)
    r.ping()
    trips.clear()
    threads: set[int] = set()
    execute = r.execute_command

    def execute_and_note(*args: Any, **options: Any) -> Any:
        threads.add(threading.get_ident())
        return execute(*args, **options)

    r.execute_command = execute_and_note
    night = _Night(count, trips)
    try:
        returned = lab.call(r, KEY, night.orders())
    except Raised as raised:
        if "has no len" in str(raised.error):
            raise lab.wrong(
                "asked for the length of an iterator: how many orders will come is known when they have come."
            ) from raised
        raise
    lab.did = f"{lab.did.partition('(')[0]}(r, {KEY!r}, orders) with {count:,} orders"
    _look_at_trips(lab, night, trips, len(threads))
    _look_at_import(lab, night, plain)
    if returned != count or isinstance(returned, bool):
        # Ids by * differ from run to run, so a list of them is told by its kind.
        what = show(returned) if returned is None or _number(returned) else f"a {type(returned).__name__}"
        raise lab.wrong(f"added them and returned {what}; it should return how many, {count}.")


def _look_at_trips(lab: Lab, night: _Night, trips: list[Trip], threads: int) -> None:
    names, fewest = _words(trips), ceil(night.count / MOST)
    if night.count and not any("XADD" in each for each in names):
        raise lab.wrong("never sent an XADD.")
    if any("MULTI" in each for each in names):
        raise lab.wrong(
            "wrapped the orders in MULTI: until EXEC has added them all, Redis serves nobody else. The speed comes "
            "from the shared trip, and pipeline() has a parameter for that alone."
        )
    largest = max((each.count("XADD") for each in names), default=0)
    if largest > MOST:
        raise lab.wrong(
            f"sent {largest:,} orders at once, and {MOST} are allowed: client and server have to keep them all, and "
            "their answers, in memory, and with millions of orders one of the two cannot."
        )
    if threads > 1 and len(names) > fewest:
        raise lab.wrong(
            f"made {len(names):,} round trips from several threads. Threads wait side by side; each order still has "
            "its own trip, and whose comes first is open."
        )
    if len(names) > fewest:
        wanted = f"{fewest} would do" if fewest else "there was nothing to send"
        raise lab.wrong(f"made {len(names):,} round trips, and {wanted}: how many orders can share one?")
    if night.held > MOST + 1:  # One may have been asked for to see whether there is another.
        raise lab.wrong(
            f"held {night.held:,} orders that were not sent yet. They come one by one, perhaps millions of them: take "
            f"{MOST}, send them, take the next."
        )


def _look_at_import(lab: Lab, night: _Night, r: redis.Redis) -> None:
    there = [fields for _, fields in r.xrange(KEY)]
    wanted = [night.order(n) for n in range(night.count)]
    if there == wanted:
        return
    if len(there) < len(wanted) and there == wanted[: len(there)]:
        raise lab.wrong(
            f"added {len(there):,} of {len(wanted):,} orders: the last {len(wanted) - len(there)} are missing. What "
            "becomes of a batch that does not get full?"
        )
    if len(there) == len(wanted) and sorted(map(str, there)) == sorted(map(str, wanted)):
        raise lab.wrong("added all orders, but not in the order in which they came.")
    first = next((n for n, (a, b) in enumerate(zip(there, wanted, strict=False)) if a != b), len(wanted))
    raise lab.wrong(
        f"left {len(there):,} entries in the stream, and {len(wanted):,} orders came. Number {first + 1} is "
        f"{show(there[first] if first < len(there) else None)}."
    )


# --- 16.2 ------------------------------------------------------------------------------------------------------------

PARTS = ("redis", "way", "producer")


class _Measured:
    """A producer's calls, and what its server said of them."""

    def __init__(
        self,
        durations: list[float],  # seconds, of the calls that count
        gap: float,  # seconds from a call's end to the next one's start
        redis_us: float,  # that Redis needs for each
        past: tuple[int, int],  # calls and usec of XADD before
        benchmark: float,
        warm_up: tuple[float, ...] = (),
    ) -> None:
        now, self.calls = 1000.0, []
        for duration in (*warm_up, *durations):
            self.calls.append((now, now + duration))
            now += duration + gap
        self.warm_up, self.benchmark, self.redis_us = len(warm_up), benchmark, redis_us
        count, usec = past
        self.before = _stats(count, usec)
        self.after = _stats(count + len(durations), usec + round(len(durations) * redis_us))

    def parts(self, warm_up: int | None = None, redis_seconds: float | None = None) -> dict[str, float]:
        calls = self.calls[self.warm_up if warm_up is None else warm_up :]
        spent = self.after["cmdstat_xadd"]["usec"] - self.before["cmdstat_xadd"]["usec"]
        inside = spent / 1e6 if redis_seconds is None else redis_seconds
        took = sum(ended - started for started, ended in calls)
        whole = calls[-1][1] - calls[0][0]
        return {"redis": inside, "way": took - inside, "producer": whole - took}

    def durations(self, warm_up: int | None = None) -> list[float]:
        calls = self.calls[self.warm_up if warm_up is None else warm_up :]
        return sorted(1000 * (ended - started) for started, ended in calls)


def _stats(calls: int, usec: int) -> dict[str, dict[str, Any]]:
    def row(calls: int, usec: int) -> dict[str, Any]:
        each = round(usec / calls, 2)
        return {"calls": calls, "usec": usec, "usec_per_call": each, "rejected_calls": 0, "failed_calls": 0}

    return {"cmdstat_ping": row(812, 420), "cmdstat_xadd": row(calls, usec), "cmdstat_info": row(31, 2790)}


def _largest(parts: dict[str, float]) -> str:
    return max(parts, key=lambda name: parts[name])


def _p99(durations: list[float]) -> float:
    return durations[ceil(len(durations) * 99 / 100) - 1]


def _spread(count: int, usual: float, slow: int = 0, of: float = 0.0) -> list[float]:
    """So many durations about `usual`, and `slow` of them of `of` seconds, all different."""
    each = [usual * (0.9 + 0.2 * (n * 37 % count) / count) for n in range(count)]
    for n in range(slow):
        each[n * 7 + 3] = of * (1 + n / 100)
    return each


def _bottleneck(lab: Lab) -> None:
    # One trap in each: where there is none, past and benchmark say what these calls say, and nothing was warmed up.
    for measured in (
        _Measured(_spread(150, 160e-6, slow=3, of=2e-3), 400e-6, 4, (800, 3_200), 250_000),
        _Measured(_spread(200, 1100e-6), 15e-6, 900, (300, 270_000), 1_111),
        _Measured(_spread(150, 160e-6), 400e-6, 4, (800, 3_200), 250_000, warm_up=(1.0, 0.5)),
        _Measured(_spread(200, 1100e-6), 15e-6, 900, (90_000, 250_000), 1_111),
        _Measured(_spread(200, 150e-6), 20e-6, 4, (5000, 20_000), 4_000),
        _Measured(_spread(300, 100e-6, slow=6, of=0.05), 10e-6, 70, (4_000, 280_000), 14_286),
        _Measured(_spread(100, 120e-6, slow=1, of=0.09), 2e-3, 4, (300, 1_200), 250_000, warm_up=(0.2,)),
        _Measured(_spread(150, 150e-6, slow=2, of=0.03), 10e-6, 90, (9_000, 36_000), 600_000, warm_up=(0.4, 0.1)),
    ):
        _one_bottleneck(lab, measured)


def _one_bottleneck(lab: Lab, at: _Measured) -> None:
    call = ([*at.calls], at.warm_up, _copy(at.before), _copy(at.after), at.benchmark)
    given = lab.call(*call)
    name = lab.did.partition("(")[0]
    lab.did = f"{name}(calls, {at.warm_up}, before, after, {at.benchmark:,}) with {len(at.calls)} calls"
    if not (isinstance(given, (tuple, list)) and len(given) == 2 and isinstance(given[0], str) and _number(given[1])):
        raise lab.wrong(f"returned {show(given)}; it should return a name and milliseconds, such as ('way', 0.25).")
    where, p99 = given
    if where not in PARTS:
        raise lab.wrong(f"returned {where!r}; the names are 'redis', 'way' and 'producer'.")
    if where != _largest(at.parts()):
        raise lab.wrong(f"returned {where!r}. {_why_not(at, where)}")
    if not isclose(p99, _p99(at.durations()), rel_tol=1e-6):
        raise lab.wrong(f"said {where!r}, which is right, and {float(p99):.4g} ms. {_why_not_ms(at, float(p99))}")


def _copy(stats: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {name: dict(row) for name, row in stats.items()}


def _why_not(at: _Measured, where: str) -> str:
    """What was probably counted wrong."""
    count = len(at.calls) - at.warm_up
    if at.warm_up and where == _largest(at.parts(warm_up=0)):
        first = 1000 * (at.calls[0][1] - at.calls[0][0])
        return f"That is so with the first {at.warm_up} calls ({first:.0f} ms the first), which are not to count."
    average = at.after["cmdstat_xadd"]["usec_per_call"]
    if where == _largest(at.parts(redis_seconds=count * average / 1e6)):
        return (
            f"usec_per_call of `after` says {average} µs: an average over all that the server ever did. These "
            f"{count} calls are the difference of two looks."
        )
    if where == _largest(at.parts(redis_seconds=count / at.benchmark)):
        return (
            f"With {at.benchmark:,} orders a second from redis-benchmark that would be so. It is another client, "
            "with other work: what did Redis say of these calls?"
        )
    middle = statistics.median(at.durations()) / 1000
    parts = at.parts()
    typical = {"redis": at.redis_us / 1e6, "way": middle - at.redis_us / 1e6, "producer": parts["producer"] / count}
    if where == _largest(typical):
        return "A typical call is like that; but a few slow ones hold most of the time. Shares of a time are sums."
    told = ", ".join(f"{name} {1000 * seconds:.1f} ms" for name, seconds in parts.items())
    return f"The calls that count and what is between them split like this: {told}."


def _why_not_ms(at: _Measured, p99: float) -> str:
    durations, right = at.durations(), _p99(at.durations())
    told = (
        (durations[-1], "That is the slowest call of all; 99 % were done sooner."),
        (statistics.fmean(durations), "That is the mean, and it hides the slow ones."),
        (statistics.median(durations), "Half of the calls were done by then; the promise is about 99 %."),
        (right / 1000, "Those are seconds."),
        (right * 1000, "Those are microseconds."),
        (_p99(at.durations(warm_up=0)), f"That is so with the first {at.warm_up} calls, which are not to count."),
        (float(np.quantile(durations, 0.99)), "No call took that long: it is a value between two of them."),
        (statistics.quantiles(durations, n=100)[98], "No call took that long: it is a value between two of them."),
        (durations[len(durations) // 100], "That is the quick end of the list."),
    )
    for value, sentence in told:
        if isclose(p99, value, rel_tol=1e-6):
            return sentence
    done = sum(duration <= p99 * (1 + 1e-9) for duration in durations)
    return f"{done} of {len(durations)} calls took that long or less; 99 % are {ceil(len(durations) * 99 / 100)}."


# --- 16.3 ------------------------------------------------------------------------------------------------------------


class _Killed(BaseException):
    """Ends an answer as a SIGKILL ends its process: what it catches is at most an Exception."""


class _Packing:
    """A stream whose group has new orders, and a `handle` that notes what it was given."""

    def __init__(
        self, lab: Lab, orders: int, failing: tuple[int, ...] = (), dies: tuple[int, bool] = (0, False)
    ) -> None:
        self.lab, self.failing = lab, failing
        self.dies_at, self.after_the_work = dies  # in which call of handle, and whether its work is done by then
        self.plain = lab.redis()
        self.r, self.trips = tap(self.plain)
        self.asked: list[Any] = []
        self.handled: list[str] = []
        self.killed = False
        pipe = self.plain.pipeline(transaction=False)
        for n in range(orders + 2):
            pipe.xadd(KEY, {"order_id": str(999 + n)}, id=f"{n + 8}-0")
        pipe.execute()
        self.plain.xgroup_create(KEY, GROUP, id="0")
        self.plain.xreadgroup(GROUP, "bob", {KEY: ">"}, count=2)  # 999 and 1000 are his
        self.new = [str(1001 + n) for n in range(orders)]
        self.r.ping()
        self.trips.clear()
        self._stop_when_killed()

    def _stop_when_killed(self) -> None:
        execute, pipeline = self.r.execute_command, self.r.pipeline

        def alive(call: Callable[..., Any]) -> Callable[..., Any]:
            def guarded(*args: Any, **options: Any) -> Any:
                if self.killed:
                    raise _Killed
                return call(*args, **options)

            return guarded

        def guarded_pipeline(*args: Any, **options: Any) -> Any:
            pipe = pipeline(*args, **options)
            pipe.execute = alive(pipe.execute)
            return pipe

        self.r.execute_command, self.r.pipeline = alive(execute), guarded_pipeline

    def handle(self, order: Any) -> None:
        self.asked.append(order)
        if not isinstance(order, dict) or "order_id" not in order:
            return
        dying = len(self.asked) == self.dies_at
        if dying and not self.after_the_work:
            self.killed = True
            raise _Killed
        if order["order_id"] in map(str, self.failing):
            raise ValueError(f"order {order['order_id']} cannot be packed")
        self.handled.append(order["order_id"])
        if dying:
            self.killed = True
            raise _Killed

    def call(self, most: int) -> Any:
        lab = self.lab
        returned = None
        try:
            returned = lab.call(self.r, KEY, GROUP, "me", self.handle, most)
        except _Killed:
            pass
        except Raised as raised:
            if "wrong number of arguments" in str(raised.error):
                raise lab.wrong(
                    "sent an XACK without an id, which is an error: a batch in which every order failed has nothing "
                    "to acknowledge."
                ) from raised
            if isinstance(raised.error, ValueError) and "cannot be packed" in str(raised.error):
                raise lab.wrong(
                    f"gave up at an order that cannot be handled ({raised.error}). It stays pending, and the others "
                    "go on."
                ) from raised
            raise
        lab.did = f"{lab.did.partition('(')[0]}(r, {KEY!r}, {GROUP!r}, 'me', handle, {most})"
        if inspect.isgenerator(returned):
            raise lab.wrong("returned a generator: nothing of it runs until somebody asks for its values.")
        strange = [order for order in self.asked if not isinstance(order, dict) or "order_id" not in order]
        if strange:
            raise lab.wrong(f"called handle({show(strange[0])}); it takes an order's fields, a dictionary.")
        return returned

    def pending(self) -> list[str]:
        """The order ids that are pending for `me`."""
        rows = self.plain.xpending_range(KEY, GROUP, "-", "+", 1000)
        ids = [row["message_id"] for row in rows if row["consumer"] != "bob"]
        return [self.plain.xrange(KEY, entry_id, entry_id)[0][1]["order_id"] for entry_id in ids]

    def unread(self) -> list[str]:
        [group] = self.plain.xinfo_groups(KEY)
        return [fields["order_id"] for _, fields in self.plain.xrange(KEY, f"({group['last-delivered-id']}", "+")]


def _work_off(lab: Lab) -> None:
    _one_shift(lab, orders=25, most=10)
    for at, after_the_work in ((1, False), (10, True), (13, False), (13, True), (25, True)):
        _killed_at(lab, at, after_the_work)
    _one_shift(lab, orders=20, most=10, failing=(1004, 1015))
    _killed_at(lab, 20, True, failing=(1003, 1013))
    _one_shift(lab, orders=9, most=3, failing=(1004, 1005, 1006))
    _one_shift(lab, orders=3, most=1)
    _one_shift(lab, orders=0, most=10)


def _one_shift(lab: Lab, orders: int, most: int, failing: tuple[int, ...] = ()) -> None:
    shop = _Packing(lab, orders, failing)
    returned = shop.call(most)
    wanted = [order for order in shop.new if int(order) not in failing]
    case = f"with {orders} new orders" + (f", of which {', '.join(map(str, failing))} fail," if failing else "")
    if {"999", "1000"} & set(shop.handled):
        raise lab.wrong(f"{case} handled 999, which was delivered to bob before: it is not new.")
    if shop.handled != wanted:
        missing = [order for order in wanted if order not in shop.handled]
        if missing:
            raise lab.wrong(f"{case} handled {len(shop.handled)}; {missing[0]} is among those that it did not.")
        raise lab.wrong(f"{case} handled {show(shop.handled)}; each once, in their order, are {show(wanted)}.")
    pending, kept = shop.pending(), [str(order) for order in failing]
    left = [order for order in pending if order not in kept]
    if left:
        tail = " Those of the last batch? It may be shorter than the others." if left[-1] == wanted[-1] else ""
        raise lab.wrong(f"{case} left {len(left)} pending that it had handled, {left[0]} first.{tail}")
    if pending != kept:
        raise lab.wrong(
            f"{case} acknowledged {next(order for order in kept if order not in pending)}, which failed: nobody will "
            "ever look at it again."
        )
    trips, allowed = len(shop.trips), 2 * ceil(orders / most) + 2
    if trips > allowed:
        acks = sum(names.count("XACK") for names in _words(shop.trips))
        told = f", {acks} of them XACKs: one takes many ids" if acks > ceil(orders / most) else ""
        raise lab.wrong(f"{case} made {trips} round trips, and {allowed} are enough{told}.")
    if not _number(returned) or returned != len(wanted):
        raise lab.wrong(f"{case} returned {show(returned)}; it handled {len(wanted)}.")


def _killed_at(lab: Lab, at: int, after_the_work: bool, failing: tuple[int, ...] = ()) -> None:
    shop, most = _Packing(lab, 25, failing, dies=(at, after_the_work)), 10
    shop.call(most)
    when = f"killed {'directly after' if after_the_work else 'in the middle of'} the work on {shop.new[at - 1]}"
    safe = {*shop.handled, *shop.pending(), *shop.unread()}
    lost = [order for order in shop.new if order not in safe]
    if lost:
        raise lab.wrong(
            f"{when} lost {lost[0]}: acknowledged (or read with NOACK) before it was handled, so nobody will get it "
            "again."
        )
    again = [order for order in shop.handled if order in shop.pending() or order in shop.unread()]
    if len(again) > most:
        raise lab.wrong(
            f"{when} had {len(again)} orders handled and not acknowledged; all of them will be done twice, and at most "
            f"{most} may. How many does a read bring?"
        )


# --- 16.4 ------------------------------------------------------------------------------------------------------------


def _pack(lab: Lab) -> None:
    for words in (
        ["PING"],
        ["XADD", "orders", "*", "order_id", 1003],
        ["XADD", "orders", "*", "product", "thé vert", "note", ""],
        ["XADD", "orders", "*", "note", "two lines\r\nof text", "price", "12 €"],
        ["XACK", "orders", "packing", *[f"{n}-0" for n in range(12)]],
    ):
        _one_command(lab, words)


def _one_command(lab: Lab, words: list) -> None:
    given, right = lab.call(list(words)), hiredis.pack_command(tuple(words))
    if isinstance(given, (bytearray, memoryview)):
        given = bytes(given)
    if isinstance(given, str):
        raise lab.wrong("returned text; on a wire there are bytes: text has an encode() for that.")
    if not isinstance(given, bytes):
        raise lab.wrong(f"returned {show(given)}; it should return bytes.")
    if given == right:
        return
    texts = [str(word) for word in words]
    head = f"*{len(words)}\r\n".encode()
    by_letters = head + b"".join(f"${len(text)}\r\n{text}\r\n".encode() for text in texts)
    if given == by_letters:
        text = next(text for text in texts if len(text) != len(text.encode()))
        raise lab.wrong(
            f"says that {text!r} has {len(text)} bytes. It has so many letters, and {len(text.encode())} bytes: the "
            "server would take the rest for something else."
        )
    if not given.startswith(head):
        raise lab.wrong(f"begins with {show(given[:12])}; {len(words)} words follow, and {head!r} says so.")
    if given.replace(b"\r\n", b"\n") == right.replace(b"\r\n", b"\n"):
        raise lab.wrong("ends its lines by \\n; the protocol has \\r\\n.")
    raise lab.wrong(f"returned {show(given)}, which {_read_as(given)}.")


def _read_as(data: bytes) -> str:
    reader = hiredis.Reader()
    try:
        reader.feed(data)
        command = reader.gets()
    except hiredis.HiredisError:
        return "no server can read: a number or a line's end is wrong"
    if command is False:
        return "is not a whole command: the server would wait for the rest"
    return f"a server reads as {show(command)}"


# --- 16.5 ------------------------------------------------------------------------------------------------------------


def _pipeline_size(lab: Lab) -> None:
    for trip, each, rate in (
        (100, 10, 50_000),  # 10, and exactly so
        (60, 8, 100_000),
        (1000, 9, 90_000),
        (25_000, 10, 40_000),
        (60, 8, 125_000),  # the orders alone fill the second
        (200, 12, 90_000),  # more than fill it
        (100, 10, 5_000),  # one is enough
        (333, 7, 101_010),
    ):
        _one_size(lab, trip, each, rate)


def _one_size(lab: Lab, trip: int, each: int, rate: int) -> None:
    given = lab.call(trip, each, rate)
    right = next((n for n in range(1, 100_000) if n * 1_000_000 >= rate * (trip + n * each)), None)
    if given is None and right is None:
        return
    if right is None:
        raise lab.wrong(
            f"returned {show(given)}. The orders' own work takes {rate} × {each} µs of every second, which leaves "
            "nothing for trips: no pipeline is long enough."
        )
    if given is None:
        raise lab.wrong("returned None, and there is a size that does it.")
    if not _number(given) or given != int(given):
        raise lab.wrong(f"returned {show(given)}; it should return a whole number of orders.")
    given = int(given)
    if given == right:
        return
    if given < 1:
        raise lab.wrong(f"returned {given}; a pipeline has at least one order.")
    took = trip + given * each
    reached = given * 1_000_000 / took
    if given < right:
        forgot = " The trip is not all that takes time." if given == max(1, ceil(rate * trip / 1_000_000)) else ""
        raise lab.wrong(
            f"returned {given}: such a pipeline takes {took} µs, which makes {reached:,.0f} a second.{forgot}"
        )
    raise lab.wrong(
        f"returned {given}, and {given - 1} would do: the smallest that is enough keeps its sender waiting least."
    )


CHECKS = {"16.1": _import, "16.2": _bottleneck, "16.3": _work_off, "16.4": _pack, "16.5": _pipeline_size}
