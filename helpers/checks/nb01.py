"""Checks of 01 Adding entries."""

from __future__ import annotations

import ast
import copy
import json
import time
from collections.abc import Callable
from itertools import zip_longest
from typing import Any

import redis

from helpers.exercises import Lab, Raised, Wrong, show

NOW = 1_700_000_000_000
A_MINUTE = 60_000
TOO_SMALL = "equal or smaller"
OOM = "OOM command not allowed when used memory > 'maxmemory'."

Step = Callable[[list[str]], None]  # is told the names of the commands that run at once


def _stepwise(lab: Lab, before: Step | None = None, after: Step | None = None) -> redis.Redis:
    """A simulator that calls `before` and `after` around each step of the answer.

    A step is a command, or a transaction as a whole; of other pipelines each command is a step of its own.
    """

    def step(names: list[str], run: Callable, *args: Any, **options: Any) -> Any:
        if before:
            before(names)
        try:
            return run(*args, **options)
        finally:
            if after:
                after(names)

    def alone(run: Callable) -> Callable:
        return lambda *args, **options: step([str(args[0]).upper()], run, *args, **options)

    def pipeline(*args: Any, **options: Any) -> Any:
        p = make_pipeline(*args, **options)
        transaction, others = p._execute_transaction, p._execute_pipeline

        def at_once(connection: Any, commands: list, raise_on_error: bool) -> list:
            return step(_names(commands), transaction, connection, commands, raise_on_error)

        def one_by_one(connection: Any, commands: list, raise_on_error: bool) -> list:
            answers = []
            for command in commands:
                try:
                    answers += step(_names([command]), others, connection, [command], False)
                except redis.ResponseError as error:
                    answers.append(error)
            if raise_on_error:
                p.raise_first_error(commands, answers)
            return answers

        p._execute_transaction, p._execute_pipeline = at_once, one_by_one
        p.immediate_execute_command = alone(p.immediate_execute_command)
        return p

    r = lab.redis()
    make_pipeline = r.pipeline
    r.execute_command, r.pipeline = alone(r.execute_command), pipeline
    return r


def _names(commands: list) -> list[str]:
    return [str(args[0]).upper() for args, _ in commands]


class _Meanwhile:
    """Lets `what` happen after step number `number` of the answer; `added` says whether it had sent XADD by then."""

    def __init__(self, lab: Lab, number: int, what: Callable[[_Meanwhile], Any]) -> None:
        self._left, self._what = number, what
        self.reached = self.added = False
        self.r = _stepwise(lab, after=self._step)
        self.others = lab.another(self.r)

    def _step(self, names: list[str]) -> None:
        self.added = self.added or "XADD" in names
        self._left -= 1
        if self._left == 0:
            self.reached = True
            self._what(self)


def _in_every_gap(lab: Lab, scenario: Callable[[Lab, int], bool]) -> None:
    """Calls `scenario` for each step of the answer, until it says that there was no such step."""
    for number in range(1, 100):
        if not scenario(lab, number):
            return


def _error(error: Exception) -> str:
    return f"raised {type(error).__name__}: {str(error).rstrip('.')}."


def _milliseconds(entry_id: str) -> int:
    return int(entry_id.split("-")[0])


# --- 1.1 ----------------------------------------------------------------------------------------------------

EACH = "Does every row become one entry?"
OLDER = "An older order cannot follow a newer one: bring the rows into order first."
EQUAL = "Several rows share a millisecond: who could count the sequence for you?"
NUMBERS = "Milliseconds compare as numbers, not as text."
FUTURE = "A row later than now_ms would own the stream's clock: leave it out, and return it."
NO_ROWS = "There may be no rows at all."


def _row(at: int, order_id: int, product: str = "laptop") -> dict:
    return {"at": at, "order_id": order_id, "product": product}


def import_history(lab: Lab) -> None:
    in_order = [_row(NOW - 3000, 1), _row(NOW - 2000, 2, "mouse"), _row(NOW - 1000, 3)]
    _import(lab, in_order, EACH, refused=OLDER)
    _import(lab, [in_order[2], in_order[0], in_order[1]], OLDER)
    _import(lab, in_order, EACH, key="orders:berlin")
    busy = [_row(NOW - 2000, 5), _row(NOW - 3000, 9), _row(NOW - 2000, 4, "mouse"), _row(NOW - 2000, 6)]
    _import(lab, busy, EQUAL)
    _import(lab, [_row(NOW - 1000, 1), _row(999_999_999_999, 2)], NUMBERS)  # The second is of 2001.
    _import(lab, [_row(NOW - 1000, 1), _row(NOW * 2, 2), _row(NOW + 1, 4), _row(NOW, 3)], FUTURE)
    _import(lab, [], NO_ROWS)
    _import(lab, [_row(NOW - n, n) for n in range(1110)], "Every order is kept, however many there are.")


