"""Checks of 15 Kafka or Streams."""

from __future__ import annotations

import math
import os
import re
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from helpers.exercises import Lab, Raised, Wrong, show

# --- 15.1 ------------------------------------------------------------------------------------------------------------


def _again(system: str, read: Sequence[int], said: Sequence[int]) -> list[int]:
    if system == "redis":
        return [at for at in read if at not in said]
    return [at for at in read if at >= (said[-1] if said else read[0])]


def _comes_again(lab: Lab) -> None:
    five = [0, 1, 2, 3, 4]
    for case in [
        ("redis", five, []),
        ("kafka", five, []),
        ("redis", five, [0, 1, 3, 4]),
        ("kafka", five, [3]),
        ("redis", [10, 11, 12], [12]),
        ("kafka", [10, 11, 12, 13, 14], [11, 12, 14]),
        ("kafka", five, [5]),
        ("kafka", five, [4, 2]),
        ("redis", [7, 8, 9], [9, 8, 7]),
        ("kafka", [20, 23, 24, 30], [21]),
        ("kafka", [8, 9, 10, 11], [9]),
        ("redis", [7, 8, 9, 10], [10]),
        ("kafka", [0, 1, 2, 3], [3, 0]),
    ]:
        _one_crash(lab, *case)


def _one_crash(lab: Lab, system: str, read: list[int], said: list[int]) -> None:
    mine = (list(read), list(said))
    given = list(lab.expect(lab.call(system, *mine), (list, tuple), "a list of positions"))
    if mine != (read, said):
        raise lab.wrong("changed the lists that it was given; whoever called may still need them.")
    expected = _again(system, read, said)
    if given == expected:
        return
    if not given and not said:
        raise lab.wrong(f"returned []: nothing was confirmed, so none of {read} is lost, and all of it comes again.")
    hint = _crash_in_redis(given, read, said) if system == "redis" else _crash_in_kafka(given, read, said)
    if hint is None and sorted(given, key=str) == expected:
        hint = "The list is to be ascending."
    raise lab.wrong(f"returned {show(given)}. {hint or _what_holds(system, read, said)}")


def _crash_in_redis(given: list, read: list[int], said: list[int]) -> str | None:
    pending = _again("redis", read, said)
    if len(pending) > 1 and given in (pending[:1], pending[-1:]):
        return (
            f"One entry is not what a crash repeats in Redis: {len(read)} were handed out, {len(said)} acknowledged, "
            f"and the other {len(pending)} are all pending."
        )
    if pending and given == [at for at in read if at >= pending[0]]:
        return f"An XACK is for its entry alone: {_words(sorted(set(given) & set(said)))} need not come again."
    if said and given == [at for at in read if at > max(said)]:
        return f"XACK {said[-1]}-0 says nothing of the entries before it."
    return None


def _crash_in_kafka(given: list, read: list[int], said: list[int]) -> str | None:
    if not said:
        return "Nothing was committed: the group goes on where it began."
    last, greatest = said[-1], max(said)
    if given == [at for at in read if at not in said]:
        return (
            f"A commit is not for one record: {last} is the offset to go on from, and confirms all that is before it."
        )
    if given == read[last:] and read[0] > 0:
        return f"{last} is an offset, not a place in the list."
    if given == [at for at in read if at > last]:
        return f"The offset {last} is the one to go on from, so it comes itself: committed is the next, not the last."
    if given == [at for at in read if at >= last - 1]:
        return f"The offset {last} says that {last - 1} is done: it is the next one to read."
    if greatest != last and given == [at for at in read if at >= greatest]:
        return f"The group keeps one number, and the last commit sets it: {greatest} was overwritten by {last}."
    if last == said[0] or given != [at for at in read if at >= said[0]]:
        return None
    return f"The group keeps one number, and the last commit sets it: {said[0]} was overwritten by {last}."


def _what_holds(system: str, read: list[int], said: list[int]) -> str:
    if system == "redis":
        return f"Read were {read}, acknowledged {_words(said)}: what is pending comes again, and nothing else."
    return f"Read were {read}, committed {_words(said)}: what is confirmed is all before the offset to go on from."


def _words(positions: Sequence[int]) -> str:
    return ", ".join(map(str, positions)) or "nothing"


# --- 15.2 ------------------------------------------------------------------------------------------------------------

