"""Checks of 03 Consumer groups."""

from __future__ import annotations

import builtins
import contextlib
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import redis

from helpers.exercises import Lab, Raised, show


def _fill(r: redis.Redis, first: int, last: int) -> None:
    """Adds the orders 1000 + first to 1000 + last under the ids first-0 to last-0."""
    for n in range(first, last + 1):
        r.xadd("orders", {"order_id": str(1000 + n)}, id=f"{n}-0")


def _group(r: redis.Redis, key: str, group: str) -> dict | None:
    """The row of XINFO GROUPS; None without such a group."""
    if r.type(key) != "stream":
        return None
    return next((row for row in r.xinfo_groups(key) if row["name"] == group), None)


def _pending(r: redis.Redis, group: str, consumer: str | None = None) -> list[tuple[str, str]]:
    """(id, consumer) of what is pending in a group of the stream orders."""
    rows = r.xpending_range("orders", group, "-", "+", 1000, consumername=consumer)
    return [(row["message_id"], row["consumer"]) for row in rows]


def _ids(r: redis.Redis, group: str, consumer: str, count: int | None = None) -> list[str]:
    """The ids that a read of new entries of the stream orders brings."""
    reply = r.xreadgroup(group, consumer, {"orders": ">"}, count=count)
    return [entry_id for _, entries in reply for entry_id, _ in entries]


def _refusing(r: redis.Redis, command: str, error: redis.ResponseError) -> list[str]:
    """Makes `r` answer each `command` with `error`; the list gets an item for each. Pipelines are not touched."""
    refused: list[str] = []
    execute = r.execute_command

    def execute_or_refuse(*args: Any, **options: Any) -> Any:
        words = " ".join(map(str, args)).upper().split()
        if words[: len(command.split())] != command.split():
            return execute(*args, **options)
        refused.append(command)
        if len(refused) == 12:
            raise _TooOften
        raise error

    r.execute_command = execute_or_refuse
    return refused


class _TooOften(BaseException):
    """Ends an answer that would try for ever; not an Exception, so that it is not caught."""


def _no_permission(command: str) -> redis.ResponseError:
    """What redis-py makes of the reply ``NOPERM ...``."""
    return redis.exceptions.NoPermissionError(f"User shop has no permissions to run the '{command}' command")


def _out_of_memory() -> redis.ResponseError:
    """What redis-py makes of the reply ``OOM ...``."""
    return redis.exceptions.OutOfMemoryError("command not allowed when used memory > 'maxmemory'.")


def _listed(items: Sequence[Any]) -> str:
    if len(items) < 8:
        return ", ".join(map(str, items)) or "nothing"
    return f"{len(items)} of them, from {items[0]} to {items[-1]}"


# --- 3.1 ----------------------------------------------------------------------------------------------------


def ensure_group(lab: Lab) -> None:
    _group_on_a_stream_with_orders(lab)
    _group_before_the_stream(lab)
    _group_is_there_already(lab)
    _group_has_nothing_pending(lab)
    _group_of_an_empty_stream(lab)
    for commands in (1, 2, 3):
        _another_worker_is_faster(lab, commands)
    _not_a_stream(lab)
    _create_is_refused(lab, "NOPERM", _no_permission("xgroup|create"))
    _create_is_refused(lab, "OOM", _out_of_memory())


def _ensure(lab: Lab, r: redis.Redis, hint: str) -> Any:
    try:
        return lab.call(r, "orders", "shipping")
    except Raised as raised:
        text = str(raised.error)
        if "requires the key to exist" in text or "no such key" in text:
            hint = "The stream does not exist yet, and that is no reason to fail: which option creates it?"
        raise lab.wrong(f"raised {type(raised.error).__name__}: {show(text, 160)}. {hint}") from None


def _group_on_a_stream_with_orders(lab: Lab) -> None:
    r = lab.redis()
    other = lab.another(r)
    _fill(other, 1, 3)
    created = _ensure(lab, r, "There was a stream with three orders, and no group.")
    if other.xlen("orders") != 3:
        raise lab.wrong(f"left {other.xlen('orders')} entries in a stream of three; a group changes no entries.")
    if _group(other, "orders", "shipping") is None:
        raise lab.wrong("left the stream without the group 'shipping'.")
    read = _ids(other, "shipping", "ada")
    if read == ["2-0", "3-0"]:
        raise lab.wrong(
            "created a group that reads 2-0, 3-0, and the stream had 1-0 to 3-0. An id means what comes after it: "
            "the first entry's own id leaves that entry out."
        )
    if read != ["1-0", "2-0", "3-0"]:
        raise lab.wrong(
            f"created a group that reads {_listed(read)}, and the stream had 1-0 to 3-0: it begins after orders that "
            "are there. Where does a group begin if redis-py is not told?"
        )
    if created is not True:
        raise lab.wrong(f"returned {show(created)}, and it created the group: it should return True.")


