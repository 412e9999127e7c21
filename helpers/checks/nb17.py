"""Checks of 17 How many consumers."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import redis

from helpers.exercises import Lab, Raised, Wrong, show
from helpers.simulator import Simulation, SimulationError
from helpers.simulator.theory import mean_wait, wait_exceeds
from helpers.simulator.traffic import constant, costs, regular, timestamps


def _holds(rate: float, service: float, promise: float, consumers: int) -> bool:
    """At most 1 % wait longer than `promise` seconds."""
    if rate == 0:
        return True
    return rate * service < consumers and wait_exceeds(promise, rate, service, consumers) <= 0.01


def _smallest(holds: Callable[[int], bool], of: Iterable[int]) -> int | None:
    return next((n for n in of if holds(n)), None)


def _whole(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


# --- 17.1 ------------------------------------------------------------------------------------------------------------


def _consumers_for(lab: Lab) -> None:
    # (orders a second, seconds each, promised seconds)
    for case in [
        (12.0, 0.5, 0.2),
        (10.0, 0.3, 1.0),
        (8.0, 0.5, 1.0),
        (1.0, 0.2, 1.0),
        (40.0, 1.2, 0.5),
        (2.0, 3.0, 15.0),
        (0.01, 1.0, 60.0),
        (7.0, 0.8, 20.0),
        (15.0, 0.19, 5.7),
        (80.0, 1.0, 0.5),
        (200.0, 0.5, 1.0),
    ]:
        _one_promise(lab, *case)


def _one_promise(lab: Lab, rate: float, service: float, promise: float) -> None:
    try:
        given = lab.call(rate, service, promise)
    except Raised as raised:
        if isinstance(raised.error, ZeroDivisionError):
            raise lab.wrong("divided by zero: of one consumer, with that one dead, nobody is left.") from raised
        if "less than 1" in str(raised.error):
            raise lab.wrong(
                "asked for the wait of a queue whose load is 1 or more: it grows for ever, so there is no answer. "
                "From how many consumers on is the load below 1?"
            ) from raised
        raise
    if not _whole(given):
        raise lab.wrong(f"returned {show(given)}; it should return a number of consumers.")
    alive = _smallest(lambda n: _holds(rate, service, promise, n), range(1, 500))
    if given == alive + 1:
        return
    offered = rate * service
    if given - 1 <= offered:
        left = "no consumer" if given <= 1 else f"{given - 1} of {given}"
        raise lab.wrong(
            f"returned {given}: with one dead, {left} would be there for work that keeps {offered:g} busy without a "
            "break. At a load of 100 % the queue grows for ever."
        )
    late = wait_exceeds(promise, rate, service, given - 1)
    if given == alive:
        raise lab.wrong(
            f"returned {given}, which keeps the promise as long as all live. With one dead, {late:.1%} wait longer "
            f"than {promise:g} s."
        )
    if given < alive + 1:
        by_mean = _smallest(lambda n: n > offered and mean_wait(rate, service, n) <= promise, range(1, 500))
        told = "Its mean would do, but the promise is about the slowest percent." if given - 1 == by_mean else ""
        raise lab.wrong(f"returned {given}: with one dead, {late:.1%} wait longer than {promise:g} s. {told}".strip())
    raise lab.wrong(
        f"returned {given}, and one fewer would do: with one dead, "
        f"{wait_exceeds(promise, rate, service, given - 2):.2%} wait longer than {promise:g} s, and 1 % may."
    )


# --- 17.2 ------------------------------------------------------------------------------------------------------------

T = {2: 12.71, 3: 4.30, 5: 2.78, 10: 2.26}  # Student's t for a 95 % interval from so many numbers


def _runs(means: list[float], warm_up: int, start: float, length: int = 40) -> list[list[float]]:
    """A run for each mean: `warm_up` waits of `start`, then others that scatter about the mean."""
    scatter = [0.0, 0.5, -0.5, 0.25, -0.25, 1.0, -1.0, 0.0]
    return [[start] * warm_up + [mean * (1 + scatter[n % 8]) for n in range(length)] for mean in means]


def _interval(values: list[float], t: float, ddof: int = 1) -> tuple[float, float]:
    half = t * float(np.std(values, ddof=ddof)) / math.sqrt(len(values))
    return float(np.mean(values)) - half, float(np.mean(values)) + half


def _told(interval: tuple[float, float]) -> str:
    low, high = interval
    return "faster" if high < 0 else "slower" if low > 0 else "not shown"


def _verdict(lab: Lab) -> None:
    steady = [1.1, 0.9, 1.0, 1.2, 0.8, 1.1, 0.9, 1.0, 1.1, 0.9]
    jams = [0.3, 1.1, 0.5, 2.0, 0.4, 0.9, 0.6, 1.5, 0.2, 0.8]
    changes = [0.02, 0.1, 0.05, 0.12, 0.03, 0.09, 0.04, 0.1, 0.01, 0.08]
    better = [jam - change for jam, change in zip(jams, changes, strict=True)]
    # (mean waits of the old runs, of the new ones, orders of warm-up, waits in the old and the new warm-up)
    cases = [
        ([1.0, 1.1, 0.9, 1.0, 1.05], [0.4, 0.5, 0.45, 0.42, 0.5], 10, 0.7, 0.7),  # faster, whatever one does
        ([0.5, 0.6, 0.4, 0.55, 0.5], [1.4, 1.5, 1.3, 1.45, 1.6], 0, 0.0, 0.0),  # slower, and no warm-up
        (jams, list(reversed(jams)), 10, 0.3, 0.3),  # no change at all of the mean
        ([0.9, 1.2, 0.8], [0.4, 1.4, 0.5], 10, 0.2, 0.2),  # the means differ, and three runs do not show it
        ([0.9, 1.2, 0.8], [1.5, 0.8, 1.4], 10, 0.2, 0.2),  # and the other way
        (steady, [0.9, 0.1, 0.8, 0.2, 0.7, 0.3, 0.9, 0.2, 0.8, 0.4], 10, 0.3, 0.3),  # shown by ten, not by each
        (jams, better, 10, 0.5, 0.5),  # shown by pairs alone
        (jams, [jam - 0.1 for jam in reversed(jams)], 10, 0.5, 0.5),  # sorted, they would all be better
        ([1.0, 1.2, 0.8, 1.1, 0.9], [0.995, 1.21, 0.79, 1.105, 0.9], 30, 3.0, 0.5),  # the warm-up alone differs
        ([0.5, 0.9], [0.44, 0.86], 5, 0.1, 0.1),  # two seeds: their t is 12.71
        ([0.5, 0.9], [0.45, 0.86], 5, 0.1, 0.1),  # s with n - 1
        ([0.5, 0.9, 0.7], [0.5, 0.9, 0.7], 8, 0.5, 0.5),  # the very same
        ([0.06, 4.0, 5.0, 6.0, 3.0], [0.012, 3.95, 4.948, 5.951, 2.949], 10, 0.5, 0.5),  # as differences, not as shares
        ([0.5, 0.5, 0.5], [0.25, 0.25, 0.25], 8, 0.5, 0.5),  # each better by as much: no scatter
    ]
    for old_means, new_means, warm_up, old_start, new_start in cases:
        _one_verdict(lab, _runs(old_means, warm_up, old_start), _runs(new_means, warm_up, new_start), warm_up)
    plain = [[1.0] * 20 for _ in range(5)]
    noise = [0.00, 0.01, -0.01, 0.02, -0.02]
    for at in (4, 5, -1):  # one order differs: the last of the warm-up, the first after it, the last of all
        changed = [run[:] for run in plain]
        for run, extra in zip(changed, noise, strict=True):
            run[at] += 8 + extra
        _one_verdict(lab, plain, changed, 5)
    # Most orders wait a little longer, and the worst ones much less.
    _one_verdict(lab, [[9.0 + n, *[0.1] * 19] for n in noise], [[2.0 - n, *[0.2] * 19] for n in noise], 0)


def _one_verdict(lab: Lab, old: list[list[float]], new: list[list[float]], warm_up: int) -> None:
    t = T[len(old)]
    theirs = [run[:] for run in old], [run[:] for run in new]
    try:
        given = lab.call(*theirs, warm_up, t)
    except Raised as raised:
        if isinstance(raised.error, (ZeroDivisionError, statistics.StatisticsError)):
            raise Wrong(
                f"verdict(old, new, {warm_up}, {t}) raised {type(raised.error).__name__} for {len(old)} runs of "
                f"{len(old[0])} orders: changes may not scatter at all, and the warm-up is orders of each run."
            ) from raised
        raise
    lab.did = f"{lab.did.partition('(')[0]}(old, new, {warm_up}, {t})"
    if given not in ("faster", "slower", "not shown"):
        raise lab.wrong(f'returned {show(given)}; it should return "faster", "slower" or "not shown".')
    if theirs != (old, new):
        raise lab.wrong("changed the lists that it was given; whoever measured the runs may want them again.")
    before, after = ([float(np.mean(run[warm_up:])) for run in runs] for runs in (old, new))
    change = [b - a for a, b in zip(before, after, strict=True)]
    low, high = _interval(change, t)
    if given == _told((low, high)):
        return
    mean, seeds = float(np.mean(change)), len(old)
    what = f'returned "{given}" for {seeds} seeds whose mean waits were {_list(before)} and then {_list(after)} s'
    raise lab.wrong(f"{what}, without the warm-up. {_why(given, old, new, warm_up, t, mean, (low, high))}")


def _list(values: list[float]) -> str:
    shown = [f"{value:.2f}" for value in values[:3]]
    return ", ".join(shown) + (", …" if len(values) > 3 else "")


def _why(given: str, old: list, new: list, warm_up: int, t: float, mean: float, interval: tuple[float, float]) -> str:
    """The idea that led to `given`, as far as the numbers tell."""
    low, high = interval
    whole = [float(np.mean(b)) - float(np.mean(a)) for a, b in zip(old, new, strict=True)]
    kept = [float(np.mean(b[warm_up:])) - float(np.mean(a[warm_up:])) for a, b in zip(old, new, strict=True)]
    right = _told(interval)
    if {given, right} == {"faster", "slower"} and given == _told((-high, -low)):
        return "The change is new minus old, and a shorter wait is faster."
    if warm_up and given == _told(_interval(whole, t)) and right != given:
        return "The first orders of each run meet an empty queue, which is not the system: leave them out of the mean."
    if right == "not shown":
        if given == _told(_interval(kept, t, ddof=0)):
            return "The standard deviation of a few runs is divided by n - 1; with n the interval is too narrow."
        if given in (_told(_interval(kept, 1.96)), _told(_interval(kept, 2.26 * math.sqrt(len(kept) / 10)))):
            return f"For so few runs it is the t that was given, {t}, over the root of their number."
        return (
            f"Their mean changed by {mean:+.2f} s, and runs of one system differ by more: the interval is "
            f"{low:.2f} to {high:.2f} s. How far would another set of seeds have moved it?"
        )
    if max(kept) - min(kept) < 0.25 * abs(mean):
        return (
            f"In each seed the mean changed by about {mean:+.2f} s: every order after the warm-up counts, and the mean."
        )
    apart = [np.var([np.mean(run[warm_up:]) for run in runs], ddof=1) for runs in (old, new)]
    if abs(mean) > t * math.sqrt(sum(apart) / len(old)):  # Pairs or not, it is shown.
        return (
            f"That interval is for a single seed; the mean of {len(kept)} is known better, by the root of {len(kept)}."
        )
    return (
        f"Seed by seed the change is {min(kept):+.2f} to {max(kept):+.2f} s. Old and new share their customers, "
        "and jams that both have say nothing about the change: compare the two of a seed before anything else."
    )


# --- 17.3 ------------------------------------------------------------------------------------------------------------


def _price_of_order(lab: Lab) -> None:
    # (orders a second for each customer, seconds each, promised seconds)
    cases = [
        ([0.5] * 12, 0.3, 2.0),
        ([1.0] * 64, 0.1, 1.0),  # a customer for each of 64 streams
        ([2.0, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1], 0.3, 3.0),  # one is hot
        ([1.8, 0.1, 0.1, 0.1, 1.8, 0.1, 0.1, 0.1, 0.1], 0.3, 3.0),  # two hot ones meet on 4 streams, not on 3
        ([1.2, 0.05, 0.05, 0.05, 1.2, 0.05], 0.3, 2.0),  # 3 streams hold, 4 do not, 5 do
        ([1.2, 0.05, 0.05, 0.05, 0.05, 1.2], 0.3, 2.0),  # 2 to 4 hold, 5 do not
        ([0.3, 1.0, 0.3, 1.0, 0.3, 1.0, 0.3, 1.0], 0.3, 2.0),  # blocks of neighbours would be even
        ([0.0, 1.8, 0.0, 1.8], 0.3, 3.0),  # nobody goes to some streams
        ([1.8] * 64, 0.3, 3.0),  # 64 streams are allowed
        ([1.0] * 80, 0.3, 3.0),  # 80 would do, and are not
        ([4.0] * 64, 0.3, 3.0),  # more than 64 share a group
        ([4.0, 0.5, 0.5, 0.5], 0.3, 2.0),  # the hottest is too much for any p
        ([0.2], 1.0, 10.0),
        ([1.0, 0.0, 1.0, 0.0, 1.0, 0.0], 0.5, 2.5),  # customers who order nothing
    ]
    for case in cases:
        _one_price(lab, *case)


def _one_price(lab: Lab, rates: list[float], service: float, promise: float) -> None:
    shared = _smallest(lambda n: _holds(sum(rates), service, promise, n), range(1, 500))
    split = _smallest(lambda p: all(_holds(sum(rates[k::p]), service, promise, 1) for k in range(p)), range(1, 65))
    try:
        given = lab.call(list(rates), service, promise)
    except Raised as raised:
        if "less than 1" in str(raised.error):
            nobody = "is 0," in str(raised.error)
            raise lab.wrong(
                "asked for the wait on a stream to which nobody goes, which is nothing to wait for."
                if nobody
                else "asked for the wait of a queue that grows for ever: its load is 1 or more."
            ) from raised
        if isinstance(raised.error, (StopIteration, IndexError)) and split is None:
            raise lab.wrong(
                f"raised {type(raised.error).__name__}: no number of streams keeps this promise."
            ) from raised
        raise
    if (
        not isinstance(given, (tuple, list))
        or len(given) != 2
        or not (_whole(given[0]) and (given[1] is None or _whole(given[1])))
    ):
        raise lab.wrong(f"returned {show(given)}; it should return two numbers, the second perhaps None.")
    first, second = given
    if (first, second) == (split, shared) and shared != split:
        raise lab.wrong(f"returned {show(given)}: the first number is that of the shared group.")
    if first != shared:
        raise lab.wrong(f"returned {show(given)}: {_shared_is(first, shared, sum(rates), service, promise)}")
    if second == split:
        return
    raise lab.wrong(f"returned {show(given)}: {_split_is(second, split, rates, service, promise)}")


def _shared_is(given: int, right: int, rate: float, service: float, promise: float) -> str:
    if given > right:
        extra = " (nobody dies in this exercise)" if given == right + 1 else ""
        return f"a shared group keeps the promise with fewer than {given}{extra}."
    if given <= rate * service:
        return f"{given} in a shared group would be busy without a break, and their queue grows for ever."
    late = wait_exceeds(promise, rate, service, given)
    return f"in a shared group of {given}, {late:.1%} wait longer than {promise:g} s. The mean is not the promise."


def _split_is(given: int | None, right: int | None, rates: list[float], service: float, promise: float) -> str:
    if given is None:
        return "there is a p up to 64 that keeps the promise on each stream."
    if given > 64:
        return f"{given} streams are more than the 64 that are allowed."
    if right is None or given < right or not 1 <= given <= 64:
        loads = [sum(rates[place::given]) for place in range(max(1, given))] if given > 0 else [sum(rates)]
        hottest = max(loads)
        late = (
            f"{wait_exceeds(promise, hottest, service, 1):.1%} wait too long"
            if hottest * service < 1
            else "the queue grows for ever"
        )
        even = sum(rates) / max(1, given)
        told = f" An even share would be {even:.2f}: whose orders go there?" if hottest > even * 1.1 else ""
        never = " And that customer's orders have to stay on one stream, whatever p." if right is None else ""
        return f"with p = {given} the busiest stream gets {hottest:.2f} orders a second, and {late} there.{told}{never}"
    return f"{right} streams keep it already. (More are not always better: customer k goes to k % p.)"


# --- 17.4 ------------------------------------------------------------------------------------------------------------


def _event(version: int, state: str, order_id: int = 1001) -> dict[str, str]:
    return {"order_id": str(order_id), "version": str(version), "state": state}


def _keep(lab: Lab) -> None:
    r = lab.redis()
    told = [
        (_event(1, "created"), True),
        (_event(3, "sent"), True),
        (_event(2, "paid"), False),
        (_event(3, "sent"), False),
        (_event(9, "returned"), True),
        (_event(10, "refunded"), True),
        (_event(9, "returned"), False),
        (_event(4, "created", order_id=1002), True),
    ]
    newest: dict[str, dict[str, str]] = {}
    for event, stored in told:
        before = newest.get(event["order_id"])
        given = lab.call(r, dict(event))
        if stored:
            newest[event["order_id"]] = event
        _kept(lab, r, newest, event, before)
        if given is True and not stored:
            raise lab.wrong(f"returned True, and version {event['version']} is not newer than {before['version']}.")
        if given is not stored:
            raise lab.wrong(f"returned {show(given)}, and the event was {'' if stored else 'not '}stored.")
    for mine, other in ((_event(2, "paid"), _event(3, "sent")), (_event(1, "created"), _event(2, "paid"))):
        _late(lab, mine, other)
    _late(lab, _event(5, "returned"), _event(4, "delivered"))
    for mine in (9, 4, 2):
        for busy in (4, 3, 2, 1):
            _busy(lab, _event(mine, f"state {mine}"), [_event(n, f"state {n}") for n in (3, 5, 6, 8)[:busy]])
    for quiet in range(5):
        _busy(lab, _event(4, "state 4"), [_event(6, "state 6")], quiet)
    _somebody_else_s(lab)


def _kept(lab: Lab, r: Any, newest: dict, event: dict, before: dict | None) -> None:
    for order_id, expected in newest.items():
        key = f"order:{order_id}"
        if r.type(key) not in ("hash", "none"):
            raise lab.wrong(f"left a {r.type(key)} at {key}; it should be a hash.")
        stored = r.hgetall(key)
        if {"version": stored.get("version"), "state": stored.get("state")} == {
            "version": expected["version"],
            "state": expected["state"],
        }:
            continue
        had = f"had version {before['version']}" if before else "did not exist"
        raise lab.wrong(
            f"left {show(stored)} at {key}, which {had} before; it should have version {expected['version']}, "
            f"{expected['state']!r}."
            + (
                " As text, '9' is greater than '10'."
                if len(event["version"]) > 1 or (before and len(before["version"]) > 1)
                else ""
            )
        )


def _late(lab: Lab, mine: dict, other: dict) -> None:
    """Another consumer stores its event right after the answer's first look at the order."""
    r, key, looked = lab.redis(), f"order:{mine['order_id']}", []
    another = lab.another(r)

    def meanwhile(name: str, args: tuple) -> None:
        reads = name.upper() in ("EXISTS", "TYPE", "DUMP") or (
            name.upper().startswith("H") and "SET" not in name.upper()
        )
        if not looked and reads and key in args:
            looked.append(name)
            another.hset(key, mapping={"version": other["version"], "state": other["state"]})

    _tell(r, meanwhile)
    given = lab.call(r, dict(mine))
    if not looked:
        return
    newest = mine if int(mine["version"]) > int(other["version"]) else other
    stored = another.hgetall(key)
    if newest is mine and stored.get("version") == other["version"]:
        raise lab.wrong(
            f"left version {other['version']}: another consumer stored that between its look and its write, so the "
            f"look was out of date. Its own version {mine['version']} is newer still, and nobody brings it again."
        )
    if stored.get("version") != newest["version"] or stored.get("state") != newest["state"]:
        raise lab.wrong(
            f"left {show(stored)}: another consumer stored version {other['version']} between its look and its write, "
            f"and {newest['version']} is the newest. Look and store have to be one step."
        )
    if given is not (newest is mine):
        raise lab.wrong(f"returned {show(given)}, and the event was {'' if newest is mine else 'not '}stored.")


