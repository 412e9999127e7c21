"""Checks of 16 Throughput: trips, bytes and orders are counted, and no clock is looked at."""

from __future__ import annotations

import inspect
import statistics
import threading
import weakref
from collections.abc import Callable, Iterator
from fractions import Fraction
from math import ceil, isclose
from typing import Any

import hiredis
import numpy as np
import redis

from helpers.exercises import Lab, Raised, Wrong, show
from helpers.loadtest import Trip, tap

KEY, GROUP = "orders", "packing"


def _number(value: Any) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


# --- 16.1 ------------------------------------------------------------------------------------------------------------

MOST = 200


class _Order(dict):
    """An order of which one can tell whether somebody still has it."""


class _Night:
    """Orders that are made while somebody asks for them, and how many were held at the most."""

    def __init__(self, count: int, trips: list[Trip]) -> None:
        self.count, self.trips, self.unsent, self.held = count, trips, 0, 0
        self._there: list[weakref.ref] = []
        self._looked_at = self._sent = 0

    def orders(self) -> Iterator[dict[str, str]]:
        for n in range(self.count):
            new = self.trips[self._looked_at :]
            self._looked_at += len(new)
            self._sent += sum(names.count("XADD") for names in _names(new))
            self.unsent = max(self.unsent, n + 1 - self._sent)
            order = _Order(self.order(n))
            self._there = [ref for ref in self._there if ref() is not None]
            self._there.append(weakref.ref(order))
            self.held = max(self.held, len(self._there))
            yield order
            if order != self.order(n):
                raise Wrong("changed an order that it was given; somebody else may still need it.")

    def order(self, n: int) -> dict[str, str]:
        """Not in the order of their ids, some with a field more, and the first two are the same."""
        n = max(n, 1)
        gift = {"note": " for Ann ", "code": ""} if n % 5 == 1 else {}
        return {"order_id": str(1001 + n * 7 % 1009), "price": str(n % 90), **gift}


def _names(trips: list[Trip]) -> list[list[str]]:
    """The name of each command, trip by trip."""
    return [[words[0].decode().upper() for words in trip.commands] for trip in trips]


def _import(lab: Lab) -> None:
    for key, count in (("orders", 634), ("orders", 200), ("archive", 3), ("orders", 0)):
        _one_night(lab, key, count)
    _refused(lab)


def _one_night(lab: Lab, key: str, count: int) -> None:
    plain = lab.redis()
    plain.xadd(key, {"order_id": "1000"}, id="1-0")
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
        returned = lab.call(r, key, night.orders())
    except Raised as raised:
        if "has no len" in str(raised.error):
            raise lab.wrong(
                "asked for the length of an iterator: how many orders will come is known when they have come."
            ) from raised
        if isinstance(raised.error, Wrong):
            raise lab.wrong(str(raised.error)) from raised
        if "EVAL" in str(raised.error):
            raise lab.wrong("sent a script: Redis serves nobody else until it has added all 200.") from raised
        raise
    lab.did = f"{lab.did.partition('(')[0]}(r, {key!r}, orders) with {count:,} orders"
    _look_at_trips(lab, night, trips, len(threads))
    _look_at_commands(lab, key, trips)
    _look_at_import(lab, night, plain, key)
    if returned != count or isinstance(returned, bool):
        # Ids by * differ from run to run, so a list of them is told by its kind.
        what = show(returned) if returned is None or _number(returned) else f"a {type(returned).__name__}"
        raise lab.wrong(f"added them and returned {what}; it should return how many, {count}.")