def _group_before_the_stream(lab: Lab) -> None:
    added: list[str] = []
    r = lab.redis(after=lambda name, args: added.append(name) if name == "XADD" else None)
    other = lab.another(r)
    created = _ensure(lab, r, "The stream did not exist yet.")
    if _group(other, "orders", "shipping") is None:
        raise lab.wrong("did nothing where there was no stream yet; it should create stream and group.")
    if added or other.xlen("orders"):
        raise lab.wrong(
            "added an entry to have a stream: other services read it as an order, even if it is deleted a moment "
            "later. XGROUP CREATE has an option that creates an empty stream."
        )
    other.xadd("orders", {"order_id": "1001"}, id="0-1")
    if _ids(other, "shipping", "ada") != ["0-1"]:
        raise lab.wrong("created a group that misses the first order ever; begin at 0.")
    if created is not True:
        raise lab.wrong(f"returned {show(created)}, and it created stream and group: it should return True.")


def _group_is_there_already(lab: Lab) -> None:
    r = lab.redis()
    other = lab.another(r)
    _fill(other, 1, 4)
    other.xgroup_create("orders", "shipping", id="0")
    other.xgroup_create("orders", "billing", id="1-0")
    _ids(other, "shipping", "ada", 2)
    hint = "The group was there, which is no trouble at all: what does this error begin with?"
    created = _ensure(lab, r, hint)
    if _group(other, "orders", "shipping") is None or _pending(other, "shipping") != [("1-0", "ada"), ("2-0", "ada")]:
        raise lab.wrong(
            "made Redis forget that Ada is busy with 1-0 and 2-0: destroying a group, even to create it again, takes "
            "its cursor and its pending entries along. Leave a group that is there as it is."
        )
    cursor = _group(other, "orders", "shipping")["last-delivered-id"]
    if cursor != "2-0":
        raise lab.wrong(
            f"moved the cursor of a group that was there from 2-0 to {cursor}: orders are delivered twice, or never. "
            "Where it begins is decided once, when it is created."
        )
    if created is not False:
        raise lab.wrong(f"returned {show(created)} for a group that was there; it should return False.")


def _group_has_nothing_pending(lab: Lab) -> None:
    r = lab.redis()
    other = lab.another(r)
    _fill(other, 1, 3)
    other.xgroup_create("orders", "shipping", id="0")
    other.xack("orders", "shipping", *_ids(other, "shipping", "ada", 2))
    created = _ensure(lab, r, "The group was there, with nothing pending.")
    group = _group(other, "orders", "shipping")
    if group is None or group["last-delivered-id"] != "2-0":
        raise lab.wrong(
            f"moved the cursor of a group that was there from 2-0 to {group and group['last-delivered-id']}. Nothing "
            "was pending because everything had been reported as done: now finished orders are delivered again."
        )
    if created is not False:
        raise lab.wrong(f"returned {show(created)} for a group that was there; it should return False.")


def _group_of_an_empty_stream(lab: Lab) -> None:
    """All orders are finished and deleted, and the groups are there."""
    r = lab.redis()
    other = lab.another(r)
    _fill(other, 1, 2)
    for group in ("shipping", "billing"):
        other.xgroup_create("orders", group, id="0")
        other.xack("orders", group, *_ids(other, group, "ada"))
    other.xdel("orders", "1-0", "2-0")
    created = _ensure(lab, r, "The stream was empty, and the group was there.")
    left = {group: (_group(other, "orders", group) or {}).get("last-delivered-id") for group in ("shipping", "billing")}
    if left != {"shipping": "2-0", "billing": "2-0"}:
        raise lab.wrong(
            "did not leave the groups of an empty stream as they were (shipping and billing, cursors at 2-0). A stream "
            "without entries is still a stream: with the key its groups go, those of other services too."
        )
    if created is not False:
        raise lab.wrong(f"returned {show(created)} for a group that was there; it should return False.")


def _another_worker_is_faster(lab: Lab, commands: int) -> None:
    """Another worker creates the group after so many commands of the answer, unless one of these did."""
    others: list[bool] = []
    sent: list[str] = []

    def another_worker(name: str, args: tuple) -> None:
        sent.append(name)
        if len(sent) == commands:
            with contextlib.suppress(redis.ResponseError):
                others.append(other.xgroup_create("orders", "shipping", id="0", mkstream=True))
                _ids(other, "shipping", "bob")

    r = lab.redis(after=another_worker)
    other = lab.another(r)
    _fill(other, 1, 2)
    hint = (
        "Another worker created the group between two of your commands. Looking first does not help; "
        "let XGROUP CREATE decide, and see what it says."
    )
    created = _ensure(lab, r, hint)
    if others and _pending(other, "shipping") != [("1-0", "bob"), ("2-0", "bob")]:
        raise lab.wrong("replaced the group that another worker had created a moment before. " + hint)
    if created is not (not others):
        who = "another worker had created the group" if others else "it created the group"
        raise lab.wrong(f"returned {show(created)}, and {who}.")