def _import(lab: Lab, given: list[dict], hint: str, refused: str = "", key: str = "orders") -> None:
    r, rows = lab.redis(), copy.deepcopy(given)
    try:
        left_out = lab.call(r, key, rows, NOW)
    except Raised as raised:
        why = _import_why(raised.error, rows != given, refused or hint)
        raise lab.wrong(f"{_error(raised.error)} {why}".rstrip()) from None
    if rows != given:
        raise lab.wrong("changed the rows that it was given: leave rows as they are, others may still need them.")
    wanted = sorted((row for row in given if row["at"] <= NOW), key=lambda row: row["at"])
    _only_key(lab, r, key)
    _imported(lab, r.xrange(key), wanted, hint)
    if r.exists(key) and _milliseconds(r.xinfo_stream(key)["last-generated-id"]) > NOW:
        raise lab.wrong(
            "left the right entries in a stream whose next * comes from the future. Was a late row added and deleted "
            "again? A stream remembers its highest id."
        )
    lab.expect(left_out, list, "the list of rows that were left out, empty when there are none")
    late = [row for row in given if row["at"] > NOW]
    if left_out != late:
        where = "in the order that they have in rows" if len(left_out) == len(late) else "and no others"
        raise lab.wrong(f"returned {show(left_out)}; it should return the {len(late)} rows later than now_ms, {where}.")


def _import_why(error: Exception, changed: bool, refused: str) -> str:
    if changed:
        return "By then the rows had been changed: leave rows as they are."
    if isinstance(error, redis.ResponseError):
        return refused
    if "not supported between instances" in str(error):
        return "By what should the rows be ordered?"
    return NO_ROWS if refused == NO_ROWS else ""


def _only_key(lab: Lab, r: redis.Redis, key: str) -> None:
    """No other key than `key` is there."""
    others = sorted(name for name in r.keys() if name != key)
    if others and not r.exists(key):
        raise lab.wrong(f"wrote to {show(others[0])}; the parameter key says which stream: {show(key)}.")
    if others:
        raise lab.wrong(f"left the key {show(others[0])} behind; there should be nothing but the stream {show(key)}.")


def _imported(lab: Lab, entries: list, wanted: list[dict], hint: str) -> None:
    """Compares what is in the stream with the rows that should be there, in their order."""
    found = [fields.get("order_id") for _, fields in entries]
    orders = [str(row["order_id"]) for row in wanted]
    if wanted and not entries:
        raise lab.wrong("left no stream. Nothing reached the server: is something still to be sent?")
    if sorted(found, key=str) != sorted(orders):
        if set(orders) - set(found) == {str(row["order_id"]) for row in wanted if row["at"] == NOW}:
            hint = "A row at now_ms itself is not later."
        raise lab.wrong(
            f"left the orders {show(found)} in the stream ({len(found)}); {show(orders)} were expected "
            f"({len(orders)}). {hint}"
        )
    _times(lab, [_milliseconds(entry_id) for entry_id, _ in entries], [row["at"] for row in wanted])
    if found != orders:
        raise lab.wrong(f"left {found} in the stream, {orders} was expected: rows of one millisecond keep their order.")
    for (_, fields), row in zip(entries, wanted, strict=True):
        if fields != {"order_id": str(row["order_id"]), "product": row["product"]}:
            raise lab.wrong(f"stored {show(fields)}; the fields are order_id and product.")


def _times(lab: Lab, found: list[int], wanted: list[int]) -> None:
    if found == wanted:
        return
    hint = "the milliseconds of an id are the row's at itself, unchanged."
    if all(abs(ms - time.time() * 1000) < A_MINUTE for ms in found):
        hint = "an id should carry the row's at, not the moment of the import."
    elif len(set(wanted)) < len(wanted) and max(found) - max(wanted) < 10:
        hint = "rows of one millisecond share it, and their ids differ after the dash."
    raise lab.wrong(f"gave the entries the milliseconds {show(found)}; {hint}")


# --- 1.2 ----------------------------------------------------------------------------------------------------

NESTED = {
    "order_id": 1002,
    "customer": {"name": "Ada", "city": "Zürich"},
    "items": [{"sku": "laptop", "cents": 99900, "weight": 1.5}, {"sku": "it's a mouse", "cents": 2900}],
    "gift": True,
    "note": None,
}
FLAT = {"order_id": 1001, "product": "laptop", "cents": 99900}
# What is text stays text, also when it looks like something else; and an empty list is not nothing.
LOOKALIKES = {"order_id": 1003, "product": "laptop", "sku": "007", "size": "5", "note": "", "name": "null", "tags": []}
ORDERS = (NESTED, FLAT, LOOKALIKES)
SHARED = "Other languages read this stream: which notation do they share?"