TRIES = "orders:tries"
MOST = 3
LIVES = 8
SCRIPTS = {"EVAL", "EVALSHA", "SCRIPT", "FCALL"}


class _Killed(BaseException):
    """What ends the process in which the answer runs; nobody should catch it."""


class _Partition:
    """One partition with a group's committed offset and a dead letter topic, and one life of a worker after another.

    `poison` are the offsets whose orders kill at each try, or at the first so many.
    """

    def __init__(self, lab: Lab, records: dict[int, str], poison: dict[int, int] | None = None) -> None:
        self.lab, self.records, self.poison = lab, records, poison or {}
        self.committed = min(records)
        self.end = max(records) + 1
        self.r = lab.redis(lambda name, args: self._step(f"{name} {args[0] if args else ''}".strip()))
        execute = self.r.execute_command

        def alive(*args: Any, **options: Any) -> Any:
            self._alive()  # no finally of a killed process sends anything
            return execute(*args, **options)

        self.r.execute_command = alive
        self.other = lab.another(self.r)
        self.other.set("orders:paid", "1000")  # somebody else's
        self.tries, self.done, self.aside = Counter(), [], []
        self.dead, self.steps, self.kill_after = False, 0, 0
        self.most_kept = 0  # counts in the hash while one record is in work
        self.broken = ""  # the first thing that no worker may do; it ends the life

    # What the answer is given

    def poll(self) -> tuple[int, str] | None:
        self._alive()
        self._at = min((offset for offset in self.records if offset >= self._next), default=None)
        if self._at is not None:
            self._next = self._at + 1
        self._step("poll()")
        return None if self._at is None else (self._at, self.records[self._at])

    def commit(self, offset: int) -> None:
        self._alive()
        if not isinstance(offset, int) or isinstance(offset, bool):
            self._refuse(f"called commit({show(offset)}); a commit is one number, the offset to go on from.")
        for skipped in sorted(self.records):
            if skipped < offset and skipped not in self.settled():
                self._refuse(
                    f"called commit({offset}) when the record {skipped} was neither handled nor set aside: killed "
                    "here, nobody would ever see it again."
                )
        self.committed = offset
        self._step(f"commit({offset})")

    def set_aside(self, order_id: str) -> None:
        self._alive()
        self._in_its_own_thread("set_aside")
        here = self._at
        if here is None or order_id != self.records[here]:
            self._refuse(f"called set_aside({show(order_id)}), which is not the order that poll() gave last.")
        self.aside.append(here)
        self._step(f"set_aside({order_id!r})")

    def handle(self, order_id: str) -> None:
        self._alive()
        self._in_its_own_thread("handle")
        here = self._at
        if here is None or order_id != self.records[here]:
            self._refuse(f"called handle({show(order_id)}), which is not the order that poll() gave last.")
        told = f"the record {here} (order {order_id})"
        if not self.other.exists(TRIES):
            others = sorted(set(self.other.keys()) - {"orders:paid"})
            if others:
                self._refuse(f"wrote {others[0]!r}; the count belongs in the hash {TRIES}, which somebody can look at.")
            self._refuse(
                f"began to handle {told}, and {TRIES} was empty: if the process dies of it, nobody knows that it was "
                "tried. What dies with the process, or is written after the work, does not count."
            )
        if self.other.ttl(TRIES) != -1:
            self._refuse(f"let {TRIES} expire: who is started again later than that counts from 1.")
        self.most_kept = max(self.most_kept, self.other.hlen(TRIES) if self.other.type(TRIES) == "hash" else 1)
        self.tries[here] += 1
        if self.tries[here] > MOST:
            self._refuse(f"handled {told} for the {self.tries[here]}th time; {self._why_again(here)}")
        if self.tries[here] <= self.poison.get(here, 0):
            self.dead = True
            raise _Killed
        self.done.append(here)
        self._step(f"handle({order_id!r})")

    # What the check sees

    def settled(self) -> set[int]:
        return {*self.done, *self.aside}

    def life(self, kill_after: int = 0) -> Any:
        """What one life of the answer returns; None if it was killed, after so many steps or by its work."""
        self.dead, self.steps, self.kill_after = False, 0, kill_after
        self._next, self._at, self._thread = self.committed, None, threading.get_ident()
        try:
            returned = self.lab.call(self.r, self, self.handle)
        except _Killed:
            return None
        except Raised as raised:
            if any(name in str(raised.error) for name in SCRIPTS):
                raise Wrong(f"{self.lab.did} sent a script, and the Redis of this check runs none.") from raised
            raise
        finally:
            self.lab.did = re.sub(r"\(.*\)$", "(r, partition, handle)", self.lab.did)
            if self.broken:
                raise self.lab.wrong(self.broken)
        if self.dead:
            raise self.lab.wrong("went on after the process was killed: nothing in it can catch that.")
        return returned

    def lives(self) -> Any:
        """Started again until it comes to the end; what the last life returns."""
        for _ in range(LIVES):
            if (returned := self.life()) is not None or not self.dead:
                return returned
        stuck = self.committed
        if self.aside.count(stuck) > 1:
            raise self.lab.wrong(
                f"set aside order {self.records[stuck]} {self.aside.count(stuck)} times: each life began with it again."
            )
        raise self.lab.wrong(
            f"was started {LIVES} times, and died each time; the commit is still at {stuck}. Order "
            f"{self.records.get(stuck)} has had {self.tries[stuck]} tries."
        )

    def _in_its_own_thread(self, name: str) -> None:
        if threading.get_ident() != self._thread:
            self._refuse(f"called {name} in another thread, and went on before it was done: killed then, who knows?")

    def _alive(self) -> None:
        if self.dead:
            raise _Killed

    def _step(self, what: str) -> None:
        self._alive()
        self.steps += 1
        self.last = what
        if self.steps == self.kill_after:
            self.dead = True
            raise _Killed

    def _why_again(self, here: int) -> str:
        if here in self.done and self.committed <= here:
            return "it was done before, and not committed."
        counts = [int(value) for value in self.other.hvals(TRIES) if value.lstrip("-").isdigit()]
        if max(counts, default=0) > MOST:
            return f"its count in {TRIES} says {max(counts)} already, and {MOST} are allowed."
        return (
            f"{MOST} are allowed, and {TRIES} has to know of all of them, in whatever life they were. When may a count "
            "be removed?"
        )

    def _refuse(self, what: str) -> None:
        self.broken, self.dead = what, True
        raise _Killed