def _not_a_stream(lab: Lab) -> None:
    r = lab.redis()
    lab.another(r).set("orders", "not a stream")
    try:
        lab.call(r, "orders", "shipping")
    except Raised as raised:
        if "WRONGTYPE" in str(raised.error):
            return
        raise
    raise lab.wrong(
        "said nothing when the key held a string, and no worker will ever read from it. Only BUSYGROUP means that "
        "the group is there; every other error has to be seen."
    )


def _create_is_refused(lab: Lab, code: str, error: redis.ResponseError) -> None:
    r = lab.redis()
    _fill(lab.another(r), 1, 2)
    refused = _refusing(r, "XGROUP CREATE", error)
    try:
        returned = lab.call(r, "orders", "shipping")
    except _TooOften:
        raise lab.wrong(f"tried again and again where Redis answered {code}; let that error out.") from None
    except Raised as raised:
        if raised.error is error or isinstance(raised.error, type(error)) or not refused:
            return
        raise
    if refused:
        raise lab.wrong(
            f"returned {show(returned)} where Redis answered XGROUP CREATE with {code}, and there is no group. Only "
            "BUSYGROUP means that the group is there; every other error has to be seen."
        )


# --- 3.2 ----------------------------------------------------------------------------------------------------


def fraud_orders(lab: Lab) -> None:
    r = lab.redis()
    other = lab.another(r)
    _fill(other, 1, 4)
    other.xgroup_create("orders", "shipping", id="0")
    _ids(other, "shipping", "sam", 2)
    _fraud(lab, r, "frida", [1001, 1002, 1003, 1004], _no_past)
    _fill(other, 5, 5)
    _fraud(lab, r, "frida", [1005], _again)
    _fraud(lab, r, "frida", [], _again)
    _fill(other, 6, 7)
    _fraud(lab, r, "fay", [1006, 1007], _again)
    _fraud(lab, r, "frida", [], _again)
    held = Counter(consumer for _, consumer in _pending(other, "fraud"))
    if held != {"frida": 5, "fay": 2}:
        raise lab.wrong(
            f"left {dict(held) or 'nothing'} pending in the group; frida was given 5 orders and fay 2, each under the "
            "name in worker, and they stay pending until somebody has looked at them."
        )
    _fraud_keeps_the_order(lab)
    _fraud_reads_all_of_it(lab)
    for commands in (1, 2):
        _fraud_starts_twice(lab, commands)


def _no_past(returned: list[str], group: dict) -> str:
    if not returned and group["last-delivered-id"] == "0-0":
        return "The group begins at 0, but > was not what you asked for: an id asks for what this consumer holds."
    if returned and returned[0] == "1002":
        return "An id means what comes after it: the first entry's own id leaves that entry out."
    return "Frida needs the past: which id does a group begin at, and which one does redis-py take unless told?"


def _again(returned: list[str], group: dict) -> str:
    if "1001" in returned:
        return (
            "They were returned before. 0 is right when the group is created; at every start it begins all over "
            "again, and so does a group that is destroyed or moved."
        )
    return "The group remembers what was delivered, whichever of its workers asks; > brings the rest."


def _fraud(
    lab: Lab, r: redis.Redis, worker: str, expected: list[int], explain: Callable[[list[str], dict], str]
) -> None:
    """Calls the answer, and looks at shipping before anything else."""
    other = lab.another(r)
    try:
        returned = lab.call(r, "orders", worker)
    except Raised as raised:
        hint = "The group was there: that happens at every start but the first." if _is_busy(raised) else ""
        if isinstance(raised.error, IndexError):
            hint = "With nothing new, XREADGROUP returns []: there is no first stream in it."
        raise lab.wrong(f"raised {type(raised.error).__name__}: {raised.error}. {hint}".rstrip()) from None
    shipping = _group(other, "orders", "shipping")
    if (
        shipping is None
        or shipping["last-delivered-id"] != "2-0"
        or {c for _, c in _pending(other, "shipping")} != {"sam"}
    ):
        raise lab.wrong(
            "read as one more consumer of shipping, and what fraud got there shipping will never see: consumers of a "
            "group share its orders. A service that needs all of them needs a place of its own."
        )
    copies = [key for key in other.keys() if key != "orders"]
    if copies:
        raise lab.wrong(
            f"left the key {show(copies[0])} behind. A copy costs the memory twice and has what was there when it was "
            "made; who brings it the next order? Any number of groups can read one stream."
        )
    lab.expect(returned, list, "a list of order_ids, such as ['1001', '1002']")
    group = _group(other, "orders", "fraud")
    if group is None:
        raise lab.wrong(
            f"returned {show(returned)}, and the stream has no group 'fraud'. What was returned has to be "
            "remembered in Redis, where a restart does not reach it and other workers see it."
        )
    _fraud_form(lab, returned, expected)
    if returned != [str(order_id) for order_id in expected]:
        hint = explain([str(order_id) for order_id in returned], group)
        raise lab.wrong(f"returned {show(returned)}; {[str(n) for n in expected]} was expected. {hint}")


