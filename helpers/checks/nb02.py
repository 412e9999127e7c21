"""Checks of 02 Reading entries."""

from __future__ import annotations

import contextlib
import inspect
import os
import re
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import redis

from helpers.exercises import Lab, Raised, Wrong, show

NUMBERS = "Ids are two numbers, not text: 10 comes after 9."


def _fill(r: redis.Redis, key: str, ids: Sequence[str], first_order: int = 1001) -> list[tuple[str, dict]]:
    """Adds an order for each id; the entries as XRANGE gives them."""
    entries = [(entry_id, {"order_id": str(first_order + n)}) for n, entry_id in enumerate(ids)]
    for entry_id, fields in entries:
        r.xadd(key, fields, id=entry_id)
    return entries


def _words(args: tuple) -> list[str]:
    """What a client sends after a command's name; its options in capitals, as a key may not be."""
    words = [arg.decode() if isinstance(arg, bytes) else str(arg) for arg in args]
    return [word.upper() if word.upper() in ("BLOCK", "COUNT") else word for word in words]


class _Watch:
    """What an answer reads through its client `r`, outside of pipelines."""

    def __init__(self, r: redis.Redis) -> None:
        self._execute = r.execute_command
        r.execute_command = self._run
        self.counts: list[int | None] = []  # COUNT of each reading command; None is no limit
        self.start = ""  # of the last XRANGE
        self.dollar = False  # whether an XREAD had the id $
        self.read: set[str] = set()  # ids
        self.written: set[str] = set()  # ids; whoever gets the entries puts them in
        self.most_unwritten = 0

    def _run(self, name: str, *args: Any, **options: Any) -> Any:
        words = _words(args)
        if name.upper() == "XREAD" and "BLOCK" in words[:3]:
            # Nothing comes while an answer waits, so a long wait would only use up the time of the check.
            at = words.index("BLOCK") + 1
            if words[at].isdigit() and int(words[at]) > 5:
                args = (*args[:at], 5, *args[at + 1 :])
        result = self._execute(name, *args, **options)
        if name.upper() in ("XRANGE", "XREVRANGE", "XREAD"):
            self._note(name.upper(), words, result)
        return result

    def _note(self, name: str, words: list[str], result: Any) -> None:
        if name == "XREAD":
            self.dollar |= words[-1] == "$"
            entries = [entry for _, some in result or () for entry in some] if isinstance(result, list) else []
        else:
            self.start = words[1]
            entries = result or []
        if name == "XREAD" or words[1] != words[2]:
            count = words[words.index("COUNT") + 1] if "COUNT" in words else ""
            self.counts.append(int(count) if count.isdigit() else None)
        self.read |= {entry_id for entry_id, _ in entries}
        self.most_unwritten = max(self.most_unwritten, len(self.read - self.written))


def _call(lab: Lab, *args: Any) -> Any:
    """``lab.call``, which knows what a function with a yield returns."""
    result = lab.call(*args)
    if inspect.isgenerator(result):
        raise lab.wrong("returned a generator; nobody ran it. A yield makes one, and so does ( … for … ).")
    return result


def _unchanged(
    lab: Lab, r: redis.Redis, ids: Sequence[str], added: int, deleted: str = "0-0", keys: Sequence[str] = ()
) -> None:
    """The stream `orders` holds `ids` and is otherwise as the shop left it; no key is there but it and `keys`."""
    if not added:
        if r.exists("orders"):
            raise lab.wrong("left an empty stream at 'orders', where there was none: reading creates nothing.")
        return
    held = [entry_id for entry_id, _ in r.xrange("orders")] if r.exists("orders") else []
    info = r.xinfo_stream("orders") if r.exists("orders") else {}
    if gone := [entry_id for entry_id in ids if entry_id not in held]:
        raise lab.wrong(
            f"took {_some(gone)} out of the stream, and it belongs to the shop and all its readers: change nothing."
        )
    if held != list(ids) or info["entries-added"] != added or info["max-deleted-entry-id"] != deleted:
        raise lab.wrong("added something to the shop's stream: change nothing in it.")
    if info["groups"]:
        raise lab.wrong("left a consumer group on the shop's stream: change nothing in it.")
    if others := sorted(set(r.keys("*")) - {"orders", *keys}):
        raise lab.wrong(f"left the key {show(others[0])} behind.")


# --- 2.1 ----------------------------------------------------------------------------------------------------


class _Refused(Exception):
    """Ends an answer that gave something wrong to a function of the check, and that might never end."""


class _DiskFull(Exception):
    pass