def _three_tries(lab: Lab) -> None:
    _nothing_wrong(lab)
    _one_poison(lab)
    _by_its_book(lab)
    _in_between(lab)
    _two_in_a_row(lab)
    _killed_at_any_step(lab)
    _no_old_counts(lab)


def _nothing_wrong(lab: Lab) -> None:
    shop = _Partition(lab, {4: "1001", 5: "1002", 9: "1003"})
    returned = shop.lives()
    _all_settled(lab, shop)
    if shop.aside:
        raise lab.wrong(f"set aside order {shop.records[shop.aside[0]]}, which was not tried three times.")
    if returned != 3 or isinstance(returned, bool):
        raise lab.wrong(f"returned {show(returned)} after it had handled 3.")
    if shop.other.exists(TRIES):
        raise lab.wrong(f"left {show(_counts(shop))} in {TRIES}: of what is done nobody needs the count any more.")


def _one_poison(lab: Lab) -> None:
    shop = _Partition(lab, {0: "1001", 1: "1002", 2: "1003", 3: "1004", 4: "1005"}, poison={2: 99})
    returned = shop.lives()
    _all_settled(lab, shop)
    if shop.tries[2] < MOST:
        raise lab.wrong(f"set aside order 1003 after {shop.tries[2]} tries; it has {MOST}.")
    done = [at for at in shop.aside if at in shop.done]
    if done:
        raise lab.wrong(
            f"set aside order {shop.records[done[0]]}, which was handled: as it was not committed, it came again with "
            "each life, and another's deaths used up its tries."
        )
    if shop.other.exists(TRIES):
        raise lab.wrong(f"left {show(_counts(shop))} in {TRIES}, the count of what was set aside.")
    if shop.aside != [2]:
        raise lab.wrong(f"set aside {', '.join(shop.records[at] for at in shop.aside)}; order 1003 alone was poison.")
    if shop.done != [0, 1, 3, 4]:
        raise lab.wrong(f"handled the records {shop.done}; 0, 1, 3 and 4 are healthy, and each needs it once.")
    if returned != 2:
        raise lab.wrong(f"returned {show(returned)} in its last life, in which it handled 1004 and 1005.")