def _fraud_form(lab: Lab, returned: list, expected: list[int]) -> None:
    """The right orders in another form have a hint of their own."""
    if not returned or returned == [str(order_id) for order_id in expected]:
        return
    form = type(returned[0]).__name__
    if returned == [f"{order_id - 1000}-0" for order_id in expected]:
        form = "entry ids"
    elif [_order_id(item) for item in returned] != [str(order_id) for order_id in expected]:
        return
    raise lab.wrong(
        f"returned {show(returned)}. They are the right orders, but as {form}: return the order_ids as text."
    )


def _order_id(item: Any) -> str:
    """The order_id in a number, bytes, fields, or a pair of id and fields."""
    if isinstance(item, (tuple, list)) and len(item) == 2:
        item = item[1]
    if isinstance(item, dict):
        item = item.get("order_id")
    return item.decode(errors="replace") if isinstance(item, bytes) else str(item)


def _is_busy(raised: Raised) -> bool:
    return str(raised.error).startswith("BUSYGROUP")


def _fraud_keeps_the_order(lab: Lab) -> None:
    r = lab.redis()
    orders = ["1003", "10001", "999", "1003", "1002"]
    for order_id in orders:
        lab.another(r).xadd("orders", {"order_id": order_id})
    returned = lab.call(r, "orders", "frida")
    if returned != orders:
        raise lab.wrong(
            f"returned {show(returned)}; {orders} was expected. Oldest first is the order of the stream, with one "
            "order_id for each entry: nothing to sort, and nothing to drop."
        )


def _fraud_reads_all_of_it(lab: Lab) -> None:
    r = lab.redis()
    with lab.another(r).pipeline(transaction=False) as pipeline:
        _fill(pipeline, 1, 1100)
        pipeline.execute()
    returned = lab.call(r, "orders", "frida")
    lab.expect(returned, list, "a list of order_ids, such as ['1001', '1002']")
    if returned != [str(1000 + n) for n in range(1, 1101)]:
        raise lab.wrong(
            f"returned {len(returned)} orders, and 1100 were there: one page is not yet the stream. "
            "Which answer says that nothing is left?"
        )


def _fraud_starts_twice(lab: Lab, commands: int) -> None:
    """Another worker of the service starts after so many commands of the answer, and takes one order."""
    others: list[bool] = []
    sent: list[str] = []

    def another_worker(name: str, args: tuple) -> None:
        sent.append(name)
        if len(sent) == commands:
            with contextlib.suppress(redis.ResponseError):
                others.append(other.xgroup_create("orders", "fraud", id="0"))
                _ids(other, "fraud", "fay", 1)

    r = lab.redis(after=another_worker)
    other = lab.another(r)
    _fill(other, 1, 3)
    try:
        returned = lab.call(r, "orders", "frida")
    except Raised as raised:
        raise lab.wrong(
            f"raised {type(raised.error).__name__}: {raised.error}. Another worker of the service started at the "
            "same moment and created the group between two of your commands."
        ) from None
    expected = ["1002", "1003"] if others else ["1001", "1002", "1003"]
    if returned != expected:
        raise lab.wrong(
            f"returned {show(returned)}; {expected} was expected: another worker started at the same moment"
            + (", created the group and has 1001." if others else ".")
        )


# --- 3.3 ----------------------------------------------------------------------------------------------------


def _order(n: int) -> dict[str, str]:
    return {"order_id": str(1000 + n), "item": ["laptop", "mouse", "keyboard"][n % 3]}


def _add_orders(r: redis.Redis, first: int, last: int) -> None:
    """The orders first to last, of two fields each, under the ids first-0 to last-0."""
    for n in range(first, last + 1):
        r.xadd("orders", _order(n), id=f"{n}-0")


class _Handle:
    """The exercise's `handle`: notes what it gets, what its worker holds meanwhile, and lets colleagues ask."""

    def __init__(
        self, r: redis.Redis, group: str, worker: str, colleague_at: Sequence[int] = (), arrives: tuple[int, int] = ()
    ) -> None:
        self._r, self._group, self._worker = r, group, worker
        self._colleague_at, self._arrives = colleague_at, arrives  # (during this call, this order arrives)
        self._inside = threading.Lock()
        self.orders: list[str] = []
        self.held: list[int] = []  # by its worker, while each order is handled
        self.elsewhere: list[tuple[str, str]] = []  # (order, consumer) that another consumer had when it was handled
        self.reported: list[str] = []  # orders that were not pending any more when they were handled
        self.colleagues: list[str] = []  # ids
        self.strange: list[str] = []  # what it was given in place of the fields of an entry
        self.overlapped = False

    def __repr__(self) -> str:
        return "handle"

    def __call__(self, fields: dict) -> None:
        alone = self._inside.acquire(blocking=False)
        self.overlapped |= not alone
        try:
            self._handle(fields)
        finally:
            if alone:
                self._inside.release()

    def _handle(self, fields: dict) -> None:
        if fields not in [entry for _, entry in self._r.xrange("orders")]:
            self.strange.append(show(fields))
            return
        pending = dict(_pending(self._r, self._group))
        order = fields["order_id"]
        entry_id = f"{int(order) - 1000}-0"
        self.held.append(sum(consumer == self._worker for consumer in pending.values()))
        if entry_id not in pending:
            self.reported.append(order)
        elif pending[entry_id] != self._worker:
            self.elsewhere.append((order, pending[entry_id]))
        self.orders.append(order)
        if len(self.orders) == 1:
            time.sleep(0.02)  # long enough for a second thread to begin
        if len(self.orders) in self._colleague_at:
            self.colleagues += _ids(self._r, self._group, "colleague", 1)
        if self._arrives and len(self.orders) == self._arrives[0]:
            _add_orders(self._r, self._arrives[1], self._arrives[1])