def _busy(lab: Lab, mine: dict, others: list[dict], quiet: int = 0) -> None:
    """After `quiet` commands of the answer, others store an event after each, as long as there are some."""
    r, key, left, commands = lab.redis(), f"order:{mine['order_id']}", list(others), []
    another = lab.another(r)

    def meanwhile(name: str, args: tuple) -> None:
        commands.append(name)
        if left and key in args and len(commands) > quiet:
            event = left.pop(0)
            if int(event["version"]) > int(another.hget(key, "version") or 0):
                another.hset(key, mapping={"version": event["version"], "state": event["state"]})

    _tell(r, meanwhile)
    event = dict(mine)
    lab.call(r, event)
    if event != mine:
        raise lab.wrong(f"changed the event that it was given into {show(event)}.")
    came = others[: len(others) - len(left)]
    newest = max([*came, mine], key=lambda event: int(event["version"]))
    stored = another.hgetall(key)
    if stored.get("version") != newest["version"] or stored.get("state") != newest["state"]:
        if not came:
            raise lab.wrong(f"left {show(stored)}, and version {mine['version']} is the only one that there is.")
        raise lab.wrong(
            f"left {show(stored)}: other consumers stored versions {', '.join(e['version'] for e in came)} while it "
            f"was at work, and {newest['version']} is the newest. Whenever somebody was faster, look again; and store "
            "version and state in one step."
        )


