"""Checks of 01 Adding entries."""

from __future__ import annotations

import json
import time

import redis

from helpers.exercises import Lab, Raised, show

NOW = 1_700_000_000_000
TOO_SMALL = "equal or smaller"


def _row(at: int, order_id: int, product: str = "laptop") -> dict:
    return {"at": at, "order_id": order_id, "product": product}


def import_history(lab: Lab) -> None:
    in_order = [_row(NOW - 3000, 1), _row(NOW - 2000, 2, "mouse"), _row(NOW - 1000, 3)]
    _import(lab, in_order, "Does every row become one entry?")
    shuffled = [in_order[2], in_order[0], in_order[1]]
    _import(lab, shuffled, "An older order cannot follow a newer one: bring the rows into order first.")
    busy = [_row(NOW - 2000, 5), _row(NOW - 3000, 9), _row(NOW - 2000, 4, "mouse"), _row(NOW - 2000, 6)]
    _import(lab, busy, "Several rows share a millisecond: who could count the sequence for you?")
    future = [_row(NOW - 1000, 1), _row(NOW * 2, 2), _row(NOW, 3), _row(NOW + 1, 4)]
    _import(lab, future, "A row later than now_ms would own the stream's clock: leave it out, and return it.")


def _import(lab: Lab, rows: list[dict], hint: str) -> None:
    r, given = lab.redis(), [dict(row) for row in rows]
    try:
        left_out = lab.call(r, "orders", rows, NOW)
    except Raised as raised:
        if isinstance(raised.error, redis.ResponseError):
            raise lab.wrong(f"raised ResponseError: {raised.error}. {hint}") from None
        raise
    wanted = sorted((row for row in given if row["at"] <= NOW), key=lambda row: row["at"])
    _imported(lab, r.xrange("orders"), wanted, hint)
    lab.expect(left_out, list, "the list of rows that were left out, empty when there are none")
    late = [row for row in given if row["at"] > NOW]
    if left_out != late:
        where = "in the order that they have in rows" if len(left_out) == len(late) else "and no others"
        raise lab.wrong(f"returned {show(left_out)}; it should return the {len(late)} rows later than now_ms, {where}.")


def _imported(lab: Lab, entries: list, wanted: list[dict], hint: str) -> None:
    """Compares what is in the stream with the rows that should be there, in their order."""
    found = [fields.get("order_id") for _, fields in entries]
    orders = [str(row["order_id"]) for row in wanted]
    times = [int(entry_id.split("-")[0]) for entry_id, _ in entries]
    if sorted(found, key=str) != sorted(orders):
        if set(orders) - set(found) == {str(row["order_id"]) for row in wanted if row["at"] == NOW}:
            hint = "A row at now_ms itself is not later."
        raise lab.wrong(f"left the orders {found} in the stream; {orders} were expected. {hint}")
    if times != [row["at"] for row in wanted]:
        raise lab.wrong(
            f"gave the entries the milliseconds {times}; an id should carry the row's at, not the moment of the import."
        )
    if found != orders:
        raise lab.wrong(f"left {found} in the stream, {orders} was expected: rows of one millisecond keep their order.")
    for (_, fields), row in zip(entries, wanted, strict=True):
        if fields != {"order_id": str(row["order_id"]), "product": row["product"]}:
            raise lab.wrong(f"stored {show(fields)}; the fields are order_id and product.")


ORDER = {
    "order_id": 1001,
    "customer": {"name": "Ada", "city": "Zürich"},
    "items": [{"sku": "laptop", "cents": 99900, "weight": 1.5}, {"sku": "it's a mouse", "cents": 2900}],
    "gift": True,
    "note": None,
}