def work(lab: Lab) -> None:
    _work(lab, "packing", "ada", orders=7, batch=3, late=1)
    _work(lab, "packing", "ada", orders=4, batch=1)
    _work(lab, "mail", "mia", orders=9, batch=3, colleague_at=(1, 3, 4))
    _work(lab, "mail", "mia", orders=0, batch=3)


def _work(
    lab: Lab, group: str, worker: str, orders: int, batch: int, colleague_at: Sequence[int] = (), late: int = 0
) -> None:
    """Two orders are a colleague's, `orders` wait, and `late` (0 or 1) arrives during the last of these."""
    r = lab.redis()
    other = lab.another(r)
    _add_orders(other, 1, 2)
    other.xgroup_create("orders", group, id="0", mkstream=True)
    before = [(entry_id, "colleague") for entry_id in _ids(other, group, "colleague")]
    _add_orders(other, 3, 2 + orders)
    handle = _Handle(other, group, worker, colleague_at, (orders, 3 + orders) if late else ())
    returned = lab.call(r, "orders", group, worker, handle, batch)
    _right_calls(lab, worker, handle)
    if orders <= len(handle.orders):
        orders += late
    if other.xlen("orders") != 2 + orders:
        raise lab.wrong(f"left {other.xlen('orders')} entries in a stream of {2 + orders}; other groups need them.")
    _nothing_is_pending(lab, other, group, worker, handle)
    _not_too_many(lab, handle, batch)
    _nothing_waits(lab, other, group, handle, late)
    if handle.reported:
        raise lab.wrong(
            f"handled {handle.reported[0]}, which is not pending with {worker} (reported too early, or read with "
            "NOACK): if this process ends in the middle of it, nobody ever handles that order."
        )
    taken = set(handle.colleagues)
    expected = [str(1000 + n) for n in range(3, 3 + orders) if f"{n}-0" not in taken]
    if handle.orders != expected:
        raise lab.wrong(
            f"handled {_listed(handle.orders)}; {_listed(expected)} was expected, in the order of the stream."
        )
    kept = [pair for pair in _pending(other, group) if pair[1] == "colleague"]
    if kept != before + [(entry_id, "colleague") for entry_id in handle.colleagues]:
        raise lab.wrong("reported orders that a colleague is busy with; they are not this worker's to report.")
    lab.expect(returned, int, "how many orders it handled")
    if returned != len(expected):
        raise lab.wrong(f"returned {returned}; it handled {len(expected)} orders.")


def _not_too_many(lab: Lab, handle: _Handle, batch: int) -> None:
    if handle.held and max(handle.held) > batch:
        raise lab.wrong(
            f"held {max(handle.held)} orders at once, with batch {batch}. While it handled the first, colleagues asked "
            "and found nothing. What limits how many orders one read takes?"
        )


def _right_calls(lab: Lab, worker: str, handle: _Handle) -> None:
    if handle.strange:
        raise lab.wrong(
            f"called handle({handle.strange[0]}); handle needs the fields of an entry, all of them and nothing else, "
            f"such as {_order(3)}."
        )
    if handle.overlapped:
        raise lab.wrong(
            "called handle for an order while another was still in it. In the order of the stream means one after "
            "the other; who is quick would overtake who is slow."
        )
    if handle.elsewhere:
        order, consumer = handle.elsewhere[0]
        raise lab.wrong(
            f"handled {order}, which is not pending with {worker}, but with {show(consumer)}: whoever looks for the "
            "worker that has it finds the wrong one. Read under the name that was given."
        )


def _nothing_is_pending(lab: Lab, r: redis.Redis, group: str, worker: str, handle: _Handle) -> None:
    left = [entry_id for entry_id, consumer in _pending(r, group) if consumer != "colleague"]
    unhandled = [entry_id for entry_id in left if str(1000 + int(entry_id.split("-")[0])) not in handle.orders]
    if unhandled:
        raise lab.wrong(
            f"left {_listed(unhandled)} pending with {worker}, not handled. What was delivered to one consumer is "
            "not offered to the others, however idle they are: take only what you handle."
        )
    if left:
        raise lab.wrong(
            f"handled {_listed(handle.orders)}, and reported {len(handle.orders) - len(left)} as done: "
            f"{_listed(left)} is still pending with {worker}. XACK crosses an order out."
        )


