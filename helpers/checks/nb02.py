"""Checks of 02 Reading entries."""

from __future__ import annotations

import contextlib
import os
import re
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import redis

from helpers.exercises import Lab, Raised, Wrong, show


def _fill(r: redis.Redis, key: str, ids: Sequence[str], first_order: int = 1001) -> list[tuple[str, dict]]:
    """Adds an order for each id; the entries as XRANGE gives them."""
    entries = [(entry_id, {"order_id": str(first_order + n)}) for n, entry_id in enumerate(ids)]
    for entry_id, fields in entries:
        r.xadd(key, fields, id=entry_id)
    return entries


# --- 2.1 ----------------------------------------------------------------------------------------------------


class _Refused(Exception):
    """What was wrong with a page; ends an export that might never end."""


class _Writer:
    """The accountant's `write`: keeps the entries, and lets orders come while it is busy with a page."""

    def __init__(self, r: redis.Redis, page: int, arriving: Sequence[str]) -> None:
        self._r, self._page, self._arriving = r, page, list(arriving)
        self.entries: list[tuple[str, dict]] = []

    def __repr__(self) -> str:
        return "write"

    def __call__(self, entries: Any) -> None:
        page = list(entries)
        if not page:
            raise _Refused("called write with an empty list; write gets at least one entry.")
        if not all(_is_entry(entry) for entry in page):
            raise _Refused(f"called write({show(page)}); write takes a list of entries as xrange returns them.")
        if len(page) > self._page:
            raise _Refused(f"called write with {len(page)} entries; it takes at most {self._page} at once.")
        before = {entry_id for entry_id, _ in self.entries}
        for entry_id, fields in page:
            if entry_id in before:
                raise _Refused(
                    f"wrote {entry_id} twice: a range includes its start. Which start leaves out the id that was read?"
                )
            self.entries.append((entry_id, fields))
        if self._arriving:
            self._r.xadd("orders", {"order_id": "9999"}, id=self._arriving.pop(0))


def _is_entry(entry: Any) -> bool:
    pair = isinstance(entry, (tuple, list)) and len(entry) == 2
    return pair and isinstance(entry[0], str) and isinstance(entry[1], dict)


def export(lab: Lab) -> None:
    plain = [f"{n}-0" for n in range(1, 6)]
    _export(lab, plain, 2, "An entry is missing: does the next page begin after the last id that was read?")
    busy = [f"5-{n}" for n in range(5)]
    hint = "It shares its millisecond with one that was read: a page ends at an id, not at a time."
    _export(lab, busy, 2, hint)
    hint = "Every page was full, and then nothing was left. Which answer says so?"
    _export(lab, plain[:4], 2, hint)
    hint = "It came during write. A page that is not full says where the end was; what says where it is?"
    _export(lab, plain[:3], 2, hint, arriving=["6-0", "6-1", "7-0"])
    _export(lab, [], 2, "A stream that does not exist has 0 entries, and write is not called.")


def _export(lab: Lab, ids: list[str], page: int, hint: str, arriving: Sequence[str] = ()) -> None:
    asked: list[int | None] = []
    r = lab.redis(after=lambda name, args: asked.extend(_counts(name, args)))
    entries = _fill(lab.another(r), "orders", ids)
    write = _Writer(lab.another(r), page, arriving)
    try:
        written = lab.call(r, "orders", write, page)
    except Raised as raised:
        if isinstance(raised.error, _Refused):
            raise lab.wrong(str(raised.error)) from None
        raise lab.wrong(f"raised {type(raised.error).__name__}: {raised.error}. {hint}") from None
    wanted = entries + [(entry_id, {"order_id": "9999"}) for entry_id in arriving]
    found = [entry_id for entry_id, _ in write.entries]
    if missing := [entry_id for entry_id, _ in wanted if entry_id not in found]:
        raise lab.wrong(f"wrote {found}, and left out {', '.join(missing)}. {hint}")
    if found != [entry_id for entry_id, _ in wanted]:
        raise lab.wrong(f"wrote {found}; {[entry_id for entry_id, _ in wanted]} was expected, oldest first.")
    if write.entries != wanted:
        raise lab.wrong(f"gave write {show(write.entries[0])}; {show(wanted[0])} was expected.")
    if any(count is None or count > page for count in asked):
        raise lab.wrong(
            f"asked Redis for more than {page} entries at a time. A long stream fits into no memory: "
            "let the server stop after a page."
        )
    lab.expect(written, int, "how many entries were written")
    if written != len(wanted):
        raise lab.wrong(f"returned {written}; {len(wanted)} entries were to be written.")