def _somebody_else_s(lab: Lab) -> None:
    """The newest version was stored by a process that this one knows nothing of."""
    r = lab.redis()
    lab.another(r).hset("order:1005", mapping={"version": "3", "state": "sent"})
    given = lab.call(r, _event(2, "paid", order_id=1005))
    stored = r.hgetall("order:1005")
    if given is not False or stored.get("version") != "3" or stored.get("state") != "sent":
        raise lab.wrong(f"left {show(stored)}; another process had stored version 3, which is newer.")


def _tell(r: Any, after: Callable[[str, tuple], None]) -> None:
    """Calls `after` for each command, for those of a pipeline when it was executed."""
    execute, make = r.execute_command, r.pipeline

    def told(do: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **options: Any) -> Any:
            reply = do(*args, **options)
            after(args[0], args)
            return reply

        return step

    def pipeline(*args: Any, **options: Any) -> Any:
        pipe = make(*args, **options)
        pipe.immediate_execute_command = told(pipe.immediate_execute_command)
        run = pipe.execute

        def execute_all(*args: Any, **options: Any) -> Any:
            sent = [command for command, _ in pipe.command_stack]
            replies = run(*args, **options)
            for command in sent:
                after(command[0], command)
            return replies

        pipe.execute = execute_all
        return pipe

    r.execute_command, r.pipeline = told(execute), pipeline