def nested_order(lab: Lab) -> None:
    r = lab.redis()
    entries = [_save(lab, r, "orders", order) for order in ORDERS]
    for n in (1, 0):
        _load(lab, r, "orders", entries[n][0], ORDERS[n])
    _load(
        lab, r, "orders", entries[2][0], LOOKALIKES, " Here are empty values, and text that looks like something else."
    )
    _save(lab, lab.redis(), "orders:berlin", FLAT)
    # Another program: it has the entries alone, and here they are those of other orders, under another key.
    r = lab.redis()
    for n, (entry_id, _) in enumerate(entries):
        r.xadd("orders:copy", entries[n - 1][1], id=entry_id)
    hint = " What is here was copied from another stream: a program that loads an order has its entry, and no more."
    for n in range(3):
        _load(lab, r, "orders:copy", entries[n][0], ORDERS[n - 1], hint)


def _save(lab: Lab, r: redis.Redis, key: str, order: dict) -> tuple[str, dict]:
    """Saves an order; its entry."""
    given, before = copy.deepcopy(order), r.xrange(key)
    try:
        entry_id = lab.call(r, key, given)
    except Raised as raised:
        raise lab.wrong(f"{_error(raised.error)}{_save_why(raised.error)}") from None
    if _difference(order, given):
        raise lab.wrong("changed the order that it was given: leave it as it is, whoever called still needs it.")
    others = sorted(name for name in r.keys() if name != key)
    if others:
        raise lab.wrong(f"wrote to the key {show(others[0])}; the whole order belongs into its entry in {show(key)}.")
    try:
        entries = r.xrange(key)
    except UnicodeDecodeError:
        raise lab.wrong(
            f"stored bytes that are no text, as pickle does, which only Python can read. {SHARED}"
        ) from None
    if entries[: len(before)] != before:
        raise lab.wrong("did not leave the entries before it as they were; orders of others are in this stream too.")
    added = entries[len(before) :]
    if len(added) != 1:
        raise lab.wrong(f"added {len(added)} entries; one order is one entry.")
    lab.expect(entry_id, str, "the id of the entry")
    if entry_id != added[0][0]:
        raise lab.wrong(f"returned {show(entry_id)}, and the entry's id is not that: return what XADD answered.")
    _order_id(lab, added[0][1], order)
    for name, value in added[0][1].items():
        _readable_anywhere(lab, name, value)
    if "laptop" not in " ".join(added[0][1].values()):
        raise lab.wrong(
            f"stored {show(added[0][1])}: whoever looks at the stream with redis-cli finds no laptop there. "
            "Values that are text as they are need no unpacking."
        )
    return added[0]


def _save_why(error: Exception) -> str:
    if isinstance(error, redis.DataError):
        return " A field takes text, bytes or a number; in which text would None, True and lists survive?"
    if TOO_SMALL in str(error):
        return " The numbers of orders need not rise from one to the next, and ids have to: who gives ids that do?"
    return " Not every order has the same keys." if isinstance(error, KeyError) else ""


def _order_id(lab: Lab, fields: dict, order: dict) -> None:
    wanted = str(order["order_id"])
    if "order_id" not in fields:
        raise lab.wrong(
            f"stored the fields {sorted(fields)}; order_id must be one of them, with the plain number, "
            "so that others find an order without reading all of it."
        )
    if fields["order_id"] != wanted:
        raise lab.wrong(f"stored order_id as {show(fields['order_id'])}; this order's is {wanted}.")


def _readable_anywhere(lab: Lab, name: str, value: str) -> None:
    if _is_pythonic(value):
        raise lab.wrong(f"stored {name} as {show(value)}, which only Python can read. {SHARED}")
    if value.startswith(('{"', "[{", '["')) and _json(value) is None:
        raise lab.wrong(f"stored {name} as {show(value)}, which no JSON reader accepts. Who writes JSON for you?")


def _is_pythonic(value: str) -> bool:
    if value in ("True", "False", "None") or value.startswith(("gASV", "\x80")):
        return True
    parsed = _json(value)
    if isinstance(parsed, str):  # Python's notation in JSON's quotes
        return _is_pythonic(parsed)
    if parsed is not None or not value.startswith(("{", "[", "(", "'", "b'")):
        return False
    try:
        ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return False
    return True