def _by_its_book(lab: Lab) -> None:
    """What the hash says counts, in a process that was never there before."""
    shop = _Partition(lab, {0: "1001", 1: "1002"}, poison={0: 99})
    shop.life()
    for field in shop.other.hkeys(TRIES) if shop.other.type(TRIES) == "hash" else ():
        shop.other.hset(TRIES, field, MOST)
    before = shop.tries[0]
    with _another_process():
        shop.lives()
    if shop.tries[0] > before:
        raise lab.wrong(
            f"handled order 1001 again in a new process, when {TRIES} said that it had had {MOST} tries: does it count "
            "somewhere else, or under a name that the next process does not have?"
        )


@contextmanager
def _another_process() -> Iterator[None]:
    before = os.getpid
    os.getpid = lambda: before() + 1
    try:
        yield
    finally:
        os.getpid = before


def _in_between(lab: Lab) -> None:
    """An order that works at its third try, and a later event of the same order."""
    shop = _Partition(lab, {0: "1001", 1: "1002", 2: "1001"}, poison={0: 2, 2: 2})
    shop.lives()
    _all_settled(lab, shop)
    survived = [at for at in shop.aside if at in shop.done]
    if survived:
        raise lab.wrong(f"set aside the record {survived[0]}, which survived its third try and was done.")
    if shop.aside:
        raise lab.wrong(
            f"set aside the record {shop.aside[0]} (order 1001), which would have worked at its third try; the record "
            "before it of the same order had tries of its own."
        )


def _two_in_a_row(lab: Lab) -> None:
    shop = _Partition(lab, {0: "1001", 1: "1002", 2: "1003"}, poison={0: 99, 1: 99})
    shop.lives()
    _all_settled(lab, shop)
    if len(shop.aside) > len(set(shop.aside)):
        raise lab.wrong("set aside order 1001 again in its next life: nothing was committed after it was set aside.")
    if sorted(shop.aside) != [0, 1]:
        raise lab.wrong(f"set aside {sorted(shop.aside)}, where the records 0 and 1 are poison.")
    if shop.tries[1] < MOST:
        raise lab.wrong(f"set aside order 1002 after {shop.tries[1]} tries; the three of the order before are not its.")


def _killed_at_any_step(lab: Lab) -> None:
    """With a poison record first, in between and last, and with one that survives its third try."""
    for records, poison in (
        ({0: "1001", 1: "1002", 2: "1002"}, {1: 99}),
        ({0: "1001", 1: "1002", 2: "1002"}, {1: 2}),
        ({0: "1001", 1: "1002"}, {1: 99}),
    ):
        for kill_after in range(1, 60):
            if not _killed_after(lab, _Partition(lab, records, poison), kill_after):
                break


def _killed_after(lab: Lab, shop: _Partition, kill_after: int) -> bool:
    """False if the life was over before it could be killed."""
    for _ in range(min(shop.poison[1], MOST)):  # so that the next life gets past it
        shop.life()
    shop.life(kill_after)
    if not shop.dead:
        return False
    when = shop.last
    shop.lives()
    _all_settled(lab, shop, f", killed after {when} in the life that came to its end")
    wrongly = [at for at in shop.aside if at != 1]
    if wrongly:
        this, before = (shop.records[at] for at in (wrongly[0], wrongly[0] - 1))
        raise lab.wrong(
            f"set aside the record {wrongly[0]} (order {this}), never tried: killed after {when}, the worker had left "
            f"the count of the one before it (order {before}), and the next life took it for this one's. What tells "
            "two records apart?"
        )
    if shop.other.exists(TRIES):
        raise lab.wrong(
            f"left {show(_counts(shop))} in {TRIES} for ever, because it was killed after {when}: no later life "
            "removes it."
        )
    return True


def _no_old_counts(lab: Lab) -> None:
    shop = _Partition(lab, {n: str(1001 + n) for n in range(5)})
    shop.lives()
    if shop.most_kept > 1:
        raise lab.wrong(f"kept the counts of {shop.most_kept - 1} records that were done: a day later it is millions.")