def _counts(name: str, args: tuple) -> Iterator[int | None]:
    """How many entries a reading command asks for at most; None is no limit."""
    words = [arg.decode() if isinstance(arg, bytes) else str(arg) for arg in args]
    if name not in ("XRANGE", "XREVRANGE", "XREAD") or (name != "XREAD" and words[1:2] == words[2:3]):
        return
    upper = [word.upper() for word in words]
    count = words[upper.index("COUNT") + 1] if "COUNT" in upper else ""
    yield int(count) if count.isdigit() else None


# --- 2.2 ----------------------------------------------------------------------------------------------------


class _NoPower(BaseException):
    """The process is gone: no `except Exception` sees it, and Redis hears nothing more from this client."""


class _MailServerDown(Exception):
    pass


class _Mail:
    """The exercise's `handle`: sends a mail, or fails once at the order `trouble`."""

    def __init__(self, r: redis.Redis, trouble: str = "", power: bool = False) -> None:
        self._r, self._trouble, self._power = r, trouble, power
        self.sent: list[str] = []

    def __repr__(self) -> str:
        return "handle"

    def __call__(self, fields: dict) -> None:
        order = fields["order_id"]
        if order == self._trouble:
            if not self._power:
                raise _MailServerDown("mail server down")
            self._r.execute_command = self._r.pipeline = _cut_off
            raise _NoPower
        self.sent.append(order)


def _cut_off(*_: Any, **__: Any) -> None:
    raise _NoPower


def send_mails(lab: Lab) -> None:
    r = lab.redis()
    _fill(r, "orders", ["1-0", "2-0", "3-0"])
    hint = "Without a position it begins with the first order of the stream."
    _send(lab, r, ["1001", "1002", "1003"], hint)
    _at(lab, r, "3-0")
    _send(lab, r, [], "All three were done, and the position said so.")

    r = lab.redis()
    _fill(r, "orders", ["1-0", "2-0", "3-0", "4-0"])
    r.set("position", "2-0")
    _send(lab, r, ["1003", "1004"], "The position was 2-0, so the next order is the one after it.")

    r = lab.redis()
    _fill(r, "orders", [f"{n}-0" for n in range(1, 206)])
    orders = [str(1000 + n) for n in range(1, 206)]
    _send(lab, r, orders, "One page is not yet the stream.")

    _crash(lab, power=False)
    _crash(lab, power=True)


def _send(lab: Lab, r: redis.Redis, expected: list[str], hint: str) -> None:
    mail = _Mail(r)
    handled = lab.call(r, "orders", "position", mail)
    if not mail.sent and expected:
        raise lab.wrong(
            f"handled no order, and {len(expected)} were there and not done. (A read from $ finds only what "
            f"comes after the call.) {hint}"
        )
    if mail.sent != expected:
        raise lab.wrong(f"handled {_some(mail.sent)}; {_some(expected)} was expected. {hint}")
    lab.expect(handled, int, "how many orders it handled in this call")
    if handled != len(expected):
        raise lab.wrong(f"returned {handled}; it handled {len(expected)} orders in this call.")


def _some(orders: list[str]) -> str:
    if len(orders) < 8:
        return ", ".join(orders) or "nothing"
    return f"{len(orders)} orders from {orders[0]} to {orders[-1]}"