def nested_order(lab: Lab) -> None:
    for order in (ORDER, {"order_id": 1002, "product": "laptop", "cents": 99900}):
        r = lab.redis()
        r.xadd("orders", {"order_id": 7, "data": "{}"}, id="1-1")
        try:
            entry_id = lab.call(r, "orders", json.loads(json.dumps(order)))
        except Raised as raised:
            if isinstance(raised.error, redis.DataError):
                raise lab.wrong(
                    f"raised DataError: {raised.error} A field takes text, bytes or a number; "
                    "in which text would None, True and lists survive?"
                ) from None
            raise
        added = r.xrange("orders", min="(1-1")
        if len(added) != 1:
            raise lab.wrong(f"added {len(added)} entries; one order is one entry.")
        [(stored_id, fields)] = added
        lab.expect(entry_id, str, "the id of the entry")
        if entry_id != stored_id:
            raise lab.wrong(f"returned {show(entry_id)}, and the entry's id is not that: return what XADD answered.")
        if fields.get("order_id") != str(order["order_id"]):
            raise lab.wrong(
                f"stored the fields {sorted(fields)}; order_id must be one of them, with the plain number, "
                "so that others find an order without reading all of it."
            )
        _readable_anywhere(lab, fields)
        r.xadd("orders", {"order_id": 8, "data": "{}"})
        saved = lab.did
        loaded = lab.call(r, "orders", entry_id, of=1)
        if loaded != order or json.dumps(loaded, sort_keys=True) != json.dumps(order, sort_keys=True):
            raise lab.wrong(
                f"returned {show(_difference(loaded, order), 200)} after {saved}. "
                "A field comes back as a string: what remembers that 1001 was a number and None was None?"
            )


def _readable_anywhere(lab: Lab, fields: dict) -> None:
    for name, value in fields.items():
        pythonic = value in ("True", "False", "None") or (value[:1] in "{[(" and not _is_json(value))
        if pythonic or value.startswith(("b'", "gASV", "\x80")):
            raise lab.wrong(
                f"stored {name} as {show(value)}, which only Python can read. "
                "Other languages read this stream: which notation do they share?"
            )


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _difference(loaded: object, order: dict) -> object:
    """The part of what was loaded that is not as it was, or all of it."""
    if isinstance(loaded, dict):
        return {k: loaded.get(k) for k in order if loaded.get(k) != order[k]} or loaded
    return loaded


def count_click(lab: Lab) -> None:
    r = lab.redis()
    r.xadd("clicks:7", {"page": "/"}, id="1-1")
    _counted(lab, r, [{"page": "/"}, {"page": "/laptops"}])
    _strangers(lab)
    _leavers(lab)
    r = lab.redis()
    r.xadd("clicks:7", {"page": "/"}, id="1-1")
    r.xdel("clicks:7", "1-1")  # A stream without entries is a stream.
    _counted(lab, r, [{"page": "/laptops"}])


def _counted(lab: Lab, r: redis.Redis, wanted: list[dict]) -> None:
    known = _click(lab, r, 7, "/laptops")
    found = [fields for _, fields in r.xrange("clicks:7")]
    if found != wanted:
        raise lab.wrong(
            f"left {show(found)} in the stream clicks:7, where {wanted} was expected: this customer is registered, "
            f"with {len(wanted) - 1} clicks before this one."
        )
    if known is not True:
        raise lab.wrong(f"returned {show(known)} for a customer with a stream; it should return True.")


def _strangers(lab: Lab) -> None:
    seen = []
    r = lab.redis(after=lambda name, args: seen.append(observer.exists("clicks:8")))
    observer = lab.another(r)
    answer = _click(lab, r, 8, "/cart")
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


def _leavers(lab: Lab) -> None:
    """The customer leaves between two commands of the answer."""
    r = lab.redis(after=lambda name, args: leaver.delete("clicks:9") if name != "XADD" else None)
    leaver = lab.another(r)
    leaver.xadd("clicks:9", {"page": "/"}, id="1-1")
    answer = _click(lab, r, 9, "/cart")
    if leaver.xlen("clicks:9") == 1:
        raise lab.wrong(
            "asked first and added then; the customer left in between, and XADD created the stream anew. "
            "One command must both decide and add."
        )
    if not leaver.exists("clicks:9") and answer is not False:
        raise lab.wrong(
            f"returned {show(answer)} and added nothing: the customer left between two of your commands. "
            "Only XADD's own answer tells whether it added."
        )


def _click(lab: Lab, r: redis.Redis, customer: int, page: str) -> object:
    try:
        return lab.call(r, customer, page)
    except Raised as raised:
        raise lab.wrong(
            f"raised {type(raised.error).__name__}: {raised.error}. Somebody without a stream is no error here: "
            "XADD can answer None, and the function False."
        ) from None