def _nothing_waits(lab: Lab, r: redis.Redis, group: str, handle: _Handle, late: int) -> None:
    waiting = _ids(r, group, "colleague")
    if waiting and late and waiting == [f"{len(handle.orders) + 3}-0"]:
        raise lab.wrong(
            f"handled {_listed(handle.orders)} and stopped, with {waiting[0]} waiting: it arrived during the last one. "
            "A batch that is not full says what was there when it was read; only a read that brings nothing is the end."
        )
    if waiting:
        raise lab.wrong(
            f"handled {_listed(handle.orders)} and stopped, with {_listed(waiting)} still waiting. Nothing is dealt "
            "out in turns: what nobody asks for waits. It goes on until a read brings nothing."
        )


# --- 3.4 ----------------------------------------------------------------------------------------------------

# In no order of theirs, so that counting them as they come shows; 3 and 4 do not divide how many there are.
_CUSTOMERS = [f"c-{n * 7919 % 1000}" for n in range(1, 120)]
_NAMES = ("anna", "bela", "carl", "dora", "emil", "fred", "gina", "hans", "ida", "jan", "karl", "lena", "max", "nina")
_HOSTS = ("example", "post", "mail", "home", "work", "town", "garden", "books", "river")
_PEOPLE = [f"{name}{more}@{host}.org" for name in _NAMES for more in ("", "-b") for host in _HOSTS]


def add_event(lab: Lab) -> None:
    _one_event(lab)
    for parts in (4, 3):
        _events(lab, parts)
    _many_parts(lab)
    _another_process(lab)


def _add(lab: Lab, r: redis.Redis, parts: int, customer: str, what: str = "created") -> str:
    """Calls the answer; the stream that it returned, in which the entry is the newest."""
    fields = {"order_id": "1001", "status": what}
    stream = lab.call(r, "orders", parts, customer, fields)
    lab.expect(stream, str, "the name of the stream, such as 'orders:0'")
    if not re.fullmatch(r"orders:\d+", stream) or int(stream.split(":")[1]) >= parts:
        raise lab.wrong(f"returned {show(stream)}; with parts {parts} the streams are orders:0 to orders:{parts - 1}.")
    if fields != {"order_id": "1001", "status": what}:
        raise lab.wrong("changed the dictionary that it was given; whoever called it still needs it.")
    return stream


def _one_event(lab: Lab) -> None:
    r = lab.redis()
    other = lab.another(r)
    stream = _add(lab, r, 4, "c-17")
    if other.keys() != [stream]:
        others = [key for key in sorted(other.keys()) if key != stream]
        if others:
            raise lab.wrong(f"left the key {show(others[0])} behind; one entry in one stream is all, and no list.")
        raise lab.wrong(f"returned {show(stream)}, and there is no such stream.")
    entries = other.xrange(stream)
    if [fields for _, fields in entries] != [{"order_id": "1001", "status": "created", "customer": "c-17"}]:
        raise lab.wrong(
            f"left {show([fields for _, fields in entries], 120)} in {stream}; one entry was expected, with the "
            "fields that were given and the field customer."
        )
    if abs(int(entries[0][0].split("-")[0]) - time.time() * 1000) > 600_000:
        raise lab.wrong(f"gave the entry the id {entries[0][0]}; the server should choose it.")


def _events(lab: Lab, parts: int) -> None:
    r = lab.redis()
    other = lab.another(r)
    first = {customer: _add(lab, r, parts, customer) for customer in _CUSTOMERS}
    second = {customer: _add(lab, r, parts, customer, "cancelled") for customer in _CUSTOMERS[:50]}
    if any(second[customer] != first[customer] for customer in second):
        raise lab.wrong(
            "put a customer's second event into another stream than the first: two workers read them, and cancelled "
            "may be handled before created. What do both events have in common?"
        )
    places = [int(stream.split(":")[1]) for stream in first.values()]
    _evenly(lab, places, parts)
    if places == [n % parts for n in range(places[0], places[0] + len(places))]:
        raise lab.wrong(
            "gave each new customer the next stream in turn, and keeps a list of who has which: the next process has "
            "another list. The name of the customer alone should say which stream."
        )
    more = [key for key in sorted(other.keys()) if key not in first.values()]
    if more:
        raise lab.wrong(f"left the key {show(more[0])} behind; keep no list of customers.")


def _evenly(lab: Lab, places: list[int], parts: int) -> None:
    used = Counter(places)
    if len(used) < parts or min(used.values()) < len(places) // (parts * 3):
        spread = ", ".join(f"orders:{part} {used[part]}" for part in range(parts))
        raise lab.wrong(
            f"spread {len(places)} customers like this: {spread}. A worker whose stream gets nearly nothing is idle, "
            "one whose stream gets nearly everything is late."
        )


def _many_parts(lab: Lab) -> None:
    """Other names of customers, and more streams than a digit tells apart."""
    r = lab.redis()
    try:
        places = [int(_add(lab, r, 16, customer).split(":")[1]) for customer in _PEOPLE]
    except Raised as raised:
        raise lab.wrong(
            f"raised {type(raised.error).__name__}: {show(str(raised.error), 100)}. A customer is any text, with or "
            "without a number in it."
        ) from None
    _evenly(lab, places, 16)