def _at(lab: Lab, r: redis.Redis, expected: str) -> None:
    """The key `position` holds `expected`, or the hint says what it holds instead."""
    if r.type("position") not in ("string", "none"):
        raise lab.wrong(f"left a {r.type('position')} at the key 'position'; it should be a string, the id.")
    saved = r.get("position")
    if saved == expected:
        return
    if saved is None:
        raise lab.wrong(
            "left nothing at the key 'position'. What a process keeps in its own memory is gone with it; "
            "the next one finds only what is in Redis."
        )
    if not re.fullmatch(r"\d{1,12}(-\d+)?", saved):
        raise lab.wrong(
            f"saved something at 'position' that is no id of an order; {expected} was expected. "
            "A clock cannot say where to go on: orders share a millisecond, and come while you look at it. "
            "Save the id."
        )
    raise lab.wrong(f"saved {show(saved)} at 'position'; the last order that is done has the id {expected}.")


def _crash(lab: Lab, power: bool) -> None:
    """Five orders of one millisecond; the third makes trouble, and then a new process goes on."""
    r = lab.redis()
    later = lab.another(r)
    _fill(later, "orders", [f"5-{n}" for n in range(5)])
    mail, what = _Mail(r, "1003", power), "the power went" if power else "handle raised"
    came_out = False
    try:
        lab.call(r, "orders", "position", mail)
    except _NoPower:
        came_out = True
    except Raised as raised:
        came_out = isinstance(raised.error, _MailServerDown)
        if not came_out and not power:
            raise
    if not came_out and not power:
        raise lab.wrong("kept the exception of handle to itself; whoever called it has to hear of it: let it out.")
    if mail.sent != ["1001", "1002"]:
        raise lab.wrong(f"handled {_some(mail.sent)} before {what} at 1003; 1001, 1002 was expected.")
    saved = later.get("position") if later.type("position") == "string" else None
    if saved == "5-2":
        raise lab.wrong(
            f"had saved 5-2, the order 1003, when {what} in the middle of it: the next process goes on "
            "after 1003, and nobody ever handles it. Which comes first, the mail or the position?"
        )
    if saved in (None, "0", "0-0"):
        kind = "no line of yours runs after it, not even a finally. " if power else ""
        raise lab.wrong(
            f"had saved nothing when {what} at 1003: {kind}1001 and 1002 are done, and will be handled "
            "again. When is an order done?"
        )
    _at(lab, later, "5-1")
    crashed = lab.did
    rest = _Mail(later)
    lab.call(later, "orders", "position", rest)
    if rest.sent != ["1003", "1004", "1005"]:
        raise lab.wrong(
            f"went on with {_some(rest.sent)} after a crash at 1003 ({crashed}); 1003, 1004, 1005 was expected."
        )


# --- 2.3 ----------------------------------------------------------------------------------------------------

_START, _END = "2026-03-02 14:00", "2026-03-02 14:05"


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


def received(lab: Lab) -> None:
    with _seven_hours_behind():
        # 21:02 UTC is 14:02 on this machine.
        plain = [("13:50", 0, 1), ("14:01", 0, 2), ("14:03", 0, 3), ("14:20", 0, 4), ("21:02", 0, 5)]
        found = _received(lab, [(clock, seq, order, "") for clock, seq, order in plain])
        if [order for order, _ in found] == ["5"]:
            raise lab.wrong(
                "returned the order of 21:02 UTC. This machine's clock is 7 hours behind UTC, and a datetime "
                "without a time zone means the machine's: the texts are UTC, and so are ids."
            )
        _compare(lab, found, ["2", "3"], "Both came between 14:00 and 14:05 UTC, and no other.")
        _received_at_the_edges(lab)
        _received_late(lab)


