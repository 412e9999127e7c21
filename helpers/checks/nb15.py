"""Checks of 15 Kafka or Streams."""

from __future__ import annotations

import math
from collections.abc import Sequence

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


def _safe_offset(lab: Lab) -> None:
    for read, done in [
        ([0, 1, 2, 3, 4], [0, 1]),
        ([0, 1, 2, 3, 4, 5, 6], [6, 0, 1, 4]),
        ([10, 11, 12], [12, 11, 10]),
        ([10, 11, 12], [12]),
        ([5, 6, 7], []),
        ([10, 12, 15], [10, 12]),
        ([10, 12, 15], [15, 10, 12]),
        ([40, 41, 45, 46, 50], [41, 45, 40, 50]),
    ]:
        _one_partition(lab, read, done)


def _one_partition(lab: Lab, read: list[int], done: list[int]) -> None:
    given = lab.expect(lab.call(list(read), list(done)), int, "an offset")
    pending = [offset for offset in read if offset not in done]
    lost = [offset for offset in pending if offset < given]
    doubled = [offset for offset in done if offset >= given]
    expected = pending[0] if pending else read[-1] + 1
    needless = [offset for offset in doubled if offset < expected]
    if lost:
        why = ""
        if given == max(done, default=-1) + 1 or given == max(done, default=-1):
            why = f" {max(done)} is the greatest that is done, not all before it are."
        elif done and given == done[-1] + 1:
            why = f" {done[-1]} finished last, but a commit confirms all that is before it."
        elif given in (len(done), read[0] + len(done)):
            why = f" That {len(done)} are done does not say which."
        raise lab.wrong(f"returned {given}: after a crash {_words(lost)} would never be worked on.{why}")
    if needless:
        last = max(offset for offset in read if offset < expected)
        why = ""
        if given == last:
            why = f" {last} is done, and a committed offset is the next one to read."
        elif given not in read and given > read[0]:
            why = f" There is no record {given}, and never will be: offsets have gaps."
        elif not pending:
            why = " Everything is done, so nothing need come again."
        raise lab.wrong(f"returned {given}: after a crash {_words(needless)} would be done twice, without need.{why}")
    if given > read[-1] + 1:
        raise lab.wrong(f"returned {given}: the next record may get the offset {read[-1] + 1}, and would be skipped.")
    if given < read[0]:
        raise lab.wrong(f"returned {given}, which is before all that was read: go on at {read[0]}.")


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
    "and a crash repeats what was finished behind it.",
    "b": "4,000 · 2,592,000 s · 1,120 bytes, twice, is more than 23,000 GB, and a stream lives in memory.",
    "c": "20,000 · 600 s · 130 bytes, twice, is 3 GB. What would this team get for three brokers to look after?",
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
    ("c", "rate"): "that is the colleague's argument, and 60,000 adds and deliveries a second do not need it.",
    ("c", "room"): "20,000 · 600 s · 130 bytes, twice: 3 GB.",
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
    "15.2": _safe_offset,
    "15.3": _next_deliveries,
    "15.4": _longest_absence,
    "15.5": _five_jobs,
}