def _another_process(lab: Lab) -> None:
    """The same customers as another Python would route them: there, the hash of a text is another number."""
    before = {customer: _add(lab, lab.redis(), 4, customer) for customer in _CUSTOMERS[:20]}
    with _other_hashes():
        after = {customer: _add(lab, lab.redis(), 4, customer) for customer in before}
    if before != after:
        raise lab.wrong(
            "put the same customer into different streams in two processes: Python's hash of a text changes from "
            "process to process. Look for a checksum that does not."
        )


@contextlib.contextmanager
def _other_hashes() -> Iterator[None]:
    original = builtins.hash

    def other(value: Any) -> int:
        return original(("another process", value)) if isinstance(value, (str, bytes, tuple)) else original(value)

    builtins.hash = other
    try:
        yield
    finally:
        builtins.hash = original


# --- 3.5 ----------------------------------------------------------------------------------------------------


def next_orders(lab: Lab) -> None:
    _group_is_healthy(lab)
    _group_is_lost(lab)
    _stream_is_lost(lab)
    _another_worker_created_it(lab)
    _group_stays_lost(lab)
    _no_stream_at_all(lab)
    _read_is_refused(lab)
    _mail_cannot_be_created(lab)


def _next(
    lab: Lab,
    r: redis.Redis,
    done: str,
    expected: Sequence[int] | Callable[[], Sequence[int]],
    explain: Callable[[list[str]], str],
) -> None:
    """Calls the answer, which should return the entries expected-0 (asked for afterwards, if it is a function)."""
    try:
        returned = lab.call(r, "orders", "mail", "mia", done)
    except Raised as raised:
        hint = explain([str(raised.error)])
        raise lab.wrong(f"raised {type(raised.error).__name__}: {show(str(raised.error), 160)}. {hint}") from None
    expected = expected() if callable(expected) else expected
    lab.expect(returned, list, "a list of pairs of id and fields")
    for pair in returned:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2 or not isinstance(pair[1], dict):
            raise lab.wrong(f"returned {show(pair)} in its list; a pair is an id and its fields, as xrange gives them.")
    found = [str(entry_id) for entry_id, _ in returned]
    wanted = [f"{n}-0" for n in expected]
    if found != wanted:
        raise lab.wrong(f"returned {_listed(found)}; {_listed(wanted)} was expected. {explain(found)}".rstrip())
    if [fields for _, fields in returned] != [{"order_id": str(1000 + n)} for n in expected]:
        raise lab.wrong(f"returned {show(returned)}; each pair has the fields of its entry.")


def _group_is_healthy(lab: Lab) -> None:
    r = lab.redis()
    _fill(lab.another(r), 1, 14)
    lab.another(r).xgroup_create("orders", "mail", id="2-0")
    _next(lab, r, "2-0", range(3, 13), lambda _: "The group is there, with its cursor at 2-0; at most 10 at a time.")
    _next(lab, r, "12-0", (13, 14), lambda _: "The group is there, and has two more.")
    _next(lab, r, "14-0", (), lambda _: "The group is there, and nothing is new.")


def _group_is_lost(lab: Lab) -> None:
    r = lab.redis()
    other = lab.another(r)
    _fill(other, 1, 5)

    def explain(found: list[str]) -> str:
        if found[:1] and found[0].startswith("NOGROUP"):
            return "The group was gone. Create it, and read again."
        if not found:
            return "4-0 and 5-0 came while there was no group: one that begins at the end of the stream loses them."
        if "1-0" in found:
            return "1-0 to 3-0 are finished, as done says; a group that begins at 0 brings them again."
        return "done was 3-0, and the group begins after it."

    _next(lab, r, "3-0", (4, 5), explain)
    held = _pending(other, "mail") if _group(other, "orders", "mail") else []
    if held != [("4-0", "mia"), ("5-0", "mia")]:
        raise lab.wrong(f"left {held} pending in the group; 4-0 and 5-0 should be, with mia.")
    _next(lab, r, "3-0", (), lambda _: "4-0 and 5-0 were delivered a moment ago, and the group is there: leave it.")


def _stream_is_lost(lab: Lab) -> None:
    r = lab.redis()
    hint = "The stream was gone, too: a group can bring an empty one with it."
    _next(lab, r, "5-0", (), lambda _: hint)
    if _group(lab.another(r), "orders", "mail") is None:
        raise lab.wrong("left no group where the stream was gone, and the next order has nobody waiting. " + hint)
    _fill(lab.another(r), 6, 6)
    _next(lab, r, "5-0", (6,), lambda _: "It is the first order of the new stream, and comes after done.")