class _Writer:
    """The accountant's `write`: keeps the entries, while orders come (`arriving`) and old ones go (`deleting`)."""

    def __init__(self, r: redis.Redis, watch: _Watch, page: int, arriving: Sequence[str], deleting: bool) -> None:
        self._r, self._watch, self._page = r, watch, page
        self._arriving, self._deleting = list(arriving), deleting
        self.full_at = 0  # the number of the call that fails
        self.calls = 0
        self.entries: list[tuple[str, dict]] = []
        self.deleted: list[str] = []
        self.refused = ""

    def __repr__(self) -> str:
        return "write"

    def __call__(self, entries: Any) -> None:
        self.calls += 1
        if self.calls == self.full_at:
            raise _DiskFull("disk full")
        page = list(entries)
        if not page:
            self._refuse("called write with an empty list; write gets at least one entry.")
        if not all(_is_entry(entry) for entry in page):
            self._refuse(f"called write({show(page)}); write takes a list of entries as xrange returns them.")
        if len(page) > self._page:
            self._refuse(f"called write with {len(page)} entries; it takes at most {self._page} at once.")
        for entry_id, fields in page:
            if entry_id in [written for written, _ in self.entries]:
                self._refuse(self._twice(entry_id))
            self.entries.append((entry_id, fields))
        self._watch.written |= {entry_id for entry_id, _ in page}
        if self._arriving:
            self._r.xadd("orders", {"order_id": "9999"}, id=self._arriving.pop(0))
        if self._deleting:
            self.deleted.append(page[-1][0])
            self._r.xdel("orders", page[-1][0])

    def _refuse(self, what: str) -> None:
        self.refused = self.refused or what
        raise _Refused(what)

    def _twice(self, entry_id: str) -> str:
        start = self._watch.start
        if re.fullmatch(r"\(\d+", start):
            return f"wrote {entry_id} twice: as a start {start} leaves out only {start[1:]}-0. Which id was read last?"
        return f"wrote {entry_id} twice: a range includes its start. Which start leaves out the id that was read?"


def _is_entry(entry: Any) -> bool:
    pair = isinstance(entry, (tuple, list)) and len(entry) == 2
    return pair and isinstance(entry[0], str) and isinstance(entry[1], dict)


def export(lab: Lab) -> None:
    plain = [f"{n}-0" for n in range(1, 6)]
    _export(lab, plain, 2, "Does the next page begin after the last id that was read?")
    busy = [f"5-{n}" for n in range(5)]
    hint = "It shares its millisecond with one that was read: a page ends at an id, not at a time."
    _export(lab, busy, 2, hint)
    _export(lab, plain[:4], 2, "")
    hint = "With page=1, a page that begins at the last id holds that one and no other."
    _export(lab, plain[:3], 1, hint)
    _export(lab, ["8-0", "9-0", "10-0", "11-0"], 2, NUMBERS)
    _export(lab, ["9-9", "9-10", "9-11"], 2, NUMBERS)
    hint = "It came during write. A page that is not full says where the end was; what says where it is?"
    _export(lab, plain[:3], 2, hint, arriving=["6-0", "6-1", "7-0"])
    hint = "The first of them came during the last write. Where is the end looked for: before write, or after it?"
    _export(lab, plain[:1], 2, hint, arriving=["2-0", "3-0", "4-0", "5-0"])
    hint = "Meanwhile somebody deleted orders that were written: a length does not say where the end is."
    _export(lab, plain, 2, hint, deleting=True)
    hint = "Its id is ahead of this machine's clock, and it is in the stream: the end is where nothing follows."
    _export(lab, ["1-0", "9999999999999-0"], 2, hint)
    _export(lab, [], 2, "A stream that does not exist has 0 entries, and write is not called.")
    _export_to_a_full_disk(lab)


def _export(
    lab: Lab, ids: list[str], page: int, hint: str, arriving: Sequence[str] = (), deleting: bool = False
) -> None:
    r = lab.redis()
    other, watch = lab.another(r), _Watch(r)
    entries = _fill(other, "orders", ids)
    write = _Writer(other, watch, page, arriving, deleting)
    try:
        written = _call(lab, r, "orders", write, page)
    except Raised as raised:
        if write.refused:
            raise lab.wrong(write.refused) from None
        if isinstance(raised.error, IndexError):
            raise lab.wrong(f"raised IndexError: {raised.error}. An empty page has no last entry.") from None
        raise
    if write.refused:
        raise lab.wrong(write.refused)
    wanted = entries + [(entry_id, {"order_id": "9999"}) for entry_id in arriving]
    if wanted and not write.calls:
        raise lab.wrong(
            "read from $, which finds only what comes after the call."
            if watch.dollar
            else f"never called write, and {len(wanted)} entries were there."
        )
    if watch.most_unwritten > 2 * page and all(count and count <= page for count in watch.counts):
        raise lab.wrong(
            f"held {watch.most_unwritten} entries that were not yet written: a long stream fits into no memory. "
            "Write a page before you read on."
        )
    _written(lab, write, wanted, hint)
    if any(count is None or count > page for count in watch.counts):
        raise lab.wrong(
            f"asked Redis for more than {page} entries at a time. A long stream fits into no memory: "
            "let the server stop after a page."
        )
    lab.expect(written, int, "how many entries were written")
    if written != len(wanted):
        raise lab.wrong(f"returned {written}; {len(wanted)} entries were to be written.")
    left = [entry_id for entry_id, _ in wanted if entry_id not in write.deleted]
    _unchanged(lab, other, left, len(wanted), write.deleted[-1] if write.deleted else "0-0")