def _look_at_trips(lab: Lab, night: _Night, trips: list[Trip], threads: int) -> None:
    names, fewest = _names(trips), ceil(night.count / MOST)
    if night.count and not any("XADD" in each for each in names):
        raise lab.wrong("never sent an XADD.")
    if any("MULTI" in each for each in names):
        raise lab.wrong(
            "wrapped the orders in MULTI: until EXEC has added them all, however large they are, Redis serves nobody "
            "else. The speed comes from the shared trip, and pipeline() has a parameter for that alone."
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
    others = sorted({name for each in names if "XADD" not in each for name in each})
    if others:
        raise lab.wrong(f"made a round trip for {', '.join(others)} alone. The import needs none: what was it for?")
    if len(names) > fewest:
        raise lab.wrong(f"made {len(names):,} round trips, and {fewest} would do: how many orders can share one?")
    if night.unsent > MOST + 1:  # One may have been asked for to see whether there is another.
        raise lab.wrong(
            f"held {night.unsent:,} orders that were not sent yet. They come one by one, perhaps millions of them: "
            f"take {MOST}, send them, take the next."
        )
    if night.held > 2 * MOST + 2:  # A batch may be let go only when the next one is there.
        raise lab.wrong(
            f"held {night.held:,} orders at the end, most of which were sent long before: of millions of them that is "
            "no number, but all of the memory."
        )


def _look_at_commands(lab: Lab, key: str, trips: list[Trip]) -> None:
    for words in [words for trip in trips for words in trip.commands]:
        name, *args = [word.decode() for word in words]
        if name.upper() != "XADD":
            raise lab.wrong(f"also sent {name.upper()} {show(args[0]) if args else ''}: nobody asked for that.")
        if args[0] != key:
            raise lab.wrong(f"added to the stream {args[0]!r}; its parameter key says {key!r}.")
        if args[1] != "*":
            raise lab.wrong(
                f"sent XADD {key} {args[1] if args[1].isalpha() else '<an id>'} ...: after the key comes *, and "
                "nothing else. An option can keep orders out of the stream, and an id of one's own is a clock to look "
                "after."
            )


def _look_at_import(lab: Lab, night: _Night, r: redis.Redis, key: str) -> None:
    there = [fields for _, fields in r.xrange(key)][1:]
    wanted = [night.order(n) for n in range(night.count)]
    if there == wanted:
        return
    if there and len(there) < len(wanted) and there == wanted[: len(there)]:
        raise lab.wrong(
            f"added {len(there):,} of {len(wanted):,} orders: the last {len(wanted) - len(there)} are missing. What "
            "becomes of a batch that does not get full?"
        )
    if len(there) == len(wanted) and sorted(map(str, there)) == sorted(map(str, wanted)):
        raise lab.wrong("added all orders, but not in the order in which they came.")
    if len(there) != len(wanted):
        twice = " Two of them are the same, and are two orders." if len(there) == len(wanted) - 1 else ""
        raise lab.wrong(f"left {len(there):,} new entries in the stream, and {len(wanted):,} orders came.{twice}")
    first = next(n for n, (a, b) in enumerate(zip(there, wanted, strict=True)) if a != b)
    raise lab.wrong(
        f"added {show(there[first])} for the order {show(wanted[first])}: its fields are to be the entry's fields."
    )


def _refused(lab: Lab) -> None:
    """The key is no stream: what Redis refuses must not be counted as added."""
    plain = lab.redis()
    plain.set("orders", "a string")
    r, trips = tap(plain)
    r.ping()
    trips.clear()
    try:
        returned = lab.call(r, "orders", _Night(3, trips).orders())
    except Raised as raised:
        if isinstance(raised.error, redis.RedisError):
            return
        raise
    raise lab.wrong(
        f"returned {show(returned)} for a key that is no stream: Redis refused every XADD, and whoever called was not "
        "told. Let the error through."
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
        pause: float = 0.0,  # seconds between the warm-up and the first call that counts
    ) -> None:
        now, self.calls = 1000.0, []
        for n, duration in enumerate((*warm_up, *durations)):
            now += pause if n == len(warm_up) else 0
            self.calls.append((now, now + duration))
            now += duration + gap
        self.warm_up, self.benchmark, self.redis_us, self.pause = len(warm_up), benchmark, redis_us, pause
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
        _Measured(_spread(200, 150e-6), 20e-6, 4, (500, 2_000), 4_000),
        _Measured(_spread(150, 160e-6), 20e-6, 4, (8_000, 32_000), 250_000),
        _Measured(_spread(300, 100e-6, slow=6, of=0.05), 10e-6, 70, (4_000, 280_000), 14_286),
        _Measured(_spread(100, 120e-6, slow=1, of=0.09), 2e-3, 4, (300, 1_200), 250_000, warm_up=(0.2,)),
        _Measured(_spread(150, 150e-6, slow=2, of=0.03), 10e-6, 90, (9_000, 36_000), 600_000, warm_up=(0.4, 0.1)),
        _Measured(_spread(150, 160e-6), 20e-6, 4, (800, 3_200), 250_000, warm_up=(160e-6,), pause=5.0),
        _Measured(_spread(100, 150e-6), 100e-6, 87, (800, 69_600), 11_494),
        _Measured(_spread(50, 1000e-6), 10e-6, 400, (800, 3_200), 250_000, warm_up=(1000e-6,) * 100),
        _Measured([1e-3, 1.5e-3], 3e-3, 100, (800, 80_000), 10_000),
    ):
        _one_bottleneck(lab, measured)