def _all_settled(lab: Lab, shop: _Partition, when: str = "") -> None:
    if not shop.other.exists("orders:paid"):
        raise lab.wrong("removed the key 'orders:paid', which is somebody else's: only orders:tries is its own.")
    lost = [at for at in shop.records if at not in shop.settled()]
    if lost:
        raise lab.wrong(f"came to an end{when}, and the record {lost[0]} was neither handled nor set aside.")
    if shop.committed != shop.end:
        last = max(shop.records)
        why = f" That is the place to go on from: {last} would come again." if shop.committed == last else ""
        raise lab.wrong(f"left the commit at {shop.committed}{when}, with all done up to {last}.{why}")


def _counts(shop: _Partition) -> Any:
    return shop.other.hgetall(TRIES) if shop.other.type(TRIES) == "hash" else shop.other.type(TRIES)


# --- 15.3 ------------------------------------------------------------------------------------------------------------


def _next_deliveries(lab: Lab) -> None:
    again, lost = "release", "timeout"
    for answers, limit in [
        ({0: ["accept"], 1: ["release"], 2: []}, 5),
        ({0: ["reject"], 1: [again, again], 2: [again, "accept"]}, 5),
        ({7: [again] * 4, 8: [again] * 5}, 5),
        ({3: [lost], 4: [again, lost, lost], 9: [lost] * 5}, 5),
        ({0: [again, "reject"], 1: [lost, again]}, 2),
        ({0: [again, again], 1: [again] * 2 + [lost], 5: []}, 3),
        ({0: [again] * 6, 1: [again] * 9, 2: [lost] * 10}, 10),
        ({0: [lost], 1: []}, 1),
    ]:
        _one_book(lab, answers, limit)


def _one_book(lab: Lab, answers: dict[int, list[str]], limit: int) -> None:
    copy = {offset: list(ends) for offset, ends in answers.items()}
    args = (copy,) if limit == 5 else (copy, limit)
    given = lab.expect(lab.call(*args), dict, "a dictionary: offset -> number of its next delivery")
    if copy != answers:
        raise lab.wrong("changed the dictionary that it was given; whoever called may still need it.")
    strangers = sorted(set(given) - set(answers), key=str)
    if strangers:
        raise lab.wrong(f"has the key {show(strangers[0])}, which is no offset in `answers`.")
    for offset, ends in answers.items():
        told = f"record {offset} ({', '.join(ends) or 'never delivered'})"
        over = bool(ends) and ends[-1] in ("accept", "reject")
        if offset not in given:
            if over or len(ends) >= limit:
                continue
            why = {
                "timeout": "its lock ran out, so somebody else gets it.",
                "release": "it was given back to be delivered again.",
            }.get(ends[-1] if ends else "", "nobody has had it yet.")
            if len(ends) == limit - 1:
                why = f"{len(ends)} of {limit} deliveries are used, so there is one more."
            raise lab.wrong(f"leaves out {told}: {why}")
        if over:
            why = "it is done" if ends[-1] == "accept" else "rejected means that nobody gets it again"
            raise lab.wrong(f"delivers {told}: {why}.")
        if len(ends) >= limit:
            raise lab.wrong(f"delivers {told} a time more than the limit of {limit}.")
        if given[offset] != len(ends) + 1:
            why = " A lock that ran out was a delivery, too." if "timeout" in ends else ""
            raise lab.wrong(
                f"says {show(given[offset])} for {told}; it was delivered {len(ends)} times, and this is the next.{why}"
            )


# --- 15.4 ------------------------------------------------------------------------------------------------------------


def _longest_absence(lab: Lab) -> None:
    week = 604_800
    # (rate, size, maxlen, retention_s, retention_bytes, shares)
    for case in [
        (100, 1000, 360_000, week, -1, [0.25] * 4),
        (100, 1000, 360_000, 86_400, 10**12, [0.25] * 4),
        (100, 1000, 2_000_000, week, 10**9, [0.25] * 4),
        (100, 1000, 1_000_000, week, 10**9, [0.7, 0.1, 0.1, 0.1]),
        (50, 200, 10_000, 3_600, 10**8, [0.5, 0.0, 0.5]),
        (10, 100, 864_000, week, 10**8, [0.0, 1.0]),
        (100, 100, 1_000_000, 600, -1, [0.5, 0.5]),
        (10, 100, 864_000, week, 10**8, [0.5, 0.0, 0.5]),
        (3, 250, 10_000, week, 10**7, [0.1, 0.3, 0.6]),
    ]:
        _one_absence(lab, *case)