def _written(lab: Lab, write: _Writer, wanted: list[tuple[str, dict]], hint: str) -> None:
    found = [entry_id for entry_id, _ in write.entries]
    if missing := [entry_id for entry_id, _ in wanted if entry_id not in found]:
        raise lab.wrong(f"wrote {found}, and left out {', '.join(missing)}. {hint}".rstrip())
    if found != [entry_id for entry_id, _ in wanted]:
        raise lab.wrong(f"wrote {found}; {[entry_id for entry_id, _ in wanted]} was expected, oldest first.")
    if write.entries != wanted:
        raise lab.wrong(f"gave write {show(write.entries[0])}; {show(wanted[0])} was expected.")


def _export_to_a_full_disk(lab: Lab) -> None:
    r = lab.redis()
    other, watch = lab.another(r), _Watch(r)
    _fill(other, "orders", [f"{n}-0" for n in range(1, 6)])
    write = _Writer(other, watch, 2, (), False)
    write.full_at = 2
    try:
        written = _call(lab, r, "orders", write, 2)
    except Raised:
        return
    raise lab.wrong(
        f"returned {show(written)}, although write raised an exception at its second page: an export with a hole "
        "must not look complete. Let the exception out."
    )


# --- 2.2 ----------------------------------------------------------------------------------------------------


class _NoPower(BaseException):
    """The process is gone: no `except Exception` sees it, and Redis hears nothing more from this client."""


class _MailServerDown(Exception):
    pass


class _Mail:
    """The exercise's `handle`: sends a mail, or fails at the order `trouble`."""

    def __init__(self, r: redis.Redis, trouble: str = "", power: bool = False) -> None:
        self._r, self._trouble, self._power = r, trouble, power
        self.sent: list[str] = []
        self.failed = 0
        self.refused = ""

    def __repr__(self) -> str:
        return "handle"

    def __call__(self, *args: Any) -> None:
        fields = args[0] if len(args) == 1 else None
        if not isinstance(fields, dict) or fields.keys() != {"order_id"}:
            given = ", ".join(show(arg) for arg in args)
            self.refused = self.refused or f"called handle({given}); handle takes the fields of one order."
            raise _Refused(self.refused)
        order = fields["order_id"]
        if order == self._trouble:
            self.failed += 1
            if not self._power:
                raise _MailServerDown("mail server down")
            self._r.execute_command = self._r.pipeline = _cut_off
            raise _NoPower
        self.sent.append(order)


def _cut_off(*_: Any, **__: Any) -> None:
    raise _NoPower


def send_mails(lab: Lab) -> None:
    ids = [f"{n}-0" for n in range(1, 5)]
    r = lab.redis()
    _fill(r, "orders", ids[:3])
    _send(lab, r, ids[:3], 0, "Without a position it begins with the first order of the stream.")
    _at(lab, r, "3-0")
    _send(lab, r, ids[:3], 3, "All three were done, and the position said so.")
    _at(lab, r, "3-0")

    _go_on(lab, ids, "2-0", "The position was 2-0, so the next order is the one after it.")
    _go_on(lab, ["5-0", "5-1", "5-2"], "5-0", "They share a millisecond with 1001, which was done.")
    _go_on(lab, ["8-0", "9-0", "10-0", "11-0"], "9-0", NUMBERS)
    _go_on(lab, ["9-8", "9-9", "9-10"], "9-9", NUMBERS)
    hint = "Somebody had deleted 2-0, where the position was. The order after 2-0 is still 1003."
    _go_on(lab, ids, "2-0", hint, delete="2-0")
    _go_on(lab, [f"{n}-0" for n in range(1, 206)], "", "One page is not yet the stream.")
    _go_on(lab, [], "", "A stream that does not exist has no order.")

    for power in (False, True):
        for trouble in (3, 1, 2, 4):
            _crash(lab, trouble, power)


def _go_on(lab: Lab, ids: list[str], position: str, hint: str, delete: str = "") -> None:
    r = lab.redis()
    _fill(r, "orders", ids)
    if delete:
        r.xdel("orders", delete)
    if position:
        r.set("position", position)
    _send(lab, r, ids, ids.index(position) + 1 if position else 0, hint, delete)
    if ids:
        _at(lab, r, ids[-1])