def _one_bottleneck(lab: Lab, at: _Measured) -> None:
    call = ([*at.calls], at.warm_up, _copy(at.before), _copy(at.after), at.benchmark)
    given = lab.call(*call)
    name = lab.did.partition("(")[0]
    if call != (at.calls, at.warm_up, at.before, at.after, at.benchmark):
        lab.did = f"{name}(calls, {at.warm_up}, before, after, {at.benchmark:,})"
        raise lab.wrong("changed what it was given; whoever called may still need it.")
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
    if at.pause and where == "producer":
        return f"The {at.pause:.0f} s before the first call that counts are not between calls that count."
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
    parts_in_two = {"redis": parts["redis"] + parts["way"], "producer": parts["producer"]}
    if where != "producer" and _largest(parts_in_two) == "redis" and _largest(parts) == "producer":
        told = ", ".join(f"{name} {1000 * seconds:.1f} ms" for name, seconds in parts.items())
        return f"Redis and the way are two parts, and each is held against the producer alone: {told}."
    typical = {"redis": at.redis_us / 1e6, "way": middle - at.redis_us / 1e6, "producer": parts["producer"] / count}
    if where == _largest(typical):
        return "A typical call is like that; but a few slow ones hold most of the time. Shares of a time are sums."
    if where == _largest(at.parts(redis_seconds=at.after["cmdstat_xadd"]["usec"] / 1e6)):
        return "usec of `after` alone would say so: that is all the time in XADD since the server started."
    spent = count * at.redis_us
    if not at.warm_up and where == _largest(at.parts(redis_seconds=spent / 1e3)):
        return "With usec taken for milliseconds it would be so: they are microseconds, millionths of a second."
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
        (_p99(at.durations(at.warm_up + 1)), f"That is so without the call number {at.warm_up + 1}, which counts."),
    )
    for value, sentence in told:
        if isclose(p99, value, rel_tol=1e-6):
            return sentence
    done = sum(duration <= p99 * (1 + 1e-9) for duration in durations)
    return f"{done} of {len(durations)} calls took that long or less; 99 % are {ceil(len(durations) * 99 / 100)}."


# --- 16.3 ------------------------------------------------------------------------------------------------------------


class _Killed(BaseException):
    """Ends an answer as a SIGKILL ends its process: what it catches is at most an Exception."""


class _Unpackable(Exception):
    """What an order raises that cannot be handled: no kind of error that somebody would think of beforehand."""


