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
    _import(lab, in_order, "Each row becomes one entry.", "Does every row become one entry?")
    shuffled = [in_order[2], in_order[0], in_order[1]]
    hint = "An older order cannot follow a newer one: bring the rows into order first."
    _import(lab, shuffled, hint, hint)
    busy = [_row(NOW - 2000, 5), _row(NOW - 3000, 9), _row(NOW - 2000, 4, "mouse"), _row(NOW - 2000, 6)]
    hint = "Several rows share a millisecond, and keep their order: who could count the sequence for you?"
    _import(lab, busy, hint, hint)
    future = [_row(NOW - 1000, 1), _row(NOW * 2, 2), _row(NOW, 3), _row(NOW + 1, 4)]
    hint = "A row later than now_ms would own the stream's clock: leave it out, and return it."
    _import(lab, future, hint, hint)


def _import(lab: Lab, rows: list[dict], if_refused: str, if_different: str) -> None:
    r, given = lab.redis(), [dict(row) for row in rows]
    try:
        left_out = lab.call(r, "orders", rows, NOW)
    except Raised as raised:
        raise lab.wrong(f"raised {type(raised.error).__name__}: {raised.error}. {if_refused}") from None
    wanted = sorted((row for row in given if row["at"] <= NOW), key=lambda row: row["at"])
    entries = r.xrange("orders")
    found = [(int(entry_id.split("-")[0]), fields.get("order_id")) for entry_id, fields in entries]
    if found != [(row["at"], str(row["order_id"])) for row in wanted]:
        if sorted(order for _, order in found) == sorted(str(row["order_id"]) for row in wanted):
            times = [ms for ms, _ in found]
            if any(abs(ms - NOW) > 86_400_000 for ms in times):
                raise lab.wrong(
                    f"gave the ids the milliseconds {times[:2]}: the id should carry the row's at, not the "
                    "moment of the import."
                )
        raise lab.wrong(
            f"left orders {[order for _, order in found]} in the stream; "
            f"{[row['order_id'] for row in wanted]} were expected, in this order. {if_different}"
        )
    for (_, fields), row in zip(entries, wanted, strict=True):
        if fields != {"order_id": str(row["order_id"]), "product": row["product"]}:
            raise lab.wrong(f"stored {show(fields)}; the fields are order_id and product.")
    lab.expect(left_out, list, "the list of rows that were left out, empty when there are none")
    if left_out != [row for row in given if row["at"] > NOW]:
        raise lab.wrong(f"returned {show(left_out)}; it should return the rows later than now_ms, as they came.")


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
    known = _click(lab, r, 7, "/laptops")
    pages = [fields for _, fields in r.xrange("clicks:7")]
    if pages != [{"page": "/"}, {"page": "/laptops"}]:
        raise lab.wrong(
            f"left {show(pages)} in the stream; the click should be there, once, as {{'page': '/laptops'}}."
        )
    if known is not True:
        raise lab.wrong(f"returned {show(known)} for a customer with a stream; it should return True.")

    seen = []
    r = lab.redis(after=lambda name, args: seen.append(observer.exists("clicks:8")))
    observer = lab.another(r)
    stranger = _click(lab, r, 8, "/cart")
    if r.exists("clicks:8"):
        raise lab.wrong(
            "created the stream of a stranger. XADD creates what it does not find, unless it is told not to."
        )
    if any(seen):
        raise lab.wrong(
            "created the stream and deleted it again. In between others saw it, and a customer who "
            "registered just then would have lost theirs. Can XADD be told not to create?"
        )
    if stranger is not False:
        raise lab.wrong(f"returned {show(stranger)} for somebody without a stream; it should return False.")

    r = lab.redis(after=lambda name, args: leaver.delete("clicks:9") if name != "XADD" else None)
    leaver = lab.another(r)
    leaver.xadd("clicks:9", {"page": "/"}, id="1-1")
    _click(lab, r, 9, "/cart")
    if leaver.xlen("clicks:9") == 1:
        raise lab.wrong(
            "asked first and added then; the customer left in between, and XADD created the stream anew. "
            "One command must both decide and add."
        )


def _click(lab: Lab, r: redis.Redis, customer: int, page: str) -> object:
    try:
        return lab.call(r, customer, page)
    except Raised as raised:
        raise lab.wrong(
            f"raised {type(raised.error).__name__}: {raised.error}. Somebody without a stream is no error "
            "here: XADD can answer None, and the function False."
        ) from None


def repair(lab: Lab) -> None:
    now = int(time.time() * 1000)
    for good, late in ((2, 2), (1, 1), (3, 0), (0, 2)):
        commands: list[str] = []
        r = lab.redis(after=lambda name, args, seen=commands: seen.append(name))
        observer = lab.another(r)
        kept = [(f"{now - 10_000 + n}-0", {"order_id": str(n)}) for n in range(good)]
        future = [(f"99999999999999-{n}", {"order_id": str(100 + n)}) for n in range(late)]
        for entry_id, fields in kept + future:
            observer.xadd("orders", fields, id=entry_id)
        repaired = lab.call(r, "orders", now)
        if "XSETID" in commands:
            raise lab.wrong(
                "called XSETID, which Redis 7.0 allows; 8.2 refuses to set it below an id that was deleted. "
                "Find a repair that works on both."
            )
        _repaired(lab, observer, kept, future, repaired, now)


def _repaired(lab: Lab, r: redis.Redis, kept: list, future: list, answer: object, now: int) -> None:
    entries = r.xrange("orders")
    if entries[: len(kept)] != kept:
        raise lab.wrong(
            f"left {show(entries[: len(kept)])} at the start of the stream; entries that are not from the "
            "future keep their ids."
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
            "left a stream whose next id is still from the future. Deleting entries does not lower the "
            "highest id that a stream remembers; which stream remembers nothing yet?"
        )
    if any(int(entry_id.split("-")[0]) < now - 600_000 for entry_id, _ in again):
        raise lab.wrong("gave the entries from the future ids from the past; add them with *.")
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


def _reading(lab: Lab, r: redis.Redis, at: int, celsius: str) -> str:
    before = r.xlen("tills")
    try:
        entry_id = lab.call(r, "tills", at, {"celsius": celsius})
    except Raised as raised:
        hint = ""
        if TOO_SMALL in str(raised.error):
            hint = " Too late for its own milliseconds, or two in the same one? Both still have to be stored."
        raise lab.wrong(f"raised {type(raised.error).__name__}: {raised.error}.{hint}") from None
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