def _send(lab: Lab, r: redis.Redis, ids: list[str], done: int, hint: str, deleted: str = "") -> None:
    """Calls the answer on the orders 1001, 1002, ... of `ids`, of which the first `done` are done."""
    expected = [str(1001 + n) for n in range(done, len(ids))]
    before, other = r.get("position"), lab.another(r)
    mail, watch = _Mail(r), _Watch(r)
    try:
        handled = _call(lab, r, "orders", "position", mail)
    except Raised as raised:
        if mail.refused:
            raise lab.wrong(mail.refused) from None
        if not ids:
            raise lab.wrong(f"raised {type(raised.error).__name__}: {raised.error}. {hint}") from None
        if before is None and "stream ID" in str(raised.error):
            why = "No position is saved yet: what does r.get return then?"
            raise lab.wrong(f"raised {type(raised.error).__name__}: {raised.error}. {why}") from None
        raise
    if mail.refused:
        raise lab.wrong(mail.refused)
    if not mail.sent and expected:
        why = "A read from $ finds only what comes after the call. " if watch.dollar else ""
        raise lab.wrong(f"handled no order, and {len(expected)} were there and not done. {why}{hint}")
    if done and mail.sent == [str(1000 + done), *expected]:
        hint += " A range includes its start."
    if mail.sent != expected:
        order = " oldest first." if sorted(mail.sent) == expected else f" {hint}"
        raise lab.wrong(
            f"handled {_some(mail.sent)}; {_some(expected)} was expected{',' if 'old' in order else '.'}{order}"
        )
    lab.expect(handled, int, "how many orders it handled in this call")
    if handled != len(expected):
        raise lab.wrong(f"returned {handled}; it handled {len(expected)} orders in this call.")
    if not other.exists("position") and expected:
        return  # _at says more
    left = [entry_id for entry_id in ids if entry_id != deleted]
    _unchanged(lab, other, left, len(ids), deleted or "0-0", ["position"])


def _some(orders: list[str]) -> str:
    if len(orders) < 8:
        return ", ".join(orders) or "nothing"
    return f"{len(orders)} orders from {orders[0]} to {orders[-1]}"


def _at(lab: Lab, r: redis.Redis, expected: str) -> None:
    """The key `position` holds `expected`, or the hint says what it holds instead."""
    if r.type("position") not in ("string", "none"):
        raise lab.wrong(f"left a {r.type('position')} at the key 'position'; it should be a string, the id.")
    saved = r.get("position")
    if saved is None:
        raise lab.wrong(
            "left nothing at the key 'position'. The next process looks at 'position', and finds nothing there; "
            "what this one has in its own memory is gone with it."
        )
    if not re.fullmatch(r"\d{1,12}(-\d+)?", saved):
        raise lab.wrong(
            f"saved something at 'position' that is no id of an order; {expected} was expected. "
            "A clock cannot say where to go on: orders share a millisecond, and come while you look at it. "
            "Save the id."
        )
    if saved != expected:
        raise lab.wrong(f"saved {show(saved)} at 'position'; the last order that is done has the id {expected}.")
    if r.ttl("position") != -1:
        raise lab.wrong(
            "left a position that expires. When it is gone, the next process begins with the first order again."
        )


def _crash(lab: Lab, trouble: int, power: bool) -> None:
    """Five orders of one millisecond; number `trouble` makes trouble, and then a new process goes on."""
    r = lab.redis()
    later, _ = lab.another(r), _Watch(r)
    _fill(later, "orders", [f"5-{n}" for n in range(5)])
    orders = [str(1001 + n) for n in range(5)]
    failing, before, rest = orders[trouble - 1], orders[: trouble - 1], orders[trouble - 1 :]
    mail, what = _Mail(r, failing, power), "the power failed" if power else "handle raised"
    _until_the_crash(lab, r, mail, power)
    if mail.failed > 1:
        raise lab.wrong(
            f"called handle again with {failing} after it had raised. Let the exception out: when to try again is "
            "for the caller to say."
        )
    if mail.sent != before:
        raise lab.wrong(f"handled {_some(mail.sent)} before {what} at {failing}; {_some(before)} was expected.")
    saved = later.get("position") if later.type("position") == "string" else None
    if saved == f"5-{trouble - 1}":
        raise lab.wrong(
            f"had saved {saved}, the order {failing}, when {what} in the middle of it: the next process goes on "
            f"after {failing}, and nobody ever handles it. Which comes first, the mail or the position?"
        )
    if before and saved in (None, "0", "0-0"):
        kind = "no line of yours runs after it, not even a finally. " if power else ""
        raise lab.wrong(
            f"had saved nothing when {what} at {failing}: {kind}{' and '.join(before)} had been handled, and will be "
            "handled again. When is an order done?"
        )
    if before:
        _at(lab, later, f"5-{trouble - 2}")
    again, _ = _Mail(later), _Watch(later)
    _call(lab, later, "orders", "position", again)
    if again.sent != rest:
        same = f" They share a millisecond with {before[-1]}." if before else ""
        raise lab.wrong(
            f"went on with {_some(again.sent)} after a crash at {failing}; {_some(rest)} was expected.{same}"
        )


def _until_the_crash(lab: Lab, r: redis.Redis, mail: _Mail, power: bool) -> None:
    try:
        _call(lab, r, "orders", "position", mail)
    except _NoPower:
        return
    except Raised as raised:
        if isinstance(raised.error, _MailServerDown) or power:
            return
        if isinstance(raised.error.__cause__ or raised.error.__context__, _MailServerDown):
            text = f"raised {type(raised.error).__name__}: {raised.error}"
            raise lab.wrong(f"{text}; the exception of handle itself should come out.") from None
        raise
    if not power:
        raise lab.wrong("kept the exception of handle to itself; whoever called it has to hear of it: let it out.")