class _Packing:
    """A stream whose group has new orders, and a `handle` that notes what it was given."""

    def __init__(
        self,
        lab: Lab,
        orders: int,
        failing: tuple[int, ...] = (),
        dies: tuple[int, bool] = (0, False),
        names: tuple[str, str] = (KEY, GROUP),
        late: int = 0,  # orders that arrive while the first one is handled
    ) -> None:
        self.lab, self.failing, self.late = lab, failing, late
        self.key, self.group = names
        self.threads: set[int] = set()
        self.dies_at, self.after_the_work = dies  # in which call of handle, and whether its work is done by then
        self.plain = lab.redis()
        self.r, self.trips = tap(self.plain)
        self.asked: list[Any] = []
        self.handled: list[str] = []
        self.killed = False
        pipe = self.plain.pipeline(transaction=False)
        for n in range(orders + 2):
            pipe.xadd(self.key, self.fields(999 + n), id=f"{n + 8}-0")
        pipe.execute()
        for group, consumers in ((self.group, ("bob", "me")), ("audit", ("eve",))):
            self.plain.xgroup_create(self.key, group, id="0")
            for consumer in consumers:  # 999 and 1000 were delivered before, and to another group all of them
                self.plain.xreadgroup(group, consumer, {self.key: ">"}, count=1000 if consumer == "eve" else 1)
        self.new = [str(1001 + n) for n in range(orders + late)]
        self.before = self._untouched()
        self.r.ping()
        self.trips.clear()
        self._stop_when_killed()

    @staticmethod
    def fields(order_id: int) -> dict[str, str]:
        return {"order_id": str(order_id), **({"gift": "yes"} if order_id % 4 == 2 else {})}

    def _untouched(self) -> tuple:
        """What belongs to others: the entries, another group, and what was delivered before."""
        rows = self.plain.xpending_range(self.key, "audit", "-", "+", 1000)
        mine = self.plain.xpending_range(self.key, self.group, "-", "9-0", 1000)
        return (
            [entry_id for entry_id, _ in self.plain.xrange(self.key)][: len(self.new) - self.late + 2],
            [row["message_id"] for row in rows],
            [(row["message_id"], row["consumer"]) for row in mine],
        )

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
        self.asked.append(dict(order) if isinstance(order, dict) else order)
        self.threads.add(threading.get_ident())
        for n in range(self.late if len(self.asked) == 1 else 0):
            self.plain.xadd(self.key, self.fields(int(self.new[n - self.late])), id=f"{1000 + n}-0")
        if not isinstance(order, dict) or "order_id" not in order:
            return
        dying = len(self.asked) == self.dies_at
        if dying and not self.after_the_work:
            self.killed = True
            raise _Killed
        if order["order_id"] in map(str, self.failing):
            raise _Unpackable(f"order {order['order_id']} cannot be packed")
        self.handled.append(order["order_id"])
        if dying:
            self.killed = True
            raise _Killed

    def call(self, most: int) -> Any:
        lab = self.lab
        returned = None
        try:
            returned = lab.call(self.r, self.key, self.group, "me", self.handle, most)
        except _Killed:
            pass
        except Raised as raised:
            if "wrong number of arguments" in str(raised.error):
                raise lab.wrong(
                    "sent an XACK without an id, which is an error: a batch in which every order failed has nothing "
                    "to acknowledge."
                ) from raised
            if isinstance(raised.error, _Unpackable) and "cannot be packed" in str(raised.error):
                raise lab.wrong(
                    f"gave up at an order that cannot be handled ({raised.error}). It stays pending, and the others "
                    "go on."
                ) from raised
            raise
        lab.did = f"{lab.did.partition('(')[0]}(r, {self.key!r}, {self.group!r}, 'me', handle, {most})"
        if inspect.isgenerator(returned):
            raise lab.wrong("returned a generator: nothing of it runs until somebody asks for its values.")
        strange = [order for order in self.asked if not isinstance(order, dict) or "order_id" not in order]
        if strange:
            raise lab.wrong(f"called handle({show(strange[0])}); it takes an order's fields, a dictionary.")
        others = [order for order in self.asked if order != self.fields(int(order["order_id"]))]
        if others:
            right = self.fields(int(others[0]["order_id"]))
            raise lab.wrong(f"called handle({show(others[0])}); the fields of that order are {show(right)}.")
        if len(self.threads) > 1:
            raise lab.wrong("handled orders in several threads: then they are not worked on in their order.")
        self._look_at_what_is_not_its_own()
        return returned

    def _look_at_what_is_not_its_own(self) -> None:
        lab, (entries, audit, before) = self.lab, self._untouched()
        names = {name for each in _names(self.trips) for name in each}
        if entries != self.before[0] or names & {"XTRIM", "XDEL", "DEL"}:
            raise lab.wrong("took entries out of the stream: other groups, and whoever looks at a failure, need them.")
        if audit != self.before[1]:
            raise lab.wrong("acknowledged for the group 'audit' too, which has not worked on these orders.")
        if before != self.before[2]:
            raise lab.wrong(
                "touched what was pending before (999 for bob, 1000 for me); only what is new is asked for."
            )
        names = {row["name"] for row in self.plain.xinfo_consumers(self.key, self.group)} - {"bob", "me"}
        if names:
            raise lab.wrong(f"made a consumer {sorted(names)[0]!r}; it is to read as the consumer `me`, 'me' here.")

    def pending(self) -> list[str]:
        """The order ids of this shift that are pending for `me`."""
        rows = self.plain.xpending_range(self.key, self.group, "(9-0", "+", 1000)
        ids = [row["message_id"] for row in rows if row["consumer"] == "me"]
        return [self.plain.xrange(self.key, entry_id, entry_id)[0][1]["order_id"] for entry_id in ids]

    def unread(self) -> list[str]:
        [group] = [group for group in self.plain.xinfo_groups(self.key) if group["name"] == self.group]
        return [fields["order_id"] for _, fields in self.plain.xrange(self.key, f"({group['last-delivered-id']}", "+")]