def repair(lab: Lab) -> None:
    for good, late, deleted in ((2, 2, 0), (1, 1, 1), (3, 0, 0), (2, 0, 1), (0, 2, 0), (0, 0, 1)):
        _repair(lab, good, late, deleted)
    for commands_before in range(2, 9):
        _repair_after_a_crash(lab, commands_before)


def _repair_after_a_crash(lab: Lab, commands_before: int) -> None:
    """The program ends after some commands, and is started again."""
    now, sent = int(time.time() * 1000), []

    def power_cut(name: str, args: tuple) -> None:
        sent.append(name)
        if len(sent) == commands_before:
            raise _PowerCut

    r = lab.redis(after=power_cut)
    observer = lab.another(r)
    kept = [(f"{now - 10_000}-0", {"order_id": "1"}), (f"{now - 9_000}-0", {"order_id": "2"})]
    future = [(f"99999999999999-{n}", {"order_id": str(100 + n)}) for n in range(2)]
    for entry_id, fields in kept + future:
        observer.xadd("orders", fields, id=entry_id)
    try:
        lab.call(r, "orders", now)
    except _PowerCut:
        _again(lab, observer, now)
    found = [fields["order_id"] for _, fields in observer.xrange("orders")]
    if found != ["1", "2", "100", "101"]:
        raise lab.wrong(
            f"was run again after a crash in its middle, and left the orders {found}. "
            "What had the first run left behind?"
        )


def _again(lab: Lab, r: redis.Redis, now: int) -> None:
    try:
        lab.call(r, "orders", now)
    except Raised as raised:
        raise lab.wrong(
            f"was run again after a crash in its middle, and raised {type(raised.error).__name__}: {raised.error}. "
            "What had the first run left behind?"
        ) from None


class _PowerCut(BaseException):
    """Not an Exception, so that no answer catches it."""


def _repair(lab: Lab, good: int, late: int, deleted: int) -> None:
    """A stream of `good` and `late` entries, and `deleted` later ones that only its highest id remembers."""
    now = int(time.time() * 1000)
    commands: list[str] = []
    missing: list[bool] = []

    def watch(name: str, args: tuple) -> None:
        commands.append(name)
        missing.append(observer.xlen("orders") < good + late)

    r = lab.redis(after=watch)
    observer = lab.another(r)
    # The oldest id is small, so that it sorts last as text; the newest good one is not later than now.
    kept = [("5-0", {"order_id": "0"}), (f"{now - 10_000}-3", {"order_id": "1"}), (f"{now}-0", {"order_id": "2"})][
        :good
    ]
    future = [(f"99999999999999-{n}", {"order_id": str(100 + n)}) for n in range(late)]
    gone = [(f"99999999999999-{late + n}", {"order_id": "gone"}) for n in range(deleted)]
    for entry_id, fields in kept + future + gone:
        observer.xadd("orders", fields, id=entry_id)
    for entry_id, _ in gone:
        observer.xdel("orders", entry_id)
    try:
        repaired = lab.call(r, "orders", now)
    except Raised as raised:
        if TOO_SMALL not in str(raised.error):
            raise
        raise lab.wrong(
            f"raised ResponseError: {raised.error}. An id from * went in before an entry that keeps its old id: "
            f"which of {[entry_id for entry_id, _ in kept + future]} was taken for the future? Ids compare as numbers."
        ) from None
    if "XSETID" in commands:
        raise lab.wrong(
            "called XSETID, which Redis 7.0 allows; 8.2 refuses to set it below an id that was deleted. "
            "Find a repair that works on both."
        )
    _repaired(lab, observer, kept, future, repaired, now)
    if good + late and any(missing):
        raise lab.wrong(
            "took entries out of the stream before their new place was complete: a crash just then would have lost "
            "them. Build the new stream under another name first."
        )