def _received(lab: Lab, rows: list[tuple[str, int, int, str]]) -> list[tuple[str, int]]:
    """Calls the answer on orders (clock, sequence, order_id, at as a clock or "")."""
    r = lab.redis()
    for clock, sequence, order, at in rows:
        fields = {"order_id": order, **({"at": _ms(at)} if at else {})}
        r.xadd("orders", fields, id=f"{_ms(clock)}-{sequence}")
    found = lab.call(r, "orders", _START, _END)
    lab.expect(found, list, "a list of pairs (order_id, placed)")
    for pair in found:
        fits = isinstance(pair, (tuple, list)) and len(pair) == 2 and isinstance(pair[0], str)
        if not fits or isinstance(pair[1], bool) or not isinstance(pair[1], int):
            raise lab.wrong(
                f"returned {show(pair)} in its list; a pair is a text and an int, as ('1001', 1772460000000)."
            )
    return [tuple(pair) for pair in found]


def _compare(lab: Lab, found: list[tuple[str, int]], expected: list[str], hint: str) -> None:
    orders = [order for order, _ in found]
    if orders != expected:
        raise lab.wrong(f"returned the orders {orders}; {expected} were expected. {hint}")


def _received_at_the_edges(lab: Lab) -> None:
    rows = [("13:59:59.999", 5, 1), ("14:00", 0, 2), ("14:00", 3, 3)]
    rows += [("14:04:59.999", 0, 4), ("14:04:59.999", 7, 5), ("14:05", 0, 6), ("14:05", 2, 7)]
    found = _received(lab, [(clock, seq, order, "") for clock, seq, order in rows])
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
    _compare(lab, found, ["2", "3", "4", "5"], "Oldest first.")


def _received_late(lab: Lab) -> None:
    rows = [("14:01", 0, 1, "13:20"), ("14:02", 0, 2, ""), ("14:30", 0, 3, "14:03")]
    found = _received(lab, rows)
    orders = [order for order, _ in found]
    if "1" not in orders or "3" in orders:
        raise lab.wrong(
            f"returned the orders {orders}: 1 was placed at 13:20 and reached the stream at 14:01; 3 was "
            "placed at 14:03 and reached it at 14:30. The window is about reaching the stream."
        )
    _compare(lab, found, ["1", "2"], "")
    if found[0][1] == _ms("14:01"):
        raise lab.wrong(
            "said that order 1 was placed at 14:01, the time of its id. The id says when an order reached "
            "the stream; this till was offline, and the customer ordered at 13:20."
        )
    wanted = [("1", _ms("13:20")), ("2", _ms("14:02"))]
    if found != wanted:
        raise lab.wrong(f"returned {show(found, 120)}; expected was {wanted}, placed in milliseconds.")


# --- 2.4 ----------------------------------------------------------------------------------------------------


def wait_for_orders(lab: Lab) -> None:
    _nothing_between_two_calls_is_lost(lab)
    _the_stream_may_be_missing(lab)
    _it_waits(lab)
    _nothing_within_a_call_is_lost(lab)


def _wait(lab: Lab, r: redis.Redis, after: str, ms: int) -> tuple[list[str], str]:
    """The ids of the new entries, and the next `after`."""
    try:
        answer = lab.call(r, "orders", after, ms)
    except Raised as raised:
        missing = "" if r.exists("orders") else " The stream does not exist yet: what is its last id?"
        raise lab.wrong(f"raised {type(raised.error).__name__}: {raised.error}.{missing}") from None
    pair = isinstance(answer, (tuple, list)) and len(answer) == 2
    if not pair or not isinstance(answer[0], list) or not isinstance(answer[1], str):
        raise lab.wrong(f"returned {show(answer)}; it should return a list of entries and the next after, a text.")
    if any(not isinstance(entry, (tuple, list)) or len(entry) != 2 for entry in answer[0]):
        raise lab.wrong(f"returned {show(answer[0])}; new entries are pairs of id and fields, as xrange gives them.")
    return [entry_id for entry_id, _ in answer[0]], answer[1]