def _json(text: str) -> Any:
    """What JSON makes of `text`; None if it is no JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def _load(lab: Lab, r: redis.Redis, key: str, entry_id: str, order: dict, hint: str = "") -> None:
    before = r.xrange(key)
    try:
        loaded = lab.call(r, key, entry_id, of=1)
    except Raised as raised:
        raise lab.wrong(f"{_error(raised.error)}{hint}") from None
    except Wrong as wrong:
        if "needs a function" not in str(wrong):
            raise
        raise Wrong('needs two functions: check("1.2", save_order, load_order).') from None
    if isinstance(loaded, (str, bytes)):
        raise lab.wrong(f"returned {show(loaded)}: the order is still text. What makes a dictionary of it?")
    lab.expect(loaded, dict, "the order, a dictionary")
    if any(not _difference(other, loaded) for other in ORDERS if other is not order):
        asked, got = order["order_id"], loaded["order_id"]
        raise lab.wrong(f"returned the order {got}; in this entry is {asked}. Which one does entry_id name?{hint}")
    if difference := _difference(order, loaded):
        raise lab.wrong(f"returned an order that is not as it was: {difference}{hint}")
    if r.xrange(key) != before:
        raise lab.wrong("changed the stream: loading leaves the entry where it is, for the next one who needs it.")


A_TYPE = {int: "a number", float: "a number", bool: "true or false", type(None): "None", str: "text"}


def _difference(was: Any, became: Any, name: str = "the order") -> str:
    """A sentence on how a value came back that is not as it was, types included; empty when it is the same."""
    if isinstance(was, dict) and isinstance(became, dict):
        if missing := [key for key in was if key not in became]:
            return f"{name} came back without the keys {missing}."
        if more := [key for key in became if key not in was]:
            return f"{name} came back with the keys {show(more)}, which it did not have."
        return next(filter(None, (_difference(was[key], became[key], key) for key in was)), "")
    if isinstance(was, list) and isinstance(became, list) and len(was) == len(became):
        return next(filter(None, (_difference(*pair, name) for pair in zip(was, became, strict=True))), "")
    if type(was) is type(became) and was == became:
        return ""
    hint = ""
    if type(was) is not type(became) and str in (type(was), type(became)):
        hint = f" A field comes back as a string: what remembers that it was {A_TYPE.get(type(was), 'more')}?"
    return f"{name} was {show(was)} and came back as {show(became)}.{hint}"


# --- 1.3 ----------------------------------------------------------------------------------------------------


def count_click(lab: Lab) -> None:
    r = lab.redis()
    r.xadd("clicks:7", {"page": "/"}, id="1-1")
    _counted(lab, r, 7, [{"page": "/"}])
    _strangers(lab)
    _in_every_gap(lab, _leaver)
    _in_every_gap(lab, _newcomer)
    r = lab.redis()
    r.xadd("clicks:7", {"page": "/"}, id="1-1")
    r.xdel("clicks:7", "1-1")  # A stream without entries is a stream.
    _counted(lab, r, 7, [])
    r.xadd("clicks:ada", {"page": "/"}, id="1-1")
    _counted(lab, r, "ada", [{"page": "/"}])
    _in_every_gap(lab, _two_clicks)
    _refused(lab)


def _counted(lab: Lab, r: redis.Redis, customer: int | str, before: list[dict]) -> None:
    key, wanted = f"clicks:{customer}", [*before, {"page": "/laptops"}]
    known = _click(lab, r, customer, "/laptops", f"{show(key)} exists: this customer is registered.")
    found = [fields for _, fields in r.xrange(key)]
    if found == before and before:
        raise lab.wrong(f"added nothing to {show(key)}, which exists. Is that the key of customer {customer}?")
    if found != wanted:
        clicks = "1 click" if len(before) == 1 else f"{len(before)} clicks"
        raise lab.wrong(
            f"left {show(found)} in the stream {key}, where {wanted} was expected: this customer is registered, "
            f"with {clicks} before this one."
        )
    if known is not True:
        raise lab.wrong(f"returned {show(known)} for a customer with a stream; it should return True.")
    if r.xinfo_groups(key):
        raise lab.wrong("left a consumer group behind in the customer's stream; add the click, and nothing else.")


def _strangers(lab: Lab) -> None:
    seen = []
    r = _stepwise(lab, after=lambda names: seen.append(observer.exists("clicks:8")))
    observer = lab.another(r)
    answer = _click(lab, r, 8, "/cart", "Somebody without a stream is no error here: XADD answers None for them.")
    if observer.exists("clicks:8"):
        raise lab.wrong("created the stream of a stranger: XADD creates what it does not find, unless told not to.")
    if observer.keys():
        raise lab.wrong(f"left the key {observer.keys()[0]} behind; for a stranger nothing is created.")
    if any(seen):
        raise lab.wrong(
            "created the stream and deleted it again. In between others saw it, and a customer who registered just "
            "then would have lost theirs. Can XADD be told not to create?"
        )
    if answer is not False:
        raise lab.wrong(
            f"returned {show(answer)} for somebody without a stream; it should return False. "
            "No error is raised there: what did XADD answer?"
        )


def _leaver(lab: Lab, number: int) -> bool:
    """The customer leaves after step `number` of the answer, before it adds."""
    gone = []

    def leave(meanwhile: _Meanwhile) -> None:
        if not meanwhile.added:
            gone.append(meanwhile.others.delete("clicks:9"))

    meanwhile = _Meanwhile(lab, number, leave)
    meanwhile.others.xadd("clicks:9", {"page": "/"}, id="1-1")
    answer = _click(lab, meanwhile.r, 9, "/cart", "The customer left in between, and is a stranger now: no error.")
    if gone and meanwhile.others.exists("clicks:9"):
        raise lab.wrong(
            "asked first and added then; the customer left in between, and XADD created the stream anew. "
            "One command must both decide and add."
        )
    if gone and answer is not False:
        raise lab.wrong(
            f"returned {show(answer)} and added nothing: the customer left between two of your commands. "
            "Only XADD's own answer tells whether it added."
        )
    return meanwhile.reached


def _newcomer(lab: Lab, number: int) -> bool:
    """Somebody registers after step `number` of the answer."""
    meanwhile = _Meanwhile(lab, number, lambda meanwhile: meanwhile.others.xadd("clicks:9", {"page": "/"}))
    answer = _click(lab, meanwhile.r, 9, "/cart", "Somebody registered in between: that is no error.")
    pages = [fields.get("page") for _, fields in meanwhile.others.xrange("clicks:9")]
    if pages.count("/cart") != (answer is True):
        raise lab.wrong(
            f"returned {show(answer)} and left the pages {pages}: the customer registered between two of your "
            "commands. Only XADD's own answer tells whether it added."
        )
    return meanwhile.reached


def _two_clicks(lab: Lab, number: int) -> bool:
    """The customer clicks elsewhere after step `number` of the answer."""
    meanwhile = _Meanwhile(lab, number, lambda meanwhile: meanwhile.others.xadd("clicks:9", {"page": "/elsewhere"}))
    meanwhile.others.xadd("clicks:9", {"page": "/"}, id="1-1")
    hint = "Another click of this customer came in between: that is no error, and both count."
    answer = _click(lab, meanwhile.r, 9, "/cart", hint)
    pages = [fields.get("page") for _, fields in meanwhile.others.xrange("clicks:9")]
    if pages.count("/cart") != 1 or answer is not True:
        raise lab.wrong(f"returned {show(answer)} and left the pages {pages}, for a registered customer. {hint}")
    return meanwhile.reached


def _refused(lab: Lab) -> None:
    """Redis has no memory left: an error that has nothing to do with strangers."""

    def refuse(names: list[str]) -> None:
        if "XADD" in names:
            raise redis.ResponseError(OOM)

    r = _stepwise(lab, before=refuse)
    lab.another(r).xadd("clicks:7", {"page": "/"}, id="1-1")
    try:
        answer = lab.call(r, 7, "/cart")
    except Raised as raised:
        if OOM in str(raised.error):
            return
        raise
    raise lab.wrong(
        f"returned {show(answer)} when Redis refused the XADD: {OOM} False means that there is no stream; "
        "every other error has to come out."
    )


def _click(lab: Lab, r: redis.Redis, customer: int | str, page: str, hint: str) -> object:
    try:
        return lab.call(r, customer, page)
    except Raised as raised:
        raise lab.wrong(f"{_error(raised.error)} {hint}") from None


# --- 1.4 ----------------------------------------------------------------------------------------------------

TEN_MINUTES = 600_000
FAR = 99_999_999_999_999
RUN_AGAIN = "What had the first run left behind?"


def repair(lab: Lab) -> None:
    now = int(time.time() * 1000) - TEN_MINUTES  # An id from * is later than now_ms by as much.
    # The oldest id is small, so that it sorts last as text.
    good = ["5-0", f"{now - 10_000}-3", f"{now - 1}-2", f"{now}-0", f"{now}-4"]
    late = [f"{now + 1}-0", f"{FAR}-0", f"{FAR}-1"]
    _repair(lab, now, good[:2], late[1:])
    _repair(lab, now, good, late)
    _repair(lab, now, good[:1], late[1:2], deleted=[f"{FAR}-2"])
    _repair(lab, now, good[:3], [])
    _repair(lab, now, good[:2], [], deleted=[f"{FAR}-2"])
    _repair(lab, now, [], late[1:])
    _repair(lab, now, [], [], deleted=[f"{FAR}-2"])
    _repair(lab, now, [f"{n}-0" for n in range(1, 121)], [f"{FAR}-{n}" for n in range(30)], watched=False)
    _in_every_gap(lab, lambda lab, number: _repair_after_a_crash(lab, now, number))


def _entries(ids: list[str], name: str) -> list[tuple[str, dict]]:
    return [(entry_id, {"order_id": f"{name}-{n}"}) for n, entry_id in enumerate(ids)]


def _everything(r: redis.Redis) -> str:
    """The text of all that is in the database, whatever holds it."""
    readers = {
        "stream": r.xrange,
        "string": r.get,
        "hash": r.hgetall,
        "set": r.smembers,
        "list": lambda key: r.lrange(key, 0, -1),
        "zset": lambda key: r.zrange(key, 0, -1),
    }
    return " ".join(str(readers[r.type(key)](key)) for key in r.keys())


def _repair(
    lab: Lab, now: int, good: list[str], late: list[str], deleted: list[str] | None = None, watched: bool = True
) -> None:
    """A stream of `good` and `late` entries, and of `deleted` ones that only its highest id remembers."""
    commands: list[str] = []
    lost: list[str] = []
    kept, future, gone = _entries(good, "good"), _entries(late, "late"), _entries(deleted or [], "gone")
    orders = [fields["order_id"] for _, fields in kept + future]

    def watch(names: list[str]) -> None:
        commands.extend(names)
        if watched:
            there = _everything(observer)
            lost.extend(order for order in orders if order not in there)

    r = _stepwise(lab, after=watch)
    observer = lab.another(r)
    for entry_id, fields in kept + future + gone:
        observer.xadd("orders", fields, id=entry_id)
    for entry_id, _ in gone:
        observer.xdel("orders", entry_id)
    try:
        repaired = lab.call(r, "orders", now)
    except Raised as raised:
        hint = _repair_why(str(raised.error), kept + future, now)
        raise lab.wrong(f"{_error(raised.error)}{hint}") from None
    if "XSETID" in commands:
        raise lab.wrong(
            "called XSETID, which Redis 7.0 allows; 8.2 refuses to set it below an id that was deleted. "
            "Find a repair that works without it."
        )
    _repaired(lab, observer, kept, future, repaired, now)
    if lost:
        raise lab.wrong(
            f"was right in the end, and for a moment the order {lost[0]} was nowhere in Redis: a crash just then "
            "would have lost it. Where are all entries at every moment?"
        )


def _repair_why(error: str, entries: list, now: int) -> str:
    if "XSETID" in error:
        return " Find a repair that works without it."
    if "no such key" in error and not entries:
        return " All entries may have been deleted: then there is nothing to rename, and the memory still has to go."
    if TOO_SMALL in error:
        ids = [_called(entry_id, now) for entry_id, _ in entries]
        return (
            " An id from * went in before an entry that keeps its old id: "
            f"which of {show(ids)} was taken for the future? Ids compare as numbers."
        )
    return ""


def _called(entry_id: str, now: int) -> str:
    """An id as it stands to now_ms: the same text on every run."""
    offset, sequence = _milliseconds(entry_id) - now, entry_id.split("-")[1]
    if not offset:
        return f"now_ms-{sequence}"
    sign = "-" if offset < 0 else "+"
    return f"(now_ms {sign} {abs(offset)})-{sequence}" if abs(offset) < TEN_MINUTES else entry_id


def _repaired(lab: Lab, r: redis.Redis, kept: list, future: list, answer: object, now: int) -> None:
    entries = r.xrange("orders")
    for old, new in zip_longest(kept, entries[: len(kept)]):
        _kept(lab, old, new, now)
    again = entries[len(kept) :]
    found = [fields.get("order_id") for _, fields in again]
    wanted = [fields["order_id"] for _, fields in future]
    if found != wanted:
        raise lab.wrong(
            f"left the orders {show(found)} after the {len(kept)} good entries; {show(wanted)} should be there, "
            f"once and in this order ({len(found)} are there, {len(wanted)} were expected)."
        )
    for (_, fields), (_, old_fields) in zip(again, future, strict=True):
        if fields != old_fields:
            raise lab.wrong(f"changed the fields {old_fields} of an entry from the future to {show(fields)}.")
    _from_now(lab, r, again, future, now)
    others = [key for key in r.keys() if key != "orders"]
    if others:
        raise lab.wrong(f"left the key {others[0]} behind.")
    lab.expect(answer, int, "how many entries were from the future")
    if answer != len(future):
        raise lab.wrong(f"returned {answer}; {len(future)} entries were from the future.")


def _kept(lab: Lab, old: tuple[str, dict], new: tuple[str, dict] | None, now: int) -> None:
    (old_id, old_fields), called = old, _called(old[0], now)
    if new is None or (new[0] != old_id and new[1] != old_fields):
        raise lab.wrong(f"did not keep the entry {called} in its place; entries not later than now_ms keep their ids.")
    new_id, new_fields = new
    if new_fields != old_fields:
        raise lab.wrong(f"changed the fields of the entry {called}: {old_fields} became {show(new_fields)}.")
    if _milliseconds(new_id) == _milliseconds(old_id) and new_id != old_id:
        before, after = old_id.split("-")[1], new_id.split("-")[1]
        raise lab.wrong(f"gave the entry {called} another id: its sequence {before} became {after}.")
    if new_id != old_id:
        later = " (the entry at now_ms is not later)" if _milliseconds(old_id) == now else ""
        raise lab.wrong(f"gave the entry {called} a new id; entries not later than now_ms{later} keep their ids.")


def _from_now(lab: Lab, r: redis.Redis, again: list, future: list, now: int) -> None:
    """The entries from the future have ids of this moment, and so has the next one."""
    clock = now + TEN_MINUTES
    for (entry_id, fields), (old_id, _) in zip(again, future, strict=True):
        if entry_id == old_id and _milliseconds(entry_id) < clock:
            raise lab.wrong(
                f"left the entry {_called(entry_id, now)} its id, and that is later than now_ms. "
                "Was it compared with another clock?"
            )
        if _milliseconds(entry_id) < clock - A_MINUTE:
            raise lab.wrong(
                f"gave {fields['order_id']} the id {_called(entry_id, now)}; an id from * is of this moment."
            )
    newest = _milliseconds(r.xadd("orders", {"order_id": "next"}))
    if max([newest, *(_milliseconds(entry_id) for entry_id, _ in again)]) > clock + A_MINUTE:
        raise lab.wrong(
            "left a stream whose next id is still from the future. A stream remembers its highest id whatever is "
            "deleted; which stream remembers nothing yet?"
        )


class _PowerCut(BaseException):
    """Not an Exception, so that no answer catches it."""


def _repair_after_a_crash(lab: Lab, now: int, number: int) -> bool:
    """The program ends after step `number`, and is started again; False if there is no such step."""
    left = number

    def power_cut(names: list[str]) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise _PowerCut

    r = _stepwise(lab, after=power_cut)
    observer = lab.another(r)
    entries = _entries([f"{now - 10_000}-0", f"{now - 9_000}-0"], "good") + _entries([f"{FAR}-0", f"{FAR}-1"], "late")
    for entry_id, fields in entries:
        observer.xadd("orders", fields, id=entry_id)
    try:
        lab.call(r, "orders", now)
    except _PowerCut:
        _again(lab, observer, now)
    found = [fields["order_id"] for _, fields in observer.xrange("orders")]
    if found != [fields["order_id"] for _, fields in entries]:
        raise lab.wrong(f"was run again after a crash in its middle, and left the orders {found}. {RUN_AGAIN}")
    return left <= 0


def _again(lab: Lab, r: redis.Redis, now: int) -> None:
    try:
        lab.call(r, "orders", now)
    except Raised as raised:
        raise lab.wrong(f"was run again after a crash in its middle, and {_error(raised.error)} {RUN_AGAIN}") from None


# --- 1.5 ----------------------------------------------------------------------------------------------------

LATE = "Too late for its own milliseconds, or two in the same one? Both still have to be stored."
LOST = "the till's time is lost unless a field holds it."
COMES_OUT = "Only 'equal or smaller' means that a reading is late; every other error has to be seen."


class _Tills:
    """A stream of readings, and what others see of it while a reading is added."""

    def __init__(self, lab: Lab, key: str = "tills") -> None:
        self.key, self.lengths = key, [0]
        self.r = _stepwise(lab, after=lambda names: self.lengths.append(self.others.xlen(key)))
        self.others = lab.another(self.r)


def add_reading(lab: Lab) -> None:
    tills = _Tills(lab)
    first = _reading(lab, tills, NOW, "21.5")
    second = _reading(lab, tills, NOW, "21.6")
    if not first.startswith(f"{NOW}-") or not second.startswith(f"{NOW}-"):
        hint = "the stream could take the till's milliseconds for both."
        if first.startswith(f"{NOW // 1000}-"):
            hint = "an id counts milliseconds."
        raise lab.wrong(f"gave two readings of {NOW} the ids {first} and {second}; {hint}")
    late = _reading(lab, tills, NOW - 500, "20.9")
    if _milliseconds(late) < NOW + 1000:
        raise lab.wrong(f"gave a late reading the id {late}; an id that the till's time does not decide comes from *.")
    _stored(lab, tills, [(NOW, "21.5"), (NOW, "21.6"), (NOW - 500, "20.9")], LOST)
    tills = _Tills(lab, "tills:berlin")
    _reading(lab, tills, NOW, "22.0", at="noon")
    _stored(lab, tills, [(NOW, "22.0")], "whatever fields says, at is at_ms.")
    _remembered_id(lab)
    _clock_behind(lab)
    _in_every_gap(lab, _another_till)
    _not_late(lab)


def _remembered_id(lab: Lab) -> None:
    tills = _Tills(lab)
    tills.others.xadd("tills", {"celsius": "20.0"}, id=f"{NOW - 9000}-0")
    tills.others.xadd("tills", {"celsius": "20.1"}, id=f"{NOW + 9000}-0")
    tills.others.xdel("tills", f"{NOW + 9000}-0")
    hint = "Was it compared with the last entry? A stream compares with its highest id."
    _reading(lab, tills, NOW, "21.7", hint)


def _clock_behind(lab: Lab) -> None:
    tills = _Tills(lab)
    tills.others.xadd("tills", {"celsius": "20.0"}, id=f"{int(time.time() * 1000) + A_MINUTE}-0")
    hint = "The stream's last id is ahead of the clock here. Who always gives an id that is larger?"
    _reading(lab, tills, NOW, "21.7", hint)


def _another_till(lab: Lab, number: int) -> bool:
    """Another till adds after step `number` of the answer."""
    reading = {"celsius": "1"}
    meanwhile = _Meanwhile(lab, number, lambda it: it.others.xadd("tills", reading, id=f"{NOW + 5000}-*"))
    meanwhile.others.xadd("tills", {"celsius": "20.0"}, id=f"{NOW - 9000}-0")
    hint = "Another till added between two of your commands: what was asked first need not be true any more."
    try:
        lab.call(meanwhile.r, "tills", NOW, {"celsius": "21.5"})
    except Raised as raised:
        raise lab.wrong(f"{_error(raised.error)} {hint}") from None
    found = [fields["celsius"] for _, fields in meanwhile.others.xrange("tills") if "celsius" in fields]
    if found.count("21.5") != 1:
        raise lab.wrong(f"left the readings {found}, where 21.5 should be once. {hint}")
    return meanwhile.reached


def _not_late(lab: Lab) -> None:
    """Errors that do not mean that a reading is late: one that a second attempt would not meet, and one that stays."""
    refused: list[str] = []

    def refuse_once(names: list[str]) -> None:
        if "XADD" in names and not refused:
            refused.append(OOM)
            raise redis.ResponseError(OOM)

    r = _stepwise(lab, before=refuse_once)
    _comes_out(lab, r, OOM, f"went on after Redis had refused the XADD ({OOM})")
    if lab.another(r).exists("tills"):
        raise lab.wrong(f"added an entry after Redis had refused the XADD ({OOM}). {COMES_OUT}")
    r = lab.redis()
    r.set("tills", "not a stream")
    _comes_out(lab, r, "WRONGTYPE", "said nothing when the key held a string")


def _comes_out(lab: Lab, r: redis.Redis, error: str, silent: str) -> None:
    try:
        lab.call(r, "tills", NOW, {"celsius": "21.5"})
    except Raised as raised:
        if error in str(raised.error) and isinstance(raised.error, redis.ResponseError):
            return
        raise lab.wrong(
            f"raised {type(raised.error).__name__}: {raised.error}, and Redis had said {error} "
            "Let the error itself come out."
        ) from None
    raise lab.wrong(f"{silent}. {COMES_OUT}")


def _reading(lab: Lab, tills: _Tills, at_ms: int, celsius: str, hint: str = LATE, **more: str) -> str:
    """Adds a reading; its id."""
    others, given = tills.others, {"celsius": celsius, **more}
    before, fields = others.xrange(tills.key), dict(given)
    tills.lengths[:] = [len(before)]
    try:
        entry_id = lab.call(tills.r, tills.key, at_ms, fields)
    except Raised as raised:
        text = str(raised.error)
        if "no such key" in text:
            hint = "The first reading finds no stream."
        elif TOO_SMALL not in text:
            raise
        raise lab.wrong(f"{_error(raised.error)} {hint}") from None
    if fields != given:
        raise lab.wrong("changed the dictionary that it was given; whoever called it still needs it.")
    if min(tills.lengths) < len(before):
        raise lab.wrong("changed the past: the entries before it were taken out and put back. A stream only grows.")
    _only_key(lab, others, tills.key)
    after = others.xrange(tills.key)
    if after[:-1] != before:
        raise lab.wrong("did not add exactly one entry at the end: a late reading is still a reading.")
    if tills.lengths != sorted(tills.lengths):
        raise lab.wrong("added an entry and deleted it again; others may have read it in between. XADD itself answers.")
    lab.expect(entry_id, str, "the id of the new entry")
    if entry_id != after[-1][0]:
        raise lab.wrong(f"returned {show(entry_id)}; it should return the id that XADD answered.")
    return entry_id


def _stored(lab: Lab, tills: _Tills, wanted: list[tuple[int, str]], hint: str) -> None:
    entries = [fields for _, fields in tills.others.xrange(tills.key)]
    found = [(fields.get("at"), fields.get("celsius")) for fields in entries]
    if any(celsius is None for _, celsius in found):
        raise lab.wrong(f"stored {show(entries[0])}; the reading's own field celsius is gone.")
    if found != [(str(at), celsius) for at, celsius in wanted]:
        raise lab.wrong(f"left (at, celsius) {found}; expected {wanted}: {hint}")


CHECKS = {
    "1.1": import_history,
    "1.2": nested_order,
    "1.3": count_click,
    "1.4": repair,
    "1.5": add_reading,
}
