"""Checks of 14 Kafka side by side. The exercises are about data, so no Kafka runs here."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from itertools import permutations
from numbers import Integral, Real
from typing import Any
from zlib import crc32

from helpers.exercises import Lab, Raised, show


def _partition(key: str, partitions: int) -> int:
    return crc32(key.encode()) % partitions


def _whole(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _number(value: Any) -> bool:
    return isinstance(value, (Real, Decimal)) and not isinstance(value, bool)


# --- 14.1 ------------------------------------------------------------------------------------------------------------

Event = dict[str, str]
Placed = dict[str, list[str]]


def _events(orders: list[str]) -> list[Event]:
    """Three events of each order, those of different orders mixed, from a few countries; one order is paid twice.

    The event ids do not ascend, so that nobody can sort by them.
    """
    kinds = [("created", "paid", "paid", "sent") if n == 1 else ("created", "paid", "sent") for n in range(len(orders))]
    steps = [(n, step, kind) for n, each in enumerate(kinds) for step, kind in enumerate(each)]
    steps.sort(key=lambda at: (at[0] * 7 % len(orders) + at[1] * 5, at[0]))
    return [
        {
            "event_id": f"e{100 + number * 37 % 211}",
            "order_id": orders[n],
            "country": ("DE", "FR", "PL")[n % 3],
            "event": kind,
        }
        for number, (n, _, kind) in enumerate(steps)
    ]


def _ids(count: int, start: int = 1001) -> list[str]:
    return [str(start + n) for n in range(count)]


def _ranges(partitions: int, consumers: list[str]) -> list[str]:
    """The owner of each partition: neighbours, and one more for the first consumers."""
    each, more = divmod(partitions, len(consumers))
    return [name for n, name in enumerate(consumers) for _ in range(each + (n < more))]


def _placed(events: list[Event], consumers: list[str], owner: Callable[[Event], str]) -> Placed:
    placed: Placed = {name: [] for name in consumers}
    for event in events:
        placed[owner(event)].append(event["event_id"])
    return placed


def _place(lab: Lab) -> None:
    six = [f"c{n}" for n in range(1, 7)]
    for events, partitions, consumers in [
        (_events(_ids(9)), 4, six),
        (_events(_ids(9)), 6, six[:4]),
        (_events(_ids(5)), 4, six[:2]),
        (_events(_ids(16)), 8, ["zoe", "ann", "mia"]),
        (_events(_ids(4)), 1, six[:2]),
        (_events(_ids(40, 5001)), 12, six),
        (_events(["998", "0042", "0007", "12", "0310"]), 12, six),
        (_events(["998", "Ä-7", "B-7", "Ö-12", "ß-3"]), 12, six),
        ([], 4, six[:3]),
    ]:
        _one_placement(lab, events, partitions, consumers)


def _one_placement(lab: Lab, events: list[Event], partitions: int, consumers: list[str]) -> None:
    given = lab.call([dict(event) for event in events], partitions, list(consumers))
    lab.did = f"{lab.did.partition('(')[0]}({len(events)} events, {partitions}, {show(consumers)})"
    owners = _ranges(partitions, consumers)
    expected = _placed(events, consumers, lambda event: owners[_partition(event["order_id"], partitions)])
    if given == expected:
        return
    _is_a_placement(lab, given, events, consumers)
    for wrong, hint in _other_placements(events, partitions, consumers):
        if given == wrong and wrong != expected:
            raise lab.wrong(hint)
    busy = [name for name in consumers if given[name]]
    if len(busy) > partitions:
        raise lab.wrong(
            f"gave work to {len(busy)} consumers, and the topic has {partitions} partition"
            f"{'s' if partitions > 1 else ''}: each of them has one reader, and the rest of the group stands by."
        )
    _order_is_kept(lab, given, events)
    if {name: sorted(ids) for name, ids in given.items()} == {name: sorted(ids) for name, ids in expected.items()}:
        raise lab.wrong("put the right events to each consumer, but not in the order in which they were sent.")
    owner = {one: name for name, ids in expected.items() for one in ids}
    event, has = next(
        (event, has)
        for event in events
        for has in consumers
        if event["event_id"] in given[has] and has != owner[event["event_id"]]
    )
    checksum = crc32(event["order_id"].encode())
    coded = "" if event["order_id"].isascii() else " (UTF-8)"
    raise lab.wrong(
        f"gave {event['event_id']} of order {event['order_id']} to {has}. crc32 of the key's bytes{coded} is "
        f"{checksum}, so it goes to partition {checksum % partitions} of {partitions}, and who has that one?"
    )


def _is_a_placement(lab: Lab, given: Any, events: list[Event], consumers: list[str]) -> None:
    lab.expect(given, dict, "a dictionary: a list of event_ids for each consumer")
    missing = [name for name in consumers if name not in given]
    if missing and any(name not in consumers for name in given):
        raise lab.wrong(f"has the keys {show(list(given))}; they should be the names of the consumers.")
    if missing:
        raise lab.wrong(f"has no entry for {missing[0]}: who stands by has an empty list.")
    if len(given) > len(consumers):
        raise lab.wrong(f"has entries for {show(sorted(map(str, given)))}; the consumers are {show(consumers)}.")
    for name in consumers:
        if not isinstance(given[name], list) or not all(isinstance(one, str) for one in given[name]):
            raise lab.wrong(f"has {show(given[name])} for {name}; it should be a list of event_ids.")
    known = {event["event_id"] for event in events}
    for name in consumers:
        for one in given[name]:
            if one not in known:
                raise lab.wrong(f"has {show(one)} for {name}, which is no event_id of these events.")
    seen = Counter(one for ids in given.values() for one in ids)
    kinds = Counter((event["order_id"], event["event"]) for event in events)
    for event in events:
        one, order, kind = event["event_id"], event["order_id"], event["event"]
        if not seen[one] and kinds[order, kind] > 1:
            raise lab.wrong(
                f"left out {one}. Order {order} has {kind!r} twice; each is an event of its own, with its own event_id."
            )
        if not seen[one]:
            raise lab.wrong(f"gave the event {one} of order {order} to nobody.")
        if seen[one] > 1:
            raise lab.wrong(f"has the event {one} {seen[one]} times; it goes to one consumer, once.")


def _order_is_kept(lab: Lab, given: Placed, events: list[Event]) -> None:
    """No order whose events are with two consumers."""
    owner = {one: name for name, ids in given.items() for one in ids}
    first: dict[str, Event] = {}
    for event in events:
        before = first.setdefault(event["order_id"], event)
        one, other = owner[before["event_id"]], owner[event["event_id"]]
        if one != other:
            raise lab.wrong(
                f"split order {event['order_id']}: {one} gets {before['event']!r} and {other} gets "
                f"{event['event']!r}. Nobody keeps them in order then; what have all events of an order in common?"
            )


def _other_placements(events: list[Event], partitions: int, consumers: list[str]) -> list[tuple[Placed, str]]:
    count, owners = len(consumers), _ranges(partitions, consumers)
    each, block = partitions // count, -(-partitions // count)

    def by(owner_of: Callable[[int], str], key: str = "order_id") -> Placed:
        return _placed(events, consumers, lambda event: owner_of(_partition(event[key], partitions)))

    def directly(size: int, to: Callable[[int], str]) -> Placed:
        return _placed(events, consumers, lambda event: to(_partition(event["order_id"], size)))

    neighbours = (
        f"dealt the {partitions} partitions out in another way: neighbours stay together, in the order of the names "
        "given, and the first consumers get one more."
    )
    countries = len({event["country"] for event in events})
    last_more = list(reversed(_ranges(partitions, list(reversed(consumers)))))
    first_more = [consumers[0]] * (partitions % count) + [name for name in consumers for _ in range(each)]
    return [
        (
            by(lambda at: owners[at], "country"),
            f"keeps every order together, and all others of its country as well: {countries} values fill at most "
            f"{countries} of {partitions} partitions. Which key keeps just an order together?",
        ),
        (
            directly(count, lambda at: consumers[at]),
            f"took the checksum modulo the {count} consumers. A record is in a partition before anybody reads it: "
            "first the partition, then who has it.",
        ),
        (
            directly(4, lambda at: owners[min(at, partitions - 1)]),
            f"placed the keys as among 4 partitions, and these are {partitions}: with their number the place of a "
            "key changes.",
        ),
        (
            _placed(events, consumers, lambda event: owners[_partition(_as_number(event["order_id"]), partitions)]),
            "made a number of the key. It is text: '0042' has other bytes than '42'.",
        ),
        (by(lambda at: consumers[at % count]), neighbours),
        (by(lambda at: consumers[at // block]), neighbours),
        (by(lambda at: consumers[min(at // max(1, each), count - 1)]), neighbours),
        (by(lambda at: consumers[at * count // partitions]), neighbours),
        (by(lambda at: last_more[at]), neighbours),
        (by(lambda at: first_more[at]), neighbours),
        (by(lambda at: _ranges(partitions, sorted(consumers))[at]), neighbours),
    ]


def _as_number(key: str) -> str:
    return str(int(key)) if key.isdecimal() else key


# --- 14.2 ------------------------------------------------------------------------------------------------------------


def _at(first: int, end: int, committed: int | None, position: int, per_second: float) -> dict[str, Any]:
    return {
        "first": first,
        "end": end,
        "committed": committed,
        "position": position,
        "per_second": per_second,
    }


def _begin(at: dict[str, Any]) -> int:
    return at["first"] if at["committed"] is None else max(at["committed"], at["first"])


def _seconds(partitions: list[dict[str, Any]]) -> float | None:
    left = _left(partitions)
    if any(records and not rate for records, rate in left):
        return None
    return max((records / rate for records, rate in left if records), default=0.0)


def _left(case: list[dict[str, Any]]) -> list[tuple[int, float]]:
    return [(at["end"] - at["position"], at["per_second"]) for at in case]


def _report(lab: Lab) -> None:
    quick, quiet = _at(0, 1000, 700, 800, 100.0), _at(0, 40, 40, 40, 2.0)
    slow = _at(0, 100, 90, 95, 0.5)
    for case in [
        [_at(2, 17, 6, 9, 2.0)],  # all that may be mixed up differs: 15, 11, 8, 7, 3
        [_at(0, 60, 42, 50, 2.0), quick, slow, _at(0, 20, 16, 19, 1.0)],  # so do first, longest, last through, last
        [slow, quick],
        [quick, quiet, slow, quiet],
        [_at(0, 10, 8, 9, 1.0), _at(0, 2000, 900, 1000, 100.0)],
        [_at(0, 27, 18, 20, 2.0)],
        [_at(0, 8, None, 3, 1.0), quiet],
        [_at(50, 90, None, 60, 10.0), quick],
        [_at(400, 500, 100, 420, 20.0), quick],
        [_at(0, 30, 20, 30, 1.0), quiet],
        [quick, _at(0, 9, 1, 2, 0), quiet],
        [_at(0, 9, 1, 2, 0), quick, quiet],
        [_at(0, 40, 38, 40, 0), quick],
        [quiet, quiet],
        [_at(0, 0, None, 0, 0)],
    ]:
        _one_report(lab, case)


def _one_report(lab: Lab, case: list[dict[str, Any]]) -> None:
    try:
        given = lab.call([dict(at) for at in case])
    except Raised as raised:
        _name(lab, case)
        if isinstance(raised.error, ZeroDivisionError) and any(not at["per_second"] for at in case):
            raise lab.wrong("divided by 0: a consumer may be stuck. Does that matter if nothing is left?") from raised
        if isinstance(raised.error, ZeroDivisionError) and _slow(case):
            raise lab.wrong(f"divided by 0, and nobody is stuck: {_slow(case):g}/s is slow.") from raised
        if isinstance(raised.error, TypeError) and any(at["committed"] is None for at in case):
            raise lab.wrong(
                f"raised TypeError: {raised.error}. Where nothing is committed, the group begins at the first record."
            ) from raised
        raise
    _name(lab, case)
    if not isinstance(given, (tuple, list)) or len(given) != 3:
        raise lab.wrong(f"returned {show(given)}; it should return (lag, again, seconds).")
    right = (
        sum(at["end"] - _begin(at) for at in case),
        sum(at["position"] - _begin(at) for at in case),
        _seconds(case),
    )
    if all(one is None or _number(one) for one in given) and tuple(given) in {*permutations(right)} - {right}:
        raise lab.wrong(f"returned {show(given)}: the right numbers in another order; it is (lag, again, seconds).")
    lag, again, seconds = given
    if not _whole(lag) or not _whole(again) or not (seconds is None or _number(seconds)):
        raise lab.wrong(f"returned {show(given)}; two whole numbers, and seconds or None.")
    _right_lag(lab, lag, case)
    _right_again(lab, again, case)
    _right_seconds(lab, seconds if seconds is None else float(seconds), case)


def _name(lab: Lab, case: list[dict[str, Any]]) -> None:
    """The last call by what matters in it."""
    told = "; ".join(
        f"{at['first']}–{at['end']}, committed {at['committed']}, position {at['position']}, {at['per_second']:g}/s"
        for at in case
    )
    lab.did = f"{lab.did.partition('(')[0]}([{told}])"


def _right_lag(lab: Lab, lag: int, case: list[dict[str, Any]]) -> None:
    expected = sum(at["end"] - _begin(at) for at in case)
    if lag == expected:
        return
    what = f"says lag {lag}; it is {expected}."
    if lag == sum(at["end"] - (at["committed"] or 0) for at in case):
        raise lab.wrong(f"{what} What lies below the first offset was deleted, and can no longer be read.")
    if lag == sum(at["end"] - at["position"] for at in case):
        raise lab.wrong(f"{what} The group's place is what it committed, not what its consumers have done.")
    if lag == sum(at["end"] - _begin(at) for at in case if at["committed"] is not None):
        raise lab.wrong(f"{what} Where nothing was committed, all records that are there are still to come.")
    if lag == sum(at["position"] - _begin(at) for at in case):
        raise lab.wrong(f"{what} That is what is done and not committed; the records behind it are waiting, too.")
    if lag in _one_short(case, "end"):
        raise lab.wrong(f"{what} {_next_to_read(case)} is in the lag, too.")
    if lag == expected + len(case):
        raise lab.wrong(f"{what} No record has the offset {case[0]['end']} yet: the next new one will get it.")
    if len(case) > 1 and lag in [at["end"] - _begin(at) for at in case]:
        raise lab.wrong(f"{what} That is one partition; the topic has {len(case)}.")
    raise lab.wrong(f"{what} For each partition it is what the group gets if it begins where it committed.")


def _one_short(case: list[dict[str, Any]], until: str) -> list[int]:
    """The sum of all up to `until`, if what was committed is taken for the last record that is done."""
    return [
        sum(at[until] - max(at["first"], -1 if at["committed"] is None else at["committed"] + 1) for at in case),
        sum(at[until] - _begin(at) - 1 for at in case),
    ]


def _next_to_read(case: list[dict[str, Any]]) -> str:
    return f"The committed offset is the one to be read next, so the record {_begin(case[0])}"


def _right_again(lab: Lab, again: int, case: list[dict[str, Any]]) -> None:
    expected = sum(at["position"] - _begin(at) for at in case)
    if again == expected:
        return
    what = f"says that {again} come again; it is {expected}."
    left = sum(records for records, _ in _left(case))
    if again == 0:
        raise lab.wrong(f"{what} After a crash the group begins at the committed offset, whatever was done behind it.")
    if again == left:
        raise lab.wrong(f"{what} {left} are still to be done; which are done, and would come again?")
    if again == sum(at["position"] - at["first"] for at in case):
        raise lab.wrong(f"{what} What is committed does not come again.")
    if again == sum(at["end"] - _begin(at) for at in case):
        raise lab.wrong(f"{what} Not all that is not committed was done: some has not been worked on at all.")
    if again == sum(at["position"] - (at["committed"] or 0) for at in case):
        raise lab.wrong(f"{what} What lies below the first offset was deleted, and cannot come again.")
    if again in _one_short(case, "position"):
        raise lab.wrong(f"{what} {_next_to_read(case)} comes again, too.")
    if again == expected + len(case):
        raise lab.wrong(f"{what} The record at the position, here {case[0]['position']}, is not done yet.")
    if len(case) > 1 and again in [at["position"] - _begin(at) for at in case]:
        raise lab.wrong(f"{what} That is one partition; the topic has {len(case)}.")
    raise lab.wrong(f"{what} It is what is done and not committed.")


def _right_seconds(lab: Lab, seconds: float | None, case: list[dict[str, Any]]) -> None:
    expected = _seconds(case)
    if expected is None or seconds is None:
        if seconds is expected:
            return
        if expected is None:
            raise lab.wrong(f"says {seconds:g} s; one partition has records left and is stuck, so it never ends.")
        raise lab.wrong(f"says None; it takes {expected:g} s. {_not_never(expected, case)}")
    if math.isclose(seconds, expected, rel_tol=1e-6, abs_tol=1e-9):
        return
    what = f"says {seconds:.4g} s; it takes {expected:.4g} s."
    left = _left(case)
    lags = [(at["end"] - _begin(at), at["per_second"]) for at in case]
    longest, times = max(left, key=lambda one: one[0]), [records / rate for records, rate in left if rate]
    slowest = min(left, key=lambda one: one[1] if one[0] else math.inf)
    ideas = [
        (
            [_most(lags), *_sums(lags)],
            "What is done and not yet committed is in the lag, but it is no work any more.",
        ),
        (
            _sums(left),
            "No consumer works for another partition: each of them has a rest, a speed and an end of its own.",
        ),
        (
            [longest[0] / longest[1] if longest[1] else None],
            "The partition with the most records is not the one that ends last: their consumers differ in speed.",
        ),
        (
            [slowest[0] / slowest[1] if slowest[1] else None],
            "The lowest speed does not decide alone: that consumer may have little left.",
        ),
        ([sum(times)], "The partitions are worked off side by side, not one after the other."),
        ([math.floor(expected), math.ceil(expected)], "Fractions of a second count."),
        (times, f"One partition is through after {seconds:.4g} s; is that all of them?"),
    ]
    for values, hint in ideas:
        if any(value is not None and math.isclose(seconds, value, rel_tol=1e-6) for value in values):
            raise lab.wrong(f"{what} {hint}")
    if len(case) == 1:
        raise lab.wrong(f"{what} {left[0][0]} records at {left[0][1]:g} per second: how many seconds?")
    raise lab.wrong(f"{what} Which partition is through last, and when?")


def _slow(case: list[dict[str, Any]]) -> float | None:
    """A speed that becomes 0 as a whole number."""
    return next((at["per_second"] for at in case if 0 < at["per_second"] < 1), None)


def _not_never(expected: float, case: list[dict[str, Any]]) -> str:
    if not expected:
        return "Nothing is left; None is for never."
    if any(not at["per_second"] for at in case):
        return "A stuck consumer that has nothing left holds up nobody."
    if _slow(case):
        return f"{_slow(case):g}/s is slow, not stuck."
    return "None is for never, and nobody is stuck here."


def _most(work: list[tuple[int, float]]) -> float | None:
    return max((records / rate for records, rate in work if rate), default=None)


def _sums(work: list[tuple[int, float]]) -> list[float | None]:
    """All records by all speeds, by their mean."""
    records, rates = sum(one for one, _ in work), sum(rate for _, rate in work)
    return [records / rates if rates else None, records / rates * len(work) if rates else None]


# --- 14.3 ------------------------------------------------------------------------------------------------------------


def _commit_at(lab: Lab) -> None:
    for read, finished in [
        ([4, 5, 6], {4, 5, 6}),
        ([10, 11, 12, 13], {10, 11, 13}),
        ([10, 11, 12], {11, 12}),
        ([20, 21, 22, 23, 24], {20, 22, 23, 24}),
        ([5, 9, 10, 14], {5, 9}),
        ([5, 9, 10, 14], {5, 9, 10}),
        ([3, 9], {3, 9}),
        ([6, 7, 8, 9], {6}),  # a set of the others begins with 8
        ([4], set()),
        ([], set()),
        ([30, 31, 32], {28, 29, 30, 32}),
        ([30, 31], {28, 29}),
        ([0, 1, 2], {0, 1, 2}),
        ([0, 1], {0}),
        (list(range(100, 200)), set(range(100, 200)) - {150}),
    ]:
        _one_commit(lab, read, finished)


def _one_commit(lab: Lab, read: list[int], finished: set[int]) -> None:
    given = lab.call(list(read), set(finished))
    done = next((n for n, offset in enumerate(read) if offset not in finished), len(read))
    if not (given is None or _whole(given)):
        raise lab.wrong(f"returned {show(given)}; it should return an offset, or None.")
    if done == 0:
        if given is not None:
            raise lab.wrong(_nothing_done(given, read))
        return
    last, unfinished = read[done - 1], read[done] if done < len(read) else None
    if given is None:
        # Cases without a record 0 came first, so with one it is the 0 that was taken for nothing.
        zero = " (0 is an offset, too.)" if 0 in read else ""
        raise lab.wrong(f"returned None, and {last} is finished, as is all before it.{zero}")
    if given <= last:
        if given == last:
            raise lab.wrong(
                f"returned {given}, and the record {last} comes again at the next start: a group stores the offset "
                "that is to be read next."
            )
        raise lab.wrong(
            f"returned {given}, so {last} comes again, which is finished, as is all that was read before it."
            + (" Offsets are not counted: there are gaps." if read[done - 1] - read[0] >= done else "")
        )
    if unfinished is None and given > last + 1:
        raise lab.wrong(f"returned {given}: the next record may get the offset {last + 1}, and would be passed over.")
    if unfinished is not None and given > unfinished:
        raise lab.wrong(
            f"returned {given}, which says that all before it is done, {unfinished} too. That one is not finished; "
            "after a crash nobody would get it."
        )


def _nothing_done(given: int, read: list[int]) -> str:
    if not read:
        return f"returned {given}; nothing was read, so there is nothing to commit: None."
    if given > read[0]:
        return (
            f"returned {given}, which says that all before it is done, {read[0]} too. That one is not finished; after "
            "a crash nobody would get it."
        )
    return f"returned {given}; the first record is not finished, so there is nothing to commit: None."


# --- 14.4 ------------------------------------------------------------------------------------------------------------


def _torn(lab: Lab) -> None:
    ids = _ids(12)
    for old, new, before, after in [
        (ids[:8], ids[4:], 4, 6),
        (ids, ids[::-1], 4, 8),
        (ids[::-1] * 2, ids[3:] * 3, 3, 5),
        (["999", "1005", "998", "0041", "0042"], ["0042", "998", "0041", "1005", "999"], 4, 6),
        (["100", "1001", "1005"], ["1005", "1001", "1007"], 4, 7),
        (["Ä-7", "B-7", "Ö-12"], ["Ö-12", "Ä-7", "B-7"], 4, 6),
        (ids[:6], ids[6:], 4, 6),
        ([], ids, 4, 6),
        (ids, ids, 4, 4),
    ]:
        _one_tear(lab, old, new, before, after)


def _one_tear(lab: Lab, old: list[str], new: list[str], before: int, after: int) -> None:
    given = lab.call(list(old), list(new), before, after)
    lab.expect(given, list, "a sorted list of order ids")
    both = set(old) & set(new)
    moved = {key for key in {*old, *new} if _partition(key, before) != _partition(key, after)}
    expected = sorted(both & moved)
    if given == expected:
        return
    if any(not isinstance(one, str) for one in given):
        raise lab.wrong(f"returned {show(given)}; it should return order ids, as text.")
    what = f"returned {show(given)}"
    if set(given) == set(expected):
        how = "some of them twice" if len(given) > len(expected) else "not sorted"
        if given == _by_number(expected):
            how = "sorted as numbers; they are text"
        raise lab.wrong(f"{what}: these are the right orders, but {how}.")
    strange = set(given) - {*old, *new}
    if strange:
        raise lab.wrong(f"{what}: there is no order {show(min(strange))} here.")
    alone = set(given) - both
    if alone:
        raise lab.wrong(f"{what}: order {min(alone)} has events on one side of noon only, so all of them are together.")
    if set(given) == both:
        stays = min(both - moved)
        raise lab.wrong(f"{what}: order {stays} goes to the same partition as before, so it is in one piece.")
    key = min(set(given) ^ set(expected))
    raise lab.wrong(
        f"{what}: order {key} was in partition {_partition(key, before)} of {before} and is in "
        f"{_partition(key, after)} of {after} (crc32 of its bytes)."
    )


def _by_number(ids: list[str]) -> list[str]:
    return sorted(ids, key=int) if all(one.isdecimal() for one in ids) else ids


# --- 14.5 ------------------------------------------------------------------------------------------------------------


def _start(lab: Lab) -> None:
    for records, end, moment in [
        ([(0, 100), (1, 110), (2, 120), (3, 130)], 4, 115),
        ([(40, 100), (41, 110), (42, 120)], 43, 110),
        ([(0, 100), (1, 140), (2, 110), (3, 120), (4, 150)], 5, 120),
        ([(0, 100), (1, 150), (2, 90), (3, 95), (4, 120), (5, 97), (6, 160)], 7, 115),
        ([(7, 100), (9, 90), (12, 130)], 13, 110),
        ([(7, 100), (9, 90)], 12, 200),
        ([(3, 100), (4, 90)], 5, 10),
        ([], 30, 100),
        ([(5, 100), (6, 110)], 7, 100),
        ([(7, 100), (9, 120)], 12, 90),
        ([(0, 100), (1, 110)], 2, 90),
    ]:
        _one_start(lab, records, end, moment)


def _one_start(lab: Lab, records: list[tuple[int, int]], end: int, moment: int) -> None:
    given = lab.call(list(records), end, moment)
    count = [offset for offset, time in records if time >= moment]
    expected = count[0] if count else end
    if not _whole(given):
        raise lab.wrong(f"returned {show(given)}; it should return an offset{'' if count else f', here {end}'}.")
    if given == expected:
        return
    if not count:
        raise lab.wrong(f"returned {given}; no record qualifies, so a reader begins at the end, {end}.")
    place = next(n for n, (offset, _) in enumerate(records) if offset == expected)
    if place and records[place - 1][0] < given < expected:
        return  # within a gap: the same records are read from there
    if given == place:
        raise lab.wrong(f"returned {given}, a place in the list; its offset is {expected}.")
    if given > expected:
        raise lab.wrong(
            f"returned {given}: a reader from there misses the record {expected}, {_why(records, place, moment)}"
        )
    raise lab.wrong(f"returned {given}: the first record that counts has the offset {expected}, so begin there.")


def _why(records: list[tuple[int, int]], place: int, moment: int) -> str:
    """Why the record at that place counts."""
    (offset, time), times = records[place], [time for _, time in records]
    why = f"whose time is {time}" + (" (that moment counts)." if time == moment else f", later than {moment}.")
    if times != sorted(times):
        return f"{why} Times need not ascend."
    return why if offset else f"{why} 0 is an offset, too."


CHECKS = {
    "14.1": _place,
    "14.2": _report,
    "14.3": _commit_at,
    "14.4": _torn,
    "14.5": _start,
}