def _nothing_between_two_calls_is_lost(lab: Lab) -> None:
    r = lab.redis()
    _fill(r, "orders", ["1-0", "2-0"])
    new, after = _wait(lab, r, "$", 20)
    if new:
        raise lab.wrong(f"returned {new}, which were there before the call; $ means only what comes from now on.")
    _fill(r, "orders", ["3-0", "3-1"], 1003)
    new, last = _wait(lab, r, after, 20)
    if new != ["3-0", "3-1"]:
        why = "Pass on an id: one that was in the stream, or one that comes before all."
        if after == "$":
            why = "A $ that is handed back is worked out anew, and by then these orders are old."
        raise lab.wrong(f"returned {new}: 3-0 and 3-1, which came between two calls, were expected. {why}")
    new, _ = _wait(lab, r, last, 20)
    if new:
        raise lab.wrong(f"returned {new} a second time; the next after is the last id of the new entries.")


def _the_stream_may_be_missing(lab: Lab) -> None:
    r = lab.redis()
    new, after = _wait(lab, r, "$", 20)
    _fill(r, "orders", ["1-0"])
    new, _ = _wait(lab, r, after, 20)
    if new != ["1-0"]:
        raise lab.wrong(
            f"returned {new}: 1-0 is the first order of a stream that did not exist before; it was expected."
        )


def _it_waits(lab: Lab) -> None:
    r = lab.redis()
    other = lab.another(r)
    _fill(other, "orders", ["1-0"])
    order = threading.Timer(0.05, _fill, (other, "orders", ["2-0"], 1002))
    order.start()
    new, _ = _wait(lab, r, "1-0", 1000)
    order.join()
    if new != ["2-0"]:
        raise lab.wrong(
            f"returned {new}, and an order came 50 ms after the call: it should wait up to ms milliseconds."
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
    if seen + again != expected:
        lost = [entry_id for entry_id in expected if entry_id not in seen + again]
        if lost:
            raise lab.wrong(
                f"never saw {', '.join(lost)}, which came during {first}, between one command of it and the "
                "next. Find out the last id before you wait, and wait from there."
            )
        raise lab.wrong(f"returned {seen + again} in two calls; {expected} were expected, each once.")


# --- 2.5 ----------------------------------------------------------------------------------------------------


def may_have_missed(lab: Lab) -> None:
    ids = [f"{n}-0" for n in range(1, 6)]
    _missed(lab, ids, "3-0", False, "Orders 1-0 to 5-0 are all there.")
    _missed(lab, ids, "5-0", False, "The stream is where the reader is: nothing is new, nothing is gone.")
    _missed(lab, [], "5-0", True, "The stream does not exist any more, so nobody knows what was in it.")
    hint = "It was started anew, and its newest id is below saved: the reader would wait for ever."
    _missed(lab, ["1-0", "2-0", "3-0"], "9-0", True, hint)
    _missed(lab, ["5-0", "5-1"], "5-3", True, hint + " An id has a sequence, too.")
    long = [f"{n}-0" for n in range(1, 10)]
    gone = "The oldest entry left is 6-0: 4-0 and 5-0 were trimmed, and never read."
    _missed(lab, long, "3-0", True, gone, keep=4)
    _missed(lab, long, "7-0", False, "The oldest entry left is 6-0, which is older than saved.", keep=4)
    _missed(lab, long, "3-0", True, "Nine were added, and none is left.", keep=0)
    hint = "The stream was trimmed to nothing, but 9-0 was the last that was ever added, and it was read."
    _missed(lab, long, "9-0", False, hint, keep=0)
    hint = "Ids are numbers, not text: 10 comes after 9."
    _missed(lab, [f"{n}-0" for n in range(1, 11)], "9-0", False, hint, keep=3)
    _missed(lab, ["8-0", "9-0"], "10-0", True, hint + " This stream was started anew, and is behind saved.")
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
    try:
        missed = lab.call(r, "orders", saved)
    except Raised as raised:
        raise lab.wrong(f"raised {type(raised.error).__name__}: {raised.error}, {where}. {hint}") from None
    if not isinstance(missed, bool):
        raise lab.wrong(f"returned {show(missed)}; it should return True or False.")
    if missed != expected:
        raise Wrong(f"{lab.did} returned {missed}, {where}. {hint}")


CHECKS = {
    "2.1": export,
    "2.2": send_mails,
    "2.3": received,
    "2.4": wait_for_orders,
    "2.5": may_have_missed,
}