def _one_absence(
    lab: Lab, rate: float, size: float, maxlen: int, retention_s: int, retention_bytes: int, shares: list[float]
) -> None:
    def filled(share: float) -> float:
        return retention_bytes / (rate * size * share)

    try:
        mine = list(shares)
        given = lab.call(rate, size, maxlen, retention_s, retention_bytes, mine)
    except Raised as raised:
        if isinstance(raised.error, ZeroDivisionError):
            raise lab.wrong(
                "divided by 0: a partition with the share 0 gets no records, and so it is never full."
            ) from raised
        raise
    pair = lab.expect(given, (tuple, list), "two numbers of seconds")
    if mine != shares:
        raise lab.wrong("changed the list of shares that it was given; whoever called may still need it.")
    if len(pair) != 2 or any(isinstance(n, (bool, str)) or not hasattr(n, "__float__") for n in pair):
        raise lab.wrong(f"returned {show(given)}; it should return two numbers of seconds.")
    stream, kafka = map(float, pair)
    sizes = [filled(share) for share in shares if share] if retention_bytes != -1 else []
    expected = min([retention_s, *sizes])
    if not math.isclose(stream, maxlen / rate, rel_tol=1e-6):
        why = ""
        if math.isclose(stream, maxlen / rate / size, rel_tol=1e-6):
            why = " MAXLEN counts entries, not bytes."
        elif math.isclose(stream, expected, rel_tol=1e-6) and math.isclose(kafka, maxlen / rate, rel_tol=1e-6):
            why = " The stream's number comes first."
        elif stream < maxlen / rate and stream in (retention_s, retention_bytes / (rate * size)):
            why = " What a topic may keep does not shorten a stream."
        elif abs(stream - maxlen / rate) < 1:
            why = " Do not round."
        raise lab.wrong(
            f"gives the stream {_seconds(stream)}: {maxlen:,} entries at {rate} a second are there after "
            f"{_seconds(maxlen / rate)}.{why}"
        )
    if math.isclose(kafka, expected, rel_tol=1e-6):
        return
    if math.isclose(kafka, maxlen / rate, rel_tol=1e-6):
        raise lab.wrong(f"gives Kafka {_seconds(kafka)}: MAXLEN is the stream's, a topic has limits of its own.")
    if kafka == math.inf:
        raise lab.wrong(f"gives Kafka no end: its size is not limited, but its time is, {retention_s:,} s.")
    if abs(kafka - expected) < 1:
        raise lab.wrong(f"gives Kafka {_seconds(kafka)}: it is {_seconds(expected)}. Do not round.")
    if kafka < 0 or (retention_bytes == -1 and kafka != retention_s):
        raise lab.wrong(f"gives Kafka {_seconds(kafka)}: -1 is no size of -1 byte, it means that size is not limited.")
    told = f"gives Kafka {_seconds(kafka)}: "
    if math.isclose(kafka, retention_s, rel_tol=1e-6):
        hot = max(shares)
        raise lab.wrong(
            f"{told}by then the partition with {hot:.0%} of the records is over its {retention_bytes:,} bytes, "
            "and has dropped the oldest."
        )
    if sizes and math.isclose(kafka, min(sizes), rel_tol=1e-6):
        raise lab.wrong(f"{told}records are dropped after {retention_s:,} s, however much room is left.")
    even = {filled(1 / len(shares)), filled(1.0), sum(sizes) / len(sizes)} if sizes else set()
    if any(math.isclose(kafka, min(retention_s, each), rel_tol=1e-6) for each in even):
        raise lab.wrong(
            f"{told}the limit is for each partition, and {max(shares):.0%} of the records go to one. It is full "
            f"after {min(sizes):,.0f} s."
        )
    if sizes and math.isclose(kafka, min(retention_s, max(sizes)), rel_tol=1e-6):
        raise lab.wrong(f"{told}the coldest partition holds out so long, the first loss is in the hottest.")
    raise lab.wrong(f"{told}the first record is lost after {_seconds(expected)}.")


def _seconds(value: float) -> str:
    if not math.isfinite(value):
        return show(value)
    return f"{value:,.0f} s" if value == int(value) else f"{value:,.3f} s"


# --- 15.5 ------------------------------------------------------------------------------------------------------------

