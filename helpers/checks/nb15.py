"""Checks of 15 Kafka or Streams."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from helpers.exercises import Lab, Raised, show

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
    ]:
        _one_crash(lab, *case)


def _one_crash(lab: Lab, system: str, read: list[int], said: list[int]) -> None:
    given = list(lab.expect(lab.call(system, list(read), list(said)), (list, tuple), "a list of positions"))
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
        self.other = lab.another(self.r)
        self.tries, self.done, self.aside = Counter(), [], []
        self.dead, self.steps, self.kill_after = False, 0, 0
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
        here = self._at
        if here is None or order_id != self.records[here]:
            self._refuse(f"called set_aside({show(order_id)}), which is not the order that poll() gave last.")
        self.aside.append(here)
        self._step(f"set_aside({order_id!r})")

    def handle(self, order_id: str) -> None:
        self._alive()
        here = self._at
        if here is None or order_id != self.records[here]:
            self._refuse(f"called handle({show(order_id)}), which is not the order that poll() gave last.")
        told = f"the record {here} (order {order_id})"
        if not self.other.exists(TRIES):
            self._refuse(
                f"began to handle {told}, and {TRIES} was empty: if the process dies of it, nobody knows that it was "
                "tried. What dies with the process, or is written after the work, does not count."
            )
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
        self._next, self._at = self.committed, None
        try:
            returned = self.lab.call(self.r, self, self.handle)
        except _Killed:
            return None
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
        if here in self.done:
            return "it was done before."
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
    _in_between(lab)
    _two_in_a_row(lab)
    _killed_at_any_step(lab)


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
    if shop.aside != [2]:
        raise lab.wrong(f"set aside {', '.join(shop.records[at] for at in shop.aside)}; order 1003 alone was poison.")
    if shop.done != [0, 1, 3, 4]:
        raise lab.wrong(f"handled the records {shop.done}; 0, 1, 3 and 4 are healthy, and each needs it once.")
    if returned != 2:
        raise lab.wrong(f"returned {show(returned)} in its last life, in which it handled 1004 and 1005.")


def _in_between(lab: Lab) -> None:
    """An order that works at its third try, and a later event of the same order."""
    shop = _Partition(lab, {0: "1001", 1: "1002", 2: "1001"}, poison={0: 2, 2: 2})
    shop.lives()
    _all_settled(lab, shop)
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
        raise lab.wrong("set aside order 1001 again in its next life, which began with it, for all that was known.")
    if sorted(shop.aside) != [0, 1]:
        raise lab.wrong(f"set aside {sorted(shop.aside)}, where the records 0 and 1 are poison.")
    if shop.tries[1] < MOST:
        raise lab.wrong(f"set aside order 1002 after {shop.tries[1]} tries; the three of the order before are not its.")


def _killed_at_any_step(lab: Lab) -> None:
    for kill_after in range(1, 60):
        shop = _Partition(lab, {0: "1001", 1: "1002", 2: "1002"}, poison={1: 99})
        for _ in range(3):  # so that the next one sets aside
            shop.life()
        shop.life(kill_after)
        if not shop.dead:
            return
        when = shop.last
        shop.lives()
        _all_settled(lab, shop, f", killed after {when} in the life that came to its end")
        if 2 in shop.aside:
            raise lab.wrong(
                f"set aside the record 2, which was never tried: killed after {when}, the worker had left the count of "
                "the record before it, and the next life took it for this one's."
            )
        if shop.other.exists(TRIES):
            raise lab.wrong(
                f"left {show(_counts(shop))} in {TRIES} for ever, because it was killed after {when}: no later life "
                "removes it."
            )


def _all_settled(lab: Lab, shop: _Partition, when: str = "") -> None:
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
    ]:
        _one_book(lab, answers, limit)


def _one_book(lab: Lab, answers: dict[int, list[str]], limit: int) -> None:
    copy = {offset: list(ends) for offset, ends in answers.items()}
    given = lab.expect(lab.call(copy, limit), dict, "a dictionary: offset -> number of its next delivery")
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
    strangers = set(given) - set(answers)
    if strangers:
        raise lab.wrong(f"names a record that was not asked about: {show(sorted(strangers, key=str)[0])}.")


# --- 15.4 ------------------------------------------------------------------------------------------------------------


def _longest_absence(lab: Lab) -> None:
    week = 604_800
    # (rate, size, maxlen, retention_s, retention_bytes, shares)
    for case in [
        (100, 1000, 360_000, week, -1, [0.25] * 4),
        (100, 1000, 360_000, 86_400, 10**12, [0.25] * 4),
        (100, 1000, 1_000_000, week, 10**9, [0.25] * 4),
        (100, 1000, 1_000_000, week, 10**9, [0.7, 0.1, 0.1, 0.1]),
        (50, 200, 10_000, 3_600, 10**8, [0.5, 0.0, 0.5]),
        (10, 100, 864_000, week, 10**8, [0.0, 1.0]),
    ]:
        _one_absence(lab, *case)


def _one_absence(
    lab: Lab, rate: float, size: float, maxlen: int, retention_s: int, retention_bytes: int, shares: list[float]
) -> None:
    def filled(share: float) -> float:
        return retention_bytes / (rate * size * share)

    try:
        given = lab.call(rate, size, maxlen, retention_s, retention_bytes, list(shares))
    except Raised as raised:
        if isinstance(raised.error, ZeroDivisionError):
            raise lab.wrong(
                "divided by 0: a partition with the share 0 gets no records, and so it is never full."
            ) from raised
        raise
    pair = lab.expect(given, (tuple, list), "two numbers of seconds")
    if len(pair) != 2 or not all(isinstance(n, (int, float)) and not isinstance(n, bool) for n in pair):
        raise lab.wrong(f"returned {show(given)}; it should return two numbers of seconds.")
    stream, kafka = pair
    if not math.isclose(stream, maxlen / rate, rel_tol=1e-6):
        why = " MAXLEN counts entries, not bytes." if math.isclose(stream, maxlen / rate / size, rel_tol=1e-6) else ""
        raise lab.wrong(
            f"gives the stream {show(stream)} s: {maxlen:,} entries at {rate} a second are there after "
            f"{maxlen / rate:,.0f} s.{why}"
        )
    sizes = [filled(share) for share in shares if share] if retention_bytes != -1 else []
    expected = min([retention_s, *sizes])
    if math.isclose(kafka, expected, rel_tol=1e-6):
        return
    if kafka < 0 or (retention_bytes == -1 and kafka != retention_s):
        raise lab.wrong(f"gives Kafka {show(kafka)} s: -1 is no size of -1 byte, it means that size is not limited.")
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
    return f"{value:,.0f} s" if math.isfinite(value) else show(value)


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