def _work_off(lab: Lab) -> None:
    _one_shift(lab, orders=25, most=10)
    _one_shift(lab, orders=7, most=3, names=("returns", "mail"))
    for at, after_the_work in ((1, False), (10, True), (11, True), (13, False), (13, True), (25, True)):
        _killed_at(lab, at, after_the_work)
    _killed_at(lab, 4, True, most=3)
    _one_shift(lab, orders=20, most=10, failing=(1004, 1015))
    _killed_at(lab, 20, True, failing=(1003, 1013))
    _one_shift(lab, orders=9, most=3, failing=(1004, 1005, 1006))
    _one_shift(lab, orders=3, most=1)
    _one_shift(lab, orders=0, most=10)
    _one_shift(lab, orders=5, most=5, late=2)


def _one_shift(
    lab: Lab,
    orders: int,
    most: int,
    failing: tuple[int, ...] = (),
    names: tuple[str, str] = (KEY, GROUP),
    late: int = 0,
) -> None:
    shop = _Packing(lab, orders, failing, names=names, late=late)
    returned = shop.call(most)
    wanted = [order for order in shop.new if int(order) not in failing]
    case = f"with {orders} new orders" + (f", of which {', '.join(map(str, failing))} fail," if failing else "")
    case += f", and {late} that came meanwhile," if late else ""
    asked = [order["order_id"] for order in shop.asked]
    early = sorted({"999", "1000"} & set(asked))
    if early:
        whose = {"999": "bob", "1000": "me"}[early[0]]
        raise lab.wrong(f"{case} handled {early[0]}, which was delivered to {whose} before: it is not new.")
    if shop.handled != wanted:
        missing = [order for order in wanted if order not in shop.handled]
        if missing:
            raise lab.wrong(f"{case} handled {len(shop.handled)}; {missing[0]} is among those that it did not.")
        raise lab.wrong(f"{case} handled {show(shop.handled)}; each once, in their order, are {show(wanted)}.")
    again = [order for order in failing if asked.count(str(order)) > 1]
    if again:
        raise lab.wrong(f"{case} handled {again[0]} {asked.count(str(again[0]))} times; it is to be left as it is.")
    _look_at_pending(lab, shop, case, wanted)
    trips, allowed = len(shop.trips), 2 * ceil((orders + late) / most) + 2
    if trips > allowed:
        raise lab.wrong(f"{case} made {trips} round trips, and {allowed} are enough.{_why_trips(shop, orders, most)}")
    if not _number(returned) or returned != len(wanted):
        raise lab.wrong(f"{case} returned {show(returned)}; it handled {len(wanted)}.")