# --- 17.5 ------------------------------------------------------------------------------------------------------------


class _Endless(BaseException):
    """Ends a consumer that sends command after command and lets no time pass."""


class _Trace(list):
    """A trace that stops whoever fills it."""

    def append(self, step: Any) -> None:
        if len(self) > 2000:
            raise _Endless
        super().append(step)


def _batches(lab: Lab) -> None:
    at_once = timestamps([0.0] * 25 + [100.0, 100.1, 160.0])
    run = _simulated(lab, at_once, costs([1.0 + n % 3 for n in range(28)]), 2)
    _look_at_batches(lab, run)
    _look_at_batches(lab, _simulated(lab, timestamps([0.0] * 25), constant(1.0), 1))
    _look_at_batches(lab, _simulated(lab, regular(4.0, 60), constant(0.2), 1))


def _simulated(lab: Lab, arrivals: Any, service: Any, consumers: int) -> Any:
    sim = Simulation(lab.redis())
    sim.trace = _Trace()
    sim.stream("orders")
    sim.group("orders", "packing")
    sim.producer("orders", arrivals, service)
    for n in range(consumers):
        sim.consumer("orders", "packing", f"packer {n + 1}", lambda me: _life(lab, me))
    try:
        return sim.run()
    except (SimulationError, redis.RedisError) as error:
        _look_at_ids(lab, sim.trace)
        star = " A list of ids goes to xack with a * before it." if isinstance(error, redis.DataError) else ""
        raise lab.wrong(f"did not get through: {error}{star}") from error
    except _Endless:
        passed = sim.trace[-1].time > sim.trace[-9].time
        raise lab.wrong(
            "sent 2,000 commands and was not through: it looks again and again. me.arrival() wakes it when there is "
            "something to read."
            if passed
            else "sent 2,000 commands at one moment of virtual time: somewhere it goes round without a yield. When "
            "there is nothing to read, only an arrival changes that."
        ) from None