# --- 2.3 ----------------------------------------------------------------------------------------------------


def _ms(clock: str) -> int:
    """`clock`, such as "14:00:00.000" on the day of the exercise, in UTC, as milliseconds."""
    return round(datetime.fromisoformat(f"2026-03-02 {clock}").replace(tzinfo=UTC).timestamp() * 1000)


@contextlib.contextmanager
def _seven_hours_behind() -> Iterator[None]:
    """A machine whose clock is not UTC, so that an answer that depends on it shows."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "XXX7"
    getattr(time, "tzset", int)()
    try:
        yield
    finally:
        os.environ.pop("TZ")
        if before is not None:
            os.environ["TZ"] = before
        getattr(time, "tzset", int)()


_Row = tuple[str, int, str, str]  # the clock and the sequence of the id, order_id, and `at` as a clock or ""


def received(lab: Lab) -> None:
    with _seven_hours_behind():
        _received_plain(lab)
        _received_at_the_edges(lab)
        _received_in_another_window(lab)
        _received_from_a_till_that_was_offline(lab)
        _received_late(lab)


def _received(lab: Lab, rows: list[_Row], end: str = "14:05", some: bool = True) -> list[tuple[str, int]]:
    """Calls the answer on `rows` for the window from 14:00 to `end`, in which there are `some`."""
    r = lab.redis()
    for clock, sequence, order, at in rows:
        fields = {"order_id": order, **({"at": _ms(at)} if at else {})}
        r.xadd("orders", fields, id=f"{_ms(clock)}-{sequence}")
    watch = _Watch(r)
    try:
        found = _call(lab, r, "orders", "2026-03-02 14:00", f"2026-03-02 {end}")
    except Raised as raised:
        if isinstance(raised.error, KeyError) and "at" in str(raised.error):
            raise lab.wrong("raised KeyError: 'at'. An order without `at` has the time of its id.") from None
        raise
    if found is None and not some:
        raise lab.wrong("returned None; no order came in this window, and the list of none is [].")
    lab.expect(found, list, "a list of pairs (order_id, placed)")
    if some and not found and re.fullmatch(r"\(?\d{1,11}(-\d+)?", watch.start):
        raise lab.wrong(f"returned no order: its range begins at {watch.start}. The time in an id counts milliseconds.")
    for pair in found:
        fits = isinstance(pair, (tuple, list)) and len(pair) == 2 and isinstance(pair[0], str)
        if not fits or isinstance(pair[1], bool) or not isinstance(pair[1], int):
            raise lab.wrong(
                f"returned {show(pair)} in its list; a pair is a text and an int, as ('1001', 1772460000000)."
            )
        if re.fullmatch(r"\d+-\d+", pair[0]):
            raise lab.wrong(f"returned {show(pair)} in its list: that is the id of the entry, order_id is its field.")
    return [tuple(pair) for pair in found]


def _compare(lab: Lab, rows: list[_Row], found: list[tuple[str, int]], expected: list[str], hint: str) -> None:
    """Exactly the orders `expected` were returned, in the order of `rows`, each with the time it was placed."""
    orders = [order for order, _ in found]
    if orders != expected and sorted(orders) == sorted(expected):
        hint = "They come in the order of the stream."
    if orders != expected:
        raise lab.wrong(f"returned the orders {orders}; {expected} were expected. {hint}")
    placed = {order: _ms(at or clock) for clock, _, order, at in rows}
    for order, at in found:
        if at != placed[order]:
            raise lab.wrong(
                f"said that order {order} was placed at {at}; {placed[order]} was expected. An id is the "
                "milliseconds, a dash, and a sequence."
            )


def _received_plain(lab: Lab) -> None:
    # 21:02 UTC is 14:02 on this machine.
    rows = [("13:50", 0, "1", ""), ("14:01", 0, "2", ""), ("14:03", 1, "3", ""), ("14:20", 0, "4", "")]
    rows += [("21:02", 0, "5", "")]
    found = _received(lab, rows)
    if [order for order, _ in found] == ["5"]:
        raise Wrong(
            f"On a machine 7 hours behind UTC {lab.did} returned the order of 21:02 UTC. A datetime without a time "
            "zone means the machine's: the texts are UTC, and so are ids."
        )
    _compare(lab, rows, found, ["2", "3"], "Both came between 14:00 and 14:05 UTC, and no other.")


def _received_at_the_edges(lab: Lab) -> None:
    rows = [("13:59:59.999", 5, "1", ""), ("14:00", 0, "2", ""), ("14:00", 3, "3", "")]
    rows += [("14:04:59.999", 0, "4", ""), ("14:04:59.999", 7, "5", ""), ("14:05", 0, "6", ""), ("14:05", 2, "7", "")]
    found = _received(lab, rows)
    orders = [order for order, _ in found]
    if "1" in orders:
        raise lab.wrong(f"returned {orders}: order 1 came at 13:59:59.999.")
    if {"2", "3"} - set(orders):
        raise lab.wrong(f"returned {orders}, without the orders 2 and 3 of 14:00:00.000: start is included.")
    if {"6", "7"} & set(orders):
        raise lab.wrong(
            f"returned {orders}: 6 and 7 came at 14:05:00.000, which is not included. At the end of a range, "
            "what does an id without a sequence stand for, with or without a ( before it?"
        )
    if {"4", "5"} - set(orders):
        raise lab.wrong(
            f"returned {orders}: 4 and 5 came at 14:04:59.999, the second with the sequence 7. The last "
            "millisecond belongs to the window with all that came in it."
        )
    _compare(lab, rows, found, ["2", "3", "4", "5"], "")


def _received_in_another_window(lab: Lab) -> None:
    rows = [("14:01", 0, "1", ""), ("14:04", 0, "2", ""), ("14:20", 0, "3", ""), ("14:40", 0, "4", "")]
    hint = "Not every window is five minutes long: it reaches up to `end`."
    _compare(lab, rows, _received(lab, rows, "14:30"), ["1", "2", "3"], hint)
    _compare(lab, rows, _received(lab, rows, "14:02"), ["1"], hint)
    for rows, where in ([("13:00", 0, "1", "")], "a window without orders"), ([], "a stream that does not exist"):
        if found := _received(lab, rows, some=False):
            raise lab.wrong(f"returned {show(found)} for {where}.")
    rows = [("14:01", n, str(n), "") for n in range(150)]
    found = _received(lab, rows)
    if len(found) < 150:
        raise lab.wrong(f"returned {len(found)} of the 150 orders of one minute. All of them belong to the report.")
    _compare(lab, rows, found, [row[2] for row in rows], "")


def _received_from_a_till_that_was_offline(lab: Lab) -> None:
    rows = [("14:01", 0, "1", ""), ("14:02", 0, "2", "14:00"), ("14:03", 0, "3", ""), ("14:04", 0, "2", "14:00")]
    found = _received(lab, rows)
    orders = [order for order, _ in found]
    if "2" not in orders:
        raise lab.wrong(f"returned the orders {orders}, without 2, which has a field `at`: it belongs to the report.")
    if orders.count("2") == 1:
        raise lab.wrong(
            f"returned the orders {orders}: 2 reached the stream twice, and the report has a pair for each entry."
        )
    if ("2", _ms("14:02")) in found:
        raise lab.wrong(
            "said that order 2 was placed at 14:02, the time of its id. The id says when an order reached "
            "the stream; this till was offline, and the customer ordered at 14:00."
        )
    _compare(lab, rows, found, ["1", "2", "3", "2"], "")


def _received_late(lab: Lab) -> None:
    rows = [("14:01", 0, "1", "13:20"), ("14:02", 0, "2", ""), ("14:30", 0, "3", "14:03")]
    found = _received(lab, rows)
    orders = [order for order, _ in found]
    if "1" not in orders or "3" in orders:
        raise lab.wrong(
            f"returned the orders {orders}: 1 was placed at 13:20 and reached the stream at 14:01; 3 was "
            "placed at 14:03 and reached it at 14:30. The window is about reaching the stream."
        )
    _compare(lab, rows, found, ["1", "2"], "")


# --- 2.4 ----------------------------------------------------------------------------------------------------


class _ForEver(BaseException):
    """The answer sent BLOCK 0; ends it, as Redis would not."""


def wait_for_orders(lab: Lab) -> None:
    _nothing_between_two_calls_is_lost(lab)
    _the_stream_may_be_missing(lab)
    _ids_are_numbers(lab)
    _all_that_is_there(lab)
    _it_waits(lab, there=True)
    _it_waits(lab, there=False)
    _nothing_within_a_call_is_lost(lab)
    _no_time_at_all(lab)


def _wait(lab: Lab, r: redis.Redis, after: str, ms: int) -> tuple[list[str], str]:
    """The ids of the new entries, and the next `after`."""
    execute, there = r.execute_command, r.exists("orders")

    def run(name: str, *args: Any, **options: Any) -> Any:
        words = _words(args)
        if name.upper() == "XREAD" and "BLOCK" in words[:3] and words[words.index("BLOCK") + 1] == "0":
            raise _ForEver
        return execute(name, *args, **options)

    r.execute_command = run
    try:
        answer = _call(lab, r, "orders", after, ms)
    except _ForEver:
        raise lab.wrong("sent BLOCK 0, which waits for ever. 0 ms means: look, and do not wait.") from None
    except Raised as raised:
        why = "" if there else " The stream does not exist yet: what is its last id?"
        if there and isinstance(raised.error, (IndexError, KeyError)):
            why = " Nothing came: what does xread return then?"
        raise lab.wrong(f"raised {type(raised.error).__name__}: {raised.error}.{why}") from None
    finally:
        r.execute_command = execute
    pair = isinstance(answer, (tuple, list)) and len(answer) == 2
    if not pair or not isinstance(answer[0], list) or not isinstance(answer[1], str):
        raise lab.wrong(f"returned {show(answer)}; it should return a list of entries and the next after, a text.")
    for entry in answer[0]:
        if isinstance(entry, (tuple, list)) and len(entry) == 2 and entry[0] == "orders":
            raise lab.wrong(
                f"returned {show(answer[0])}, with the stream's name: return the entries of this one stream."
            )
        if not _is_entry(entry):
            raise lab.wrong(
                f"returned {show(answer[0])}; new entries are pairs of id and fields, as xrange gives them."
            )
    return [entry_id for entry_id, _ in answer[0]], answer[1]


def _nothing_between_two_calls_is_lost(lab: Lab) -> None:
    r = lab.redis()
    _fill(r, "orders", ["1-0", "2-0"])
    new, after = _wait(lab, r, "$", 20)
    if new:
        raise lab.wrong(f"returned {new}, which were there before the call; $ means only what comes from now on.")
    _fill(r, "orders", ["3-0", "3-1"], 1003)
    new, last = _wait(lab, r, after, 20)
    if set(new) < {"3-0", "3-1"} and new:
        raise lab.wrong(f"returned {new}, and both 3-0 and 3-1 were there: return all new entries.")
    if "1-0" in new or "2-0" in new:
        raise lab.wrong(f"returned {new}: 1-0 and 2-0 were there before the first call, whose after was $.")
    if new != ["3-0", "3-1"]:
        why = "Pass on an id: one that was in the stream, or one that comes before all."
        if after == "$":
            why = "A $ that is handed back is worked out anew, and by then these orders are old."
        raise lab.wrong(f"returned {new}: 3-0 and 3-1, which came between two calls, were expected. {why}")
    what = lab.did
    _fill(r, "orders", ["3-2"], 1005)
    new, _ = _wait(lab, r, last, 20)
    if "3-1" in new:
        raise lab.wrong(f"returned {new}, 3-1 a second time; the next after is the last id of the new entries.")
    if new != ["3-2"]:
        why = "" if last in ("3-0", "3-1") else " The next after is not an id that you got."
        raise Wrong(f"{what} gave {show(last)} as the next after, and with that 3-2 is not seen.{why}")
    _unchanged(lab, r, ["1-0", "2-0", "3-0", "3-1", "3-2"], 5)


def _the_stream_may_be_missing(lab: Lab) -> None:
    r = lab.redis()
    new, after = _wait(lab, r, "$", 20)
    _unchanged(lab, r, [], 0)
    _fill(r, "orders", ["1-0"])
    new, _ = _wait(lab, r, after, 20)
    if new != ["1-0"]:
        raise lab.wrong(
            f"returned {new}: 1-0 is the first order of a stream that did not exist before; it was expected."
        )


def _ids_are_numbers(lab: Lab) -> None:
    r = lab.redis()
    _fill(r, "orders", ["8-0", "9-0", "10-0"])
    new, after = _wait(lab, r, "9-0", 20)
    if new != ["10-0"] or after != "10-0":
        raise lab.wrong(f"returned {new} and {show(after)}; ['10-0'] and '10-0' were expected. {NUMBERS}")


def _all_that_is_there(lab: Lab) -> None:
    r = lab.redis()
    _fill(r, "orders", [f"{n}-0" for n in range(1, 152)])
    new, _ = _wait(lab, r, "1-0", 20)
    if len(new) < 150:
        raise lab.wrong(f"returned {len(new)} of 150 new entries: return all new entries.")


def _it_waits(lab: Lab, there: bool) -> None:
    r = lab.redis()
    other = lab.another(r)
    if there:
        _fill(other, "orders", ["1-0"])
    order = threading.Timer(0.05, _fill, (other, "orders", ["2-0"], 1002))
    began = time.monotonic()
    order.start()
    new, _ = _wait(lab, r, "1-0" if there else "0-0", 3000)
    took = time.monotonic() - began
    order.join()
    if new != ["2-0"]:
        missing = "" if there else " The stream did not exist before: an XREAD waits for it, too."
        raise lab.wrong(
            f"returned {new}, and an order came 50 ms after the call: it should wait up to ms milliseconds.{missing}"
        )
    if took > 2:
        raise lab.wrong(
            "returned only when all 3000 ms were over, and the order came after 50: return with it at once."
        )


def _nothing_within_a_call_is_lost(lab: Lab) -> None:
    """An order comes right after each command that reads: all of them have to be seen."""
    coming = [f"{n}-0" for n in range(10, 16)]
    came: list[str] = []

    def another_order(name: str, _: tuple) -> None:
        if coming and name in ("XREAD", "XRANGE", "XREVRANGE", "XINFO STREAM", "XINFO"):
            came.append(coming.pop(0))
            other.xadd("orders", {"order_id": "1002"}, id=came[-1])

    r = lab.redis(after=another_order)
    other = lab.another(r)
    other.xadd("orders", {"order_id": "1001"}, id="1-0")
    seen, after = _wait(lab, r, "$", 20)
    first, expected = lab.did, list(came)
    coming.clear()
    again, _ = _wait(lab, other, after, 20)
    if seen + again == expected:
        return
    if lost := [entry_id for entry_id in expected if entry_id not in seen + again]:
        why = "Find out the last id before you wait, and wait from there."
        if seen and after != seen[-1]:
            why = "The next after is the last id that you got; the stream's may be newer."
        raise lab.wrong(
            f"never saw {', '.join(lost)}, which came during {first}, between one command of it and the next. {why}"
        )
    raise lab.wrong(f"returned {seen + again} in two calls; {expected} were expected, each once.")


def _no_time_at_all(lab: Lab) -> None:
    r = lab.redis()
    _fill(r, "orders", ["1-0", "2-0"])
    new, after = _wait(lab, r, "2-0", 0)
    if new or after != "2-0":
        raise lab.wrong(f"returned {new} and {show(after)}; nothing is new, so [] and '2-0' were expected.")
    new, _ = _wait(lab, r, "1-0", 0)
    if new != ["2-0"]:
        raise lab.wrong(f"returned {new}; 2-0 was there already, and it takes no waiting to read it.")


# --- 2.5 ----------------------------------------------------------------------------------------------------


def may_have_missed(lab: Lab) -> None:
    ids = [f"{n}-0" for n in range(1, 6)]
    _missed(lab, ids, "3-0", False, "Orders 1-0 to 5-0 are all there.")
    _missed(lab, ids, "5-0", False, "The stream is where the reader is: nothing is new, nothing is gone.")
    _missed(lab, [], "5-0", True, "The stream does not exist any more, so nobody knows what was in it.")
    hint = "It was started anew, and its newest id is below saved: at saved, nobody hears of these orders."
    _missed(lab, ["1-0", "2-0", "3-0"], "9-0", True, hint)
    _missed(lab, ["5-0", "5-1"], "5-3", True, hint + " An id has a sequence, too.")
    long = [f"{n}-0" for n in range(1, 10)]
    gone = "The oldest entry left is 6-0: 4-0 and 5-0 were trimmed, and never read."
    _missed(lab, long, "3-0", True, gone, keep=4)
    _missed(lab, long, "7-0", False, "The oldest entry left is 6-0, which is older than saved.", keep=4)
    _missed(lab, long, "3-0", True, "Nine were added, and none is left.", keep=0)
    hint = "The stream was trimmed to nothing, but 9-0 was the last that was ever added, and it was read."
    _missed(lab, long, "9-0", False, hint, keep=0)
    hint = "6-0, the oldest entry left, was read, and all that came after it is there."
    _missed(lab, long, "6-0", False, hint, keep=4)
    _missed(lab, [f"{n}-0" for n in range(1, 11)], "9-0", False, NUMBERS, keep=3)
    _missed(lab, ["5-2", "5-9", "5-10"], "5-9", False, "The sequence is a number: 5-10 comes after 5-9.")
    hint = "Milliseconds first, then the sequence: 10-0 comes after 9-10."
    _missed(lab, ["9-10", "10-0"], "9-10", False, hint)
    _missed(lab, ["8-0", "9-0"], "10-0", True, NUMBERS + " This stream was started anew, and is behind saved.")
    hint = "Only the entry saved itself was deleted, and that one was read: older and newer ones are there."
    _missed(lab, ids, "3-0", False, hint, delete="3-0")
    hint = "The whole stream was replaced by one that is ahead of saved: what followed saved before is gone."
    _missed(lab, ["100-0", "101-0"], "5-0", True, hint)


def _missed(
    lab: Lab, ids: list[str], saved: str, expected: bool, hint: str, keep: int | None = None, delete: str = ""
) -> None:
    r = lab.redis()
    _fill(r, "orders", ids)
    if keep is not None:
        r.xtrim("orders", maxlen=keep, approximate=False)
    if delete:
        r.xdel("orders", delete)
    held = [entry_id for entry_id, _ in r.xrange("orders")]
    where = f"with {held[0]} to {held[-1]} in the stream" if held else "with no entry in the stream"
    where = where if ids else "with no such stream"
    before = r.xinfo_stream("orders") if ids else {}
    try:
        missed = _call(lab, r, "orders", saved)
    except Raised as raised:
        raise lab.wrong(f"raised {type(raised.error).__name__}: {raised.error}, {where}. {hint}") from None
    if not isinstance(missed, bool):
        raise lab.wrong(f"returned {show(missed)}; it should return True or False.")
    if missed != expected:
        raise Wrong(f"{lab.did} returned {missed}, {where}. {hint}")
    if (r.xinfo_stream("orders") if r.exists("orders") else {}) != before:
        raise lab.wrong(f"changed the stream, {where}: a question changes nothing.")


CHECKS = {
    "2.1": export,
    "2.2": send_mails,
    "2.3": received,
    "2.4": wait_for_orders,
    "2.5": may_have_missed,
}