def _look_at_pending(lab: Lab, shop: _Packing, case: str, wanted: list[str]) -> None:
    pending, kept = shop.pending(), [str(order) for order in shop.failing]
    left = [order for order in pending if order not in kept]
    if left == wanted and wanted:
        told = "An order is done when `handle` raises nothing, whatever it returns."
        raise lab.wrong(f"{case} handled them all and acknowledged none. {told}")
    if left:
        tail = " Those of the last batch? It may be shorter than the others." if left[-1] == wanted[-1] else ""
        raise lab.wrong(f"{case} left {len(left)} pending that it had handled, {left[0]} first.{tail}")
    if pending == kept:
        return
    gone = next(order for order in kept if order not in pending)
    names = [name for each in _names(shop.trips) for name in each]
    if "XGROUP" in names:
        raise lab.wrong(f"{case} left {gone} in no list: XGROUP DELCONSUMER drops what its consumer had pending.")
    raise lab.wrong(f"{case} acknowledged {gone}, which failed: nobody will ever look at it again.")


def _why_trips(shop: _Packing, orders: int, most: int) -> str:
    names = [name for each in _names(shop.trips) for name in each]
    acks, reads = names.count("XACK"), names.count("XREADGROUP")
    if acks > max(reads, ceil(orders / most)):
        return f" {acks} of them are XACKs: one takes many ids."
    if reads > ceil(orders / most) + 1:
        return (
            f" {reads} of them are reads: how many orders does each bring, and when is there nothing more to ask for?"
        )
    return ""


def _killed_at(lab: Lab, at: int, after_the_work: bool, failing: tuple[int, ...] = (), most: int = 10) -> None:
    shop = _Packing(lab, 25, failing, dies=(at, after_the_work))
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
        ["xadd", "orders", "*", "count", 0, "change", -5, "code", "007", "note", " x ", "name", "Zoe\u0308"],
    ):
        _one_command(lab, words)


def _one_command(lab: Lab, words: list) -> None:
    mine = list(words)
    given, right = lab.call(mine), hiredis.pack_command(tuple(words))
    if mine != words:
        raise lab.wrong("changed the list that it was given; whoever called may still need it.")
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
    if b"\r\n:" in given:
        raise lab.wrong(
            "has a part that begins with `:`. Answers have that; in a command every word, also a number, is a $."
        )
    if not given.startswith(head) and given.startswith(b"*"):
        count = given[1:].partition(b"\r\n")[0].decode(errors="replace")
        raise lab.wrong(f"says *{count}; {len(words)} words went in. Is an empty one, or the command's name, a word?")
    if not given.startswith(head):
        raise lab.wrong(f"begins with {show(given[:12])}; {len(words)} words follow, and {head!r} says so.")
    if given.replace(b"\r\n", b"\n") == right.replace(b"\r\n", b"\n"):
        raise lab.wrong("ends its lines by \\n; the protocol has \\r\\n.")
    counted = head + b"".join(b"$%d\r\n%b\r\n" % (len(text.encode()) + 2, text.encode()) for text in texts)
    if given == counted:
        raise lab.wrong(f"says ${len(texts[0]) + 2} for {texts[0]}: the line's end is not counted, it follows.")
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
        (100, 50, 19_000),
        (1000, 9, 20_000),
        (25_000, 10, 90_000),
        (25_000, 10, 99_000),
        (100, 30, 33_333),
    ):
        _one_size(lab, trip, each, rate)


def _one_size(lab: Lab, trip: int, each: int, rate: int) -> None:
    given = lab.call(trip, each, rate)
    left = 1_000_000 - rate * each
    right = ceil(Fraction(rate * trip, left)) if left > 0 else None
    if given is None and right is None:
        return
    if right is None:
        raise lab.wrong(
            f"returned {show(given)}. The orders' own work takes {rate} × {each} µs of every second, which leaves "
            "nothing for trips: no pipeline is long enough."
        )
    if given is None:
        raise lab.wrong(f"returned None, and {right:,} are enough.")
    if not isinstance(given, (int, np.integer)) or isinstance(given, bool):
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