def _life(lab: Lab, me: Any) -> Any:
    """The answer as a consumer's body; what is no generator is told at once."""
    life = lab.call(me)
    lab.did = f"{lab.did.partition('(')[0]}(me)"
    if not hasattr(life, "send"):
        raise Wrong(f"{lab.did} returned {show(life)}; a consumer is a generator, with yield where time passes.")
    return life


def _look_at_batches(lab: Lab, run: Any) -> None:
    reads = [step for step in run.trace if step.args[0] == "XREADGROUP" and step.reply]
    read = {(step.by, entry_id): step for step in reads for _, entries in step.reply for entry_id, _ in entries}
    largest = max((len(step.reply[0][1]) for step in reads), default=0)
    acks = [step for step in run.trace if step.args[0] == "XACK"]
    _look_at_ids(lab, run.trace)
    if any(step.args[3] != step.by for step in reads):
        raise lab.wrong("read under a name that is not its own; me.name says who it is.")
    unread = len(run.fates["unread"])
    if unread:
        raise lab.wrong(
            f"left {unread} of {len(run.arrived)} orders unread: a consumer that is through reads again, for ever."
        )
    if largest > 10:
        raise lab.wrong(f"read {largest} orders at once; ten is the most that it may hold.")
    untouched = int(np.isnan(run.started).sum())
    if untouched and not run._work:
        raise lab.wrong(f"read {len(read)} orders and called me.work(order) for none of them.")
    if untouched:
        raise lab.wrong(
            f"read {len(read)} orders and worked on {len(read) - untouched}: a read brings a list of orders."
        )
    if len({(work.by, work.started) for work in run._work}) < len(run._work):
        raise lab.wrong("began several orders at the same moment: time passes only where an event is yielded.")
    ended = _ends(run)
    for step in acks:
        early = [
            entry_id for entry_id in step.args[3:] if (step.by, entry_id) in read and step.time < ended[entry_id] - 1e-9
        ]
        if early:
            raise lab.wrong("acknowledged orders before the work on them was done: a crash in between would lose them.")
    if any(b"NOACK" in step.args for step in reads):
        raise lab.wrong("read with NOACK: nothing is pending then, and what a crash interrupts is lost.")
    pending = len(run.fates["pending"])
    if pending:
        raise lab.wrong(f"left {pending} orders pending that it had read and worked on.")
    if removed := {step.args[0] for step in run.trace} & {"XDEL", "XTRIM"}:
        raise lab.wrong(f"sent {removed.pop()}: other groups may still need these orders.")
    batches = {(step.by, tuple(entry_id for entry_id, _ in step.reply[0][1])) for step in reads}
    strange = [step for step in acks if (step.by, step.args[3:]) not in batches]
    if len(acks) <= len(reads) and strange:
        raise lab.wrong(f"sent an XACK of {len(strange[0].args[3:])} ids that are not those of one batch that it read.")
    if len(acks) > len(reads):
        raise lab.wrong(f"sent {len(acks)} XACKs for {len(reads)} batches; one XACK takes many ids.")
    if len(run._work) > len(run.arrived):
        raise lab.wrong(f"did work {len(run._work)} times on {len(run.arrived)} orders.")
    if largest < 10 and len(read) < 60:
        raise lab.wrong(f"read at most {largest} at once, when 25 were waiting.")


def _look_at_ids(lab: Lab, trace: list) -> None:
    for step in trace:
        if step.args[0] == "XREADGROUP" and step.args[-1] != ">":
            raise lab.wrong(
                f"read with the id {step.args[-1]!r}, which asks for what it holds already; > is for what is new."
            )


def _ends(run: Any) -> dict[str, float]:
    """Entry id -> when the work on it was done."""
    numbers = {number: entry_id for (_, entry_id), number in run.numbers.items()}
    return {numbers[work.number]: work.ended for work in run._work}


CHECKS = {"17.1": _consumers_for, "17.2": _verdict, "17.3": _price_of_order, "17.4": _keep, "17.5": _batches}