SYSTEMS = ("streams", "kafka")
FACTS = ("alone", "room", "fits", "keys", "edge", "rate", "once")
RIGHT = {
    "a": ("streams", "alone"),
    "b": ("kafka", "room"),
    "c": ("streams", "fits"),
    "d": ("kafka", "keys"),
    "e": ("streams", "edge"),
}

# Why the other system is not the one that fits.
OTHER = {
    "a": "Kafka 3.9 has no share groups: for work of 1 to 60 seconds, the commit of a partition waits for the slowest, "
    "and a crash repeats what was done behind it.",
    "b": "4,000 · 2,592,000 s · 1,120 bytes, twice, is more than 23,000 GB, and a stream lives in memory.",
    "c": "10,000 · 600 s · 130 bytes, twice, is 1.6 GB. What would this team get for three brokers to look after?",
    "d": "memory would do (15 GB), but a shared group gives an account's next movement to another worker, and six "
    "streams shared out by hand want somebody who notices when a worker goes.",
    "e": "Kafka's exactly-once ends at Kafka; the mail server is in no transaction. What else would be better there?",
}

# A fact that does not decide: what it overlooks.
MISSED = {
    (
        "a",
        "fits",
    ): "it fits, and it would fit on Kafka's disks as well. What is different when one takes a minute?",
    ("a", "keys"): "any order will do here, and nobody needs partitions for that.",
    ("a", "edge"): "true of both, and so it decides nothing between them. A slow invoice must not bring back others.",
    ("b", "rate"): "4,000 a second is no rate that needs Kafka: one core takes it. What does a month of it weigh?",
    ("b", "fits"): "4,000 · 2,592,000 s · 1,120 bytes, twice: how many times 32 GB is that?",
    ("b", "keys"): "nobody asked for order by key. What does a month of it weigh?",
    (
        "c",
        "alone",
    ): "nobody asked for readings to be confirmed out of order. The colleague speaks of speed: is it needed?",
    (
        "c",
        "rate",
    ): "that is the colleague's argument, and 50,000 adds, deliveries and acknowledgements a second do not need it.",
    ("c", "room"): "10,000 · 600 s · 130 bytes, twice: 1.6 GB.",
    ("d", "room"): "3,000 · 7,200 s · 350 bytes, twice, is 15 GB, and there are 32.",
    ("d", "rate"): "3,000 a second is no rate that needs Kafka. What do six workers need that come and go?",
    ("d", "fits"): "that it fits in memory says nothing for Kafka. What do six workers need that come and go?",
    (
        "d",
        "alone",
    ): "confirmed alone means in any order, and an account needs its own. What do six workers need that come and go?",
    ("d", "once"): "nobody asked for it. What do six workers need that come and go?",
    (
        "e",
        "once",
    ): "the mail is sent outside of both. A worker that dies between the mail and its commit sends it again.",
    ("e", "fits"): "it fits, but that does not answer the colleague: two mails are possible on both, and why?",
    ("e", "alone"): "it is confirmed alone, and the worker may die between the mail and the XACK.",
}


def _five_jobs(lab: Lab) -> None:
    given = lab.expect(lab.call(), dict, "a dictionary: letter -> (system, fact)")
    for job, (system, fact) in RIGHT.items():
        if job not in given:
            raise lab.wrong(f"says nothing of job {job}.")
        pair = given[job]
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise lab.wrong(f"gives {show(pair)} for job {job}; it should be a pair: (system, fact).")
        if pair[0] not in SYSTEMS or pair[1] not in FACTS:
            raise lab.wrong(
                f"gives {show(tuple(pair))} for job {job}; systems are {', '.join(SYSTEMS)}, facts {', '.join(FACTS)}."
            )
        if pair[0] != system:
            missed = MISSED.get((job, pair[1])) if pair[1] in ("rate", "once", "fits") else None
            raise lab.wrong(f"gives {pair[0]} for job {job}: {missed or OTHER[job]}")
        if pair[1] != fact:
            missed = MISSED.get((job, pair[1]), "that is not what this job turns on.")
            raise lab.wrong(f"names {pair[1]!r} for job {job}: {missed}")


CHECKS = {
    "15.1": _comes_again,
    "15.2": _three_tries,
    "15.3": _next_deliveries,
    "15.4": _longest_absence,
    "15.5": _five_jobs,
}