def _repaired(lab: Lab, r: redis.Redis, kept: list, future: list, answer: object, now: int) -> None:
    entries = r.xrange("orders")
    if entries[: len(kept)] != kept:
        raise lab.wrong(
            f"left {show(entries[: len(kept)])} at the start of the stream, where {show(kept)} was expected: entries "
            "that are not later than now_ms keep their ids."
        )
    again = entries[len(kept) :]
    if [fields for _, fields in again] != [fields for _, fields in future]:
        raise lab.wrong(
            f"left {[fields.get('order_id') for _, fields in again]} after the good entries; the orders "
            f"{[fields['order_id'] for _, fields in future]} should be there, once and in this order."
        )
    newest = int(r.xadd("orders", {"order_id": "next"}).split("-")[0])
    if newest > now + 600_000 or any(int(entry_id.split("-")[0]) > now + 600_000 for entry_id, _ in again):
        raise lab.wrong(
            "left a stream whose next id is still from the future. A stream remembers its highest id whatever is "
            "deleted; which stream remembers nothing yet?"
        )
    if any(int(entry_id.split("-")[0]) < now - 600_000 for entry_id, _ in again):
        raise lab.wrong("gave the entries from the future ids from the past; add them with *.")
    others = [key for key in r.keys() if key != "orders"]
    if others:
        raise lab.wrong(f"left the key {others[0]} behind.")
    lab.expect(answer, int, "how many entries were from the future")
    if answer != len(future):
        raise lab.wrong(f"returned {answer}; {len(future)} entries were from the future.")


def add_reading(lab: Lab) -> None:
    r = lab.redis()
    first = _reading(lab, r, NOW, "21.5")
    second = _reading(lab, r, NOW, "21.6")
    if not (first or "").startswith(f"{NOW}-") or not (second or "").startswith(f"{NOW}-"):
        raise lab.wrong(
            f"gave two readings of {NOW} the ids {first} and {second}; the stream could take the till's "
            "milliseconds for both."
        )
    late = _reading(lab, r, NOW - 5000, "20.9")
    if int(late.split("-")[0]) < NOW + 1000:
        raise lab.wrong(f"gave a late reading the id {late}; an id that the till's time does not decide comes from *.")
    stored = [(fields.get("at"), fields.get("celsius")) for _, fields in r.xrange("tills")]
    wanted = [(str(NOW), "21.5"), (str(NOW), "21.6"), (str(NOW - 5000), "20.9")]
    if stored != wanted:
        raise lab.wrong(
            f"left (at, celsius) {stored}; expected {wanted}: the till's time is lost unless a field holds it."
        )
    r = lab.redis()
    r.xadd("tills", {"celsius": "20.0"}, id=f"{NOW - 9000}-0")
    r.xadd("tills", {"celsius": "20.1"}, id=f"{NOW + 9000}-0")
    r.xdel("tills", f"{NOW + 9000}-0")
    _reading(lab, r, NOW, "21.7", " Was it compared with the last entry? A stream compares with its highest id.")
    r = lab.redis()
    r.set("tills", "not a stream")
    try:
        lab.call(r, "tills", NOW, {"celsius": "21.5"})
    except Raised as raised:
        if "WRONGTYPE" in str(raised.error):
            return
        raise
    raise lab.wrong(
        "said nothing when the key held a string. Only 'equal or smaller' means that a reading is late; "
        "every other error has to be seen."
    )


def _reading(lab: Lab, r: redis.Redis, at: int, celsius: str, hint: str = "") -> str:
    before, fields = r.xlen("tills"), {"celsius": celsius}
    try:
        entry_id = lab.call(r, "tills", at, fields)
    except Raised as raised:
        if TOO_SMALL not in str(raised.error):
            raise
        hint = hint or " Too late for its own milliseconds, or two in the same one? Both still have to be stored."
        raise lab.wrong(f"raised {type(raised.error).__name__}: {raised.error}.{hint}") from None
    if fields != {"celsius": celsius}:
        raise lab.wrong("changed the dictionary that it was given; whoever called it still needs it.")
    if r.xlen("tills") != before + 1:
        raise lab.wrong("did not add exactly one entry: a late reading is still a reading.")
    lab.expect(entry_id, str, "the id of the new entry")
    if entry_id != r.xrevrange("tills", count=1)[0][0]:
        raise lab.wrong(f"returned {show(entry_id)}; it should return the id that XADD answered.")
    return entry_id


CHECKS = {
    "1.1": import_history,
    "1.2": nested_order,
    "1.3": count_click,
    "1.4": repair,
    "1.5": add_reading,
}