def _another_worker_created_it(lab: Lab) -> None:
    """After the first read, another worker has created the group and is busy with 4-0."""
    reads: list[str] = []
    others: list[str] = []

    def another_worker(name: str, args: tuple) -> None:
        if name == "XREADGROUP":
            reads.append(name)
            if len(reads) == 1:
                with contextlib.suppress(redis.ResponseError):  # BUSYGROUP: an answer that creates first was faster
                    other.xgroup_create("orders", "mail", id="3-0")
                    others.extend(_ids(other, "mail", "max", 1))

    r = lab.redis(after=another_worker)
    other = lab.another(r)
    _fill(other, 1, 5)

    def explain(found: list[str]) -> str:
        if found[:1] and found[0].startswith("BUSYGROUP"):
            return "Another worker was faster, which is good news: read on."
        return "Another worker had created the group just before, and is busy with 4-0: leave the group alone."

    _next(lab, r, "3-0", lambda: (5,) if others else (4, 5), explain)
    if others and ("4-0", "max") not in _pending(other, "mail"):
        raise lab.wrong("made the group forget that another worker is busy with 4-0: " + explain([]))


def _group_stays_lost(lab: Lab) -> None:
    """Whatever is created is destroyed at once."""
    reads: list[float] = []

    def destroy(name: str, args: tuple) -> None:
        if name == "XREADGROUP":
            reads.append(time.monotonic())
            if len(reads) == 12:
                raise _TooOften
        elif other.exists("orders"):
            other.xgroup_destroy("orders", "mail")

    r = lab.redis(after=destroy)
    other = lab.another(r)
    _fill(other, 1, 5)
    where = "where the group was gone again after each attempt"
    try:
        returned = lab.call(r, "orders", "mail", "mia", "3-0")
    except _TooOften:
        raise lab.wrong(
            f"was still reading after 12 answers of NOGROUP, {where}: a storm of errors that nobody sees. "
            "Give it an end."
        ) from None
    except Raised as raised:
        if not str(raised.error).startswith("NOGROUP"):
            raise
    else:
        raise lab.wrong(
            f"returned {show(returned)} {where}: whoever called it takes that for a quiet stream. "
            "After the third NOGROUP, let it out."
        )
    if len(reads) != 3:
        raise lab.wrong(f"read {len(reads)} times {where}; three answers of NOGROUP were to be the end.")
    if min(later - earlier for earlier, later in pairwise(reads)) < 0.045:
        raise lab.wrong(
            f"read three times {where}, without a pause of 50 ms in between. NOGROUP comes at once, BLOCK or not, "
            "so a loop needs a pause of its own."
        )


def _no_stream_at_all(lab: Lab) -> None:
    reads: list[str] = []
    r = lab.redis(after=lambda name, args: reads.append(name) if name == "XREADGROUP" else None)
    lab.another(r).set("orders", "not a stream")
    try:
        lab.call(r, "orders", "mail", "mia", "3-0")
    except Raised as raised:
        if "WRONGTYPE" not in str(raised.error):
            raise
    else:
        raise lab.wrong("said nothing when the key held a string; only NOGROUP means that the group is gone.")
    if len(reads) > 1:
        raise lab.wrong(
            f"read {len(reads)} times from a key that holds a string. Only NOGROUP can be mended by trying again."
        )


def _read_is_refused(lab: Lab) -> None:
    r = lab.redis()
    _fill(lab.another(r), 1, 5)
    lab.another(r).xgroup_create("orders", "mail", id="3-0")
    refused = _refusing(r, "XREADGROUP", _no_permission("xreadgroup"))
    try:
        returned = lab.call(r, "orders", "mail", "mia", "3-0")
    except _TooOften:
        pass
    except Raised as raised:
        if refused and not isinstance(raised.error, redis.exceptions.NoPermissionError):
            raise
    else:
        if refused:
            raise lab.wrong(f"returned {show(returned)} where Redis answered XREADGROUP with NOPERM; let it out.")
    if len(refused) > 1:
        raise lab.wrong(
            f"read {len(refused)} times where Redis answered NOPERM, which says the same for ever. "
            "Only NOGROUP can be mended by trying again; every other error comes out at once."
        )


def _mail_cannot_be_created(lab: Lab) -> None:
    r = lab.redis()
    _fill(lab.another(r), 1, 5)
    refused = _refusing(r, "XGROUP CREATE", _out_of_memory())
    hint = "Only BUSYGROUP is no trouble when a group is created; every other error comes out at once."
    try:
        returned = lab.call(r, "orders", "mail", "mia", "3-0")
    except _TooOften:
        raise lab.wrong("tried again and again where Redis answered XGROUP CREATE with OOM. " + hint) from None
    except Raised as raised:
        if not refused or (isinstance(raised.error, redis.exceptions.OutOfMemoryError) and len(refused) == 1):
            return
        raise lab.wrong(
            f"raised {type(raised.error).__name__}: {show(str(raised.error), 100)}, where Redis had answered XGROUP "
            "CREATE with OOM. " + hint
        ) from None
    if refused:
        raise lab.wrong(f"returned {show(returned)} where Redis answered XGROUP CREATE with OOM. {hint}")


CHECKS = {
    "3.1": ensure_group,
    "3.2": fraud_orders,
    "3.3": work,
    "3.4": add_event,
    "3.5": next_orders,
}
